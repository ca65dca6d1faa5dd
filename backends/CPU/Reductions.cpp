// SPDX-License-Identifier: Apache-2.0
//
// Running values and how they end.
//
// The part of GroupEmitter that knows what a sum starts from and how its
// partial values are combined.

#include "backends/CPU/GroupEmitter.h"
#include "backends/CPU/ScalarOps.h"

#include "llvm/ADT/StringSwitch.h"

using namespace llvm;

namespace lamina::cpu {

Value *GroupEmitter::neutral(const Sum &sum) {
  mlir::Type type =
      mlir::cast<mlir::ShapedType>(sum.value.getType()).getElementType();
  Type *number = registerType(type, b.getContext());
  if (!sum.combiner)
    return Constant::getNullValue(number);
  StringRef name = sum.combiner->getName().stripDialect();
  if (number->isFloatingPointTy()) {
    if (name == "addf")
      // -0 + x is x for every x; 0 + -0 is not.
      return ConstantFP::getNegativeZero(number);
    if (name == "mulf")
      return ConstantFP::get(number, 1.0);
    return ConstantFP::getInfinity(number, name.starts_with("max"));
  }
  unsigned bits = number->getIntegerBitWidth();
  APInt value = StringSwitch<APInt>(name)
                    .Case("muli", APInt(bits, 1))
                    .Cases({"andi", "minui"}, APInt::getAllOnes(bits))
                    .Case("maxsi", APInt::getSignedMinValue(bits))
                    .Case("minsi", APInt::getSignedMaxValue(bits))
                    .Default(APInt::getZero(bits));
  return ConstantInt::get(number, value);
}

Values GroupEmitter::startSums(unsigned slots, bool asNumbers) {
  Values sums;
  for (const Sum &sum : reductions)
    for (unsigned slot = 0; slot < slots; ++slot)
      sums.push_back(asNumbers ? neutral(sum) : b.splat(neutral(sum), width));
  return sums;
}

Value *GroupEmitter::combine(const Sum &sum, Value *x, Value *y) {
  return ScalarOps(b, width).emit(sum.combiner, {x, y}).front();
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
