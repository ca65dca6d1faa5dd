// SPDX-License-Identifier: Apache-2.0
//
// Running values and how they end.
//
// The part of GroupEmitter that knows what a sum starts from and how its
// partial values are combined.

#include "backends/CPU/Combination.h"
#include "backends/CPU/GroupEmitter.h"
#include "backends/CPU/ScalarOps.h"

using namespace llvm;

namespace lamina::cpu {

Value *GroupEmitter::neutral(const Sum &sum) {
  mlir::Type type =
      mlir::cast<mlir::ShapedType>(sum.value.getType()).getElementType();
  return neutralElement(sum.combiner, registerType(type, b.getContext()));
}

Values GroupEmitter::startSums(unsigned slots, bool asNumbers) {
  Values sums;
  for (const Sum &sum : reductions)
    for (unsigned slot = 0; slot < slots; ++slot)
      sums.push_back(asNumbers ? neutral(sum) : b.splat(neutral(sum), width));
  return sums;
}

Value *GroupEmitter::combine(const Sum &sum, Value *x, Value *y) {
  return cpu::combine(b, width, sum.combiner, x, y);
}

// The vectors in pairs, then halves of the last one.
Value *GroupEmitter::fold(const Sum &sum, ValueRange vectors) {
  Values level(vectors);
  while (level.size() > 1) {
    Values next;
    for (size_t i = 0; i + 1 < level.size(); i += 2)
      next.push_back(combine(sum, level[i], level[i + 1]));
    level = next;
  }
  Value *vector = level.front();
  if (!vector->getType()->isVectorTy())
    return vector;
  for (unsigned half = width / 2; half; half /= 2) {
    SmallVector<int> upper(width, PoisonMaskElem);
    for (unsigned lane = 0; lane < half; ++lane)
      upper[lane] = int(half + lane);
    vector = combine(sum, vector, b.CreateShuffleVector(vector, upper));
  }
  return b.CreateExtractElement(vector, uint64_t(0));
}

Value *GroupEmitter::before(const Sum &sum, CoordinateRange at,
                            Evaluator &level) {
  mlir::linalg::LinalgOp op = sum.stage->op;
  mlir::OpOperand *init = op.getDpsInitOperand(sum.result);
  return level.read(init->get(),
                    level.map(sum.stage->resultMap(sum.result), at));
}

void GroupEmitter::finishSums(Values sums, unsigned slots, Coordinates at,
                              Evaluator &level) {
  for (auto [number, sum] : enumerate(reductions)) {
    Value *total = sums[number * slots];
    if (!group.sequential) {
      total = fold(sum, ValueRange(sums).slice(number * slots, slots));
      total = combine(sum, before(sum, at, level), total);
    }
    store(sum.value, level.map(sum.stage->resultMap(sum.result), at), total,
          level);
  }
}

} // namespace lamina::cpu
