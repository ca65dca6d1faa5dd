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

void AttendGradEmitter::fillQueries(AttentionCode &code, TileTeam &team,
                                    const Tile &q, const Tile &adjoint,
                                    Value *first) {
  team.fill(q, first, code.queries,
            [&](Value *i, Value *c) { return code.readQuery(op.q, i, c); });
  team.fill(adjoint, first, code.queries, [&](Value *i, Value *c) {
    return code.readQuery(grad.getAdjoint(), i, c);
  });
}

void AttendGradEmitter::fillKeys(AttentionCode &code, TileTeam &team,
                                 const Tile &k, const Tile &v, Value *first) {
  team.fill(k, first, code.keys,
            [&](Value *j, Value *c) { return code.readKey(op.k, j, c); });
  team.fill(v, first, code.keys,
            [&](Value *j, Value *c) { return code.readKey(op.v, j, c); });
}

//===----------------------------------------------------------------------===//
// Blocks of queries
//===----------------------------------------------------------------------===//

void AttendGradEmitter::emitQueries(AttentionCode &code, TileTeam &team,
                                    const Tiles &tiles, Value *number) {
  LoopBuilder &b = *builder;
  AttentionBlocks blocks(b, code, shape);
  QueryBlock block = blocks.enterQueries(number);
  fillQueries(code, team, tiles.kept, tiles.keptOther, block.first);
  AttentionBlocks::RowNumbers numbers;
  for (int64_t i = 0; i < TileTeam::rowsOfThread; ++i)
    for (int64_t j = 0; j < team.columns(); ++j) {
      Value *row = b.add(block.first, team.row(i));
      numbers.statistics.push_back(blocks.readRow(grad.getStats(), row));
      numbers.means.push_back(blocks.readRow(grad.getO(), row));
    }
  Value *columns = b.index(shape.columns);
  Values sums = b.emitFor(
      block.low, block.high, columns, team.zeroSums(tiles.walked),
      [&](Value *at, ValueRange before) {
        fillKeys(code, team, tiles.walked, tiles.walkedOther, at);
        team.wait();
        Values products = team.multiply(tiles.kept, tiles.walked);
        Values pulled = team.multiply(tiles.keptOther, tiles.walkedOther);
        SmallVector<Element> places;
        for (int64_t i = 0; i < TileTeam::rowsOfThread; ++i)
          for (int64_t j = 0; j < team.columns(); ++j)
            places.push_back(
                {b.add(block.first, team.row(i)), b.add(at, team.column(j))});
        Value *isFull =
            code.seesAll(block.first, block.last, at, b.add(at, columns));
        AttentionBlocks::Pulled scores = blocks.pullBack(
            gradient->block(), products, pulled, places, numbers, isFull);
        team.put(tiles.products, scores.products);
        team.waitForRow();
        Values next = team.accumulate(tiles.products, tiles.walked, before);
        team.wait();
        return next;
      });
  Storage out = code.result(0);
  team.forEachSum(tiles.walked, sums, [&](int64_t i, Value *c, Value *value) {
    Value *at = b.add(block.first, team.row(i));
    b.emitIf(b.CreateICmpSLT(at, code.queries),
             [&] { code.writeQuery(out, at, c, value); });
  });
}

//===----------------------------------------------------------------------===//
// Blocks of keys
//===----------------------------------------------------------------------===//

Values AttendGradEmitter::walkQueryTile(AttentionCode &code, TileTeam &team,
                                        const Tiles &tiles, Value *firstKey,
                                        Value *firstQuery, Value *isFull,
                                        ValueRange before) {
  LoopBuilder &b = *builder;
  fillQueries(code, team, tiles.walked, tiles.walkedOther, firstQuery);
  team.wait();
  Values products = team.multiply(tiles.kept, tiles.walked);
  Values pulled = team.multiply(tiles.keptOther, tiles.walkedOther);
  SmallVector<Element> places;
  AttentionBlocks blocks(b, code, shape);
  AttentionBlocks::RowNumbers numbers;
  Values &statistics = numbers.statistics, &means = numbers.means;
  for (int64_t i = 0; i < TileTeam::rowsOfThread; ++i)
    for (int64_t j = 0; j < team.columns(); ++j) {
      Value *query = b.add(firstQuery, team.column(j));
      places.push_back({query, b.add(firstKey, team.row(i))});
      size_t above = statistics.size() - size_t(team.columns());
      statistics.push_back(i ? statistics[above]
                             : blocks.readRow(grad.getStats(), query));
      means.push_back(i ? means[above] : blocks.readRow(grad.getO(), query));
    }
  AttentionBlocks::Pulled scores = blocks.pullBack(
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
Values AttendGradEmitter::walkQueries(AttentionCode &code, TileTeam &team,
                                      const Tiles &tiles, Value *firstKey,
                                      ValueRange start) {
  LoopBuilder &b = *builder;
  AttentionBlocks blocks(b, code, shape);
  return b.emitFor(b.index(0), code.queries, b.index(shape.columns), start,
                   [&](Value *first, ValueRange before) {
                     Value *isSeen = blocks.isSeen(first, firstKey);
                     Value *isFull = blocks.isSeenWholly(first, firstKey);
                     return b.emitWhenever(isSeen, before, [&](ValueRange now) {
                       return walkQueryTile(code, team, tiles, firstKey, first,
                                            isFull, now);
                     });
                   });
}

void AttendGradEmitter::emitKeys(AttentionCode &code, TileTeam &team,
                                 const Tiles &tiles, Value *number) {
  LoopBuilder &b = *builder;
  Value *group;
  Value *first = AttentionBlocks(b, code, shape).enterKeys(number, group);
  fillKeys(code, team, tiles.kept, tiles.keptOther, first);
  Values start = team.zeroSums(tiles.kept);
  size_t count = start.size();
  append_range(start, team.zeroSums(tiles.keptOther));
  Values sums =
      b.emitFor(b.index(0), b.index(code.headsOfGroup()), b.index(1), start,
                [&](Value *member, ValueRange before) {
                  code.setGroup(group, member);
                  return walkQueries(code, team, tiles, first, before);
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
  Value *number = Threads(b).block();
  Value *count = AttentionBlocks(b, code, shape).countKeys();
  b.emitIf(
      b.CreateICmpSLT(number, count),
      [&] { emitKeys(code, team, tiles, number); },
      [&] { emitQueries(code, team, tiles, b.CreateSub(number, count)); });
  if (code.failedOp())
    return code.failedOp()->emitOpError("has no form on the gpu backend");
  return mlir::success();
}

} // namespace lamina::gpu
