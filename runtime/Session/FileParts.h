// SPDX-License-Identifier: Apache-2.0
//
// Names of a variable in files.
//
// A file has each copy of a repeated layer as a tensor of its own.

#ifndef LAMINA_RUNTIME_SESSION_FILEPARTS_H
#define LAMINA_RUNTIME_SESSION_FILEPARTS_H

#include "runtime/Program/Program.h"

#include <vector>

namespace lamina {
namespace runtime {

/// A tensor of a file that is a part of a variable's bytes.
struct FilePart {
  std::string name;
  std::vector<int64_t> shape;
  int64_t offset = 0;
};

/// One, or one for each copy of a stack; `shape` is the variable's.
std::vector<FilePart> partsInFiles(const Variable &variable,
                                   std::vector<int64_t> shape);

} // namespace runtime
} // namespace lamina

#endif // LAMINA_RUNTIME_SESSION_FILEPARTS_H
