// SPDX-License-Identifier: Apache-2.0
//
// Products and the sums behind them.
//
// Runs on the code of one step as Halide gives it. Of products that no sum may
// take in some bits are flipped, by a mask that is 0 but that Halide and its
// LLVM do not know (keepApart); with the mask of the call that vanishes.

#include "backends/Halide/FuseProducts.h"

#include "llvm/IR/IRBuilder.h"
#include "llvm/IR/InstIterator.h"
#include "llvm/IR/Instructions.h"

using namespace llvm;

namespace lamina::halide {

using Factors = std::optional<std::pair<Value *, Value *>>;

/// The factors of `value`, if it is a product, or lanes of products: where
/// vectors are cut and joined depends on the schedule.
static Factors factors(IRBuilder<> &b, Value *value) {
  if (isa<PoisonValue>(value))
    return {{value, value}};
  auto *made = dyn_cast<Instruction>(value);
  if (!made)
    return std::nullopt;
  if (made->getOpcode() == Instruction::FMul)
    return {{made->getOperand(0), made->getOperand(1)}};
  if (auto *taken = dyn_cast<ExtractElementInst>(made)) {
    Factors of = factors(b, taken->getVectorOperand());
    Value *lane = taken->getIndexOperand();
    return of ? Factors({b.CreateExtractElement(of->first, lane),
                         b.CreateExtractElement(of->second, lane)})
              : of;
  }
  auto *put = dyn_cast<InsertElementInst>(made);
  auto *shuffle = dyn_cast<ShuffleVectorInst>(made);
  if (!put && !shuffle)
    return std::nullopt;
  Factors one = factors(b, made->getOperand(0));
  Factors other = one ? factors(b, made->getOperand(1)) : one;
  if (!other)
    return std::nullopt;
  auto join = [&](Value *x, Value *y) {
    return put ? b.CreateInsertElement(x, y, put->getOperand(2))
               : b.CreateShuffleVector(x, y, shuffle->getShuffleMask());
  };
  return {{join(one->first, other->first), join(one->second, other->second)}};
}

/// x + a · b, x - a · b or a · b - x; null if there is no product.
static Value *fuse(Instruction &sum) {
  bool isDifference = sum.getOpcode() == Instruction::FSub;
  IRBuilder<> b(&sum);
  for (unsigned i : {0u, 1u}) {
    auto product = factors(b, sum.getOperand(i));
    if (!product || isa<PoisonValue>(product->first))
      continue;
    auto [x, y] = *product;
    Value *other = sum.getOperand(1 - i);
    if (isDifference && i == 1)
      x = b.CreateFNeg(x);
    if (isDifference && i == 0)
      other = b.CreateFNeg(other);
    return b.CreateIntrinsic(Intrinsic::fmuladd, {sum.getType()},
                             {x, y, other});
  }
  return nullptr;
}

void fuseProducts(Module &module) {
  for (Function &function : module)
    for (Instruction &instruction :
         make_early_inc_range(instructions(function))) {
      unsigned op = instruction.getOpcode();
      if (op != Instruction::FAdd && op != Instruction::FSub)
        continue;
      Value *fused = fuse(instruction);
      if (!fused)
        continue;
      instruction.replaceAllUsesWith(fused);
      instruction.eraseFromParent();
    }
}

} // namespace lamina::halide
