// SPDX-License-Identifier: Apache-2.0
//
// Products that a warpgroup has begun.

#include "runtime/Emulator/GroupProducts.h"

#include "runtime/Emulator/BoxCopy.h"
#include "runtime/Emulator/Matrices.h"

#include <cstring>

namespace lamina::emulator {

static constexpr int depth = 16;

//===----------------------------------------------------------------------===//
// Matrices in shared memory
//===----------------------------------------------------------------------===//

std::string SharedMatrix::fault() const {
  if (descriptor >> 62 != 1)
    return "which says that chunks are mixed in way " +
           std::to_string(descriptor >> 62) + ", not over 128 bytes (1)";
  if (descriptor >> 49 & 7)
    return "which begins inside of a group of eight lines";
  return "";
}

// In units of 16 bytes: where it begins, from one block of 64 rows to the next,
// and from one group of eight lines to the next.
int64_t SharedMatrix::place(int row, int k) const {
  auto field = [&](int bit) {
    return int64_t(descriptor >> bit & 0x3fff) * 16;
  };
  int64_t begin = field(0), block = field(16), group = field(32);
  if (!isTransposed)
    return mixed(begin + row / 8 * group + row % 8 * 128 + k * 2);
  return mixed(begin + row / 64 * block + k / 8 * group + k % 8 * 128 +
               row % 64 * 2);
}

void SharedMatrix::forEachChunk(
    const std::function<void(int64_t)> &chunk) const {
  int lines = isTransposed ? depth : rows;
  int across = isTransposed ? rows : depth;
  for (int line = 0; line < lines; ++line)
    for (int i = 0; i < across; i += 8)
      chunk(isTransposed ? place(i, line) : place(line, i));
}

bool GroupProduct::isSame(const GroupProduct &other) const {
  return columns == other.columns && a.descriptor == other.a.descriptor &&
         b.descriptor == other.b.descriptor &&
         a.isTransposed == other.a.isTransposed &&
         b.isTransposed == other.b.isTransposed;
}

//===----------------------------------------------------------------------===//
// Tokens
//===----------------------------------------------------------------------===//

/// A negative NaN whose lower 22 bits are the product's number, from 1 on, and
/// the number of the sum of its thread.
static constexpr uint32_t tokenBits = 0xffc00000, tokenMask = 0x3fffff;
static constexpr int maxSums = 128, maxProducts = 0x3ffe;

static float makeToken(int product, int sum) {
  uint32_t bits = tokenBits | uint32_t(product + 1) << 8 | uint32_t(sum);
  float token;
  std::memcpy(&token, &bits, sizeof token);
  return token;
}

static bool readToken(float number, int &product, int &sum) {
  uint32_t bits;
  std::memcpy(&bits, &number, sizeof bits);
  product = int((bits & tokenMask) >> 8) - 1;
  sum = int(bits & 0xff);
  return (bits & tokenBits) == tokenBits && product >= 0 &&
         product < maxProducts && sum < maxSums;
}

//===----------------------------------------------------------------------===//
// Products
//===----------------------------------------------------------------------===//

void GroupProducts::clear() {
  count = 0;
  begun.clear();
  results.clear();
}

int GroupProducts::begin(const GroupProduct *const *threads) {
  int number = count++;
  Begun product{number, *threads[0], {}};
  int perThread = product.product.columns / 2;
  for (int thread = 0; thread < groupThreads; ++thread)
    for (int i = 0; i < perThread; ++i) {
      float &sum = threads[thread]->sums[i];
      product.sums.push_back(sum);
      sum = makeToken(number % maxProducts, i);
    }
  begun.push_back(std::move(product));
  return number;
}

const GroupProduct *GroupProducts::next(int last) const {
  return begun.empty() || begun.front().number > last ? nullptr
                                                      : &begun.front().product;
}

/// Thread t of a warpgroup holds, of block i / 4 of 8 columns, two neighbours
/// of row t / 4 of its warp's 16 rows and two of the row eight further down.
static void locate(int thread, int i, int &row, int &column) {
  row = thread / 32 * 16 + thread % 32 / 4 + i % 4 / 2 * 8;
  column = i / 4 * 8 + thread % 4 * 2 + i % 2;
}

static void readMatrix(const SharedMatrix &matrix, const char *memory,
                       std::vector<float> &numbers) {
  numbers.resize(size_t(matrix.rows * depth));
  for (int row = 0; row < matrix.rows; ++row)
    for (int k = 0; k < depth; ++k) {
      uint16_t bits;
      std::memcpy(&bits, memory + matrix.place(row, k), sizeof bits);
      numbers[size_t(row * depth + k)] = fromBF16(bits);
    }
}

float GroupProducts::resolve(int thread, float sum) const {
  int product, number;
  if (!readToken(sum, product, number))
    return sum;
  auto found = results.find(product);
  if (found == results.end())
    return sum;
  size_t perThread = found->second.size() / groupThreads;
  return found->second[size_t(thread) * perThread + size_t(number)];
}

// Sums that a product goes on from are nobody else's: registers are read and
// written in place.
void GroupProducts::runNext(const char *memory) {
  Begun now = std::move(begun.front());
  begun.pop_front();
  std::vector<float> a, b;
  readMatrix(now.product.a, memory, a);
  readMatrix(now.product.b, memory, b);
  int perThread = now.product.columns / 2, before = -1;
  for (int thread = 0; thread < groupThreads; ++thread)
    for (int i = 0; i < perThread; ++i) {
      int row, column, product, number;
      locate(thread, i, row, column);
      float &sum = now.sums[size_t(thread * perThread + i)];
      if (readToken(sum, product, number))
        before = product;
      sum = resolve(thread, sum);
      for (int k = 0; k < depth; ++k)
        sum += a[size_t(row * depth + k)] * b[size_t(column * depth + k)];
    }
  results.erase(before);
  results[now.number % maxProducts] = std::move(now.sums);
}

} // namespace lamina::emulator
