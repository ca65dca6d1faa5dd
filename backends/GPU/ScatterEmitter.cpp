// SPDX-License-Identifier: Apache-2.0
//
// A block for a tile of what is scattered into.

#include "backends/GPU/ScatterEmitter.h"

#include "backends/CPU/StructuredEmitter.h"
#include "backends/GPU/Places.h"

using namespace llvm;

namespace lamina::gpu {

using cpu::ElementAccess;

/// Bytes of shared memory that a tile may take.
static constexpr int64_t tileBytes = 32 << 10;
/// Rows of a tile, unless there are more threads for a column.
static constexpr int64_t usualRows = 64;

/// A part of the result. A thread has one column of it, and every so many rows.
struct ScatterEmitter::Tile {
  Value *batch, *row, *column; ///< of the thread's first element
  Value *rows;                 ///< that the result has from `row` on, at most
  Value *lane, *group;         ///< column and first row, counted in the tile
  Value *ownsColumn;
  Value *memory;
  Type *element;
};

/// The id at a position, and whether the row that it names is the tile's.
struct ScatterEmitter::Candidate {
  Value *position, *row;
  Value *isMatch;
};

/// Where a thread's match stands in the list, and how many all threads have.
struct ScatterEmitter::Rank {
  Value *place, *total;
};

/// The ids of a tile's rows among those that the threads looked at.
struct ScatterEmitter::Matches {
  Value *count;
};

ScatterEmitter::ScatterEmitter(const KernelBody &body, graph::ScatterOp scatter)
    : body(body), op(scatter),
      columns(columnsOfBlock(scatter.getType().getDimSize(2), threads())) {
  int64_t bits = scatter.getType().getElementTypeBitWidth();
  int64_t bytes = std::max<int64_t>(1, bits / 8);
  rows = std::min(tileBytes / (columns * bytes),
                  std::max<int64_t>(groups(), usualRows));
}

Value *ScatterEmitter::extent(Frame &frame, unsigned axis) {
  return frame.extent(body.extent(op.getResult(), axis));
}

Value *ScatterEmitter::emitBlocks(Frame &frame) {
  LoopBuilder &b = frame.b;
  Value *tiles = b.multiply(b.ceilDivide(extent(frame, 1), b.index(rows)),
                            b.ceilDivide(extent(frame, 2), b.index(columns)));
  return b.multiply(extent(frame, 0), tiles);
}

ScatterEmitter::Tile ScatterEmitter::placeTile(Frame &frame) {
  LoopBuilder &b = frame.b;
  Threads threads(b);
  Tile tile;
  Value *inner = extent(frame, 2), *width = b.index(columns);
  Value *across = b.ceilDivide(inner, width);
  Value *down = b.ceilDivide(extent(frame, 1), b.index(rows));
  Value *number = threads.block();
  Value *first = b.multiply(b.remainder(number, across), width);
  number = b.divide(number, across);
  tile.row = b.multiply(b.remainder(number, down), b.index(rows));
  tile.batch = b.divide(number, down);
  tile.rows = b.minimum(b.index(rows), b.CreateSub(extent(frame, 1), tile.row));
  tile.lane = b.remainder(threads.thread(), width);
  tile.group = b.divide(threads.thread(), width);
  tile.column = b.add(first, tile.lane);
  tile.ownsColumn = b.CreateICmpSLT(tile.column, inner);
  tile.element = frame.memoryTypeOf(op.getType().getElementType());
  int64_t bytes = frame.bytesOf(op.getType().getElementType());
  tile.memory = threads.sharedMemory(rows * columns * bytes, "tile");
  positionList = threads.sharedMemory(this->threads() * 4, "positions");
  rowList = threads.sharedMemory(this->threads() * 4, "rows");
  counts = threads.sharedMemory(this->threads() / warpThreads * 4, "counts");
  return tile;
}

static Value *slotOf(LoopBuilder &b, Type *element, Value *memory, Value *row,
                     Value *lane, unsigned columns) {
  return b.CreateGEP(element, memory,
                     b.add(b.multiply(row, b.index(columns)), lane));
}

void ScatterEmitter::forOwnRows(Frame &frame, const Tile &tile,
                                function_ref<void(Value *)> body) {
  frame.b.emitIf(tile.ownsColumn, [&] {
    frame.b.emitFor(tile.group, tile.rows, frame.b.index(groups()), body);
  });
}

// What is scattered into: a fill, or a tensor, which may be the out itself.
Value *ScatterEmitter::startOf(Frame &frame, ArrayRef<Value *> at) {
  if (auto fill = op.getX().getDefiningOp<mlir::linalg::FillOp>())
    return frame.scalar(fill.getInputs()[0]);
  return ElementAccess(frame, op.getX()).load(at);
}

ScatterEmitter::Candidate ScatterEmitter::lookAt(Frame &frame, const Tile &tile,
                                                 Value *position) {
  LoopBuilder &b = frame.b;
  Value *isThere =
      b.CreateICmpSLT(position, frame.extent(body.extent(op.getIds(), 1)));
  Value *safe = b.CreateSelect(isThere, position, b.index(0));
  Value *id = b.CreateSExtOrTrunc(
      ElementAccess(frame, op.getIds()).load({tile.batch, safe}),
      b.getInt64Ty());
  Value *row = b.CreateSub(id, tile.row);
  Value *isMatch = b.CreateAnd(isThere, b.CreateICmpULT(row, tile.rows));
  return {position, row, isMatch};
}

// A match comes behind those of earlier warps, and of earlier lanes of its own.
ScatterEmitter::Rank ScatterEmitter::rank(LoopBuilder &b, Value *thread,
                                          Value *isMatch) {
  Threads threads(b);
  Type *i32 = b.getInt32Ty();
  Value *lane = b.CreateTrunc(b.remainder(thread, b.index(warpThreads)), i32);
  Value *bit = b.CreateShl(b.getInt32(1), lane);
  Value *mask = b.CreateSelect(isMatch, bit, b.getInt32(0));
  for (unsigned distance = warpThreads / 2; distance; distance /= 2)
    mask = b.CreateOr(mask, threads.exchange(mask, distance));
  auto countBits = [&](Value *bits) {
    return b.CreateUnaryIntrinsic(Intrinsic::ctpop, bits);
  };
  Value *warp = b.divide(thread, b.index(warpThreads));
  b.emitIf(b.CreateICmpEQ(lane, b.getInt32(0)), [&] {
    b.CreateStore(countBits(mask), b.CreateGEP(i32, counts, warp));
  });
  threads.waitForBlock();
  Value *total = b.getInt32(0);
  Value *place = countBits(b.CreateAnd(mask, b.CreateSub(bit, b.getInt32(1))));
  for (unsigned other = 0; other < this->threads() / warpThreads; ++other) {
    Value *count = b.CreateLoad(i32, b.CreateConstGEP1_64(i32, counts, other));
    total = b.CreateAdd(total, count);
    Value *isBefore = b.CreateICmpUGT(warp, b.index(other));
    place = b.CreateAdd(place, b.CreateSelect(isBefore, count, b.getInt32(0)));
  }
  return {place, total};
}

// Each thread looks at one id. The list is in the order of positions.
ScatterEmitter::Matches
ScatterEmitter::listMatches(Frame &frame, const Tile &tile, Value *first) {
  LoopBuilder &b = frame.b;
  Type *i32 = b.getInt32Ty();
  Value *thread = Threads(b).thread();
  Candidate own = lookAt(frame, tile, b.add(first, thread));
  Rank ranked = rank(b, thread, own.isMatch);
  b.emitIf(own.isMatch, [&] {
    Value *slot = b.CreateZExt(ranked.place, b.getInt64Ty());
    b.CreateStore(b.CreateTrunc(own.position, i32),
                  b.CreateGEP(i32, positionList, slot));
    b.CreateStore(b.CreateTrunc(own.row, i32), b.CreateGEP(i32, rowList, slot));
  });
  Threads(b).waitForBlock();
  return {b.CreateZExt(ranked.total, b.getInt64Ty())};
}

void ScatterEmitter::apply(Frame &frame, const Tile &tile, Value *position,
                           Value *row) {
  LoopBuilder &b = frame.b;
  Value *slot = slotOf(b, tile.element, tile.memory, row, tile.lane, columns);
  Value *value = ElementAccess(frame, op.getUpdates())
                     .load({tile.batch, position, tile.column});
  if (op.getKind() == graph::ScatterKind::Sum) {
    Value *before = b.CreateLoad(tile.element, slot);
    value = tile.element->isFloatingPointTy() ? b.CreateFAdd(before, value)
                                              : b.CreateAdd(before, value);
  }
  b.CreateStore(value, slot);
}

mlir::LogicalResult ScatterEmitter::emitThread(Frame &frame, Value *) {
  LoopBuilder &b = frame.b;
  frame.setStorage(op.getResult(),
                   frame.part(*body.destination(op.getResult())));
  Tile tile = placeTile(frame);
  auto slot = [&](Value *row) {
    return slotOf(b, tile.element, tile.memory, row, tile.lane, columns);
  };
  forOwnRows(frame, tile, [&](Value *row) {
    Value *start =
        startOf(frame, {tile.batch, b.add(tile.row, row), tile.column});
    b.CreateStore(b.CreateZExtOrBitCast(start, tile.element), slot(row));
  });
  Value *count = frame.extent(body.extent(op.getIds(), 1));
  b.emitFor(b.index(0), count, b.index(threads()), [&](Value *first) {
    Matches matches = listMatches(frame, tile, first);
    auto read = [&](Value *list, Value *number) {
      Type *i32 = b.getInt32Ty();
      return b.CreateZExt(b.CreateLoad(i32, b.CreateGEP(i32, list, number)),
                          b.getInt64Ty());
    };
    b.emitIf(tile.ownsColumn, [&] {
      b.emitFor(b.index(0), matches.count, b.index(1), [&](Value *number) {
        Value *row = read(rowList, number);
        Value *group = b.remainder(row, b.index(groups()));
        b.emitIf(b.CreateICmpEQ(group, tile.group),
                 [&] { apply(frame, tile, read(positionList, number), row); });
      });
    });
    Threads(b).waitForBlock();
  });
  forOwnRows(frame, tile, [&](Value *row) {
    ElementAccess(frame, op.getResult())
        .store({tile.batch, b.add(tile.row, row), tile.column},
               b.CreateLoad(tile.element, slot(row)));
  });
  return mlir::success();
}

} // namespace lamina::gpu
