// SPDX-License-Identifier: Apache-2.0
//
// IDX files of any bytes.
//
// Any bytes in; values or an `Error` out, nothing else.

#include "runtime/Data/Idx.h"

using namespace lamina::runtime;

extern "C" int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  try {
    IdxFile file = IdxFile::read(
        FileBytes::own(std::vector<char>(data, data + size)), "fuzz");
    int64_t count = 1;
    for (int64_t each : file.shape)
      count *= each;
    for (int64_t i = 0; i < count; ++i)
      if (file.data[i] > 255)
        __builtin_trap();
  } catch (const Error &) {
    return 0;
  }
  return 0;
}
