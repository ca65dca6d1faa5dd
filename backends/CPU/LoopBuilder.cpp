// SPDX-License-Identifier: Apache-2.0
//
// Structured control flow in LLVM IR.
//
// Loops test at the head; LLVM rotates them. Every value that a loop changes is
// a phi, so that no emitter needs memory for its counters or accumulators.

#include "backends/CPU/LoopBuilder.h"

#include "llvm/IR/Constants.h"

using namespace llvm;

namespace lamina::cpu {

std::optional<int64_t> constantIndex(Value *value) {
  if (auto *constant = dyn_cast_or_null<ConstantInt>(value))
    return constant->getSExtValue();
  return std::nullopt;
}

LoopBuilder::LoopBuilder(Function *function)
    : IRBuilder<>(function->getContext()), parent(function) {
  FastMathFlags flags;
  flags.setAllowContract(true);
  setFastMathFlags(flags);
  SetInsertPoint(appendBlock("entry"));
}

BasicBlock *LoopBuilder::appendBlock(const Twine &name) {
  BasicBlock *block = BasicBlock::Create(getContext(), name, parent);
  unsigned next = numbers.size();
  numbers[block] = next;
  return block;
}

Values LoopBuilder::emitWhile(ValueRange init,
                              function_ref<Value *(ValueRange)> test,
                              function_ref<Values(ValueRange)> body) {
  BasicBlock *before = GetInsertBlock();
  BasicBlock *head = appendBlock("head");
  CreateBr(head);
  SetInsertPoint(head);
  SmallVector<PHINode *, 4> phis;
  for (Value *value : init) {
    phis.push_back(CreatePHI(value->getType(), 2));
    phis.back()->addIncoming(value, before);
  }
  Values carried(phis.begin(), phis.end());
  Value *goOn = test(carried);
  BasicBlock *inside = appendBlock("body");
  BranchInst *branch = CreateCondBr(goOn, inside, inside);
  SetInsertPoint(inside);
  Values next = body(carried);
  assert(next.size() == phis.size() && "a loop must yield what it carries");
  for (auto [phi, value] : zip(phis, next))
    phi->addIncoming(value, GetInsertBlock());
  CreateBr(head);
  BasicBlock *after = appendBlock("after");
  branch->setSuccessor(1, after);
  SetInsertPoint(after);
  return carried;
}

Values LoopBuilder::emitFor(Value *lo, Value *hi, Value *step, ValueRange init,
                            function_ref<Values(Value *, ValueRange)> body) {
  Values start{lo};
  append_range(start, init);
  Values last = emitWhile(
      start, [&](ValueRange now) { return CreateICmpSLT(now[0], hi); },
      [&](ValueRange now) {
        Values yielded = body(now[0], now.drop_front());
        Values next{CreateNSWAdd(now[0], step)};
        append_range(next, yielded);
        return next;
      });
  return Values(drop_begin(last));
}

void LoopBuilder::emitFor(Value *lo, Value *hi, Value *step,
                          function_ref<void(Value *)> body) {
  emitFor(lo, hi, step, {}, [&](Value *i, ValueRange) -> Values {
    body(i);
    return {};
  });
}

Values LoopBuilder::emitWhenever(Value *condition, ValueRange values,
                                 function_ref<Values(ValueRange)> body) {
  BasicBlock *before = GetInsertBlock(), *inside = appendBlock("whenever");
  BranchInst *branch = CreateCondBr(condition, inside, inside);
  SetInsertPoint(inside);
  Values changed = body(values);
  assert(changed.size() == values.size() && "as many values as were given");
  BasicBlock *end = GetInsertBlock(), *after = appendBlock("after");
  CreateBr(after);
  branch->setSuccessor(1, after);
  SetInsertPoint(after);
  Values results;
  for (auto [old, next] : zip(values, changed)) {
    PHINode *phi = CreatePHI(old->getType(), 2);
    phi->addIncoming(old, before);
    phi->addIncoming(next, end);
    results.push_back(phi);
  }
  return results;
}

void LoopBuilder::emitIf(Value *condition, function_ref<void()> then,
                         function_ref<void()> otherwise) {
  BasicBlock *yes = appendBlock("then");
  BranchInst *branch = CreateCondBr(condition, yes, yes);
  SetInsertPoint(yes);
  then();
  BasicBlock *endOfThen = GetInsertBlock();
  BasicBlock *endOfElse = nullptr;
  if (otherwise) {
    BasicBlock *no = appendBlock("else");
    branch->setSuccessor(1, no);
    SetInsertPoint(no);
    otherwise();
    endOfElse = GetInsertBlock();
  }
  BasicBlock *after = appendBlock("after");
  SetInsertPoint(endOfThen);
  CreateBr(after);
  if (endOfElse) {
    SetInsertPoint(endOfElse);
    CreateBr(after);
  } else {
    branch->setSuccessor(1, after);
  }
  SetInsertPoint(after);
}

Value *LoopBuilder::minimum(Value *a, Value *b) {
  std::optional<int64_t> x = constantIndex(a), y = constantIndex(b);
  if (x && y)
    return index(std::min(*x, *y));
  return CreateBinaryIntrinsic(Intrinsic::smin, a, b);
}

Value *LoopBuilder::maximum(Value *a, Value *b) {
  std::optional<int64_t> x = constantIndex(a), y = constantIndex(b);
  if (x && y)
    return index(std::max(*x, *y));
  return CreateBinaryIntrinsic(Intrinsic::smax, a, b);
}

Value *LoopBuilder::add(Value *a, Value *b) {
  if (constantIndex(a) == 0)
    return b;
  return constantIndex(b) == 0 ? a : CreateNSWAdd(a, b);
}

Value *LoopBuilder::multiply(Value *a, Value *b) {
  if (constantIndex(a) == 1 || constantIndex(b) == 0)
    return b;
  if (constantIndex(b) == 1 || constantIndex(a) == 0)
    return a;
  return CreateNSWMul(a, b);
}

// Unsigned division is cheaper than signed and the same for these operands.
Value *LoopBuilder::divide(Value *a, Value *b) {
  return constantIndex(b) == 1 ? a : CreateUDiv(a, b);
}

Value *LoopBuilder::remainder(Value *a, Value *b) {
  return constantIndex(b) == 1 ? index(0) : CreateURem(a, b);
}

Value *LoopBuilder::ceilDivide(Value *a, Value *b) {
  return divide(add(a, CreateSub(b, index(1))), b);
}

Value *LoopBuilder::roundUp(Value *a, int64_t multiple) {
  return multiply(ceilDivide(a, index(multiple)), index(multiple));
}

Value *LoopBuilder::splat(Value *value, unsigned width) {
  if (width == 1 || value->getType()->isVectorTy())
    return value;
  return CreateVectorSplat(width, value);
}

Value *LoopBuilder::activeLanes(Value *count, unsigned width) {
  Value *lanes = CreateStepVector(FixedVectorType::get(getInt64Ty(), width));
  return CreateICmpSLT(lanes, splat(count, width));
}

} // namespace lamina::cpu
