// SPDX-License-Identifier: Apache-2.0
//
// Copies of boxes and products of warpgroups as calls of the emulator.

#ifndef LAMINA_BACKENDS_GPU_EMULATEDGROUPCALLS_H
#define LAMINA_BACKENDS_GPU_EMULATEDGROUPCALLS_H

#include "llvm/IR/IRBuilder.h"

namespace lamina::gpu {

constexpr llvm::StringRef emulatorPrefix = "lamina_emulated_";
/// What is called here and accesses memory by itself.
constexpr llvm::StringRef groupAccesses[] = {"copy_box", "multiply_in_group"};

/// Memory of the thread for something of `type`.
llvm::Value *makeLocal(llvm::CallInst &call, llvm::Type *type);
/// Calls `lamina_emulated_<name>`.
llvm::CallInst *callEmulator(llvm::IRBuilder<> &b, llvm::StringRef name,
                             llvm::Type *result,
                             llvm::ArrayRef<llvm::Value *> arguments);

/// Replaces `call` if it is one of these (GroupCore.h makes them).
bool substituteGroupCall(llvm::CallInst &call);

} // namespace lamina::gpu

#endif // LAMINA_BACKENDS_GPU_EMULATEDGROUPCALLS_H
