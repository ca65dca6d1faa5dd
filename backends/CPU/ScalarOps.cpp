// SPDX-License-Identifier: Apache-2.0
//
// Arith and math on lanes.

#include "backends/CPU/ScalarOps.h"

#include "backends/CPU/VectorMath.h"

#include "llvm/ADT/StringSwitch.h"
#include "mlir/Dialect/Arith/IR/Arith.h"

using namespace llvm;

namespace lamina::cpu {

Type *registerType(mlir::Type type, LLVMContext &context) {
  if (type.isIndex())
    return Type::getInt64Ty(context);
  if (auto integer = dyn_cast<mlir::IntegerType>(type))
    return Type::getIntNTy(context, integer.getWidth());
  if (type.isF64())
    return Type::getDoubleTy(context);
  if (type.isBF16())
    return Type::getBFloatTy(context);
  if (type.isF16())
    return Type::getHalfTy(context);
  assert(type.isF32() && "kernels have no other types of numbers");
  return Type::getFloatTy(context);
}

Type *memoryType(mlir::Type type, LLVMContext &context) {
  return type.isInteger(1) ? Type::getInt8Ty(context)
                           : registerType(type, context);
}

Type *ScalarOps::typeLike(mlir::Type type, Value *lanes) {
  Type *scalar = registerType(type, b.getContext());
  if (auto *vector = dyn_cast_or_null<VectorType>(lanes->getType()))
    return VectorType::get(scalar, vector->getElementCount());
  return scalar;
}

Values ScalarOps::emit(mlir::Operation *op, ValueRange operands) {
  bool isVector = any_of(
      operands, [](Value *value) { return value->getType()->isVectorTy(); });
  Values x(operands);
  if (isVector)
    for (Value *&value : x)
      value = b.splat(value, width);
  if (op->getNumResults() == 2)
    return emitExtendedProduct(op, x);
  if (Value *result = emitOne(op, x))
    return {result};
  return {};
}

Value *ScalarOps::emitOne(mlir::Operation *op, ValueRange x) {
  StringRef name = op->getName().stripDialect();
  if (op->getName().getDialectNamespace() == "math")
    return emitMath(op, name, x);
  if (name == "constant")
    return emitConstant(op);
  if (name == "select")
    return b.CreateSelect(x[0], x[1], x[2]);
  if (name == "cmpf" || name == "cmpi")
    return emitCompare(op, x);
  if (Value *result = emitFloat(op, name, x))
    return result;
  if (Value *result = emitInteger(op, name, x))
    return result;
  return emitConversion(op, name, x);
}

Value *ScalarOps::emitConstant(mlir::Operation *op) {
  mlir::TypedAttr value = cast<mlir::arith::ConstantOp>(op).getValue();
  Type *type = registerType(value.getType(), b.getContext());
  if (auto number = dyn_cast<mlir::FloatAttr>(value))
    return ConstantFP::get(type, number.getValue());
  if (auto number = dyn_cast<mlir::IntegerAttr>(value))
    return ConstantInt::get(type, number.getValue().getSExtValue(), true);
  return nullptr;
}

// Of equal numbers x; of a NaN the other one, or itself where NaNs are kept.
Value *ScalarOps::extremum(bool larger, bool keepNaN, Value *x, Value *y) {
  Value *takeY = larger ? b.CreateFCmpOLT(x, y) : b.CreateFCmpOGT(x, y);
  Value *result = b.CreateSelect(takeY, y, x);
  Value *nan = keepNaN ? y : x;
  return b.CreateSelect(b.CreateFCmpUNO(nan, nan), y, result);
}

Value *ScalarOps::emitFloat(mlir::Operation *op, StringRef name, ValueRange x) {
  if (name == "negf")
    return b.CreateFNeg(x[0]);
  if (x.size() != 2)
    return nullptr;
  if (name == "addf")
    return b.CreateFAdd(x[0], x[1]);
  if (name == "subf")
    return b.CreateFSub(x[0], x[1]);
  if (name == "mulf")
    return b.CreateFMul(x[0], x[1]);
  if (name == "divf")
    return b.CreateFDiv(x[0], x[1]);
  if (name == "remf")
    return emitLibraryCalls("fmod", x);
  bool larger = name == "maximumf" || name == "maxnumf";
  if (larger || name == "minimumf" || name == "minnumf")
    return extremum(larger, name.ends_with("mumf"), x[0], x[1]);
  return nullptr;
}

// A lane that is not active may hold any divisor; 0 and -1 with the smallest
// number trap, so both are taken out.
Value *ScalarOps::emitDivision(StringRef name, Value *x, Value *y) {
  bool isUnsigned = name.ends_with("ui");
  bool isRemainder = name.starts_with("rem");
  Value *divisor = y, *isMinusOne = nullptr;
  if (!isa<Constant>(y)) {
    Type *type = y->getType();
    Value *unsafe = b.CreateICmpEQ(y, ConstantInt::get(type, 0));
    if (!isUnsigned) {
      isMinusOne = b.CreateICmpEQ(y, ConstantInt::getSigned(type, -1));
      unsafe = b.CreateOr(unsafe, isMinusOne);
    }
    divisor = b.CreateSelect(unsafe, ConstantInt::get(type, 1), y);
  }
  if (isUnsigned)
    return isRemainder ? b.CreateURem(x, divisor) : b.CreateUDiv(x, divisor);
  Value *quotient =
      isRemainder ? b.CreateSRem(x, divisor) : b.CreateSDiv(x, divisor);
  if (!isMinusOne || isRemainder)
    return quotient;
  return b.CreateSelect(isMinusOne, b.CreateNeg(x), quotient);
}

/// A quotient that was rounded to zero, rounded down or up: it is off by one
/// where the signs differ (down) or agree (up) and something is left.
static Value *rounded(LoopBuilder &b, Value *quotient, ValueRange x,
                      bool isUp) {
  Value *rest = b.CreateSub(x[0], b.CreateMul(quotient, x[1]));
  Value *zero = ConstantInt::get(x[0]->getType(), 0);
  Value *differ = b.CreateICmpSLT(b.CreateXor(rest, x[1]), zero);
  if (isUp)
    differ = b.CreateNot(differ);
  Value *off = b.CreateAnd(b.CreateICmpNE(rest, zero), differ);
  Value *one = b.CreateZExt(off, x[0]->getType());
  return isUp ? b.CreateAdd(quotient, one) : b.CreateSub(quotient, one);
}

Value *ScalarOps::emitInteger(mlir::Operation *op, StringRef name,
                              ValueRange x) {
  if (x.size() != 2)
    return nullptr;
  auto binary = StringSwitch<int>(name)
                    .Case("addi", Instruction::Add)
                    .Case("subi", Instruction::Sub)
                    .Case("muli", Instruction::Mul)
                    .Case("andi", Instruction::And)
                    .Case("ori", Instruction::Or)
                    .Case("xori", Instruction::Xor)
                    .Case("shli", Instruction::Shl)
                    .Case("shrsi", Instruction::AShr)
                    .Case("shrui", Instruction::LShr)
                    .Default(0);
  if (binary)
    return b.CreateBinOp(Instruction::BinaryOps(binary), x[0], x[1]);
  auto extremum = StringSwitch<Intrinsic::ID>(name)
                      .Case("maxsi", Intrinsic::smax)
                      .Case("minsi", Intrinsic::smin)
                      .Case("maxui", Intrinsic::umax)
                      .Case("minui", Intrinsic::umin)
                      .Default(Intrinsic::not_intrinsic);
  if (extremum != Intrinsic::not_intrinsic)
    return b.CreateBinaryIntrinsic(extremum, x[0], x[1]);
  if (name == "divsi" || name == "divui" || name == "remsi" || name == "remui")
    return emitDivision(name, x[0], x[1]);
  if (name != "floordivsi" && name != "ceildivsi")
    return nullptr;
  return rounded(b, emitDivision("divsi", x[0], x[1]), x, name == "ceildivsi");
}

// By integers: without an instruction for it LLVM takes vectors apart, and
// calls a routine for each number.
Value *widenBFloat(LoopBuilder &b, Value *x) {
  Type *type = x->getType();
  Value *bits = b.CreateBitCast(x, type->getWithNewType(b.getInt16Ty()));
  bits = b.CreateZExt(bits, type->getWithNewType(b.getInt32Ty()));
  return b.CreateBitCast(b.CreateShl(bits, 16),
                         type->getWithNewType(b.getFloatTy()));
}

// To the nearest, to the even one of two; a NaN stays one.
Value *roundToBFloat(IRBuilderBase &b, Value *x) {
  Type *type = x->getType(), *wide = type->getWithNewType(b.getInt32Ty());
  Value *bits = b.CreateBitCast(x, wide);
  Value *isOdd = b.CreateAnd(b.CreateLShr(bits, 16), ConstantInt::get(wide, 1));
  Value *nearest =
      b.CreateAdd(bits, b.CreateAdd(isOdd, ConstantInt::get(wide, 0x7fff)));
  Value *quiet = b.CreateOr(bits, ConstantInt::get(wide, 0x400000));
  bits = b.CreateSelect(b.CreateFCmpUNO(x, x), quiet, nearest);
  bits = b.CreateTrunc(b.CreateLShr(bits, 16),
                       type->getWithNewType(b.getInt16Ty()));
  return b.CreateBitCast(bits, type->getWithNewType(b.getBFloatTy()));
}

/// A cast from or to bfloat16, by way of float; nothing if it is another one.
Value *ScalarOps::castBFloat(Instruction::CastOps cast, Value *x, Type *to) {
  Type *from = x->getType()->getScalarType();
  Type *wide = x->getType()->getWithNewType(b.getFloatTy());
  if (from->isBFloatTy() && cast != Instruction::BitCast) {
    x = widenBFloat(b, x);
    return to == wide ? x : b.CreateCast(cast, x, to);
  }
  if (!to->getScalarType()->isBFloatTy() || cast == Instruction::BitCast)
    return nullptr;
  return roundToBFloat(b, from->isFloatTy() ? x : b.CreateCast(cast, x, wide));
}

Value *ScalarOps::emitConversion(mlir::Operation *op, StringRef name,
                                 ValueRange x) {
  if (x.size() != 1)
    return nullptr;
  Type *to = typeLike(op->getResult(0).getType(), x[0]);
  if (name == "index_cast")
    return b.CreateSExtOrTrunc(x[0], to);
  if (name == "index_castui")
    return b.CreateZExtOrTrunc(x[0], to);
  if (name == "fptosi" || name == "fptoui")
    return b.CreateIntrinsic(name == "fptosi" ? Intrinsic::fptosi_sat
                                              : Intrinsic::fptoui_sat,
                             {to, x[0]->getType()}, {x[0]});
  auto cast = StringSwitch<int>(name)
                  .Case("extf", Instruction::FPExt)
                  .Case("truncf", Instruction::FPTrunc)
                  .Case("sitofp", Instruction::SIToFP)
                  .Case("uitofp", Instruction::UIToFP)
                  .Case("extsi", Instruction::SExt)
                  .Case("extui", Instruction::ZExt)
                  .Case("trunci", Instruction::Trunc)
                  .Case("bitcast", Instruction::BitCast)
                  .Default(0);
  if (!cast)
    return nullptr;
  if (Value *result = castBFloat(Instruction::CastOps(cast), x[0], to))
    return result;
  return b.CreateCast(Instruction::CastOps(cast), x[0], to);
}

static CmpInst::Predicate predicateOf(mlir::arith::CmpFPredicate predicate) {
  // The two lists have the same order but for `uno`.
  using P = mlir::arith::CmpFPredicate;
  if (predicate == P::UNO)
    return CmpInst::FCMP_UNO;
  bool isBehind = predicate >= P::UEQ && predicate <= P::UNE;
  return CmpInst::Predicate(unsigned(predicate) + isBehind);
}

static CmpInst::Predicate predicateOf(mlir::arith::CmpIPredicate predicate) {
  using P = mlir::arith::CmpIPredicate;
  switch (predicate) {
  case P::eq:
    return CmpInst::ICMP_EQ;
  case P::ne:
    return CmpInst::ICMP_NE;
  case P::slt:
    return CmpInst::ICMP_SLT;
  case P::sle:
    return CmpInst::ICMP_SLE;
  case P::sgt:
    return CmpInst::ICMP_SGT;
  case P::sge:
    return CmpInst::ICMP_SGE;
  case P::ult:
    return CmpInst::ICMP_ULT;
  case P::ule:
    return CmpInst::ICMP_ULE;
  case P::ugt:
    return CmpInst::ICMP_UGT;
  case P::uge:
    return CmpInst::ICMP_UGE;
  }
  llvm_unreachable("covered switch");
}

Value *ScalarOps::emitCompare(mlir::Operation *op, ValueRange x) {
  if (auto compare = dyn_cast<mlir::arith::CmpFOp>(op))
    return b.CreateFCmp(predicateOf(compare.getPredicate()), x[0], x[1]);
  auto compare = cast<mlir::arith::CmpIOp>(op);
  return b.CreateICmp(predicateOf(compare.getPredicate()), x[0], x[1]);
}

/// The upper halves of unsigned products of 32 bits on x86, which multiplies
/// the even lanes of a register into 64 bits and has no other way. Left to
/// itself LLVM widens every lane, and then computes whatever follows with twice
/// the registers.
static Value *emitUpperHalves(LoopBuilder &b, Value *x, Value *y) {
  auto *type = cast<FixedVectorType>(x->getType());
  auto *pairs =
      FixedVectorType::get(b.getInt64Ty(), type->getNumElements() / 2);
  Value *thirtyTwo = ConstantInt::get(pairs, 32);
  Value *lowerHalf = ConstantInt::get(pairs, 0xffffffff);
  auto even = [&](Value *it) {
    return b.CreateAnd(b.CreateBitCast(it, pairs), lowerHalf);
  };
  auto odd = [&](Value *it) {
    return b.CreateLShr(b.CreateBitCast(it, pairs), thirtyTwo);
  };
  Value *ofEven = b.CreateLShr(b.CreateMul(even(x), even(y)), thirtyTwo);
  Value *ofOdd =
      b.CreateAnd(b.CreateMul(odd(x), odd(y)), b.CreateNot(lowerHalf));
  return b.CreateBitCast(b.CreateOr(ofEven, ofOdd), type);
}

static bool multipliesEvenLanes(LoopBuilder &b, Type *type) {
  auto *vector = dyn_cast<FixedVectorType>(type);
  return vector && vector->getElementType()->isIntegerTy(32) &&
         vector->getNumElements() % 2 == 0 &&
         b.GetInsertBlock()->getModule()->getTargetTriple().isX86();
}

Values ScalarOps::emitExtendedProduct(mlir::Operation *op, ValueRange x) {
  StringRef name = op->getName().stripDialect();
  if (name != "mului_extended" && name != "mulsi_extended")
    return {};
  Type *narrow = x[0]->getType();
  Type *wide = narrow->getExtendedType();
  bool isSigned = name == "mulsi_extended";
  if (!isSigned && multipliesEvenLanes(b, narrow))
    return {b.CreateMul(x[0], x[1]), emitUpperHalves(b, x[0], x[1])};
  Value *product = b.CreateMul(b.CreateIntCast(x[0], wide, isSigned),
                               b.CreateIntCast(x[1], wide, isSigned));
  Value *shift = ConstantInt::get(wide, narrow->getScalarSizeInBits());
  return {b.CreateTrunc(product, narrow),
          b.CreateTrunc(b.CreateLShr(product, shift), narrow)};
}

//===----------------------------------------------------------------------===//
// math
//===----------------------------------------------------------------------===//

static Value *emitIntrinsic(LoopBuilder &b, StringRef name, ValueRange x) {
  auto id = StringSwitch<Intrinsic::ID>(name)
                .Case("absf", Intrinsic::fabs)
                .Case("floor", Intrinsic::floor)
                .Case("ceil", Intrinsic::ceil)
                .Case("round", Intrinsic::round)
                .Case("roundeven", Intrinsic::roundeven)
                .Case("trunc", Intrinsic::trunc)
                .Case("sqrt", Intrinsic::sqrt)
                .Case("ctpop", Intrinsic::ctpop)
                .Default(Intrinsic::not_intrinsic);
  if (id != Intrinsic::not_intrinsic)
    return b.CreateUnaryIntrinsic(id, x[0]);
  if (name == "copysign")
    return b.CreateBinaryIntrinsic(Intrinsic::copysign, x[0], x[1]);
  if (name == "fma")
    return b.CreateIntrinsic(Intrinsic::fmuladd, {x[0]->getType()},
                             {x[0], x[1], x[2]});
  Value *infinite = x[0]->getType()->isFPOrFPVectorTy()
                        ? ConstantFP::getInfinity(x[0]->getType())
                        : nullptr;
  if (name == "isnan")
    return b.CreateFCmpUNO(x[0], x[0]);
  if (name == "isinf")
    return b.CreateFCmpOEQ(b.CreateUnaryIntrinsic(Intrinsic::fabs, x[0]),
                           infinite);
  if (name == "isfinite")
    return b.CreateFCmpOLT(b.CreateUnaryIntrinsic(Intrinsic::fabs, x[0]),
                           infinite);
  if (name != "absi")
    return nullptr;
  Value *zero = ConstantInt::get(x[0]->getType(), 0);
  return b.CreateSelect(b.CreateICmpSLT(x[0], zero), b.CreateNeg(x[0]), x[0]);
}

// For each lane its own call: f64 is the type of checks, not of speed.
Value *ScalarOps::emitLibraryCalls(StringRef name, ValueRange x) {
  Type *element = x[0]->getType()->getScalarType();
  if (element->isFloatTy()) {
    // Only fmod comes here; the remainder of numbers of f32 is exact in f64.
    Values wide;
    for (Value *value : x)
      wide.push_back(b.CreateFPExt(
          value, value->getType()->getWithNewType(b.getDoubleTy())));
    return b.CreateFPTrunc(emitLibraryCalls(name, wide), x[0]->getType());
  }
  SmallVector<Type *, 2> types(x.size(), element);
  FunctionCallee callee = b.GetInsertBlock()->getModule()->getOrInsertFunction(
      name, FunctionType::get(element, types, false));
  auto *vector = dyn_cast<FixedVectorType>(x[0]->getType());
  if (!vector)
    return b.CreateCall(callee, x);
  Value *result = PoisonValue::get(vector);
  for (unsigned lane = 0; lane < vector->getNumElements(); ++lane) {
    Values numbers;
    for (Value *value : x)
      numbers.push_back(b.CreateExtractElement(value, lane));
    result = b.CreateInsertElement(result, b.CreateCall(callee, numbers), lane);
  }
  return result;
}

// By squaring, for a constant exponent; else as a power.
Value *ScalarOps::emitPower(Value *x, Value *exponent) {
  Value *scalar = exponent;
  if (auto *constant = dyn_cast<Constant>(exponent))
    if (exponent->getType()->isVectorTy())
      scalar = constant->getSplatValue();
  std::optional<int64_t> power = constantIndex(scalar);
  if (!power) {
    Value *y = b.CreateSIToFP(exponent, x->getType());
    return x->getType()->getScalarType()->isDoubleTy()
               ? emitLibraryCalls("pow", {x, y})
               : VectorMath(b).pow(x, y);
  }
  Value *result = ConstantFP::get(x->getType(), 1.0), *square = x;
  for (uint64_t rest = uint64_t(std::abs(*power)); rest; rest >>= 1) {
    if (rest & 1)
      result = b.CreateFMul(result, square);
    square = b.CreateFMul(square, square);
  }
  return *power < 0 ? b.CreateFDiv(ConstantFP::get(x->getType(), 1.0), result)
                    : result;
}

Value *ScalarOps::emitMath(mlir::Operation *op, StringRef name, ValueRange x) {
  if (Value *result = emitIntrinsic(b, name, x))
    return result;
  if (name == "fpowi")
    return emitPower(x[0], x[1]);
  Type *element = x[0]->getType()->getScalarType();
  if (element->isFloatTy())
    return VectorMath(b).emit(name, x);
  if (element->isDoubleTy()) {
    if (name == "rsqrt")
      return b.CreateFDiv(ConstantFP::get(x[0]->getType(), 1.0),
                          b.CreateUnaryIntrinsic(Intrinsic::sqrt, x[0]));
    return emitLibraryCalls(name == "powf" ? "pow" : name, x);
  }
  if (!element->isFloatingPointTy())
    return nullptr;
  Values wide;
  for (Value *value : x)
    wide.push_back(
        b.CreateFPExt(value, value->getType()->getWithNewType(b.getFloatTy())));
  Value *result = VectorMath(b).emit(name, wide);
  return result ? b.CreateFPTrunc(result, x[0]->getType()) : nullptr;
}

} // namespace lamina::cpu
