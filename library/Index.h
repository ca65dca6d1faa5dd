// SPDX-License-Identifier: Apache-2.0
//
// The standard library inside the compiler.
//
// The texts of library/*.lam and which of them declares a name; written by
// tools/scripts/embed_library.py when the compiler is built.

#ifndef LAMINA_LIBRARY_INDEX_H
#define LAMINA_LIBRARY_INDEX_H

#include "llvm/ADT/ArrayRef.h"
#include "llvm/ADT/StringRef.h"

#include <optional>

namespace lamina::library {

struct File {
  llvm::StringRef path; ///< "library/layers.lam"
  llvm::StringRef text;
};

/// The file that declares `name`.
std::optional<File> findFile(llvm::StringRef name);

/// Every name that the library declares, sorted.
llvm::ArrayRef<llvm::StringRef> allNames();

/// Every file, sorted by path.
llvm::ArrayRef<File> allFiles();

} // namespace lamina::library

#endif // LAMINA_LIBRARY_INDEX_H
