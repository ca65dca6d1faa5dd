// SPDX-License-Identifier: Apache-2.0
//
// The adjoint of attention.

#include "backends/GPU/AttendGradEmitter.h"

#include "backends/GPU/AttendEmitter.h"

using namespace llvm;

namespace lamina::gpu {

static int64_t sharedBytes(const AttentionOp &op, TileShape shape) {
  int64_t sides = shape.rows + shape.columns;
  return Tile::bytes(sides, op.depth()) + Tile::bytes(sides, op.width()) +
         2 * Tile::bytes(shape.rows, shape.columns);
}

AttendGradEmitter::AttendGradEmitter(AttentionOp description,
                                     graph::AttendGradOp grad)
    : op(std::move(description)), grad(grad) {
  for (TileShape candidate : {TileShape{32, 32}, {32, 16}, {16, 16}}) {
    shape = candidate;
    if (sharedBytes(op, shape) <= mostSharedBytes)
      break;
  }
}

Value *AttendGradEmitter::emitBlocks(Frame &frame) {
  AttentionCode code(frame, op);
  AttentionBlocks blocks(frame.b, code, shape);
  return frame.b.add(blocks.countKeys(), blocks.countQueries());
}

//===----------------------------------------------------------------------===//
// Tiles
//===----------------------------------------------------------------------===//

void AttendGradEmitter::fillQueries(const Work &work, const Tile &q,
                                    const Tile &adjoint, Value *first) {
  AttentionCode &code = work.code;
  work.team.fill(q, first, code.queries, [&](Value *i, Value *c) {
    return code.readQuery(op.q, i, c);
  });
  work.team.fill(adjoint, first, code.queries, [&](Value *i, Value *c) {
    return code.readQuery(grad.getAdjoint(), i, c);
  });
}

void AttendGradEmitter::fillKeys(const Work &work, const Tile &k, const Tile &v,
                                 Value *first) {
  AttentionCode &code = work.code;
  work.team.fill(k, first, code.keys,
                 [&](Value *j, Value *c) { return code.readKey(op.k, j, c); });
  work.team.fill(v, first, code.keys,
                 [&](Value *j, Value *c) { return code.readKey(op.v, j, c); });
}

//===----------------------------------------------------------------------===//
// Blocks of queries
//===----------------------------------------------------------------------===//

/// The numbers of the thread's queries, for each of its elements of a tile.
AttentionBlocks::RowNumbers AttendGradEmitter::readRows(const Work &work,
                                                        Value *first) {
  AttentionBlocks::RowNumbers numbers;
  for (int64_t i = 0; i < TileTeam::rowsOfThread; ++i)
    for (int64_t j = 0; j < work.team.columns(); ++j) {
      Value *row = builder->add(first, work.team.row(i));
      numbers.statistics.push_back(work.blocks.readRow(grad.getStats(), row));
      numbers.means.push_back(work.blocks.readRow(grad.getO(), row));
    }
  return numbers;
}

Values AttendGradEmitter::walkKeyTile(const Work &work, const QueryBlock &block,
                                      const AttentionBlocks::RowNumbers &rows,
                                      Value *firstKey, ValueRange before) {
  LoopBuilder &b = *builder;
  const Tiles &tiles = work.tiles;
  TileTeam &team = work.team;
  fillKeys(work, tiles.walked, tiles.walkedOther, firstKey);
  team.wait();
  Values products = team.multiply(tiles.kept, tiles.walked);
  Values pulled = team.multiply(tiles.keptOther, tiles.walkedOther);
  SmallVector<Element> places;
  for (int64_t i = 0; i < TileTeam::rowsOfThread; ++i)
    for (int64_t j = 0; j < team.columns(); ++j)
      places.push_back(
          {b.add(block.first, team.row(i)), b.add(firstKey, team.column(j))});
  Value *isFull = work.code.seesAll(block.first, block.last, firstKey,
                                    b.add(firstKey, b.index(shape.columns)));
  AttentionBlocks::Pulled scores = work.blocks.pullBack(
      gradient->block(), products, pulled, places, rows, isFull);
  team.put(tiles.products, scores.products);
  team.waitForRow();
  Values next = team.accumulate(tiles.products, tiles.walked, before);
  team.wait();
  return next;
}

void AttendGradEmitter::emitQueries(const Work &work, Value *number) {
  LoopBuilder &b = *builder;
  AttentionCode &code = work.code;
  const Tiles &tiles = work.tiles;
  QueryBlock block = work.blocks.enterQueries(number);
  fillQueries(work, tiles.kept, tiles.keptOther, block.first);
  AttentionBlocks::RowNumbers rows = readRows(work, block.first);
  Values sums =
      b.emitFor(block.low, block.high, b.index(shape.columns),
                work.team.zeroSums(tiles.walked),
                [&](Value *firstKey, ValueRange before) {
                  return walkKeyTile(work, block, rows, firstKey, before);
                });
  Storage out = code.result(0);
  work.team.forEachSum(tiles.walked, sums,
                       [&](int64_t i, Value *c, Value *value) {
                         Value *at = b.add(block.first, work.team.row(i));
                         b.emitIf(b.CreateICmpSLT(at, code.queries),
                                  [&] { code.writeQuery(out, at, c, value); });
                       });
}

//===----------------------------------------------------------------------===//
// Blocks of keys
//===----------------------------------------------------------------------===//

Values AttendGradEmitter::walkQueryTile(const Work &work, Value *firstKey,
                                        Value *firstQuery, Value *isFull,
                                        ValueRange before) {
  LoopBuilder &b = *builder;
  const Tiles &tiles = work.tiles;
  TileTeam &team = work.team;
  fillQueries(work, tiles.walked, tiles.walkedOther, firstQuery);
  team.wait();
  Values products = team.multiply(tiles.kept, tiles.walked);
  Values pulled = team.multiply(tiles.keptOther, tiles.walkedOther);
  SmallVector<Element> places;
  AttentionBlocks::RowNumbers numbers;
  Values &statistics = numbers.statistics, &means = numbers.means;
  for (int64_t i = 0; i < TileTeam::rowsOfThread; ++i)
    for (int64_t j = 0; j < team.columns(); ++j) {
      Value *query = b.add(firstQuery, team.column(j));
      places.push_back({query, b.add(firstKey, team.row(i))});
      size_t above = statistics.size() - size_t(team.columns());
      statistics.push_back(i ? statistics[above]
                             : work.blocks.readRow(grad.getStats(), query));
      means.push_back(i ? means[above]
                        : work.blocks.readRow(grad.getO(), query));
    }
  AttentionBlocks::Pulled scores = work.blocks.pullBack(
      gradient->block(), products, pulled, places, numbers, isFull);
  team.put(tiles.weights, scores.weights);
  team.put(tiles.products, scores.products);
  team.waitForRow();
  size_t count = team.zeroSums(tiles.kept).size();
  Values keySums =
      team.accumulate(tiles.products, tiles.walked, before.take_front(count));
  Values valueSums = team.accumulate(tiles.weights, tiles.walkedOther,
                                     before.drop_front(count));
  team.wait();
  append_range(keySums, valueSums);
  return keySums;
}

/// All tiles of queries of the present head that see one of the keys.
Values AttendGradEmitter::walkQueries(const Work &work, Value *firstKey,
                                      ValueRange start) {
  LoopBuilder &b = *builder;
  return b.emitFor(b.index(0), work.code.queries, b.index(shape.columns), start,
                   [&](Value *first, ValueRange before) {
                     Value *isSeen = work.blocks.isSeen(first, firstKey);
                     Value *isFull = work.blocks.isSeenWholly(first, firstKey);
                     return b.emitWhenever(isSeen, before, [&](ValueRange now) {
                       return walkQueryTile(work, firstKey, first, isFull, now);
                     });
                   });
}

void AttendGradEmitter::emitKeys(const Work &work, Value *number) {
  LoopBuilder &b = *builder;
  AttentionCode &code = work.code;
  const Tiles &tiles = work.tiles;
  TileTeam &team = work.team;
  Value *group;
  Value *first = work.blocks.enterKeys(number, group);
  fillKeys(work, tiles.kept, tiles.keptOther, first);
  Values start = team.zeroSums(tiles.kept);
  size_t count = start.size();
  append_range(start, team.zeroSums(tiles.keptOther));
  Values sums = b.emitFor(b.index(0), b.index(code.headsOfGroup()), b.index(1),
                          start, [&](Value *member, ValueRange before) {
                            code.setGroup(group, member);
                            return walkQueries(work, first, before);
                          });
  code.setGroup(group, b.index(0));
  auto store = [&](const Tile &tile, unsigned result, ValueRange from) {
    Storage out = code.result(result);
    team.forEachSum(tile, from, [&](int64_t i, Value *c, Value *value) {
      Value *at = b.add(first, team.row(i));
      b.emitIf(b.CreateICmpSLT(at, code.keys),
               [&] { code.writeKey(out, at, c, value); });
    });
  };
  store(tiles.kept, 1, ValueRange(sums).take_front(count));
  store(tiles.keptOther, 2, ValueRange(sums).drop_front(count));
}

mlir::LogicalResult AttendGradEmitter::emitThread(Frame &frame, Value *) {
  LoopBuilder &b = frame.b;
  builder = &b;
  mlir::FailureOr<graph::ScoreGradient> made = graph::makeScoreGradient(grad);
  if (failed(made))
    return mlir::failure();
  gradient.emplace(std::move(*made));
  TileTeam team(b, shape);
  AttentionCode code(frame, op);
  Tiles tiles{team.allocate(shape.rows, op.depth(), "kept"),
              team.allocate(shape.rows, op.width(), "kept_other"),
              team.allocate(shape.columns, op.depth(), "walked"),
              team.allocate(shape.columns, op.width(), "walked_other"),
              team.allocate(shape.rows, shape.columns, "weights"),
              team.allocate(shape.rows, shape.columns, "products")};
  AttentionBlocks blocks(b, code, shape);
  Work work{code, team, blocks, tiles};
  Value *number = Threads(b).block();
  Value *count = blocks.countKeys();
  b.emitIf(
      b.CreateICmpSLT(number, count), [&] { emitKeys(work, number); },
      [&] { emitQueries(work, b.CreateSub(number, count)); });
  if (code.failedOp())
    return code.failedOp()->emitOpError("has no form on the gpu backend");
  return mlir::success();
}

} // namespace lamina::gpu
