// SPDX-License-Identifier: Apache-2.0
//
// Processors by their feature bits.
//
// Makes a TargetModel of this machine or of a named processor. Only feature
// bits and cache sizes decide what is emitted; the name is for LLVM's
// scheduling.

#ifndef LAMINA_BACKENDS_CPU_TARGET_H
#define LAMINA_BACKENDS_CPU_TARGET_H

#include "backends/Backend.h"

#include <memory>

namespace llvm {
class TargetMachine;
} // namespace llvm

namespace lamina::cpu {

/// The model of `cpu` for x86-64: `native` asks this machine, any other word is
/// a name that LLVM knows (`x86-64-v3`, `skylake-avx512`) or `""` for the plain
/// x86-64. Nothing if LLVM does not know the name.
std::optional<TargetModel> makeTargetModel(llvm::StringRef cpu);

/// The names that `makeTargetModel` takes, for a diagnostic.
llvm::SmallVector<llvm::StringRef> knownProcessors();

/// LLVM's machine for `target`, with position-independent code.
std::unique_ptr<llvm::TargetMachine> makeMachine(const TargetModel &target);

/// Numbers of type f32 in one register.
inline unsigned lanesOf(const TargetModel &target) {
  return unsigned(target.vectorBits / 32);
}

} // namespace lamina::cpu

#endif // LAMINA_BACKENDS_CPU_TARGET_H
