// SPDX-License-Identifier: Apache-2.0
//
// Arrays of NumPy.
//
// NPY and NPZ files as data and as parameters of samples; NPY as their output.

#ifndef LAMINA_RUNTIME_DATA_NPY_H
#define LAMINA_RUNTIME_DATA_NPY_H

#include "runtime/Files/Files.h"
#include "runtime/Program/Type.h"

#include <map>
#include <string>
#include <vector>

namespace lamina {
namespace runtime {

/// An array of a file. Elements are little-endian numbers or truth values.
struct NpyArray {
  char kind = 'f'; ///< 'f' real, 'i' whole, 'u' whole without sign, 'b' truth
  int64_t elementBytes = 4;
  std::vector<int64_t> shape;
  const char *data = nullptr;
  FileBytes owner;

  int64_t count() const { return elementCount(shape); }
  double realAt(int64_t i) const;
  int64_t intAt(int64_t i) const;
  bool isWhole() const { return kind != 'f'; }
};

/// The array of an NPY file, packed by gzip or not. Throws.
NpyArray readNpy(const std::string &path);
/// The same from bytes; `name` is for messages.
NpyArray parseNpy(FileBytes file, const std::string &name);

/// The arrays of an NPZ file by name.
std::map<std::string, NpyArray> readNpz(const std::string &path);
std::map<std::string, NpyArray> parseNpz(const FileBytes &file,
                                         const std::string &name);

void writeNpy(const std::string &path, Element element,
              const std::vector<int64_t> &shape, const void *data);

} // namespace runtime
} // namespace lamina

#endif // LAMINA_RUNTIME_DATA_NPY_H
