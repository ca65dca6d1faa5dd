// SPDX-License-Identifier: Apache-2.0
//
// Bodies of kernels.
//
// `linalg` by maps and region, and the ops of `tensor` that stand beside it.

#include "backends/Reference/Contract.h"
#include "backends/Reference/Interpreter.h"
#include "backends/Reference/ScalarProgram.h"

#include "llvm/Support/MathExtras.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/Dialect/Utils/StaticValueUtils.h"
#include "mlir/IR/AffineExpr.h"
#include "mlir/IR/TypeUtilities.h"

using namespace mlir;

namespace lamina::reference {

namespace {

int64_t evaluateIndex(AffineExpr expr, ArrayRef<int64_t> loops) {
  if (auto dim = dyn_cast<AffineDimExpr>(expr))
    return loops[dim.getPosition()];
  if (auto constant = dyn_cast<AffineConstantExpr>(expr))
    return constant.getValue();
  auto binary = cast<AffineBinaryOpExpr>(expr);
  int64_t l = evaluateIndex(binary.getLHS(), loops),
          r = evaluateIndex(binary.getRHS(), loops);
  switch (binary.getKind()) {
  case AffineExprKind::Add:
    return l + r;
  case AffineExprKind::Mul:
    return l * r;
  case AffineExprKind::FloorDiv:
    return llvm::divideFloorSigned(l, r);
  case AffineExprKind::CeilDiv:
    return llvm::divideCeilSigned(l, r);
  case AffineExprKind::Mod:
    return llvm::mod(l, r);
  default:
    llvm_unreachable("maps of kernels have no symbols");
  }
}

int64_t positionOf(AffineMap map, ArrayRef<int64_t> loops,
                   const Tensor &tensor) {
  int64_t position = 0;
  for (auto [axis, expr] : llvm::enumerate(map.getResults()))
    position = position * tensor.getShape()[axis] + evaluateIndex(expr, loops);
  return position;
}

/// Sizes of the loops, from the operands that have them as a plain index.
FailureOr<Shape> loopSizes(linalg::LinalgOp op, ArrayRef<Tensor> operands,
                           ArrayRef<AffineMap> maps) {
  Shape sizes(op.getNumLoops(), -1);
  for (auto [operand, map] : llvm::zip(operands, maps))
    for (auto [axis, expr] : llvm::enumerate(map.getResults()))
      if (auto dim = dyn_cast<AffineDimExpr>(expr))
        sizes[dim.getPosition()] = operand.getShape()[axis];
  if (llvm::is_contained(sizes, -1))
    return op.emitError("has a loop whose size no operand tells"), failure();
  return sizes;
}

} // namespace

LogicalResult evaluateLinalg(Evaluation &e) {
  auto op = cast<linalg::LinalgOp>(e.op);
  SmallVector<AffineMap> maps = op.getIndexingMapsArray();
  FailureOr<Shape> sizes = loopSizes(op, e.operands, maps);
  if (failed(sizes))
    return failure();
  ScalarProgram program;
  if (failed(program.compile(*op.getBlock(), {}, e.interpreter.rounding,
                             e.lookup)))
    return failure();
  size_t inputs = size_t(op.getNumDpsInputs());
  SmallVector<Tensor> outs(e.operands.drop_front(inputs));
  SmallVector<Scalar *> data;
  for (Tensor &out : outs)
    data.push_back(out.mutate());
  SmallVector<Scalar> arguments(e.operands.size());
  Shape index(sizes->size(), 0);
  if (countElements(*sizes) != 0)
    do {
      for (size_t i = 0; i < e.operands.size(); ++i) {
        const Tensor &tensor = i < inputs ? e.operands[i] : outs[i - inputs];
        arguments[i] = tensor[positionOf(maps[i], index, tensor)];
      }
      ArrayRef<Scalar> values = program.run(arguments, index);
      for (auto [i, value] : llvm::enumerate(values))
        data[i][positionOf(maps[inputs + i], index, outs[i])] = value;
    } while (advance(index, *sizes));
  e.results.append(outs.begin(), outs.end());
  return success();
}

//===----------------------------------------------------------------------===//
// tensor
//===----------------------------------------------------------------------===//

namespace {

/// Numbers that are attributes or values of around the op.
Shape resolve(ArrayRef<OpFoldResult> mixed, Evaluation &e) {
  Shape numbers;
  for (OpFoldResult number : mixed) {
    if (std::optional<int64_t> constant = getConstantIntValue(number))
      numbers.push_back(*constant);
    else
      numbers.push_back(e.lookup(cast<Value>(number))[0].i);
  }
  return numbers;
}

/// Calls `visit(position in whole, position in part)` for each element of a
/// part.
template <typename F>
void forEachInPart(const Tensor &whole, ArrayRef<int64_t> offsets,
                   ArrayRef<int64_t> sizes, ArrayRef<int64_t> strides,
                   F visit) {
  if (countElements(sizes) == 0)
    return;
  Shape index(sizes.size(), 0), own = stridesOf(whole.getShape());
  int64_t part = 0;
  do {
    int64_t position = 0;
    for (size_t axis = 0; axis < sizes.size(); ++axis)
      position += (offsets[axis] + index[axis] * strides[axis]) * own[axis];
    visit(position, part++);
  } while (advance(index, sizes));
}

LogicalResult evaluateExtractSlice(tensor::ExtractSliceOp op, Evaluation &e) {
  Shape offsets = resolve(op.getMixedOffsets(), e),
        sizes = resolve(op.getMixedSizes(), e);
  Shape strides = resolve(op.getMixedStrides(), e);
  Tensor part(e.elementOf(), sizes);
  Scalar *out = part.mutate();
  forEachInPart(
      e.operands[0], offsets, sizes, strides,
      [&](int64_t from, int64_t to) { out[to] = e.operands[0][from]; });
  Shape kept;
  llvm::SmallBitVector dropped = op.getDroppedDims();
  for (auto [axis, size] : llvm::enumerate(sizes))
    if (!dropped[unsigned(axis)])
      kept.push_back(size);
  e.results.push_back(part.withShape(kept));
  return success();
}

LogicalResult evaluateInsertSlice(tensor::InsertSliceOp op, Evaluation &e) {
  Shape offsets = resolve(op.getMixedOffsets(), e),
        sizes = resolve(op.getMixedSizes(), e);
  Shape strides = resolve(op.getMixedStrides(), e);
  Tensor whole = e.operands[1];
  Scalar *out = whole.mutate();
  forEachInPart(whole, offsets, sizes, strides, [&](int64_t to, int64_t from) {
    out[to] = e.operands[0][from];
  });
  e.results.push_back(whole);
  return success();
}

LogicalResult evaluatePad(tensor::PadOp op, Evaluation &e) {
  Shape low = resolve(op.getMixedLowPad(), e),
        high = resolve(op.getMixedHighPad(), e), shape;
  for (auto [axis, size] : llvm::enumerate(e.operands[0].getShape()))
    shape.push_back(low[axis] + size + high[axis]);
  ScalarProgram program;
  if (failed(program.compile(op.getRegion().front(), {}, e.interpreter.rounding,
                             e.lookup)))
    return failure();
  Tensor result(e.elementOf(), shape);
  Scalar *out = result.mutate();
  Shape index(shape.size(), 0);
  if (result.size() != 0)
    do {
      SmallVector<Scalar> arguments;
      Shape inner;
      bool inside = true;
      for (auto [axis, i] : llvm::enumerate(index)) {
        Scalar s;
        s.i = i;
        arguments.push_back(s);
        inner.push_back(i - low[axis]);
        inside &=
            inner.back() >= 0 && inner.back() < e.operands[0].getShape()[axis];
      }
      *out++ = inside ? e.operands[0].at(inner) : program.run(arguments)[0];
    } while (advance(index, shape));
  e.results.push_back(result);
  return success();
}

LogicalResult evaluateEmpty(tensor::EmptyOp op, Evaluation &e) {
  Scalar garbage;
  garbage.i = -1; // of floats, a NaN
  e.results.push_back(
      Tensor(e.elementOf(), resolve(op.getMixedSizes(), e), garbage));
  return success();
}

LogicalResult evaluateCollapse(tensor::CollapseShapeOp op, Evaluation &e) {
  Shape shape;
  for (ArrayRef<int64_t> group : op.getReassociationIndices()) {
    shape.push_back(1);
    for (int64_t axis : group)
      shape.back() *= e.operands[0].getShape()[axis];
  }
  e.results.push_back(e.operands[0].withShape(shape));
  return success();
}

} // namespace

void addTensorHandlers(Handlers &h) {
  handle<tensor::EmptyOp>(h, evaluateEmpty);
  handle<tensor::DimOp>(h, [](tensor::DimOp, Evaluation &e) {
    e.results.push_back(Tensor::integer(
        e.elementOf(), e.operands[0].getShape()[e.operands[1][0].i]));
    return success();
  });
  handle<tensor::ExtractSliceOp>(h, evaluateExtractSlice);
  handle<tensor::InsertSliceOp>(h, evaluateInsertSlice);
  handle<tensor::PadOp>(h, evaluatePad);
  handle<tensor::CollapseShapeOp>(h, evaluateCollapse);
  handle<tensor::ExpandShapeOp>(h, [](tensor::ExpandShapeOp op, Evaluation &e) {
    e.results.push_back(
        e.operands[0].withShape(resolve(op.getMixedOutputShape(), e)));
    return success();
  });
  handle<tensor::ExtractOp>(h, [](tensor::ExtractOp, Evaluation &e) {
    Shape index;
    for (const Tensor &i : e.operands.drop_front())
      index.push_back(i[0].i);
    e.results.push_back(Tensor::scalar(e.elementOf(), e.operands[0].at(index)));
    return success();
  });
}

} // namespace lamina::reference
