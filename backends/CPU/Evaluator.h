// SPDX-License-Identifier: Apache-2.0
//
// The value of a tensor at an index.
//
// Tensors that are not in memory are functions of their index: a fill, a padded
// or sliced view, the result of a parallel linalg op. The evaluator computes
// them where they are read, on one element or on lanes of neighbouring ones.

#ifndef LAMINA_BACKENDS_CPU_EVALUATOR_H
#define LAMINA_BACKENDS_CPU_EVALUATOR_H

#include "backends/CPU/Frame.h"

namespace lamina::cpu {

/// An index on lanes: lane i has base + i · step, or base + pattern[i] where
/// lanes run over two loops. A base that is a vector has an index of its own
/// for each lane, and step 0.
struct Coordinate {
  llvm::Value *base = nullptr;
  int64_t step = 0;
  llvm::Constant *pattern = nullptr; ///< no multiple of the lane; step is 0

  bool isVector() const { return base->getType()->isVectorTy(); }
  bool isUniform() const { return step == 0 && !pattern && !isVector(); }
  bool operator==(const Coordinate &other) const {
    return base == other.base && step == other.step && pattern == other.pattern;
  }
};

using Coordinates = llvm::SmallVector<Coordinate, 4>;
using CoordinateRange = llvm::ArrayRef<Coordinate>;

class Evaluator {
public:
  /// Evaluates on `width` lanes, of which those with a zero in `mask` are not
  /// to be touched (null: all are). What does not depend on the lanes nor on
  /// the loops entered since `outer` was made is computed once, outside of
  /// them.
  Evaluator(Frame &frame, unsigned width, llvm::Value *mask = nullptr,
            Evaluator *outer = nullptr);

  /// The elements of `tensor`: a number if all of `at` is uniform, else lanes.
  llvm::Value *read(mlir::Value tensor, CoordinateRange at);
  /// What the region of `op` yields in one iteration. `before` gives the values
  /// of the init operands; where it is null or gives null they are read.
  Values evaluate(mlir::linalg::LinalgOp op, CoordinateRange iteration,
                  llvm::function_ref<llvm::Value *(unsigned)> before = nullptr);
  void write(const Storage &where, CoordinateRange at, llvm::Value *value);
  llvm::Value *load(const Storage &where, CoordinateRange at);

  /// From now on `tensor` at this index is `value`.
  void remember(mlir::Value tensor, CoordinateRange at, llvm::Value *value);
  /// Values are computed for readers further inside at the end of the block in
  /// which the builder stands now.
  void setAnchor() { anchor = b.GetInsertBlock(); }

  Coordinates map(mlir::AffineMap map, CoordinateRange iteration);
  Coordinate map(mlir::AffineExpr expression, CoordinateRange iteration);

  /// The first op that could not be emitted, here or further inside.
  mlir::Operation *failedOp() const { return failure; }

  /// The element of `where` at an index, counted from its base.
  Coordinate offset(const Storage &where, CoordinateRange at);
  /// The quotient, rounded down, or the remainder, never negative.
  Coordinate divided(Coordinate x, llvm::Value *by, bool isRemainder);
  /// Lane i has base + offsets[i].
  Coordinate patterned(llvm::Value *base, llvm::ArrayRef<int64_t> offsets);

private:
  struct Known {
    Coordinates at;
    llvm::Value *value;
  };

  llvm::Value *lookup(mlir::Value tensor, CoordinateRange at);
  bool isOutside(CoordinateRange at);
  llvm::Value *compute(mlir::Value tensor, CoordinateRange at);
  llvm::Value *readLinalg(mlir::linalg::LinalgOp op, unsigned result,
                          CoordinateRange at);
  llvm::Value *readPadded(mlir::tensor::PadOp op, CoordinateRange at);
  llvm::Value *readSlice(mlir::tensor::ExtractSliceOp op, CoordinateRange at);
  llvm::Value *readReshaped(mlir::Value source, mlir::Value shaped,
                            llvm::ArrayRef<mlir::ReassociationIndices> groups,
                            bool collapsed, CoordinateRange at);
  llvm::Value *readInserted(mlir::tensor::InsertSliceOp op, CoordinateRange at);
  llvm::Value *unsupported(mlir::Operation *op);

  Coordinate add(Coordinate x, Coordinate y);
  Coordinate scaled(Coordinate x, llvm::Value *factor);
  Coordinate constant(int64_t value) { return {b.index(value), 0}; }
  llvm::Value *lanes(Coordinate x);
  llvm::SmallVector<int64_t> offsets(Coordinate x) const;
  llvm::Type *accessTypeOf(const Storage &where);
  llvm::Value *loadNear(llvm::Type *element, llvm::Value *base, Coordinate at,
                        llvm::Align align);
  llvm::Value *inside(Coordinate x, llvm::Value *size);

  friend class RegionWalk;

  Frame &frame;
  LoopBuilder &b;
  unsigned width;
  llvm::Value *mask;
  Evaluator *outer;
  llvm::BasicBlock *anchor = nullptr;
  mlir::Operation *failure = nullptr;
  llvm::DenseMap<mlir::Value, llvm::SmallVector<Known, 1>> known;
};

/// The indices of element `number` of a dense tensor of these sizes.
Coordinates splitIndex(Frame &frame, llvm::ArrayRef<Extent> domain,
                       llvm::Value *number);

} // namespace lamina::cpu

#endif // LAMINA_BACKENDS_CPU_EVALUATOR_H
