// SPDX-License-Identifier: Apache-2.0
//
// How partial results become one.

#include "backends/CPU/Combination.h"

#include "backends/CPU/ScalarOps.h"

#include "llvm/ADT/StringSwitch.h"

using namespace llvm;

namespace lamina::cpu {

Value *neutralElement(mlir::Operation *combiner, Type *number) {
  if (!combiner)
    return Constant::getNullValue(number);
  StringRef name = combiner->getName().stripDialect();
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

Value *combine(LoopBuilder &b, unsigned width, mlir::Operation *combiner,
               Value *x, Value *y) {
  return ScalarOps(b, width).emit(combiner, {x, y}).front();
}

} // namespace lamina::cpu
