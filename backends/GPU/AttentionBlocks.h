// SPDX-License-Identifier: Apache-2.0
//
// What a block of attention has to do.
//
// Which queries or keys it has and which it walks, and what becomes of a tile
// of products: scores, hidden ones among them, and their adjoints. The same
// whoever multiplies, on whichever numbers of a tile a thread has.

#ifndef LAMINA_BACKENDS_GPU_ATTENTIONBLOCKS_H
#define LAMINA_BACKENDS_GPU_ATTENTIONBLOCKS_H

#include "backends/CPU/AttentionCode.h"

namespace lamina::gpu {

/// How much a block has at once: both multiples of 16.
struct TileShape {
  int64_t rows, columns;
};

/// The queries of a block, all of one head, and the keys that they see, from
/// the beginning of a tile on.
struct QueryBlock {
  llvm::Value *first, *last;
  llvm::Value *low, *high;
};

/// What a thread keeps of its rows while it walks over keys: what the weights
/// are taken relative to (the largest score, or a power of two), their sum, and
/// the weighted values.
struct RunningRows {
  cpu::Values relativeTo, sums, values;

  cpu::Values joined() const;
  static RunningRows split(cpu::ValueRange all, size_t rows);
};

class AttentionBlocks {
public:
  AttentionBlocks(cpu::LoopBuilder &builder, cpu::AttentionCode &code,
                  TileShape shape)
      : b(builder), code(code), shape(shape) {}

  /// Blocks of queries of all heads, and of keys of all groups.
  llvm::Value *countQueries();
  llvm::Value *countKeys();
  /// From here on rows are those of block `number`.
  QueryBlock enterQueries(llvm::Value *number);
  /// The same for keys of group `group`; gives the first one.
  llvm::Value *enterKeys(llvm::Value *number, llvm::Value *&group);

  /// The last query of a tile that begins at `first` and has `count`.
  llvm::Value *lastQuery(llvm::Value *first, int64_t count);
  /// Whether a query of the tile of columns at `first` sees one of the rows of
  /// keys from `firstKey` on, and whether all of them see all.
  llvm::Value *isSeen(llvm::Value *first, llvm::Value *firstKey);
  llvm::Value *isSeenWholly(llvm::Value *first, llvm::Value *firstKey);

  /// Scores of products, -inf where they are hidden in a tile that is not
  /// `isFull`.
  cpu::Values score(cpu::ValueRange products, llvm::ArrayRef<cpu::Element> at,
                    llvm::Value *isFull);

  /// Numbers of the row that each element is in.
  struct RowNumbers {
    cpu::Values statistics, means;
  };
  struct Pulled {
    cpu::Values weights, products;
  };
  /// Weights of elements and the adjoints of their products, from the products
  /// and the adjoints of the weights.
  Pulled pullBack(mlir::Block &gradient, cpu::ValueRange products,
                  cpu::ValueRange pulled, llvm::ArrayRef<cpu::Element> at,
                  const RowNumbers &rows, llvm::Value *isFull);
  /// A number of a row; behind the last one that of the last.
  llvm::Value *readRow(mlir::Value tensor, llvm::Value *row);

private:
  cpu::LoopBuilder &b;
  cpu::AttentionCode &code;
  TileShape shape;
};

} // namespace lamina::gpu

#endif // LAMINA_BACKENDS_GPU_ATTENTIONBLOCKS_H
