// SPDX-License-Identifier: Apache-2.0
//
// Device functions as calls of the emulator.
//
// A function with several results writes them to memory of its caller. What a
// device function says in its name (a size, a form) the emulator's gets as
// arguments behind the others.

#include "backends/GPU/EmulatedCalls.h"

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
  StringRef name;
  SmallVector<int, 2> details = {}; ///< constants behind the arguments
  bool accesses = false; ///< memory: the last argument numbers the access
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
  };
  return table;
}

static constexpr StringRef prefix = "lamina_emulated_";

static void substitute(IntrinsicInst &call, const Substitute &by) {
  Function &function = *call.getFunction();
  IRBuilder<> b(&call);
  SmallVector<Value *> arguments;
  Value *results = nullptr;
  Type *type = call.getType();
  if (type->isStructTy()) {
    IRBuilder<> entry(&*function.getEntryBlock().getFirstInsertionPt());
    results = entry.CreateAlloca(type);
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
  SmallVector<Type *> types;
  for (Value *argument : arguments)
    types.push_back(argument->getType());
  Type *returned = results ? b.getVoidTy() : type;
  FunctionCallee callee = function.getParent()->getOrInsertFunction(
      (prefix + by.name).str(), FunctionType::get(returned, types, false));
  Value *value = b.CreateCall(callee, arguments);
  if (results)
    value = b.CreateLoad(type, results);
  call.replaceAllUsesWith(value);
  call.eraseFromParent();
}

mlir::LogicalResult substituteCalls(Function &function,
                                    const cpu::KernelBody &body) {
  for (Instruction &instruction :
       make_early_inc_range(instructions(function))) {
    auto *call = dyn_cast<IntrinsicInst>(&instruction);
    if (!call ||
        !call->getCalledFunction()->getName().starts_with("llvm.nvvm."))
      continue;
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
  return name.consume_front(prefix) &&
         any_of(substitutes(), [&](const Substitute &one) {
           return one.accesses && one.name == name;
         });
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
      module.getOrInsertFunction((prefix + "read").str(), type);
  FunctionCallee write =
      module.getOrInsertFunction((prefix + "write").str(), type);
  uint32_t line = 0;
  for (Instruction *access : accesses) {
    Value *number = b.getInt32(++line);
    if (auto *call = dyn_cast<CallInst>(access)) {
      call->setArgOperand(call->arg_size() - 1, number);
      continue;
    }
    b.SetInsertPoint(access);
    Value *address = getLoadStorePointerOperand(access);
    uint64_t bytes =
        module.getDataLayout().getTypeStoreSize(getLoadStoreType(access));
    b.CreateCall(isa<LoadInst>(access) ? read : write,
                 {b.CreateAddrSpaceCast(address, b.getPtrTy()),
                  b.getInt32(uint32_t(bytes)), number});
  }
}

bool waits(const Module &module) {
  static constexpr StringRef together[] = {"exchange", "load_matrices",
                                           "multiply"};
  return any_of(module, [](const Function &function) {
    StringRef name = function.getName();
    return name.consume_front(prefix) &&
           (name.starts_with("wait") || is_contained(together, name));
  });
}

} // namespace lamina::gpu
