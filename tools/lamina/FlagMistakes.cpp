// SPDX-License-Identifier: Apache-2.0
//
// What is wrong with a command line that was not understood.
//
// CLI11's error, and what it left over of the line -> a sentence that names the
// nearest word that would have been understood.

#include "tools/lamina/FlagMistakes.h"

#include "runtime/include/Error.h"

#include <algorithm>

namespace lamina::driver {

/// "; did you mean 'build'?" if one of `names` is near enough to a word, or to
/// a flag with its value.
static std::string nearest(const std::string &written,
                           const std::vector<std::string> &names) {
  std::string advice =
      runtime::nearestName(written.substr(0, written.find('=')), names);
  return advice.empty() ? "" : "; " + advice;
}

static bool isFlag(const std::string &word) { return word[0] == '-'; }

static std::vector<std::string> flagsOf(const CLI::App &command) {
  std::vector<std::string> names;
  for (const CLI::Option *option : command.get_options())
    for (const std::string &name : option->get_lnames())
      names.push_back("--" + name);
  return names;
}

static std::string describeNoCommand(const CLI::App &app) {
  std::vector<std::string> rest = app.remaining(), names;
  if (rest.empty())
    return "a command is missing: 'lamina build model.lam' makes a program, "
           "and 'lamina --help' lists the others";
  if (isFlag(rest.front()))
    return "'lamina' has no flag '" + rest.front() +
           "' in front of its command" + nearest(rest.front(), flagsOf(app));
  for (const CLI::App *command :
       app.get_subcommands([](const CLI::App *) { return true; }))
    names.push_back(command->get_name());
  std::string near = nearest(rest.front(), names);
  return "there is no command '" + rest.front() + "'" +
         (near.empty() ? "; 'lamina --help' lists those that there are" : near);
}

static std::string describeLeftOver(const CLI::App &command,
                                    const std::vector<std::string> &rest) {
  std::string name = "'lamina " + command.get_name() + "'";
  bool startsProgram =
      command.get_name() == "run" || command.get_name() == "test";
  std::string behind = "; what the program is to get stands behind '--'";
  auto flag = std::find_if(rest.begin(), rest.end(), isFlag);
  if (flag == rest.end())
    return name + " takes one file, and '" + rest.front() + "' is a second" +
           (startsProgram ? behind : "");
  std::string near = nearest(*flag, flagsOf(command));
  return name + " has no flag '" + *flag + "'" +
         (near.empty() && startsProgram ? behind : near);
}

/// `said` begins with the flag and a colon.
static std::string describeNoValue(const CLI::App &command,
                                   const std::string &said) {
  return "'" + said.substr(0, said.find(':')) + "' needs a value; 'lamina " +
         command.get_name() + " --help' says which";
}

/// Of which of CLI11's kinds an error is; its name may be that of a command.
static bool isOf(CLI::ExitCodes kind, const CLI::ParseError &error) {
  return error.get_exit_code() == int(kind);
}

std::string describeMistake(const CLI::App &app, const CLI::ParseError &error) {
  std::vector<CLI::App *> commands = app.get_subcommands();
  if (commands.empty())
    return describeNoCommand(app);
  const CLI::App &command = *commands.front();
  std::vector<std::string> rest = app.remaining(true);
  if (isOf(CLI::ExitCodes::ExtrasError, error) && !rest.empty())
    return describeLeftOver(command, rest);
  if (isOf(CLI::ExitCodes::RequiredError, error))
    return "'lamina " + command.get_name() + "' needs a file: 'lamina " +
           command.get_name() + " model.lam'";
  if (isOf(CLI::ExitCodes::ArgumentMismatch, error))
    return describeNoValue(command, error.what());
  return error.what();
}

} // namespace lamina::driver
