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
#include "backends/Registry.h"
#include "dialects/Kernel/KernelCost.h"
#include "dialects/RegisterAll.h"
#include "runtime/ABI/Emulator.h"
#include "tools/lamina-kernel/CompareBackends.h"
#include "tools/lamina-kernel/DeviceCode.h"
#include "tools/lamina-kernel/KernelRun.h"
#include "tools/lamina-kernel/Peak.h"
#include "tools/lamina-kernel/PlainMeaning.h"

#include "llvm/IR/LLVMContext.h"
#include "llvm/Support/CommandLine.h"
#include "llvm/Support/Format.h"
#include "llvm/Support/SourceMgr.h"
#include "llvm/Support/raw_ostream.h"
#include "mlir/Parser/Parser.h"

using namespace lamina;
namespace cl = llvm::cl;

static cl::opt<std::string> input(cl::Positional, cl::desc("<kernels.mlir>"),
                                  cl::init("-"));
static cl::opt<std::string> processor("mcpu", cl::init("native"),
                                      cl::desc("processor to compile for"));
static cl::opt<std::string>
    machine("target", cl::desc("machine to compile for, with --mcpu"));
static cl::opt<std::string>
    emit("emit", cl::init("check"),
         cl::desc("check, time, raw (LLVM before its passes), llvm or asm; "
                  "for a GPU raw, nvvm or ptx"));
static cl::opt<std::string>
    chip("gpu", cl::desc("compile for this GPU (sm_80); runs are emulated"));
static cl::opt<std::string>
    backendName("backend", cl::init("cpu"),
                cl::desc("the backend that compiles, as lamina has it"));
static cl::opt<std::string>
    fault("plant", cl::desc("break the kernel for a GPU in this way "
                            "(PlantedFault.cpp), for its checks to find"));
static cl::opt<uint64_t> schedule("schedule", cl::init(0),
                                  cl::desc("seed of the emulated threads' "
                                           "order; 0 takes them in order"));
static cl::opt<unsigned>
    orders("orders", cl::init(0),
           cl::desc("further orders of the emulated threads, which must give "
                    "the same bits"));
static cl::list<std::string>
    compare("compare", cl::CommaSeparated,
            cl::desc("compare what these backends make of all launches"));
static cl::list<std::string>
    sizes("sizes", cl::CommaSeparated,
          cl::desc("with --compare: the sizes of launches, name=number"));
static cl::opt<int64_t>
    checkEvery("check-every", cl::init(1),
               cl::desc("with --compare: check accesses of every n-th kernel"));
static cl::list<int64_t> dims("dims", cl::CommaSeparated,
                              cl::desc("run-time sizes, in their order"));
static cl::opt<bool> loops("loops",
                           cl::desc("use plain loops for all kernels"));
static cl::opt<double> tolerance("tolerance", cl::init(2e-5),
                                 cl::desc("relative to element and tensor"));
static cl::opt<bool>
    moved("move-buffers",
          cl::desc("check also with buffers that begin an element later"));
static cl::opt<bool> relative("relative", cl::desc("to the element only"));
static cl::opt<double> low("low", cl::init(-1), cl::desc("least input"));
static cl::opt<double> high("high", cl::init(1), cl::desc("largest input"));
static cl::opt<int64_t> ids("ids", cl::init(5), cl::desc("integers are below"));
static cl::opt<int64_t> rounds("rounds", cl::init(20),
                               cl::desc("runs of which the best is printed"));
static cl::opt<double> flops("flops", cl::init(0),
                             cl::desc("operations of a run, to print a rate"));

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

static bool runObject(kernel::FuncOp kernel, llvm::ArrayRef<char> object,
                      const TargetModel &target) {
  tools::KernelRun run(kernel, dims, {1, low, high, ids});
  if (!run.load(object))
    return false;
  if (!chip.empty())
    describe(kernel, run);
  return (emit == "time" ? time(kernel, run, target) : check(kernel, run));
}

static bool processDevice(kernel::FuncOp kernel, const TargetModel &target) {
  std::optional<llvm::SmallVector<char, 0>> object =
      tools::makeDeviceCode(kernel, target, {chip, emit, fault});
  if (!object || object->empty())
    return object.has_value();
  lamina_emulator_configure(schedule, /*check=*/emit == "check");
  return runObject(kernel, *object, target);
}

/// Any backend but the CPU's own, whose parts `process` runs one by one.
static bool processBackend(kernel::FuncOp kernel, const Backend &backend) {
  Verdict verdict = backend.canCompile(kernel);
  if (!verdict) {
    llvm::outs() << kernel.getSymName() << ": declined, " << verdict.reason()
                 << "\n";
    return true;
  }
  if (backend.hasForm(emit))
    return mlir::succeeded(backend.print(kernel, emit, llvm::outs()));
  double start = tools::threadSeconds();
  mlir::FailureOr<CompiledKernel> compiled = backend.compile(kernel);
  if (mlir::failed(compiled))
    return false;
  if (emit == "time")
    llvm::outs() << "compiled in "
                 << int((tools::threadSeconds() - start) * 1e3) << " ms; ";
  return runObject(kernel, compiled->object, backend.target());
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
  cpu::optimizeModule(*module, target);
  if (emit == "llvm") {
    cpu::printWithLines(*module, lines, llvm::outs());
    return true;
  }
  llvm::SmallVector<char, 0> object =
      cpu::writeObject(*module, target, emit == "asm");
  double seconds = tools::threadSeconds() - start;
  if (emit == "asm") {
    llvm::outs() << cpu::commentLines({object.data(), object.size()}, lines,
                                      "#");
    return true;
  }
  if (emit == "time")
    llvm::outs() << "compiled in " << int(seconds * 1e3) << " ms; ";
  return runObject(kernel, object, target);
}

/// Exit code 2 and a message for a flag that names nothing.
static int compareAll(mlir::ModuleOp module, const TargetModel &target) {
  tools::Comparison comparison;
  BackendRegistry registry;
  registerAllBackends(registry);
  for (const std::string &name : compare) {
    if (!registry.has(name)) {
      llvm::errs() << "lamina-kernel: there is no backend '" << name << "'\n";
      return 2;
    }
    llvm::Expected<std::unique_ptr<Backend>> backend =
        registry.create(name, target);
    if (!backend) {
      llvm::errs() << llvm::toString(backend.takeError()) << "\n";
      return 2;
    }
    comparison.backends.push_back(std::move(*backend));
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
  return tools::compareBackends(module, comparison) ? 0 : 1;
}

int main(int argc, char **argv) {
  cl::ParseCommandLineOptions(argc, argv, "compile, check and time kernels\n");
  llvm::Expected<TargetModel> target = cpu::makeTargetModel(processor, machine);
  if (!target) {
    llvm::errs() << "lamina-kernel: " << llvm::toString(target.takeError())
                 << "\n";
    return 2;
  }
  std::unique_ptr<Backend> backend;
  if (backendName != "cpu") {
    BackendRegistry backends;
    registerAllBackends(backends);
    if (!backends.has(backendName)) {
      llvm::errs() << "lamina-kernel: there is no backend '" << backendName
                   << "'\n";
      return 2;
    }
    auto made = backends.create(backendName, *target);
    if (!made) {
      llvm::errs() << "lamina-kernel: " << llvm::toString(made.takeError())
                   << "\n";
      return 2;
    }
    backend = std::move(*made);
  }
  mlir::DialectRegistry registry;
  registerAllDialects(registry);
  mlir::MLIRContext context(registry);
  llvm::SourceMgr sources;
  mlir::SourceMgrDiagnosticHandler handler(sources, &context);
  mlir::OwningOpRef<mlir::ModuleOp> module =
      mlir::parseSourceFile<mlir::ModuleOp>(input, sources, &context);
  if (!module)
    return 1;
  if (!compare.empty())
    return compareAll(*module, *target);
  bool good = true;
  for (kernel::FuncOp kernel : module->getOps<kernel::FuncOp>())
    good &= backend        ? processBackend(kernel, *backend)
            : chip.empty() ? process(kernel, *target)
                           : processDevice(kernel, *target);
  return good ? 0 : 1;
}
