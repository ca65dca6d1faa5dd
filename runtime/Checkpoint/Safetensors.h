// SPDX-License-Identifier: Apache-2.0
//
// Files of named tensors.
//
// The format of weights and checkpoints: an 8-byte length, a JSON header with
// the type, shape and place of each tensor, then the bytes. Reading trusts
// nothing in the file; writing is atomic.

#ifndef LAMINA_RUNTIME_CHECKPOINT_SAFETENSORS_H
#define LAMINA_RUNTIME_CHECKPOINT_SAFETENSORS_H

#include "runtime/Files/Files.h"
#include "runtime/Json/Json.h"

#include <cstdint>
#include <map>
#include <string>
#include <vector>

namespace lamina {
namespace runtime {

struct FileTensor {
  std::string type; ///< the format's word: "F32", "BF16", "I64", …
  std::vector<int64_t> shape;
  const char *data = nullptr;
  int64_t bytes = 0;
};

/// Bytes of one element of the format's type `name`; 0 if there is none.
int64_t safetensorsElementBytes(const std::string &name);

/// `tensor`'s element i as a number, whatever its type.
double elementAsReal(const FileTensor &tensor, int64_t i);

class SafetensorsFile {
public:
  /// Reads the header of `path` and checks all of it. Throws.
  static SafetensorsFile open(const std::string &path);
  /// The same from bytes in memory; `name` is for messages.
  static SafetensorsFile read(FileBytes bytes, const std::string &name);

  const FileTensor *find(const std::string &name) const;
  /// The text that `__metadata__` has under `key`; null if none.
  const std::string *metadata(const std::string &key) const;

  const std::map<std::string, FileTensor> &tensors() const { return byName; }
  const std::string &path() const { return name; }

private:
  void readHeader(const Json &header, size_t dataStart);
  void checkCoverage(size_t dataStart) const;

  std::string name;
  FileBytes file;
  std::map<std::string, FileTensor> byName;
  std::map<std::string, std::string> texts;
};

class SafetensorsWriter {
public:
  /// `data` must stay alive until `write`.
  void add(std::string name, std::string type, std::vector<int64_t> shape,
           const void *data);
  void setMetadata(std::string key, std::string text);

  /// Writes all tensors atomically. Throws, and then leaves the old file.
  void write(const std::string &path) const;

private:
  struct Tensor {
    std::string name, type;
    std::vector<int64_t> shape;
    const void *data;
    int64_t bytes;
  };
  std::vector<Tensor> tensors;
  std::vector<std::pair<std::string, std::string>> texts;
};

} // namespace runtime
} // namespace lamina

#endif // LAMINA_RUNTIME_CHECKPOINT_SAFETENSORS_H
