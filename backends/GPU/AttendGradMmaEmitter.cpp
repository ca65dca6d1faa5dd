// SPDX-License-Identifier: Apache-2.0
//
// The adjoint of attention in bf16 on tensor cores, for sm_80 and later.

#include "backends/GPU/AttendGradMmaEmitter.h"

#include "backends/GPU/AttendEmitter.h"

using namespace llvm;

namespace lamina::gpu {

using cpu::AttentionCode;
using cpu::AttentionOp;
using cpu::Element;
using cpu::Storage;

//===----------------------------------------------------------------------===//
// Tiles
//===----------------------------------------------------------------------===//

AttendGradMmaEmitter::Pair AttendGradMmaEmitter::Pair::at(cpu::LoopBuilder &b,
                                                          Value *memory) const {
  return {main.at(memory),
          other.at(b.CreatePtrAdd(memory, b.index(main.bytes())))};
}

AttendGradMmaEmitter::AttendGradMmaEmitter(AttentionOp description,
                                           graph::AttendGradOp grad)
    : op(std::move(description)), grad(grad) {
  for (TileShape candidate : {TileShape{64, 32}, {64, 16}, {32, 16}}) {
    // A score that reads tensors needs the registers of half the numbers.
    if (candidate.columns > 16 && !op.with.empty())
      continue;
    shape = candidate;
    kept = {{shape.rows, op.depth()}, {shape.rows, op.width()}};
    walked = {{shape.columns, op.depth()}, {shape.columns, op.width()}};
    if (kept.bytes() + 2 * walked.bytes() <= mostSharedBytes)
      break;
  }
}

Value *AttendGradMmaEmitter::emitBlocks(Frame &frame) {
  AttentionCode code(frame, op);
  AttentionBlocks blocks(frame.b, code, shape);
  return frame.b.add(blocks.countKeys(), blocks.countQueries());
}

AttendGradMmaEmitter::Sources AttendGradMmaEmitter::ofQueries() {
  return {{op.q, /*ofKeys=*/false}, {grad.getAdjoint(), /*ofKeys=*/false}};
}

AttendGradMmaEmitter::Sources AttendGradMmaEmitter::ofKeys() {
  return {{op.k, /*ofKeys=*/true}, {op.v, /*ofKeys=*/true}};
}

AttendGradMmaEmitter::Pair AttendGradMmaEmitter::keptPair(const Work &work) {
  return kept.at(*builder, work.memory);
}

AttendGradMmaEmitter::Pair AttendGradMmaEmitter::walkedPair(const Work &work,
                                                            Value *stage) {
  LoopBuilder &b = *builder;
  Value *place =
      b.add(b.index(kept.bytes()), b.multiply(stage, b.index(walked.bytes())));
  return walked.at(b, b.CreatePtrAdd(work.memory, place));
}

void AttendGradMmaEmitter::fill(const Work &work, const Pair &pair,
                                Sources from, Value *first) {
  work.team.fill(pair.main, from.main, first);
  work.team.fill(pair.other, from.other, first);
}

// The group is ended whether or not there is anything in it.
void AttendGradMmaEmitter::fillStage(const Work &work, Value *stage,
                                     Sources from, Value *first,
                                     Value *isWanted) {
  LoopBuilder &b = *builder;
  b.emitIf(isWanted, [&] { fill(work, walkedPair(work, stage), from, first); });
  TensorCore(b).commitCopies();
}

AttentionBlocks::Pulled AttendGradMmaEmitter::pullTile(
    const Work &work, const Pair &walked, ArrayRef<Element> places,
    const AttentionBlocks::RowNumbers &numbers, Value *isFull) {
  Pair rows = keptPair(work);
  FragmentTeam &team = work.team;
  Values products = team.multiply(rows.main, walked.main);
  Values pulled = team.multiply(rows.other, walked.other);
  return work.blocks.pullBack(gradient->block(), products, pulled, places,
                              numbers, isFull);
}

//===----------------------------------------------------------------------===//
// Blocks of queries
//===----------------------------------------------------------------------===//

/// The numbers of the thread's queries, for each of its elements of a tile.
AttentionBlocks::RowNumbers AttendGradMmaEmitter::readRows(const Work &work,
                                                           Value *first) {
  FragmentTeam &team = work.team;
  Values statistics, means;
  for (unsigned i = 0; i < FragmentTeam::rowsOfThread; ++i) {
    Value *row = builder->add(first, team.row(i));
    statistics.push_back(work.blocks.readRow(grad.getStats(), row));
    means.push_back(work.blocks.readRow(grad.getO(), row));
  }
  AttentionBlocks::RowNumbers numbers;
  for (size_t n = 0; n < team.count(); ++n) {
    numbers.statistics.push_back(statistics[team.rowOf(n)]);
    numbers.means.push_back(means[team.rowOf(n)]);
  }
  return numbers;
}

Values AttendGradMmaEmitter::walkKeys(const Work &work,
                                      const QueryBlock &block) {
  LoopBuilder &b = *builder;
  FragmentTeam &team = work.team;
  Value *columns = b.index(shape.columns);
  AttentionBlocks::RowNumbers numbers = readRows(work, block.first);
  fillStage(work, b.index(0), ofKeys(), block.low,
            b.CreateICmpSLT(block.low, block.high));
  Values start = team.zeroSums(walked.main);
  start.push_back(b.index(0));
  Values end = b.emitFor(
      block.low, block.high, columns, start,
      [&](Value *low, ValueRange before) {
        Value *stage = before.back(), *other = b.CreateSub(b.index(1), stage);
        TensorCore(b).waitForCopies(0);
        Threads(b).waitForBlock();
        Value *next = b.add(low, columns);
        fillStage(work, other, ofKeys(), next,
                  b.CreateICmpSLT(next, block.high));
        Pair tile = walkedPair(work, stage);
        SmallVector<Element> places;
        for (size_t n = 0; n < team.count(); ++n)
          places.push_back({b.add(block.first, team.row(team.rowOf(n))),
                            b.add(low, team.column(n))});
        Value *isFull = work.code.seesAll(block.first, block.last, low, next);
        AttentionBlocks::Pulled one =
            pullTile(work, tile, places, numbers, isFull);
        Values sums = team.accumulate(team.rounded(one.products), tile.main,
                                      before.drop_back());
        sums.push_back(other);
        return sums;
      });
  end.pop_back();
  return end;
}

void AttendGradMmaEmitter::emitQueries(const Work &work, Value *number) {
  LoopBuilder &b = *builder;
  AttentionCode &code = work.code;
  QueryBlock block = work.blocks.enterQueries(number);
  fill(work, keptPair(work), ofQueries(), block.first);
  Values sums = walkKeys(work, block);
  // Without a key nobody has waited for the queries.
  TensorCore(b).waitForCopies(0);
  Threads(b).waitForBlock();
  Storage out = code.result(0);
  work.team.forEachSum(work.memory, walked.main, sums,
                       [&](Value *row, Value *c, Value *value) {
                         Value *at = b.add(block.first, row);
                         b.emitIf(b.CreateICmpSLT(at, code.queries),
                                  [&] { code.writeQuery(out, at, c, value); });
                       });
}

//===----------------------------------------------------------------------===//
// Blocks of keys
//===----------------------------------------------------------------------===//

Values AttendGradMmaEmitter::walkQueryTile(const Work &work, const Pair &walked,
                                           Value *firstKey, Value *firstQuery,
                                           ValueRange before) {
  LoopBuilder &b = *builder;
  FragmentTeam &team = work.team;
  AttentionBlocks::RowNumbers numbers;
  SmallVector<Element> places;
  for (size_t n = 0; n < team.count(); ++n) {
    Value *query = b.add(firstQuery, team.column(n));
    places.push_back({query, b.add(firstKey, team.row(team.rowOf(n)))});
    // Of two rows the numbers are the same.
    bool isSecond = team.rowOf(n) == 1;
    numbers.statistics.push_back(
        isSecond ? numbers.statistics[n - 2]
                 : work.blocks.readRow(grad.getStats(), query));
    numbers.means.push_back(isSecond ? numbers.means[n - 2]
                                     : work.blocks.readRow(grad.getO(), query));
  }
  AttentionBlocks::Pulled one =
      pullTile(work, walked, places, numbers,
               work.blocks.isSeenWholly(firstQuery, firstKey));
  size_t count = team.zeroSums(walked.main).size();
  Values keySums = team.accumulate(team.rounded(one.products), walked.main,
                                   before.take_front(count));
  Values valueSums = team.accumulate(team.rounded(one.weights), walked.other,
                                     before.drop_front(count));
  append_range(keySums, valueSums);
  return keySums;
}

/// All tiles of queries of the present head that see one of the keys.
Values AttendGradMmaEmitter::walkQueries(const Work &work, Value *firstKey,
                                         ValueRange start) {
  LoopBuilder &b = *builder;
  Value *columns = b.index(shape.columns);
  // The last tile of the head before this one is no longer read.
  Threads(b).waitForBlock();
  Value *zero = b.index(0);
  Value *isFirstSeen = work.blocks.isSeen(zero, firstKey);
  fillStage(work, zero, ofQueries(), zero, isFirstSeen);
  Values carried(start);
  carried.append({zero, isFirstSeen});
  Values end =
      b.emitFor(zero, work.code.queries, columns, carried,
                [&](Value *first, ValueRange before) {
                  ValueRange sums = before.drop_back(2);
                  Value *stage = before[sums.size()], *isSeen = before.back();
                  Value *other = b.CreateSub(b.index(1), stage);
                  TensorCore(b).waitForCopies(0);
                  Threads(b).waitForBlock();
                  Value *next = b.add(first, columns);
                  Value *isNextSeen =
                      b.CreateAnd(b.CreateICmpSLT(next, work.code.queries),
                                  work.blocks.isSeen(next, firstKey));
                  fillStage(work, other, ofQueries(), next, isNextSeen);
                  Values after =
                      b.emitWhenever(isSeen, sums, [&](ValueRange now) {
                        return walkQueryTile(work, walkedPair(work, stage),
                                             firstKey, first, now);
                      });
                  after.append({other, isNextSeen});
                  return after;
                });
  end.resize(start.size());
  return end;
}

void AttendGradMmaEmitter::emitKeys(const Work &work, Value *number) {
  LoopBuilder &b = *builder;
  AttentionCode &code = work.code;
  FragmentTeam &team = work.team;
  Value *group;
  Value *first = work.blocks.enterKeys(number, group);
  fill(work, keptPair(work), ofKeys(), first);
  Values start = team.zeroSums(kept.main);
  size_t count = start.size();
  append_range(start, team.zeroSums(kept.other));
  Values sums = b.emitFor(b.index(0), b.index(code.headsOfGroup()), b.index(1),
                          start, [&](Value *member, ValueRange before) {
                            code.setGroup(group, member);
                            return walkQueries(work, first, before);
                          });
  code.setGroup(group, b.index(0));
  TensorCore(b).waitForCopies(0);
  auto store = [&](const NarrowTile &tile, unsigned result, ValueRange from) {
    Storage out = code.result(result);
    Threads(b).waitForBlock();
    team.forEachSum(work.memory, tile, from,
                    [&](Value *row, Value *c, Value *value) {
                      Value *at = b.add(first, row);
                      b.emitIf(b.CreateICmpSLT(at, code.keys),
                               [&] { code.writeKey(out, at, c, value); });
                    });
  };
  store(kept.main, 1, ValueRange(sums).take_front(count));
  store(kept.other, 2, ValueRange(sums).drop_front(count));
}

mlir::LogicalResult AttendGradMmaEmitter::emitThread(Frame &frame, Value *) {
  LoopBuilder &b = frame.b;
  builder = &b;
  mlir::FailureOr<graph::ScoreGradient> made = graph::makeScoreGradient(grad);
  if (failed(made))
    return mlir::failure();
  gradient.emplace(std::move(*made));
  Threads threads(b);
  AttentionCode code(frame, op);
  FragmentTeam team(b, code, shape);
  AttentionBlocks blocks(b, code, shape);
  int64_t bytes = std::max({kept.bytes() + 2 * walked.bytes(),
                            FragmentTeam::bandBytes(shape, op.depth()),
                            FragmentTeam::bandBytes(shape, op.width())});
  Work work{code, team, blocks, threads.sharedMemory(bytes, "stages")};
  Value *number = threads.block(), *count = blocks.countKeys();
  b.emitIf(
      b.CreateICmpSLT(number, count), [&] { emitKeys(work, number); },
      [&] { emitQueries(work, b.CreateSub(number, count)); });
  if (code.failedOp())
    return code.failedOp()->emitOpError("has no form on the gpu backend");
  return mlir::success();
}

} // namespace lamina::gpu
