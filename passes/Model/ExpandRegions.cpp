// SPDX-License-Identifier: Apache-2.0
//
// Loops and branches with trees.
//
// The regions of `graph.scan` and `graph.cond` are written into blocks that
// belong to no op yet, because what they capture (keys, numbers of copies) is
// known only when they are done.

#include "dialects/Graph/StackType.h"
#include "passes/Model/Expander.h"

using namespace mlir;
using namespace lamina;

void Expander::bindArguments(Frame &frame, Block *block, Value value,
                             TypeRange types, DrawPath way) {
  SmallVector<Value> args;
  for (Type type : types)
    args.push_back(block->addArgument(type, value.getLoc()));
  bind(frame, value, args, std::move(way));
}

static DrawPath wayOf(Frame &frame, Value value) {
  return frame.values.find(value)->second.way;
}

void Expander::bindResults(Frame &frame, ValueRange results,
                           ArrayRef<Value> values, ValueRange origins) {
  for (Value result : results) {
    DrawPath way;
    if (isa<model::TreeType>(result.getType())) {
      auto origin = llvm::find_if(origins, [&](Value value) {
        return value.getType() == result.getType();
      });
      if (origin != origins.end())
        way = wayOf(frame, *origin);
    }
    size_t count = expandType(result.getType()).size();
    bind(frame, result, values.take_front(count), std::move(way));
    values = values.drop_front(count);
  }
}

//===----------------------------------------------------------------------===//
// Scan
//===----------------------------------------------------------------------===//

/// A scan while it is written: its operands as leaves, its regions, what the
/// body yields.
struct Expander::ScanParts {
  SmallVector<Value> init, over, with, carried, stacked;
  Region body, until;
  Captures captures;
  Scope inner, asked;
  unsigned firstRow = 0;
  /// For each stacked leaf the value it is, or null for one the scan stacks.
  SmallVector<Value> stackResults;
};

LogicalResult Expander::expandScan(graph::ScanOp op, Frame &frame,
                                   Scope &scope) {
  ScanParts parts;
  parts.init = flatten(frame, op.getInit());
  parts.over = flatten(frame, op.getOver());
  parts.with = flatten(frame, op.getWith());
  parts.inner.parent = parts.asked.parent = &scope;
  OpBuilder::InsertPoint place = builder->saveInsertionPoint();
  bindScan(op, frame, parts);
  if (failed(writeScan(op, frame, parts)))
    return failure();
  builder->restoreInsertionPoint(place);
  graph::ScanOp scan = finishScan(op, frame, parts);
  bindScanResults(op, scan, frame, parts);
  return success();
}

/// Makes the blocks and says what their arguments stand for.
void Expander::bindScan(graph::ScanOp op, Frame &frame, ScanParts &parts) {
  auto round = RankedTensorType::get({}, builder->getI64Type());
  Block *body = &parts.body.emplaceBlock();
  parts.captures.blocks.push_back(body);
  bindArguments(frame, body, op.getIndex(), {round}, {});
  parts.inner.captures = &parts.captures;
  parts.inner.block = body;
  parts.inner.index = body->getArgument(0);
  for (auto [arg, value] : llvm::zip_equal(op.getCarryArgs(), op.getInit()))
    bindArguments(frame, body, arg, expandType(arg.getType()),
                  wayOf(frame, value));
  parts.firstRow = body->getNumArguments();
  for (auto [arg, value] : llvm::zip_equal(op.getOverArgs(), op.getOver())) {
    DrawPath way = wayOf(frame, value);
    if (isa<model::TreeType>(value.getType()))
      way.numbers.push_back({0, parts.inner.index, &parts.inner});
    bindArguments(frame, body, arg, expandType(arg.getType()), std::move(way));
  }
  for (auto [arg, value] : llvm::zip_equal(op.getWithArgs(), op.getWith()))
    bindArguments(frame, body, arg, expandType(arg.getType()),
                  wayOf(frame, value));
  if (!op.hasUntil())
    return;
  Block *until = &parts.until.emplaceBlock();
  parts.captures.blocks.push_back(until);
  parts.asked.captures = &parts.captures;
  parts.asked.block = until;
  bindArguments(frame, until, op.getUntilBlock()->getArgument(0), {round}, {});
  for (BlockArgument arg : llvm::drop_begin(op.getUntilBlock()->getArguments()))
    bindArguments(frame, until, arg, expandType(arg.getType()), {});
}

/// Writes the bodies and the yield of `until`.
LogicalResult Expander::writeScan(graph::ScanOp op, Frame &frame,
                                  ScanParts &parts) {
  builder->setInsertionPointToEnd(parts.inner.block);
  frame.loops.push_back(&parts.inner);
  auto yielded = expandBlock(*op.getBodyBlock(), frame, parts.inner);
  frame.loops.pop_back();
  if (failed(yielded))
    return failure();
  size_t carries = op.getInit().size();
  for (auto [index, value] : llvm::enumerate(*yielded))
    llvm::append_range(index < carries ? parts.carried : parts.stacked,
                       value.values);
  if (!op.hasUntil())
    return success();
  builder->setInsertionPointToEnd(parts.asked.block);
  auto answer = expandBlock(*op.getUntilBlock(), frame, parts.asked);
  if (failed(answer))
    return failure();
  graph::YieldOp::create(*builder, op.getUntilYield().getLoc(),
                         answer->front().values);
  return success();
}

/// Makes the op. A row that goes out as it came in is the stack that it came
/// from; with `until` or `rounds` it is not: rows that no round wrote are 0.
graph::ScanOp Expander::finishScan(graph::ScanOp op, Frame &frame,
                                   ScanParts &parts) {
  bool runsAll = !op.hasUntil() && !op.getRounds();
  SmallVector<Type> types, kept;
  SmallVector<Value> rows;
  for (Type type : op.getStacks().getTypes())
    llvm::append_range(types, expandType(type));
  for (auto [row, type] : llvm::zip_equal(parts.stacked, types)) {
    auto arg = dyn_cast<BlockArgument>(row);
    Value stack;
    if (runsAll && arg && arg.getOwner() == parts.inner.block &&
        arg.getArgNumber() >= parts.firstRow &&
        arg.getArgNumber() < parts.firstRow + parts.over.size())
      stack = parts.over[arg.getArgNumber() - parts.firstRow];
    parts.stackResults.push_back(stack);
    if (stack)
      continue;
    rows.push_back(row);
    kept.push_back(type);
  }

  SmallVector<Value> with = parts.with;
  llvm::append_range(with, parts.captures.outer);
  Value rounds;
  if (op.getRounds())
    rounds = flatten(frame, op.getRounds()).front();
  auto scan = graph::ScanOp::create(*builder, op.getLoc(), op.getTripSize(),
                                    op.getReverse(), parts.init, parts.over,
                                    with, kept, rounds, op.hasUntil());
  scan->setDiscardableAttrs(op->getDiscardableAttrDictionary());
  OpBuilder::InsertionGuard guard(*builder);
  builder->setInsertionPointToEnd(parts.inner.block);
  graph::YieldOp::create(*builder, op.getBodyYield().getLoc(), parts.carried,
                         rows);
  scan.getBody().takeBody(parts.body);
  if (op.hasUntil())
    scan.getUntil().takeBody(parts.until);
  return scan;
}

/// A carry that no round changes is what it starts from.
void Expander::bindScanResults(graph::ScanOp op, graph::ScanOp scan,
                               Frame &frame, ScanParts &parts) {
  SmallVector<Value> carries(scan.getCarries());
  for (auto [index, value] : llvm::enumerate(parts.carried))
    if (value == scan.getCarryArgs()[index])
      carries[index] = parts.init[index];
  unsigned next = 0;
  for (Value &stack : parts.stackResults)
    if (!stack)
      stack = scan.getStacks()[next++];
  bindResults(frame, op.getCarries(), carries, op.getInit());
  bindResults(frame, op.getStacks(), parts.stackResults, op.getOver());
  if (op.getRoundsRun())
    bind(frame, op.getRoundsRun(), Value(scan.getRoundsRun()));
}

//===----------------------------------------------------------------------===//
// Cond
//===----------------------------------------------------------------------===//

/// The operand that both branches hand on as this result; null if they do not.
static Value getHandedOn(ArrayRef<Block *> blocks, Value taken, Value otherwise,
                         ArrayRef<Value> with) {
  auto a = dyn_cast<BlockArgument>(taken);
  auto b = dyn_cast<BlockArgument>(otherwise);
  if (!a || !b || a.getOwner() != blocks[0] || b.getOwner() != blocks[1] ||
      a.getArgNumber() != b.getArgNumber() || a.getArgNumber() >= with.size())
    return {};
  return with[a.getArgNumber()];
}

/// Ends both branches with what the op is to give. Its results: null, or what
/// both branches hand on from outside.
static SmallVector<Value> yieldResults(OpBuilder &b, graph::CondOp op,
                                       ArrayRef<Block *> blocks,
                                       ArrayRef<SmallVector<Value>> yielded,
                                       ArrayRef<Value> with) {
  SmallVector<Value> results, kept[2];
  for (auto [taken, otherwise] : llvm::zip_equal(yielded[0], yielded[1])) {
    results.push_back(getHandedOn(blocks, taken, otherwise, with));
    if (results.back())
      continue;
    kept[0].push_back(taken);
    kept[1].push_back(otherwise);
  }
  for (unsigned i = 0; i < 2; ++i) {
    b.setInsertionPointToEnd(blocks[i]);
    Location loc = op->getRegion(i).front().getTerminator()->getLoc();
    graph::YieldOp::create(b, loc, kept[i]);
  }
  return results;
}

LogicalResult Expander::expandBranch(Region &branch, Frame &frame, Scope &inner,
                                     SmallVectorImpl<Value> &yielded) {
  builder->setInsertionPointToEnd(inner.block);
  auto values = expandBlock(branch.front(), frame, inner);
  if (failed(values))
    return failure();
  for (const Expanded &value : *values)
    llvm::append_range(yielded, value.values);
  return success();
}

LogicalResult Expander::expandCond(graph::CondOp op, Frame &frame,
                                   Scope &scope) {
  SmallVector<Value> with = flatten(frame, op.getWith());
  Value predicate = flatten(frame, op.getPredicate()).front();
  OpBuilder::InsertPoint place = builder->saveInsertionPoint();
  Region regions[2];
  Captures captures;
  SmallVector<Value> yielded[2];
  for (Region &region : regions)
    captures.blocks.push_back(&region.emplaceBlock());
  for (unsigned i = 0; i < 2; ++i) {
    Block &from = op->getRegion(i).front();
    for (auto [arg, value] : llvm::zip_equal(from.getArguments(), op.getWith()))
      bindArguments(frame, captures.blocks[i], arg, expandType(arg.getType()),
                    wayOf(frame, value));
  }
  for (unsigned i = 0; i < 2; ++i) {
    Scope inner{&scope, &captures, captures.blocks[i], {}};
    if (failed(expandBranch(op->getRegion(i), frame, inner, yielded[i])))
      return failure();
  }

  SmallVector<Value> results =
      yieldResults(*builder, op, captures.blocks, yielded, with);
  TypeRange types = captures.blocks[0]->getTerminator()->getOperandTypes();

  builder->restoreInsertionPoint(place);
  llvm::append_range(with, captures.outer);
  auto cond =
      graph::CondOp::create(*builder, op.getLoc(), types, predicate, with);
  cond->setDiscardableAttrs(op->getDiscardableAttrDictionary());
  cond.getTaken().takeBody(regions[0]);
  cond.getOtherwise().takeBody(regions[1]);
  unsigned next = 0;
  for (Value &result : results)
    if (!result)
      result = cond.getResult(next++);
  bindResults(frame, op.getResults(), results, op.getWith());
  return success();
}
