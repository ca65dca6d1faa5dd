// SPDX-License-Identifier: Apache-2.0
//
// Ops that know their derivative.
//
// Attached to `arith`, `math` and `graph` ops as external models (Derivatives.h),
// so that the rules stand in tables of their own. A dialect of a plugin may as
// well declare it on its ops.

#ifndef LAMINA_DIALECTS_GRAPH_DIFFERENTIABLE_TD
#define LAMINA_DIALECTS_GRAPH_DIFFERENTIABLE_TD

include "mlir/IR/OpBase.td"

def DifferentiableOpInterface : OpInterface<"DifferentiableOpInterface"> {
  let cppNamespace = "::lamina::graph";
  let description = [{
    The reverse rule of an op: from the adjoints of its results to those of its
    operands. A rule is linear in the adjoints and made of ops that have rules
    themselves, so expansion can be repeated to any order.
  }];
  let methods = [
    InterfaceMethod<[{
        Adds to `sink` what each wanted operand receives. `adjoints` has one
        entry a result, null where it is zero; at least one is not null. Reports
        a diagnostic where this form of the op has no derivative.
      }], "::llvm::LogicalResult", "pullback",
      (ins "::mlir::OpBuilder &":$builder,
           "::llvm::ArrayRef<::mlir::Value>":$adjoints,
           "::lamina::graph::Adjoints &":$sink)>,
    InterfaceMethod<[{
        Whether a derivative flows through the operand. Operands that hold no
        floats never have one, whatever this says.
      }], "bool", "isActiveOperand", (ins "unsigned":$index), "",
      [{ return true; }]>,
    InterfaceMethod<[{
        Whether the op has no rule of its own for these adjoints of its results
        and is taken apart first, by `DecomposableOpInterface`.
      }], "bool", "needsDecomposition",
      (ins "::llvm::ArrayRef<::mlir::Value>":$adjoints), "", [{ return false; }]>,
    InterfaceMethod<[{
        Whether to compute the op again costs less than to store its result.
      }], "bool", "isCheapToRecompute", (ins), "", [{ return false; }]>,
    InterfaceMethod<[{
        What becomes of the place where an adjoint is known to be zero.
      }], "::lamina::graph::WhereFlow", "getWhereFlow", (ins), "",
      [{ return ::lamina::graph::WhereFlow::Drops; }]>,
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

#endif // LAMINA_DIALECTS_GRAPH_DIFFERENTIABLE_TD
