// SPDX-License-Identifier: Apache-2.0
//
// Products of tiles of bf16 on tensor cores.

#include "backends/GPU/FragmentTiles.h"

#include "backends/GPU/SumBand.h"

#include "llvm/Analysis/ValueTracking.h"
#include "llvm/Support/KnownBits.h"

using namespace llvm;

namespace lamina::gpu {

using cpu::AttentionCode;
using cpu::Storage;

/// Numbers of one copy, and of k in one product.
constexpr int64_t chunkNumbers = 8, stepDepth = 16;

FragmentTeam::FragmentTeam(LoopBuilder &builder, AttentionCode &code,
                           TileShape shape)
    : b(builder), code(code), threads(builder), core(builder), shape(shape),
      thread(threads.thread()), warp(b.divide(thread, b.index(warpThreads))),
      lane(b.remainder(thread, b.index(warpThreads))) {}

Value *FragmentTeam::row(unsigned i) {
  Value *inWarp =
      b.add(b.divide(lane, b.index(threadsOfRow)), b.index(8 * int64_t(i)));
  return b.add(b.multiply(warp, b.index(rowsOfWarp)), inWarp);
}

Value *FragmentTeam::column(size_t n) {
  Value *pair =
      b.multiply(b.remainder(lane, b.index(threadsOfRow)), b.index(2));
  return b.add(pair, b.index(int64_t(n / 4 * 8 + n % 2)));
}

Value *FragmentTeam::isFirstOfRow() {
  return b.CreateICmpEQ(b.remainder(lane, b.index(threadsOfRow)), b.index(0));
}

//===----------------------------------------------------------------------===//
// Filling
//===----------------------------------------------------------------------===//

Value *FragmentTeam::address(const NarrowTile &tile, Value *row,
                             Value *column) {
  Value *slot = b.add(b.multiply(row, b.index(tile.pitch())), column);
  return b.CreateGEP(b.getBFloatTy(), tile.base, slot);
}

/// Whether eight neighbours of a row begin at multiples of 16 bytes. A tensor
/// may be a part of a stack of its like, so all of its strides count.
static bool hasChunks(LoopBuilder &b, const Storage &where) {
  if (!where.elementType.isBF16() ||
      cpu::constantIndex(where.strides.back()) != 1)
    return false;
  const DataLayout &layout = b.function()->getParent()->getDataLayout();
  return all_of(ArrayRef(where.strides).drop_back(), [&](Value *stride) {
    return computeKnownBits(stride, layout).countMinTrailingZeros() >= 3;
  });
}

void FragmentTeam::copyChunk(const Storage &from, bool ofKeys, Value *to,
                             Value *row, Value *column, int64_t width) {
  Value *zero = b.index(0), *count = ofKeys ? code.keys : code.queries;
  Value *isInside = b.CreateAnd(b.CreateICmpSLT(row, count),
                                b.CreateICmpSLT(column, b.index(width)));
  Value *numbers = b.index(chunkNumbers);
  if (width % chunkNumbers != 0)
    numbers = b.minimum(b.CreateSub(b.index(width), column), numbers);
  numbers = b.CreateSelect(isInside, numbers, zero);
  Value *place = code.address(from, ofKeys, b.CreateSelect(isInside, row, zero),
                              b.CreateSelect(isInside, column, zero));
  core.copy(to, place,
            b.CreateTrunc(b.multiply(numbers, b.index(2)), b.getInt32Ty()));
}

void FragmentTeam::computeChunk(RowSource from, Value *to, Value *row,
                                Value *column, int64_t width) {
  Value *zero = b.index(0), *count = from.ofKeys ? code.keys : code.queries;
  Value *exists = b.CreateICmpSLT(row, count);
  auto *type = FixedVectorType::get(b.getInt16Ty(), chunkNumbers);
  Value *chunk = Constant::getNullValue(type);
  for (int64_t i = 0; i < chunkNumbers; ++i) {
    Value *at = b.add(column, b.index(i));
    Value *isInside = b.CreateAnd(exists, b.CreateICmpSLT(at, b.index(width)));
    Value *place = b.CreateSelect(isInside, row, zero);
    at = b.CreateSelect(isInside, at, zero);
    Value *number = from.ofKeys ? code.readKey(from.tensor, place, at)
                                : code.readQuery(from.tensor, place, at);
    // It is one of bf16, so its lower half is zero.
    Value *bits = b.CreateLShr(b.CreateBitCast(number, b.getInt32Ty()), 16);
    bits = b.CreateSelect(isInside, b.CreateTrunc(bits, b.getInt16Ty()),
                          b.getInt16(0));
    chunk = b.CreateInsertElement(chunk, bits, uint64_t(i));
  }
  b.CreateAlignedStore(chunk, to, Align(16));
}

// Where chunks of a row divide the threads, each thread keeps its column, and
// all places but the first are that one plus a constant.
void FragmentTeam::fill(const NarrowTile &tile, RowSource from, Value *first) {
  std::optional<Storage> where = code.memoryOf(from.tensor);
  bool copies = where && hasChunks(b, *where);
  auto fillChunk = [&](Value *row, Value *chunk) {
    Value *column = b.multiply(chunk, b.index(chunkNumbers));
    Value *to = address(tile, row, column), *at = b.add(first, row);
    if (copies)
      copyChunk(*where, from.ofKeys, to, at, column, tile.width);
    else
      computeChunk(from, to, at, column, tile.width);
  };
  int64_t chunks = tile.padded() / chunkNumbers, count = threadsOf(shape);
  int64_t rowsAtOnce = count / chunks;
  Value *row = b.divide(thread, b.index(chunks));
  Value *chunk = b.remainder(thread, b.index(chunks));
  if (copies && count % chunks == 0 && tile.rows % rowsAtOnce == 0) {
    for (int64_t i = 0; i < tile.rows; i += rowsAtOnce)
      fillChunk(b.add(row, b.index(i)), chunk);
    return;
  }
  b.emitFor(thread, b.index(tile.rows * chunks), b.index(count),
            [&](Value *number) {
              fillChunk(b.divide(number, b.index(chunks)),
                        b.remainder(number, b.index(chunks)));
            });
}

//===----------------------------------------------------------------------===//
// Products
//===----------------------------------------------------------------------===//

// Of the four matrices of 8 × 8, lane i knows the place of line i % 8 of matrix
// i / 8. The second one is further down (`rowsFirst`) or further right.
Value *FragmentTeam::matrices(const NarrowTile &tile, int64_t row,
                              int64_t column, bool rowsFirst) {
  Value *odd = b.remainder(b.divide(lane, b.index(8)), b.index(2));
  Value *late = b.divide(lane, b.index(16));
  Value *down = rowsFirst ? odd : late, *right = rowsFirst ? late : odd;
  Value *line =
      b.add(b.remainder(lane, b.index(8)), b.multiply(down, b.index(8)));
  Value *place = address(tile, line, b.multiply(right, b.index(8)));
  // Only constants behind the place of the lane: they go into the instruction.
  return b.CreateGEP(b.getBFloatTy(), place,
                     b.index(row * tile.pitch() + column));
}

Values FragmentTeam::fragments(const NarrowTile &x, int64_t from) {
  Value *row = b.multiply(warp, b.index(rowsOfWarp));
  NarrowTile rows = x.at(address(x, row, b.index(0)));
  return core.loadMatrices(matrices(rows, 0, from, /*rowsFirst=*/true),
                           /*isTransposed=*/false);
}

Values FragmentTeam::fragments(const NarrowTile &x) {
  Values words;
  for (int64_t k = 0; k < x.padded(); k += stepDepth)
    append_range(words, fragments(x, k));
  return words;
}

/// The words of a left factor for the step at `k`, and the sums of the 16
/// columns at `column`.
static ValueRange stepOf(ValueRange x, int64_t k) {
  return x.slice(size_t(k / stepDepth) * 4, 4);
}
static ValueRange blockOf(ValueRange sums, int64_t column) {
  return sums.slice(size_t(column) / 2, 8);
}

/// Sums of 16 × 16 more, from two blocks of eight columns of y.
Values FragmentTeam::multiplyBlock(ValueRange x, ValueRange y,
                                   ValueRange sums) {
  Values left = core.multiply(x, y.take_front(2), sums.take_front(4));
  append_range(left, core.multiply(x, y.drop_front(2), sums.drop_front(4)));
  return left;
}

Values FragmentTeam::multiplySteps(function_ref<Values(int64_t)> fragmentsFrom,
                                   const NarrowTile &y) {
  Values sums(count(), ConstantFP::get(b.getFloatTy(), 0));
  for (int64_t k = 0; k < y.padded(); k += stepDepth) {
    Values x = fragmentsFrom(k), next;
    for (int64_t column = 0; column < shape.columns; column += 16) {
      Values words =
          core.loadMatrices(matrices(y, column, k, /*rowsFirst=*/false),
                            /*isTransposed=*/false);
      append_range(next, multiplyBlock(x, words, blockOf(sums, column)));
    }
    sums = next;
  }
  return sums;
}

Values FragmentTeam::multiply(ValueRange x, const NarrowTile &y) {
  return multiplySteps([&](int64_t k) { return Values(stepOf(x, k)); }, y);
}

Values FragmentTeam::multiply(const NarrowTile &x, const NarrowTile &y) {
  return multiplySteps([&](int64_t k) { return fragments(x, k); }, y);
}

// The sums of two blocks of eight columns lie as a left factor of depth 16
// wants them.
Values FragmentTeam::rounded(ValueRange numbers) {
  Values words;
  for (size_t n = 0; n < numbers.size(); n += 2)
    words.push_back(core.roundPair(numbers[n], numbers[n + 1]));
  return words;
}

Values FragmentTeam::zeroSums(const NarrowTile &y) {
  return Values(size_t(y.padded()) / 2, ConstantFP::get(b.getFloatTy(), 0));
}

Values FragmentTeam::accumulate(ValueRange x, const NarrowTile &y,
                                ValueRange sums) {
  Values all;
  for (int64_t column = 0; column < y.padded(); column += 16) {
    Values part(blockOf(sums, column));
    for (int64_t k = 0; k < shape.columns; k += stepDepth) {
      Values words =
          core.loadMatrices(matrices(y, k, column, /*rowsFirst=*/true),
                            /*isTransposed=*/true);
      part = multiplyBlock(stepOf(x, k), words, part);
    }
    append_range(all, part);
  }
  return all;
}

int64_t FragmentTeam::bandBytes(TileShape shape, int64_t width) {
  NarrowTile rows{rowsOfWarp, width};
  return shape.rows / rowsOfWarp * SumBand(rowsOfWarp, rows.padded()).bytes();
}

void FragmentTeam::forEachSum(
    Value *memory, const NarrowTile &y, ValueRange sums,
    function_ref<void(Value *, Value *, Value *)> write) {
  SumBand band(rowsOfWarp, y.padded());
  memory = b.CreatePtrAdd(memory, b.multiply(warp, b.index(band.bytes())));
  band.keep(b, memory, b.index(0), y.padded(), sums);
  threads.waitForWarp();
  Value *first = b.multiply(warp, b.index(rowsOfWarp));
  b.emitFor(b.index(0), b.index(rowsOfWarp), b.index(1), [&](Value *row) {
    b.emitFor(lane, b.index(y.width), b.index(warpThreads), [&](Value *column) {
      write(b.add(first, row), column, band.load(b, memory, row, column));
    });
  });
}

} // namespace lamina::gpu
