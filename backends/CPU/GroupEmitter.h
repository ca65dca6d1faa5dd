// SPDX-License-Identifier: Apache-2.0
//
// One pass over a row.
//
// Emits the stages of one group for one row. Sums along the lanes keep four
// vectors of partial sums and end in a fixed tree, so their order depends on
// the length of the row only.

#ifndef LAMINA_BACKENDS_CPU_GROUPEMITTER_H
#define LAMINA_BACKENDS_CPU_GROUPEMITTER_H

#include "backends/CPU/Evaluator.h"
#include "backends/CPU/LoopProgram.h"

namespace lamina::cpu {

class GroupEmitter {
public:
  GroupEmitter(Frame &frame, const LoopProgram &program, const Group &group,
               unsigned lanes, Evaluator &row, CoordinateRange rowAt);

  /// Emits the lanes [lo, hi) of the last loop; null for all of them.
  mlir::LogicalResult emit(llvm::Value *lo, llvm::Value *hi);

private:
  /// One reduced result and its running values.
  struct Sum {
    const Stage *stage;
    unsigned result;
    mlir::Operation *combiner; ///< null: the order is fixed
    mlir::Value value;
  };
  using Continue = llvm::function_ref<void(Coordinates, Evaluator &)>;
  using Body = llvm::function_ref<void(llvm::Value *base, llvm::Value *mask,
                                       unsigned slot, Values &sums)>;

  void emitRowNumbers();
  void emitSuffix(llvm::Value *lo, llvm::Value *hi);
  std::pair<llvm::SmallVector<unsigned>, llvm::SmallVector<unsigned>>
  splitLoops() const;
  void setPairs(Coordinates &at, llvm::Value *base, Evaluator &evaluator);
  void emitColumns(llvm::Value *lo, llvm::Value *hi);
  void nest(llvm::ArrayRef<unsigned> loops, Coordinates at, Evaluator &level,
            Continue inside);
  Values reduceLoops(llvm::ArrayRef<unsigned> loops, Coordinates at,
                     Values sums, Evaluator &level,
                     llvm::function_ref<Values(Coordinates, Values)> inside);
  Values emitLanes(llvm::Value *lo, llvm::Value *hi, unsigned unroll,
                   Values sums, Body body);
  Values emitChunks(llvm::Value *lo, llvm::Value *hi, unsigned unroll,
                    Values totals, Body body);
  void emitColumnBlock(Coordinates at, llvm::Value *base, unsigned slots,
                       llvm::Value *mask, Evaluator &level);
  Values reduceColumns(llvm::ArrayRef<Coordinates> at, llvm::Value *mask,
                       Values sums, Evaluator &level);
  void emitStages(Coordinates at, llvm::Value *mask, unsigned slot,
                  unsigned slots, Values &sums, Evaluator &level);
  void emitStage(const Stage &stage, CoordinateRange at, unsigned slot,
                 unsigned slots, llvm::Value *mask, Values &sums,
                 Evaluator &lane);

  Values startSums(unsigned slots, bool asNumbers);
  void finishSums(Values sums, unsigned slots, Coordinates at,
                  Evaluator &level);
  llvm::Value *neutral(const Sum &sum);
  /// The value that the sum starts from, at the iteration `at`.
  llvm::Value *before(const Sum &sum, CoordinateRange at, Evaluator &level);
  llvm::Value *combine(const Sum &sum, llvm::Value *x, llvm::Value *y);
  llvm::Value *fold(const Sum &sum, ValueRange vectors);
  void store(mlir::Value value, CoordinateRange at, llvm::Value *number,
             Evaluator &level);
  void noteFailure(const Evaluator &evaluator);
  bool isShort() const;
  unsigned unrollOf(llvm::Value *lo, llvm::Value *hi) const;

  Frame &frame;
  LoopBuilder &b;
  const LoopProgram &program;
  const Group &group;
  unsigned width;
  Evaluator &row;
  CoordinateRange rowAt;
  llvm::ArrayRef<Extent> domain;
  llvm::SmallVector<Sum> reductions;
  unsigned laneLoop = 0;
  bool areNumbers = false; ///< the sums are numbers, not lanes
  mlir::Operation *failure = nullptr;
};

} // namespace lamina::cpu

#endif // LAMINA_BACKENDS_CPU_GROUPEMITTER_H
