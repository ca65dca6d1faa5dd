// SPDX-License-Identifier: Apache-2.0
//
// Faults planted into kernels, for the emulator to find.

#include "tools/lamina-kernel/PlantedFault.h"

#include "llvm/IR/IRBuilder.h"
#include "llvm/IR/InlineAsm.h"
#include "llvm/IR/InstIterator.h"
#include "llvm/IR/IntrinsicInst.h"
#include "llvm/IR/IntrinsicsNVPTX.h"
#include "llvm/Transforms/Utils/BasicBlockUtils.h"

using namespace llvm;

namespace lamina::tools {

namespace {
using Calls = SmallVector<CallInst *>;

/// A fault: the calls it is about, by the beginning of the device function's
/// name or of the inline assembly, and what becomes of them.
struct Fault {
  StringRef name;
  StringRef calls;
  void (*plant)(const Calls &calls);
};
} // namespace

//===----------------------------------------------------------------------===//
// What becomes of calls
//===----------------------------------------------------------------------===//

static void erase(const Calls &calls) {
  for (CallInst *call : calls)
    call->eraseFromParent();
}

static void eraseFirst(const Calls &calls) { calls.front()->eraseFromParent(); }

/// A wait that does not wait.
static void passFirst(const Calls &calls) {
  calls.front()->replaceAllUsesWith(
      ConstantInt::getTrue(calls.front()->getContext()));
  calls.front()->eraseFromParent();
}

static void passLast(const Calls &calls) { passFirst({calls.back()}); }

/// Sums as they are while products on them are under way.
static void useSumsAtOnce(const Calls &calls) {
  CallInst *call = calls.front();
  IRBuilder<> b(call);
  Value *sums = PoisonValue::get(call->getType());
  for (unsigned i = 0; i < call->arg_size(); ++i)
    sums = b.CreateInsertValue(sums, call->getArgOperand(i), i);
  call->replaceAllUsesWith(sums);
}

template <unsigned argument, int64_t more>
static void addToFirst(const Calls &calls) {
  Value *before = calls.front()->getArgOperand(argument);
  IRBuilder<> b(calls.front());
  Value *after =
      before->getType()->isPointerTy()
          ? b.CreatePtrAdd(before, b.getInt64(more))
          : b.CreateAdd(before, ConstantInt::get(before->getType(), more));
  calls.front()->setArgOperand(argument, after);
}

/// The chunk next to the right one, in either direction.
static void mixOtherwise(const Calls &calls) {
  CallInst *call = calls.front();
  IRBuilder<> b(call);
  Value *address = call->getArgOperand(0);
  Value *number = b.CreatePtrToInt(address, b.getInt64Ty());
  call->setArgOperand(
      0, b.CreateIntToPtr(b.CreateXor(number, 16), address->getType()));
}

/// All threads at the place of the first one.
static void writeToOnePlace(const Calls &calls) {
  for (GlobalVariable &variable : calls.front()->getModule()->globals())
    if (variable.getType() == calls.front()->getArgOperand(0)->getType())
      calls.front()->setArgOperand(0, &variable);
}

/// Thread 5 leaves before the first of the calls.
static void leaveBefore(const Calls &calls) {
  IRBuilder<> b(calls.front());
  Value *thread = b.CreateIntrinsic(b.getInt32Ty(),
                                    Intrinsic::nvvm_read_ptx_sreg_tid_x, {});
  Instruction *end = SplitBlockAndInsertIfThen(
      b.CreateICmpEQ(thread, b.getInt32(5)), calls.front()->getIterator(),
      /*Unreachable=*/true);
  IRBuilder<>(end).CreateRetVoid();
  end->eraseFromParent();
}

/// Members without the last lane.
static void leaveOutALane(const Calls &calls) {
  for (CallInst *call : calls)
    call->setArgOperand(
        0, ConstantInt::get(call->getArgOperand(0)->getType(), 0x7fffffff));
}

/// The first pair of factors the other way round.
static void swapFirst(const Calls &calls) {
  Value *first = calls.front()->getArgOperand(0);
  calls.front()->setArgOperand(0, calls.front()->getArgOperand(1));
  calls.front()->setArgOperand(1, first);
}

/// Of the left matrix.
template <int bit>
static void flipInDescriptor(const Calls &calls) {
  CallInst *call = calls.front();
  unsigned descriptor = call->arg_size() - 4;
  IRBuilder<> b(call);
  call->setArgOperand(descriptor, b.CreateXor(call->getArgOperand(descriptor),
                                              b.getInt64(uint64_t(1) << bit)));
}

//===----------------------------------------------------------------------===//
// The faults
//===----------------------------------------------------------------------===//

static const Fault faults[] = {
    {"missing-barrier", "llvm.nvvm.barrier.cta.sync.aligned.all", erase},
    {"missing-wait", "llvm.nvvm.cp.async.wait.group", erase},
    {"missing-copy", "llvm.nvvm.cp.async.cg", eraseFirst},
    {"out-of-bounds", "llvm.nvvm.cp.async.cg", addToFirst<1, 1 << 20>},
    {"two-writers", "llvm.nvvm.cp.async.cg", writeToOnePlace},
    {"wrong-swizzle", "llvm.nvvm.ldmatrix", mixOtherwise},
    {"dropped-lane", "llvm.nvvm.mma", leaveBefore},
    {"swapped-pair", "llvm.nvvm.ff2bf16x2", swapFirst},
    {"partial-mask", "llvm.nvvm.shfl.sync", leaveOutALane},
    {"wrong-arrival-count", "llvm.nvvm.mbarrier.init", addToFirst<1, 1>},
    {"wrong-byte-count", "llvm.nvvm.mbarrier.arrive.expect.tx",
     addToFirst<1, 16>},
    {"producer-ahead", "llvm.nvvm.mbarrier.try.wait", passFirst},
    {"consumer-ahead", "llvm.nvvm.mbarrier.try.wait", passLast},
    {"freed-early", "llvm.nvvm.wgmma.wait_group", erase},
    {"missing-fence", "llvm.nvvm.wgmma.fence", erase},
    {"wrong-descriptor", "wgmma.mma_async", flipInDescriptor<62>},
    {"wrong-distance", "wgmma.mma_async", flipInDescriptor<38>},
    {"late-scale", "wgmma.wait_group", useSumsAtOnce},
};

static StringRef nameOf(const CallInst &call) {
  if (auto *assembly = dyn_cast<InlineAsm>(call.getCalledOperand()))
    return assembly->getAsmString();
  const Function *callee = call.getCalledFunction();
  return callee ? callee->getName() : "";
}

bool plantFault(Module &module, StringRef name) {
  const auto *fault =
      find_if(faults, [&](const Fault &one) { return one.name == name; });
  if (fault == std::end(faults))
    return false;
  Calls calls;
  for (Function &function : module)
    for (Instruction &instruction : instructions(function))
      if (auto *call = dyn_cast<CallInst>(&instruction))
        if (nameOf(*call).starts_with(fault->calls))
          calls.push_back(call);
  if (calls.empty())
    return false;
  fault->plant(calls);
  return true;
}

} // namespace lamina::tools
