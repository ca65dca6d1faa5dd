// SPDX-License-Identifier: Apache-2.0
//
// Stages of optimizers and their application.

#ifndef LAMINA_DIALECTS_OPTIM_OPTIMOPS
#define LAMINA_DIALECTS_OPTIM_OPTIMOPS

include "dialects/Graph/GraphDialect.td"
include "mlir/IR/OpBase.td"
include "mlir/IR/SymbolInterfaces.td"
include "mlir/Interfaces/InferTypeOpInterface.td"
include "mlir/Interfaces/SideEffectInterfaces.td"

def Optim_Dialect : Dialect {
  let name = "optim";
  let cppNamespace = "::lamina::optim";
  let summary = "optimizers as pipelines of stages on values";
  let description = [{
    A stage says what happens at one place of a pipeline to one type of weight;
    a pipeline is a table of places and weights; `optim.apply` runs it.
    `graph-apply-optimizers` replaces it by graph ops.
  }];
  let dependentDialects = ["::lamina::graph::GraphDialect"];
}

class Optim_Op<string mnemonic, list<Trait> traits = []>
    : Op<Optim_Dialect, mnemonic, traits>;

def Optim_StageOp : Optim_Op<"stage", [Symbol, IsolatedFromAbove]> {
  let summary = "one stage for one type of weight";
  let description = [{
    `step` sees (g, w, rate, t, slots.., scalars..) and yields h, and as needed
    the rate, the slots and `pass`: false holds back all that is to the right
    and the step. The rate begins as 1. `after` sees (w, rate, t, slots..,
    scalars..) after `w - rate*h` and yields w and the slots. `final` sees what
    `after` sees and yields what evaluation uses in place of w (`optim.final`).

    Slots have a type and an initial value. `scalars` name values that
    `optim.apply` passes to all stages that name them: rates that may be set,
    loop indices, tensors of rank 0.

    `pass` of rank 0 that reads only t and scalars holds back the whole weight:
    no step, no `after` on either side, no count to the right. Any other one has
    leading axes of w (all of them, some, none) and holds back those rows: what
    is to the right of it, not the counts.

    ```mlir
    optim.stage @momentum.kernel for !w slots(m = 0.0 : f32 : !w) scalars(beta : tensor<f32>) step {
    ^bb0(%g: !w, %w: !w, %rate: !s, %t: !n, %m: !w, %beta: !s):
      ...
      optim.yield %m1 slots %m1 : !w, !w
    }
    ```
  }];
  let arguments = (ins SymbolNameAttr:$sym_name, TypeAttr:$weight,
                       StrArrayAttr:$slotNames, ArrayAttr:$slotInits,
                       TypeArrayAttr:$slotTypes, StrArrayAttr:$scalarNames,
                       TypeArrayAttr:$scalarTypes);
  let regions = (region SizedRegion<1>:$step, MaxSizedRegion<1>:$after,
                        MaxSizedRegion<1>:$final);
  let hasCustomAssemblyFormat = 1;
  let extraClassDeclaration = [{
    unsigned getNumSlots() { return getSlotNames().size(); }
    ::mlir::Type getSlotType(unsigned index) {
      return ::llvm::cast<::mlir::TypeAttr>(getSlotTypes()[index]).getValue();
    }
    ::mlir::Block *getStepBlock() { return &getStep().front(); }
    /// Null, if there is no `after`.
    ::mlir::Block *getAfterBlock() {
      return getAfter().empty() ? nullptr : &getAfter().front();
    }
    ::mlir::Block *getFinalBlock() {
      return getFinal().empty() ? nullptr : &getFinal().front();
    }
    YieldOp getStepYield();
    YieldOp getAfterYield();
    YieldOp getFinalYield();
  }];
  let hasRegionVerifier = 1; // stage.c1: arguments; stage.c2: yields
}

def Optim_TotalOp
    : Optim_Op<"total", [Pure, SameOperandsAndResultType, HasParent<"StageOp">]> {
  let summary = "sum over all weights that have a stage at this place";
  let description = "The copies of a stack count one by one.";
  let arguments = (ins Graph_Tensor:$x);
  let results = (outs Graph_Tensor:$result);
  let assemblyFormat = "$x attr-dict `:` type($x)";
}

def Optim_YieldOp : Optim_Op<"yield", [
    Pure, Terminator, AttrSizedOperandSegments, HasParent<"StageOp">]> {
  let summary = "what a stage gives: h or w, and what else it sets";
  let description = [{
    `value` is h in a `step`, w in an `after` or `final`. `rate` is what stages
    behind it see as the rate of this step, `slots` the next values of the slots
    it declared, in order. Where `pass` is false this step changes nothing
    behind the stage: `accumulate` lets every n-th one through.
  }];
  let arguments = (ins Graph_Tensor:$value,
                       Optional<Graph_Tensor>:$rate,
                       Variadic<Graph_Tensor>:$slots,
                       Optional<Graph_BoolTensor>:$pass);
  let assemblyFormat = [{
    $value (`rate` $rate^)? (`slots` $slots^)? (`pass` $pass^)? attr-dict
    `:` type(operands)
  }];
}

def Optim_PipelineOp : Optim_Op<"pipeline", [Symbol]> {
  let summary = "a table of stages: a row for each place, a column for each leaf";
  let description = [{
    `unit` where a group leaves the stage out. A stacked leaf has the copies in
    front of the weight type of its stages.

    ```mlir
    optim.pipeline @recipe leaves ["blocks.kernel", "offset"] stacked [true, false]
      stages [[@clip.kernel, @clip.offset], [@momentum.kernel, unit]]
    ```
  }];
  let arguments = (ins SymbolNameAttr:$sym_name, StrArrayAttr:$leaves,
                       DenseBoolArrayAttr:$stacked, ArrayAttr:$stages);
  let assemblyFormat = "$sym_name `leaves` $leaves `stacked` $stacked `stages` $stages attr-dict";
  let hasVerifier = 1; // pipeline.c1: every row has a stage or unit for each leaf
}

def Optim_ApplyOp : Optim_Op<"apply", [
    Pure, AttrSizedOperandSegments, AttrSizedResultSegments,
    DeclareOpInterfaceMethods<SymbolUserOpInterface>]> {
  let summary = "one step of a pipeline";
  let description = [{
    Weights and gradients are in the order of the pipeline's leaves; slots by
    place, then by leaf, then as the stage declares them; counters (how often a
    place has run, so the stage's `t` is one more) as `getCounters` of
    Counters.h lists them: one for each place, more where a pass to the left is
    only that of some leaves. Scalars are given with their names. Results are
    the new weights, slots and counters.
  }];
  let arguments = (ins FlatSymbolRefAttr:$pipeline, Variadic<Graph_Tensor>:$weights,
                       Variadic<Graph_Tensor>:$gradients,
                       Variadic<Graph_Tensor>:$slots,
                       Variadic<0DTensorOf<[I64]>>:$counters,
                       Variadic<Graph_Tensor>:$scalars,
                       DefaultValuedAttr<StrArrayAttr, "{}">:$scalarNames);
  let results = (outs Variadic<Graph_Tensor>:$newWeights,
                      Variadic<Graph_Tensor>:$newSlots,
                      Variadic<0DTensorOf<[I64]>>:$newCounters);
  let assemblyFormat = [{
    $pipeline `weights` `(` $weights `:` type($weights) `)`
    `gradients` `(` $gradients `:` type($gradients) `)`
    (`slots` `(` $slots^ `:` type($slots) `)`)?
    (`counters` `(` $counters^ `:` type($counters) `)`)?
    (`scalars` $scalarNames `(` $scalars^ `:` type($scalars) `)`)?
    attr-dict `->` type($newWeights) (`slots` type($newSlots)^)?
    (`counters` type($newCounters)^)?
  }];
  let hasVerifier = 1;
}

def Optim_FinalOp : Optim_Op<"final", [
    Pure, AttrSizedOperandSegments,
    DeclareOpInterfaceMethods<SymbolUserOpInterface>]> {
  let summary = "the weights that evaluation uses";
  let description = [{
    For each leaf the `final` of its rightmost stage that has one, else the
    weight itself. Operands as those of `optim.apply`.
  }];
  let arguments = (ins FlatSymbolRefAttr:$pipeline, Variadic<Graph_Tensor>:$weights,
                       Variadic<Graph_Tensor>:$slots,
                       Variadic<0DTensorOf<[I64]>>:$counters,
                       Variadic<Graph_Tensor>:$scalars,
                       DefaultValuedAttr<StrArrayAttr, "{}">:$scalarNames);
  let results = (outs Variadic<Graph_Tensor>:$results);
  let assemblyFormat = [{
    $pipeline `weights` `(` $weights `:` type($weights) `)`
    (`slots` `(` $slots^ `:` type($slots) `)`)?
    (`counters` `(` $counters^ `:` type($counters) `)`)?
    (`scalars` $scalarNames `(` $scalars^ `:` type($scalars) `)`)?
    attr-dict `->` type($results)
  }];
  let hasVerifier = 1;
}

#endif // LAMINA_DIALECTS_OPTIM_OPTIMOPS
