// SPDX-License-Identifier: Apache-2.0
//
// Row programs in LLVM IR.

#include "backends/CPU/LoopEmitter.h"

#include "backends/CPU/GroupEmitter.h"

#include <functional>

using namespace llvm;

namespace lamina::cpu {

/// Elements that an item should have, so that starting it costs nothing.
static constexpr int64_t itemElements = 16384;
/// Lanes of an item that sums columns: each of them walks all rows.
static constexpr int64_t itemColumns = 64;
static constexpr int64_t scratchAlignment = 64;

//===----------------------------------------------------------------------===//
// Items
//===----------------------------------------------------------------------===//

unsigned LoopEmitter::laneLoop() const {
  const Stage &stage = program.groups().front().stages.front();
  unsigned lane = 0;
  for (unsigned loop = program.rowLoops(); loop < stage.domain.size(); ++loop)
    if (!stage.reduced[loop])
      lane = loop;
  return lane;
}

// Only one pass, and none that sums along the lanes.
bool LoopEmitter::splitsLanes() const {
  if (program.groups().size() != 1 || program.hasPartials())
    return false;
  const Group &group = program.groups().front();
  if (group.stages.front().domain.size() == program.rowLoops())
    return false;
  if (group.columns)
    return true;
  return none_of(group.stages,
                 [](const Stage &stage) { return stage.hasReduction(); });
}

Value *LoopEmitter::laneSize(Frame &frame) const {
  ArrayRef<Extent> domain = program.groups().front().stages.front().domain;
  if (program.hasPairs())
    return frame.product(domain.take_back(2));
  return frame.extent(domain[laneLoop()]);
}

LoopEmitter::Split LoopEmitter::split(Frame &frame) {
  LoopBuilder &b = frame.b;
  Split split{frame.product(program.rowDomain()), b.index(partialRows),
              b.index(1), nullptr};
  Value *work = b.index(1);
  for (const Group &group : program.groups()) {
    ArrayRef<Extent> domain = group.stages.front().domain;
    work = b.maximum(work, frame.product(domain.drop_front(std::min<size_t>(
                               program.rowLoops(), domain.size()))));
  }
  if (splitsLanes()) {
    bool isColumns = program.groups().front().columns;
    split.lanesOfItem = b.index(isColumns ? itemColumns : itemElements);
    split.laneChunks = b.ceilDivide(laneSize(frame), split.lanesOfItem);
  }
  if (!program.hasPartials())
    split.rowsOfItem =
        b.maximum(b.index(1), b.divide(b.index(itemElements), work));
  return split;
}

Value *LoopEmitter::emitItems(Frame &frame) {
  if (program.groups().empty())
    return frame.b.index(0);
  Split parts = split(frame);
  return frame.b.multiply(frame.b.ceilDivide(parts.rows, parts.rowsOfItem),
                          parts.laneChunks);
}

//===----------------------------------------------------------------------===//
// Memory
//===----------------------------------------------------------------------===//

Value *LoopEmitter::emitScratch(Frame &frame) {
  LoopBuilder &b = frame.b;
  Value *bytes = b.index(0);
  for (mlir::Value value : program.temporaries()) {
    mlir::Type type =
        mlir::cast<mlir::RankedTensorType>(value.getType()).getElementType();
    Value *size = b.multiply(frame.product(program.rowShape(value)),
                             b.index(frame.bytesOf(type)));
    bytes = b.add(bytes, b.roundUp(size, scratchAlignment));
  }
  return bytes;
}

// A temporary holds one row: its row axes have stride 0.
void LoopEmitter::placeTemporaries(Frame &frame, Value *scratch) {
  LoopBuilder &b = frame.b;
  Value *offset = b.index(0);
  for (mlir::Value value : program.temporaries()) {
    mlir::Type type =
        mlir::cast<mlir::RankedTensorType>(value.getType()).getElementType();
    SmallVector<Extent> shape = program.rowShape(value);
    Storage row = frame.dense(b.CreatePtrAdd(scratch, offset), type, shape);
    row.strides.insert(row.strides.begin(), program.rowLoops(), b.index(0));
    frame.setStorage(value, row);
    Value *size =
        b.multiply(frame.product(shape), b.index(frame.bytesOf(type)));
    offset = b.add(offset, b.roundUp(size, scratchAlignment));
  }
}

mlir::LogicalResult LoopEmitter::placeResults(Frame &frame) {
  for (const Group &group : program.groups())
    for (const Stage &stage : group.stages) {
      mlir::linalg::LinalgOp op = stage.op;
      for (mlir::OpResult result : op->getResults()) {
        const Destination *where = body.destination(result);
        if (where)
          frame.setStorage(result, frame.part(*where));
        bool isPartial = stage.roles[result.getResultNumber()] == Role::Partial;
        if (isPartial && !where)
          return op->emitOpError("has partial sums that are not an out");
      }
    }
  return mlir::success();
}

// Before its rows, the sums of an item are what the op starts from.
void LoopEmitter::clearPartials(Frame &frame, Value *firstRow) {
  LoopBuilder &b = frame.b;
  Value *part = b.divide(firstRow, b.index(partialRows));
  for (const Group &group : program.groups())
    for (const Stage &stage : group.stages)
      for (unsigned number = 0; number < stage.roles.size(); ++number) {
        if (stage.roles[number] != Role::Partial)
          continue;
        mlir::linalg::LinalgOp op = stage.op;
        mlir::Value before = op.getDpsInitOperand(number)->get();
        const Storage &where = *frame.storage(op->getResult(number));
        unsigned rank = unsigned(where.strides.size());
        Evaluator evaluator(frame, 1);
        Coordinates at{{part, 0}};
        std::function<void(unsigned)> clear = [&](unsigned axis) {
          if (axis == rank)
            return evaluator.write(where, at, evaluator.read(before, at));
          Value *size = frame.extent(body.extent(op->getResult(number), axis));
          b.emitFor(b.index(0), size, b.index(1), [&](Value *i) {
            at.push_back({i, 0});
            clear(axis + 1);
            at.pop_back();
          });
        };
        clear(1);
      }
}

//===----------------------------------------------------------------------===//
// The run
//===----------------------------------------------------------------------===//

static Coordinates coordinatesOf(LoopBuilder &b, Value *number,
                                 ArrayRef<Value *> sizes) {
  Coordinates at(sizes.size());
  for (size_t axis = sizes.size(); axis-- > 0;) {
    at[axis] = {axis ? b.remainder(number, sizes[axis]) : number, 0};
    number = axis ? b.divide(number, sizes[axis]) : number;
  }
  return at;
}

/// The lanes of one part; none where items do not split them.
std::pair<Value *, Value *> LoopEmitter::lanesOf(LoopBuilder &b, Value *chunk,
                                                 const Split &parts,
                                                 Value *laneCount) {
  if (!laneCount)
    return {nullptr, nullptr};
  Value *lo = b.multiply(chunk, parts.lanesOfItem);
  Value *hi = b.minimum(b.add(lo, parts.lanesOfItem), laneCount);
  if (constantIndex(parts.laneChunks) == 1)
    return {b.index(0), laneCount};
  return {lo, hi};
}

mlir::LogicalResult LoopEmitter::emitRun(Frame &frame,
                                         const RunArguments &run) {
  if (program.groups().empty())
    return mlir::success();
  LoopBuilder &b = frame.b;
  placeTemporaries(frame, run.scratch);
  if (failed(placeResults(frame)))
    return mlir::failure();
  Split parts = split(frame);
  Values sizes;
  for (const Extent &extent : program.rowDomain())
    sizes.push_back(frame.extent(extent));
  Value *laneCount = splitsLanes() ? laneSize(frame) : nullptr;
  mlir::LogicalResult result = mlir::success();
  auto emitRow = [&](Value *number, Value *lo, Value *hi) {
    Coordinates at = coordinatesOf(b, number, sizes);
    Evaluator row(frame, lanes);
    for (const Group &group : program.groups())
      if (mlir::failed(
              GroupEmitter(frame, program, group, lanes, row, at).emit(lo, hi)))
        result = mlir::failure();
  };
  b.emitFor(run.first, run.last, b.index(1), [&](Value *item) {
    Value *chunk = b.remainder(item, parts.laneChunks);
    Value *block = b.divide(item, parts.laneChunks);
    auto [lo, hi] = lanesOf(b, chunk, parts, laneCount);
    Value *from = b.multiply(block, parts.rowsOfItem);
    Value *to = b.minimum(b.add(from, parts.rowsOfItem), parts.rows);
    if (program.hasPartials())
      clearPartials(frame, from);
    b.emitFor(from, to, b.index(1), [&, lo = lo, hi = hi](Value *number) {
      emitRow(number, lo, hi);
    });
  });
  return result;
}

} // namespace lamina::cpu
