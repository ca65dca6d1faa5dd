// SPDX-License-Identifier: Apache-2.0
//
// Loops, choice, gradients, attention.

#ifndef LAMINA_DIALECTS_GRAPH_GRAPHCONTROL
#define LAMINA_DIALECTS_GRAPH_GRAPHCONTROL

include "dialects/Graph/GraphDialect.td"
include "mlir/Interfaces/ControlFlowInterfaces.td"
include "mlir/Interfaces/InferTypeOpInterface.td"
include "mlir/Interfaces/SideEffectInterfaces.td"
include "mlir/IR/RegionKindInterface.td"
include "mlir/IR/SymbolInterfaces.td"

def Graph_ScanOp : Graph_Op<"scan", [
    AttrSizedOperandSegments, AttrSizedResultSegments, IsolatedFromAbove,
    RecursiveMemoryEffects, RecursivelySpeculatable]> {
  let summary = "loop with carries, rows of stacks and stacked results";
  let description = [{
    The body's arguments are the round (`tensor<i64>`), the carries, one row of
    each `over`, and `with`. It yields the carries and a row of each stack.
    `reverse` runs from the last round to the first. `until` is asked before
    each round, sees the round, the carries and `with`, and gives the further
    result `rounds`; the operand `rounds` lets only that many rounds run (in
    reverse: from the last of them). Rows of stacks that no round wrote are 0.

    ```mlir
    %last, %all = graph.scan %i < t init(%h = %x : !c) over(%u = %in : !cs) stacks(!cs) {
      %p = arith.mulf %h, %u : !c
      graph.yield %p : !c stack %p : !c
    }
    ```
  }];
  let arguments = (ins Variadic<Graph_Value>:$init, Variadic<Graph_Value>:$over,
                       Variadic<Graph_Value>:$with,
                       Optional<0DTensorOf<[I64]>>:$rounds,
                       Graph_DimsAttr:$trip, UnitAttr:$reverse);
  let results = (outs Variadic<Graph_Value>:$carries,
                      Variadic<Graph_Value>:$stacks,
                      Optional<0DTensorOf<[I64]>>:$roundsRun);
  let regions = (region SizedRegion<1>:$body, MaxSizedRegion<1>:$until);
  let builders = [
    // Makes the blocks with their arguments; the caller fills them and adds the
    // yields. `stackTypes` are the types of the stacked results.
    OpBuilder<(ins "const SizeExpr &":$trip, "bool":$reverse,
                   "::mlir::ValueRange":$init, "::mlir::ValueRange":$over,
                   "::mlir::ValueRange":$with, "::mlir::TypeRange":$stackTypes,
                   CArg<"::mlir::Value", "{}">:$rounds,
                   CArg<"bool", "false">:$hasUntil)>,
  ];
  let extraClassDeclaration = [{
    SizeExpr getTripSize() { return getTrip().getSize(0); }
    bool hasUntil() { return !getUntil().empty(); }
    ::mlir::Block *getBodyBlock() { return &getBody().front(); }
    ::mlir::Block *getUntilBlock() { return &getUntil().front(); }
    YieldOp getBodyYield();
    YieldOp getUntilYield();
    ::mlir::BlockArgument getIndex() { return getBody().getArgument(0); }
    ::llvm::MutableArrayRef<::mlir::BlockArgument> getCarryArgs();
    ::llvm::MutableArrayRef<::mlir::BlockArgument> getOverArgs();
    ::llvm::MutableArrayRef<::mlir::BlockArgument> getWithArgs();
  }];
  let hasCustomAssemblyFormat = 1;
  // scan.c1: one size as trip; scan.c2: over and stacks are as long as the trip
  // scan.c3: until excludes rounds and reverse; scan.c4: arguments of the regions
  // scan.c5: what the regions yield
  let hasRegionVerifier = 1;
  let hasVerifier = 1;
  let hasCanonicalizer = 1;
}

def Graph_CondOp : Graph_Op<"cond", [
    IsolatedFromAbove, RecursiveMemoryEffects, RecursivelySpeculatable]> {
  let summary = "one of two regions, by a predicate";
  let description = [{
    Only the taken region runs. Both take `with` and yield the results; a value
    that is handed on unchanged keeps its place.
  }];
  let arguments = (ins 0DTensorOf<[I1]>:$predicate, Variadic<Graph_Value>:$with);
  let results = (outs Variadic<Graph_Value>:$results);
  let regions = (region SizedRegion<1>:$taken, SizedRegion<1>:$otherwise);
  let builders = [
    // Makes both blocks with their arguments; the caller fills them.
    OpBuilder<(ins "::mlir::TypeRange":$results, "::mlir::Value":$predicate,
                   "::mlir::ValueRange":$with)>,
  ];
  let extraClassDeclaration = [{
    ::mlir::Block *getTakenBlock() { return &getTaken().front(); }
    ::mlir::Block *getOtherwiseBlock() { return &getOtherwise().front(); }
    YieldOp getTakenYield();
    YieldOp getOtherwiseYield();
  }];
  let skipDefaultBuilders = 1;
  let hasCustomAssemblyFormat = 1;
  let hasRegionVerifier = 1; // cond.c1: arguments; cond.c2: yields
  let hasCanonicalizer = 1;
}

def Graph_YieldOp : Graph_Op<"yield", [
    Pure, Terminator, AttrSizedOperandSegments, ReturnLike,
    ParentOneOf<["ScanOp", "CondOp", "AttendOp", "AttendGradOp", "CustomOp"]>]> {
  let summary = "values of a round, a branch or an element";
  let description = [{
    The last op of every region of `graph`. In a `scan` the values are the
    carries of the next round and `stacked` the rows of this one; in its `until`
    the one value says whether to stop. In a `cond` they are the results, in a
    mask or score the element.
  }];
  let arguments = (ins Variadic<AnyType>:$values, Variadic<AnyType>:$stacked);
  let builders = [
    OpBuilder<(ins), "build($_builder, $_state, ::mlir::ValueRange{}, ::mlir::ValueRange{});">,
    OpBuilder<(ins "::mlir::ValueRange":$values),
              "build($_builder, $_state, values, ::mlir::ValueRange{});">,
  ];
  let assemblyFormat = [{
    ($values^ `:` type($values))? (`stack` $stacked^ `:` type($stacked))? attr-dict
  }];
}

def Graph_BarrierOp : Graph_Op<"barrier", [Pure]> {
  let summary = "identity that nothing is moved or merged across";
  let description = [{
    Gives its inputs as they are, and no pass folds through it: what stands
    behind cannot know that an input is a constant. `graph-expand-gradients`
    takes it to differentiate at a value that would be folded away otherwise.
    The inputs are in memory.
  }];
  let arguments = (ins Variadic<Graph_Tensor>:$inputs);
  let results = (outs Variadic<Graph_Tensor>:$results);
  let assemblyFormat = "$inputs attr-dict `:` type($inputs) `->` type($results)";
  let hasVerifier = 1;
}

def Graph_StopOp : Graph_Op<"stop", [Pure, SameOperandsAndResultType]> {
  let summary = "identity without a derivative";
  let description = [{
    Gives x as it is. Its derivative is zero, so nothing that x was made of gets
    an adjoint by this way. Kernels read through it.
  }];
  let arguments = (ins Graph_Tensor:$x);
  let results = (outs Graph_Tensor:$result);
  let assemblyFormat = "$x attr-dict `:` type($x)";
}

def Graph_CheckOp : Graph_Op<"check", []> {
  let summary = "stop the program with a message unless a condition holds";
  let description = [{
    Where the condition is false the program stops with `message` at the line of
    the op. It has an effect, so it is kept though nobody reads it.
  }];
  let arguments = (ins Graph_BoolTensor:$condition, StrAttr:$message);
  let assemblyFormat = "$condition $message attr-dict `:` type($condition)";
}

def Graph_ExternOp : Graph_Op<"extern", []> {
  let summary = "call of a C function on buffers";
  let description = [{
    The function gets pointers to the buffers of its inputs and of its results,
    which it fills. Nothing is known about it: it is neither moved nor
    differentiated nor merged with another call.
  }];
  let arguments = (ins StrAttr:$symbol, Variadic<Graph_Tensor>:$inputs);
  let results = (outs Variadic<Graph_Tensor>:$results);
  let assemblyFormat = "$symbol `(` $inputs `)` attr-dict `:` functional-type($inputs, results)";
}

def Graph_CustomOp : Graph_Op<"custom", [IsolatedFromAbove, RecursiveMemoryEffects]> {
  let summary = "function with its own derivative";
  let description = [{
    `value` maps the inputs to the results; `pullback` maps the inputs, the
    results and the adjoints of the results to the adjoints of the inputs.
  }];
  let arguments = (ins Variadic<Graph_Tensor>:$inputs);
  let results = (outs Variadic<Graph_Tensor>:$results);
  let regions = (region SizedRegion<1>:$value, SizedRegion<1>:$pullback);
  let assemblyFormat = [{
    $inputs attr-dict `:` functional-type($inputs, results)
    `value` custom<IsolatedRegion>($value)
    `pullback` custom<IsolatedRegion>($pullback)
  }];
  let hasRegionVerifier = 1;
}

//===----------------------------------------------------------------------===//
// Derivatives
//===----------------------------------------------------------------------===//

def Graph_GradientOp : Graph_Op<"gradient", [Pure, AttrSizedOperandSegments]> {
  let summary = "adjoints of values with respect to others";
  let description = [{
    The pullback of `seed` (ones, if absent) at `of` with respect to `wrt`; in
    MODEL a `wrt` may be a tree. `each k` keeps the first k axes of `of` apart
    and puts them in front of the results. Stands in the block of `of`, behind
    it.
  }];
  let arguments = (ins Variadic<Graph_Tensor>:$of, Variadic<Graph_Tensor>:$seed,
                       Variadic<Graph_Value>:$wrt, OptionalAttr<I64Attr>:$each);
  let results = (outs Variadic<Graph_Value>:$results);
  let assemblyFormat = [{
    $of (`seed` $seed^)? `wrt` $wrt (`each` $each^)? attr-dict
    `:` functional-type(operands, results)
  }];
  let hasVerifier = 1; // gradient.c1: seeds; gradient.c2: results
}

def Graph_PushforwardOp
    : Graph_Op<"pushforward", [Pure, AttrSizedOperandSegments]> {
  let summary = "tangents of values along tangents of others";
  let description = [{
    The derivative of each `of` along the direction that `tangents` give to
    `wrt`: the product of the Jacobian with a vector. Stands in the block of
    `of`, behind it, and is made of two gradients by `graph-expand-gradients`.
  }];
  let arguments = (ins Variadic<Graph_Tensor>:$of, Variadic<Graph_Value>:$wrt,
                       Variadic<Graph_Value>:$tangents);
  let results = (outs Variadic<Graph_Tensor>:$results);
  let assemblyFormat = [{
    $of `wrt` $wrt `tangents` $tangents attr-dict
    `:` functional-type(operands, results)
  }];
  let hasVerifier = 1;
}

//===----------------------------------------------------------------------===//
// Attention
//===----------------------------------------------------------------------===//

def Graph_AttendOp : Graph_Op<"attend", [
    AttrSizedOperandSegments, IsolatedFromAbove, RecursiveMemoryEffects,
    RecursivelySpeculatable]> {
  let summary = "masked weighted mean of values by scores of queries and keys";
  let description = [{
    q `[b.., h, q, d]`, k `[b.., g, k, d]`, v `[b.., g, k, e]`, h a multiple of
    g. s = score(q . k); weights = normalise(s where mask); o = weights . v. A
    row with everything hidden gives zeros. Scores have the type of `stats`;
    where v has fewer bits, the exponentials of scores, as shares of a power of
    two, are rounded to it before they are summed and multiplied. o has a type
    of its own. `stats` is the logsumexp of the row
    (softmax), its sum or its count. The regions see one index for each batch
    axis, the head, i, j and the `with` tensors (`score` first of all s), and
    read those by `tensor.extract`. An absent mask hides nothing; an absent
    score changes nothing.
  }];
  let arguments = (ins Graph_Normaliser:$normaliser, Graph_FloatTensor:$q,
                       Graph_FloatTensor:$k, Graph_FloatTensor:$v,
                       Variadic<Graph_Tensor>:$with,
                       Optional<Graph_Tensor>:$list,
                       OptionalAttr<AnyAttr>:$blocks);
  let results = (outs Graph_FloatTensor:$result, Graph_FloatTensor:$stats);
  let regions = (region MaxSizedRegion<1>:$mask, MaxSizedRegion<1>:$score);
  let assemblyFormat = [{
    $normaliser $q `,` $k `,` $v (`with` $with^)? (`list` $list^)? attr-dict
    `:` functional-type(operands, results)
    custom<ElementRegions>($mask, $score)
  }];
  let hasVerifier = 1;       // attend.c1: ranks and sizes
  let hasRegionVerifier = 1; // attend.c2: arguments and yields of the regions
}

def Graph_AttendGradOp : Graph_Op<"attend_grad", [
    AttrSizedOperandSegments, IsolatedFromAbove, RecursiveMemoryEffects,
    RecursivelySpeculatable]> {
  let summary = "adjoints of q, k, v and `with` of an `attend`";
  let description = [{
    Regions, `with`, normaliser and blocks are those of the `attend`; `o` and
    `stats` its results, `adjoint` that of `o`. In place of `o` there may be the
    sum of `o * adjoint` over the last axis, which is all that is needed of it.
    Weights and adjoints of products are rounded to the type of q where that has
    fewer bits than `stats`, and then multiplied; the results are rounded to
    types of their own.
    The results are the adjoints of q, k, v, then of those `with` that are of
    floats.
  }];
  let arguments = (ins Graph_Normaliser:$normaliser, Graph_FloatTensor:$q,
                       Graph_FloatTensor:$k, Graph_FloatTensor:$v,
                       Graph_FloatTensor:$o, Graph_FloatTensor:$stats,
                       Graph_FloatTensor:$adjoint,
                       Variadic<Graph_Tensor>:$with,
                       Optional<Graph_Tensor>:$list,
                       OptionalAttr<AnyAttr>:$blocks);
  let results = (outs Graph_FloatTensor:$dq, Graph_FloatTensor:$dk,
                      Graph_FloatTensor:$dv, Variadic<Graph_Tensor>:$dwith);
  let regions = (region MaxSizedRegion<1>:$mask, MaxSizedRegion<1>:$score);
  let assemblyFormat = [{
    $normaliser $q `,` $k `,` $v `,` $o `,` $stats `,` $adjoint
    (`with` $with^)? (`list` $list^)? attr-dict
    `:` functional-type(operands, results)
    custom<ElementRegions>($mask, $score)
  }];
  let hasVerifier = 1;
  let hasRegionVerifier = 1;
}

#endif // LAMINA_DIALECTS_GRAPH_GRAPHCONTROL
