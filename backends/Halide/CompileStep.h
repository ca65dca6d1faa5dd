// SPDX-License-Identifier: Apache-2.0
//
// From scheduled Funcs to a module of LLVM.

#ifndef LAMINA_BACKENDS_HALIDE_COMPILESTEP_H
#define LAMINA_BACKENDS_HALIDE_COMPILESTEP_H

#include "backends/Halide/Algorithm.h"

#include "llvm/IR/Module.h"
#include "llvm/Support/MemoryBuffer.h"

namespace lamina::halide {

/// The machine as Halide calls it, without its run time and checks. Nothing if
/// Halide has no code for it.
std::optional<Halide::Target> makeTarget(const TargetModel &model);

/// Says what Halide knows of the out of `step`: it is dense, and where boxes
/// start.
void describeOut(Step &step, const Algorithm &algorithm);

/// Compiles `step`, which is scheduled, to a function of its name. It takes the
/// inputs, the dims, the scalars and the starts of the box, then the outs; each
/// tensor is a halide_buffer_t. Null after a diagnostic at `kernel`.
std::unique_ptr<llvm::Module> compileStep(Step &step,
                                          const Algorithm &algorithm,
                                          const Halide::Target &target,
                                          kernel::FuncOp kernel,
                                          llvm::LLVMContext &context);

/// The code of `step` for the GPU that `target` has, as Halide hands it over.
/// Null after a diagnostic.
std::unique_ptr<llvm::MemoryBuffer>
compileForDevice(Step &step, const Algorithm &algorithm,
                 const Halide::Target &target, kernel::FuncOp kernel);

/// Prints `step` as Halide lowers it, with `kind` "stmt" or "html".
mlir::LogicalResult printStep(Step &step, const Algorithm &algorithm,
                              const Halide::Target &target,
                              kernel::FuncOp kernel, llvm::StringRef kind,
                              llvm::raw_ostream &out);

} // namespace lamina::halide

#endif // LAMINA_BACKENDS_HALIDE_COMPILESTEP_H
