// SPDX-License-Identifier: Apache-2.0
//
// A product of bf16 on tensor cores, for sm_80 and later.

#include "backends/GPU/MmaEmitter.h"

#include "backends/GPU/SumBand.h"
#include "backends/GPU/TensorCore.h"

using namespace llvm;

namespace lamina::gpu {

using cpu::Evaluator;

/// Numbers of k in one stage, and in one instruction.
constexpr int64_t depth = 32, stepDepth = 16;
/// With three stages the largest tile takes 48 KiB, what a block may have
/// without asking for more.
constexpr unsigned stages = 3;

/// Tiles of 64 where a tile of 128 would be half empty at any size.
static MmaShape chooseShape(const cpu::ContractForm &form) {
  auto side = [&](ArrayRef<unsigned> loops) -> int64_t {
    int64_t size = 1;
    for (unsigned loop : loops) {
      if (!form.domain[loop].isFixed())
        return 128;
      size *= form.domain[loop].plus;
    }
    return size <= 64 ? 64 : 128;
  };
  int64_t rows = side(form.m), columns = side(form.n);
  return {rows, columns, rows + columns == 128 ? 32 : 64, 32};
}

MmaEmitter::MmaEmitter(const KernelBody &body, cpu::ContractForm form)
    : tiles(body, std::move(form)), shape(chooseShape(tiles.form)),
      a(tiles, tiles.form.a, tiles.form.m, shape.rows, depth),
      c(tiles, tiles.form.b, tiles.form.n, shape.columns, depth) {}

Value *MmaEmitter::emitBlocks(Frame &frame) {
  return tiles.count(frame, shape.rows, shape.columns);
}

//===----------------------------------------------------------------------===//
// Sums
//===----------------------------------------------------------------------===//

static Value *stageAt(Frame &frame, Value *memory, Value *stage,
                      int64_t stageBytes) {
  return frame.b.CreatePtrAdd(
      memory, frame.b.multiply(stage, frame.b.index(stageBytes)));
}

// The group is ended whether or not there is anything in it, so that the number
// of groups that may be under way is the same in each round.
void MmaEmitter::fillStage(Frame &frame, const Work &work, Value *stage,
                           Value *k) {
  LoopBuilder &b = frame.b;
  b.emitIf(b.CreateICmpSLT(k, work.sizeOfK), [&] {
    Value *memory = stageAt(frame, work.memory, stage, stageBytes());
    const TilePlace &place = work.place;
    a.fill(frame, memory, {place.row, place.rows, k, work.sizeOfK, place.batch},
           threads(), work.block);
    c.fill(frame, b.CreatePtrAdd(memory, b.index(a.bytes())),
           {place.column, place.columns, k, work.sizeOfK, place.batch},
           threads(), work.block);
  });
  TensorCore(b).commitCopies();
}

Values MmaEmitter::multiplyStage(Frame &frame, const Work &work, Value *stage,
                                 Values sums) const {
  LoopBuilder &b = frame.b;
  TensorCore core(b);
  Value *left = stageAt(frame, work.memory, stage, stageBytes());
  Value *right = b.CreatePtrAdd(left, b.index(a.bytes()));
  for (int64_t k = 0; k < depth; k += stepDepth) {
    SmallVector<Values> rows, columns;
    for (int64_t row = 0; row < shape.warpRows; row += 16)
      rows.push_back(a.fragments(frame, left, b.add(work.warpRow, b.index(row)),
                                 k,
                                 /*rowsFirst=*/true));
    for (int64_t column = 0; column < shape.warpColumns; column += 16) {
      Values two =
          c.fragments(frame, right, b.add(work.warpColumn, b.index(column)), k,
                      /*rowsFirst=*/false);
      columns.push_back({two[0], two[1]});
      columns.push_back({two[2], two[3]});
    }
    auto *at = sums.begin();
    for (const Values &row : rows)
      for (const Values &column : columns) {
        Values next = core.multiply(row, column, ArrayRef(at, 4));
        at = std::copy(next.begin(), next.end(), at);
      }
  }
  return sums;
}

// In each round the stage behind the last one is filled: it was multiplied in
// the round before, which the barrier ends for all threads.
Values MmaEmitter::emitSums(Frame &frame, const Work &work) {
  LoopBuilder &b = frame.b;
  TensorCore core(b);
  for (unsigned stage = 0; stage + 1 < stages; ++stage)
    fillStage(frame, work, b.index(stage), b.index(stage * depth));
  auto after = [&](Value *stage) {
    Value *next = b.CreateAdd(stage, b.index(1));
    return b.CreateSelect(b.CreateICmpEQ(next, b.index(stages)), b.index(0),
                          next);
  };
  size_t count = size_t(shape.warpRows * shape.warpColumns / warpThreads);
  Values start(count, ConstantFP::get(b.getFloatTy(), 0));
  start.append({b.index(0), b.index(stages - 1)});
  Values end = b.emitFor(
      b.index(0), work.sizeOfK, b.index(depth), start,
      [&](Value *k, ValueRange running) {
        Value *multiplied = running[count], *filled = running[count + 1];
        core.waitForCopies(stages - 2);
        Threads(b).waitForBlock();
        fillStage(frame, work, filled, b.add(k, b.index((stages - 1) * depth)));
        Values next = multiplyStage(frame, work, multiplied,
                                    Values(running.take_front(count)));
        next.append({after(multiplied), after(filled)});
        return next;
      });
  end.resize(count);
  return end;
}

mlir::LogicalResult MmaEmitter::emitThread(Frame &frame, Value *) {
  LoopBuilder &b = frame.b;
  Threads threads(b);
  SumBand band(shape.warpRows, shape.columns);
  Evaluator block(frame, 1);
  block.setAnchor();
  Value *warp = b.divide(threads.thread(), b.index(warpThreads));
  Value *across = b.index(shape.warpsAcross());
  Work work{tiles.place(frame, threads.block(), shape.rows, shape.columns),
            threads.sharedMemory(std::max(stages * stageBytes(), band.bytes()),
                                 "ring"),
            tiles.size(frame, tiles.form.k),
            b.multiply(b.divide(warp, across), b.index(shape.warpRows)),
            b.multiply(b.remainder(warp, across), b.index(shape.warpColumns)),
            block};
  Values sums = emitSums(frame, work);
  b.emitFor(b.index(0), b.index(shape.rows), b.index(shape.warpRows),
            [&](Value *row) {
              threads.waitForBlock();
              b.emitIf(b.CreateICmpEQ(work.warpRow, row), [&] {
                band.keep(b, work.memory, work.warpColumn, shape.warpColumns,
                          sums);
              });
              threads.waitForBlock();
              band.finish(frame, tiles, work.place, work.memory,
                          b.add(work.place.row, row), threads.thread(),
                          this->threads(), block);
            });
  return tiles.result();
}

} // namespace lamina::gpu
