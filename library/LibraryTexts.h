//===- LibraryTexts.h - The standard library inside the compiler -*- C++ -*-===//
//
// SPDX-License-Identifier: Apache-2.0
//
//===----------------------------------------------------------------------===//

#ifndef LAMINA_LIBRARY_LIBRARYTEXTS_H
#define LAMINA_LIBRARY_LIBRARYTEXTS_H

#include <string_view>

namespace lamina {

/// One file of library/.
struct LibraryFile {
  std::string_view name; ///< "layers.lam"
  std::string_view text;
};

/// Which file declares a name.
struct LibraryEntry {
  std::string_view name;
  unsigned file; ///< index into `libraryFiles`
};

extern const LibraryFile libraryFiles[];
extern const unsigned numLibraryFiles;
extern const LibraryEntry libraryIndex[]; ///< sorted by name
extern const unsigned numLibraryEntries;

} // namespace lamina

#endif // LAMINA_LIBRARY_LIBRARYTEXTS_H
