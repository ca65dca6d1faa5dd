// SPDX-License-Identifier: Apache-2.0
//
// Positions and last uses in a block.

#ifndef LAMINA_PASSES_KERNEL_LIVENESS_H
#define LAMINA_PASSES_KERNEL_LIVENESS_H

#include "dialects/Kernel/Addresses.h"

#include "llvm/ADT/DenseMap.h"
#include "mlir/IR/Block.h"
#include "mlir/IR/Operation.h"

namespace lamina {

using kernel::getRoot;

/// Last uses in one block, as positions of its ops. A use by a reshape is the
/// last use of that; one inside of a loop is a use by the loop.
class BlockLiveness {
public:
  explicit BlockLiveness(mlir::Block &block);
  unsigned getPosition(mlir::Operation *op) const {
    return positions.lookup(op);
  }
  unsigned getLastUse(mlir::Value value) const;

private:
  mlir::Block &block;
  llvm::DenseMap<mlir::Operation *, unsigned> positions;
  mutable llvm::DenseMap<mlir::Value, unsigned> lastUses;
};

} // namespace lamina

#endif // LAMINA_PASSES_KERNEL_LIVENESS_H
