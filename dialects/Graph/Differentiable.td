//===- Differentiable.td - Ops that have a reverse rule -*- tablegen -*-===//
//
// SPDX-License-Identifier: Apache-2.0
//
//===----------------------------------------------------------------------===//

#ifndef LAMINA_DIALECTS_GRAPH_DIFFERENTIABLE
#define LAMINA_DIALECTS_GRAPH_DIFFERENTIABLE

include "mlir/IR/OpBase.td"

def Graph_Differentiable : OpInterface<"Differentiable"> {
  let cppNamespace = "::lamina::graph";
  let description = [{
    An op with a reverse rule. Rules are linear in the adjoint and made of ops
    that have rules, so that they can be applied to their own output. Rules of
    our ops and of `arith` and `math` are external models, attached by
    `registerDerivatives`.
  }];
  let methods = [
    InterfaceMethod<[{
        Adds the adjoints of the operands to `sink`, given those of the
        results; a null one is zero. Only called if one of them is not null.
        Fails, with a diagnostic at the op, where there is no rule after all.
      }], "::llvm::LogicalResult", "pullback",
      (ins "::mlir::OpBuilder &":$builder,
           "::llvm::ArrayRef<::mlir::Value>":$resultAdjoints,
           "::lamina::graph::Adjoints &":$sink)>,
    InterfaceMethod<[{
        For each operand, whether a change of it can change a result with a
        derivative. Integers, conditions and ids are not active.
      }], "::llvm::SmallVector<bool>", "activeOperands">,
    InterfaceMethod<[{
        Whether computing it again is cheaper than keeping it: elementwise ops,
        views, `random`, row reductions; never contractions or sorts.
      }], "bool", "isCheapToRecompute">,
  ];
}

def DecomposableOpInterface : OpInterface<"DecomposableOpInterface"> {
  let cppNamespace = "::lamina::graph";
  let description = [{
    An op that can be said in simpler ops: for derivatives that it has no rule
    for, and for backends that do not compile it.
  }];
  let methods = [
    InterfaceMethod<[{
        Builds the simpler ops and returns a value for each result; null for one
        without uses. The op itself stays.
      }], "::mlir::FailureOr<::llvm::SmallVector<::mlir::Value>>", "decompose",
      (ins "::mlir::OpBuilder &":$builder)>,
  ];
}

#endif // LAMINA_DIALECTS_GRAPH_DIFFERENTIABLE
