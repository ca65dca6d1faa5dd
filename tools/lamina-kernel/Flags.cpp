// SPDX-License-Identifier: Apache-2.0
//
// Flags of lamina-kernel, and what is wrong with them.

#include "tools/lamina-kernel/Flags.h"

#include "backends/CPU/Target.h"
#include "dialects/Kernel/KernelOps.h"
#include "tools/KernelRun/KernelRun.h"

#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/FormatVariadic.h"
#include "llvm/Support/raw_ostream.h"

#include <unistd.h>

namespace cl = llvm::cl;

namespace lamina::flags {

static cl::OptionCategory ours("Flags of lamina-kernel");
cl::opt<std::string> input(cl::Positional, cl::desc("<kernels.mlir>"),
                           cl::init("-"), cl::cat(ours));
cl::opt<std::string> processor("mcpu", cl::init("native"),
                               cl::desc("processor to compile for"),
                               cl::cat(ours));
cl::opt<std::string> machine("target",
                             cl::desc("machine to compile for, with --mcpu"),
                             cl::cat(ours));
cl::opt<std::string>
    emit("emit", cl::init("check"),
         cl::desc("check, time, raw (LLVM before its passes), llvm or asm; "
                  "for a GPU raw, nvvm or ptx; else a form of the backend: "
                  "halide, stmt"),
         cl::cat(ours));
cl::opt<std::string>
    chip("gpu", cl::desc("compile for this GPU (sm_80); runs are emulated"),
         cl::cat(ours));
cl::opt<std::string>
    backendName("backend", cl::init("cpu"),
                cl::desc("the backend that compiles, as lamina has it"),
                cl::cat(ours));
cl::list<std::string> backendPlugins("load-backend-plugin",
                                     cl::desc("a shared library of backends"),
                                     cl::cat(ours));
cl::opt<std::string> kernelName("kernel",
                                cl::desc("only the kernel of this name"),
                                cl::cat(ours));
cl::opt<std::string> scheduleFile(
    "halide-schedule",
    cl::desc("schedules for kernels, as --emit=halide prints them"),
    cl::cat(ours));
cl::opt<std::string>
    autoschedule("autoschedule",
                 cl::desc("with --backend: take the schedule that the "
                          "backend finds, by 'fast' or 'search'"),
                 cl::cat(ours));
cl::opt<std::string>
    fault("plant",
          cl::desc("break the kernel for a GPU in this way "
                   "(PlantedFault.cpp), for its checks to find"),
          cl::cat(ours));
cl::opt<uint64_t> schedule("schedule", cl::init(0),
                           cl::desc("seed of the emulated threads' "
                                    "order; 0 takes them in order"),
                           cl::cat(ours));
cl::opt<unsigned>
    orders("orders", cl::init(0),
           cl::desc("further orders of the emulated threads, which must give "
                    "the same bits"),
           cl::cat(ours));
cl::list<std::string>
    compare("compare", cl::CommaSeparated,
            cl::desc("compare what these backends make of all launches"),
            cl::cat(ours));
cl::list<std::string>
    sizes("sizes", cl::CommaSeparated,
          cl::desc("with --compare: the sizes of launches, name=number"),
          cl::cat(ours));
cl::opt<int64_t>
    checkEvery("check-every", cl::init(1),
               cl::desc("with --compare: check accesses of every n-th kernel"),
               cl::cat(ours));
cl::list<int64_t> dims("dims", cl::CommaSeparated,
                       cl::desc("run-time sizes, in their order"),
                       cl::cat(ours));
cl::opt<bool> loops("loops", cl::desc("use plain loops for all kernels"),
                    cl::cat(ours));
cl::opt<double> tolerance("tolerance", cl::init(2e-5),
                          cl::desc("relative to element and tensor"),
                          cl::cat(ours));
cl::opt<bool>
    moved("move-buffers",
          cl::desc("check also with buffers that begin an element later"),
          cl::cat(ours));
cl::opt<bool> relative("relative", cl::desc("to the element only"),
                       cl::cat(ours));
cl::opt<double> low("low", cl::init(-1), cl::desc("least input"),
                    cl::cat(ours));
cl::opt<double> high("high", cl::init(1), cl::desc("largest input"),
                     cl::cat(ours));
cl::opt<int64_t> ids("ids", cl::init(5), cl::desc("integers are below"),
                     cl::cat(ours));
cl::opt<int64_t> rounds("rounds", cl::init(20),
                        cl::desc("runs of which the best is printed"),
                        cl::cat(ours));
cl::opt<double> flops("flops", cl::init(0),
                      cl::desc("operations of a run, to print a rate"),
                      cl::cat(ours));

void hideOthers() { cl::HideUnrelatedOptions(ours); }

void say(const llvm::Twine &message) {
  llvm::errs() << "lamina-kernel: " << message << "\n";
}

namespace {
/// A flag, and what it is for.
struct FlagUse {
  const cl::Option &flag;
  bool isUsed;
  const char *purpose;
};
} // namespace

bool checkUses() {
  bool compares = !compare.empty(), checks = emit == "check" && !compares,
       times = emit == "time" && !compares;
  bool isPlain = backendName == "cpu" && !compares;
  bool emulates = isPlain ? !chip.empty() : backendName == "emulator";
  const FlagUse uses[] = {
      {chip, isPlain, "the cpu backend, without --compare"},
      {backendName, !compares, "runs without --compare"},
      {emit, !compares, "runs without --compare"},
      {scheduleFile, !compares, "runs without --compare"},
      {dims, !compares, "runs without --compare, which takes --sizes"},
      {sizes, compares, "--compare"},
      {checkEvery, compares, "--compare"},
      {backendPlugins, !isPlain, "--backend or --compare"},
      {loops, isPlain && chip.empty(), "the cpu backend alone"},
      {fault, isPlain && emulates, "--gpu"},
      {schedule, emulates, "--gpu or --backend=emulator"},
      {orders, emulates && checks, "checks with --gpu or --backend=emulator"},
      {moved, checks, "--emit=check"},
      {rounds, times, "--emit=time"},
      {flops, times, "--emit=time"}};
  for (const FlagUse &use : uses)
    if (use.flag.getNumOccurrences() && !use.isUsed) {
      say("--" + use.flag.ArgStr + " is for " + use.purpose +
          ", and would do nothing here");
      return false;
    }
  return true;
}

bool checkNumbers() {
  auto isAtLeast = [](const cl::opt<int64_t> &flag, int64_t least) {
    if (flag >= least)
      return true;
    say("--" + flag.ArgStr + " is " + llvm::Twine(flag.getValue()) +
        ", and has to be at least " + llvm::Twine(least));
    return false;
  };
  for (int64_t size : dims)
    if (size < 0) {
      say("--dims has " + llvm::Twine(size) + ", and a size is not below 0");
      return false;
    }
  if (low > high) {
    say("--low is above --high, so there is no input to draw");
    return false;
  }
  return isAtLeast(ids, 1) && isAtLeast(rounds, 1) && isAtLeast(checkEvery, 1);
}

bool checkForm(const Backend *backend) {
  // The time of this thread is not that of a device.
  std::vector<std::string> forms = {"check"};
  if (!backend || backend->name() != "opencl")
    forms.push_back("time");
  if (!backend && chip.empty())
    forms.insert(forms.end(), {"raw", "llvm", "asm"});
  else if (!backend)
    forms.insert(forms.end(), {"raw", "nvvm", "ptx", "llvm"});
  if (llvm::is_contained(forms, emit.getValue()) ||
      (backend && backend->hasForm(emit)))
    return true;
  say("--emit: " + (chip.empty() ? backendName : chip) + " has no '" + emit +
      "'; there are " + llvm::join(forms, ", ") +
      (backend ? " and what 'lamina build' prints of it" : ""));
  return false;
}

bool checkProcessor() {
  const std::vector<std::string> chips = {"sm_80", "sm_86", "sm_87",
                                          "sm_89", "sm_90", "sm_90a"};
  if (!chip.empty() && !llvm::is_contained(chips, chip.getValue())) {
    say("--gpu: there is no code for '" + chip + "'; there is for " +
        llvm::join(chips, ", "));
    return false;
  }
  bool runs = emit == "check" || emit == "time" || !compare.empty();
  if (runs && !cpu::isHost(cpu::tripleOf(machine))) {
    say("--target: kernels for '" + machine +
        "' do not run on this machine; --emit=llvm and asm print them");
    return false;
  }
  return true;
}

bool checkKernels(mlir::ModuleOp module) {
  if (!kernelName.empty() && !module.lookupSymbol<kernel::FuncOp>(kernelName)) {
    say("--kernel: the file has no kernel '" + kernelName + "'");
    return false;
  }
  auto kernels = module.getOps<kernel::FuncOp>();
  if (kernels.empty()) {
    say("'" + input +
        "' has no kernels; 'lamina build --emit=kernel' writes "
        "them");
    return false;
  }
  size_t most = 0;
  for (kernel::FuncOp kernel : kernels)
    if (kernelName.empty() || kernel.getSymName() == kernelName)
      most = std::max(most, size_t(kernel.getDims().size()));
  if (dims.size() <= most)
    return true;
  say("--dims has " + llvm::Twine(dims.size()) +
      " sizes, and the kernels take at most " + llvm::Twine(most));
  return false;
}

bool checkMemory(kernel::FuncOp kernel, std::vector<int64_t> dims,
                 llvm::StringRef flag, bool compares) {
  // The arguments and both results as the interpreter has numbers.
  int64_t beside = compares ? 3 * int64_t(sizeof(reference::Scalar)) : 0;
  std::optional<int64_t> needed =
      tools::KernelRun::bytesAt(kernel, std::move(dims), beside);
  int64_t there = sysconf(_SC_PHYS_PAGES) * sysconf(_SC_PAGESIZE);
  if (needed && *needed <= there)
    return true;
  auto inGigabytes = [](double bytes) {
    return llvm::formatv("{0:f1} GB", bytes * 1e-9).str();
  };
  say("--" + flag + ": with these sizes a run of '" + kernel.getSymName() +
      "' takes " +
      (needed ? inGigabytes(double(*needed))
              : "more bytes than 63 bits count") +
      ", and this machine has " + inGigabytes(double(there)) +
      " of memory; give smaller ones");
  return false;
}

} // namespace lamina::flags
