// SPDX-License-Identifier: Apache-2.0
//
// From a kernel to one module of LLVM, whatever it runs on.
//
// What the backends for processors and for OpenCL do alike: ask whether a
// kernel has Funcs, and link what Halide makes of its steps.

#ifndef LAMINA_BACKENDS_HALIDE_KERNELMODULE_H
#define LAMINA_BACKENDS_HALIDE_KERNELMODULE_H

#include "backends/Backend.h"
#include "backends/CPU/KernelBody.h"

#include "llvm/ADT/STLFunctionalExtras.h"
#include "llvm/IR/Module.h"

namespace lamina::halide {

/// Whether `read` takes the body of `kernel`; else it says why not. The one way
/// to know is to do it: a yes is then never wrong.
Verdict
judge(kernel::FuncOp kernel,
      llvm::function_ref<bool(const cpu::KernelBody &, std::string &)> read);

/// An empty module for `kernel` on this processor.
std::unique_ptr<llvm::Module> makeModule(kernel::FuncOp kernel,
                                         const TargetModel &target,
                                         llvm::LLVMContext &context);

/// Links what Halide made of a step. Fails after a diagnostic.
mlir::LogicalResult linkStep(llvm::Module &module,
                             std::unique_ptr<llvm::Module> step,
                             kernel::FuncOp kernel);

/// Tells LLVM to use what `target` has. Names of Halide, which differ from run
/// to run, and its claims that two tensors never share memory, go.
void adoptCode(llvm::Module &module, const TargetModel &target);

} // namespace lamina::halide

#endif // LAMINA_BACKENDS_HALIDE_KERNELMODULE_H
