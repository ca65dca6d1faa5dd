// SPDX-License-Identifier: Apache-2.0
//
// Flags of lamina-kernel, and what is wrong with them.

#ifndef LAMINA_TOOLS_LAMINAKERNEL_FLAGS_H
#define LAMINA_TOOLS_LAMINAKERNEL_FLAGS_H

#include "backends/Backend.h"
#include "dialects/Kernel/KernelOps.h"

#include "llvm/Support/CommandLine.h"
#include "mlir/IR/BuiltinOps.h"

namespace lamina::flags {

extern llvm::cl::opt<std::string> input;
extern llvm::cl::opt<std::string> processor;
extern llvm::cl::opt<std::string> machine;
extern llvm::cl::opt<std::string> emit;
extern llvm::cl::opt<std::string> chip;
extern llvm::cl::opt<std::string> backendName;
extern llvm::cl::list<std::string> backendPlugins;
extern llvm::cl::opt<std::string> kernelName;
extern llvm::cl::opt<std::string> scheduleFile;
extern llvm::cl::opt<std::string> autoschedule;
extern llvm::cl::opt<std::string> fault;
extern llvm::cl::opt<uint64_t> schedule;
extern llvm::cl::opt<unsigned> orders;
extern llvm::cl::list<std::string> compare;
extern llvm::cl::list<std::string> sizes;
extern llvm::cl::opt<int64_t> checkEvery;
extern llvm::cl::list<int64_t> dims;
extern llvm::cl::opt<bool> loops;
extern llvm::cl::opt<double> tolerance;
extern llvm::cl::opt<bool> moved;
extern llvm::cl::opt<bool> relative;
extern llvm::cl::opt<double> low;
extern llvm::cl::opt<double> high;
extern llvm::cl::opt<int64_t> ids;
extern llvm::cl::opt<int64_t> rounds;
extern llvm::cl::opt<double> flops;

/// Hides what LLVM's libraries add.
void hideOthers();

/// A message of this tool on the error stream.
void say(const llvm::Twine &message);

/// False, after a message, if a flag was given that would do nothing.
bool checkUses();
/// The same for numbers that nothing can be done with.
bool checkNumbers();
/// The same for what kernels are compiled for.
bool checkProcessor();
/// The same for `--emit`; `backend` is null for the CPU's own.
bool checkForm(const Backend *backend);
/// The same for what the file has to be run or printed.
bool checkKernels(mlir::ModuleOp module);
/// The same for sizes, by `flag`, at which this machine has no memory to run
/// the kernel, or to run it and `compare` it with its plain meaning.
bool checkMemory(kernel::FuncOp kernel, std::vector<int64_t> dims,
                 llvm::StringRef flag, bool compares);

} // namespace lamina::flags

#endif // LAMINA_TOOLS_LAMINAKERNEL_FLAGS_H
