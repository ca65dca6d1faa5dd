// SPDX-License-Identifier: Apache-2.0
//
// Host values and sizes as code.

#include "tools/Wasm/HostCode.h"

using namespace llvm;

namespace lamina::wasm {

using runtime::Element;
using runtime::HostOp;
using runtime::OperandKind;
using runtime::RegisterKind;

Value *HostCode::call(StringRef name, Type *result,
                      ArrayRef<Value *> arguments) {
  SmallVector<Type *> types;
  for (Value *argument : arguments)
    types.push_back(argument->getType());
  return b.CreateCall(
      module.getOrInsertFunction(name, FunctionType::get(result, types, false)),
      arguments);
}

//===----------------------------------------------------------------------===//
// Sizes
//===----------------------------------------------------------------------===//

/// Rounds down, whatever the signs.
static Value *floorDivide(IRBuilder<> &b, Value *x, Value *y) {
  Value *quotient = b.CreateSDiv(x, y), *rest = b.CreateSRem(x, y);
  Value *isBelow =
      b.CreateAnd(b.CreateICmpNE(rest, b.getInt64(0)),
                  b.CreateICmpSLT(b.CreateXor(rest, y), b.getInt64(0)));
  return b.CreateSub(quotient, b.CreateZExt(isBelow, b.getInt64Ty()));
}

Value *HostCode::size(const Expression &e, bool isForMemory) {
  using Op = Expression::Op;
  switch (e.operation()) {
  case Op::Number:
    return b.getInt64(uint64_t(e.value()));
  case Op::Size:
    return b.CreateLoad(b.getInt64Ty(),
                        b.CreateConstInBoundsGEP1_32(b.getInt64Ty(), sizes,
                                                     unsigned(e.sizeIndex())));
  case Op::Div:
    return floorDivide(b, size(e.parts()[0], isForMemory),
                       size(e.parts()[1], isForMemory));
  case Op::Add:
  case Op::Mul:
    break;
  }
  Value *result = size(e.parts()[0], isForMemory);
  for (const Expression &part : ArrayRef(e.parts()).drop_front()) {
    Value *next = size(part, isForMemory);
    if (e.operation() == Op::Add && isForMemory)
      result = b.CreateBinaryIntrinsic(Intrinsic::sadd_sat, result, next);
    else if (e.operation() == Op::Add)
      result = b.CreateAdd(result, next);
    else if (isForMemory && !(isa<ConstantInt>(result) && isa<Constant>(next)))
      result = call("lamina_multiply", b.getInt64Ty(), {result, next});
    else
      result = b.CreateMul(result, next);
  }
  return result;
}

//===----------------------------------------------------------------------===//
// Registers
//===----------------------------------------------------------------------===//

void HostCode::makeRegisters(const runtime::TapeEntry &entry) {
  kinds = entry.registers;
  for (RegisterKind kind : kinds) {
    Type *type = kind == RegisterKind::Real ? b.getDoubleTy()
                 : kind == RegisterKind::Key
                     ? cast<Type>(ArrayType::get(b.getInt64Ty(), 2))
                     : b.getInt64Ty();
    registers.push_back(b.CreateAlloca(type));
    b.CreateStore(Constant::getNullValue(type), registers.back());
  }
  for (uint32_t loop = 0; loop < entry.loops; ++loop)
    rounds.push_back(b.CreateAlloca(b.getInt64Ty()));
}

HostNumber HostCode::read(const Operand &operand) {
  switch (operand.kind) {
  case OperandKind::Real:
    return real(ConstantFP::get(b.getDoubleTy(), operand.real));
  case OperandKind::Whole:
  case OperandKind::Size:
    return whole(size(operand.whole));
  case OperandKind::Index:
    return whole(b.CreateLoad(b.getInt64Ty(), rounds[operand.index]));
  case OperandKind::Register:
    break;
  }
  Value *place = registers[operand.index];
  RegisterKind kind = kinds[operand.index];
  if (kind == RegisterKind::Real)
    return real(b.CreateLoad(b.getDoubleTy(), place));
  HostNumber number{kind, b.CreateLoad(b.getInt64Ty(), place), nullptr};
  if (kind == RegisterKind::Key)
    number.upper = b.CreateLoad(
        b.getInt64Ty(), b.CreateConstInBoundsGEP1_32(b.getInt64Ty(), place, 1));
  return number;
}

void HostCode::write(uint32_t index, const HostNumber &number) {
  Value *place = registers[index];
  if (kinds[index] == RegisterKind::Real) {
    b.CreateStore(asReal(number), place);
    return;
  }
  b.CreateStore(asWhole(number), place);
  if (kinds[index] == RegisterKind::Key)
    b.CreateStore(number.upper ? number.upper : b.getInt64(0),
                  b.CreateConstInBoundsGEP1_32(b.getInt64Ty(), place, 1));
}

Value *HostCode::asReal(const HostNumber &number) {
  if (number.kind == RegisterKind::Real)
    return number.value;
  return b.CreateSIToFP(number.value, b.getDoubleTy());
}

/// Towards 0; what is too large becomes the largest, what is none becomes 0.
Value *HostCode::asWhole(const HostNumber &number) {
  if (number.kind != RegisterKind::Real)
    return number.value;
  return b.CreateIntrinsic(Intrinsic::fptosi_sat,
                           {b.getInt64Ty(), b.getDoubleTy()}, {number.value});
}

void HostCode::loadRegister(uint32_t index, Element element, Value *from) {
  Value *code = b.getInt32(uint32_t(element));
  if (kinds[index] == RegisterKind::Real)
    return write(index,
                 real(call("lamina_load_real", b.getDoubleTy(), {code, from})));
  auto load = [&](Value *place) {
    return call("lamina_load_whole", b.getInt64Ty(), {code, place});
  };
  HostNumber number{kinds[index], load(from), nullptr};
  if (number.kind == RegisterKind::Key)
    number.upper = load(b.CreateConstInBoundsGEP1_32(
        b.getInt8Ty(), from, unsigned(runtime::bytesOf(element))));
  write(index, number);
}

void HostCode::store(Element element, Value *to, const HostNumber &number) {
  Value *code = b.getInt32(uint32_t(element));
  if (number.kind == RegisterKind::Real) {
    call("lamina_store_real", b.getVoidTy(), {code, to, number.value});
    return;
  }
  call("lamina_store_whole", b.getVoidTy(), {code, to, number.value});
  if (number.upper)
    call("lamina_store_whole", b.getVoidTy(),
         {code,
          b.CreateConstInBoundsGEP1_32(b.getInt8Ty(), to,
                                       unsigned(runtime::bytesOf(element))),
          number.upper});
}

//===----------------------------------------------------------------------===//
// Operations
//===----------------------------------------------------------------------===//

/// The name in libm; empty for what has an instruction.
static StringRef libraryName(HostOp op) {
  switch (op) {
  case HostOp::Pow:
    return "pow";
  case HostOp::Exp:
    return "exp";
  case HostOp::Log:
    return "log";
  case HostOp::Log1p:
    return "log1p";
  case HostOp::Expm1:
    return "expm1";
  case HostOp::Sin:
    return "sin";
  case HostOp::Cos:
    return "cos";
  case HostOp::Tan:
    return "tan";
  case HostOp::Tanh:
    return "tanh";
  case HostOp::Atan:
    return "atan";
  case HostOp::Erf:
    return "erf";
  default:
    return "";
  }
}

Value *HostCode::realOp(HostOp op, Value *x, Value *y) {
  if (StringRef name = libraryName(op); !name.empty()) {
    SmallVector<Value *> arguments = {x};
    if (runtime::argumentCount(op) == 2)
      arguments.push_back(y);
    return call(name, b.getDoubleTy(), arguments);
  }
  auto unary = [&](Intrinsic::ID id) { return b.CreateUnaryIntrinsic(id, x); };
  switch (op) {
  case HostOp::Add:
    return b.CreateFAdd(x, y);
  case HostOp::Sub:
    return b.CreateFSub(x, y);
  case HostOp::Mul:
    return b.CreateFMul(x, y);
  case HostOp::Div:
    return b.CreateFDiv(x, y);
  case HostOp::Neg:
    return b.CreateFNeg(x);
  case HostOp::Sqrt:
    return unary(Intrinsic::sqrt);
  case HostOp::Floor:
    return unary(Intrinsic::floor);
  case HostOp::Ceil:
    return unary(Intrinsic::ceil);
  case HostOp::Round:
    return unary(Intrinsic::nearbyint);
  case HostOp::Abs:
    return unary(Intrinsic::fabs);
  // NaN if either is.
  case HostOp::Min:
    return b.CreateSelect(
        b.CreateOr(b.CreateFCmpOLT(x, y), b.CreateFCmpUNO(x, x)), x, y);
  case HostOp::Max:
    return b.CreateSelect(
        b.CreateOr(b.CreateFCmpOGT(x, y), b.CreateFCmpUNO(x, x)), x, y);
  default:
    llvm_unreachable("an operation on reals");
  }
}

/// INT64_MIN / -1 wraps.
Value *HostCode::divide(HostOp op, Value *x, Value *y) {
  Value *isMinusOne = b.CreateICmpEQ(y, b.getInt64(uint64_t(-1)));
  Value *by = b.CreateSelect(isMinusOne, b.getInt64(1), y);
  Value *from = b.CreateSelect(isMinusOne, b.CreateNeg(x), x);
  switch (op) {
  case HostOp::IDiv:
    return b.CreateSDiv(from, by);
  case HostOp::IRem:
    return b.CreateSRem(from, by);
  case HostOp::FloorDiv:
    return floorDivide(b, from, by);
  default:
    return b.CreateSub(from, b.CreateMul(floorDivide(b, from, by), by));
  }
}

Value *HostCode::wholeOp(HostOp op, Value *x, Value *y) {
  switch (op) {
  case HostOp::IAdd:
    return b.CreateAdd(x, y);
  case HostOp::ISub:
    return b.CreateSub(x, y);
  case HostOp::IMul:
    return b.CreateMul(x, y);
  case HostOp::IMin:
    return b.CreateBinaryIntrinsic(Intrinsic::smin, x, y);
  case HostOp::IMax:
    return b.CreateBinaryIntrinsic(Intrinsic::smax, x, y);
  case HostOp::INeg:
    return b.CreateNeg(x);
  case HostOp::And:
    return b.CreateAnd(x, y);
  case HostOp::Or:
    return b.CreateOr(x, y);
  case HostOp::Xor:
    return b.CreateXor(x, y);
  case HostOp::Not:
    return b.CreateZExt(b.CreateICmpEQ(x, b.getInt64(0)), b.getInt64Ty());
  default:
    return divide(op, x, y);
  }
}

Value *HostCode::compare(HostOp op, const HostNumber &x, const HostNumber &y) {
  bool isReal = x.kind == RegisterKind::Real || y.kind == RegisterKind::Real;
  static const std::pair<CmpInst::Predicate, CmpInst::Predicate> predicates[] =
      {{CmpInst::FCMP_OEQ, CmpInst::ICMP_EQ},
       {CmpInst::FCMP_UNE, CmpInst::ICMP_NE},
       {CmpInst::FCMP_OLT, CmpInst::ICMP_SLT},
       {CmpInst::FCMP_OLE, CmpInst::ICMP_SLE},
       {CmpInst::FCMP_OGT, CmpInst::ICMP_SGT},
       {CmpInst::FCMP_OGE, CmpInst::ICMP_SGE}};
  auto [ofReals, ofWholes] = predicates[int(op) - int(HostOp::Eq)];
  Value *holds = isReal ? b.CreateFCmp(ofReals, asReal(x), asReal(y))
                        : b.CreateICmp(ofWholes, x.value, y.value);
  return b.CreateZExt(holds, b.getInt64Ty());
}

HostNumber HostCode::select(Value *condition, const HostNumber &x,
                            const HostNumber &y, RegisterKind kind) {
  if (kind == RegisterKind::Real)
    return real(b.CreateSelect(condition, asReal(x), asReal(y)));
  HostNumber chosen{kind, b.CreateSelect(condition, asWhole(x), asWhole(y)),
                    nullptr};
  auto upper = [&](const HostNumber &number) {
    return number.upper ? number.upper : b.getInt64(0);
  };
  if (kind == RegisterKind::Key)
    chosen.upper = b.CreateSelect(condition, upper(x), upper(y));
  return chosen;
}

HostNumber HostCode::deriveKey(const HostNumber &key, Value *n) {
  // In the entry block, or the stack would grow with every round of a loop.
  IRBuilder<> first(&b.GetInsertBlock()->getParent()->getEntryBlock(),
                    b.GetInsertBlock()->getParent()->getEntryBlock().begin());
  Type *pair = ArrayType::get(b.getInt64Ty(), 2);
  Value *from = first.CreateAlloca(pair), *to = first.CreateAlloca(pair);
  auto half = [&](Value *place) {
    return b.CreateConstInBoundsGEP1_32(b.getInt64Ty(), place, 1);
  };
  b.CreateStore(key.value, from);
  b.CreateStore(key.upper ? key.upper : b.getInt64(0), half(from));
  call("lamina_derive", b.getVoidTy(), {from, n, to});
  return {RegisterKind::Key, b.CreateLoad(b.getInt64Ty(), to),
          b.CreateLoad(b.getInt64Ty(), half(to))};
}

static bool isDivision(HostOp op) {
  return op == HostOp::FloorDiv || op == HostOp::Mod || op == HostOp::IDiv ||
         op == HostOp::IRem;
}

void HostCode::compute(const runtime::Record<Expression> &record,
                       function_ref<void(Value *)> failIf) {
  HostOp op = record.op;
  SmallVector<HostNumber> args;
  for (const Operand &operand : record.args)
    args.push_back(read(operand));
  bool hasTwo = runtime::argumentCount(op) > 1;
  if (op <= HostOp::Max)
    return write(
        record.index,
        real(realOp(op, asReal(args[0]), hasTwo ? asReal(args[1]) : nullptr)));
  if (op <= HostOp::Not) {
    Value *x = asWhole(args[0]), *y = hasTwo ? asWhole(args[1]) : nullptr;
    if (isDivision(op))
      failIf(call("lamina_check_division", b.getInt32Ty(), {x, y}));
    return write(record.index, whole(wholeOp(op, x, y)));
  }
  if (op <= HostOp::Ge)
    return write(record.index, whole(compare(op, args[0], args[1])));
  switch (op) {
  case HostOp::Select:
    return write(record.index,
                 select(b.CreateICmpNE(asWhole(args[0]), b.getInt64(0)),
                        args[1], args[2], kinds[record.index]));
  case HostOp::Real:
    return write(record.index, real(asReal(args[0])));
  case HostOp::Whole:
    return write(record.index, whole(asWhole(args[0])));
  default:
    return write(record.index, deriveKey(args[0], asWhole(args[1])));
  }
}

} // namespace lamina::wasm
