// SPDX-License-Identifier: Apache-2.0
//
// A product of matrices in tiles.
//
// A block of 16 × 16 threads makes 64 × 64 numbers of the result, four by four
// a thread, from tiles of both operands in shared memory. Operands are read
// through their views (padded, sliced, computed), so convolutions come here,
// too, and as f32, whatever they are stored as. Ops behind the product run on
// the tile before it is stored.

#ifndef LAMINA_BACKENDS_GPU_TILEEMITTER_H
#define LAMINA_BACKENDS_GPU_TILEEMITTER_H

#include "backends/GPU/ContractTiles.h"

namespace lamina::gpu {

class TileEmitter : public DeviceEmitter {
public:
  TileEmitter(const KernelBody &body, cpu::ContractForm form)
      : tiles(body, std::move(form)) {}

  unsigned threads() const override { return 256; }
  /// For more, some versions of ptxas would spill the sums of a tile.
  unsigned blocksAtOnce() const override { return 2; }
  llvm::Value *emitBlocks(Frame &frame) override;
  llvm::Value *emitScratch(Frame &frame) override { return frame.b.index(0); }
  mlir::LogicalResult emitThread(Frame &frame, llvm::Value *scratch) override;

private:
  /// One operand: its loops beside k, where its tile begins, its place in
  /// shared memory.
  struct Side {
    mlir::OpOperand *operand;
    llvm::ArrayRef<unsigned> loops;
    llvm::Value *first, *size;
    llvm::Value *tile;
  };

  void fillTile(Frame &frame, const Side &side, const cpu::Coordinates &batch,
                llvm::Value *k, llvm::Value *sizeOfK, cpu::Evaluator &block);
  cpu::Values multiplyTiles(Frame &frame, const Side &a, const Side &b,
                            cpu::Values sums);
  void keepSums(Frame &frame, llvm::Value *memory, cpu::ValueRange sums);
  void finishTile(Frame &frame, const TilePlace &place, llvm::Value *memory,
                  cpu::Evaluator &block);

  ContractTiles tiles;
};

} // namespace lamina::gpu

#endif // LAMINA_BACKENDS_GPU_TILEEMITTER_H
