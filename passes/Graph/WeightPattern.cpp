// SPDX-License-Identifier: Apache-2.0
//
// Weights by name.

#include "passes/Graph/WeightPattern.h"

using namespace llvm;

namespace lamina {

StringRef getDottedName(program::VariableOp variable) {
  if (auto stack = variable.getStack())
    return *stack;
  return variable.getFile().value_or(variable.getSymName());
}

/// Whether some text is of both forms. A star of the pattern is any characters;
/// one of the name is the number of a copy.
static bool meet(StringRef pattern, StringRef name) {
  if (pattern.empty())
    return name.empty() || name.front() == '.'; // the rest is in the layer
  if (pattern.front() == '*')
    return meet(pattern.drop_front(), name) ||
           (!name.empty() && meet(pattern, name.drop_front()));
  if (name.empty())
    return false;
  if (name.front() == '*' && isDigit(pattern.front()))
    return meet(pattern.drop_while(isDigit), name.drop_front());
  return pattern.front() == name.front() &&
         meet(pattern.drop_front(), name.drop_front());
}

bool matchesWeight(StringRef pattern, program::VariableOp variable) {
  StringRef name = getDottedName(variable);
  if (meet(pattern, name))
    return true;
  StringRef model = variable.getSymName().split('.').first;
  return meet(pattern, (model + "." + name).str());
}

} // namespace lamina
