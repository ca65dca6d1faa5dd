// SPDX-License-Identifier: Apache-2.0
//
// The instructions that products of matrices are made of on sm_90a.

#include "backends/GPU/GroupCore.h"

#include "llvm/IR/InlineAsm.h"
#include "llvm/IR/IntrinsicsNVPTX.h"
#include "llvm/Support/NVPTXAddrSpace.h"

using namespace llvm;

namespace lamina::gpu {

using cpu::ValueRange;
using cpu::Values;

Value *GroupCore::toShared(Value *address) {
  return b.CreateAddrSpaceCast(address,
                               b.getPtrTy(NVPTXAS::ADDRESS_SPACE_SHARED));
}

//===----------------------------------------------------------------------===//
// Barriers
//===----------------------------------------------------------------------===//

void GroupCore::makeBarrier(Value *barrier, unsigned arrivals) {
  b.CreateIntrinsic(b.getVoidTy(), Intrinsic::nvvm_mbarrier_init_shared,
                    {toShared(barrier), b.getInt32(arrivals)});
}

void GroupCore::publishBarriers() {
  b.CreateIntrinsic(b.getVoidTy(),
                    Intrinsic::nvvm_fence_mbarrier_init_release_cluster, {});
}

void GroupCore::arrive(Value *barrier) {
  b.CreateIntrinsic(b.getInt64Ty(), Intrinsic::nvvm_mbarrier_arrive_shared,
                    {toShared(barrier)});
}

void GroupCore::arriveForBytes(Value *barrier, int64_t bytes) {
  b.CreateIntrinsic(
      b.getInt64Ty(),
      Intrinsic::nvvm_mbarrier_arrive_expect_tx_scope_cta_space_cta,
      {toShared(barrier), b.getInt32(uint32_t(bytes))});
}

void GroupCore::waitForPhase(Value *barrier, Value *parity) {
  Value *address = toShared(barrier);
  Value *bit = b.CreateTrunc(parity, b.getInt32Ty());
  b.emitWhile(
      {},
      [&](ValueRange) {
        Value *isOver = b.CreateIntrinsic(
            b.getInt1Ty(),
            Intrinsic::nvvm_mbarrier_try_wait_parity_scope_cta_space_cta,
            {address, bit});
        return b.CreateNot(isOver);
      },
      [](ValueRange) { return Values(); });
}

void GroupCore::waitForThreads(unsigned number, unsigned threads) {
  b.CreateIntrinsic(b.getVoidTy(),
                    Intrinsic::nvvm_barrier_cta_sync_aligned_count,
                    {b.getInt32(number), b.getInt32(threads)});
}

//===----------------------------------------------------------------------===//
// Copies
//===----------------------------------------------------------------------===//

void GroupCore::copyBox(Value *to, Value *barrier, Value *map, ValueRange at) {
  static constexpr Intrinsic::ID byRank[] = {
      Intrinsic::nvvm_cp_async_bulk_tensor_g2s_tile_2d,
      Intrinsic::nvvm_cp_async_bulk_tensor_g2s_tile_3d,
      Intrinsic::nvvm_cp_async_bulk_tensor_g2s_tile_4d,
      Intrinsic::nvvm_cp_async_bulk_tensor_g2s_tile_5d};
  Value *cluster = b.CreateAddrSpaceCast(
      to, b.getPtrTy(NVPTXAS::ADDRESS_SPACE_SHARED_CLUSTER));
  Values arguments{cluster, toShared(barrier), map};
  arguments.append(at.begin(), at.end());
  // Neither other blocks of the cluster, nor a hint for the cache, nor a group
  // of blocks.
  arguments.append({b.getInt16(0), b.getInt64(0), b.getFalse(), b.getFalse(),
                    b.getInt32(0)});
  b.CreateIntrinsic(b.getVoidTy(), byRank[at.size() - 2], arguments);
}

//===----------------------------------------------------------------------===//
// Products
//===----------------------------------------------------------------------===//

void GroupCore::takeRegisters(unsigned count) {
  b.CreateIntrinsic(b.getVoidTy(),
                    Intrinsic::nvvm_setmaxnreg_inc_sync_aligned_u32,
                    {b.getInt32(count)});
}

void GroupCore::giveRegisters(unsigned count) {
  b.CreateIntrinsic(b.getVoidTy(),
                    Intrinsic::nvvm_setmaxnreg_dec_sync_aligned_u32,
                    {b.getInt32(count)});
}

// Addresses and distances count 16 bytes. Bits 62 and 63 say how chunks are
// mixed; 1: over 128 bytes.
Value *GroupCore::matrix(Value *address, int64_t betweenBlocks,
                         int64_t betweenGroups) {
  Value *number = b.CreatePtrToInt(toShared(address), b.getInt64Ty());
  Value *start = b.CreateLShr(b.CreateAnd(number, 0x3ffff), 4);
  uint64_t rest = uint64_t(betweenBlocks / 16) << 16 |
                  uint64_t(betweenGroups / 16) << 32 | uint64_t(1) << 62;
  return b.CreateOr(start, rest);
}

void GroupCore::fence() {
  b.CreateIntrinsic(b.getVoidTy(), Intrinsic::nvvm_wgmma_fence_sync_aligned,
                    {});
}

void GroupCore::commit() {
  b.CreateIntrinsic(b.getVoidTy(),
                    Intrinsic::nvvm_wgmma_commit_group_sync_aligned, {});
}

void GroupCore::waitForProducts(unsigned pending) {
  b.CreateIntrinsic(b.getVoidTy(),
                    Intrinsic::nvvm_wgmma_wait_group_sync_aligned,
                    {b.getInt64(pending)});
}

/// Assembly that reads and writes `sums` in place.
Values GroupCore::assemble(const std::string &text, ValueRange sums,
                           ValueRange others, StringRef constraints) {
  std::string all, inputs;
  for (size_t i = 0; i < sums.size(); ++i) {
    all += "=f,";
    inputs += std::to_string(i) + ",";
  }
  all += inputs + constraints.str();
  if (constraints.empty())
    all.pop_back();
  Values arguments(sums);
  arguments.append(others.begin(), others.end());
  SmallVector<Type *> types, results(sums.size(), b.getFloatTy());
  for (Value *argument : arguments)
    types.push_back(argument->getType());
  auto *type = FunctionType::get(StructType::get(b.getContext(), results),
                                 types, /*isVarArg=*/false);
  CallInst *call = b.CreateCall(
      InlineAsm::get(type, text, all, /*hasSideEffects=*/true), arguments);
  call->setConvergent();
  Values parts;
  for (unsigned i = 0; i < sums.size(); ++i)
    parts.push_back(b.CreateExtractValue(call, i));
  return parts;
}

Values GroupCore::multiply(Value *a, bool aIsTransposed, Value *c,
                           bool cIsTransposed, ValueRange sums) {
  size_t columns = sums.size() * 2, count = sums.size();
  std::string list;
  for (size_t i = 0; i < count; ++i)
    list += (i ? ", $" : "$") + std::to_string(i);
  auto operand = [&](size_t number) {
    return "$" + std::to_string(2 * count + number);
  };
  std::string text = "wgmma.mma_async.sync.aligned.m64n" +
                     std::to_string(columns) + "k16.f32.bf16.bf16 {" + list +
                     "}, " + operand(0) + ", " + operand(1) + ", 1, 1, 1, " +
                     operand(2) + ", " + operand(3) + ";";
  return assemble(text, sums,
                  {a, c, b.getInt32(aIsTransposed), b.getInt32(cIsTransposed)},
                  "l,l,n,n");
}

Values GroupCore::waitForSums(ValueRange sums) {
  return assemble("wgmma.wait_group.sync.aligned 0;", sums, {}, "");
}

} // namespace lamina::gpu
