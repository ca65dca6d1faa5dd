// SPDX-License-Identifier: Apache-2.0
//
// Weights by name.
//
// The text patterns of groups (language.md), for flags that ask for weights
// when layers are gone.

#ifndef LAMINA_PASSES_GRAPH_WEIGHTPATTERN_H
#define LAMINA_PASSES_GRAPH_WEIGHTPATTERN_H

#include "dialects/Program/ProgramOps.h"

namespace lamina {

/// The dotted name of a variable, with `*` for the number of a copy.
llvm::StringRef getDottedName(program::VariableOp variable);

/// Whether `pattern`, in which `*` stands for any characters, is the name of
/// the variable, of a copy of it, or of a layer that it belongs to; with or
/// without the name of the model in front.
bool matchesWeight(llvm::StringRef pattern, program::VariableOp variable);

} // namespace lamina

#endif // LAMINA_PASSES_GRAPH_WEIGHTPATTERN_H
