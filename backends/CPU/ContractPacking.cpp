// SPDX-License-Identifier: Apache-2.0
//
// Panels of the operands of a product.
//
// A panel has a row for each number of k. Operands are read as functions of
// their index, so that packing also transposes, pads and computes what comes
// before.

#include "backends/CPU/ContractNest.h"
#include "backends/CPU/ScalarOps.h"

using namespace llvm;

namespace lamina::cpu {

bool ContractNest::isUnitAlong(mlir::OpOperand *operand, unsigned loop) const {
  mlir::AffineMap map = form.mapOf(operand);
  unsigned last = map.getNumResults();
  if (last == 0)
    return false;
  return map.getResult(last - 1) ==
             mlir::getAffineDimExpr(loop, map.getContext()) &&
         all_of(map.getResults().drop_back(), [&](mlir::AffineExpr other) {
           return !other.isFunctionOfDim(loop);
         });
}

/// Numbers of an operand in the type of the sum: panels are of float32.
Value *ContractNest::readFactor(mlir::OpOperand *operand, CoordinateRange at,
                                Evaluator &evaluator) {
  Value *numbers =
      evaluator.read(operand->get(), evaluator.map(form.mapOf(operand), at));
  return numbers->getType()->getScalarType()->isBFloatTy()
             ? widenBFloat(b, numbers)
             : numbers;
}

/// Loops over k, but for the last one if `keepsLast`; `linear` counts all.
void ContractNest::nestK(const Block &block, bool keepsLast, KStep step) {
  Evaluator level(frame, tile.lanes);
  level.setAnchor();
  Coordinates at = iteration(block, nullptr);
  nestK(block, 0, unsigned(form.k.size()) - keepsLast, at, b.index(0), level,
        step);
}

void ContractNest::nestK(const Block &block, unsigned depth, unsigned levels,
                         Coordinates at, Value *linear, Evaluator &level,
                         KStep step) {
  if (depth == levels)
    return step(at, linear, level);
  unsigned loop = form.k[depth];
  Value *first = depth ? b.index(0) : block.k;
  Value *size = depth ? frame.extent(form.domain[loop]) : block.kEnd;
  b.emitFor(first, size, b.index(1), [&](Value *i) {
    Coordinates next = at;
    next[loop] = {i, 0};
    Value *position = b.CreateSub(i, first);
    if (depth)
      position = b.add(b.multiply(linear, size), i);
    nestK(block, depth + 1, levels, next, position, level, step);
  });
}

//===----------------------------------------------------------------------===//
// The right operand
//===----------------------------------------------------------------------===//

void ContractNest::packColumns(const Block &block) {
  Value *width = b.index(tile.columns());
  b.emitFor(block.column, block.columnEnd, width, [&](Value *column) {
    Value *before = b.CreateSub(column, block.column);
    Value *depth =
        packsAcross
            ? b.roundUp(b.add(block.depth, b.index(tile.lanes)), tile.lanes)
            : block.depth;
    packPanel(block, column, element(panels, b.multiply(before, depth)));
  });
}

void ContractNest::packPanel(const Block &block, Value *column, Value *panel) {
  Value *left =
      b.minimum(b.index(tile.columns()), b.CreateSub(block.columnEnd, column));
  std::optional<int64_t> all = constantIndex(columns);
  bool isFull = all && lastColumns == 0;
  Value *vectors =
      isFull ? b.index(tile.vectors) : b.ceilDivide(left, b.index(tile.lanes));
  if (packsAcross)
    return packPanelAcross(block, column, vectors, panel);
  Value *pitch = b.multiply(vectors, b.index(tile.lanes));
  bool isMasked = !all || *all % tile.lanes != 0;
  nestK(block, false, [&](Coordinates at, Value *k, Evaluator &level) {
    Value *to = element(panel, b.multiply(k, pitch));
    auto vector = [&](Value *v) {
      Value *offset = b.multiply(v, b.index(tile.lanes));
      Value *first = b.add(column, offset);
      Value *mask = isMasked
                        ? b.activeLanes(b.CreateSub(columns, first), tile.lanes)
                        : nullptr;
      Evaluator lane(frame, tile.lanes, mask, &level);
      Coordinates lanes = at;
      setLinear(lanes, form.n, {first, 1}, lane, tile.lanes);
      Value *numbers = readFactor(form.b, lanes, lane);
      noteFailure(lane);
      b.CreateAlignedStore(b.splat(numbers, tile.lanes), element(to, offset),
                           Align(4));
    };
    if (isFull)
      for (unsigned v = 0; v < tile.vectors; ++v)
        vector(b.index(v));
    else
      b.emitFor(b.index(0), vectors, b.index(1), vector);
  });
}

/// Turns rows of `width` lanes into columns: in each step blocks of half the
/// size change places across the diagonal.
Values ContractNest::transposed(Values rows) {
  unsigned width = tile.lanes;
  for (unsigned half = width / 2; half; half /= 2)
    for (unsigned i = 0; i < width; ++i) {
      if (i & half)
        continue;
      SmallVector<int> upper(width), lower(width);
      for (unsigned lane = 0; lane < width; ++lane) {
        bool isFar = lane & half;
        upper[lane] = int(isFar ? width + lane - half : lane);
        lower[lane] = int(isFar ? width + lane : lane + half);
      }
      Value *x = rows[i], *y = rows[i + half];
      rows[i] = b.CreateShuffleVector(x, y, upper);
      rows[i + half] = b.CreateShuffleVector(x, y, lower);
    }
  return rows;
}

// Lanes along k, one vector for each column, then transposed. Columns behind
// the end repeat the last one; rows behind the end are overwritten or never
// read.
void ContractNest::packPanelAcross(const Block &block, Value *column,
                                   Value *vectors, Value *panel) {
  Value *lanes = b.index(tile.lanes);
  Value *pitch = b.multiply(vectors, lanes);
  unsigned loop = form.k.back();
  bool isOnly = form.k.size() == 1;
  Value *first = isOnly ? block.k : b.index(0);
  Value *end = isOnly ? block.kEnd : frame.extent(form.domain[loop]);
  nestK(block, true, [&](Coordinates at, Value *outer, Evaluator &level) {
    Value *start = isOnly ? b.index(0) : b.multiply(outer, end);
    b.emitFor(first, end, lanes, [&](Value *k) {
      Value *mask = b.activeLanes(b.CreateSub(end, k), tile.lanes);
      b.emitFor(b.index(0), vectors, b.index(1), [&](Value *v) {
        Value *offset = b.multiply(v, lanes);
        Evaluator lane(frame, tile.lanes, mask, &level);
        Values rows;
        for (unsigned j = 0; j < tile.lanes; ++j) {
          Value *wanted = b.add(b.add(column, offset), b.index(j));
          Value *n = b.minimum(wanted, b.CreateSub(columns, b.index(1)));
          Coordinates numbers = at;
          numbers[loop] = {k, 1};
          setLinear(numbers, form.n, {n, 0}, lane);
          rows.push_back(
              b.splat(readFactor(form.b, numbers, lane), tile.lanes));
        }
        noteFailure(lane);
        rows = transposed(rows);
        Value *line = b.add(start, b.CreateSub(k, first));
        for (unsigned j = 0; j < tile.lanes; ++j) {
          Value *to = b.add(b.multiply(b.add(line, b.index(j)), pitch), offset);
          b.CreateAlignedStore(rows[j], element(panel, to), Align(4));
        }
      });
    });
  });
}

//===----------------------------------------------------------------------===//
// The left operand
//===----------------------------------------------------------------------===//

// Rows behind the end of the matrix are masked, and so 0.
void ContractNest::packRows(const Block &block, Value *row) {
  if (isUnitAlong(form.a, form.k.back()) &&
      !isUnitAlong(form.a, form.m.empty() ? 0 : form.m.back()))
    return packRowsAcross(block, row);
  Value *mask = b.activeLanes(b.CreateSub(rows, row), packedRow);
  nestK(block, false, [&](Coordinates at, Value *k, Evaluator &level) {
    Evaluator between(frame, packedRow, nullptr, &level);
    Evaluator lane(frame, packedRow, mask, &between);
    setLinear(at, form.m, {row, 1}, lane,
              tile.rows == packedRow ? packedRow : 0);
    Value *numbers = readFactor(form.a, at, lane);
    noteFailure(lane);
    b.CreateAlignedStore(b.splat(numbers, packedRow),
                         element(packedA, b.multiply(k, b.index(packedRow))),
                         Align(4));
  });
}

/// Rows of several tiles, which stand side by side for each number of k: a line
/// of the cache is read once for all of them.
void ContractNest::packRowTiles(const Block &block, Value *row) {
  unsigned width = packedTiles * packedRow;
  Value *mask = b.activeLanes(b.CreateSub(rows, row), width);
  nestK(block, false, [&](Coordinates at, Value *k, Evaluator &level) {
    Evaluator between(frame, width, nullptr, &level);
    Evaluator lane(frame, width, mask, &between);
    setLinear(at, form.m, {row, 1}, lane, width);
    Value *numbers = b.splat(readFactor(form.a, at, lane), width);
    noteFailure(lane);
    for (unsigned part = 0; part < packedTiles; ++part) {
      SmallVector<int> own;
      for (unsigned r = 0; r < packedRow; ++r)
        own.push_back(int(part * packedRow + r));
      b.CreateAlignedStore(
          b.CreateShuffleVector(numbers, own),
          element(packedTile(b.index(part)), b.multiply(k, b.index(packedRow))),
          Align(4));
    }
  });
}

// Lanes along k, a vector for each row; then as many rows as a vector has lanes
// are transposed at a time.
void ContractNest::packRowsAcross(const Block &block, Value *row) {
  Value *lanes = b.index(tile.lanes);
  unsigned loop = form.k.back();
  bool isOnly = form.k.size() == 1;
  Value *first = isOnly ? block.k : b.index(0);
  Value *end = isOnly ? block.kEnd : frame.extent(form.domain[loop]);
  nestK(block, true, [&](Coordinates at, Value *outer, Evaluator &level) {
    Value *start = isOnly ? b.index(0) : b.multiply(outer, end);
    b.emitFor(first, end, lanes, [&](Value *k) {
      Value *mask = b.activeLanes(b.CreateSub(end, k), tile.lanes);
      Value *line = b.add(start, b.CreateSub(k, first));
      Coordinates numbers = at;
      numbers[loop] = {k, 1};
      for (unsigned part = 0; part < packedRow; part += tile.lanes)
        packRowsPart(numbers, row, part, line, mask, level);
    });
  });
}

void ContractNest::packRowsPart(Coordinates at, Value *row, unsigned part,
                                Value *line, Value *mask, Evaluator &level) {
  unsigned count = std::min(tile.lanes, packedRow - part);
  Evaluator lane(frame, tile.lanes, mask, &level);
  Value *last = b.CreateSub(rows, b.index(1));
  Values parts;
  for (unsigned r = 0; r < tile.lanes; ++r) {
    if (r >= count || part + r >= tile.rows) {
      parts.push_back(Constant::getNullValue(
          FixedVectorType::get(b.getFloatTy(), tile.lanes)));
      continue;
    }
    Value *m = b.minimum(b.add(row, b.index(part + r)), last);
    setLinear(at, form.m, {m, 0}, lane);
    parts.push_back(b.splat(readFactor(form.a, at, lane), tile.lanes));
  }
  noteFailure(lane);
  parts = transposed(parts);
  SmallVector<int> used;
  for (unsigned r = 0; r < count; ++r)
    used.push_back(int(r));
  for (unsigned j = 0; j < tile.lanes; ++j) {
    Value *to = b.add(b.multiply(b.add(line, b.index(j)), b.index(packedRow)),
                      b.index(part));
    b.CreateAlignedStore(b.CreateShuffleVector(parts[j], used),
                         element(packedA, to), Align(4));
  }
}

} // namespace lamina::cpu
