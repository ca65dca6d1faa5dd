// SPDX-License-Identifier: Apache-2.0
//
// The tests of a file.
//
// Entries that check something in; a line for each, and whether all hold, out.
// Every test starts from first values, so their order does not matter.

#include "runtime/CommandLine/Commands.h"

#include <cstdio>

namespace lamina {
namespace runtime {

/// The message of the check that does not hold; empty if all do.
static std::string failureOf(const CommandContext &context, const Flags &flags,
                             const TestPlan &test) {
  try {
    Session session(context.program, context.engine);
    applyFlags(context, flags, session);
    session.initialise(
        std::vector<bool>(context.program.variables.size(), false));
    Bindings bindings;
    bindings.sizes = context.program.unboundSizes();
    Results unused;
    session.run(test.entry, bindings, unused);
    return "";
  } catch (const Error &error) {
    if (error.exitCode == ExitMisuse)
      throw;
    return error.message;
  }
}

int testCommand(const CommandContext &context) {
  Flags flags(context.command, runFlags(context), context.arguments, "NAME");
  if (flags.helpWanted()) {
    printHelp(context.command + " [NAME] [flags]", "", flags);
    return ExitOk;
  }
  int64_t run = 0, failed = 0;
  for (const TestPlan &test : context.program.tests) {
    if (test.label.find(flags.operand()) == std::string::npos)
      continue;
    ++run;
    std::string message = failureOf(context, flags, test);
    failed += !message.empty();
    std::printf("%s  %s\n", message.empty() ? "holds " : "FAILED",
                test.label.c_str());
    if (!message.empty())
      std::printf("        %s\n", message.c_str());
  }
  if (run == 0)
    throw Error(join("no test is named like ", quote(flags.operand())),
                ExitMisuse);
  std::printf("%s, %lld failed\n", counted(run, "test").c_str(),
              (long long)failed);
  return failed == 0 ? ExitOk : ExitBadInput;
}

} // namespace runtime
} // namespace lamina
