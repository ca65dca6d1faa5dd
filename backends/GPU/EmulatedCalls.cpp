// SPDX-License-Identifier: Apache-2.0
//
// Device functions as calls of the emulator.
//
// A function with several results writes them to memory of its caller. What a
// device function says in its name (a size, a form) the emulator's gets as
// arguments behind the others.

#include "backends/GPU/EmulatedCalls.h"

#include "backends/CPU/ScalarOps.h"
#include "backends/CPU/SourceLines.h"
#include "backends/GPU/EmulatedGroupCalls.h"

#include "llvm/Analysis/ValueTracking.h"
#include "llvm/IR/IRBuilder.h"
#include "llvm/IR/InstIterator.h"
#include "llvm/IR/IntrinsicInst.h"
#include "llvm/IR/IntrinsicsNVPTX.h"

using namespace llvm;

namespace lamina::gpu {

namespace {
/// A device function and the emulator's.
struct Substitute {
  Intrinsic::ID id;
  StringRef name;                   ///< empty: nothing is left to do
  SmallVector<int, 2> details = {}; ///< constants behind the arguments
  bool accesses = false; ///< memory: the last argument is the number of the op
};
} // namespace

static ArrayRef<Substitute> substitutes() {
  static const Substitute table[] = {
      {Intrinsic::nvvm_read_ptx_sreg_tid_x, "thread"},
      {Intrinsic::nvvm_read_ptx_sreg_ctaid_x, "block"},
      {Intrinsic::nvvm_barrier_cta_sync_aligned_all, "wait_for_block"},
      {Intrinsic::nvvm_bar_warp_sync, "wait_for_warp"},
      {Intrinsic::nvvm_shfl_sync_bfly_i32, "exchange"},
      {Intrinsic::nvvm_cp_async_cg_shared_global_16_s, "copy", {16}, true},
      {Intrinsic::nvvm_cp_async_commit_group, "commit_copies"},
      {Intrinsic::nvvm_cp_async_wait_group, "wait_for_copies"},
      {Intrinsic::nvvm_ldmatrix_sync_aligned_m8n8_x4_b16,
       "load_matrices",
       {4, 0},
       true},
      {Intrinsic::nvvm_ldmatrix_sync_aligned_m8n8_x4_trans_b16,
       "load_matrices",
       {4, 1},
       true},
      {Intrinsic::nvvm_mma_m16n8k16_row_col_bf16, "multiply"},
      {Intrinsic::nvvm_barrier_cta_sync_aligned_count, "wait_for_threads"},
      {Intrinsic::nvvm_mbarrier_init_shared, "make_barrier", {}, true},
      {Intrinsic::nvvm_mbarrier_arrive_shared, "arrive", {}, true},
      {Intrinsic::nvvm_mbarrier_arrive_expect_tx_scope_cta_space_cta,
       "arrive_for_bytes",
       {},
       true},
      {Intrinsic::nvvm_mbarrier_try_wait_parity_scope_cta_space_cta,
       "wait_for_phase",
       {},
       true},
      {Intrinsic::nvvm_wgmma_fence_sync_aligned, "fence_sums"},
      {Intrinsic::nvvm_wgmma_commit_group_sync_aligned, "commit_products"},
      {Intrinsic::nvvm_wgmma_wait_group_sync_aligned, "wait_for_products"},
      // Threads see memory in one order and have all registers they ask for.
      {Intrinsic::nvvm_fence_mbarrier_init_release_cluster, ""},
      {Intrinsic::nvvm_setmaxnreg_inc_sync_aligned_u32, ""},
      {Intrinsic::nvvm_setmaxnreg_dec_sync_aligned_u32, ""},
  };
  return table;
}

Value *makeLocal(CallInst &call, Type *type) {
  BasicBlock &entry = call.getFunction()->getEntryBlock();
  return IRBuilder<>(&*entry.getFirstInsertionPt()).CreateAlloca(type);
}

CallInst *callEmulator(IRBuilder<> &b, StringRef name, Type *result,
                       ArrayRef<Value *> arguments) {
  SmallVector<Type *> types;
  for (Value *argument : arguments)
    types.push_back(argument->getType());
  FunctionCallee callee = b.GetInsertBlock()->getModule()->getOrInsertFunction(
      (emulatorPrefix + name).str(), FunctionType::get(result, types, false));
  return b.CreateCall(callee, arguments);
}

static void substitute(IntrinsicInst &call, const Substitute &by) {
  if (by.name.empty()) {
    call.eraseFromParent();
    return;
  }
  IRBuilder<> b(&call);
  SmallVector<Value *> arguments;
  Value *results = nullptr;
  Type *type = call.getType();
  if (type->isStructTy()) {
    results = makeLocal(call, type);
    arguments.push_back(results);
  }
  for (Value *argument : call.args())
    arguments.push_back(argument->getType()->isPointerTy()
                            ? b.CreateAddrSpaceCast(argument, b.getPtrTy())
                            : argument);
  for (int detail : by.details)
    arguments.push_back(b.getInt32(uint32_t(detail)));
  if (by.accesses)
    arguments.push_back(b.getInt32(0));
  Value *value =
      callEmulator(b, by.name, results ? b.getVoidTy() : type, arguments);
  if (results)
    value = b.CreateLoad(type, results);
  call.replaceAllUsesWith(value);
  call.eraseFromParent();
}

/// Two numbers as bf16, the second one first.
static void substituteRounding(IntrinsicInst &call) {
  IRBuilder<> b(&call);
  Value *pair = PoisonValue::get(call.getType());
  for (unsigned i : {0, 1})
    pair = b.CreateInsertElement(
        pair, cpu::roundToBFloat(b, call.getArgOperand(1 - i)), i);
  call.replaceAllUsesWith(pair);
  call.eraseFromParent();
}

mlir::LogicalResult substituteCalls(Function &function,
                                    const cpu::KernelBody &body) {
  for (Instruction &instruction :
       make_early_inc_range(instructions(function))) {
    if (auto *any = dyn_cast<CallInst>(&instruction);
        any && substituteGroupCall(*any))
      continue;
    auto *call = dyn_cast<IntrinsicInst>(&instruction);
    if (!call ||
        !call->getCalledFunction()->getName().starts_with("llvm.nvvm."))
      continue;
    if (call->getIntrinsicID() == Intrinsic::nvvm_ff2bf16x2_rn) {
      substituteRounding(*call);
      continue;
    }
    const auto *found = find_if(substitutes(), [&](const Substitute &one) {
      return one.id == call->getIntrinsicID();
    });
    if (found == substitutes().end())
      return body.func()->emitError("the emulator has no '")
             << call->getCalledFunction()->getName() << "'";
    substitute(*call, *found);
  }
  return mlir::success();
}

//===----------------------------------------------------------------------===//
// Accesses
//===----------------------------------------------------------------------===//

static bool accessesByItself(const CallInst &call) {
  const Function *callee = call.getCalledFunction();
  StringRef name = callee ? callee->getName() : "";
  return name.consume_front(emulatorPrefix) &&
         (is_contained(groupAccesses, name) ||
          any_of(substitutes(), [&](const Substitute &one) {
            return one.accesses && one.name == name;
          }));
}

void reportAccesses(Function &function) {
  Module &module = *function.getParent();
  SmallVector<Instruction *> accesses;
  for (Instruction &instruction : instructions(function)) {
    auto *call = dyn_cast<CallInst>(&instruction);
    if (call && accessesByItself(*call))
      accesses.push_back(call);
    if (!isa<LoadInst, StoreInst>(instruction))
      continue;
    // A thread's own memory and tables of constants are nobody else's.
    const Value *object =
        getUnderlyingObject(getLoadStorePointerOperand(&instruction));
    if (!isa<AllocaInst, GlobalVariable>(object))
      accesses.push_back(&instruction);
  }
  IRBuilder<> b(function.getContext());
  auto *type = FunctionType::get(
      b.getVoidTy(), {b.getPtrTy(), b.getInt32Ty(), b.getInt32Ty()}, false);
  FunctionCallee read =
      module.getOrInsertFunction((emulatorPrefix + "read").str(), type);
  FunctionCallee write =
      module.getOrInsertFunction((emulatorPrefix + "write").str(), type);
  for (Instruction *access : accesses) {
    Value *op = b.getInt32(cpu::opNumberOf(*access));
    if (auto *call = dyn_cast<CallInst>(access)) {
      call->setArgOperand(call->arg_size() - 1, op);
      continue;
    }
    b.SetInsertPoint(access);
    Value *address = getLoadStorePointerOperand(access);
    uint64_t bytes =
        module.getDataLayout().getTypeStoreSize(getLoadStoreType(access));
    b.CreateCall(isa<LoadInst>(access) ? read : write,
                 {b.CreateAddrSpaceCast(address, b.getPtrTy()),
                  b.getInt32(uint32_t(bytes)), op});
  }
}

bool waits(const Module &module) {
  static constexpr StringRef together[] = {"exchange", "load_matrices",
                                           "multiply"};
  return any_of(module, [](const Function &function) {
    StringRef name = function.getName();
    return name.consume_front(emulatorPrefix) &&
           (name.starts_with("wait") || is_contained(together, name));
  });
}

} // namespace lamina::gpu
