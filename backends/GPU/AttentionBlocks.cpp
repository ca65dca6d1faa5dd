// SPDX-License-Identifier: Apache-2.0
//
// What a block of attention has to do.

#include "backends/GPU/AttentionBlocks.h"

using namespace llvm;

namespace lamina::gpu {

using cpu::AttentionCode;
using cpu::Element;
using cpu::ValueRange;
using cpu::Values;

Values RunningRows::joined() const {
  Values all = relativeTo;
  append_range(all, sums);
  append_range(all, values);
  return all;
}

RunningRows RunningRows::split(ValueRange all, size_t rows) {
  return {Values(all.take_front(rows)), Values(all.slice(rows, rows)),
          Values(all.drop_front(2 * rows))};
}

//===----------------------------------------------------------------------===//
// Blocks
//===----------------------------------------------------------------------===//

Value *AttentionBlocks::countQueries() {
  return b.multiply(code.headCount(),
                    b.ceilDivide(code.queries, b.index(shape.rows)));
}

Value *AttentionBlocks::countKeys() {
  return b.multiply(code.groupCount(),
                    b.ceilDivide(code.keys, b.index(shape.rows)));
}

Value *AttentionBlocks::lastQuery(Value *first, int64_t count) {
  return b.CreateSub(b.minimum(b.add(first, b.index(count)), code.queries),
                     b.index(1));
}

// The last queries first: under a causal mask they have the most to do.
QueryBlock AttentionBlocks::enterQueries(Value *number) {
  Value *blocks = b.ceilDivide(code.queries, b.index(shape.rows));
  Value *reversed =
      b.CreateSub(b.CreateSub(blocks, b.index(1)), b.remainder(number, blocks));
  QueryBlock block;
  block.first = b.multiply(reversed, b.index(shape.rows));
  block.last = lastQuery(block.first, shape.rows);
  code.setHead(b.divide(number, blocks));
  auto [low, high] = code.visibleKeys(block.first, block.last);
  Value *columns = b.index(shape.columns);
  block.low = b.multiply(b.divide(low, columns), columns);
  block.high = high;
  return block;
}

Value *AttentionBlocks::enterKeys(Value *number, Value *&group) {
  Value *blocks = b.ceilDivide(code.keys, b.index(shape.rows));
  group = b.divide(number, blocks);
  code.setGroup(group, b.index(0));
  return b.multiply(b.remainder(number, blocks), b.index(shape.rows));
}

Value *AttentionBlocks::isSeen(Value *first, Value *firstKey) {
  auto [low, high] = code.visibleKeys(first, lastQuery(first, shape.columns));
  Value *endKey = b.add(firstKey, b.index(shape.rows));
  return b.CreateAnd(b.CreateICmpSLT(low, endKey),
                     b.CreateICmpSGT(high, firstKey));
}

Value *AttentionBlocks::isSeenWholly(Value *first, Value *firstKey) {
  Value *end = b.add(first, b.index(shape.columns));
  Value *seesAll = code.seesAll(first, lastQuery(first, shape.columns),
                                firstKey, b.add(firstKey, b.index(shape.rows)));
  return b.CreateAnd(seesAll, b.CreateICmpSLE(end, code.queries));
}

//===----------------------------------------------------------------------===//
// Tiles
//===----------------------------------------------------------------------===//

Values AttentionBlocks::score(ValueRange products, ArrayRef<Element> at,
                              Value *isFull) {
  Value *least = ConstantFP::getInfinity(b.getFloatTy(), /*Negative=*/true);
  Values scores;
  for (auto [product, place] : zip(products, at))
    scores.push_back(code.score(product, place));
  return b.emitWhenever(b.CreateNot(isFull), scores, [&](ValueRange all) {
    Values masked(all);
    for (auto [score, place] : zip(masked, at))
      score = b.CreateSelect(code.isShown(place), score, least);
    return masked;
  });
}

AttentionBlocks::Pulled
AttentionBlocks::pullBack(mlir::Block &gradient, ValueRange products,
                          ValueRange pulled, ArrayRef<Element> at,
                          const RowNumbers &rows, Value *isFull) {
  Values shown(products.size(), b.getTrue());
  shown = b.emitWhenever(b.CreateNot(isFull), shown, [&](ValueRange) {
    Values asked;
    for (Element place : at)
      asked.push_back(code.isShown(place));
    return asked;
  });
  Pulled all;
  for (size_t n = 0; n < products.size(); ++n) {
    AttentionCode::Pulled one =
        code.pullBack(gradient, products[n], pulled[n], rows.statistics[n],
                      rows.means[n], shown[n], at[n]);
    all.weights.push_back(one.weight);
    all.products.push_back(one.product);
  }
  return all;
}

Value *AttentionBlocks::readRow(mlir::Value tensor, Value *row) {
  Value *last = b.CreateSub(code.queries, b.index(1));
  return code.readRow(tensor, b.minimum(row, last));
}

} // namespace lamina::gpu
