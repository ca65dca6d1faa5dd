// SPDX-License-Identifier: Apache-2.0
//
// What went wrong in a call.
//
// A sentence is put together in one buffer, which the host reads when a call
// has failed. What does not fit is cut.

#ifndef LAMINA_RUNTIME_WASM_MESSAGE_H
#define LAMINA_RUNTIME_WASM_MESSAGE_H

#include <stddef.h>
#include <stdint.h>

namespace lamina::wasm {

/// A list of sizes, "[2, 3]".
struct Shape {
  const int64_t *sizes;
  int32_t rank;
};

/// `'name'`, cut where it is long.
struct Quoted {
  const char *text;
};

/// Starts the message of this call anew.
class Message {
public:
  Message();
  Message &operator<<(const char *text);
  Message &operator<<(int64_t number);
  Message &operator<<(Quoted name);
  Message &operator<<(Shape shape);

private:
  void put(char c);
};

const char *lastMessage();

inline bool isSame(const char *a, const char *b) {
  while (*a && *a == *b)
    ++a, ++b;
  return *a == *b;
}

} // namespace lamina::wasm

#endif // LAMINA_RUNTIME_WASM_MESSAGE_H
