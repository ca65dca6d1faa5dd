// SPDX-License-Identifier: Apache-2.0
//
// Keys of draws from their dotted paths.
//
// docs/random.md, section Keys: a draw's key is a chain of derivations from the
// entry's key, by its path without numbers, by the numbers, by the rounds.

#ifndef LAMINA_PASSES_MODEL_DRAWS_H
#define LAMINA_PASSES_MODEL_DRAWS_H

#include "llvm/ADT/SmallVector.h"
#include "mlir/IR/Builders.h"

#include <string>

namespace lamina {

struct Scope;

/// A number on a path: a constant, or the index of a loop in its scope.
struct PathNumber {
  int64_t constant = 0;
  mlir::Value index;
  Scope *scope = nullptr;
};

/// A dotted path, taken apart into names and numbers, and the rounds of loops
/// around. Outermost first.
struct DrawPath {
  /// The layers on it as they are written, "blocks.feed.0": for people.
  std::string layer;
  llvm::SmallVector<std::string, 0> names;
  llvm::SmallVector<PathNumber> numbers;
  llvm::SmallVector<PathNumber> rounds;

  /// Adds the parts of `text`; those of digits are numbers.
  void append(llvm::StringRef text);
  /// The same, and the parts are layers.
  void appendLayer(llvm::StringRef text);
  void append(const DrawPath &path);
};

/// Makes the key of the draw at `path`. `key` is the entry's key and `numbers`
/// its path's numbers and rounds, as values where the builder stands.
mlir::Value buildDrawKey(mlir::OpBuilder &builder, mlir::Location loc,
                         mlir::Value key, llvm::ArrayRef<std::string> names,
                         llvm::ArrayRef<mlir::Value> numbers);

} // namespace lamina

#endif // LAMINA_PASSES_MODEL_DRAWS_H
