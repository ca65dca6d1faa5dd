// SPDX-License-Identifier: Apache-2.0
//
// What a file turns into.
//
// Tape -> tables for people: names of layers, sizes and source lines, never
// names of values.

#include "dialects/Kernel/KernelCost.h"
#include "tools/Driver/Compilation.h"
#include "tools/Driver/TapeView.h"

#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/FormatVariadic.h"

#include <map>

using namespace mlir;

namespace lamina::driver {

static std::string shapeText(const std::vector<int64_t> &shape) {
  std::string text = "[";
  for (int64_t size : shape)
    text += (text.size() > 1 ? ", " : "") + std::to_string(size);
  return text + "]";
}

static std::string amount(double value, const char *unit) {
  const char *prefixes[] = {"", "k", "M", "G", "T"};
  int step = 0;
  for (; value >= 1000 && step < 4; ++step)
    value /= 1000;
  return llvm::formatv("{0:f1} {1}{2}", value, prefixes[step], unit);
}

static void explainWeights(const TapeView &tape, llvm::raw_ostream &out) {
  out << "weights\n";
  int64_t params = 0, bytes = 0;
  for (const TapeVariable &it : tape.variables()) {
    bytes += it.bytes();
    if (it.role == "param")
      params += it.elements();
    if (it.role == "param" || it.role == "state")
      out << llvm::formatv("  {0,-44} {1,-20} {2,10} {3}\n", it.name,
                           shapeText(it.shape), it.elements(),
                           it.role == "param" ? "" : it.role);
  }
  out << llvm::formatv("  {0} parameters; {1} with optimizer and state\n",
                       params, amount(bytes, "B"));
}

static void explainKernels(const TapeView &tape, llvm::raw_ostream &out) {
  out << "kernels, at " << tape.usualSizes() << "\n";
  auto entries = tape.entries();
  for (size_t i = 0; i < entries.size(); ++i) {
    auto kernels = tape.kernelsOf(i);
    if (kernels.empty())
      continue;
    int64_t launches = 0;
    double flops = 0, bytes = 0;
    for (const KernelUse &it : kernels) {
      launches += it.launches;
      flops += it.flops;
      bytes += it.bytes;
    }
    out << llvm::formatv("  {0}: {1} kernels, {2} launches, {3}, {4}\n",
                         entries[i], kernels.size(), launches,
                         amount(flops, "flop"), amount(bytes, "B"));
    for (const KernelUse &it : kernels)
      out << llvm::formatv("    {0,-9} {1,4} times {2,12} {3,10}  {4} {5}\n",
                           it.kind, it.launches, amount(it.flops, "flop"),
                           amount(it.bytes, "B"), it.name,
                           llvm::join(it.lines, " "));
  }
}

static void explainMemory(const TapeView &tape, llvm::raw_ostream &out) {
  int64_t held = 0;
  for (const TapeVariable &it : tape.variables())
    held += it.bytes();
  std::vector<std::pair<std::string, int64_t>> rows = {
      {"weights, state and optimizer", held}};
  auto entries = tape.entries();
  for (size_t i = 0; i < entries.size(); ++i)
    if (!tape.kernelsOf(i).empty())
      rows.emplace_back(entries[i], tape.arenaOf(i));
  size_t width = 44;
  for (auto &[title, bytes] : rows)
    width = std::max(width, title.size());
  out << "memory, at " << tape.usualSizes() << "\n";
  for (auto &[title, bytes] : rows)
    out << "  " << llvm::left_justify(title, unsigned(width)) << ' '
        << llvm::right_justify(amount(double(bytes), "B"), 12) << "\n";
}

/// Of every kernel where it goes; under it why not to those preferred.
static LogicalResult explainTarget(Compilation &compilation,
                                   llvm::ArrayRef<CodeTarget> targets,
                                   llvm::StringRef device,
                                   llvm::StringRef otherwise,
                                   llvm::raw_ostream &out) {
  std::vector<llvm::StringRef> levels;
  for (const CodeTarget &target : targets)
    levels.push_back(target.host.level);
  out << "backends, for " << llvm::join(levels, ", ") << "\n";
  ModuleOp module = compilation.module();
  auto placements =
      placeKernels(module, targets.front(), kernelsOn(device, module));
  llvm::erase_if(placements,
                 [](const Placement &it) { return !it.isWanted(); });
  std::map<llvm::StringRef, int> counts;
  for (Placement &it : placements) {
    llvm::StringRef backend = it.backend ? it.backend->name() : otherwise;
    ++counts[backend];
    out << llvm::formatv("  {0,-12} {1,-36} {2}\n", backend,
                         it.kernel.getSymName(),
                         llvm::join(kernel::getLines(it.kernel.getLoc()), " "));
    for (const std::string &reason : it.reasons)
      out << "               " << reason << "\n";
  }
  for (auto [backend, count] : counts)
    out << "  " << count << " of " << placements.size() << " kernels go to "
        << backend << "\n";
  return success(counts.count("none") == 0);
}

/// The processors', and then the devices' that the program is for, too.
static LogicalResult explainBackends(Compilation &compilation,
                                     llvm::raw_ostream &out) {
  bool good = succeeded(
      explainTarget(compilation, compilation.targets(), "cpu", "none", out));
  for (const CodeTarget &device : compilation.deviceTargets())
    (void)explainTarget(compilation, device, device.backends.front()->name(),
                        "cpu", out);
  return success(good);
}

int explain(const Options &options, const ExplainOptions &what) {
  Compilation compilation(options);
  if (failed(compilation.prepare()))
    return 2;
  std::string text;
  llvm::raw_string_ostream stream(text);
  if (failed(compilation.lowerTo(Stage::Planned)) ||
      failed(compilation.printStage(Stage::Tape, stream)))
    return 1;
  TapeView tape(text);
  if (what.weights)
    explainWeights(tape, llvm::outs());
  if (what.kernels)
    explainKernels(tape, llvm::outs());
  if (what.memory)
    explainMemory(tape, llvm::outs());
  if (what.backends && failed(explainBackends(compilation, llvm::outs())))
    return 1;
  if (options.timing)
    compilation.printTiming();
  return 0;
}

} // namespace lamina::driver
