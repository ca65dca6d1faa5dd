//===- Passes.td - Passes on GRAPH -------------------------*- tablegen -*-===//
//
// SPDX-License-Identifier: Apache-2.0
//
//===----------------------------------------------------------------------===//

#ifndef LAMINA_PASSES_GRAPH_PASSES
#define LAMINA_PASSES_GRAPH_PASSES

include "mlir/Pass/PassBase.td"

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

#endif // LAMINA_PASSES_GRAPH_PASSES
