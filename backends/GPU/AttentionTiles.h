// SPDX-License-Identifier: Apache-2.0
//
// Products of tiles in shared memory.
//
// What the kernels of attention are made of. A block keeps a tile of rows and
// walks tiles of columns; sixteen threads share four rows, so what is folded
// along a row stays within half a warp.

#ifndef LAMINA_BACKENDS_GPU_ATTENTIONTILES_H
#define LAMINA_BACKENDS_GPU_ATTENTIONTILES_H

#include "backends/GPU/AttentionBlocks.h"
#include "backends/GPU/Threads.h"

namespace lamina::gpu {

/// Rows of numbers in shared memory, with zeros up to a multiple of four.
struct Tile {
  llvm::Value *base;
  int64_t rows, width;

  static int64_t padded(int64_t width) { return (width + 3) / 4 * 4; }
  /// Four more than a row has, so that threads with neighbouring rows read from
  /// other banks.
  int64_t pitch() const { return padded(width) + 4; }
  static int64_t bytes(int64_t rows, int64_t width) {
    return rows * (padded(width) + 4) * 4;
  }
};

class TileTeam {
public:
  static constexpr int64_t rowsOfThread = 4, threadsOfRow = 16;
  static unsigned threadsOf(TileShape shape) {
    return unsigned(shape.rows / rowsOfThread * threadsOfRow);
  }

  TileTeam(LoopBuilder &builder, TileShape shape);

  /// The i-th row and the j-th column of this thread's part of a product.
  llvm::Value *row(int64_t i);
  llvm::Value *column(int64_t j);
  int64_t columns() const { return shape.columns / threadsOfRow; }
  /// The first thread of a row.
  llvm::Value *isFirstOfRow();

  Tile allocate(int64_t rows, int64_t width, const llvm::Twine &name);
  /// Fills a tile with the rows from `first` on; `read` gives a number, and is
  /// asked for none behind `count`.
  void
  fill(const Tile &tile, llvm::Value *first, llvm::Value *count,
       llvm::function_ref<llvm::Value *(llvm::Value *, llvm::Value *)> read);
  void wait() { threads.waitForBlock(); }

  /// x · yᵀ, for x with the rows of the shape and y with its columns: a number
  /// for each row and column of this thread, rows first.
  Values multiply(const Tile &x, const Tile &y);
  /// Puts numbers as `multiply` gives them into a tile, for `accumulate` by the
  /// threads of the same rows.
  void put(const Tile &weights, ValueRange numbers);
  void waitForRow() { threads.waitForWarp(); }

  /// sums + weights · y, with `parts(y)` times four sums for each row.
  Values accumulate(const Tile &weights, const Tile &y, ValueRange sums);
  static int64_t parts(const Tile &y) {
    return (Tile::padded(y.width) + 63) / 64;
  }
  Values zeroSums(const Tile &y);
  /// Calls `write` with row, column and number of each sum that exists.
  void forEachSum(
      const Tile &y, ValueRange sums,
      llvm::function_ref<void(int64_t, llvm::Value *, llvm::Value *)> write);

  /// The largest, or the sum, of what the threads of a row have: all get it.
  llvm::Value *largestOfRow(llvm::Value *x) {
    return threads.largest(x, unsigned(threadsOfRow));
  }
  llvm::Value *sumOfRow(llvm::Value *x) {
    return threads.sum(x, unsigned(threadsOfRow));
  }

private:
  llvm::Value *load(const Tile &tile, llvm::Value *row, llvm::Value *column);
  llvm::Value *address(const Tile &tile, llvm::Value *row, llvm::Value *column);
  llvm::Value *partColumn(int64_t part);
  llvm::Value *multiplyAdd(llvm::Value *x, uint64_t i, llvm::Value *y,
                           uint64_t j, llvm::Value *sum);

  LoopBuilder &b;
  Threads threads;
  TileShape shape;
  llvm::Value *thread, *group, *member;
};

} // namespace lamina::gpu

#endif // LAMINA_BACKENDS_GPU_ATTENTIONTILES_H
