// SPDX-License-Identifier: Apache-2.0
//
// LLVM's passes over kernels.
//
// What an emitter writes has no classes, no recursion and hardly a call, and
// what is worth it is in vectors. Of the 113 passes of LLVM's -O2 most find
// nothing in it, and half of the time goes there (decision 0240).

#include "backends/CPU/CompileKernel.h"
#include "backends/CPU/Target.h"

#include "llvm/ADT/StringExtras.h"
#include "llvm/Passes/PassBuilder.h"
#include "llvm/Support/FormatVariadic.h"
#include "llvm/Target/TargetMachine.h"

#include <string>

using namespace llvm;

namespace lamina::cpu {

/// One run leaves the rest to the next; by default it insists.
static constexpr StringLiteral combine = "instcombine<no-verify-fixpoint>";

static constexpr StringLiteral simplify =
    "simplifycfg<bonus-inst-threshold=1;switch-range-to-icmp>";
static constexpr StringLiteral simplifyCommon =
    "simplifycfg<bonus-inst-threshold=1;switch-range-to-icmp;"
    "hoist-common-insts;sink-common-insts>";
static constexpr StringLiteral simplifyLast =
    "simplifycfg<bonus-inst-threshold=1;switch-range-to-icmp;"
    "speculate-unpredictables;hoist-loads-stores-with-cond-faulting>";
static constexpr StringLiteral hoist = "loop-mssa(licm<allowspeculation>)";

/// Ranges of indices, and loops in the form that the others need.
static std::string passesForLoops(bool onGPU) {
  // Loops that fill or copy become calls; a GPU has nothing to call.
  StringRef ofLoops = onGPU ? "loop(indvars,loop-deletion,loop-unroll-full)"
                            : "loop(loop-idiom,indvars,loop-deletion)";
  return join_items(
      ",", combine, simplify, "early-cse<memssa>",
      "speculative-execution<only-if-divergent-target>",
      "correlated-propagation", "reassociate",
      "loop-mssa(loop-instsimplify,licm<no-allowspeculation>,loop-rotate)",
      hoist, simplify, combine, ofLoops);
}

/// What is computed twice, and what can stand outside of loops.
static std::string passesBehindLoops(bool onGPU) {
  StringRef unrollOrDrop = onGPU ? "loop-unroll<O2>" : "adce";
  return join_items(",", "gvn", "sccp", "bdce", combine, "jump-threading",
                    "correlated-propagation", hoist, simplifyCommon,
                    unrollOrDrop, combine, hoist, "instsimplify",
                    "div-rem-pairs", simplifyLast);
}

/// Emitters write vectors for processors, whose loops over k must stay small;
/// GPUs have none, but many registers: loops are unrolled there.
static std::string passesFor(KernelCode code) {
  bool onGPU = code == KernelCode::GPU;
  StringRef first =
      onGPU ? "nvvm-intr-range,simplifycfg,early-cse" : "simplifycfg,early-cse";
  return formatv("inferattrs,function<eager-inv>({0}),ipsccp,"
                 "function<eager-inv>({1},{2}),deadargelim,globaldce",
                 first, passesForLoops(onGPU), passesBehindLoops(onGPU));
}

/// Runs what `build` makes of a builder of passes.
static void runPasses(Module &module, TargetMachine &machine,
                      function_ref<ModulePassManager(PassBuilder &)> build) {
  // What should be vectors is, by our emitters or by Halide.
  PipelineTuningOptions tuning;
  tuning.LoopVectorization = false;
  tuning.SLPVectorization = false;
  tuning.LoopUnrolling = false;
  tuning.LoopInterleaving = false;
  LoopAnalysisManager loops;
  FunctionAnalysisManager functions;
  CGSCCAnalysisManager components;
  ModuleAnalysisManager modules;
  PassBuilder builder(&machine, tuning);
  builder.registerModuleAnalyses(modules);
  builder.registerCGSCCAnalyses(components);
  builder.registerFunctionAnalyses(functions);
  builder.registerLoopAnalyses(loops);
  builder.crossRegisterProxies(loops, functions, components, modules);
  build(builder).run(module, modules);
}

void optimizeKernel(Module &module, TargetMachine &machine, KernelCode code) {
  runPasses(module, machine, [&](PassBuilder &builder) {
    ModulePassManager passes;
    cantFail(builder.parsePassPipeline(passes, passesFor(code)));
    return passes;
  });
}

void optimizeKernel(Module &module, const TargetModel &target) {
  optimizeKernel(module, *findMachine(target), KernelCode::CPU);
}

void optimizeModule(Module &module, const TargetModel &target) {
  runPasses(module, *findMachine(target), [](PassBuilder &builder) {
    return builder.buildPerModuleDefaultPipeline(OptimizationLevel::O2);
  });
}

} // namespace lamina::cpu
