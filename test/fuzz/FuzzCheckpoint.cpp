// SPDX-License-Identifier: Apache-2.0
//
// Checkpoints of any bytes.
//
// Any bytes in; values or an `Error` out, nothing else.

#include "runtime/Checkpoint/Safetensors.h"
#include "runtime/Program/Type.h"
#include "runtime/Train/TrainState.h"

using namespace lamina::runtime;

extern "C" int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  try {
    SafetensorsFile file = SafetensorsFile::read(
        FileBytes::own(std::vector<char>(data, data + size)), "fuzz");
    for (const auto &tensor : file.tensors())
      for (int64_t i = 0, n = elementCount(tensor.second.shape); i < n; ++i)
        elementAsReal(tensor.second, i);
    if (const std::string *state = file.metadata(trainStateKey))
      TrainState::fromText(*state, "fuzz");
  } catch (const Error &) {
    return 0;
  }
  return 0;
}
