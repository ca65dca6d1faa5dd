// SPDX-License-Identifier: Apache-2.0
//
// What the code of an entry calls.

#include "runtime/ABI/Element.h"
#include "runtime/ABI/Module.h"
#include "runtime/ABI/PhiloxBlock.h"
#include "runtime/Wasm/Memory.h"
#include "runtime/Wasm/Message.h"

using namespace lamina;
using namespace lamina::wasm;
using runtime::Element;

static Reserve arena, scratch, moved, placing;

/// Slots in the order in which they are placed.
static void sortSlots(const PlanInterval *slots, size_t *order, size_t count) {
  for (size_t i = 0; i < count; ++i) {
    size_t at = i;
    for (; at > 0 && isPlacedBefore(slots, i, order[at - 1]); --at)
      order[at] = order[at - 1];
    order[at] = i;
  }
}

extern "C" {

void *lamina_arena(int64_t bytes) { return arena.ask(bytes); }

void *lamina_scratch(int64_t bytes) { return scratch.ask(bytes); }

int64_t lamina_place(const PlanInterval *slots, int32_t count,
                     int64_t *offsets) {
  for (int32_t i = 0; i < count; ++i)
    if (slots[i].bytes < 0 || slots[i].bytes > UINT32_MAX) {
      Message() << "a tensor of this call would take more bytes than a module "
                   "has";
      return -1;
    }
  auto *order =
      static_cast<size_t *>(placing.ask(2 * count * int64_t(sizeof(size_t))));
  if (!order)
    return -1;
  sortSlots(slots, order, size_t(count));
  return placeSlots(slots, size_t(count), order, order + count, offsets, 64);
}

int64_t lamina_multiply(int64_t a, int64_t b) {
  if (a <= 0 || b <= 0)
    return a * b;
  return a > INT64_MAX / b ? INT64_MAX : a * b;
}

int32_t lamina_move(const LaminaMove *moves, int32_t count) {
  int64_t all = 0;
  for (int32_t i = 0; i < count; ++i)
    all += moves[i].bytes;
  auto *copy = static_cast<char *>(moved.ask(all));
  if (!copy)
    return 1;
  for (int32_t i = 0; i < count; copy += moves[i++].bytes)
    __builtin_memcpy(copy, moves[i].from, size_t(moves[i].bytes));
  copy -= all;
  for (int32_t i = 0; i < count; copy += moves[i++].bytes)
    __builtin_memcpy(moves[i].to, copy, size_t(moves[i].bytes));
  return 0;
}

double lamina_load_real(int32_t element, const void *from) {
  return runtime::loadReal(Element(element), from);
}

int64_t lamina_load_whole(int32_t element, const void *from) {
  return runtime::loadInt(Element(element), from);
}

void lamina_store_real(int32_t element, void *to, double value) {
  runtime::storeReal(Element(element), to, value);
}

void lamina_store_whole(int32_t element, void *to, int64_t value) {
  runtime::storeInt(Element(element), to, value);
}

void lamina_derive(const int64_t *key, int64_t n, int64_t *derived) {
  philox::Key made = philox::derive({uint64_t(key[0]), uint64_t(key[1])}, n);
  derived[0] = int64_t(made.a);
  derived[1] = int64_t(made.b);
}

int32_t lamina_check_division(int64_t number, int64_t by) {
  if (by == 0)
    Message() << "the program divides " << number << " by 0";
  return by == 0;
}

void lamina_fail(const char *message) { Message() << message; }
}
