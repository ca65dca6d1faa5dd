// SPDX-License-Identifier: Apache-2.0
//
// Sources and views.

#include "backends/Reference/Interpreter.h"
#include "dialects/Graph/GraphOps.h"
#include "runtime/ABI/Philox.h"

#include "llvm/ADT/STLExtras.h"
#include "mlir/Dialect/Arith/IR/Arith.h"

using namespace mlir;
using namespace lamina::graph;

namespace lamina::reference {

/// Result element at index n is x[offset + sum of n * strides].
static Tensor strided(const Tensor &x, ArrayRef<int64_t> shape, int64_t offset,
                      ArrayRef<int64_t> strides) {
  Tensor result(x.getElementType(), shape);
  if (result.size() == 0)
    return result;
  Scalar *out = result.mutate();
  Shape index(shape.size(), 0);
  do {
    int64_t position = offset;
    for (auto [i, stride] : llvm::zip(index, strides))
      position += i * stride;
    *out++ = x[position];
  } while (advance(index, shape));
  return result;
}

static Scalar number(Type elementType, int64_t value) {
  Scalar s;
  if (isa<FloatType>(elementType))
    s.f = double(value);
  else
    s.i = value;
  return s;
}

//===----------------------------------------------------------------------===//
// Sources
//===----------------------------------------------------------------------===//

static LogicalResult evaluateIota(IotaOp op, Evaluation &e) {
  Tensor result(e.elementOf(), e.shapeOf());
  AxisView axis(result.getShape(), int64_t(op.getAxis()));
  Scalar *out = result.mutate();
  for (int64_t o = 0; o < axis.outer; ++o)
    for (int64_t i = 0; i < axis.size; ++i)
      for (int64_t n = 0; n < axis.inner; ++n)
        out[axis.at(o, i, n)] =
            e.round(e.elementOf(), number(e.elementOf(), i));
  e.results.push_back(result);
  return success();
}

static LogicalResult evaluateSize(SizeOp op, Evaluation &e) {
  FailureOr<int64_t> value = e.interpreter.valueOf(op.getLoc(), op.getSize());
  if (failed(value))
    return failure();
  e.results.push_back(Tensor::scalar(
      e.elementOf(), e.round(e.elementOf(), number(e.elementOf(), *value))));
  return success();
}

static philox::Key keyAt(const Tensor &keys, int64_t row) {
  return {uint64_t(keys[2 * row].i), uint64_t(keys[2 * row + 1].i)};
}

static LogicalResult evaluateKey(KeyOp, Evaluation &e) {
  Tensor result(e.elementOf(), e.shapeOf());
  Scalar *out = result.mutate();
  const Tensor &keys = e.operands[0], &numbers = e.operands[1];
  for (int64_t row = 0; row < result.size() / 2; ++row) {
    philox::Key key = philox::derive(keyAt(keys, row),
                                     numbers[numbers.size() == 1 ? 0 : row].i);
    out[2 * row].i = int64_t(key.a);
    out[2 * row + 1].i = int64_t(key.b);
  }
  e.results.push_back(result);
  return success();
}

static Scalar drawOne(Distribution distribution, philox::Key key,
                      uint64_t position) {
  Scalar s;
  switch (distribution) {
  case Distribution::Bits:
    s.i = int32_t(philox::bits(key, position));
    break;
  case Distribution::Uniform:
    s.f = philox::uniform(key, position);
    break;
  case Distribution::Normal:
    s.f = philox::normal(key, position);
    break;
  }
  return s;
}

static LogicalResult evaluateRandom(RandomOp op, Evaluation &e) {
  Tensor result(e.elementOf(), e.shapeOf());
  int64_t leading = e.operands[0].getRank() - 1;
  ArrayRef<int64_t> shape = result.getShape().drop_front(leading);
  // What an axis counts for positions: its size, unless `count` says otherwise.
  Shape counts(shape.begin(), shape.end());
  if (auto count = op.getCount()) {
    for (auto [i, c] : llvm::enumerate(*count))
      if (c)
        counts[i] = c;
  }
  Shape strides = stridesOf(counts);
  int64_t offset = op.getOffset() ? e.operands[1][0].i : 0;
  int64_t each = countElements(shape);
  Scalar *out = result.mutate();
  for (int64_t row = 0, rows = e.operands[0].size() / 2; row < rows && each;
       ++row) {
    philox::Key key = keyAt(e.operands[0], row);
    Shape index(shape.size(), 0);
    do {
      uint64_t position = uint64_t(offset);
      for (auto [i, stride] : llvm::zip(index, strides))
        position += uint64_t(i) * uint64_t(stride);
      *out++ =
          e.round(e.elementOf(), drawOne(op.getDistribution(), key, position));
    } while (advance(index, shape));
  }
  e.results.push_back(result);
  return success();
}

//===----------------------------------------------------------------------===//
// Views by strides
//===----------------------------------------------------------------------===//

static LogicalResult evaluateBroadcast(BroadcastOp op, Evaluation &e) {
  Shape shape = e.shapeOf(), strides(shape.size(), 0),
        own = stridesOf(e.operands[0].getShape());
  for (auto [i, axis] : llvm::enumerate(op.getAxes()))
    strides[axis] = own[i];
  e.results.push_back(strided(e.operands[0], shape, 0, strides));
  return success();
}

static LogicalResult evaluateTranspose(TransposeOp op, Evaluation &e) {
  Shape own = stridesOf(e.operands[0].getShape()), strides;
  for (int64_t axis : op.getOrder())
    strides.push_back(own[axis]);
  e.results.push_back(strided(e.operands[0], e.shapeOf(), 0, strides));
  return success();
}

static LogicalResult evaluateReverse(ReverseOp op, Evaluation &e) {
  Shape shape = e.shapeOf(), strides = stridesOf(shape);
  int64_t offset = 0;
  for (int64_t axis : op.getAxes()) {
    offset += (shape[axis] - 1) * strides[axis];
    strides[axis] = -strides[axis];
  }
  e.results.push_back(strided(e.operands[0], shape, offset, strides));
  return success();
}

static LogicalResult evaluateSlice(SliceOp op, Evaluation &e) {
  Shape strides = stridesOf(e.operands[0].getShape());
  int64_t offset = 0;
  for (auto [i, stride] : llvm::enumerate(strides)) {
    offset += op.getStart()[i] * stride;
    stride *= op.getStep()[i];
  }
  e.results.push_back(strided(e.operands[0], e.shapeOf(), offset, strides));
  return success();
}

//===----------------------------------------------------------------------===//
// Views by index
//===----------------------------------------------------------------------===//

/// Copies `part` to `whole` at `start + index * step`.
static void place(Tensor &whole, const Tensor &part, ArrayRef<int64_t> start,
                  ArrayRef<int64_t> step) {
  if (part.size() == 0)
    return;
  Shape strides = stridesOf(whole.getShape()), index(part.getRank(), 0);
  Scalar *out = whole.mutate();
  const Scalar *in = part.begin();
  do {
    int64_t position = 0;
    for (size_t axis = 0; axis < index.size(); ++axis)
      position += (start[axis] + index[axis] * step[axis]) * strides[axis];
    out[position] = *in++;
  } while (advance(index, part.getShape()));
}

static LogicalResult evaluatePad(PadOp op, Evaluation &e) {
  Tensor result(e.elementOf(), e.shapeOf(), e.operands[1][0]);
  Shape step;
  for (int64_t interior : op.getInterior())
    step.push_back(interior + 1);
  place(result, e.operands[0], op.getLow(), step);
  e.results.push_back(result);
  return success();
}

static LogicalResult evaluateConcat(ConcatOp op, Evaluation &e) {
  Tensor result(e.elementOf(), e.shapeOf());
  Shape start(result.getRank(), 0), step(result.getRank(), 1);
  for (const Tensor &part : e.operands) {
    place(result, part, start, step);
    start[op.getAxis()] += part.getShape()[op.getAxis()];
  }
  e.results.push_back(result);
  return success();
}

/// Where each start lies, for all axes of x.
static Shape startsOf(const Evaluation &e, ArrayRef<int64_t> axes,
                      unsigned firstStart) {
  Shape start(e.operands[0].getRank(), 0);
  for (auto [i, axis] : llvm::enumerate(axes))
    start[axis] = e.operands[firstStart + i][0].i;
  return start;
}

static LogicalResult checkInside(Operation *op, ArrayRef<int64_t> start,
                                 ArrayRef<int64_t> part,
                                 ArrayRef<int64_t> whole) {
  for (size_t axis = 0; axis < whole.size(); ++axis)
    if (start[axis] < 0 || start[axis] + part[axis] > whole[axis])
      return op->emitError("reads ")
             << part[axis] << " elements from " << start[axis]
             << " on along axis " << axis << ", which has " << whole[axis];
  return success();
}

static LogicalResult evaluateDynamicSlice(DynamicSliceOp op, Evaluation &e) {
  const Tensor &x = e.operands[0];
  Shape start = startsOf(e, op.getAxes(), 1), shape = e.shapeOf(),
        strides = stridesOf(x.getShape());
  if (failed(checkInside(op, start, shape, x.getShape())))
    return failure();
  int64_t offset = 0;
  for (auto [s, stride] : llvm::zip(start, strides))
    offset += s * stride;
  e.results.push_back(strided(x, shape, offset, strides));
  return success();
}

static LogicalResult evaluateDynamicUpdate(DynamicUpdateOp op, Evaluation &e) {
  Tensor result = e.operands[0];
  Shape start = startsOf(e, op.getAxes(), 2);
  if (failed(
          checkInside(op, start, e.operands[1].getShape(), result.getShape())))
    return failure();
  place(result, e.operands[1], start, Shape(result.getRank(), 1));
  e.results.push_back(result);
  return success();
}

//===----------------------------------------------------------------------===//
// Windows
//===----------------------------------------------------------------------===//

/// Calls `visit(position in the windowed tensor, position in x or -1)`.
template <typename Op, typename F>
static void forEachWindowed(Op op, ArrayRef<int64_t> windowed,
                            ArrayRef<int64_t> plain, F visit) {
  if (countElements(windowed) == 0)
    return;
  Shape index(windowed.size(), 0), strides = stridesOf(plain);
  int64_t at = 0;
  do {
    int64_t position = 0;
    bool inside = true;
    size_t pair = 0, from = 0;
    for (size_t axis = 0; axis < plain.size(); ++axis) {
      int64_t i = index[from++];
      if (pair < op.getAxes().size() && op.getAxes()[pair] == int64_t(axis)) {
        i = op.getStride()[pair] * i + op.getDilation()[pair] * index[from++] -
            op.getLow()[pair];
        ++pair;
      }
      inside &= i >= 0 && i < plain[axis];
      position += i * strides[axis];
    }
    visit(at++, inside ? position : -1);
  } while (advance(index, windowed));
}

static LogicalResult evaluateWindow(WindowOp op, Evaluation &e) {
  Tensor outside = op.getOutside() ? Tensor::fromAttribute(*op.getOutside())
                                   : Tensor(e.elementOf(), {});
  Tensor result(e.elementOf(), e.shapeOf());
  Scalar *out = result.mutate();
  const Tensor &x = e.operands[0];
  forEachWindowed(op, result.getShape(), x.getShape(),
                  [&](int64_t to, int64_t from) {
                    out[to] = from < 0 ? outside[0] : x[from];
                  });
  e.results.push_back(result);
  return success();
}

static LogicalResult evaluateUnwindow(UnwindowOp op, Evaluation &e) {
  Tensor result(e.elementOf(), e.shapeOf());
  Scalar *out = result.mutate();
  const Tensor &x = e.operands[0];
  forEachWindowed(op, x.getShape(), result.getShape(),
                  [&](int64_t from, int64_t to) {
                    if (to >= 0)
                      out[to].f += x[from].f;
                  });
  for (int64_t i = 0; i < result.size(); ++i)
    out[i] = e.round(e.elementOf(), out[i]);
  e.results.push_back(result);
  return success();
}

void addViewHandlers(Handlers &h) {
  handle<arith::ConstantOp>(h, [](arith::ConstantOp op, Evaluation &e) {
    e.results.push_back(Tensor::fromAttribute(op.getValue()));
    return success();
  });
  handle<IotaOp>(h, evaluateIota);
  handle<SizeOp>(h, evaluateSize);
  handle<KeyOp>(h, evaluateKey);
  handle<RandomOp>(h, evaluateRandom);
  handle<BroadcastOp>(h, evaluateBroadcast);
  handle<TransposeOp>(h, evaluateTranspose);
  handle<ReverseOp>(h, evaluateReverse);
  handle<ReshapeOp>(h, [](ReshapeOp, Evaluation &e) {
    e.results.push_back(e.operands[0].withShape(e.shapeOf()));
    return success();
  });
  handle<SliceOp>(h, evaluateSlice);
  handle<PadOp>(h, evaluatePad);
  handle<ConcatOp>(h, evaluateConcat);
  handle<WindowOp>(h, evaluateWindow);
  handle<UnwindowOp>(h, evaluateUnwindow);
  handle<DynamicSliceOp>(h, evaluateDynamicSlice);
  handle<DynamicUpdateOp>(h, evaluateDynamicUpdate);
}

} // namespace lamina::reference
