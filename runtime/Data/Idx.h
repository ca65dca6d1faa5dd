// SPDX-License-Identifier: Apache-2.0
//
// IDX files.
//
// The format of MNIST: a type, the sizes, the bytes.

#ifndef LAMINA_RUNTIME_DATA_IDX_H
#define LAMINA_RUNTIME_DATA_IDX_H

#include "runtime/Files/Files.h"

#include <cstdint>
#include <string>
#include <vector>

namespace lamina {
namespace runtime {

struct IdxFile {
  std::vector<int64_t> shape;
  const unsigned char *data = nullptr;
  FileBytes owner;

  /// Checks that the sizes in the header account for every byte. Throws.
  static IdxFile read(FileBytes bytes, const std::string &name);
};

} // namespace runtime
} // namespace lamina

#endif // LAMINA_RUNTIME_DATA_IDX_H
