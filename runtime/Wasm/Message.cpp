// SPDX-License-Identifier: Apache-2.0
//
// What went wrong in a call.

#include "runtime/Wasm/Message.h"

namespace lamina::wasm {

static char buffer[512];
static size_t used = 0;

Message::Message() { buffer[used = 0] = 0; }

void Message::put(char c) {
  if (used + 1 == sizeof buffer)
    return;
  buffer[used++] = c;
  buffer[used] = 0;
}

Message &Message::operator<<(const char *text) {
  for (; *text; ++text)
    put(*text);
  return *this;
}

Message &Message::operator<<(int64_t number) {
  char digits[20];
  int count = 0;
  uint64_t rest = number < 0 ? -uint64_t(number) : uint64_t(number);
  do
    digits[count++] = char('0' + rest % 10);
  while (rest /= 10);
  if (number < 0)
    put('-');
  while (count > 0)
    put(digits[--count]);
  return *this;
}

Message &Message::operator<<(Quoted name) {
  constexpr int longest = 80;
  put('\'');
  int length = 0;
  for (; name.text[length] && length < longest; ++length)
    put(name.text[length]);
  return *this << (name.text[length] ? "...'" : "'");
}

Message &Message::operator<<(Shape shape) {
  put('[');
  for (int32_t axis = 0; axis < shape.rank; ++axis)
    *this << (axis ? ", " : "") << shape.sizes[axis];
  put(']');
  return *this;
}

const char *lastMessage() { return buffer; }

} // namespace lamina::wasm
