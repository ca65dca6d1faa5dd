// SPDX-License-Identifier: Apache-2.0
//
// Compile, check and time single kernels.
//
// Reads a file of kernels. Prints the code of each for a processor, or runs it
// here on random buffers: against the plain meaning of its body, as a whole and
// item by item, or against the clock. With --compare, the kernels of all
// launches of a file as several backends compile them.

#include "backends/CPU/CompileKernel.h"
#include "backends/CPU/SourceLines.h"
#include "backends/CPU/Target.h"
#include "backends/Plugin.h"
#include "dialects/Kernel/KernelCost.h"
#include "dialects/RegisterAll.h"
#include "runtime/ABI/Emulator.h"
#include "tools/Driver/ScheduleFile.h"
#include "tools/KernelRun/LoadKernel.h"
#include "tools/lamina-kernel/CompareBackends.h"
#include "tools/lamina-kernel/DeviceCode.h"
#include "tools/lamina-kernel/Flags.h"
#include "tools/lamina-kernel/Peak.h"
#include "tools/lamina-kernel/PlainMeaning.h"

#include "llvm/ADT/StringExtras.h"
#include "llvm/IR/LLVMContext.h"
#include "llvm/Support/Format.h"
#include "llvm/Support/SourceMgr.h"
#include "llvm/Support/raw_ostream.h"
#include "mlir/Parser/Parser.h"

using namespace lamina;
using namespace lamina::flags;

//===----------------------------------------------------------------------===//
// Running and printing
//===----------------------------------------------------------------------===//

/// Whether the threads of each block give the same bits in other orders.
static bool isSteadyInOrders(tools::KernelRun &run) {
  std::vector<std::vector<char>> bits = run.outBytes();
  for (unsigned order = 1; order <= orders; ++order) {
    lamina_emulator_configure(schedule + order, /*check=*/true);
    run.reset();
    run.run(0, run.items());
    if (run.outBytes() == bits)
      continue;
    llvm::errs() << "threads in order " << schedule + order
                 << " give other bits\n";
    return false;
  }
  return true;
}

/// The result must be right, and the same bits if items run one by one in the
/// opposite order, and wherever buffers begin.
static bool check(kernel::FuncOp kernel, tools::KernelRun &run) {
  std::optional<tools::Tensors> expected = tools::evaluatePlainly(kernel, run);
  if (!expected)
    return false;
  bool good =
      tools::isRight(run, *expected, {tolerance, relative}, llvm::errs());
  good &= tools::isSteady(run, llvm::errs());
  if (moved)
    good &= tools::isSteadyElsewhere(run, llvm::errs());
  good &= isSteadyInOrders(run);
  llvm::outs() << kernel.getSymName() << ": " << (good ? "ok" : "WRONG") << ", "
               << run.items() << " items\n";
  return good;
}

static bool time(kernel::FuncOp kernel, tools::KernelRun &run,
                 const TargetModel &target) {
  double best = 1e9;
  for (int64_t round = 0; round < rounds; ++round) {
    double start = tools::threadSeconds();
    run.run(0, run.items());
    best = std::min(best, tools::threadSeconds() - start);
  }
  llvm::outs() << kernel.getSymName() << llvm::format(": %.1f us", best * 1e6);
  if (flops > 0)
    llvm::outs() << llvm::format(
        ", %.1f GFLOP/s, %.0f %% of this core's peak", flops / best * 1e-9,
        flops / best / tools::measurePeak(target) * 100);
  llvm::outs() << "\n";
  return true;
}

/// Faults on the emulator then name lines of the kernel's file.
static void describe(kernel::FuncOp kernel, const tools::KernelRun &run) {
  std::vector<std::string> lines = kernel::getOpLines(kernel);
  std::vector<const char *> texts;
  for (const std::string &line : lines)
    texts.push_back(line.c_str());
  lamina_emulator_describe(reinterpret_cast<const void *>(run.function()),
                           kernel.getSymName().str().c_str(), texts.data(),
                           int32_t(texts.size()));
}

static bool runCompiled(kernel::FuncOp kernel, const CompiledKernel &compiled,
                        const TargetModel &target) {
  std::unique_ptr<tools::KernelRun> run =
      tools::loadKernel(kernel, compiled, dims, {1, low, high, ids});
  if (!run)
    return false;
  if (!chip.empty())
    describe(kernel, *run);
  return emit == "time" ? time(kernel, *run, target) : check(kernel, *run);
}

static bool processDevice(kernel::FuncOp kernel, const TargetModel &target) {
  std::optional<llvm::SmallVector<char, 0>> object =
      tools::makeDeviceCode(kernel, target, {chip, emit, fault});
  if (!object || object->empty())
    return object.has_value();
  lamina_emulator_configure(schedule, /*check=*/emit == "check");
  return runCompiled(kernel, {kernel.getSymName().str(), std::move(*object)},
                     target);
}

/// Gives `kernel` the schedule that `backend` finds, and says how long it took.
static bool findSchedule(kernel::FuncOp kernel, const Backend &backend) {
  double start = tools::threadSeconds();
  llvm::SmallVector<int64_t> all(dims.begin(), dims.end());
  all.resize(kernel.getDims().size(), tools::KernelRun::unnamedSize);
  llvm::Expected<std::string> found =
      backend.findSchedule(kernel, autoschedule, all);
  llvm::outs() << (emit == "time" ? "" : "# ") << kernel.getSymName()
               << llvm::format(": searched for %.0f ms\n",
                               (tools::threadSeconds() - start) * 1e3);
  if (!found) {
    llvm::errs() << "lamina-kernel: " << kernel.getSymName()
                 << ": no schedule is found: "
                 << llvm::toString(found.takeError()) << "\n";
    return false;
  }
  kernel->setAttr("kernel.schedule",
                  mlir::StringAttr::get(kernel.getContext(), *found));
  return true;
}

/// Any backend but the CPU's own, whose parts `process` runs one by one. What
/// it compiles is as the driver has it: alone, and under a name for any
/// assembler.
static bool processBackend(kernel::FuncOp kernel, const Backend &backend) {
  Verdict verdict = backend.canCompile(kernel);
  if (!verdict) {
    llvm::outs() << kernel.getSymName() << ": declined, " << verdict.reason()
                 << "\n";
    return true;
  }
  if (!autoschedule.empty() && !findSchedule(kernel, backend))
    return false;
  if (backend.hasForm(emit))
    return mlir::succeeded(backend.print(kernel, emit, llvm::outs()));
  mlir::OwningOpRef<mlir::ModuleOp> alone =
      mlir::ModuleOp::create(kernel.getLoc());
  auto copy = llvm::cast<kernel::FuncOp>(kernel->clone());
  copy.setSymName("kernel");
  alone->push_back(copy);
  double start = tools::threadSeconds();
  mlir::FailureOr<CompiledKernel> compiled = backend.compile(copy);
  if (mlir::failed(compiled))
    return false;
  if (emit == "time")
    llvm::outs() << "compiled in "
                 << int((tools::threadSeconds() - start) * 1e3) << " ms; ";
  return runCompiled(kernel, *compiled, backend.target());
}

static bool process(kernel::FuncOp kernel, const TargetModel &target) {
  llvm::LLVMContext context;
  double start = tools::threadSeconds();
  std::unique_ptr<llvm::Module> module =
      cpu::emitModule(kernel, target, {!loops}, context);
  if (!module)
    return false;
  std::vector<std::string> lines = kernel::getOpLines(kernel);
  if (emit == "raw") {
    cpu::printWithLines(*module, lines, llvm::outs());
    return true;
  }
  cpu::optimizeKernel(*module, target);
  if (emit == "llvm") {
    cpu::printWithLines(*module, lines, llvm::outs());
    return true;
  }
  llvm::SmallVector<char, 0> object = cpu::writeObject(
      *module, target,
      emit == "asm" ? cpu::ObjectForm::Assembly : cpu::ObjectForm::Fast);
  double seconds = tools::threadSeconds() - start;
  if (emit == "asm") {
    llvm::outs() << cpu::commentLines({object.data(), object.size()}, lines,
                                      "#");
    return true;
  }
  if (emit == "time")
    llvm::outs() << "compiled in " << int(seconds * 1e3) << " ms; ";
  return runCompiled(kernel, {kernel.getSymName().str(), std::move(object)},
                     target);
}

/// The backends of Lamina and of plugins, and what programs carry beside these.
/// False, after a message, if a plugin cannot be loaded.
static bool fill(BackendRegistry &registry) {
  registerAllBackends(registry);
  registry.add("opencl", [](const TargetModel &host) {
    return loadOpenCLBackend(host, "--backend");
  });
  for (const std::string &path : backendPlugins)
    if (llvm::Error error = loadBackendPlugin(path, registry)) {
      say(llvm::toString(std::move(error)));
      return false;
    }
  return true;
}

/// The backend `name`; null after a message.
static std::unique_ptr<Backend> create(const BackendRegistry &registry,
                                       const std::string &name,
                                       const TargetModel &target) {
  if (!registry.has(name)) {
    say("there is no backend '" + name + "'; there are " +
        llvm::join(registry.names(), ", "));
    return nullptr;
  }
  llvm::Expected<std::unique_ptr<Backend>> made = registry.create(name, target);
  if (made)
    return std::move(*made);
  say(llvm::toString(made.takeError()));
  return nullptr;
}

/// Exit code 2 and a message for a flag that names nothing.
static int compareAll(mlir::ModuleOp module, const TargetModel &target) {
  tools::Comparison comparison;
  BackendRegistry registry;
  if (!fill(registry))
    return 2;
  for (const std::string &name : compare) {
    comparison.backends.push_back(create(registry, name, target));
    if (!comparison.backends.back())
      return 2;
  }
  for (llvm::StringRef given : sizes) {
    auto [name, number] = given.split('=');
    if (number.getAsInteger(10, comparison.sizes[name])) {
      llvm::errs() << "lamina-kernel: --sizes has '" << given
                   << "', which is not a name and a number\n";
      return 2;
    }
  }
  comparison.tolerance = {tolerance, relative};
  comparison.contents = {1, low, high, ids};
  comparison.checkEvery = checkEvery;
  comparison.kernel = kernelName;
  return tools::compareBackends(module, comparison) ? 0 : 1;
}

/// Leaves the kernel that `--kernel` names, and gives schedules to what is
/// left.
static bool chooseKernels(mlir::ModuleOp module,
                          const std::vector<driver::CodeTarget> &targets) {
  if (!kernelName.empty()) {
    for (mlir::Operation &op : llvm::make_early_inc_range(*module.getBody())) {
      auto kernel = llvm::dyn_cast<kernel::FuncOp>(op);
      if (!kernel || kernel.getSymName() != kernelName)
        op.erase();
    }
  }
  return scheduleFile.empty() || mlir::succeeded(driver::attachSchedules(
                                     module, scheduleFile, targets));
}

static bool processAll(mlir::ModuleOp module,
                       const driver::CodeTarget &target) {
  bool good = true, checks = emit == "check", runs = checks || emit == "time";
  for (kernel::FuncOp kernel : module.getOps<kernel::FuncOp>()) {
    if (runs && !checkMemory(kernel, dims, dims.ArgStr, checks)) {
      good = false;
      continue;
    }
    good &= !target.backends.empty()
                ? processBackend(kernel, *target.backends.front())
            : chip.empty() ? process(kernel, target.host)
                           : processDevice(kernel, target.host);
  }
  return good;
}

int main(int argc, char **argv) {
  hideOthers();
  llvm::cl::ParseCommandLineOptions(argc, argv,
                                    "compile, check and time kernels\n");
  if (!checkUses() || !checkNumbers() || !checkProcessor())
    return 2;
  llvm::Expected<TargetModel> target = cpu::makeTargetModel(processor, machine);
  if (!target) {
    say(llvm::toString(target.takeError()));
    return 2;
  }
  std::vector<driver::CodeTarget> targets(1);
  targets.front().host = *target;
  BackendRegistry backends;
  if (backendName != "cpu") {
    if (!fill(backends))
      return 2;
    auto made = create(backends, backendName, *target);
    if (!made)
      return 2;
    targets.front().backends.push_back(std::move(made));
  }
  auto &others = targets.front().backends;
  if (compare.empty() && !checkForm(others.empty() ? nullptr : &*others[0]))
    return 2;
  mlir::DialectRegistry registry;
  registerAllDialects(registry);
  mlir::MLIRContext context(registry);
  llvm::SourceMgr sources;
  mlir::SourceMgrDiagnosticHandler handler(sources, &context);
  mlir::OwningOpRef<mlir::ModuleOp> module =
      mlir::parseSourceFile<mlir::ModuleOp>(input, sources, &context);
  if (!module || !checkKernels(*module))
    return 1;
  if (!compare.empty())
    return compareAll(*module, *target);
  if (!chooseKernels(*module, targets))
    return 1;
  return processAll(*module, targets.front()) ? 0 : 1;
}
