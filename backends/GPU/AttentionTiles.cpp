// SPDX-License-Identifier: Apache-2.0
//
// Products of tiles in shared memory.

#include "backends/GPU/AttentionTiles.h"

using namespace llvm;

namespace lamina::gpu {

constexpr int64_t partWidth = 4 * TileTeam::threadsOfRow;

TileTeam::TileTeam(LoopBuilder &builder, TileShape shape)
    : b(builder), threads(builder), shape(shape), thread(threads.thread()),
      group(b.divide(thread, b.index(threadsOfRow))),
      member(b.remainder(thread, b.index(threadsOfRow))) {}

Value *TileTeam::row(int64_t i) {
  return b.add(b.multiply(group, b.index(rowsOfThread)), b.index(i));
}

Value *TileTeam::column(int64_t j) {
  return b.add(member, b.index(j * threadsOfRow));
}

Value *TileTeam::isFirstOfRow() { return b.CreateICmpEQ(member, b.index(0)); }

Tile TileTeam::allocate(int64_t rows, int64_t width, const Twine &name) {
  return {threads.sharedMemory(Tile::bytes(rows, width), name), rows, width};
}

Value *TileTeam::address(const Tile &tile, Value *row, Value *column) {
  Value *slot = b.add(b.multiply(row, b.index(tile.pitch())), column);
  return b.CreateGEP(b.getFloatTy(), tile.base, slot);
}

Value *TileTeam::load(const Tile &tile, Value *row, Value *column) {
  return b.CreateAlignedLoad(FixedVectorType::get(b.getFloatTy(), 4),
                             address(tile, row, column), Align(16));
}

// Neighbouring threads read neighbours in memory. The read itself is moved to
// the first element where there is none.
void TileTeam::fill(const Tile &tile, Value *first, Value *count,
                    function_ref<Value *(Value *, Value *)> read) {
  int64_t padded = Tile::padded(tile.width);
  b.emitFor(thread, b.index(tile.rows * padded), b.index(threadsOf(shape)),
            [&](Value *number) {
              Value *row = b.divide(number, b.index(padded));
              Value *column = b.remainder(number, b.index(padded));
              Value *from = b.add(first, row);
              Value *isInside =
                  b.CreateAnd(b.CreateICmpSLT(from, count),
                              b.CreateICmpSLT(column, b.index(tile.width)));
              Value *value = read(b.CreateSelect(isInside, from, b.index(0)),
                                  b.CreateSelect(isInside, column, b.index(0)));
              value = b.CreateSelect(isInside, value,
                                     ConstantFP::get(b.getFloatTy(), 0));
              b.CreateStore(value, address(tile, row, column));
            });
}

Value *TileTeam::multiplyAdd(Value *x, uint64_t i, Value *y, uint64_t j,
                             Value *sum) {
  return b.CreateIntrinsic(
      Intrinsic::fma, {b.getFloatTy()},
      {b.CreateExtractElement(x, i), b.CreateExtractElement(y, j), sum});
}

Values TileTeam::multiply(const Tile &x, const Tile &y) {
  Values zeros(size_t(rowsOfThread * columns()),
               ConstantFP::get(b.getFloatTy(), 0));
  return b.emitFor(b.index(0), b.index(Tile::padded(x.width)), b.index(4),
                   zeros, [&](Value *depth, ValueRange before) {
                     Values sums(before), rows, others;
                     for (int64_t i = 0; i < rowsOfThread; ++i)
                       rows.push_back(load(x, row(i), depth));
                     for (int64_t j = 0; j < columns(); ++j)
                       others.push_back(load(y, column(j), depth));
                     for (uint64_t c = 0; c < 4; ++c)
                       for (size_t i = 0; i < rows.size(); ++i)
                         for (size_t j = 0; j < others.size(); ++j) {
                           Value *&sum = sums[i * others.size() + j];
                           sum = multiplyAdd(rows[i], c, others[j], c, sum);
                         }
                     return sums;
                   });
}

void TileTeam::put(const Tile &weights, ValueRange numbers) {
  for (int64_t i = 0; i < rowsOfThread; ++i)
    for (int64_t j = 0; j < columns(); ++j)
      b.CreateStore(numbers[size_t(i * columns() + j)],
                    address(weights, row(i), column(j)));
}

Value *TileTeam::partColumn(int64_t part) {
  return b.add(b.multiply(member, b.index(4)), b.index(part * partWidth));
}

Values TileTeam::zeroSums(const Tile &y) {
  return Values(size_t(rowsOfThread * parts(y) * 4),
                ConstantFP::get(b.getFloatTy(), 0));
}

// Threads behind the end of a row repeat its last four numbers.
Values TileTeam::accumulate(const Tile &weights, const Tile &y,
                            ValueRange start) {
  int64_t count = parts(y);
  Value *last = b.index(Tile::padded(y.width) - 4);
  return b.emitFor(b.index(0), b.index(shape.columns), b.index(4), start,
                   [&](Value *at, ValueRange before) {
                     Values sums(before), rows;
                     for (int64_t i = 0; i < rowsOfThread; ++i)
                       rows.push_back(load(weights, row(i), at));
                     for (uint64_t c = 0; c < 4; ++c)
                       for (int64_t part = 0; part < count; ++part) {
                         Value *four = load(y, b.add(at, b.index(int64_t(c))),
                                            b.minimum(partColumn(part), last));
                         for (int64_t i = 0; i < rowsOfThread; ++i)
                           for (uint64_t n = 0; n < 4; ++n) {
                             Value *&sum =
                                 sums[size_t(i * count + part) * 4 + n];
                             sum =
                                 multiplyAdd(rows[size_t(i)], c, four, n, sum);
                           }
                       }
                     return sums;
                   });
}

void TileTeam::forEachSum(const Tile &y, ValueRange sums,
                          function_ref<void(int64_t, Value *, Value *)> write) {
  for (int64_t i = 0; i < rowsOfThread; ++i)
    for (int64_t part = 0; part < parts(y); ++part)
      for (int64_t n = 0; n < 4; ++n) {
        Value *column = b.add(partColumn(part), b.index(n));
        b.emitIf(b.CreateICmpSLT(column, b.index(y.width)), [&] {
          write(i, column, sums[size_t((i * parts(y) + part) * 4 + n)]);
        });
      }
}

} // namespace lamina::gpu
