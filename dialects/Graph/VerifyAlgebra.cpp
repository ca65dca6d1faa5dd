// SPDX-License-Identifier: Apache-2.0
//
// What reductions and contractions ask.
//
// Verifiers of the ops of GraphAlgebra.td.

#include "dialects/Graph/GraphOps.h"
#include "dialects/Graph/Verify.h"

using namespace mlir;
using namespace lamina;
using namespace lamina::graph;

//===----------------------------------------------------------------------===//
// Contract
//===----------------------------------------------------------------------===//

/// Whether an index is `(sum of constants times loops + constant)`, perhaps
/// under one `floordiv` by a positive constant.
static bool isWindowed(AffineExpr expr) {
  if (auto binary = dyn_cast<AffineBinaryOpExpr>(expr))
    if (expr.getKind() == AffineExprKind::FloorDiv) {
      auto divisor = dyn_cast<AffineConstantExpr>(binary.getRHS());
      if (!divisor || divisor.getValue() < 1)
        return false;
      expr = binary.getLHS();
    }
  return expr.isPureAffine() &&
         !expr.walk([](AffineExpr part) {
                return part.getKind() == AffineExprKind::FloorDiv ||
                               part.getKind() == AffineExprKind::CeilDiv ||
                               part.getKind() == AffineExprKind::Mod ||
                               part.getKind() == AffineExprKind::SymbolId
                           ? WalkResult::interrupt()
                           : WalkResult::advance();
              })
              .wasInterrupted();
}

static std::string toText(AffineExpr expr) {
  std::string text;
  llvm::raw_string_ostream(text) << expr;
  return text;
}

static LogicalResult verifyMaps(ContractOp op) {
  if (op.getMaps().size() != 3)
    return op.emitOpError("has ")
           << op.getMaps().size() << " maps; it needs those of a, b, result";
  Value tensors[] = {op.getA(), op.getB(), op.getResult()};
  for (auto [index, tensor] : llvm::enumerate(tensors)) {
    AffineMap map = op.getMap(index);
    int64_t rank = cast<RankedTensorType>(tensor.getType()).getRank();
    if (map.getNumDims() != op.getNumLoops() || map.getNumSymbols() != 0 ||
        map.getNumResults() != rank)
      return op.emitOpError("has the map ")
             << AffineMapAttr::get(map) << " for a tensor of rank " << rank
             << " and " << op.getNumLoops() << " loops";
  }
  if (!op.getMap(2).isProjectedPermutation())
    return op.emitOpError("has the result map ")
           << AffineMapAttr::get(op.getMap(2))
           << "; its indices have to be different loops";
  for (unsigned i = 0; i < 2; ++i)
    for (AffineExpr expr : op.getMap(i).getResults())
      if (!isWindowed(expr))
        return op.emitOpError("has the index '")
               << toText(expr)
               << "', which is no window (i*A + j*B + C) floordiv D";
  return success();
}

static LogicalResult verifySum(ContractOp op) {
  Type factor = op.getA().getType().getElementType(),
       sum = op.getAccumulatorType(), result = op.getType().getElementType();
  if (!isa<FloatType>(sum) ||
      sum.getIntOrFloatBitWidth() < factor.getIntOrFloatBitWidth())
    return op.emitOpError("adds products of ")
           << factor << " in " << sum << ", which has fewer bits";
  if (result == sum)
    return success();
  return verifyElement(op, op.getA().getType(), op.getType());
}

LogicalResult ContractOp::verify() {
  if (failed(verifyMaps(*this)) || failed(verifyNamedSizes(*this)) ||
      failed(verifyElement(*this, getA().getType(), getB().getType())) ||
      failed(verifySum(*this)))
    return failure();
  SmallVector<std::optional<SizeExpr>> sizes = getLoopSizes();
  Value tensors[] = {getA(), getB(), getResult()};
  for (auto [index, tensor] : llvm::enumerate(tensors)) {
    Shape shape = graph::getShape(tensor);
    for (auto [expr, size] : llvm::zip_equal(getMap(index).getResults(), shape))
      if (auto dim = dyn_cast<AffineDimExpr>(expr))
        if (*sizes[dim.getPosition()] != size)
          return emitOpError("has loop ") << toText(dim) << " of size "
                                          << sizes[dim.getPosition()]->str()
                                          << " and of size " << size.str();
  }
  for (auto [loop, size] : llvm::enumerate(sizes))
    if (!size)
      return emitOpError("has no size for loop d")
             << loop << ": no index is just this loop";
  return success();
}

//===----------------------------------------------------------------------===//
// Reductions
//===----------------------------------------------------------------------===//

static LogicalResult verifyKind(Operation *op, ReduceKind kind, Type element) {
  bool isLogical = kind == ReduceKind::Any || kind == ReduceKind::All;
  bool fits = isLogical                       ? element.isInteger(1)
              : kind == ReduceKind::LogSumExp ? isa<FloatType>(element)
                                              : !element.isInteger(1);
  if (fits)
    return success();
  return op->emitOpError("of kind '")
         << stringifyReduceKind(kind) << "' has elements of " << element;
}

static LogicalResult verifyAxis(Operation *op, int64_t axis, int64_t rank) {
  if (axis < 0 || axis >= rank)
    return op->emitOpError("has axis ")
           << axis << ", but there are " << rank << " axes";
  return success();
}

LogicalResult ReduceOp::verify() {
  RankedTensorType from = getX().getType();
  if (failed(verifyAxes(*this, getAxes(), from.getRank())) ||
      failed(verifyElement(*this, from, getType())) ||
      failed(verifyKind(*this, getKind(), from.getElementType())) ||
      failed(verifyNamedSizes(*this)))
    return failure();
  Shape expected;
  for (auto [axis, size] : llvm::enumerate(graph::getShape(from)))
    if (!llvm::is_contained(getAxes(), axis))
      expected.push_back(size);
  return verifyShape(*this, "result", getType(), expected);
}

LogicalResult ArgReduceOp::verify() {
  RankedTensorType from = getX().getType();
  if (failed(verifyAxis(*this, getAxis(), from.getRank())) ||
      failed(verifyNamedSizes(*this)))
    return failure();
  Shape expected = graph::getShape(from);
  expected.erase(expected.begin() + getAxis());
  return verifyShape(*this, "result", getType(), expected);
}

LogicalResult CumulativeOp::verify() {
  if (getKind() == ReduceKind::Any || getKind() == ReduceKind::All)
    return emitOpError("has no kind '")
           << stringifyReduceKind(getKind()) << "'";
  if (failed(verifyAxis(*this, getAxis(), getType().getRank())))
    return failure();
  return verifyKind(*this, getKind(), getType().getElementType());
}

//===----------------------------------------------------------------------===//
// Ids
//===----------------------------------------------------------------------===//

/// Checks axis, batch and the shape of `rows`, what a gather gives.
template <class Op>
static LogicalResult verifyRows(Op op, StringRef what, RankedTensorType x,
                                RankedTensorType rows) {
  RankedTensorType ids = op.getIds().getType();
  int64_t axis = op.getAxis(), batch = op.getBatch();
  if (failed(verifyAxis(op, axis, x.getRank())))
    return failure();
  if (batch < 0 || batch > axis || batch > ids.getRank())
    return op.emitOpError("has ") << batch << " batch axes, axis " << axis
                                  << " and ids of rank " << ids.getRank();
  if (failed(verifyElement(op, x, rows)))
    return failure();
  if (isInKernel(op))
    return success();
  if (failed(verifyNamedSizes(op)))
    return failure();
  Shape from = graph::getShape(x), at = graph::getShape(ids);
  if (ArrayRef(from).take_front(batch) != ArrayRef(at).take_front(batch))
    return op.emitOpError("has different batch axes in ")
           << x << " and " << ids;
  Shape expected(ArrayRef<SizeExpr>(from).take_front(axis));
  llvm::append_range(expected, ArrayRef(at).drop_front(batch));
  llvm::append_range(expected, ArrayRef(from).drop_front(axis + 1));
  return verifyShape(op, what, rows, expected);
}

LogicalResult GatherOp::verify() {
  return verifyRows(*this, "result", getX().getType(), getType());
}

LogicalResult ScatterOp::verify() {
  return verifyRows(*this, "tensor of updates", getX().getType(),
                    getUpdates().getType());
}

LogicalResult SortOp::verify() {
  if (getInputs().empty())
    return emitOpError("sorts nothing");
  if (getInputs().getTypes() != getResults().getTypes())
    return emitOpError("has results of other types than its inputs");
  if (isInKernel(*this))
    return success();
  auto keys = cast<RankedTensorType>(getInputs().front().getType());
  if (failed(verifyAxis(*this, getAxis(), keys.getRank())) ||
      failed(verifyNamedSizes(*this)))
    return failure();
  for (Type payload : llvm::drop_begin(getInputs().getTypes()))
    if (failed(verifyShape(*this, "payload", cast<RankedTensorType>(payload),
                           graph::getShape(keys))))
      return failure();
  return success();
}

LogicalResult TopKOp::verify() {
  if (isInKernel(*this))
    return success();
  RankedTensorType from = getX().getType();
  if (failed(verifyAxis(*this, getAxis(), from.getRank())) ||
      failed(verifyElement(*this, from, getValues().getType())) ||
      failed(verifyNamedSizes(*this)))
    return failure();
  Shape expected = graph::getShape(from);
  std::optional<int64_t> size = expected[getAxis()].getConstant();
  int64_t k = getK();
  if (k < 0 || (size && k > *size))
    return emitOpError("takes the ") << k << " largest of " << *size;
  expected[getAxis()] = SizeExpr(k);
  if (failed(verifyShape(*this, "tensor of values", getValues().getType(),
                         expected)))
    return failure();
  return verifyShape(*this, "tensor of ids", getIds().getType(), expected);
}

//===----------------------------------------------------------------------===//
// Linear algebra
//===----------------------------------------------------------------------===//

static LogicalResult verifySquare(Operation *op, RankedTensorType type) {
  if (isInKernel(op))
    return success();
  if (failed(verifyNamedSizes(op)))
    return failure();
  if (type.getRank() < 2)
    return op->emitOpError("needs a matrix, but has ") << type;
  Shape shape = getShape(type);
  if (shape.back() != shape[shape.size() - 2])
    return op->emitOpError("needs a square matrix, but has ")
           << shape[shape.size() - 2].str() << " rows and "
           << shape.back().str() << " columns";
  return success();
}

LogicalResult TriangularSolveOp::verify() {
  RankedTensorType a = getA().getType(), b = getB().getType();
  if (failed(verifySquare(*this, a)) || failed(verifyElement(*this, a, b)))
    return failure();
  if (isInKernel(*this))
    return success();
  if (b.getRank() != a.getRank())
    return emitOpError("has operands of rank ")
           << a.getRank() << " and " << b.getRank();
  Shape expected = graph::getShape(b), matrix = graph::getShape(a);
  for (int64_t axis = 0; axis < a.getRank() - 2; ++axis)
    expected[axis] = matrix[axis];
  bool isLeft = getSide() == Side::Left;
  expected[expected.size() - (isLeft ? 2 : 1)] = matrix.back();
  return verifyShape(*this, "b", b, expected);
}

LogicalResult CholeskyOp::verify() { return verifySquare(*this, getType()); }

LogicalResult LuOp::verify() {
  RankedTensorType x = getX().getType();
  if (failed(verifySquare(*this, x)))
    return failure();
  if (isInKernel(*this))
    return success();
  return verifyShape(*this, "permutation", getPermutation().getType(),
                     ArrayRef(graph::getShape(x)).drop_back());
}

LogicalResult QrOp::verify() {
  if (isInKernel(*this))
    return success();
  RankedTensorType x = getX().getType();
  if (failed(verifyNamedSizes(*this)))
    return failure();
  if (x.getRank() < 2)
    return emitOpError("needs a matrix, but has ") << x;
  Shape shape = graph::getShape(x);
  SizeExpr rows = shape[shape.size() - 2], columns = shape.back();
  std::optional<int64_t> spare = (rows - columns).getConstant();
  if (!spare || *spare < 0)
    return emitOpError("needs at least as many rows as columns, but has ")
           << rows.str() << " and " << columns.str();
  if (failed(verifyShape(*this, "q", getQ().getType(), shape)))
    return failure();
  shape[shape.size() - 2] = columns;
  return verifyShape(*this, "r", getR().getType(), shape);
}
