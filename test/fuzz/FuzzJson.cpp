// SPDX-License-Identifier: Apache-2.0
//
// JSON of any bytes.
//
// Any bytes in; values or an `Error` out, nothing else.

#include "runtime/Json/Json.h"

using namespace lamina::runtime;

extern "C" int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  try {
    Json json = Json::parse(reinterpret_cast<const char *>(data), size, "fuzz");
    std::string text = json.dump();
    if (Json::parse(text, "again").dump() != text)
      __builtin_trap();
  } catch (const Error &) {
    return 0;
  }
  return 0;
}
