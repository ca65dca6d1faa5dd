// SPDX-License-Identifier: Apache-2.0
//
// Arrays of any bytes.
//
// Any bytes in; values or an `Error` out, nothing else.

#include "runtime/Data/Npy.h"

using namespace lamina::runtime;

extern "C" int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  try {
    NpyArray array =
        parseNpy(FileBytes::own(std::vector<char>(data, data + size)), "fuzz");
    for (int64_t i = 0, n = array.count(); i < n; ++i)
      array.realAt(i);
  } catch (const Error &) {
    return 0;
  }
  return 0;
}
