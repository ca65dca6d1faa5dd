// SPDX-License-Identifier: Apache-2.0
//
// The fastest that this core multiplies.
//
// The register tile of products on operands that lie in the first cache: what
// no kernel can pass on this core, at this moment.

#include "tools/lamina-kernel/Peak.h"

#include "backends/CPU/CompileKernel.h"
#include "backends/CPU/LoopBuilder.h"
#include "backends/CPU/Target.h"
#include "tools/KernelRun/KernelRun.h"

#include "llvm/ExecutionEngine/Orc/LLJIT.h"
#include "llvm/IR/LLVMContext.h"
#include "llvm/Support/MemoryBuffer.h"
#include "llvm/Target/TargetMachine.h"

#include <algorithm>

namespace lamina::tools {

static constexpr int64_t sums = 12, rounds = 1 << 20;

/// float peak(float x): `sums` independent chains of `rounds` products.
static std::unique_ptr<llvm::Module> buildLoop(llvm::LLVMContext &context,
                                               const TargetModel &target) {
  auto module = std::make_unique<llvm::Module>("peak", context);
  llvm::TargetMachine *machine = cpu::findMachine(target);
  module->setTargetTriple(machine->getTargetTriple());
  module->setDataLayout(machine->createDataLayout());
  llvm::Type *number = llvm::Type::getFloatTy(context);
  auto *function =
      llvm::Function::Create(llvm::FunctionType::get(number, {number}, false),
                             llvm::Function::ExternalLinkage, "peak", *module);
  cpu::LoopBuilder b(function);
  llvm::Value *x = b.splat(function->getArg(0), cpu::lanesOf(target));
  cpu::Values start;
  for (int64_t i = 0; i < sums; ++i)
    start.push_back(
        b.CreateFAdd(x, llvm::ConstantFP::get(x->getType(), double(i))));
  cpu::Values last =
      b.emitFor(b.index(0), b.index(rounds), b.index(1), start,
                [&](llvm::Value *, cpu::ValueRange now) {
                  cpu::Values next;
                  for (llvm::Value *sum : now)
                    next.push_back(b.CreateIntrinsic(
                        llvm::Intrinsic::fmuladd, {x->getType()}, {sum, x, x}));
                  return next;
                });
  llvm::Value *total = last[0];
  for (llvm::Value *sum : llvm::drop_begin(last))
    total = b.CreateFAdd(total, sum);
  b.CreateRet(b.CreateExtractElement(total, uint64_t(0)));
  return module;
}

double measurePeak(const TargetModel &target) {
  llvm::LLVMContext context;
  std::unique_ptr<llvm::Module> module = buildLoop(context, target);
  cpu::optimizeKernel(*module, target);
  llvm::SmallVector<char, 0> object = cpu::writeObject(*module, target);
  llvm::ExitOnError exitOnError("lamina-kernel: ");
  auto jit = exitOnError(llvm::orc::LLJITBuilder().create());
  exitOnError(jit->addObjectFile(llvm::MemoryBuffer::getMemBufferCopy(
      llvm::StringRef(object.data(), object.size()))));
  auto *loop = exitOnError(jit->lookup("peak")).toPtr<float (*)(float)>();
  double best = 1e9;
  for (int i = 0; i < 20; ++i) {
    double start = threadSeconds();
    volatile float result = loop(0.5f);
    (void)result; // keeps the loop
    best = std::min(best, threadSeconds() - start);
  }
  return double(sums * rounds * 2) * cpu::lanesOf(target) / best;
}

} // namespace lamina::tools
