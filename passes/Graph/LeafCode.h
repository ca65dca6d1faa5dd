// SPDX-License-Identifier: Apache-2.0
//
// Code for one weight or for each of a stack.
//
// Stages of optimizers are written for one copy of a weight. For a stack of
// copies what they do becomes a scan without carries over the stack, begun when
// the first op is written and ended when its values are needed outside.

#ifndef LAMINA_PASSES_GRAPH_LEAFCODE_H
#define LAMINA_PASSES_GRAPH_LEAFCODE_H

#include "dialects/Graph/GraphOps.h"

namespace lamina {

/// A value that the code of one leaf has made or reads.
struct LeafValue {
  enum Kind {
    Shared,  ///< one for all copies
    Stacked, ///< outside, one row a copy
    Inner,   ///< of one copy, in the scan that is being written
  };
  mlir::Value value;
  Kind kind = Shared;

  explicit operator bool() const { return static_cast<bool>(value); }
};

class LeafCode {
public:
  /// Code for `copies` rows; for a single weight without.
  LeafCode() = default;
  explicit LeafCode(std::optional<graph::SizeExpr> copies)
      : copies(std::move(copies)) {}

  bool isStacked() const { return copies.has_value(); }
  const graph::SizeExpr &getCopies() const { return *copies; }

  /// Where the next op of the leaf goes: `outer`, or into the scan.
  mlir::OpBuilder &getBuilder(mlir::OpBuilder &outer, mlir::Location loc);
  /// The value as that builder sees it.
  mlir::Value use(const LeafValue &value);
  /// What that builder has made.
  LeafValue wrap(mlir::Value value) const {
    return {value, isStacked() ? LeafValue::Inner : LeafValue::Shared};
  }
  /// A value that comes from outside with a row for each copy.
  LeafValue wrapWhole(mlir::Value value) const {
    return {value, isStacked() ? LeafValue::Stacked : LeafValue::Shared};
  }

  /// Ends the scan at `outer`; the values in `live` are stacked.
  void close(mlir::OpBuilder &outer, llvm::ArrayRef<LeafValue *> live);

private:
  std::optional<graph::SizeExpr> copies;
  std::unique_ptr<mlir::Region> body;
  std::optional<mlir::OpBuilder> inner;
  std::optional<mlir::Location> location;
  llvm::SmallVector<mlir::Value> over, with;
  llvm::DenseMap<mlir::Value, mlir::Value> args;
};

} // namespace lamina

#endif // LAMINA_PASSES_GRAPH_LEAFCODE_H
