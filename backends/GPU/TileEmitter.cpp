// SPDX-License-Identifier: Apache-2.0
//
// A product of matrices in tiles.

#include "backends/GPU/TileEmitter.h"

using namespace llvm;

namespace lamina::gpu {

using cpu::Coordinates;
using cpu::Evaluator;

constexpr int64_t tileRows = 64;  ///< of either operand
constexpr int64_t tileDepth = 16; ///< numbers of k in shared memory at once
constexpr int64_t threadRows = 4;
/// Numbers between two k in shared memory: four more than a tile has, so that
/// threads with neighbouring k write to other banks.
constexpr int64_t pitch = tileRows + 4;

Value *TileEmitter::emitBlocks(Frame &frame) {
  return tiles.count(frame, tileRows, tileRows);
}

//===----------------------------------------------------------------------===//
// Tiles
//===----------------------------------------------------------------------===//

// Neighbouring threads read neighbours in memory. Behind the ends the tile has
// zeros; the read itself is moved to the first element.
void TileEmitter::fillTile(Frame &frame, const Side &side,
                           const Coordinates &batch, Value *k, Value *sizeOfK,
                           Evaluator &block) {
  LoopBuilder &b = frame.b;
  Value *thread = Threads(b).thread();
  bool alongK = tiles.isUnitAlongK(side.operand);
  for (int64_t i = 0; i < tileRows * tileDepth / threads(); ++i) {
    Value *number = b.add(thread, b.index(i * threads()));
    Value *fast = b.index(alongK ? tileDepth : tileRows);
    Value *low = b.remainder(number, fast), *high = b.divide(number, fast);
    Value *depth = alongK ? low : high, *row = alongK ? high : low;
    Value *atK = b.add(k, depth), *atRow = b.add(side.first, row);
    Value *isInside = b.CreateAnd(b.CreateICmpSLT(atK, sizeOfK),
                                  b.CreateICmpSLT(atRow, side.size));
    Coordinates at = batch;
    tiles.setLoops(frame, at, side.loops,
                   b.CreateSelect(isInside, atRow, b.index(0)));
    tiles.setLoops(frame, at, tiles.form.k,
                   b.CreateSelect(isInside, atK, b.index(0)));
    Value *value = tiles.read(frame, side.operand, at, block);
    value = b.CreateFPExt(value, b.getFloatTy());
    value = b.CreateSelect(isInside, value, ConstantFP::get(b.getFloatTy(), 0));
    Value *slot = b.add(b.multiply(depth, b.index(pitch)), row);
    b.CreateStore(value, b.CreateGEP(b.getFloatTy(), side.tile, slot));
  }
}

// The sixteen sums of a thread, one k after another.
Values TileEmitter::multiplyTiles(Frame &frame, const Side &a, const Side &c,
                                  Values sums) {
  LoopBuilder &b = frame.b;
  Value *thread = Threads(b).thread();
  Value *perRow = b.index(tileRows / threadRows);
  Type *four = FixedVectorType::get(b.getFloatTy(), unsigned(threadRows));
  auto quad = [&](const Side &side, Value *group, int64_t depth) {
    Value *slot =
        b.add(b.multiply(group, b.index(threadRows)), b.index(depth * pitch));
    return b.CreateAlignedLoad(
        four, b.CreateGEP(b.getFloatTy(), side.tile, slot), Align(16));
  };
  for (int64_t depth = 0; depth < tileDepth; ++depth) {
    Value *x = quad(a, b.divide(thread, perRow), depth);
    Value *y = quad(c, b.remainder(thread, perRow), depth);
    for (int64_t i = 0; i < threadRows; ++i)
      for (int64_t j = 0; j < threadRows; ++j) {
        Value *&sum = sums[size_t(i * threadRows + j)];
        sum = b.CreateIntrinsic(Intrinsic::fma, {b.getFloatTy()},
                                {b.CreateExtractElement(x, uint64_t(i)),
                                 b.CreateExtractElement(y, uint64_t(j)), sum});
      }
  }
  return sums;
}

//===----------------------------------------------------------------------===//
// The end of a tile
//===----------------------------------------------------------------------===//

void TileEmitter::keepSums(Frame &frame, Value *memory, ValueRange sums) {
  LoopBuilder &b = frame.b;
  Value *thread = Threads(b).thread();
  Value *perRow = b.index(tileRows / threadRows);
  Value *row = b.multiply(b.divide(thread, perRow), b.index(threadRows));
  Value *column = b.multiply(b.remainder(thread, perRow), b.index(threadRows));
  for (int64_t i = 0; i < threadRows; ++i)
    for (int64_t j = 0; j < threadRows; ++j) {
      Value *slot = b.add(b.multiply(b.add(row, b.index(i)), b.index(tileRows)),
                          b.add(column, b.index(j)));
      b.CreateStore(sums[size_t(i * threadRows + j)],
                    b.CreateGEP(b.getFloatTy(), memory, slot));
    }
}

void TileEmitter::finishTile(Frame &frame, const TilePlace &place,
                             Value *memory, Evaluator &block) {
  LoopBuilder &b = frame.b;
  b.emitFor(
      Threads(b).thread(), b.index(tileRows * tileRows), b.index(threads()),
      [&](Value *number) {
        Value *row = b.add(place.row, b.divide(number, b.index(tileRows)));
        Value *column =
            b.add(place.column, b.remainder(number, b.index(tileRows)));
        Value *isInside = b.CreateAnd(b.CreateICmpSLT(row, place.rows),
                                      b.CreateICmpSLT(column, place.columns));
        b.emitIf(isInside, [&] {
          Value *sum = b.CreateLoad(
              b.getFloatTy(), b.CreateGEP(b.getFloatTy(), memory, number));
          tiles.finish(frame, place, row, column, sum, block);
        });
      });
}

mlir::LogicalResult TileEmitter::emitThread(Frame &frame, Value *) {
  LoopBuilder &b = frame.b;
  Threads threads(b);
  TilePlace place = tiles.place(frame, threads.block(), tileRows, tileRows);

  // The tiles of the operands and, once those are used up, the result's.
  constexpr int64_t sideBytes = tileDepth * pitch * 4;
  Value *memory = threads.sharedMemory(
      std::max(2 * sideBytes, tileRows * tileRows * 4), "tile");
  const cpu::ContractForm &form = tiles.form;
  Side a{form.a, form.m, place.row, place.rows, memory};
  Side c{form.b, form.n, place.column, place.columns,
         b.CreateConstGEP1_64(b.getInt8Ty(), memory, sideBytes)};
  Value *sizeOfK = tiles.size(frame, form.k);
  Evaluator block(frame, 1);
  block.setAnchor();
  Values zeros(size_t(threadRows * threadRows),
               ConstantFP::get(b.getFloatTy(), 0));
  Values sums = b.emitFor(b.index(0), sizeOfK, b.index(tileDepth), zeros,
                          [&](Value *k, ValueRange running) {
                            fillTile(frame, a, place.batch, k, sizeOfK, block);
                            fillTile(frame, c, place.batch, k, sizeOfK, block);
                            threads.waitForBlock();
                            Values next =
                                multiplyTiles(frame, a, c, Values(running));
                            threads.waitForBlock();
                            return next;
                          });
  keepSums(frame, memory, sums);
  threads.waitForBlock();
  finishTile(frame, place, memory, block);
  return tiles.result();
}

} // namespace lamina::gpu
