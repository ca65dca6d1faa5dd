// SPDX-License-Identifier: Apache-2.0
//
// A product of matrices in tiles.

#include "backends/GPU/TileEmitter.h"

#include "backends/GPU/Places.h"

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

SmallVector<Extent> TileEmitter::extents(ArrayRef<unsigned> loops) const {
  SmallVector<Extent> sizes;
  for (unsigned loop : loops)
    sizes.push_back(form.domain[loop]);
  return sizes;
}

Value *TileEmitter::size(Frame &frame, ArrayRef<unsigned> loops) {
  return frame.product(extents(loops));
}

void TileEmitter::setLoops(Frame &frame, Coordinates &at,
                           ArrayRef<unsigned> loops, Value *number) {
  Coordinates parts = splitIndex(frame, extents(loops), number);
  for (auto [loop, part] : zip(loops, parts))
    at[loop] = part;
}

Value *TileEmitter::emitBlocks(Frame &frame) {
  LoopBuilder &b = frame.b;
  Value *tile = b.index(tileRows);
  Value *tiles = b.multiply(b.ceilDivide(size(frame, form.m), tile),
                            b.ceilDivide(size(frame, form.n), tile));
  return b.multiply(size(frame, form.batch), tiles);
}

//===----------------------------------------------------------------------===//
// Tiles
//===----------------------------------------------------------------------===//

bool TileEmitter::isUnitAlongK(const Side &side) const {
  mlir::AffineMap map = form.mapOf(side.operand);
  auto last = map.getNumResults()
                  ? dyn_cast<mlir::AffineDimExpr>(map.getResults().back())
                  : nullptr;
  return last && last.getPosition() == form.k.back();
}

// Neighbouring threads read neighbours in memory. Behind the ends the tile has
// zeros; the read itself is moved to the first element.
void TileEmitter::fillTile(Frame &frame, const Side &side,
                           const Coordinates &batch, Value *k, Value *sizeOfK,
                           Evaluator &block) {
  LoopBuilder &b = frame.b;
  Value *thread = Threads(b).thread();
  bool alongK = isUnitAlongK(side);
  for (int64_t i = 0; i < tileRows * tileDepth / threads(); ++i) {
    Value *number = b.add(thread, b.index(i * threads()));
    Value *fast = b.index(alongK ? tileDepth : tileRows);
    Value *low = b.remainder(number, fast), *high = b.divide(number, fast);
    Value *depth = alongK ? low : high, *row = alongK ? high : low;
    Value *atK = b.add(k, depth), *atRow = b.add(side.first, row);
    Value *isInside = b.CreateAnd(b.CreateICmpSLT(atK, sizeOfK),
                                  b.CreateICmpSLT(atRow, side.size));
    Coordinates at = batch;
    setLoops(frame, at, side.loops,
             b.CreateSelect(isInside, atRow, b.index(0)));
    setLoops(frame, at, form.k, b.CreateSelect(isInside, atK, b.index(0)));
    Evaluator evaluator(frame, 1, nullptr, &block);
    Value *value = evaluator.read(side.operand->get(),
                                  evaluator.map(form.mapOf(side.operand), at));
    if (evaluator.failedOp())
      failure = evaluator.failedOp();
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

void TileEmitter::finishElement(Frame &frame, const Coordinates &at, Value *sum,
                                Evaluator &block) {
  LoopBuilder &b = frame.b;
  Evaluator evaluator(frame, 1, nullptr, &block);
  evaluator.setAnchor();
  Coordinates where = evaluator.map(form.resultMap(), at);
  if (!form.startsAtZero)
    sum = b.CreateFAdd(
        evaluator.read(form.op.getDpsInitOperand(0)->get(), where), sum);
  evaluator.remember(form.result, where, sum);
  auto store = [&](mlir::Value value, Value *number) {
    if (const cpu::Destination *place = body.destination(value))
      evaluator.write(frame.part(*place), where, number);
  };
  store(form.result, sum);
  for (mlir::linalg::LinalgOp op : form.epilogue) {
    Values results = evaluator.evaluate(op, where);
    for (auto [result, number] : zip(op->getResults(), results)) {
      evaluator.remember(result, where, number);
      store(result, number);
    }
  }
  if (evaluator.failedOp())
    failure = evaluator.failedOp();
}

void TileEmitter::finishTile(Frame &frame, const Side &a, const Side &c,
                             const Coordinates &batch, Value *memory,
                             Evaluator &block) {
  LoopBuilder &b = frame.b;
  Value *thread = Threads(b).thread();
  b.emitFor(thread, b.index(tileRows * tileRows), b.index(threads()),
            [&](Value *number) {
              Value *row = b.add(a.first, b.divide(number, b.index(tileRows)));
              Value *column =
                  b.add(c.first, b.remainder(number, b.index(tileRows)));
              Value *isInside = b.CreateAnd(b.CreateICmpSLT(row, a.size),
                                            b.CreateICmpSLT(column, c.size));
              b.emitIf(isInside, [&] {
                Coordinates at = batch;
                setLoops(frame, at, a.loops, row);
                setLoops(frame, at, c.loops, column);
                Value *sum =
                    b.CreateLoad(b.getFloatTy(),
                                 b.CreateGEP(b.getFloatTy(), memory, number));
                finishElement(frame, at, sum, block);
              });
            });
}

mlir::LogicalResult TileEmitter::emitThread(Frame &frame, Value *) {
  LoopBuilder &b = frame.b;
  Threads threads(b);
  Value *tile = b.index(tileRows);
  Value *columns = b.ceilDivide(size(frame, form.n), tile);
  Value *rows = b.ceilDivide(size(frame, form.m), tile);
  Value *number = threads.block();
  Value *column = b.multiply(b.remainder(number, columns), tile);
  number = b.divide(number, columns);
  Value *row = b.multiply(b.remainder(number, rows), tile);
  Coordinates batch(form.domain.size(), {b.index(0), 0});
  setLoops(frame, batch, form.batch, b.divide(number, rows));

  // The tiles of the operands and, once those are used up, the result's.
  constexpr int64_t sideBytes = tileDepth * pitch * 4;
  Value *memory = threads.sharedMemory(
      std::max(2 * sideBytes, tileRows * tileRows * 4), "tile");
  Side a{form.a, form.m, row, size(frame, form.m), memory};
  Side c{form.b, form.n, column, size(frame, form.n),
         b.CreateConstGEP1_64(b.getInt8Ty(), memory, sideBytes)};
  Value *sizeOfK = size(frame, form.k);
  Evaluator block(frame, 1);
  block.setAnchor();
  Values zeros(size_t(threadRows * threadRows),
               ConstantFP::get(b.getFloatTy(), 0));
  Values sums = b.emitFor(b.index(0), sizeOfK, b.index(tileDepth), zeros,
                          [&](Value *k, ValueRange running) {
                            fillTile(frame, a, batch, k, sizeOfK, block);
                            fillTile(frame, c, batch, k, sizeOfK, block);
                            threads.waitForBlock();
                            Values next =
                                multiplyTiles(frame, a, c, Values(running));
                            threads.waitForBlock();
                            return next;
                          });
  keepSums(frame, memory, sums);
  threads.waitForBlock();
  finishTile(frame, a, c, batch, memory, block);
  if (failure)
    return failure->emitOpError("has no form on the gpu backend");
  return mlir::success();
}

} // namespace lamina::gpu
