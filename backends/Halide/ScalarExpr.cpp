// SPDX-License-Identifier: Apache-2.0
//
// Arith and math as Halide expressions.

#include "backends/Halide/ScalarExpr.h"

#include "backends/CPU/ScalarOps.h"

#include "llvm/IR/IntrinsicInst.h"
#include "mlir/IR/BuiltinTypes.h"

#include <map>

using Halide::Expr;

namespace lamina::halide {

Halide::Type valueType(mlir::Type type) {
  if (type.isIndex())
    return Halide::UInt(64);
  if (type.isInteger(1))
    return Halide::Bool();
  if (auto integer = llvm::dyn_cast<mlir::IntegerType>(type))
    return Halide::UInt(int(integer.getWidth()));
  if (type.isF32())
    return Halide::Float(32);
  if (type.isF64())
    return Halide::Float(64);
  if (type.isBF16())
    return Halide::UInt(16);
  return {};
}

Halide::Type memoryType(mlir::Type type) {
  return type.isInteger(1) ? Halide::UInt(8) : valueType(type);
}

Expr keepApart(const Expr &value, const Expr &never) {
  if (!value.as<Halide::Internal::Mul>() || !value.type().is_float())
    return value;
  Halide::Type bits = Halide::UInt(value.type().bits());
  return Halide::reinterpret(value.type(), Halide::reinterpret(bits, value) ^
                                               Halide::cast(bits, never));
}

namespace {

Expr asSigned(const Expr &x) {
  return Halide::reinterpret(Halide::Int(x.type().bits()), x);
}

Expr asUnsigned(const Expr &x) {
  return Halide::reinterpret(Halide::UInt(x.type().bits()), x);
}

Expr number(Halide::Type type, double value) {
  return Halide::Internal::make_const(type, value);
}

Expr bitsOf(const Expr &x) {
  return Halide::reinterpret(Halide::UInt(x.type().bits()), x);
}

/// The bit of a number's sign among its bits.
Expr signBit(Halide::Type number) {
  Halide::Type bits = Halide::UInt(number.bits());
  return Halide::Internal::make_one(bits)
         << Halide::Internal::make_const(bits, number.bits() - 1);
}

Expr widenBFloat(const Expr &bits) {
  return Halide::reinterpret(Halide::Float(32),
                             Halide::cast(Halide::UInt(32), bits)
                                 << Expr(uint32_t(16)));
}

// Halide's own walks through all that `x` is made of, anew wherever a part of
// it is read: without end where draws are in it.
Expr isNaN(const Expr &x) {
  Halide::Type bits = Halide::UInt(x.type().bits());
  Expr magnitude = bitsOf(x) & (bits.max() >> Halide::Internal::make_one(bits));
  return magnitude > bitsOf(number(x.type(), INFINITY));
}

// To the nearest, ties to even; a NaN stays one.
Expr roundToBFloat(const Expr &x) {
  Expr bits = bitsOf(x), sixteen = Expr(uint32_t(16));
  Expr odd = (bits >> sixteen) & Expr(uint32_t(1));
  Expr rounded = (bits + Expr(uint32_t(0x7fff)) + odd) >> sixteen;
  Expr quiet = (bits >> sixteen) | Expr(uint32_t(0x40));
  return Halide::cast(Halide::UInt(16),
                      Halide::select(isNaN(x), quiet, rounded));
}

/// Halide divides towards minus infinity; magnitudes have no such question.
Expr divideSigned(const Expr &x, const Expr &y) {
  Expr zero = Halide::Internal::make_zero(x.type());
  Expr isNegativeX = asSigned(x) < 0, isNegativeY = asSigned(y) < 0;
  Expr quotient = Halide::select(isNegativeX, zero - x, x) /
                  Halide::select(isNegativeY, zero - y, y);
  return Halide::select(isNegativeX != isNegativeY, zero - quotient, quotient);
}

/// Ties go away from zero; only halves are ties, and they are exact.
Expr roundTiesAway(const Expr &x) {
  Expr whole = Halide::trunc(x);
  Expr step = Halide::select(x < number(x.type(), 0), number(x.type(), -1),
                             number(x.type(), 1));
  Expr isFar = Halide::abs(x - whole) >= number(x.type(), 0.5);
  return Halide::select(isFar, whole + step, whole);
}

/// `x` with the sign of `y`.
Expr copySign(const Expr &x, const Expr &y) {
  Expr sign = signBit(x.type());
  return Halide::reinterpret(x.type(),
                             (bitsOf(x) & ~sign) | (bitsOf(y) & sign));
}

/// A number as an integer of the type `to`, rounded to zero. Halide takes a
/// cast to a number with a sign and one to a number without for the second
/// alone, so what is below zero is cast as its magnitude.
Expr toInteger(const Expr &x, Halide::Type to) {
  Expr isNegative = x < number(x.type(), 0);
  Expr magnitude = Halide::cast(to, Halide::abs(x));
  return Halide::select(isNegative, Halide::Internal::make_zero(to) - magnitude,
                        magnitude);
}

/// Straight-line LLVM instructions on numbers, as expressions.
class Translation {
public:
  Translation(Expr never, bool isForGPU)
      : never(std::move(never)), isForGPU(isForGPU) {}
  void set(const llvm::Value *value, Expr expr) { known[value] = expr; }
  /// Undefined if the value, or what it is made of, has no form.
  Expr get(const llvm::Value *value);
  bool add(const llvm::Instruction &instruction);

private:
  Expr constant(const llvm::Constant *value);
  Expr make(const llvm::Instruction &instruction);
  Expr binary(const llvm::Instruction &instruction);
  Expr compareIntegers(const llvm::CmpInst &compare);
  Expr compareNumbers(const llvm::CmpInst &compare);
  Expr convert(const llvm::CastInst &cast);
  Expr call(const llvm::CallInst &call);
  Expr multiplyAdd(const llvm::CallInst &call);
  Expr saturate(const llvm::CallInst &call);
  /// An operand as a number to compute with: bf16 widened.
  Expr operand(const llvm::User &user, unsigned i);

  /// `y` as a summand of `x`: of two products one takes the sum in.
  Expr summand(const Expr &x, const Expr &y) const {
    return x.as<Halide::Internal::Mul>() ? keepApart(y, never) : y;
  }

  Expr never;
  const bool isForGPU;
  std::map<const llvm::Value *, Expr> known;
};

Expr Translation::constant(const llvm::Constant *value) {
  if (auto *integer = llvm::dyn_cast<llvm::ConstantInt>(value)) {
    unsigned bits = integer->getBitWidth();
    if (bits == 1)
      return Halide::Internal::make_bool(integer->isOne());
    if (bits > 64)
      return {};
    return Halide::Internal::UIntImm::make(Halide::UInt(int(bits)),
                                           integer->getZExtValue());
  }
  if (auto *real = llvm::dyn_cast<llvm::ConstantFP>(value)) {
    llvm::Type *type = real->getType();
    if (type->isBFloatTy())
      return Expr(
          uint16_t(real->getValueAPF().bitcastToAPInt().getZExtValue()));
    if (type->isFloatTy())
      return Expr(real->getValueAPF().convertToFloat());
    if (type->isDoubleTy())
      return Expr(real->getValueAPF().convertToDouble());
  }
  return {};
}

Expr Translation::get(const llvm::Value *value) {
  auto found = known.find(value);
  if (found != known.end())
    return found->second;
  if (auto *fixed = llvm::dyn_cast<llvm::Constant>(value))
    return constant(fixed);
  return {};
}

Expr Translation::operand(const llvm::User &user, unsigned i) {
  const llvm::Value *value = user.getOperand(i);
  Expr expr = get(value);
  if (expr.defined() && value->getType()->isBFloatTy())
    return widenBFloat(expr);
  return expr;
}

Expr Translation::binary(const llvm::Instruction &instruction) {
  Expr x = operand(instruction, 0), y = operand(instruction, 1);
  bool isBool = x.type().is_bool();
  switch (instruction.getOpcode()) {
  case llvm::Instruction::Add:
    return isBool ? x != y : x + y;
  case llvm::Instruction::Sub:
    return isBool ? x != y : x - y;
  case llvm::Instruction::Mul:
    return isBool ? x && y : x * y;
  case llvm::Instruction::FAdd:
    return x + summand(x, y);
  case llvm::Instruction::FSub:
    return x - summand(x, y);
  case llvm::Instruction::FMul:
    return x * y;
  case llvm::Instruction::FDiv:
  case llvm::Instruction::UDiv:
    return x / y;
  case llvm::Instruction::URem:
    return x % y;
  case llvm::Instruction::SDiv:
    return divideSigned(x, y);
  case llvm::Instruction::SRem:
    return x - divideSigned(x, y) * y;
  case llvm::Instruction::And:
    return isBool ? x && y : x & y;
  case llvm::Instruction::Or:
    return isBool ? x || y : x | y;
  case llvm::Instruction::Xor:
    return isBool ? x != y : x ^ y;
  case llvm::Instruction::Shl:
    return x << y;
  case llvm::Instruction::LShr:
    return x >> y;
  case llvm::Instruction::AShr:
    return asUnsigned(asSigned(x) >> y);
  default:
    return {};
  }
}

Expr Translation::compareIntegers(const llvm::CmpInst &compare) {
  Expr x = get(compare.getOperand(0)), y = get(compare.getOperand(1));
  if (x.type().is_bool()) {
    x = Halide::cast(Halide::UInt(8), x);
    y = Halide::cast(Halide::UInt(8), y);
  }
  if (compare.isSigned()) {
    x = asSigned(x);
    y = asSigned(y);
  }
  switch (compare.getPredicate()) {
  case llvm::CmpInst::ICMP_EQ:
    return x == y;
  case llvm::CmpInst::ICMP_NE:
    return x != y;
  case llvm::CmpInst::ICMP_SLT:
  case llvm::CmpInst::ICMP_ULT:
    return x < y;
  case llvm::CmpInst::ICMP_SLE:
  case llvm::CmpInst::ICMP_ULE:
    return x <= y;
  case llvm::CmpInst::ICMP_SGT:
  case llvm::CmpInst::ICMP_UGT:
    return x > y;
  default:
    return x >= y;
  }
}

// Comparisons of Halide are ordered: false where one side is a NaN.
Expr Translation::compareNumbers(const llvm::CmpInst &compare) {
  Expr x = operand(compare, 0), y = operand(compare, 1);
  Expr hasNaN = compare.getOperand(0) == compare.getOperand(1)
                    ? isNaN(x)
                    : isNaN(x) || isNaN(y);
  switch (compare.getPredicate()) {
  case llvm::CmpInst::FCMP_OEQ:
    return x == y;
  case llvm::CmpInst::FCMP_OGT:
    return x > y;
  case llvm::CmpInst::FCMP_OGE:
    return x >= y;
  case llvm::CmpInst::FCMP_OLT:
    return x < y;
  case llvm::CmpInst::FCMP_OLE:
    return x <= y;
  case llvm::CmpInst::FCMP_ONE:
    return x < y || x > y;
  case llvm::CmpInst::FCMP_ORD:
    return !hasNaN;
  case llvm::CmpInst::FCMP_UNO:
    return hasNaN;
  case llvm::CmpInst::FCMP_UEQ:
    return hasNaN || x == y;
  case llvm::CmpInst::FCMP_UGT:
    return hasNaN || x > y;
  case llvm::CmpInst::FCMP_UGE:
    return hasNaN || x >= y;
  case llvm::CmpInst::FCMP_ULT:
    return hasNaN || x < y;
  case llvm::CmpInst::FCMP_ULE:
    return hasNaN || x <= y;
  case llvm::CmpInst::FCMP_UNE:
    return hasNaN || x < y || x > y;
  default:
    return {};
  }
}

/// The type of an LLVM number in expressions.
Halide::Type typeOf(const llvm::Type *type) {
  if (type->isIntegerTy(1))
    return Halide::Bool();
  if (type->isBFloatTy())
    return Halide::UInt(16);
  if (type->isIntegerTy())
    return Halide::UInt(int(type->getIntegerBitWidth()));
  return Halide::Float(type->isDoubleTy() ? 64 : 32);
}

Expr Translation::convert(const llvm::CastInst &cast) {
  Halide::Type to = typeOf(cast.getDestTy());
  Expr x = operand(cast, 0);
  switch (cast.getOpcode()) {
  case llvm::Instruction::Trunc:
    return to.is_bool() ? (x & Halide::Internal::make_one(x.type())) !=
                              Halide::Internal::make_zero(x.type())
                        : Halide::cast(to, x);
  case llvm::Instruction::SExt:
    if (x.type().is_bool())
      return Halide::select(x, to.max(), Halide::Internal::make_zero(to));
    return asUnsigned(Halide::cast(Halide::Int(to.bits()), asSigned(x)));
  case llvm::Instruction::SIToFP:
    return Halide::cast(to, asSigned(x));
  case llvm::Instruction::FPToSI:
    return toInteger(x, to);
  case llvm::Instruction::ZExt:
  case llvm::Instruction::UIToFP:
  case llvm::Instruction::FPExt:
  case llvm::Instruction::FPTrunc:
    // A bf16 has its own way back, in `make`.
    return cast.getDestTy()->isBFloatTy() ? Halide::cast(Halide::Float(32), x)
                                          : Halide::cast(to, x);
  case llvm::Instruction::BitCast:
    return Halide::reinterpret(to, get(cast.getOperand(0)));
  default:
    return {};
  }
}

// What rounding took from a product is asked for as x · y - (x · y): without a
// fused product that is 0, so it is computed in twice the digits. A GPU may
// lack these, but every language of theirs has the fused product.
Expr Translation::multiplyAdd(const llvm::CallInst &call) {
  Expr x = operand(call, 0), y = operand(call, 1), z = operand(call, 2);
  auto *negated = llvm::dyn_cast<llvm::UnaryOperator>(call.getOperand(2));
  if (negated && isForGPU)
    return Halide::Internal::Call::make(x.type(), "fma", {x, y, z},
                                        Halide::Internal::Call::PureExtern);
  if (!negated || x.type().bits() != 32)
    return x * y + summand(x * y, z);
  Halide::Type wide = Halide::Float(64);
  return Halide::cast(x.type(), Halide::cast(wide, x) * Halide::cast(wide, y) +
                                    Halide::cast(wide, z));
}

// Beyond the integers their ends, and 0 for NaN.
Expr Translation::saturate(const llvm::CallInst &call) {
  Expr x = operand(call, 0);
  int bits = int(call.getType()->getIntegerBitWidth());
  bool isSigned = call.getIntrinsicID() == llvm::Intrinsic::fptosi_sat;
  Halide::Type to = Halide::UInt(bits);
  double end = std::ldexp(1.0, isSigned ? bits - 1 : bits);
  double start = isSigned ? -end : 0.0;
  Expr highest =
      isSigned ? to.max() >> Halide::Internal::make_one(to) : to.max();
  Expr lowest = isSigned ? ~highest : Halide::Internal::make_zero(to);
  Expr isHigh = x >= number(x.type(), end), isLow = x < number(x.type(), start);
  Expr isInside = !isNaN(x) && !isHigh && !isLow;
  Expr inside = toInteger(Halide::select(isInside, x, number(x.type(), 0)), to);
  return Halide::select(isHigh, highest, Halide::select(isLow, lowest, inside));
}

Expr Translation::call(const llvm::CallInst &call) {
  llvm::Intrinsic::ID id = call.getIntrinsicID();
  Expr x = operand(call, 0);
  Expr y = call.arg_size() > 1 ? operand(call, 1) : Expr();
  switch (id) {
  case llvm::Intrinsic::fma:
  case llvm::Intrinsic::fmuladd:
    return multiplyAdd(call);
  case llvm::Intrinsic::fabs:
    return Halide::abs(x);
  case llvm::Intrinsic::sqrt:
    return Halide::sqrt(x);
  case llvm::Intrinsic::floor:
    return Halide::floor(x);
  case llvm::Intrinsic::ceil:
    return Halide::ceil(x);
  case llvm::Intrinsic::trunc:
    return Halide::trunc(x);
  case llvm::Intrinsic::roundeven:
    return Halide::round(x);
  case llvm::Intrinsic::round:
    return roundTiesAway(x);
  case llvm::Intrinsic::copysign:
    return copySign(x, y);
  case llvm::Intrinsic::ctpop:
    return Halide::popcount(x);
  case llvm::Intrinsic::smax:
    return Halide::select(asSigned(x) > asSigned(y), x, y);
  case llvm::Intrinsic::smin:
    return Halide::select(asSigned(x) < asSigned(y), x, y);
  case llvm::Intrinsic::umax:
    return Halide::select(x > y, x, y);
  case llvm::Intrinsic::umin:
    return Halide::select(x < y, x, y);
  case llvm::Intrinsic::fptosi_sat:
  case llvm::Intrinsic::fptoui_sat:
    return saturate(call);
  default:
    return {};
  }
}

Expr Translation::make(const llvm::Instruction &instruction) {
  if (auto *compare = llvm::dyn_cast<llvm::ICmpInst>(&instruction))
    return compareIntegers(*compare);
  if (auto *compare = llvm::dyn_cast<llvm::FCmpInst>(&instruction))
    return compareNumbers(*compare);
  if (auto *cast = llvm::dyn_cast<llvm::CastInst>(&instruction))
    return convert(*cast);
  if (auto *invocation = llvm::dyn_cast<llvm::CallInst>(&instruction))
    return call(*invocation);
  if (llvm::isa<llvm::SelectInst>(instruction))
    return Halide::select(get(instruction.getOperand(0)),
                          operand(instruction, 1), operand(instruction, 2));
  if (instruction.getOpcode() == llvm::Instruction::FNeg) {
    // 0 - x would lose the sign of zero.
    Expr x = operand(instruction, 0);
    return Halide::reinterpret(x.type(), bitsOf(x) ^ signBit(x.type()));
  }
  return instruction.isBinaryOp() ? binary(instruction) : Expr();
}

bool Translation::add(const llvm::Instruction &instruction) {
  for (const llvm::Value *operand : instruction.operands())
    if (!llvm::isa<llvm::Function>(operand) && !get(operand).defined())
      return false;
  Expr result = make(instruction);
  if (!result.defined())
    return false;
  bool isNarrow =
      instruction.getType()->isBFloatTy() && result.type() == Halide::Float(32);
  known[&instruction] = isNarrow ? roundToBFloat(result) : result;
  return true;
}

} // namespace

std::vector<Expr> makeExprs(mlir::Operation *op,
                            const std::vector<Expr> &operands,
                            const Expr &never, bool isForGPU) {
  llvm::LLVMContext context;
  llvm::Module module("scalar", context);
  std::vector<llvm::Type *> types;
  for (mlir::Value operand : op->getOperands())
    types.push_back(cpu::registerType(operand.getType(), context));
  auto *function = llvm::Function::Create(
      llvm::FunctionType::get(llvm::Type::getVoidTy(context), types, false),
      llvm::Function::PrivateLinkage, "op", module);
  cpu::LoopBuilder builder(function);
  Translation translation(never, isForGPU);
  cpu::Values arguments;
  for (llvm::Argument &argument : function->args()) {
    arguments.push_back(&argument);
    translation.set(&argument, operands[argument.getArgNo()]);
  }
  cpu::Values results = cpu::ScalarOps(builder, 1).emit(op, arguments);
  for (const llvm::Instruction &instruction : *builder.GetInsertBlock())
    if (!translation.add(instruction))
      return {};
  std::vector<Expr> exprs;
  for (llvm::Value *result : results) {
    exprs.push_back(translation.get(result));
    if (!exprs.back().defined())
      return {};
  }
  return exprs;
}

} // namespace lamina::halide
