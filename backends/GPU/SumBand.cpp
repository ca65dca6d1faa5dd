// SPDX-License-Identifier: Apache-2.0
//
// Sums on their way from fragments to rows.

#include "backends/GPU/SumBand.h"

using namespace llvm;

namespace lamina::gpu {

// Of each 16 × 8 numbers a lane holds two neighbours of row lane / 4 and two of
// the row eight further down.
void SumBand::keep(LoopBuilder &b, Value *memory, Value *column, int64_t across,
                   ValueRange sums) const {
  Value *lane = b.remainder(Threads(b).thread(), b.index(warpThreads));
  Value *first = b.add(
      b.multiply(b.divide(lane, b.index(4)), b.index(pitch())),
      b.add(column, b.multiply(b.remainder(lane, b.index(4)), b.index(2))));
  Type *two = FixedVectorType::get(b.getFloatTy(), 2);
  for (int64_t row = 0; !sums.empty(); row += 16)
    for (int64_t block = 0; block < across; block += 8)
      for (int64_t half : {0, 8}) {
        Value *pair = PoisonValue::get(two);
        for (uint64_t i : {0, 1})
          pair = b.CreateInsertElement(pair, sums[i], i);
        sums = sums.drop_front(2);
        Value *place = b.add(first, b.index((row + half) * pitch() + block));
        b.CreateAlignedStore(pair, b.CreateGEP(b.getFloatTy(), memory, place),
                             Align(8));
      }
}

Value *SumBand::load(LoopBuilder &b, Value *memory, Value *row,
                     Value *column) const {
  Value *at = b.add(b.multiply(row, b.index(pitch())), column);
  return b.CreateLoad(b.getFloatTy(), b.CreateGEP(b.getFloatTy(), memory, at));
}

void SumBand::finish(Frame &frame, ContractTiles &tiles, const TilePlace &place,
                     Value *memory, Value *row, Value *thread, unsigned threads,
                     cpu::Evaluator &block) const {
  LoopBuilder &b = frame.b;
  b.emitFor(
      thread, b.index(rows * columns), b.index(threads), [&](Value *number) {
        Value *inBand = b.divide(number, b.index(columns));
        Value *inRow = b.remainder(number, b.index(columns));
        Value *atRow = b.add(row, inBand);
        Value *atColumn = b.add(place.column, inRow);
        Value *isInside = b.CreateAnd(b.CreateICmpSLT(atRow, place.rows),
                                      b.CreateICmpSLT(atColumn, place.columns));
        b.emitIf(isInside, [&] {
          tiles.finish(frame, place, atRow, atColumn,
                       load(b, memory, inBand, inRow), block);
        });
      });
}

} // namespace lamina::gpu
