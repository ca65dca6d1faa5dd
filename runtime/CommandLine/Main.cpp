// SPDX-License-Identifier: Apache-2.0
//
// The command line of a built program.
//
// Words of the command line in, the exit code out. The subcommands are those
// that the program declares, and `eval`, `info` and `bench`.

#include "runtime/CommandLine/Commands.h"
#include "runtime/Executor/TapeEngine.h"

#include <algorithm>
#include <csignal>
#include <cstdio>
#include <new>
#include <stdexcept>

namespace lamina {
namespace runtime {

static std::string overview(const Program &program, const std::string &self) {
  std::vector<std::pair<std::string, std::string>> rows;
  auto firstLine = [](const std::string &text) {
    return text.substr(0, text.find('\n'));
  };
  for (const TrainPlan &train : program.trains)
    rows.emplace_back(train.name, train.doc.empty() ? "train " + train.model
                                                    : firstLine(train.doc));
  for (const SamplePlan &sample : program.samples)
    rows.emplace_back(sample.name,
                      sample.doc.empty() ? "sample" : firstLine(sample.doc));
  if (!program.reports.empty())
    rows.emplace_back("eval",
                      "evaluate the reports of a training on their data");
  rows.emplace_back("info", "list weights, data and numbers that can be set");
  if (!program.trains.empty())
    rows.emplace_back("bench", "measure the time of a step by kernel");
  if (!program.tests.empty())
    rows.emplace_back("test", "run the tests of the file");
  size_t width = 0;
  for (const auto &row : rows)
    width = std::max(width, row.first.size());
  std::string out = join("usage: ", self, " <command> [flags]\n\n");
  for (auto &row : rows) {
    row.first.resize(width + 2, ' ');
    out += "  " + row.first + row.second + "\n";
  }
  return out +
         join("\n", self, " <command> --help lists the flags of a command\n");
}

/// `help`, `--version`; false for anything else.
static bool printAbout(const Program &program, const std::string &self,
                       const std::string &name) {
  if (name == "--help" || name == "-h" || name == "help") {
    std::fputs(overview(program, self).c_str(), stdout);
    return true;
  }
  if (name == "--version") {
    std::printf("%s, built by lamina %s\n", program.name.c_str(),
                program.version.c_str());
    return true;
  }
  return false;
}

static Error unknownCommand(const Program &program, const std::string &self,
                            const std::string &name,
                            const std::vector<std::string> &known) {
  Error error(join(quote(self), " has no command ", quote(name)), ExitMisuse);
  if (name == "test")
    return error.note(
        join("it was built without tests; 'lamina test ",
             program.sourceFile.empty() ? "FILE" : program.sourceFile,
             "' runs those of its file"));
  std::string near = nearestName(name, known);
  return error.note(near.empty() ? join("see '", self, " --help'") : near);
}

static int dispatch(const Program &program, Engine &engine,
                    const std::string &self, std::vector<std::string> arguments,
                    Profile &profile) {
  if (arguments.empty()) {
    std::fputs(overview(program, self).c_str(), stderr);
    return ExitMisuse;
  }
  std::string name = arguments[0];
  arguments.erase(arguments.begin());
  if (printAbout(program, self, name))
    return ExitOk;
  CommandContext context{program, engine, self + " " + name,
                         std::move(arguments), profile};
  std::vector<std::string> known;
  for (const TrainPlan &train : program.trains) {
    if (train.name == name)
      return trainCommand(context, train);
    known.push_back(train.name);
  }
  for (const SamplePlan &sample : program.samples) {
    if (sample.name == name)
      return sampleCommand(context, sample);
    known.push_back(sample.name);
  }
  if (name == "eval")
    return evalCommand(context);
  if (name == "info")
    return infoCommand(context);
  if (name == "bench")
    return benchCommand(context);
  if (name == "test" && !program.tests.empty())
    return testCommand(context);
  known.insert(known.end(), {"eval", "info", "bench"});
  throw unknownCommand(program, self, name, known);
}

/// Runs the command. What was profiled is shown even if the command fails.
static int runCommand(const Program &program, Engine &engine,
                      const std::string &self,
                      std::vector<std::string> arguments) {
  Profile profile(program);
  int code;
  try {
    code = dispatch(program, engine, self, std::move(arguments), profile);
  } catch (const Error &) {
    try {
      profile.finish();
    } catch (const Error &) {
      // The trace cannot be written; why the command failed says more.
    }
    throw;
  }
  profile.finish();
  return code;
}

/// Everything that can go wrong ends here, as a message and an exit code.
template <typename Function>
static int guarded(Function function) {
  // A file beyond the user's limit is then an error of writing, with a message.
  std::signal(SIGXFSZ, SIG_IGN);
  try {
    int code = function();
    if (std::fflush(stdout) != 0)
      throw Error("cannot write the standard output");
    return code;
  } catch (const Error &error) {
    std::fflush(stdout);
    std::fputs(error.render().c_str(), stderr);
    return error.exitCode;
  } catch (const std::bad_alloc &) {
    std::fputs("error: there is not enough memory\n", stderr);
    return ExitBadInput;
  } catch (const std::length_error &) {
    std::fputs("error: a size is too large\n", stderr);
    return ExitBadInput;
  } catch (const std::exception &error) { // no thread to be had, and the like
    std::fprintf(stderr, "error: %s\n", error.what());
    return ExitBadInput;
  }
}

static std::string programName(int argc, char **argv, const Program &program) {
  return argc > 0 && argv[0][0] ? argv[0] : program.name;
}

static std::vector<std::string> wordsOf(int argc, char **argv) {
  return argc > 1 ? std::vector<std::string>(argv + 1, argv + argc)
                  : std::vector<std::string>();
}

int runProgram(int argc, char **argv, const char *tape, size_t tapeSize,
               std::unique_ptr<Engine> engine) {
  return guarded([&] {
    Program program = Program::read(Json::parse(tape, tapeSize, "tape"));
    return runCommand(program, *engine, programName(argc, argv, program),
                      wordsOf(argc, argv));
  });
}

} // namespace runtime
} // namespace lamina

extern "C" int lamina_main(int argc, char **argv, const LaminaImage *image) {
  using namespace lamina::runtime;
  return guarded([&] {
    Json json = Json::parse(image->tape, image->tape_size, "tape");
    Program program = Program::read(json);
    TapeEngine engine(json, program, *image);
    return runCommand(program, engine, programName(argc, argv, program),
                      wordsOf(argc, argv));
  });
}
