// SPDX-License-Identifier: Apache-2.0
//
// Passes on MODEL.

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

def DeriveInversesPass : Pass<"model-derive-inverses", "::mlir::ModuleOp"> {
  let summary = "replace `inverse` and `log_det` by calls of derived functions";
  let description = [{
    The body is read backwards from its result: elementwise arithmetic, exp, log
    and tanh, views, joins of parts, gathers by a permutation, products with a
    square matrix (two substitutions with its lu factors), calls and loops over
    copies of what is invertible itself. The log-determinant is the sum of what
    each step back contributes, one number for each index of the first dimension.

    A body in which the argument does not follow from the result is an error at
    the call, with a note at the op that does not give its operand. A `gather`
    is taken to be by a permutation if it has as many ids as the axis.
  }];
  let dependentDialects = ["::lamina::graph::GraphDialect", "::mlir::arith::ArithDialect",
                           "::mlir::math::MathDialect"];
}

def DeriveRunsPass : Pass<"model-derive-runs", "::mlir::ModuleOp"> {
  let summary = "replace `begin` and `next` by calls on all input so far";
  let description = [{
    A run keeps the input so far, padded to its room, with its length, and each
    step calls the layer on all of it. That is right for every layer that reads
    no later position than its own, and slow; the ops are the same that a pass
    which keeps caches will replace.
  }];
  let dependentDialects = ["::lamina::graph::GraphDialect", "::mlir::arith::ArithDialect"];
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
