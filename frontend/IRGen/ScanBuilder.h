// SPDX-License-Identifier: Apache-2.0
//
// Loops whose bodies may see everything.
//
// A `graph.scan` sees nothing but its arguments. A body of Core sees all names
// around it, and which of its trees it updates is known when it has been
// walked. So the body is emitted into a provisional scan, using values of
// outside directly; `end` then finds out what it captured, what it carried, and
// makes the scan that remains.

#ifndef LAMINA_FRONTEND_IRGEN_SCANBUILDER_H
#define LAMINA_FRONTEND_IRGEN_SCANBUILDER_H

#include "frontend/IRGen/Emitter.h"

namespace lamina::irgen {

class ScanBuilder {
public:
  /// `index` is null for a loop over copies. `inits` are the values that the
  /// body hands on; the roots of the emitter come behind them.
  ScanBuilder(Emitter &emitter, const SizeExpr &trip,
              const core::IndexVar *index, bool down,
              llvm::ArrayRef<mlir::Value> inits, bool hasUntil = false);
  ~ScanBuilder();

  mlir::Value round() const { return body->getArgument(0); }
  mlir::ValueRange carries() const {
    return body->getArguments().slice(1, numCarries);
  }
  /// This round's row of `stack`, a value of outside.
  mlir::Value row(mlir::Value stack);
  /// The row of `x` along `axis` at `position`, or null if that is not one row
  /// each round of a value of outside.
  mlir::Value rowOf(mlir::Value x, unsigned axis, core::Dim position);

  /// Calls `emit` in the region that decides whether to go on, with its own
  /// carries; it returns the truth value.
  void until(llvm::function_ref<mlir::Value(mlir::Value round,
                                            mlir::ValueRange carries)>
                 emit);

  struct Results {
    llvm::SmallVector<mlir::Value> carries, stacks;
    mlir::Value rounds;
  };
  /// The body hands on `next` and stacks `rows`. Puts the insertion point
  /// behind the loop, and the roots' values to those after it.
  Results end(llvm::ArrayRef<mlir::Value> next,
              llvm::ArrayRef<mlir::Value> rows);

  /// The provisional scan, before which a value of outside can be made.
  mlir::Operation *getProvisional() const { return op; }
  bool isOutside(mlir::Value value) const;
  /// Gives the emitter's roots the values they have outside of the body.
  void restoreRoots();

private:
  struct Kept {
    llvm::SmallVector<mlir::Value> inits, next;
    llvm::SmallVector<unsigned> arguments; ///< of the provisional body
    llvm::SmallVector<Root> roots;
  };
  Kept sortCarries(llvm::ArrayRef<mlir::Value> next);
  void terminate(const Kept &kept, llvm::ArrayRef<mlir::Value> rows);
  llvm::SmallVector<mlir::Value> capture();
  void moveRegion(mlir::Block *from, mlir::Block *to, const Kept &kept,
                  unsigned numOver, llvm::ArrayRef<mlir::Value> captured);

  Emitter &emitter;
  TensorBuilder &b;
  const core::IndexVar *index;
  bool down;
  SizeExpr trip;
  unsigned numCarries;
  graph::ScanOp op;
  mlir::Block *body;
  llvm::SmallVector<mlir::Value> inits; ///< also of the roots
  llvm::SmallVector<std::pair<Root, Emitted>> rootsBefore;
  llvm::SmallVector<mlir::Value> over;
  llvm::MapVector<std::pair<mlir::Value, std::pair<unsigned, int64_t>>,
                  mlir::Value>
      rows;
};

} // namespace lamina::irgen

#endif // LAMINA_FRONTEND_IRGEN_SCANBUILDER_H
