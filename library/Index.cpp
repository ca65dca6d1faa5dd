// SPDX-License-Identifier: Apache-2.0
//
// The standard library inside the compiler.

#include "library/Index.h"

#include <algorithm>
#include <iterator>

namespace lamina::library {

// Defines `files`, `names` (sorted) and `fileOfName`, in step with `names`.
#include "library/LibraryTexts.inc"

std::optional<File> findFile(llvm::StringRef name) {
  auto *at = std::lower_bound(std::begin(names), std::end(names), name);
  if (at == std::end(names) || *at != name)
    return std::nullopt;
  return files[fileOfName[at - std::begin(names)]];
}

llvm::ArrayRef<llvm::StringRef> allNames() { return names; }

llvm::ArrayRef<File> allFiles() { return files; }

} // namespace lamina::library
