// SPDX-License-Identifier: Apache-2.0
//
// Which numbers the host computes.
//
// A value is a host value if it has rank 0 (or is a random key) and is made of
// scalars of the entry, counters, sizes, constants and rounds of loops only.
// What depends on a tensor's elements is not, nor what leaves a loop or a
// choice that data decides.

#ifndef LAMINA_PASSES_KERNEL_HOSTVALUES_H
#define LAMINA_PASSES_KERNEL_HOSTVALUES_H

#include "llvm/ADT/DenseSet.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"

namespace lamina {

class HostValues {
public:
  /// The greatest fixpoint over an entry: a carry is a host value unless its
  /// start or what the body yields is not.
  explicit HostValues(mlir::func::FuncOp entry);

  bool contains(mlir::Value value) const { return values.contains(value); }

private:
  void visit(mlir::Block &block);
  void visit(mlir::Operation &op);
  template <typename Loop>
  void visitLoop(Loop loop);
  void visitChoice(mlir::Operation &op, mlir::Value predicate,
                   mlir::ValueRange with);
  void set(mlir::Value value, bool isHost);
  void narrow(mlir::Value value, bool isHost);

  llvm::DenseSet<mlir::Value> values;
  bool changed = false;
};

} // namespace lamina

#endif // LAMINA_PASSES_KERNEL_HOSTVALUES_H
