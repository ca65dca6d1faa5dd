// SPDX-License-Identifier: Apache-2.0
//
// Counter-based random numbers.
//
// Keys and draws as docs/random.md defines them. Plain C++17 without a library,
// because the runtime, the Reference interpreter and tests must agree on each
// bit.

#ifndef LAMINA_RUNTIME_ABI_PHILOX_H
#define LAMINA_RUNTIME_ABI_PHILOX_H

#include <array>
#include <cmath>
#include <cstddef>
#include <cstdint>

namespace lamina::philox {

struct Key {
  uint64_t a = 0; ///< the key of the generator
  uint64_t b = 0; ///< the upper half of its counter
};

using Block = std::array<uint32_t, 4>;

/// One block of Philox4x32-10: `key` and the counter `high:low` to four words.
inline Block block(uint64_t key, uint64_t low, uint64_t high) {
  uint32_t k0 = uint32_t(key), k1 = uint32_t(key >> 32);
  uint32_t c0 = uint32_t(low), c1 = uint32_t(low >> 32);
  uint32_t c2 = uint32_t(high), c3 = uint32_t(high >> 32);
  for (int round = 0; round < 10; ++round) {
    uint64_t p0 = uint64_t(0xD2511F53u) * c0;
    uint64_t p1 = uint64_t(0xCD9E8D57u) * c2;
    c0 = uint32_t(p1 >> 32) ^ c1 ^ k0;
    c1 = uint32_t(p1);
    c2 = uint32_t(p0 >> 32) ^ c3 ^ k1;
    c3 = uint32_t(p0);
    k0 += 0x9E3779B9u;
    k1 += 0xBB67AE85u;
  }
  return {c0, c1, c2, c3};
}

/// The key for `n` below `key`. The constant ("Laminaky") keeps the blocks of
/// derivations apart from those of draws.
inline Key derive(Key key, int64_t n) {
  Block r = block(key.a ^ 0x4C616D696E616B79ull, uint64_t(n), key.b);
  return {r[0] | uint64_t(r[1]) << 32, r[2] | uint64_t(r[3]) << 32};
}

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
