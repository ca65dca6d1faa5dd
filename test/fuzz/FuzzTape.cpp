// SPDX-License-Identifier: Apache-2.0
//
// Tapes of any bytes.
//
// Any bytes in; values or an `Error` out, nothing else.

#include "runtime/Executor/TapeEngine.h"

#include "test/unit/Runtime/Toy.h"

using namespace lamina::runtime;

extern "C" int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  try {
    Json json = Json::parse(reinterpret_cast<const char *>(data), size, "tape");
    Program program = Program::read(json);
    TapeEngine engine(json, program, toy::image(""));
    SizeValues sizes(program.sizes.size(), 3);
    for (size_t entry = 0; entry < program.entries.size(); ++entry)
      engine.workspaceBytes(entry, sizes);
  } catch (const Error &) {
    return 0;
  }
  return 0;
}
