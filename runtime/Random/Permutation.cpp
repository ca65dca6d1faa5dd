// SPDX-License-Identifier: Apache-2.0
//
// Shuffles without memory.
//
// A balanced Feistel network with Philox as its round function permutes the
// next power of four; values outside [0, n) are sent through again ("cycle
// walking"), on average fewer than four times.

#include "runtime/Random/Permutation.h"

namespace lamina {
namespace runtime {

// Four rounds of a strong function cannot be told from a random permutation by
// position alone; two more cost nothing beside reading the records.
static constexpr int rounds = 6;

Permutation::Permutation(int64_t n, philox::Key key)
    : n(uint64_t(n)), halfBits(1), key(key) {
  while (halfBits < 31 && (uint64_t(1) << (2 * halfBits)) < this->n)
    ++halfBits;
}

uint64_t Permutation::encrypt(uint64_t x) const {
  uint64_t mask = (uint64_t(1) << halfBits) - 1;
  uint64_t left = x >> halfBits, right = x & mask;
  for (int round = 0; round < rounds; ++round) {
    philox::Block block =
        philox::block(key.a, right | uint64_t(round) << 32, key.b);
    uint64_t mixed = (left ^ block[0]) & mask;
    left = right;
    right = mixed;
  }
  return left << halfBits | right;
}

int64_t Permutation::operator()(int64_t i) const {
  uint64_t x = uint64_t(i);
  do
    x = encrypt(x);
  while (x >= n);
  return int64_t(x);
}

} // namespace runtime
} // namespace lamina
