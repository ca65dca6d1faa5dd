// SPDX-License-Identifier: Apache-2.0
//
// Passes on GRAPH.

#ifndef LAMINA_PASSES_GRAPH_PASSES
#define LAMINA_PASSES_GRAPH_PASSES

include "mlir/Pass/PassBase.td"

def FormContractionsPass : Pass<"graph-form-contractions"> {
  let summary = "make sums of products `graph.contract`";
  let description = [{
    `reduce sum` of a `mulf` whose factors are broadcasts, transposes and windows
    of smaller tensors becomes one contraction: the views become maps. A product
    of more than two factors is contracted pair by pair, the cheapest pair first,
    ties from left to right.

    Stays away from a product that has other users, from one of integers, and
    from one that is no larger than one of its factors (a weighted sum of rows),
    unless a factor is read by windows.
  }];
  let dependentDialects = ["::lamina::graph::GraphDialect", "::mlir::arith::ArithDialect"];
}

def FormCumulativePass : Pass<"graph-form-cumulative"> {
  let summary = "make sums over all earlier positions `graph.cumulative`";
  let description = [{
    `reduce` over axis s of `select(iota s <= iota t, x, neutral)`, where x is
    broadcast along t, becomes `cumulative` along s: linear instead of
    quadratic. `<`, `>`, `>=` give exclusive and reversed ones.

    Stays away where x depends on t, or the neutral value is not that of the
    reduction.
  }];
  let dependentDialects = ["::lamina::graph::GraphDialect"];
}

def ExpandGradientsPass : Pass<"graph-expand-gradients"> {
  let summary = "replace `graph.gradient` by the ops that compute it";
  let description = [{
    Walks from the values back to what they are differentiated by, through loops
    and branches, with the rule of each op. Inner gradients first, so any order
    of derivative is the same pass over its own output. A loop on the way gives
    further stacks (what its reverse reads and does not compute again) and stays
    one loop.

    Leaves everything else as it is. What nobody asked for is dead code, which
    `cse` and `graph-prune-scan` remove.
  }];
  let options = [Option<"recomputeAll", "recompute-all", "bool", "false",
                        "store only the carries of loops, compute the rest again">];
  let dependentDialects = ["::lamina::graph::GraphDialect", "::mlir::math::MathDialect"];
}

def PruneScanPass : Pass<"graph-prune-scan"> {
  let summary = "remove what loops and branches carry in vain";
  let description = [{
    Drops carries, stacks, operands and results that reach nothing, and with
    them the ops of the body that only they needed; carries that never change
    become `with`, stacks of equal rows are made in the body. Removes dead ops
    of every block on the way.

    A carry that is read by `until`, or by an op with effects, stays.
  }];
  let dependentDialects = ["::lamina::graph::GraphDialect"];
}

def SimplifyPass : Pass<"graph-simplify"> {
  let summary = "apply the table of algebraic rules";
  let description = [{
    Neutral elements, selects under their own condition, elementwise ops and sums
    of what only repeats, the adjoint of picking one element. Signs of zeros may
    change, and a sum of equal numbers rounds once.

    No sum of different numbers is reordered, and no rule is used that holds for
    finite numbers only (`x * 0`).
  }];
  let dependentDialects = ["::lamina::graph::GraphDialect", "::mlir::arith::ArithDialect"];
}

def ApplyOptimizersPass
    : Pass<"graph-apply-optimizers", "::mlir::ModuleOp"> {
  let summary = "replace `optim.apply` by the ops of its stages";
  let description = [{
    The stages of each weight become straight code; those of a stack of weights
    a scan over its copies, without carries, one for each segment between
    totals. A pass that the host can decide becomes a branch of all that is to
    the right of it and of the step; one with rows, or made of data, becomes
    selects. A total that adds up leaves which a pass holds back and others
    makes that pass a select as well, and a held leaf adds 0.

    Stages and pipelines are removed.
  }];
  let dependentDialects = ["::lamina::graph::GraphDialect", "::mlir::arith::ArithDialect"];
}

def KeepGradientsPass : Pass<"graph-keep-gradients", "::mlir::ModuleOp"> {
  let summary = "store the gradient of each weight in a variable";
  let description = [{
    Each weight that an `optim.apply` of a step changes gets a variable of role
    `gradient` that the step stores: `train.gradient.kernel`, a stack for a
    stack; `train.gradient2.kernel` where the step minimizes once more. It is the
    gradient as the loss gives it, in front of every stage. Forms of a step store
    in the variables of the step.
    Stands before `graph-apply-optimizers` (`lamina build --keep-gradients`).

    An `optim.apply` in a loop of the step keeps nothing, with a warning.
  }];
  let dependentDialects = ["::lamina::program::ProgramDialect"];
}

def DropTrainingPass : Pass<"graph-drop-training", "::mlir::ModuleOp"> {
  let summary = "keep what computes, drop what trains, tests and reads data";
  let description = [{
    Of the entries, samples and functions stay, and the variables that these
    load. A weight loses the entry that makes its first value, because it will be
    given; any other variable keeps it. Steps, reports, stages, sources, records
    and tests go. Stands before `graph-apply-optimizers` (`lamina build
    --target=wasm32`).

    A function that is no entry stays.
  }];
}

def FlattenScansPass : Pass<"graph-flatten-scans"> {
  let summary = "turn loops whose rounds are independent into an axis";
  let description = [{
    A loop without carries, `until` and `rounds` whose body is elementwise ops,
    views, reductions, and branches on values of around it becomes these ops on
    one more leading axis (the batch law); the round becomes an `iota`.

    A loop with anything else stays: a contraction in it may be large, and a loop
    keeps memory for one round only; the keys of draws are computed by the host
    only while there is one for each round.
  }];
  let dependentDialects = ["::lamina::graph::GraphDialect"];
}

def HoistInvariantsPass : Pass<"graph-hoist-invariants"> {
  let summary = "move out of loops what every round computes alike";
  let description = [{
    Ops on `with` alone are computed in front of the loop, and their results
    handed in as `with`. Views and constants stay, and so does an op whose result
    is larger than what it reads: to keep it would cost more than to repeat it.
  }];
  let dependentDialects = ["::lamina::graph::GraphDialect"];
}

def ApplyPrecisionPass : Pass<"graph-apply-precision", "::mlir::ModuleOp"> {
  let summary = "round the factors of products to bfloat16";
  let description = [{
    Factors of a product of rows by columns become bf16, its sum stays f32; so
    do queries, keys, values and adjoints that attention reads, and what it
    gives where that is a factor and nothing else. A
    value is rounded once, where it is made: weights in front of the loops that
    read them, everything else by the kernel that computes it, and whoever else
    reads the value reads what was rounded. So do the rows that a loop stores
    for products to come, and results of products that are read again behind a
    further product. Placed behind gradients: rounding is no part of them.

    Stays f32: variables and how they are updated; carries of loops; sums,
    reductions and what is computed of them alone; a contraction that sums one
    tensor, or nothing; what the caller gets; scores, their statistics and what
    other structured ops read; weights that `keep-float32` names, their products and gradients. An
    entry without products stays as it is, and so does one whose factors are bf16
    already.
  }];
  let options = [ListOption<"keepFloat32", "keep-float32", "std::string",
                            "weights or layers, by patterns of their names">];
  let dependentDialects = ["::lamina::graph::GraphDialect", "::mlir::arith::ArithDialect"];
}

def FormAttentionPass : Pass<"graph-form-attention"> {
  let summary = "make a softmax between two products `graph.attend`";
  let description = [{
    `contract` of queries and keys, a chain of elementwise ops, a softmax over
    the key with or without a mask, `contract` with the values: one op. The chain
    and the mask become its regions; `iota` is an index there, and what stands
    under fewer axes than the scores is a tensor that they read. Heads of keys
    and values repeated by `gather` at `iota div n` are shared instead.

    Stays away where the weights, or anything between the products, are read by
    others (a layer that returns its weights); where the weights are changed
    before the second product (dropout); where a tensor as large as the scores
    takes part; where there is more than one axis of queries, of keys, or of
    what is summed; and where a head is wider than `widest`, or its width is
    known at run time only. With `widest` 0, as for backends without a kernel
    for it, nothing is formed.

    Where `gpu-widest` forms attention in an entry that `widest` does not, the
    entry stays as it is and a copy of it with attention becomes its form for
    GPUs (`program.form_of`). Entries without such attention have no second form,
    and neither has one that is computed on the host.
  }];
  let options = [Option<"widest", "widest", "int64_t", "128",
                        "form it for heads of at most so many numbers">,
                 Option<"gpuWidest", "gpu-widest", "int64_t", "0",
                        "the same, in a form of the entry for GPUs">];
  let dependentDialects = ["::lamina::graph::GraphDialect", "::mlir::arith::ArithDialect",
                           "::mlir::tensor::TensorDialect"];
}

def ClassifyMaskBlocksPass : Pass<"graph-classify-mask-blocks"> {
  let summary = "find out which keys the mask of an `attend` shows";
  let description = [{
    Evaluates the mask for all keys of a row at once: comparisons of positions
    give intervals of keys, `and`, `or` and `not` combine them. The result is
    `#mask.blocks`: outside of `range` everything is hidden, inside of `full`
    nothing is, elsewhere the mask has to be asked.

    What is not understood (tensors that are read, `mod`, bounds that decrease
    from row to row) counts as hidden in no place and shown in no place, which
    is right and slower. An `attend` without a mask, or of whose mask nothing is
    known, gets no attribute.
  }];
  let dependentDialects = ["::lamina::mask::MaskDialect"];
}

def DecomposeAttentionPass : Pass<"graph-decompose-attention"> {
  let summary = "take apart the attention that no kernel does";
  let description = [{
    `attend` and `attend_grad` become contractions, selects and reductions over
    the whole score matrix. With `only-adjoints` just `attend_grad`; with
    `widest` only those that a kernel with this limit does not do: wider heads,
    other types than f32 and bf16, another normaliser than softmax, adjoints of the
    tensors that the score reads. `gpu-widest` is the limit in forms for GPUs.

    Other structured ops stay: sort, scatter, cumulative, linear algebra.
  }];
  let options = [Option<"onlyAdjoints", "only-adjoints", "bool", "false",
                        "take only `attend_grad` apart">,
                 Option<"widest", "widest", "int64_t", "0",
                        "keep those with heads of at most so many numbers">,
                 Option<"gpuWidest", "gpu-widest", "int64_t", "0",
                        "the same, in forms of entries for GPUs">];
  let dependentDialects = ["::lamina::graph::GraphDialect", "::mlir::math::MathDialect"];
}

def VerifyGraphPass : Pass<"verify-graph", "::mlir::ModuleOp"> {
  let summary = "check that only GRAPH is left";
  let description = [{
    Names the first op of each function that has no place in GRAPH: layers and
    trees, gradients, optimizers, calls. Every `?` has a name. Changes nothing.
  }];
}

#endif // LAMINA_PASSES_GRAPH_PASSES
