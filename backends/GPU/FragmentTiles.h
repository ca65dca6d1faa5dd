// SPDX-License-Identifier: Apache-2.0
//
// Products of tiles of bf16 on tensor cores.
//
// What the kernels of attention in bf16 are made of. A block keeps a tile of
// rows, 16 for each warp, and walks tiles of columns; four threads share a row.
// What a product leaves in registers becomes a factor of the next one without
// going through memory.

#ifndef LAMINA_BACKENDS_GPU_FRAGMENTTILES_H
#define LAMINA_BACKENDS_GPU_FRAGMENTTILES_H

#include "backends/GPU/AttentionBlocks.h"
#include "backends/GPU/TensorCore.h"
#include "backends/GPU/Threads.h"

namespace lamina::gpu {

/// Rows of bf16 in shared memory, with zeros up to a multiple of 16.
struct NarrowTile {
  int64_t rows, width;
  llvm::Value *base = nullptr;

  int64_t padded() const { return (width + 15) / 16 * 16; }
  /// An odd number of chunks of 16 bytes: eight rows at one column are in
  /// different banks, and no address depends on the row but by a constant.
  int64_t pitch() const { return padded() + 8; }
  int64_t bytes() const { return rows * pitch() * 2; }
  NarrowTile at(llvm::Value *base) const { return {rows, width, base}; }
};

/// An operand of attention, row by row: of queries of the present head, or of
/// keys of the present group.
struct RowSource {
  mlir::Value tensor;
  bool ofKeys;
};

class FragmentTeam {
public:
  static constexpr int64_t rowsOfWarp = 16, threadsOfRow = 4, rowsOfThread = 2;
  static unsigned threadsOf(TileShape shape) {
    return unsigned(shape.rows / rowsOfWarp * warpThreads);
  }
  /// Bytes that `forEachSum` needs for rows of `width` numbers.
  static int64_t bandBytes(TileShape shape, int64_t width);

  FragmentTeam(cpu::LoopBuilder &builder, cpu::AttentionCode &code,
               TileShape shape);

  /// A product is a number for each element of the tile that the thread has:
  /// two neighbours of a row, two of the row eight further down, and so on for
  /// every eight columns.
  size_t count() const { return size_t(shape.columns) / 2; }
  static unsigned rowOf(size_t n) { return n / 2 % 2; }
  llvm::Value *row(unsigned i);
  llvm::Value *column(size_t n);
  /// The first thread of a row.
  llvm::Value *isFirstOfRow();

  /// Begins to fill a tile with rows from `first` on, with zeros behind the
  /// end: copied beside the threads where they are in memory in chunks.
  void fill(const NarrowTile &tile, RowSource from, llvm::Value *first);

  /// The warp's rows as the left factor of products: the 16 numbers of each at
  /// `from`, four words, or all of them.
  cpu::Values fragments(const NarrowTile &x, int64_t from);
  cpu::Values fragments(const NarrowTile &x);
  /// x · yᵀ, for y with the columns of the shape; x as fragments, or loaded
  /// step by step where registers are short.
  cpu::Values multiply(cpu::ValueRange x, const NarrowTile &y);
  cpu::Values multiply(const NarrowTile &x, const NarrowTile &y);
  /// Numbers as `multiply` gives them, rounded, as a left factor.
  cpu::Values rounded(cpu::ValueRange numbers);
  /// sums + x · y, for y with the columns of the shape as rows.
  cpu::Values accumulate(cpu::ValueRange x, const NarrowTile &y,
                         cpu::ValueRange sums);
  cpu::Values zeroSums(const NarrowTile &y);
  /// Calls `write` with row, column and number of each sum, neighbours by
  /// neighbouring threads. `memory` is no longer read by anybody.
  void forEachSum(
      llvm::Value *memory, const NarrowTile &y, cpu::ValueRange sums,
      llvm::function_ref<void(llvm::Value *, llvm::Value *, llvm::Value *)>
          write);

  /// The largest, or the sum, of what the threads of a row have: all get it.
  llvm::Value *largestOfRow(llvm::Value *x) {
    return threads.largest(x, unsigned(threadsOfRow));
  }
  llvm::Value *sumOfRow(llvm::Value *x) {
    return threads.sum(x, unsigned(threadsOfRow));
  }

private:
  llvm::Value *address(const NarrowTile &tile, llvm::Value *row,
                       llvm::Value *column);
  llvm::Value *matrices(const NarrowTile &tile, int64_t row, int64_t column,
                        bool rowsFirst);
  void copyChunk(const cpu::Storage &from, bool ofKeys, llvm::Value *to,
                 llvm::Value *row, llvm::Value *column, int64_t width);
  void computeChunk(RowSource from, llvm::Value *to, llvm::Value *row,
                    llvm::Value *column, int64_t width);
  cpu::Values multiplyBlock(cpu::ValueRange x, cpu::ValueRange y,
                            cpu::ValueRange sums);
  cpu::Values
  multiplySteps(llvm::function_ref<cpu::Values(int64_t)> fragmentsFrom,
                const NarrowTile &y);

  cpu::LoopBuilder &b;
  cpu::AttentionCode &code;
  Threads threads;
  TensorCore core;
  TileShape shape;
  llvm::Value *thread, *warp, *lane;
};

} // namespace lamina::gpu

#endif // LAMINA_BACKENDS_GPU_FRAGMENTTILES_H
