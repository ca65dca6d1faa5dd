// SPDX-License-Identifier: Apache-2.0
//
// Archives of any bytes.
//
// Any bytes in; values or an `Error` out, nothing else.

#include "runtime/Data/Npy.h"

using namespace lamina::runtime;

extern "C" int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  try {
    parseNpz(FileBytes::own(std::vector<char>(data, data + size)), "fuzz");
  } catch (const Error &) {
    return 0;
  }
  return 0;
}
