// SPDX-License-Identifier: Apache-2.0
//
// The instructions that products of matrices are made of.

#include "backends/GPU/TensorCore.h"

#include "llvm/IR/IntrinsicsNVPTX.h"
#include "llvm/Support/NVPTXAddrSpace.h"

using namespace llvm;

namespace lamina::gpu {

using cpu::ValueRange;
using cpu::Values;

Value *TensorCore::toShared(Value *address) {
  return b.CreateAddrSpaceCast(address,
                               b.getPtrTy(NVPTXAS::ADDRESS_SPACE_SHARED));
}

Values TensorCore::parts(Value *results) {
  Values all;
  for (unsigned i = 0; i < results->getType()->getStructNumElements(); ++i)
    all.push_back(b.CreateExtractValue(results, i));
  return all;
}

void TensorCore::copy(Value *to, Value *from, Value *valid) {
  Value *global =
      b.CreateAddrSpaceCast(from, b.getPtrTy(NVPTXAS::ADDRESS_SPACE_GLOBAL));
  b.CreateIntrinsic(b.getVoidTy(),
                    Intrinsic::nvvm_cp_async_cg_shared_global_16_s,
                    {toShared(to), global, valid});
}

void TensorCore::commitCopies() {
  b.CreateIntrinsic(b.getVoidTy(), Intrinsic::nvvm_cp_async_commit_group, {});
}

void TensorCore::waitForCopies(unsigned pending) {
  b.CreateIntrinsic(b.getVoidTy(), Intrinsic::nvvm_cp_async_wait_group,
                    {b.getInt32(pending)});
}

Values TensorCore::loadMatrices(Value *row, bool isTransposed) {
  Intrinsic::ID id =
      isTransposed ? Intrinsic::nvvm_ldmatrix_sync_aligned_m8n8_x4_trans_b16
                   : Intrinsic::nvvm_ldmatrix_sync_aligned_m8n8_x4_b16;
  Value *address = toShared(row);
  return parts(b.CreateIntrinsic(id, {address->getType()}, {address}));
}

Value *TensorCore::roundPair(Value *first, Value *second) {
  Value *pair =
      b.CreateIntrinsic(Intrinsic::nvvm_ff2bf16x2_rn, {}, {second, first});
  return b.CreateBitCast(pair, b.getInt32Ty());
}

Values TensorCore::splitPair(Value *word) {
  return {b.CreateBitCast(b.CreateShl(word, 16), b.getFloatTy()),
          b.CreateBitCast(b.CreateAnd(word, 0xffff0000u), b.getFloatTy())};
}

Values TensorCore::multiply(ValueRange a, ValueRange right, ValueRange sums) {
  Values operands(a);
  operands.append(right.begin(), right.end());
  operands.append(sums.begin(), sums.end());
  return parts(b.CreateIntrinsic(Intrinsic::nvvm_mma_m16n8k16_row_col_bf16, {},
                                 operands));
}

} // namespace lamina::gpu
