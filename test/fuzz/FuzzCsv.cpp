// SPDX-License-Identifier: Apache-2.0
//
// Tables of any bytes.
//
// Any bytes in; values or an `Error` out, nothing else.

#include "runtime/Data/Csv.h"
#include "runtime/include/Error.h"

using namespace lamina::runtime;

extern "C" int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  try {
    std::string name = "fuzz";
    CsvReader reader(reinterpret_cast<const char *>(data), size,
                     size % 2 ? 0x2C : 0x09, name);
    std::vector<std::string> fields;
    while (reader.next(fields))
      if (fields.empty())
        __builtin_trap();
  } catch (const Error &) {
    return 0;
  }
  return 0;
}
