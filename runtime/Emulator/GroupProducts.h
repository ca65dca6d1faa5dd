// SPDX-License-Identifier: Apache-2.0
//
// Products that a warpgroup has begun.
//
// wgmma: four warps begin a product of matrices in shared memory together; it
// is computed when one of them waits for it. Until then its sums are tokens,
// numbers that are not numbers but say which product they will come from.

#ifndef LAMINA_RUNTIME_EMULATOR_GROUPPRODUCTS_H
#define LAMINA_RUNTIME_EMULATOR_GROUPPRODUCTS_H

#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <string>
#include <vector>

namespace lamina::emulator {

constexpr int groupThreads = 128;

/// A matrix in shared memory as its descriptor says, 16 numbers of k long.
struct SharedMatrix {
  uint64_t descriptor;
  int rows; ///< that the product takes of it
  bool isTransposed;

  /// What is wrong with the descriptor; empty if nothing is.
  std::string fault() const;
  /// Where the number at (row, k) stands.
  int64_t place(int row, int k) const;
  void forEachChunk(const std::function<void(int64_t offset)> &chunk) const;
};

/// What one thread gives to a product; sums are tokens when it has begun.
struct GroupProduct {
  float *sums;
  int columns;
  SharedMatrix a, b;
  int op;

  bool isSame(const GroupProduct &other) const;
};

class GroupProducts {
public:
  void clear();
  /// Begins a product of all threads; returns its number.
  int begin(const GroupProduct *const *threads);
  /// The product that is to be computed next, if its number is not above
  /// `last`; null: none.
  const GroupProduct *next(int last) const;
  /// Computes it from the shared memory at `memory`.
  void runNext(const char *memory);
  /// The number that `sum` of a thread stands for, if it is known by now.
  float resolve(int thread, float sum) const;

private:
  struct Begun {
    int number;
    GroupProduct product;
    std::vector<float> sums; ///< of thread t from t · columns / 2 on
  };

  int count = 0;
  std::deque<Begun> begun;
  std::map<int, std::vector<float>> results; ///< by the number in their tokens
};

} // namespace lamina::emulator

#endif // LAMINA_RUNTIME_EMULATOR_GROUPPRODUCTS_H
