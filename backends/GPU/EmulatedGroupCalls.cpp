// SPDX-License-Identifier: Apache-2.0
//
// Copies of boxes and products of warpgroups as calls of the emulator.
//
// Inline assembly is known by its first word. Sums, which it reads and writes
// in place, go through memory of the thread.

#include "backends/GPU/EmulatedGroupCalls.h"

#include "llvm/IR/InlineAsm.h"
#include "llvm/IR/IntrinsicsNVPTX.h"

using namespace llvm;

namespace lamina::gpu {

/// The axes of the box that `call` copies; 0 if it is another call.
static unsigned boxRank(const CallInst &call) {
  switch (call.getIntrinsicID()) {
  case Intrinsic::nvvm_cp_async_bulk_tensor_g2s_tile_2d:
    return 2;
  case Intrinsic::nvvm_cp_async_bulk_tensor_g2s_tile_3d:
    return 3;
  case Intrinsic::nvvm_cp_async_bulk_tensor_g2s_tile_4d:
    return 4;
  case Intrinsic::nvvm_cp_async_bulk_tensor_g2s_tile_5d:
    return 5;
  default:
    return 0;
  }
}

// (to, barrier, map, index of each axis, what stands for defaults)
static void substituteCopy(CallInst &call, unsigned rank) {
  IRBuilder<> b(&call);
  Value *at = makeLocal(call, ArrayType::get(b.getInt32Ty(), rank));
  for (unsigned axis = 0; axis < rank; ++axis)
    b.CreateStore(call.getArgOperand(3 + axis),
                  b.CreateConstGEP1_64(b.getInt32Ty(), at, axis));
  auto generic = [&](unsigned number) {
    return b.CreateAddrSpaceCast(call.getArgOperand(number), b.getPtrTy());
  };
  callEmulator(b, "copy_box", b.getVoidTy(),
               {generic(0), generic(1), generic(2), at, b.getInt32(rank),
                b.getInt32(0)});
  call.eraseFromParent();
}

/// Calls `emit` with the sums of `call` in memory; they are its results then.
static void
replaceInPlace(CallInst &call,
               function_ref<void(IRBuilder<> &, Value *, unsigned)> emit) {
  IRBuilder<> b(&call);
  unsigned count = call.getType()->getStructNumElements();
  Value *sums = makeLocal(call, call.getType());
  for (unsigned i = 0; i < count; ++i)
    b.CreateStore(call.getArgOperand(i),
                  b.CreateConstGEP1_64(b.getFloatTy(), sums, i));
  emit(b, sums, count);
  call.replaceAllUsesWith(b.CreateLoad(call.getType(), sums));
  call.eraseFromParent();
}

bool substituteGroupCall(CallInst &call) {
  if (unsigned rank = boxRank(call)) {
    substituteCopy(call, rank);
    return true;
  }
  auto *assembly = dyn_cast<InlineAsm>(call.getCalledOperand());
  if (!assembly)
    return false;
  StringRef text = assembly->getAsmString();
  if (text.starts_with("wgmma.mma_async")) {
    replaceInPlace(call, [&](IRBuilder<> &b, Value *sums, unsigned count) {
      SmallVector<Value *> arguments{sums, b.getInt32(2 * count)};
      for (unsigned i = 0; i < 4; ++i)
        arguments.push_back(call.getArgOperand(count + i));
      arguments.push_back(b.getInt32(0));
      callEmulator(b, "multiply_in_group", b.getVoidTy(), arguments);
    });
    return true;
  }
  if (text.starts_with("wgmma.wait_group")) {
    replaceInPlace(call, [](IRBuilder<> &b, Value *sums, unsigned count) {
      callEmulator(b, "wait_for_sums", b.getVoidTy(),
                   {sums, b.getInt32(count)});
    });
    return true;
  }
  return false;
}

} // namespace lamina::gpu
