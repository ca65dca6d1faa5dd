//===- FuzzGzip.cpp - Packed data of any bytes ----------------------------===//
//
// SPDX-License-Identifier: Apache-2.0
//
// Any bytes in; values or an `Error` out, nothing else.
//
//===----------------------------------------------------------------------===//

#include "runtime/Files/Files.h"

using namespace lamina::runtime;

extern "C" int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  try {
    gunzip(reinterpret_cast<const char *>(data), size, "fuzz");
  } catch (const Error &) {
    return 0;
  }
  return 0;
}
