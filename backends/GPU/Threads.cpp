// SPDX-License-Identifier: Apache-2.0
//
// What the threads of a block know and do together.

#include "backends/GPU/Threads.h"

#include "llvm/IR/IntrinsicsNVPTX.h"
#include "llvm/Support/NVPTXAddrSpace.h"

using namespace llvm;

namespace lamina::gpu {

Value *Threads::special(Intrinsic::ID id) {
  Value *number = b.CreateIntrinsic(b.getInt32Ty(), id, {});
  return b.CreateZExt(number, b.getInt64Ty());
}

Value *Threads::thread() {
  return special(Intrinsic::nvvm_read_ptx_sreg_tid_x);
}

Value *Threads::block() {
  return special(Intrinsic::nvvm_read_ptx_sreg_ctaid_x);
}

void Threads::waitForBlock() {
  b.CreateIntrinsic(b.getVoidTy(), Intrinsic::nvvm_barrier_cta_sync_aligned_all,
                    {b.getInt32(0)});
}

void Threads::waitForWarp() {
  b.CreateIntrinsic(b.getVoidTy(), Intrinsic::nvvm_bar_warp_sync,
                    {b.getInt32(~0u)});
}

Value *Threads::exchangeWord(Value *word, unsigned distance) {
  return b.CreateIntrinsic(b.getInt32Ty(), Intrinsic::nvvm_shfl_sync_bfly_i32,
                           {b.getInt32(~0u), word, b.getInt32(distance),
                            b.getInt32(warpThreads - 1)});
}

// Shuffles move 32 bits; wider numbers go in two halves.
Value *Threads::exchange(Value *x, unsigned distance) {
  Type *type = x->getType();
  unsigned bits = unsigned(type->getPrimitiveSizeInBits());
  Value *raw = b.CreateBitCast(x, b.getIntNTy(bits));
  if (bits <= 32) {
    Value *word = exchangeWord(b.CreateZExt(raw, b.getInt32Ty()), distance);
    return b.CreateBitCast(b.CreateTrunc(word, b.getIntNTy(bits)), type);
  }
  Value *low = exchangeWord(b.CreateTrunc(raw, b.getInt32Ty()), distance);
  Value *high = exchangeWord(
      b.CreateTrunc(b.CreateLShr(raw, 32), b.getInt32Ty()), distance);
  Value *joined =
      b.CreateOr(b.CreateZExt(low, b.getInt64Ty()),
                 b.CreateShl(b.CreateZExt(high, b.getInt64Ty()), 32));
  return b.CreateBitCast(joined, type);
}

Value *Threads::largest(Value *x, unsigned count) {
  for (unsigned distance = count / 2; distance > 0; distance /= 2) {
    Value *other = exchange(x, distance);
    x = b.CreateSelect(b.CreateFCmpOGT(other, x), other, x);
  }
  return x;
}

Value *Threads::sum(Value *x, unsigned count) {
  for (unsigned distance = count / 2; distance > 0; distance /= 2)
    x = b.CreateFAdd(x, exchange(x, distance));
  return x;
}

Value *Threads::sharedMemory(int64_t bytes, const Twine &name) {
  Module &module = *b.function()->getParent();
  auto *type = ArrayType::get(b.getInt8Ty(), uint64_t(bytes));
  auto *memory = new GlobalVariable(
      module, type, /*isConstant=*/false, GlobalValue::InternalLinkage,
      PoisonValue::get(type), name, nullptr, GlobalValue::NotThreadLocal,
      NVPTXAS::ADDRESS_SPACE_SHARED);
  memory->setAlignment(Align(16));
  return b.CreateAddrSpaceCast(memory, b.getPtrTy());
}

// Without a size and external: only so does NVPTX leave the size to the launch.
Value *Threads::dynamicMemory(const Twine &name) {
  Module &module = *b.function()->getParent();
  auto *memory = new GlobalVariable(
      module, ArrayType::get(b.getInt8Ty(), 0), /*isConstant=*/false,
      GlobalValue::ExternalLinkage, nullptr, name, nullptr,
      GlobalValue::NotThreadLocal, NVPTXAS::ADDRESS_SPACE_SHARED);
  memory->setAlignment(Align(1024));
  return b.CreateAddrSpaceCast(memory, b.getPtrTy());
}

} // namespace lamina::gpu
