// SPDX-License-Identifier: Apache-2.0
//
// Whether an output may take an input's place.

#include "passes/Kernel/InPlace.h"

#include "mlir/Dialect/Linalg/IR/Linalg.h"

using namespace mlir;
using namespace lamina;

/// Whether the operand is read or written once at each index of its tensor, in
/// the order of the generic's loops.
static bool isElementwise(OpOperand &operand) {
  auto generic = dyn_cast<linalg::GenericOp>(operand.getOwner());
  return generic && generic.getMatchingIndexingMap(&operand).isIdentity();
}

/// A contraction keeps its sums apart until the epilogue has read what it adds
/// to them, so an operand of the epilogue may stand where the result goes.
static bool isReadByEpilogue(BlockArgument read) {
  return llvm::all_of(read.getUses(), [](OpOperand &use) {
    auto generic = dyn_cast<linalg::GenericOp>(use.getOwner());
    return generic && isElementwise(use) &&
           generic.getNumParallelLoops() == generic.getNumLoops();
  });
}

bool lamina::mayShareBuffer(kernel::FuncOp func, unsigned in, unsigned out) {
  BlockArgument read = func.getInArgs()[in], written = func.getOutArgs()[out];
  if (read.getType() != written.getType() ||
      func.getShape(in) != func.getShape(func.getInArgs().size() + out))
    return false;
  // An out is used once: what writes it gives the next version of it.
  if (!written.hasOneUse())
    return false;
  OpOperand &write = *written.use_begin();
  if (func.getKind() == kernel::Kind::Contract &&
      isa<linalg::FillOp>(write.getOwner()))
    return isReadByEpilogue(read);
  if (!isElementwise(write))
    return false;
  auto writer = cast<linalg::GenericOp>(write.getOwner());
  if (writer.getNumParallelLoops() != writer.getNumLoops())
    return false;
  return llvm::all_of(read.getUses(), [&](OpOperand &use) {
    return isElementwise(use) && (use.getOwner() == writer.getOperation() ||
                                  use.getOwner()->isBeforeInBlock(writer));
  });
}
