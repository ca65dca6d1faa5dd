// SPDX-License-Identifier: Apache-2.0
//
// What loops and branches ask.
//
// Verifiers of the ops of GraphControl.td. What looks into regions is a region
// verifier, so that terminators have been checked before.

#include "dialects/Graph/GraphOps.h"
#include "dialects/Graph/StackType.h"
#include "dialects/Graph/Verify.h"

using namespace mlir;
using namespace lamina::graph;

//===----------------------------------------------------------------------===//
// Shared checks of regions
//===----------------------------------------------------------------------===//

static LogicalResult verifyArguments(Operation *op, StringRef what,
                                     Block &block, ArrayRef<Type> expected) {
  if (llvm::equal(block.getArgumentTypes(), expected))
    return success();
  InFlightDiagnostic diag = op->emitOpError();
  diag << what << " has arguments of types (";
  llvm::interleaveComma(block.getArgumentTypes(), diag);
  diag << "), but they should be (";
  llvm::interleaveComma(expected, diag);
  return diag << ')';
}

static LogicalResult verifyTypes(Operation *op, StringRef what, TypeRange types,
                                 ArrayRef<Type> expected) {
  if (llvm::equal(types, expected))
    return success();
  InFlightDiagnostic diag = op->emitOpError();
  diag << what << " the types (";
  llvm::interleaveComma(types, diag);
  diag << "), but they should be (";
  llvm::interleaveComma(expected, diag);
  return diag << ')';
}

/// The yield that ends the only block of a region; null after an error.
static YieldOp getYield(Operation *op, StringRef what, Region &region) {
  auto yield = dyn_cast_or_null<YieldOp>(
      region.front().empty() ? nullptr : &region.front().back());
  if (!yield)
    op->emitOpError() << what << " does not end with 'graph.yield'";
  return yield;
}

//===----------------------------------------------------------------------===//
// Scan
//===----------------------------------------------------------------------===//

static LogicalResult verifyRowCount(ScanOp op, StringRef what, Type type) {
  std::optional<SizeExpr> rows = getRowCount(type);
  if (rows && *rows == op.getTripSize())
    return success();
  return op.emitOpError() << what << " the type " << type << " for "
                          << op.getTripSize().str() << " rounds";
}

LogicalResult ScanOp::verify() {
  if (getTrip().size() != 1)
    return emitOpError("has ") << getTrip().size() << " sizes as its trip";
  for (Type type : getOver().getTypes())
    if (failed(verifyRowCount(*this, "goes over", type)))
      return failure();
  for (Type type : getStacks().getTypes())
    if (failed(verifyRowCount(*this, "stacks", type)))
      return failure();
  if (hasUntil() && (getRounds() || getReverse()))
    return emitOpError("with 'until' cannot have '")
           << (getRounds() ? "rounds" : "reverse") << "'";
  if (hasUntil() != static_cast<bool>(getRoundsRun()))
    return emitOpError(hasUntil() ? "with 'until' has no result for its rounds"
                                  : "without 'until' has a result for its "
                                    "rounds");
  return verifyTypes(*this, "carries", getCarries().getTypes(),
                     SmallVector<Type>(getInit().getTypes()));
}

LogicalResult ScanOp::verifyRegions() {
  Type round = RankedTensorType::get({}, IntegerType::get(getContext(), 64));
  SmallVector<Type> arguments{round};
  llvm::append_range(arguments, getInit().getTypes());
  for (Type type : getOver().getTypes())
    arguments.push_back(getRowType(type));
  llvm::append_range(arguments, getWith().getTypes());
  if (failed(verifyArguments(*this, "body", *getBodyBlock(), arguments)))
    return failure();

  YieldOp yield = getYield(*this, "body", getBody());
  if (!yield)
    return failure();
  SmallVector<Type> rows;
  for (Type type : getStacks().getTypes())
    rows.push_back(getRowType(type));
  if (failed(verifyTypes(*this, "body yields carries of",
                         yield.getValues().getTypes(),
                         SmallVector<Type>(getInit().getTypes()))) ||
      failed(verifyTypes(*this, "body yields rows of",
                         yield.getStacked().getTypes(), rows)))
    return failure();
  if (!hasUntil())
    return success();

  SmallVector<Type> asked{round};
  llvm::append_range(asked, getInit().getTypes());
  llvm::append_range(asked, getWith().getTypes());
  if (failed(verifyArguments(*this, "until", *getUntilBlock(), asked)))
    return failure();
  YieldOp answer = getYield(*this, "until", getUntil());
  if (!answer)
    return failure();
  Type predicate = RankedTensorType::get({}, IntegerType::get(getContext(), 1));
  return verifyTypes(*this, "until yields", answer->getOperandTypes(),
                     {predicate});
}

//===----------------------------------------------------------------------===//
// Cond
//===----------------------------------------------------------------------===//

LogicalResult CondOp::verifyRegions() {
  SmallVector<Type> with(getWith().getTypes()), results(getResultTypes());
  for (Region *region : getRegions()) {
    StringRef what = region == &getTaken() ? "first region" : "second region";
    if (failed(verifyArguments(*this, what, region->front(), with)))
      return failure();
    YieldOp yield = getYield(*this, what, *region);
    if (!yield || failed(verifyTypes(*this, (what + " yields").str(),
                                     yield->getOperandTypes(), results)))
      return failure();
  }
  return success();
}

//===----------------------------------------------------------------------===//
// Identities and derivatives
//===----------------------------------------------------------------------===//

LogicalResult BarrierOp::verify() {
  return verifyTypes(*this, "gives", getResults().getTypes(),
                     SmallVector<Type>(getInputs().getTypes()));
}

LogicalResult CustomOp::verifyRegions() {
  SmallVector<Type> inputs(getInputs().getTypes()), results(getResultTypes());
  YieldOp value = getYield(*this, "value", getValue());
  YieldOp pullback = getYield(*this, "pullback", getPullback());
  if (!value || !pullback)
    return failure();
  SmallVector<Type> given = inputs;
  llvm::append_range(given, results);
  llvm::append_range(given, results);
  return failure(
      failed(verifyArguments(*this, "value", getValue().front(), inputs)) ||
      failed(
          verifyArguments(*this, "pullback", getPullback().front(), given)) ||
      failed(verifyTypes(*this, "value yields", value->getOperandTypes(),
                         results)) ||
      failed(verifyTypes(*this, "pullback yields", pullback->getOperandTypes(),
                         inputs)));
}

LogicalResult GradientOp::verify() {
  int64_t each = getEach().value_or(0);
  SmallVector<Type> results(getWrt().getTypes());
  if (getOf().empty() || getWrt().empty())
    return emitOpError("needs values and what they are differentiated by");
  if (!getSeed().empty() &&
      failed(verifyTypes(*this, "has seeds of", getSeed().getTypes(),
                         SmallVector<Type>(getOf().getTypes()))))
    return failure();
  if (each == 0)
    return verifyTypes(*this, "gives", getResultTypes(), results);
  auto of = cast<RankedTensorType>(getOf().front().getType());
  if (getOf().size() != 1 || each < 0 || each > of.getRank())
    return emitOpError("keeps ") << each << " axes of values of rank "
                                 << of.getRank() << "; it needs one value";
  if (failed(verifyNamedSizes(*this)))
    return failure();
  for (Type &type : results) {
    auto tensor = dyn_cast<RankedTensorType>(type);
    if (!tensor)
      return emitOpError("with 'each' needs tensors, but has ") << type;
    type = withLeadingSizes(tensor,
                            ArrayRef(graph::getShape(of)).take_front(each));
  }
  return verifyTypes(*this, "gives", getResultTypes(), results);
}

LogicalResult PushforwardOp::verify() {
  if (failed(verifyTypes(*this, "has tangents of", getTangents().getTypes(),
                         SmallVector<Type>(getWrt().getTypes()))))
    return failure();
  return verifyTypes(*this, "gives", getResultTypes(),
                     SmallVector<Type>(getOf().getTypes()));
}

//===----------------------------------------------------------------------===//
// Attention
//===----------------------------------------------------------------------===//

/// What `attend` and `attend_grad` have in common.
template <class Op>
static LogicalResult verifyAttention(Op op, RankedTensorType o,
                                     RankedTensorType stats) {
  RankedTensorType q = op.getQ().getType(), k = op.getK().getType(),
                   v = op.getV().getType();
  if (isInKernel(op))
    return success();
  if (failed(verifyNamedSizes(op)))
    return failure();
  int64_t rank = q.getRank();
  for (RankedTensorType factor : {k, v})
    if (factor.getElementType() != q.getElementType())
      return op.emitOpError("needs q, k and v of one element type, but has ")
             << q << ", " << k << ", " << v;
  if (rank < 3 || k.getRank() != rank || v.getRank() != rank)
    return op.emitOpError("needs q, k and v of one rank, at least 3, but has ")
           << q << ", " << k << ", " << v;
  Shape queries = getShape(q), keys = getShape(k), values = getShape(v);
  std::optional<int64_t> heads = queries[rank - 3].getConstant();
  std::optional<int64_t> groups = keys[rank - 3].getConstant();
  bool isMultiple = queries[rank - 3] == keys[rank - 3] ||
                    (heads && groups && *groups && *heads % *groups == 0);
  if (!isMultiple)
    return op.emitOpError("has ")
           << queries[rank - 3].str() << " heads of queries for "
           << keys[rank - 3].str() << " of keys";
  Shape expected(ArrayRef<SizeExpr>(queries).take_front(rank - 3));
  expected.push_back(keys[rank - 3]);
  expected.push_back(keys[rank - 2]);
  expected.push_back(queries[rank - 1]);
  if (failed(verifyShape(op, "k", k, expected)))
    return failure();
  expected[rank - 1] = values[rank - 1];
  if (failed(verifyShape(op, "v", v, expected)))
    return failure();
  expected = queries;
  expected[rank - 1] = values[rank - 1];
  if (failed(verifyShape(op, "o", o, expected)))
    return failure();
  return verifyShape(op, "stats", stats, ArrayRef(queries).drop_back());
}

/// Checks `mask` and `score`: an index for each axis of q but the last, j, the
/// tensors.
template <class Op>
static LogicalResult verifyElementRegions(Op op) {
  Type index = IndexType::get(op.getContext());
  Type element = op.getStats().getType().getElementType();
  SmallVector<Type> seen(op.getQ().getType().getRank(), index);
  llvm::append_range(seen, op.getWith().getTypes());
  SmallVector<Type> scored{element};
  llvm::append_range(scored, seen);
  auto check = [&](StringRef what, Region &region, ArrayRef<Type> arguments,
                   Type result) -> LogicalResult {
    if (region.empty())
      return success();
    if (failed(verifyArguments(op, what, region.front(), arguments)))
      return failure();
    YieldOp yield = getYield(op, what, region);
    return success(yield &&
                   succeeded(verifyTypes(op, (what + " yields").str(),
                                         yield->getOperandTypes(), {result})));
  };
  Type shown = IntegerType::get(op.getContext(), 1);
  return failure(failed(check("mask", op.getMask(), seen, shown)) ||
                 failed(check("score", op.getScore(), scored, element)));
}

LogicalResult AttendOp::verify() {
  return verifyAttention(*this, getResult().getType(), getStats().getType());
}

LogicalResult AttendOp::verifyRegions() { return verifyElementRegions(*this); }

LogicalResult AttendGradOp::verify() {
  // In place of o, what is left of it beside the adjoint.
  RankedTensorType o = getO().getType(), stats = getStats().getType();
  if (failed(verifyAttention(*this, o == stats ? getAdjoint().getType() : o,
                             stats)))
    return failure();
  SmallVector<Type> expected;
  for (auto [factor, adjoint] :
       llvm::zip(ArrayRef<Value>{getQ(), getK(), getV()}, getResultTypes()))
    expected.push_back(withElementType(cast<RankedTensorType>(factor.getType()),
                                       getElementTypeOrSelf(adjoint)));
  for (Type type : getWith().getTypes())
    if (isa<FloatType>(getElementTypeOrSelf(type)))
      expected.push_back(type);
  return verifyTypes(*this, "gives", getResultTypes(), expected);
}

LogicalResult AttendGradOp::verifyRegions() {
  return verifyElementRegions(*this);
}
