// SPDX-License-Identifier: Apache-2.0
//
// What a program has.
//
// The program's header in; weights, data, numbers and sizes as text out.

#include "runtime/CommandLine/Commands.h"

#include <cstdio>

namespace lamina {
namespace runtime {

static void printWeights(const Program &program) {
  int64_t params = 0, states = 0;
  SizeValues nothing = program.unboundSizes();
  std::printf("weights:\n");
  for (const Variable &variable : program.variables) {
    if (!variable.isWeight())
      continue;
    std::vector<int64_t> shape = variable.type.shapeAt(nothing);
    (variable.role == "param" ? params : states) += elementCount(shape);
    std::printf(
        "  %-40s %s %s%s\n",
        (variable.stack.empty() ? variable.file : variable.stack).c_str(),
        nameOf(variable.type.element), shapeText(shape).c_str(),
        variable.role == "state" ? "  (state)" : "");
  }
  std::printf("  %lld numbers are trained, %lld are states\n",
              (long long)params, (long long)states);
}

static void printData(const Program &program) {
  if (program.sources.empty())
    return;
  std::printf("data:\n");
  for (const SourcePlan &source : program.sources)
    std::printf("  %-20s %s%s%s\n", source.name.c_str(), source.kind.c_str(),
                source.file.empty() ? "" : " of ", source.file.c_str());
}

static void printNumbers(const Program &program) {
  bool first = true;
  for (const Scalar &scalar : program.scalars) {
    if (!scalar.canSet())
      continue;
    if (first)
      std::printf("numbers that --set changes:\n");
    first = false;
    std::printf("  %-20s %s%s%s\n", scalar.name.c_str(),
                join(scalar.value).c_str(), scalar.line.empty() ? "" : "  ",
                scalar.line.c_str());
  }
}

int infoCommand(const CommandContext &context) {
  Flags flags(context.command, {}, context.arguments);
  if (flags.helpWanted()) {
    printHelp(context.command, "", flags);
    return ExitOk;
  }
  const Program &program = context.program;
  std::printf("%s, built by lamina %s", program.name.c_str(),
              program.version.c_str());
  if (!program.sourceFile.empty())
    std::printf(" from %s", program.sourceFile.c_str());
  std::printf("\n");
  if (std::string processor = context.engine.processor(); !processor.empty())
    std::printf("runs the code for %s\n", processor.c_str());
  printWeights(program);
  printData(program);
  printNumbers(program);
  return ExitOk;
}

} // namespace runtime
} // namespace lamina
