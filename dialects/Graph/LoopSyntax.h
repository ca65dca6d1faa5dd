// SPDX-License-Identifier: Apache-2.0
//
// The text of loops and branches.
//
// How `graph.scan` and `graph.cond` are read and printed.

#ifndef LAMINA_DIALECTS_GRAPH_LOOPSYNTAX_H
#define LAMINA_DIALECTS_GRAPH_LOOPSYNTAX_H

#include "dialects/Graph/GraphDialect.h"

#include "mlir/IR/OpImplementation.h"

namespace lamina::graph {

/// Reads `%i < trip [reverse] init(..) over(..) with(..) rounds(%r) stacks(..)
/// {..} [until(..) {..}]` into the operands (init, over, with, rounds), results
/// (carries, stacks, rounds), attributes and two regions of a loop.
mlir::ParseResult parseLoop(mlir::OpAsmParser &parser,
                            mlir::OperationState &result);

/// What `parseLoop` reads.
struct LoopText {
  SizeExpr trip;
  bool reverse;
  mlir::OperandRange init, over, with;
  mlir::Value rounds; // may be null
  mlir::TypeRange stacks;
  mlir::Region &body, &until;
};
void printLoop(mlir::OpAsmPrinter &printer, mlir::Operation *op,
               const LoopText &loop);

/// Reads `%p [: type] with(..) [-> types] {..} else(..) {..}` into the operands
/// (predicate, with), results and two regions of a branch. The predicate is an
/// i1 tensor of rank 0 where no type is given.
mlir::ParseResult parseBranch(mlir::OpAsmParser &parser,
                              mlir::OperationState &result);
void printBranch(mlir::OpAsmPrinter &printer, mlir::Operation *op,
                 mlir::Value predicate, mlir::OperandRange with,
                 mlir::Region &taken, mlir::Region &otherwise);

} // namespace lamina::graph

#endif // LAMINA_DIALECTS_GRAPH_LOOPSYNTAX_H
