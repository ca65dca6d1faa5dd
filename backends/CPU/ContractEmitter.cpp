// SPDX-License-Identifier: Apache-2.0
//
// Products of matrices by blocks.

#include "backends/CPU/ContractEmitter.h"

#include "backends/CPU/ContractNest.h"
#include "backends/CPU/Target.h"

using namespace llvm;

namespace lamina::cpu {

/// k is cut into blocks of this many numbers, where it is longer than the
/// first.
static constexpr int64_t longestDepth = 1024, usualDepth = 768;
/// Tiles of rows in an item.
static constexpr int64_t itemTiles = 8;
/// Panels of columns in a block, at most: more leave too few items.
static constexpr int64_t mostPanels = 8;
/// Items that share packed columns, at most, where their sums need scratch.
static constexpr int64_t mostItemsWithSums = 64;

Value *ContractEmitter::emitItems(Frame &frame) {
  return ContractNest(frame, form, target).items();
}

Value *ContractEmitter::emitScratch(Frame &frame) {
  return ContractNest(frame, form, target).scratchBytes();
}

mlir::LogicalResult ContractEmitter::emitRun(Frame &frame,
                                             const RunArguments &run) {
  return ContractNest(frame, form, target).run(run);
}

//===----------------------------------------------------------------------===//
// Sizes
//===----------------------------------------------------------------------===//

/// 8 × 3 of 32 registers (AVX-512, NEON) hold 24 sums, 3 a panel's row, and
/// some are left; half as many registers hold 6 × 2 sums.
static TileShape tileOf(const TargetModel &target) {
  if (target.vectorRegisters >= 32)
    return {8, 3, lanesOf(target)};
  return {6, 2, lanesOf(target)};
}

SmallVector<Extent> ContractNest::extentsOf(ArrayRef<unsigned> loops) const {
  SmallVector<Extent> extents;
  for (unsigned loop : loops)
    extents.push_back(form.domain[loop]);
  return extents;
}

ContractNest::ContractNest(Frame &frame, const ContractForm &form,
                           const TargetModel &target)
    : frame(frame), b(frame.b), form(form), tile(tileOf(target)) {
  rows = frame.product(extentsOf(form.m));
  columns = frame.product(extentsOf(form.n));
  batches = frame.product(extentsOf(form.batch));
  outerK = frame.extent(form.domain[form.k.front()]);
  innerK = frame.product(extentsOf(ArrayRef(form.k).drop_front()));
  chooseBlocks(target);
  chooseLayout();
}

void ContractNest::chooseBlocks(const TargetModel &target) {
  Value *all = b.multiply(outerK, innerK);
  std::optional<int64_t> depth = constantIndex(all);
  hasOneBlock = depth && *depth <= longestDepth;
  hasSums = !hasOneBlock && !form.mayStoreParts;
  Value *one = b.index(1);
  blockK = hasOneBlock ? b.maximum(outerK, one)
                       : b.maximum(one, b.divide(b.index(usualDepth),
                                                 b.maximum(innerK, one)));
  blockDepth = b.multiply(b.minimum(blockK, outerK), innerK);
  // The packed block of columns has to stay in half of the second cache.
  int64_t perColumn = 4 * (hasOneBlock ? *depth : usualDepth);
  int64_t panelsInCache =
      target.l2Bytes / 2 / (std::max<int64_t>(perColumn, 4) * tile.columns());
  int64_t panelCount = std::clamp<int64_t>(panelsInCache, 1, mostPanels);
  blockColumns = panelCount * tile.columns();
  balanceBlocks();
  itemRows = itemTiles * tile.rows;
  rowItems = b.ceilDivide(rows, b.index(itemRows));
  columnItems = b.ceilDivide(columns, b.index(blockColumns));
}

/// Blocks of columns of equal size where that is known: threads get equal
/// numbers of items.
void ContractNest::balanceBlocks() {
  std::optional<int64_t> all = constantIndex(columns);
  if (!all || *all == 0)
    return;
  int64_t blocks = divideCeil(*all, blockColumns), lanes = tile.lanes;
  bool isEven = *all % (blocks * lanes) == 0;
  blockColumns = isEven ? *all / blocks
                        : int64_t(alignTo(divideCeil(*all, blocks),
                                          uint64_t(tile.columns())));
  lastColumns = (isEven ? blockColumns : *all) % tile.columns();
}

// The left operand can stay where it is if its rows are constants apart and
// nothing is computed on the way. Along m it is better packed: each number of k
// would be in another line of the cache.
void ContractNest::chooseLayout() {
  packsAcross =
      !isUnitAlong(form.b, form.n.back()) && isUnitAlong(form.b, form.k.back());
  if (tile.rows == packedRow && !form.m.empty() &&
      isUnitAlong(form.a, form.m.back()))
    packedTiles = 2;
  const Storage *storage = frame.storage(form.a->get());
  mlir::AffineMap map = form.mapOf(form.a);
  if (!storage || !storage->elementType.isF32() || form.m.size() != 1 ||
      form.k.size() != 1 || !map.isProjectedPermutation() ||
      !isUnitAlong(form.a, form.k.back()))
    return;
  for (auto [axis, result] : enumerate(map.getResults())) {
    std::optional<int64_t> stride = constantIndex(storage->strides[axis]);
    if (cast<mlir::AffineDimExpr>(result).getPosition() == form.m[0] && stride)
      inPlace = RowLayout{*stride, 1};
  }
  std::optional<int64_t> count = constantIndex(rows);
  if (count && *count < int64_t(tile.rows))
    inPlace.reset();
}

Value *ContractNest::items() {
  return b.multiply(b.multiply(batches, columnItems), rowItems);
}

/// Room for a packed part whose depth is rounded up to whole vectors.
static Value *packedBytes(LoopBuilder &b, Value *depth, unsigned lanes,
                          int64_t width) {
  Value *rounded = b.roundUp(b.add(depth, b.index(lanes)), lanes);
  return b.roundUp(b.multiply(rounded, b.index(width * 4)), 64);
}

Value *ContractNest::scratchBytes() {
  Value *bytes = packedBytes(b, blockDepth, tile.lanes, blockColumns);
  bytes =
      b.add(bytes, b.multiply(packedBytes(b, blockDepth, tile.lanes, packedRow),
                              b.index(packedTiles)));
  if (hasSums) {
    Value *most = b.index(mostItemsWithSums * itemRows);
    bytes = b.add(bytes,
                  b.multiply(b.minimum(rows, most), b.index(blockColumns * 4)));
  }
  return b.add(bytes, b.index(int64_t(tile.rows) * tile.columns() * 4));
}

//===----------------------------------------------------------------------===//
// Loops
//===----------------------------------------------------------------------===//

Value *ContractNest::element(Value *base, Value *index) {
  return b.CreateInBoundsGEP(b.getFloatTy(), base, index);
}

void ContractNest::noteFailure(const Evaluator &evaluator) {
  if (!failure)
    failure = evaluator.failedOp();
}

// Loops of one number each: the position as a number in mixed radix. Lanes stay
// neighbours if there is one loop, or if they never cross the end of the last:
// `linear` is a multiple of `multiple`.
void ContractNest::setLinear(Coordinates &at, ArrayRef<unsigned> loops,
                             Coordinate linear, Evaluator &evaluator,
                             unsigned multiple) {
  for (size_t i = loops.size(); i-- > 0;) {
    if (i == 0) {
      at[loops[i]] = linear;
      return;
    }
    Value *size = frame.extent(form.domain[loops[i]]);
    std::optional<int64_t> fixed = constantIndex(size);
    if (linear.step == 1 && multiple && fixed && *fixed % multiple == 0) {
      at[loops[i]] = {b.remainder(linear.base, size), 1};
      linear = {b.divide(linear.base, size), 0};
      continue;
    }
    at[loops[i]] = evaluator.divided(linear, size, /*isRemainder=*/true);
    linear = evaluator.divided(linear, size, /*isRemainder=*/false);
  }
}

Coordinates ContractNest::iteration(const Block &block, Value *row) {
  Coordinates at(form.domain.size(), {b.index(0), 0});
  for (auto [loop, coordinate] : zip(form.batch, block.batch))
    at[loop] = coordinate;
  Evaluator numbers(frame, 1);
  if (row)
    setLinear(at, form.m, {row, 0}, numbers);
  return at;
}

void ContractNest::emitRowTile(const Block &block, Value *row) {
  Value *height = b.index(tile.rows);
  Rows part{row,         b.index(0), b.minimum(height, b.CreateSub(rows, row)),
            b.getTrue(), nullptr,    packedA};
  if (inPlace) {
    // The last rows are computed together with some before them, which are not
    // stored again; so no row behind the end is read.
    Value *isTall = b.CreateICmpSGE(rows, height);
    Value *last = b.CreateSub(rows, height);
    Value *start = b.CreateSelect(isTall, b.minimum(row, last), row);
    part = {start,
            b.CreateSub(row, start),
            b.CreateSelect(isTall, height, part.count),
            b.CreateNot(isTall),
            nullptr,
            packedA};
    Coordinates at = iteration(block, start);
    at[form.k[0]] = {block.k, 0};
    Evaluator numbers(frame, 1);
    const Storage &storage = *frame.storage(form.a->get());
    part.inPlace = element(
        storage.base,
        numbers.offset(storage, numbers.map(form.mapOf(form.a), at)).base);
  }
  b.emitIf(part.isPacked, [&] { packRows(block, part.row); });
  emitPanels(block, part);
}

/// Address of a part that `packRowTiles` packs.
Value *ContractNest::packedTile(Value *number) {
  Value *bytes = packedBytes(b, blockDepth, tile.lanes, packedRow);
  return b.CreatePtrAdd(packedA, b.multiply(number, bytes));
}

void ContractNest::emitRowTiles(const Block &block, Value *row,
                                Value *lastRow) {
  packRowTiles(block, row);
  Value *height = b.index(tile.rows);
  Value *end = b.minimum(b.add(row, b.index(packedTiles * tile.rows)), lastRow);
  b.emitFor(row, end, height, [&](Value *first) {
    Value *number = b.divide(b.CreateSub(first, row), height);
    emitPanels(block,
               {first, b.index(0), b.minimum(height, b.CreateSub(rows, first)),
                b.getTrue(), nullptr, packedTile(number)});
  });
}

void ContractNest::emitPanels(const Block &block, const Rows &part) {
  Value *width = b.index(tile.columns());
  b.emitFor(block.column, block.columnEnd, width, [&](Value *column) {
    Value *left = b.minimum(width, b.CreateSub(block.columnEnd, column));
    Value *vectors = b.ceilDivide(left, b.index(tile.lanes));
    Value *before = b.CreateSub(column, block.column);
    Value *depth =
        packsAcross
            ? b.roundUp(b.add(block.depth, b.index(tile.lanes)), tile.lanes)
            : block.depth;
    emitTile(block, part, column, element(panels, b.multiply(before, depth)),
             vectors);
  });
}

void ContractNest::emitBlock(const Block &block, Value *lastRow) {
  packColumns(block);
  b.emitFor(block.firstRow, lastRow, b.index(packedTiles * tile.rows),
            [&](Value *row) {
              if (packedTiles > 1)
                emitRowTiles(block, row, lastRow);
              else
                emitRowTile(block, row);
            });
}

/// The block of columns of a group of items; its rows and depth are not set.
ContractNest::Block ContractNest::blockOf(Value *group) {
  Block block{};
  Value *batch = b.divide(group, columnItems);
  block.column =
      b.multiply(b.remainder(group, columnItems), b.index(blockColumns));
  block.columnEnd =
      b.minimum(b.add(block.column, b.index(blockColumns)), columns);
  block.batch.resize(form.batch.size());
  for (size_t i = form.batch.size(); i-- > 0;) {
    Value *size = frame.extent(form.domain[form.batch[i]]);
    block.batch[i] = {i ? b.remainder(batch, size) : batch, 0};
    batch = i ? b.divide(batch, size) : batch;
  }
  return block;
}

/// The whole depth of a block, part by part.
void ContractNest::emitDepth(Block &block, Value *lastRow) {
  // At least once, so that a sum of nothing is written.
  Value *endOfK = b.maximum(outerK, b.index(1));
  b.emitFor(b.index(0), endOfK, blockK, [&](Value *k) {
    block.k = hasOneBlock ? b.index(0) : k;
    block.kEnd = hasOneBlock ? outerK : b.minimum(b.add(k, blockK), outerK);
    block.depth = b.multiply(b.CreateSub(block.kEnd, block.k), innerK);
    block.isFirst = hasOneBlock ? b.getTrue() : b.CreateICmpEQ(k, b.index(0));
    block.isLast =
        hasOneBlock ? b.getTrue() : b.CreateICmpSGE(block.kEnd, outerK);
    emitBlock(block, lastRow);
  });
}

mlir::LogicalResult ContractNest::run(const RunArguments &run) {
  panels = run.scratch;
  packedA = b.CreatePtrAdd(
      panels, packedBytes(b, blockDepth, tile.lanes, blockColumns));
  tileBuffer = packedTile(b.index(packedTiles));
  sums = b.CreatePtrAdd(tileBuffer,
                        b.index(int64_t(tile.rows) * tile.columns() * 4));
  // Neighbouring items share their columns, so those are packed once for them.
  b.emitWhile(
      {run.first},
      [&](ValueRange now) { return b.CreateICmpSLT(now[0], run.last); },
      [&](ValueRange now) -> Values {
        Value *group = b.divide(now[0], rowItems);
        Value *first = b.remainder(now[0], rowItems);
        Value *end =
            b.minimum(rowItems, b.add(first, b.CreateSub(run.last, now[0])));
        if (hasSums)
          end = b.minimum(end, b.add(first, b.index(mostItemsWithSums)));
        Block block = blockOf(group);
        block.firstRow = b.multiply(first, b.index(itemRows));
        Value *lastRow = b.minimum(b.multiply(end, b.index(itemRows)), rows);
        emitDepth(block, lastRow);
        return {b.add(now[0], b.CreateSub(end, first))};
      });
  if (failure)
    return failure->emitOpError("has no vector form on the cpu backend");
  return mlir::success();
}

} // namespace lamina::cpu
