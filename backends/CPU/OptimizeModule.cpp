// SPDX-License-Identifier: Apache-2.0
//
// LLVM's passes over kernels.
//
// What an emitter writes has no classes, no recursion and hardly a call, and is
// in vectors already. Of LLVM's -O2, a hundred passes, three quarters find
// nothing in it, and half of the time goes there (decision 0240).

#include "backends/CPU/CompileKernel.h"
#include "backends/CPU/Target.h"

#include "llvm/Passes/PassBuilder.h"
#include "llvm/Target/TargetMachine.h"

#include <string>

using namespace llvm;

namespace lamina::cpu {

/// Once more is enough: what a second round would find is found by the next run
/// of the pass.
#define COMBINE "instcombine<no-verify-fixpoint>"
#define SIMPLIFY "simplifycfg<bonus-inst-threshold=1;switch-range-to-icmp"

// Sizes and constants into the functions of a kernel, and first
// simplifications.
static constexpr StringLiteral beginning = "simplifycfg,early-cse),ipsccp,"
                                           "function<eager-inv>(";

// Ranges of indices, then loops in the form that the others need.
static constexpr StringLiteral untilLoops =
    COMBINE "," SIMPLIFY ">,early-cse<memssa>,"
            "speculative-execution<only-if-divergent-target>,"
            "correlated-propagation,reassociate,"
            "loop-mssa(loop-instsimplify,licm<no-allowspeculation>,loop-rotate,"
            "licm<allowspeculation>)," SIMPLIFY ">," COMBINE ","
            "loop(indvars,loop-deletion";

// What is computed twice, and what can stand outside of loops.
static constexpr StringLiteral ending =
    "),gvn,sccp,bdce," COMBINE ",correlated-propagation,"
    "loop-mssa(licm<allowspeculation>)," SIMPLIFY
    ";hoist-common-insts;sink-common-insts>," COMBINE
    ",loop-mssa(licm<allowspeculation>),instsimplify,div-rem-pairs," SIMPLIFY
    ";speculate-unpredictables;hoist-loads-stores-with-cond-faulting>),"
    "deadargelim,globaldce";

#undef COMBINE
#undef SIMPLIFY

/// GPUs have no vectors, but many registers: short loops are written out there.
static std::string passesFor(KernelCode code) {
  bool onGPU = code == KernelCode::GPU;
  std::string passes = "function<eager-inv>(";
  passes += onGPU ? "nvvm-intr-range," : "";
  passes += beginning;
  passes += untilLoops;
  passes += onGPU ? ",loop-unroll-full" : "";
  passes += ending;
  return passes;
}

/// Runs what `build` makes of a builder of passes.
static void runPasses(Module &module, TargetMachine &machine,
                      function_ref<ModulePassManager(PassBuilder &)> build) {
  // Loops over lanes are vectors already, and those over k must stay small.
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
