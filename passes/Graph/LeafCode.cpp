// SPDX-License-Identifier: Apache-2.0
//
// Code for one weight or for each of a stack.
//
// The scan's block belongs to no op while it is written: what it goes over and
// what it stacks is known when it ends.

#include "passes/Graph/LeafCode.h"

#include "dialects/Graph/Shape.h"
#include "dialects/Graph/StackType.h"

using namespace mlir;
using namespace lamina;

OpBuilder &LeafCode::getBuilder(OpBuilder &outer, Location loc) {
  if (!isStacked())
    return outer;
  if (!body) {
    body = std::make_unique<Region>();
    Block &block = body->emplaceBlock();
    block.addArgument(RankedTensorType::get({}, outer.getI64Type()), loc);
    inner.emplace(outer.getContext());
    inner->setInsertionPointToEnd(&block);
    location = loc;
  }
  return *inner;
}

Value LeafCode::use(const LeafValue &value) {
  if (!isStacked() || value.kind == LeafValue::Inner)
    return value.value;
  assert(body && "a value is used before the scan has begun");
  Value &arg = args[value.value];
  if (arg)
    return arg;
  Type type = value.value.getType();
  Location loc = value.value.getLoc();
  // Arguments are the round, the rows, then what is shared.
  if (value.kind == LeafValue::Stacked) {
    arg = body->front().insertArgument(1 + over.size(), graph::getRowType(type),
                                       loc);
    over.push_back(value.value);
  } else {
    arg = body->front().addArgument(type, loc);
    with.push_back(value.value);
  }
  return arg;
}

void LeafCode::close(OpBuilder &outer, ArrayRef<LeafValue *> live) {
  if (!body)
    return;
  SmallVector<Value> rows;
  SmallVector<Type> types;
  for (LeafValue *value : live)
    if (value->kind == LeafValue::Inner &&
        !llvm::is_contained(rows, value->value)) {
      rows.push_back(value->value);
      types.push_back(graph::withLeadingSizes(
          cast<RankedTensorType>(value->value.getType()), {*copies}));
    }
  graph::YieldOp::create(*inner, *location, ValueRange(), rows);
  auto scan = graph::ScanOp::create(outer, *location, *copies, false,
                                    ValueRange(), over, with, types);
  scan.getBody().takeBody(*body);
  for (LeafValue *value : live)
    if (value->kind == LeafValue::Inner) {
      size_t number = llvm::find(rows, value->value) - rows.begin();
      *value = {scan.getStacks()[number], LeafValue::Stacked};
    }
  body.reset();
  inner.reset();
  over.clear();
  with.clear();
  args.clear();
}
