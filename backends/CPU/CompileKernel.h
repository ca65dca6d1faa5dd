// SPDX-License-Identifier: Apache-2.0
//
// From a kernel to an object file.
//
// The way of one kernel: read the body, choose an emitter by its form, fill the
// three exported functions, optimize, write the object. No state outlives a
// call, so kernels of different contexts may be compiled side by side.

#ifndef LAMINA_BACKENDS_CPU_COMPILEKERNEL_H
#define LAMINA_BACKENDS_CPU_COMPILEKERNEL_H

#include "backends/Backend.h"
#include "dialects/Kernel/KernelOps.h"

#include "llvm/IR/Module.h"

namespace llvm {
class TargetMachine;
} // namespace llvm

namespace lamina::cpu {

/// How a kernel is emitted: by blocks and registers where there is such an
/// emitter, or by plain loops, which take every body.
struct EmitOptions {
  bool fast = true;
};

/// The LLVM module of `kernel`, not optimized yet; null after a diagnostic.
std::unique_ptr<llvm::Module> emitModule(kernel::FuncOp kernel,
                                         const TargetModel &target,
                                         const EmitOptions &options,
                                         llvm::LLVMContext &context);

/// A function of C that `module` exports and that never unwinds.
llvm::Function *declareFunction(llvm::Module &module, const llvm::Twine &name,
                                llvm::Type *result,
                                llvm::ArrayRef<llvm::Type *> arguments);

enum class KernelCode { CPU, GPU };

/// Runs on what an emitter wrote those of LLVM's passes that find something in
/// it. Nothing is made into vectors: emitters do that.
void optimizeKernel(llvm::Module &module, const TargetModel &target);
void optimizeKernel(llvm::Module &module, llvm::TargetMachine &machine,
                    KernelCode code);
/// Runs all of LLVM's passes on code of other origin.
void optimizeModule(llvm::Module &module, const TargetModel &target);

/// An object of fast code; of plain code, for what runs once a launch, written
/// in a third of the time; or the assembly of fast code.
enum class ObjectForm { Fast, Plain, Assembly };
llvm::SmallVector<char, 0> writeObject(llvm::Module &module,
                                       const TargetModel &target,
                                       ObjectForm form = ObjectForm::Fast);

} // namespace lamina::cpu

#endif // LAMINA_BACKENDS_CPU_COMPILEKERNEL_H
