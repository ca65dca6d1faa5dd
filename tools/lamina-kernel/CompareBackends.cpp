// SPDX-License-Identifier: Apache-2.0
//
// Backends against the plain meaning.

#include "tools/lamina-kernel/CompareBackends.h"

#include "backends/Reference/Interpreter.h"
#include "runtime/ABI/Emulator.h"
#include "tools/KernelRun/LoadKernel.h"
#include "tools/lamina-kernel/Flags.h"

#include "mlir/IR/SymbolTable.h"

using namespace mlir;

namespace lamina::tools {

namespace {
class Comparer {
public:
  explicit Comparer(const Comparison &comparison) : given(comparison) {}

  bool compare(kernel::LaunchOp launch);
  void printCounts() const;

private:
  bool compare(kernel::FuncOp kernel, const Backend &backend,
               ArrayRef<int64_t> dims, const Tensors &expected);

  const Comparison &given;
  int64_t kernels = 0;
  /// Kernels that each backend ran, by its name.
  std::map<std::string, int64_t> ran;
};
} // namespace

/// A copy of `kernel` that stands alone, as backends expect it.
static OwningOpRef<ModuleOp> isolate(kernel::FuncOp kernel) {
  OwningOpRef<ModuleOp> module = ModuleOp::create(kernel.getLoc());
  module->push_back(kernel->clone());
  return module;
}

bool Comparer::compare(kernel::FuncOp kernel, const Backend &backend,
                       ArrayRef<int64_t> dims, const Tensors &expected) {
  if (!backend.canCompile(kernel))
    return true;
  ++ran[backend.name().str()];
  OwningOpRef<ModuleOp> module = isolate(kernel);
  FailureOr<CompiledKernel> compiled =
      backend.compile(*module->getOps<kernel::FuncOp>().begin());
  bool good = false;
  std::string messages;
  llvm::raw_string_ostream stream(messages);
  std::unique_ptr<KernelRun> run;
  if (succeeded(compiled))
    run = loadKernel(kernel, *compiled, dims.vec(), given.contents);
  if (run) {
    bool check = kernels % given.checkEvery == 0;
    lamina_emulator_configure(/*seed=*/0, check);
    good = isRight(*run, expected, given.tolerance, stream);
    lamina_emulator_configure(uint64_t(kernels), check);
    good &= isSteady(*run, stream);
  }
  llvm::outs() << kernel.getSymName() << " on " << backend.name() << ": "
               << (good ? "ok\n" : "WRONG\n") << messages;
  llvm::outs().flush();
  return good;
}

bool Comparer::compare(kernel::LaunchOp launch) {
  reference::Interpreter interpreter(reference::Rounding::Float64);
  interpreter.sizes = given.sizes;
  SmallVector<int64_t> dims;
  for (unsigned i = 0; i < launch.getDims().size(); ++i) {
    FailureOr<int64_t> size =
        interpreter.valueOf(launch.getLoc(), launch.getDims().getSize(i));
    if (failed(size)) {
      launch.emitRemark("--sizes gives each name a number: --sizes=b=3,t=5");
      return false;
    }
    dims.push_back(*size);
  }
  auto kernel = SymbolTable::lookupNearestSymbolFrom<kernel::FuncOp>(
      launch, launch.getKernelAttr());
  if (!flags::checkMemory(kernel, {dims.begin(), dims.end()},
                          flags::sizes.ArgStr, /*compares=*/true))
    return false;
  ++kernels;
  std::optional<Tensors> expected = evaluatePlainly(
      kernel, KernelRun(kernel, {dims.begin(), dims.end()}, given.contents));
  if (!expected)
    return false;
  bool good = true;
  for (const std::unique_ptr<Backend> &backend : given.backends)
    good &= compare(kernel, *backend, dims, *expected);
  return good;
}

void Comparer::printCounts() const {
  llvm::outs() << kernels << " kernels";
  for (const auto &[backend, count] : ran)
    llvm::outs() << ", " << count << " on " << backend;
  llvm::outs() << "\n";
}

bool compareBackends(ModuleOp module, const Comparison &comparison) {
  Comparer comparer(comparison);
  bool good = true;
  module.walk([&](kernel::LaunchOp launch) {
    if (comparison.kernel.empty() || launch.getKernel() == comparison.kernel)
      good &= comparer.compare(launch);
  });
  comparer.printCounts();
  return good;
}

} // namespace lamina::tools
