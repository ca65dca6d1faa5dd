// SPDX-License-Identifier: Apache-2.0
//
// One operand's tile in shared memory, as the copy engine brings it and wgmma
// takes it.
//
// A tile has `length` rows (of the left operand; columns of the right one) and
// 64 numbers of k. It keeps the order of its tensor: with k last it is lines of
// 128 bytes, a line a row; else it is blocks of 64 rows, a line a number of k.
// Chunks of 16 bytes are mixed in groups of eight lines, which is what both
// sides call the swizzle of 128 bytes.

#ifndef LAMINA_BACKENDS_GPU_BOXEDOPERAND_H
#define LAMINA_BACKENDS_GPU_BOXEDOPERAND_H

#include "backends/GPU/ContractTiles.h"
#include "backends/GPU/TensorMap.h"

namespace lamina::gpu {

class BoxedOperand {
public:
  static constexpr int64_t depth = 64; ///< numbers of k in a tile

  /// The operand in tiles of `length`; nothing if the copy engine cannot read
  /// it: it must be in memory, with rows and k on one axis each (or on
  /// neighbours that are one), one of them last, all strides but that one known
  /// multiples of 16 bytes.
  static std::optional<BoxedOperand> match(const KernelBody &body,
                                           const cpu::ContractForm &form,
                                           mlir::OpOperand *operand,
                                           llvm::ArrayRef<unsigned> loops,
                                           int64_t length);

  const TensorMap &map() const { return tensor; }
  int64_t bytes() const { return length * depth * 2; }

  /// Begins to copy the tile at (row, k) to `memory`, by one thread; `barrier`
  /// counts the bytes. `descriptor` is the encoded map.
  void copy(Frame &frame, llvm::Value *memory, llvm::Value *barrier,
            llvm::Value *descriptor, llvm::Value *row, llvm::Value *k,
            const cpu::Coordinates &batch) const;
  /// What wgmma takes for 16 numbers of k from `k` on, of the rows from `row`
  /// on, a multiple of 64.
  llvm::Value *matrix(LoopBuilder &b, llvm::Value *memory, llvm::Value *row,
                      int64_t k) const;
  /// Whether k is not last, which wgmma calls transposed.
  bool isTransposed() const { return !alongK; }

private:
  /// What the index along an axis of the map is.
  enum class Kind { Row, K, Batch, First };
  struct Index {
    Kind kind;
    unsigned loop; ///< of the batch
  };

  bool readAxes(const KernelBody &body, const cpu::ContractForm &form,
                mlir::OpOperand *operand, llvm::ArrayRef<unsigned> loops);
  bool setBoxes();

  TensorMap tensor;
  llvm::SmallVector<Index> indices; ///< as the map's axes
  int64_t length = 0;
  bool alongK = false;
};

} // namespace lamina::gpu

#endif // LAMINA_BACKENDS_GPU_BOXEDOPERAND_H
