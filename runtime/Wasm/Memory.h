// SPDX-License-Identifier: Apache-2.0
//
// Memory of a module.
//
// What stands behind the static data, and what the engine adds. Blocks are few
// and large (tensors), so the first free one that fits is taken.

#ifndef LAMINA_RUNTIME_WASM_MEMORY_H
#define LAMINA_RUNTIME_WASM_MEMORY_H

#include <stddef.h>
#include <stdint.h>

namespace lamina::wasm {

/// At a multiple of 128; null if there is no memory.
void *allocate(uint64_t bytes);
void release(void *block);

/// Memory that is kept from call to call and grows.
class Reserve {
public:
  /// At least `bytes`; what was in it may be lost. Null after a message.
  void *ask(int64_t bytes);

private:
  void *block = nullptr;
  int64_t capacity = 0;
};

} // namespace lamina::wasm

#endif // LAMINA_RUNTIME_WASM_MEMORY_H
