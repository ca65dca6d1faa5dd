// SPDX-License-Identifier: Apache-2.0
//
// Flags of a subcommand.
//
// Words of the command line in, values by name out.

#include "runtime/CommandLine/Flags.h"

#include <algorithm>
#include <cerrno>
#include <cstdlib>

namespace lamina {
namespace runtime {

bool parseReal(const std::string &text, double &value) {
  char *rest = nullptr;
  value = std::strtod(text.c_str(), &rest);
  return !text.empty() && *rest == '\0';
}

bool parseInt(const std::string &text, int64_t &value) {
  char *rest = nullptr;
  errno = 0;
  value = std::strtoll(text.c_str(), &rest, 10);
  return !text.empty() && *rest == '\0' && errno == 0;
}

static bool hasOptionalValue(const FlagSpec &spec) {
  return spec.value.compare(0, 2, "[=") == 0;
}

/// The one word without dashes.
void Flags::takeOperand(const std::string &argument,
                        const std::string &operand) {
  if (operand.empty() || !word.empty())
    throw Error(join(quote(command), " does not take ", quote(argument)),
                ExitMisuse)
        .note(join("flags begin with two dashes; see '", command, " --help'"));
  word = argument;
}

Flags::Flags(const std::string &command, std::vector<FlagSpec> given,
             const std::vector<std::string> &arguments,
             const std::string &operand)
    : command(command), specs(std::move(given)) {
  specs.push_back({"help", "", "show this", false});
  for (size_t i = 0; i < arguments.size(); ++i) {
    const std::string &argument = arguments[i];
    if (argument == "-h") {
      values["help"].push_back("");
      continue;
    }
    if (argument.compare(0, 2, "--") != 0 || argument.size() == 2) {
      takeOperand(argument, operand);
      continue;
    }
    size_t equals = argument.find('=');
    std::string name = argument.substr(2, equals - 2);
    const FlagSpec &spec = specOf(name);
    if (!spec.repeats && has(name))
      throw Error(join("'--", name, "' is given twice"), ExitMisuse);
    if (hasOptionalValue(spec)) {
      bool isGiven = equals != std::string::npos;
      if (isGiven && equals + 1 == argument.size())
        throw Error(join("'--", name, "=' names no file"), ExitMisuse);
      values[name].push_back(isGiven ? argument.substr(equals + 1) : "");
    } else if (spec.value.empty()) {
      if (equals != std::string::npos)
        throw Error(join("'--", name, "' takes no value"), ExitMisuse);
      values[name].push_back("");
    } else if (equals != std::string::npos) {
      values[name].push_back(argument.substr(equals + 1));
    } else if (i + 1 < arguments.size()) {
      values[name].push_back(arguments[++i]);
    } else {
      throw Error(
          join("'--", name, "' needs a value: --", name, " ", spec.value),
          ExitMisuse);
    }
  }
}

const FlagSpec &Flags::specOf(const std::string &name) const {
  std::vector<std::string> known;
  for (const FlagSpec &spec : specs) {
    if (spec.name == name)
      return spec;
    known.push_back("--" + spec.name);
  }
  Error error(join(quote(command), " has no flag '--", name, "'"), ExitMisuse);
  std::string near = nearestName("--" + name, known);
  throw error.note(near.empty() ? join("see '", command, " --help'") : near);
}

std::string Flags::text(const std::string &name,
                        const std::string &fallback) const {
  auto it = values.find(name);
  return it == values.end() ? fallback : it->second.back();
}

const std::vector<std::string> &Flags::all(const std::string &name) const {
  static const std::vector<std::string> empty;
  auto it = values.find(name);
  return it == values.end() ? empty : it->second;
}

int64_t Flags::number(const std::string &name, int64_t fallback,
                      int64_t low) const {
  if (!has(name))
    return fallback;
  int64_t value = 0;
  if (!parseInt(text(name), value) || value < low)
    throw Error(join("'--", name, "' takes a whole number of at least ", low,
                     ", not ", quote(text(name))),
                ExitMisuse);
  return value;
}

std::string Flags::help() const {
  size_t width = 0;
  auto left = [](const FlagSpec &spec) {
    bool isApart = !spec.value.empty() && !hasOptionalValue(spec);
    return "  --" + spec.name + (isApart ? " " : "") + spec.value;
  };
  for (const FlagSpec &spec : specs)
    if (!spec.hidden)
      width = std::max(width, left(spec).size());
  std::string out;
  for (const FlagSpec &spec : specs) {
    if (spec.hidden)
      continue;
    std::string line = left(spec);
    line.append(width + 2 - line.size(), ' ');
    out += line + spec.help + "\n";
  }
  return out;
}

} // namespace runtime
} // namespace lamina
