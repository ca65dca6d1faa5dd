// SPDX-License-Identifier: Apache-2.0
//
// Counter-based random words and keys.
//
// The part of runtime/ABI/Philox.h that needs no library, for modules that have
// none.

#ifndef LAMINA_RUNTIME_ABI_PHILOXBLOCK_H
#define LAMINA_RUNTIME_ABI_PHILOXBLOCK_H

#include <stddef.h>
#include <stdint.h>

namespace lamina::philox {

struct Key {
  uint64_t a = 0; ///< the key of the generator
  uint64_t b = 0; ///< the upper half of its counter
};

struct Block {
  uint32_t words[4];
  uint32_t operator[](size_t i) const { return words[i]; }
};

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
  return {{c0, c1, c2, c3}};
}

/// The key for `n` below `key`. The constant ("Laminaky") keeps the blocks of
/// derivations apart from those of draws.
inline Key derive(Key key, int64_t n) {
  Block r = block(key.a ^ 0x4C616D696E616B79ull, uint64_t(n), key.b);
  return {r[0] | uint64_t(r[1]) << 32, r[2] | uint64_t(r[3]) << 32};
}

} // namespace lamina::philox

#endif // LAMINA_RUNTIME_ABI_PHILOXBLOCK_H
