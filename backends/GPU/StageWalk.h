// SPDX-License-Identifier: Apache-2.0
//
// The stages of one group, one iteration at a time.
//
// What every emitter of loops does inside its innermost loop: evaluates each
// stage, stores elements, and hands on the running values of what is combined.

#ifndef LAMINA_BACKENDS_GPU_STAGEWALK_H
#define LAMINA_BACKENDS_GPU_STAGEWALK_H

#include "backends/CPU/Evaluator.h"
#include "backends/CPU/LoopProgram.h"
#include "backends/GPU/Team.h"

namespace lamina::gpu {

using cpu::CoordinateRange;
using cpu::Coordinates;
using cpu::Evaluator;
using cpu::Extent;
using cpu::Frame;
using cpu::Group;
using cpu::LoopBuilder;
using cpu::LoopProgram;
using cpu::Role;
using cpu::Stage;
using cpu::ValueRange;
using cpu::Values;

/// Numbers of one column that are summed before they join the total: long
/// chains lose digits.
constexpr int64_t chainLength = 64;

/// A result that is combined over loops that it lacks.
struct Sum {
  const Stage *stage;
  unsigned result;
  mlir::Operation *combiner; ///< null: the order is fixed
  mlir::Value value;
};

class StageWalk {
public:
  /// With `writer` all its members compute the same, and the first one stores;
  /// without, each thread stores what it computes. `width` neighbours of the
  /// last loop are taken at once, and sums are lanes then.
  StageWalk(Frame &frame, const Group &group, Team *writer = nullptr,
            unsigned width = 1);

  llvm::ArrayRef<Sum> sums() const { return all; }
  /// The sizes of the loops, which all stages share.
  llvm::ArrayRef<Extent> domain() const { return loops; }
  bool isReduced(unsigned loop) const { return reducedLoops[loop]; }

  /// What the sums start from: numbers that change nothing, or what the op
  /// starts from at `at`.
  Values neutral();
  Values before(CoordinateRange at, Evaluator &evaluator);
  Values combine(ValueRange x, ValueRange y);
  /// One iteration of all stages; returns the sums behind it.
  Values run(CoordinateRange at, ValueRange running, Evaluator &evaluator);
  /// One stage without sums, whose results `evaluator` knows from now on.
  void runStage(const Stage &stage, CoordinateRange at, Evaluator &evaluator) {
    Values none;
    runStage(stage, at, none, evaluator);
  }
  /// Runs the reduced loops with numbers in `which`, in order, inside `at`.
  Values reduce(llvm::ArrayRef<unsigned> which, Coordinates at, Values running,
                Evaluator &evaluator);
  /// All of the sums at `at`, by one thread. Where the order is free, the
  /// outermost of the reduced loops is cut into chains.
  Values sum(const Coordinates &at, Evaluator &evaluator);
  /// Numbers from lanes, in a fixed tree.
  Values joinLanes(ValueRange lanes);
  /// Makes `totals` known at `at`, and stores those that have a place.
  void finish(ValueRange totals, CoordinateRange at, Evaluator &evaluator);

  /// The first op that has no form.
  mlir::Operation *failedOp() const { return failure; }

private:
  void runStage(const Stage &stage, CoordinateRange at, Values &running,
                Evaluator &evaluator);
  void store(mlir::Value value, CoordinateRange at, llvm::Value *number,
             Evaluator &evaluator);
  unsigned numberOf(const Stage &stage, unsigned result) const;

  Frame &frame;
  LoopBuilder &b;
  const Group &group;
  Team *writer;
  unsigned width;
  llvm::SmallVector<Sum> all;
  llvm::ArrayRef<Extent> loops;
  llvm::SmallBitVector reducedLoops;
  mlir::Operation *failure = nullptr;
};

} // namespace lamina::gpu

#endif // LAMINA_BACKENDS_GPU_STAGEWALK_H
