// SPDX-License-Identifier: Apache-2.0
//
// Counter-based random numbers.
//
// Keys and draws as docs/random.md defines them. Plain C++17 without a library,
// because the runtime, the Reference interpreter and tests must agree on each
// bit.

#ifndef LAMINA_RUNTIME_ABI_PHILOX_H
#define LAMINA_RUNTIME_ABI_PHILOX_H

#include "runtime/ABI/PhiloxBlock.h"

#include <cmath>

namespace lamina::philox {

/// The number that stands for a dotted path in a chain of keys (FNV-1a).
inline int64_t hashPath(const char *text, size_t length) {
  uint64_t hash = 0xcbf29ce484222325ull;
  for (size_t i = 0; i < length; ++i)
    hash = (hash ^ uint8_t(text[i])) * 0x100000001b3ull;
  return int64_t(hash);
}

/// The word of the element at position `i`.
inline uint32_t bits(Key key, uint64_t i) {
  return block(key.a, i / 4, key.b)[i % 4];
}

/// In [0, 1); 24 bits, so exact in float.
inline double uniform(Key key, uint64_t i) {
  return double(bits(key, i) >> 8) * 0x1p-24;
}

/// Standard normal, by Box-Muller on the pair of lanes that holds position `i`.
inline double normal(Key key, uint64_t i) {
  Block r = block(key.a, i / 4, key.b);
  unsigned even = unsigned(i % 4) & 2u;
  double u = (double(r[even] >> 8) + 1) * 0x1p-24;
  double angle = 6.283185307179586476925 * (double(r[even + 1] >> 8) * 0x1p-24);
  double radius = std::sqrt(-2 * std::log(u));
  return radius * (i & 1 ? std::sin(angle) : std::cos(angle));
}

} // namespace lamina::philox

#endif // LAMINA_RUNTIME_ABI_PHILOX_H
