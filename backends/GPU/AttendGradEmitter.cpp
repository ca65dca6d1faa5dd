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

Value *AttendGradEmitter::keyBlocks(AttentionCode &code) {
  LoopBuilder &b = *builder;
  return b.multiply(code.groupCount(),
                    b.ceilDivide(code.keys, b.index(shape.rows)));
}

Value *AttendGradEmitter::queryBlocks(AttentionCode &code) {
  LoopBuilder &b = *builder;
  return b.multiply(code.headCount(),
                    b.ceilDivide(code.queries, b.index(shape.rows)));
}

Value *AttendGradEmitter::emitBlocks(Frame &frame) {
  builder = &frame.b;
  AttentionCode code(frame, op);
  return frame.b.add(keyBlocks(code), queryBlocks(code));
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

/// A number of a row; behind the last one that of the last.
Value *AttendGradEmitter::readRow(AttentionCode &code, mlir::Value tensor,
                                  Value *row) {
  LoopBuilder &b = *builder;
  Value *last = b.CreateSub(code.queries, b.index(1));
  return code.readRow(tensor, b.minimum(row, last));
}

AttendGradEmitter::Scores AttendGradEmitter::pullBack(
    AttentionCode &code, Value *isFull, ValueRange products, ValueRange pulled,
    ArrayRef<Element> places, ValueRange statistics, ValueRange means) {
  LoopBuilder &b = *builder;
  Values shown(products.size(), b.getTrue());
  shown = b.emitWhenever(b.CreateNot(isFull), shown, [&](ValueRange) {
    Values asked;
    for (Element at : places)
      asked.push_back(code.isShown(at));
    return asked;
  });
  Scores scores;
  for (size_t n = 0; n < products.size(); ++n) {
    AttentionCode::Pulled one =
        code.pullBack(gradient->block(), products[n], pulled[n], statistics[n],
                      means[n], shown[n], places[n]);
    scores.weights.push_back(one.weight);
    scores.products.push_back(one.product);
  }
  return scores;
}

//===----------------------------------------------------------------------===//
// Blocks of queries
//===----------------------------------------------------------------------===//

void AttendGradEmitter::emitQueries(AttentionCode &code, TileTeam &team,
                                    const Tiles &tiles, Value *number) {
  LoopBuilder &b = *builder;
  Value *blocks = b.ceilDivide(code.queries, b.index(shape.rows));
  Value *first = b.multiply(b.remainder(number, blocks), b.index(shape.rows));
  code.setHead(b.divide(number, blocks));
  fillQueries(code, team, tiles.kept, tiles.keptOther, first);
  Value *last = b.CreateSub(
      b.minimum(b.add(first, b.index(shape.rows)), code.queries), b.index(1));
  Values statistics, means;
  for (int64_t i = 0; i < TileTeam::rowsOfThread; ++i)
    for (int64_t j = 0; j < team.columns(); ++j) {
      Value *row = b.add(first, team.row(i));
      statistics.push_back(readRow(code, grad.getStats(), row));
      means.push_back(readRow(code, grad.getO(), row));
    }
  auto [low, high] = code.visibleKeys(first, last);
  Value *columns = b.index(shape.columns);
  low = b.multiply(b.divide(low, columns), columns);
  Values sums = b.emitFor(
      low, high, columns, team.zeroSums(tiles.walked),
      [&](Value *at, ValueRange before) {
        fillKeys(code, team, tiles.walked, tiles.walkedOther, at);
        team.wait();
        Values products = team.multiply(tiles.kept, tiles.walked);
        Values pulled = team.multiply(tiles.keptOther, tiles.walkedOther);
        SmallVector<Element> places;
        for (int64_t i = 0; i < TileTeam::rowsOfThread; ++i)
          for (int64_t j = 0; j < team.columns(); ++j)
            places.push_back(
                {b.add(first, team.row(i)), b.add(at, team.column(j))});
        Value *isFull = code.seesAll(first, last, at, b.add(at, columns));
        Scores scores =
            pullBack(code, isFull, products, pulled, places, statistics, means);
        team.put(tiles.products, scores.products);
        team.waitForRow();
        Values next = team.accumulate(tiles.products, tiles.walked, before);
        team.wait();
        return next;
      });
  Storage out = code.result(0);
  team.forEachSum(tiles.walked, sums, [&](int64_t i, Value *c, Value *value) {
    Value *at = b.add(first, team.row(i));
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
  Values statistics, means;
  for (int64_t i = 0; i < TileTeam::rowsOfThread; ++i)
    for (int64_t j = 0; j < team.columns(); ++j) {
      Value *query = b.add(firstQuery, team.column(j));
      places.push_back({query, b.add(firstKey, team.row(i))});
      size_t above = statistics.size() - size_t(team.columns());
      statistics.push_back(i ? statistics[above]
                             : readRow(code, grad.getStats(), query));
      means.push_back(i ? means[above] : readRow(code, grad.getO(), query));
    }
  Scores scores =
      pullBack(code, isFull, products, pulled, places, statistics, means);
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
  Value *columns = b.index(shape.columns);
  Value *endKey = b.add(firstKey, b.index(shape.rows));
  return b.emitFor(
      b.index(0), code.queries, columns, start,
      [&](Value *first, ValueRange before) {
        Value *end = b.add(first, columns);
        Value *last = b.CreateSub(b.minimum(end, code.queries), b.index(1));
        auto [low, high] = code.visibleKeys(first, last);
        Value *isSeen = b.CreateAnd(b.CreateICmpSLT(low, endKey),
                                    b.CreateICmpSGT(high, firstKey));
        Value *isFull = b.CreateAnd(code.seesAll(first, last, firstKey, endKey),
                                    b.CreateICmpSLE(end, code.queries));
        return b.emitWhenever(isSeen, before, [&](ValueRange now) {
          return walkQueryTile(code, team, tiles, firstKey, first, isFull, now);
        });
      });
}

void AttendGradEmitter::emitKeys(AttentionCode &code, TileTeam &team,
                                 const Tiles &tiles, Value *number) {
  LoopBuilder &b = *builder;
  Value *blocks = b.ceilDivide(code.keys, b.index(shape.rows));
  Value *first = b.multiply(b.remainder(number, blocks), b.index(shape.rows));
  Value *group = b.divide(number, blocks);
  code.setGroup(group, b.index(0));
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
  Value *count = keyBlocks(code);
  b.emitIf(
      b.CreateICmpSLT(number, count),
      [&] { emitKeys(code, team, tiles, number); },
      [&] { emitQueries(code, team, tiles, b.CreateSub(number, count)); });
  if (code.failedOp())
    return code.failedOp()->emitOpError("has no form on the gpu backend");
  return mlir::success();
}

} // namespace lamina::gpu
