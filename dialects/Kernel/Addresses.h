// SPDX-License-Identifier: Apache-2.0
//
// Where the values of a planned entry stand.
//
// `places` say where results are put; arguments of the entry and of regions,
// rows of stacks and reshapes follow from them. The tape writer and the
// verifier read addresses here.

#ifndef LAMINA_DIALECTS_KERNEL_ADDRESSES_H
#define LAMINA_DIALECTS_KERNEL_ADDRESSES_H

#include "dialects/Graph/Shape.h"
#include "dialects/Kernel/KernelOps.h"

#include "mlir/Dialect/Func/IR/FuncOps.h"

namespace lamina::kernel {

struct Address {
  PlaceBase base = PlaceBase::Slot;
  int64_t index = 0;
  graph::SizeExpr offset; ///< bytes
  /// Loops and the bytes that each round moves the value by.
  llvm::SmallVector<std::pair<int64_t, graph::SizeExpr>, 1> rounds;

  bool operator==(const Address &other) const;
  bool operator!=(const Address &other) const { return !(*this == other); }
  bool isHost() const { return base == PlaceBase::Register; }

  static Address get(PlaceAttr place);
  PlaceAttr getPlace(mlir::MLIRContext *context) const;
  /// The address of row `round` of the loop: a part of this size.
  Address getRow(int64_t loop, const graph::SizeExpr &bytes) const;
};

/// The value whose bytes these are: reshapes are other names.
mlir::Value getRoot(mlir::Value value);

/// Bytes of a tensor: an element of i1 takes one.
graph::SizeExpr getByteSize(mlir::Type type);
int64_t getElementBytes(mlir::Type element);

class Addresses {
public:
  /// Reads the places of an entry in PLANNED.
  explicit Addresses(mlir::func::FuncOp entry);

  /// The address of a value; constants and rounds of loops have none.
  std::optional<Address> lookup(mlir::Value value) const;

private:
  void visit(mlir::Block &block);
  void visitLoop(LoopOp loop);
  void visitIf(IfOp choice);
  void setResults(mlir::ValueRange results, mlir::ArrayAttr places);

  llvm::DenseMap<mlir::Value, Address> addresses;
};

} // namespace lamina::kernel

#endif // LAMINA_DIALECTS_KERNEL_ADDRESSES_H
