// SPDX-License-Identifier: Apache-2.0
//
// Subcommands of a built program.
//
// Each takes the words after its name and returns the exit code; mistakes are
// thrown.

#ifndef LAMINA_RUNTIME_COMMANDLINE_COMMANDS_H
#define LAMINA_RUNTIME_COMMANDLINE_COMMANDS_H

#include "runtime/CommandLine/Flags.h"
#include "runtime/Program/Program.h"
#include "runtime/Session/Session.h"

namespace lamina {
namespace runtime {

/// What every subcommand is called with.
struct CommandContext {
  const Program &program;
  Engine &engine;
  std::string command;                ///< "./char_gpt train", for messages
  std::vector<std::string> arguments; ///< after the subcommand
  Profile &profile;
};

int trainCommand(const CommandContext &context, const TrainPlan &plan);
int evalCommand(const CommandContext &context);
int infoCommand(const CommandContext &context);
int benchCommand(const CommandContext &context);
/// Runs the tests of the file; only a program built for them has any.
int testCommand(const CommandContext &context);
int sampleCommand(const CommandContext &context, const SamplePlan &plan);

/// Flags that several subcommands take.
std::vector<FlagSpec> dataFlags(const Program &program);
std::vector<FlagSpec> runFlags(const CommandContext &context);

/// Sets data files, numbers, threads and seed as the flags say, and begins the
/// profile that they ask for.
void applyFlags(const CommandContext &context, const Flags &flags,
                Session &session);

/// Weights from the file that `--weights` names, the rest as training starts.
void loadWeights(Session &session, const Flags &flags,
                 const std::string &command);

/// Prints `usage`, `doc` and the flags on the standard output.
void printHelp(const std::string &usage, const std::string &doc,
               const Flags &flags);

/// The training that `name` names, or the only one. Throws.
const TrainPlan &trainNamed(const Program &program, const std::string &name,
                            const std::string &command);

} // namespace runtime
} // namespace lamina

#endif // LAMINA_RUNTIME_COMMANDLINE_COMMANDS_H
