//===- Passes.td - Passes on MODEL -------------------------*- tablegen -*-===//
//
// SPDX-License-Identifier: Apache-2.0
//
//===----------------------------------------------------------------------===//

#ifndef LAMINA_PASSES_MODEL_PASSES
#define LAMINA_PASSES_MODEL_PASSES

include "mlir/Pass/PassBase.td"

def VerifyModelPass : Pass<"verify-model", "::mlir::ModuleOp"> {
  let summary = "check what reaches from one op of MODEL into another";
  let description = [{
    Layers exist and do not hold themselves, paths lead to weights of the type
    that is read or written, callees exist and have the type they are called
    with, entries load and store variables that have the types of the leaves.
    Changes nothing.
  }];
}

def VerifyGraphPass : Pass<"verify-graph", "::mlir::ModuleOp"> {
  let summary = "check that only GRAPH is left";
  let description = [{
    Names the first op of each function that has no place in GRAPH: layers and
    trees, gradients, optimizers, calls. Every `?` has a name. Changes nothing.
  }];
}

def ConvertModelToGraphPass
    : Pass<"convert-model-to-graph", "::mlir::ModuleOp"> {
  let summary = "inline layers, expand trees into their leaves, make keys";
  let description = [{
    Every entry becomes a function without calls and trees: a tree is the list
    of its leaves, in order of declaration, depth first; arguments that load a
    tree become one argument for each leaf, bound to the variable of its path.
    Draws get their keys from the path of calls and fields that leads to them.
    A leaf that a loop or an entry hands on unchanged is no carry, no stack and
    no result.

    Layers and functions that nobody names any more are removed.
  }];
  let dependentDialects = ["::lamina::graph::GraphDialect", "::mlir::arith::ArithDialect"];
}

#endif // LAMINA_PASSES_MODEL_PASSES
