// SPDX-License-Identifier: Apache-2.0
//
// Sums on their way from fragments to rows.
//
// A band of rows of a tile in shared memory as f32. Warps put down the sums
// that they hold in fragments; then threads take them up row by row, so that
// what follows a product reads and writes neighbours.

#ifndef LAMINA_BACKENDS_GPU_SUMBAND_H
#define LAMINA_BACKENDS_GPU_SUMBAND_H

#include "backends/GPU/ContractTiles.h"

namespace lamina::gpu {

class SumBand {
public:
  SumBand(int64_t rows, int64_t columns) : rows(rows), columns(columns) {}

  int64_t bytes() const { return rows * pitch() * 4; }

  /// Puts down `sums`, blocks of 16 × 8 that are `across` columns wide in all,
  /// at column `column` of the band at `memory`.
  void keep(LoopBuilder &b, llvm::Value *memory, llvm::Value *column,
            int64_t across, cpu::ValueRange sums) const;
  /// The number at (row, column) of the band.
  llvm::Value *load(LoopBuilder &b, llvm::Value *memory, llvm::Value *row,
                    llvm::Value *column) const;
  /// Finishes the band, whose first row is `row` of the result, by `threads`
  /// threads of which this one is number `thread`.
  void finish(Frame &frame, ContractTiles &tiles, const TilePlace &place,
              llvm::Value *memory, llvm::Value *row, llvm::Value *thread,
              unsigned threads, cpu::Evaluator &block) const;

private:
  /// Eight numbers more than a row has, so that the rows of a fragment are
  /// stored to different banks.
  int64_t pitch() const { return columns + 8; }

  int64_t rows, columns;
};

} // namespace lamina::gpu

#endif // LAMINA_BACKENDS_GPU_SUMBAND_H
