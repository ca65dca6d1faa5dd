// SPDX-License-Identifier: Apache-2.0
//
// Which op of a kernel an instruction is of.
//
// LLVM carries a line with each instruction. Here that is the number of an op
// in the kernel's body, not a line of a file: kernels that are equal but for
// where they stand in the source stay equal, and are compiled once. Whoever
// prints code, or is told of a fault, has the kernel's own locations and finds
// the line of a number there (`kernel::getOpLines`).

#ifndef LAMINA_BACKENDS_CPU_SOURCELINES_H
#define LAMINA_BACKENDS_CPU_SOURCELINES_H

#include "llvm/ADT/ArrayRef.h"
#include "llvm/IR/Module.h"
#include "llvm/Support/raw_ostream.h"

#include <string>

namespace lamina::cpu {

/// What instructions of `function` name as their place. Called once for it.
llvm::DISubprogram *beginLines(llvm::Function &function);

/// The number of the op that `instruction` is of; 0 if it is of none, or of
/// several.
unsigned opNumberOf(const llvm::Instruction &instruction);

/// Leaves the code alone.
void removeLines(llvm::Module &module);

/// Prints `module` with the line of each run of instructions before it, where
/// `lines` has one. What it says of lines is gone from the module afterwards.
void printWithLines(llvm::Module &module, llvm::ArrayRef<std::string> lines,
                    llvm::raw_ostream &out);

/// Replaces the directives of an assembler that name ops by comments with their
/// lines.
std::string commentLines(llvm::StringRef assembly,
                         llvm::ArrayRef<std::string> lines,
                         llvm::StringRef comment);

} // namespace lamina::cpu

#endif // LAMINA_BACKENDS_CPU_SOURCELINES_H
