// SPDX-License-Identifier: Apache-2.0
//
// A sample as a subcommand.
//
// Flags in, one call of the sample's entry, its results printed or written out.

#include "runtime/CommandLine/Commands.h"
#include "runtime/Data/Npy.h"
#include "runtime/Sample/Output.h"
#include "runtime/Sample/Parameters.h"

#include <cstdio>
#include <list>

namespace lamina {
namespace runtime {

static std::vector<FlagSpec> sampleFlags(const CommandContext &context,
                                         const SamplePlan &plan) {
  std::vector<FlagSpec> specs;
  for (const ParameterPlan &parameter : plan.parameters) {
    std::string value = parameter.isText             ? "TEXT"
                        : parameter.kind == "tensor" ? "NUMBERS|FILE.npy"
                                                     : "NUMBER";
    std::string help = parameter.fallback.isNull()
                           ? "(has to be given)"
                           : join("(", parameter.fallback.dump(), ")");
    specs.push_back({parameter.name, value, help, true});
  }
  specs.push_back(
      {"weights", "FILE", "weights: a file or the folder of a run", false});
  specs.push_back({"out", "[NAME=]FILE",
                   "write a result (.npy, or text) instead of printing it",
                   true});
  std::vector<FlagSpec> more = runFlags(context);
  specs.insert(specs.end(), more.begin(), more.end());
  return specs;
}

static std::vector<std::string> textsOf(const ParameterPlan &parameter,
                                        const Flags &flags,
                                        const std::string &command) {
  if (flags.has(parameter.name))
    return flags.all(parameter.name);
  if (parameter.fallback.isNull())
    throw Error(join(quote(command), " needs '--", parameter.name, "'"),
                ExitMisuse);
  return {parameter.fallbackText()};
}

/// The argument of the entry that takes `parameter`; null if only sizes do.
static const Argument *argumentOf(const Entry &entry,
                                  const std::string &parameter) {
  for (const Argument &argument : entry.arguments)
    if (argument.kind == ArgumentKind::Input && argument.key == parameter)
      return &argument;
  return nullptr;
}

static void bindSize(const ParameterPlan &parameter, const std::string &text,
                     SizeValues &sizes) {
  int64_t value = 0;
  if (!parseInt(text, value) || value < 0)
    throw Error(join("'--", parameter.name,
                     "' takes a whole number from 0, not ", quote(text)),
                ExitMisuse);
  sizes[parameter.size] = value;
}

/// What a flag gives binds sizes: those that the program cannot take are said
/// with the flag's name.
static void bindSizes(const std::string &flag, const Type &type,
                      const InputTensor &input, const SizeList &names,
                      SizeValues &sizes) {
  SizeValues before = sizes;
  bindShape(flag, type, input.shape, names, sizes);
  for (size_t i = 0; i < sizes.size(); ++i) {
    if (before[i] >= 0 || sizes[i] < 0 ||
        (sizes[i] >= names[i].low && sizes[i] <= names[i].high))
      continue;
    std::string range = names[i].high == INT32_MAX
                            ? join("at least ", names[i].low)
                            : join(names[i].low, " to ", names[i].high);
    throw Error(join(quote(flag), sizes[i] == 0 ? " is empty: " : ": ",
                     quote(names[i].written), " is ", sizes[i],
                     ", but this program takes ", range),
                ExitMisuse);
  }
}

static void emit(const OutputTensor &tensor, const OutputPlan &plan, bool named,
                 const std::string &file) {
  bool npy = file.size() > 4 && file.compare(file.size() - 4, 4, ".npy") == 0;
  if (npy)
    return writeNpy(file, tensor.element, tensor.shape, tensor.bytes.data());
  std::string text = plan.isText ? textOf(tensor, plan) : numbersOf(tensor);
  if (!file.empty())
    return writeFile(file, text);
  if (named)
    std::printf("%s:\n", plan.name.c_str());
  std::fwrite(text.data(), 1, text.size(), stdout);
}

/// The file that `--out` names for a result; empty if it is printed.
static std::string outFile(const Flags &flags, const SamplePlan &plan,
                           const std::string &result) {
  for (const std::string &flag : flags.all("out")) {
    if (flag.compare(0, result.size() + 1, result + "=") == 0)
      return flag.substr(result.size() + 1);
    if (plan.results.size() <= 1)
      return flag;
  }
  return "";
}

static void checkOutFlags(const Flags &flags, const SamplePlan &plan) {
  if (plan.results.size() <= 1)
    return;
  for (const std::string &flag : flags.all("out")) {
    bool known = false;
    for (const OutputPlan &result : plan.results)
      known = known ||
              flag.compare(0, result.name.size() + 1, result.name + "=") == 0;
    if (!known)
      throw Error(
          join("'--out ", flag, "' does not say which result it is for"),
          ExitMisuse)
          .note(join("write --out ", plan.results[0].name, "=FILE"));
  }
}

static OutputPlan outputPlanOf(const SamplePlan &plan,
                               const std::string &name) {
  OutputPlan output{name, false, {}};
  for (const OutputPlan &each : plan.results)
    if (each.name == name)
      output = each;
  return output;
}

int sampleCommand(const CommandContext &context, const SamplePlan &plan) {
  Flags flags(context.command, sampleFlags(context, plan), context.arguments);
  if (flags.helpWanted()) {
    printHelp(context.command + " [flags]", plan.doc, flags);
    return ExitOk;
  }
  checkOutFlags(flags, plan);
  const Entry &entry = context.program.entries[plan.entry];
  Bindings bindings;
  bindings.sizes = context.program.unboundSizes();
  std::list<InputTensor> inputs;
  for (const ParameterPlan &parameter : plan.parameters) {
    std::vector<std::string> texts = textsOf(parameter, flags, context.command);
    if (parameter.size != none)
      bindSize(parameter, texts.back(), bindings.sizes);
    const Argument *argument = argumentOf(entry, parameter.name);
    if (!argument)
      continue;
    inputs.push_back(parseParameter(parameter, argument->type, texts));
    bindSizes("--" + parameter.name, argument->type, inputs.back(),
              context.program.sizes, bindings.sizes);
    bindings.values[parameter.name] = inputs.back().bytes.data();
  }
  Session session(context.program, context.engine);
  applyFlags(context, flags, session);
  loadWeights(session, flags, context.command);
  session.checkRun(plan.entry, bindings.sizes);
  Results results;
  session.run(plan.entry, bindings, results);
  for (size_t i = 0; i < entry.results.size(); ++i) {
    const Result &result = entry.results[i];
    if (result.kind != ResultKind::Output)
      continue;
    OutputPlan output = outputPlanOf(plan, result.key);
    emit(outputOf(entry, i, results, context.program.sizes, bindings.sizes),
         output, plan.results.size() > 1, outFile(flags, plan, output.name));
  }
  return ExitOk;
}

} // namespace runtime
} // namespace lamina
