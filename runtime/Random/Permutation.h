// SPDX-License-Identifier: Apache-2.0
//
// Shuffles without memory.
//
// A permutation of [0, n) that is computed, not stored: the order of an epoch
// is a function of its key, so resuming in the middle of one needs only a
// position, and shuffling billions of windows costs nothing.

#ifndef LAMINA_RUNTIME_RANDOM_PERMUTATION_H
#define LAMINA_RUNTIME_RANDOM_PERMUTATION_H

#include "runtime/ABI/Philox.h"

namespace lamina {
namespace runtime {

class Permutation {
public:
  Permutation(int64_t n, philox::Key key);

  /// What stands at position `i` of the shuffled order; a bijection of [0, n).
  int64_t operator()(int64_t i) const;

private:
  uint64_t encrypt(uint64_t x) const;

  uint64_t n;
  int halfBits; ///< the permuted domain has 2 · halfBits bits, at least n
                ///< values
  philox::Key key;
};

} // namespace runtime
} // namespace lamina

#endif // LAMINA_RUNTIME_RANDOM_PERMUTATION_H
