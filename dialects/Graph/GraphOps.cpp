// SPDX-License-Identifier: Apache-2.0
//
// Ops of the graph dialect.
//
// Text, builders and accessors. What the ops ask of their operands is in
// Verify*.cpp, what they fold to in GraphFolds.cpp.

#include "dialects/Graph/GraphOps.h"

#include "dialects/Graph/LoopSyntax.h"
#include "dialects/Graph/Shape.h"
#include "dialects/Graph/StackType.h"

#include "mlir/IR/Builders.h"
#include "mlir/IR/DialectImplementation.h"

using namespace mlir;
using namespace lamina::graph;

//===----------------------------------------------------------------------===//
// Custom directives
//===----------------------------------------------------------------------===//

/// A bare `<b*t>`: behind `#graph.dims<b*t>` the parser would take `: type` for
/// the attribute's own. An alias, `#b`, does not have that trouble.
static ParseResult parseDims(OpAsmParser &parser, DimsAttr &dims) {
  if (failed(parser.parseOptionalLess()))
    return parser.parseAttribute(dims);
  std::optional<SizeExpr> size = SizeExpr::parse(parser);
  if (!size || parser.parseGreater())
    return failure();
  dims = DimsAttr::get(parser.getContext(), {*size});
  return success();
}

static void printDims(OpAsmPrinter &printer, Operation *, DimsAttr dims) {
  dims.print(printer);
}

/// Names inside an isolated region start anew, so they may repeat those
/// outside.
static ParseResult parseIsolatedRegion(OpAsmParser &parser, Region &region) {
  return parser.parseRegion(region, {}, /*enableNameShadowing=*/true);
}

static void printIsolatedRegion(OpAsmPrinter &printer, Operation *,
                                Region &region) {
  printer.printRegion(region);
}

static ParseResult parseElementRegions(OpAsmParser &parser, Region &mask,
                                       Region &score) {
  if (succeeded(parser.parseOptionalKeyword("mask")) &&
      parseIsolatedRegion(parser, mask))
    return failure();
  if (succeeded(parser.parseOptionalKeyword("score")) &&
      parseIsolatedRegion(parser, score))
    return failure();
  return success();
}

static void printElementRegions(OpAsmPrinter &printer, Operation *,
                                Region &mask, Region &score) {
  if (!mask.empty()) {
    printer << "mask ";
    printer.printRegion(mask);
    printer << (score.empty() ? "" : " ");
  }
  if (!score.empty()) {
    printer << "score ";
    printer.printRegion(score);
  }
}

#define GET_OP_CLASSES
#include "dialects/Graph/GraphOps.cpp.inc"

//===----------------------------------------------------------------------===//
// Views and algebra
//===----------------------------------------------------------------------===//

SmallVector<SizeExpr> PadOp::getHigh() {
  Shape from = graph::getShape(getX()), to = graph::getShape(getResult());
  SmallVector<SizeExpr> high;
  for (auto [size, padded, low, interior] :
       llvm::zip_equal(from, to, getLow(), getInterior()))
    high.push_back(padded - size - SizeExpr(low) -
                   (size - SizeExpr(1)) * SizeExpr(interior));
  return high;
}

SmallVector<std::optional<SizeExpr>> ContractOp::getLoopSizes() {
  SmallVector<std::optional<SizeExpr>> sizes(getNumLoops());
  Value tensors[] = {getA(), getB(), getResult()};
  for (auto [index, tensor] : llvm::enumerate(tensors)) {
    Shape shape = graph::getShape(tensor);
    for (auto [expr, size] : llvm::zip_equal(getMap(index).getResults(), shape))
      if (auto dim = dyn_cast<AffineDimExpr>(expr))
        sizes[dim.getPosition()] = size;
  }
  return sizes;
}

Type ContractOp::getAccumulatorType() {
  if (std::optional<Type> type = getAccumulate())
    return *type;
  Type element = getResult().getType().getElementType();
  return element.getIntOrFloatBitWidth() < 32 ? Float32Type::get(getContext())
                                              : element;
}

//===----------------------------------------------------------------------===//
// Scan
//===----------------------------------------------------------------------===//

ParseResult ScanOp::parse(OpAsmParser &parser, OperationState &result) {
  return parseLoop(parser, result);
}

void ScanOp::print(OpAsmPrinter &printer) {
  printLoop(printer, *this,
            {getTripSize(), getReverse(), getInit(), getOver(), getWith(),
             getRounds(), getStacks().getTypes(), getBody(), getUntil()});
}

static void addArguments(Block &block, TypeRange types, Location loc) {
  for (Type type : types)
    block.addArgument(type, loc);
}

void ScanOp::build(OpBuilder &builder, OperationState &state,
                   const SizeExpr &trip, bool reverse, ValueRange init,
                   ValueRange over, ValueRange with, TypeRange stackTypes,
                   Value rounds, bool hasUntil) {
  Type round = RankedTensorType::get({}, builder.getI64Type());
  auto count = [](auto range) { return static_cast<int32_t>(range.size()); };
  state.addOperands(init);
  state.addOperands(over);
  state.addOperands(with);
  if (rounds)
    state.addOperands(rounds);
  state.addTypes(init.getTypes());
  state.addTypes(stackTypes);
  if (hasUntil)
    state.addTypes(round);
  Properties &properties = state.getOrAddProperties<Properties>();
  properties.trip = DimsAttr::get(builder.getContext(), {trip});
  if (reverse)
    properties.reverse = builder.getUnitAttr();
  properties.operandSegmentSizes = {count(init), count(over), count(with),
                                    rounds ? 1 : 0};
  properties.resultSegmentSizes = {count(init), count(stackTypes),
                                   hasUntil ? 1 : 0};

  Block &body = state.addRegion()->emplaceBlock();
  Region *until = state.addRegion();
  addArguments(body, round, state.location);
  addArguments(body, init.getTypes(), state.location);
  for (Type type : over.getTypes())
    body.addArgument(getRowType(type), state.location);
  addArguments(body, with.getTypes(), state.location);
  if (!hasUntil)
    return;
  Block &asked = until->emplaceBlock();
  addArguments(asked, round, state.location);
  addArguments(asked, init.getTypes(), state.location);
  addArguments(asked, with.getTypes(), state.location);
}

YieldOp ScanOp::getBodyYield() {
  return cast<YieldOp>(getBodyBlock()->getTerminator());
}

YieldOp ScanOp::getUntilYield() {
  return cast<YieldOp>(getUntilBlock()->getTerminator());
}

MutableArrayRef<BlockArgument> ScanOp::getCarryArgs() {
  return getBody().getArguments().slice(1, getInit().size());
}

MutableArrayRef<BlockArgument> ScanOp::getOverArgs() {
  return getBody().getArguments().slice(1 + getInit().size(), getOver().size());
}

MutableArrayRef<BlockArgument> ScanOp::getWithArgs() {
  return getBody().getArguments().take_back(getWith().size());
}

//===----------------------------------------------------------------------===//
// Cond
//===----------------------------------------------------------------------===//

ParseResult CondOp::parse(OpAsmParser &parser, OperationState &result) {
  return parseBranch(parser, result);
}

void CondOp::print(OpAsmPrinter &printer) {
  printBranch(printer, *this, getPredicate(), getWith(), getTaken(),
              getOtherwise());
}

void CondOp::build(OpBuilder &builder, OperationState &state, TypeRange results,
                   Value predicate, ValueRange with) {
  state.addOperands(predicate);
  state.addOperands(with);
  state.addTypes(results);
  SmallVector<Location> locations(with.size(), state.location);
  for (int i = 0; i < 2; ++i)
    state.addRegion()->emplaceBlock().addArguments(with.getTypes(), locations);
}

YieldOp CondOp::getTakenYield() {
  return cast<YieldOp>(getTakenBlock()->getTerminator());
}

YieldOp CondOp::getOtherwiseYield() {
  return cast<YieldOp>(getOtherwiseBlock()->getTerminator());
}
