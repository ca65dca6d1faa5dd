// SPDX-License-Identifier: Apache-2.0
//
// Processors by their feature bits.
//
// Makes a TargetModel of this machine or of a named processor. Only feature
// bits and cache sizes decide what is emitted; the name is for LLVM's
// scheduling.

#ifndef LAMINA_BACKENDS_CPU_TARGET_H
#define LAMINA_BACKENDS_CPU_TARGET_H

#include "backends/TargetModel.h"

#include "llvm/Support/CodeGen.h"
#include "llvm/Support/Error.h"
#include "llvm/TargetParser/Triple.h"

#include <memory>
#include <vector>

namespace llvm {
class TargetMachine;
} // namespace llvm

namespace lamina::cpu {

/// The model of `processor` for the machine of `triple` (empty: this one):
/// `native` asks this machine, any other word is a name that LLVM knows
/// (`x86-64-v3`, `cortex-a72`), and empty the plainest of its kind. The error
/// is a sentence that begins with the flag, `--target` or `--mcpu`.
llvm::Expected<TargetModel> makeTargetModel(llvm::StringRef processor,
                                            llvm::StringRef triple = "");

/// The processors that a program for any machine of this kind, x86-64 or
/// aarch64, carries code for, from the plainest.
std::vector<std::string> portableProcessors(const llvm::Triple &triple);

/// `text` with nothing left out, or this machine's triple if it is empty.
llvm::Triple tripleOf(llvm::StringRef text);

/// Whether this machine runs code for `triple`.
bool isHost(const llvm::Triple &triple);

/// LLVM's machine for `target`, with position-independent code. One a thread,
/// since it takes as long to make as a small kernel to compile, and one a level,
/// since code generation without optimization leaves its marks on it. (The
/// features that it would remember functions name themselves.) Null if LLVM has
/// none.
llvm::TargetMachine *
findMachine(const TargetModel &target,
            llvm::CodeGenOptLevel level = llvm::CodeGenOptLevel::Default);

/// Numbers of type f32 in one register.
inline unsigned lanesOf(const TargetModel &target) {
  return unsigned(target.vectorBits / 32);
}

} // namespace lamina::cpu

#endif // LAMINA_BACKENDS_CPU_TARGET_H
