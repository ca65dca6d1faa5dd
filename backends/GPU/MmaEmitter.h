// SPDX-License-Identifier: Apache-2.0
//
// A product of bf16 on tensor cores, for sm_80 and later.
//
// A block makes a tile of the result from tiles of both operands, which stand
// in a ring of stages in shared memory: while one stage is multiplied, the next
// ones are on their way (cp.async). A warp makes its part of the tile with
// mma.sync, in registers. Then the tile goes through shared memory, a band of
// rows at a time, so that what follows the product runs on rows in order.

#ifndef LAMINA_BACKENDS_GPU_MMAEMITTER_H
#define LAMINA_BACKENDS_GPU_MMAEMITTER_H

#include "backends/GPU/ContractTiles.h"
#include "backends/GPU/OperandTile.h"

namespace lamina::gpu {

/// The tile of a block, and of a warp in it.
struct MmaShape {
  int64_t rows, columns;
  int64_t warpRows, warpColumns;

  int64_t warpsAcross() const { return columns / warpColumns; }
  int64_t warpsDown() const { return rows / warpRows; }
};

class MmaEmitter : public DeviceEmitter {
public:
  /// Whether both operands are bf16; any other product is f32's.
  static bool takes(const cpu::ContractForm &form) {
    return form.narrowOperands() == 2;
  }

  MmaEmitter(const KernelBody &body, cpu::ContractForm form);

  unsigned threads() const override {
    return warpThreads * unsigned(shape.warpsAcross() * shape.warpsDown());
  }
  unsigned blocksAtOnce() const override { return 2; }
  llvm::Value *emitBlocks(Frame &frame) override;
  llvm::Value *emitScratch(Frame &frame) override { return frame.b.index(0); }
  mlir::LogicalResult emitThread(Frame &frame, llvm::Value *scratch) override;

private:
  /// What one thread's code refers to throughout.
  struct Work {
    TilePlace place;
    llvm::Value *memory;
    llvm::Value *sizeOfK;
    llvm::Value *warpRow, *warpColumn; ///< in the tile
    cpu::Evaluator &block;
  };

  int64_t stageBytes() const { return a.bytes() + c.bytes(); }
  void fillStage(Frame &frame, const Work &work, llvm::Value *stage,
                 llvm::Value *k);
  cpu::Values emitSums(Frame &frame, const Work &work);
  cpu::Values multiplyStage(Frame &frame, const Work &work, llvm::Value *stage,
                            cpu::Values sums) const;

  ContractTiles tiles;
  MmaShape shape;
  OperandTile a, c;
};

} // namespace lamina::gpu

#endif // LAMINA_BACKENDS_GPU_MMAEMITTER_H
