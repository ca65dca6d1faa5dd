// SPDX-License-Identifier: Apache-2.0
//
// The number that stands for a dotted path.
//
// Keys of draws are derived by it (docs/random.md), in the front end, in passes
// and, by runtime/ABI/Philox.h, at run time.

#ifndef LAMINA_DIALECTS_GRAPH_PATHHASH_H
#define LAMINA_DIALECTS_GRAPH_PATHHASH_H

#include "llvm/ADT/StringRef.h"

#include <cstdint>

namespace lamina::graph {

/// FNV-1a, 64 bits.
inline uint64_t hashPath(llvm::StringRef path) {
  uint64_t hash = 0xcbf29ce484222325ull;
  for (char c : path)
    hash = (hash ^ uint8_t(c)) * 0x100000001b3ull;
  return hash;
}

} // namespace lamina::graph

#endif // LAMINA_DIALECTS_GRAPH_PATHHASH_H
