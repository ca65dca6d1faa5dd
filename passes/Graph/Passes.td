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

#endif // LAMINA_PASSES_GRAPH_PASSES
