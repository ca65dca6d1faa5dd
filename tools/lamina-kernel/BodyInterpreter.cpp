// SPDX-License-Identifier: Apache-2.0
//
// A kernel's body, element by element.

#include "tools/lamina-kernel/BodyInterpreter.h"

#include "backends/Reference/ScalarTable.h"
#include "dialects/Graph/GraphOps.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/Dialect/Utils/StaticValueUtils.h"
#include "mlir/IR/Matchers.h"

#include <algorithm>
#include <cmath>
#include <functional>
#include <numeric>

using namespace mlir;

namespace lamina::tools {

namespace {

Type elementOf(Value value) {
  if (auto shaped = dyn_cast<ShapedType>(value.getType()))
    return shaped.getElementType();
  return value.getType();
}

/// The region of a linalg op as steps on numbered registers.
class Region {
public:
  Region(linalg::LinalgOp op, llvm::DenseMap<Value, Tensor> &values);
  bool isComplete() const { return complete; }
  /// One iteration: `inputs` are the block arguments.
  void run(llvm::ArrayRef<int64_t> iteration, std::vector<Scalar> &inputs,
           std::vector<Scalar> &yielded);

private:
  using Step = std::function<void(llvm::ArrayRef<int64_t>)>;
  size_t slot(Value value);
  void addStep(Operation &inner);

  llvm::DenseMap<Value, Tensor> &values;
  llvm::DenseMap<Value, size_t> slots;
  std::vector<Scalar> registers;
  std::vector<Step> steps;
  std::vector<size_t> results;
  bool complete = true;
};

Region::Region(linalg::LinalgOp op, llvm::DenseMap<Value, Tensor> &values)
    : values(values) {
  for (BlockArgument argument : op.getBlock()->getArguments())
    slot(argument);
  for (Operation &inner : op.getBlock()->without_terminator())
    addStep(inner);
  for (Value value : op.getBlock()->getTerminator()->getOperands())
    results.push_back(slot(value));
}

size_t Region::slot(Value value) {
  auto [found, isNew] = slots.try_emplace(value, registers.size());
  if (!isNew)
    return found->second;
  auto outside = values.find(value);
  Scalar start{};
  if (outside != values.end() && outside->second.getRank() == 0)
    start = outside->second[0];
  registers.push_back(start);
  return found->second;
}

double roundToBF16(double number) {
  APFloat value(number);
  bool isInexact;
  value.convert(APFloat::BFloat(), APFloat::rmNearestTiesToEven, &isInexact);
  return value.convertToDouble();
}

void Region::addStep(Operation &inner) {
  if (auto index = dyn_cast<linalg::IndexOp>(inner)) {
    size_t to = slot(index.getResult());
    steps.push_back([this, to, dim = index.getDim()](auto iteration) {
      registers[to].i = iteration[dim];
    });
    return;
  }
  TypedAttr constant;
  if (matchPattern(&inner, m_Constant(&constant))) {
    values[inner.getResult(0)] = Tensor::fromAttribute(constant);
    slot(inner.getResult(0));
    return;
  }
  std::vector<size_t> from;
  for (Value operand : inner.getOperands())
    if (!isa<ShapedType>(operand.getType()))
      from.push_back(slot(operand));
  size_t to = registers.size();
  for (Value result : inner.getResults())
    slot(result);
  if (auto extract = dyn_cast<tensor::ExtractOp>(inner)) {
    Tensor tensor = values[extract.getTensor()];
    steps.push_back([this, tensor, from, to](auto) {
      Shape at;
      for (size_t i : from)
        at.push_back(registers[i].i);
      registers[to] = tensor.at(at);
    });
    return;
  }
  // Sums are as in float64, but a number that is stored short is short.
  if (isa<arith::TruncFOp>(inner) && inner.getResult(0).getType().isBF16()) {
    steps.push_back(
        [=](auto) { registers[to].f = roundToBF16(registers[from[0]].f); });
    return;
  }
  auto function =
      reference::getScalarFunction(&inner, reference::Rounding::Float64);
  if (!function) {
    inner.emitError("is not known to the interpreter");
    complete = false;
    return;
  }
  steps.push_back([this, function, from, to](auto) {
    Scalar operands[4];
    for (size_t i = 0; i < from.size(); ++i)
      operands[i] = registers[from[i]];
    function(operands, &registers[to]);
  });
}

void Region::run(llvm::ArrayRef<int64_t> iteration, std::vector<Scalar> &inputs,
                 std::vector<Scalar> &yielded) {
  std::copy(inputs.begin(), inputs.end(), registers.begin());
  for (Step &step : steps)
    step(iteration);
  for (size_t i = 0; i < results.size(); ++i)
    yielded[i] = registers[results[i]];
}

int64_t evaluate(AffineExpr expression, llvm::ArrayRef<int64_t> iteration) {
  if (auto dim = dyn_cast<AffineDimExpr>(expression))
    return iteration[dim.getPosition()];
  if (auto constant = dyn_cast<AffineConstantExpr>(expression))
    return constant.getValue();
  auto binary = cast<AffineBinaryOpExpr>(expression);
  int64_t x = evaluate(binary.getLHS(), iteration);
  int64_t y = evaluate(binary.getRHS(), iteration);
  switch (expression.getKind()) {
  case AffineExprKind::Add:
    return x + y;
  case AffineExprKind::Mul:
    return x * y;
  case AffineExprKind::FloorDiv:
    return llvm::divideFloorSigned(x, y);
  case AffineExprKind::CeilDiv:
    return llvm::divideCeilSigned(x, y);
  default:
    return llvm::mod(x, y);
  }
}

int64_t position(AffineMap map, const Tensor &tensor,
                 llvm::ArrayRef<int64_t> iteration) {
  int64_t offset = 0;
  for (auto [axis, index] : llvm::enumerate(map.getResults()))
    offset = offset * tensor.getShape()[axis] + evaluate(index, iteration);
  return offset;
}

} // namespace

int64_t BodyInterpreter::index(OpFoldResult value) {
  if (std::optional<int64_t> constant = getConstantIntValue(value))
    return *constant;
  return values[cast<Value>(value)][0].i;
}

bool BodyInterpreter::executeLinalg(Operation &operation) {
  auto op = cast<linalg::LinalgOp>(operation);
  Region region(op, values);
  if (!region.isComplete())
    return false;
  std::vector<Tensor> tensors;
  std::vector<AffineMap> maps;
  Shape domain(op.getNumLoops(), 0);
  for (OpOperand &operand : op->getOpOperands()) {
    tensors.push_back(values[operand.get()]);
    maps.push_back(op.getMatchingIndexingMap(&operand));
    for (auto [axis, index] : llvm::enumerate(maps.back().getResults()))
      if (auto dim = dyn_cast<AffineDimExpr>(index))
        domain[dim.getPosition()] = tensors.back().getShape()[axis];
  }
  size_t inputs = size_t(op.getNumDpsInputs());
  std::vector<Scalar *> out;
  for (size_t i = inputs; i < tensors.size(); ++i)
    out.push_back(tensors[i].mutate());
  std::vector<Scalar> arguments(tensors.size()), yielded(out.size());
  Shape iteration(domain.size(), 0);
  if (reference::countElements(domain) > 0)
    do {
      for (size_t i = 0; i < tensors.size(); ++i)
        arguments[i] = tensors[i][position(maps[i], tensors[i], iteration)];
      region.run(iteration, arguments, yielded);
      for (size_t i = 0; i < out.size(); ++i)
        out[i][position(maps[inputs + i], tensors[inputs + i], iteration)] =
            yielded[i];
    } while (reference::advance(iteration, domain));
  for (auto [number, result] : llvm::enumerate(operation.getResults()))
    values[result] = tensors[inputs + number];
  return true;
}

bool BodyInterpreter::executeTensor(Operation &op) {
  if (auto size = dyn_cast<kernel::SizeOp>(op)) {
    values[size] = Tensor::integer(size.getType(), dims[size.getDim()]);
    return true;
  }
  if (auto dim = dyn_cast<tensor::DimOp>(op)) {
    values[dim] = Tensor::integer(
        dim.getType(),
        values[dim.getSource()].getShape()[size_t(*dim.getConstantIndex())]);
    return true;
  }
  if (auto empty = dyn_cast<tensor::EmptyOp>(op)) {
    Shape shape;
    for (OpFoldResult size : empty.getMixedSizes())
      shape.push_back(index(size));
    values[empty] = Tensor(elementOf(empty), shape, Scalar{});
    return true;
  }
  auto slice = dyn_cast<OffsetSizeAndStrideOpInterface>(op);
  auto pad = dyn_cast<tensor::PadOp>(op);
  if (!slice && !pad) {
    op.emitError("is not known to the interpreter");
    return false;
  }
  // Both kinds are a copy between a tensor and a strided part of another.
  auto insert = dyn_cast<tensor::InsertSliceOp>(op);
  bool readsPart = isa<tensor::ExtractSliceOp>(op);
  Tensor source = values[op.getOperand(0)], target;
  Shape offsets, steps, sizes;
  if (pad) {
    for (int64_t axis = 0; axis < source.getRank(); ++axis) {
      offsets.push_back(index(pad.getMixedLowPad()[size_t(axis)]));
      steps.push_back(1);
      sizes.push_back(source.getShape()[size_t(axis)]);
    }
    Shape shape = sizes;
    for (size_t axis = 0; axis < shape.size(); ++axis)
      shape[axis] += offsets[axis] + index(pad.getMixedHighPad()[axis]);
    target =
        Tensor(elementOf(pad), shape, values[pad.getConstantPaddingValue()][0]);
  } else {
    for (size_t axis = 0; axis < slice.getMixedOffsets().size(); ++axis) {
      offsets.push_back(index(slice.getMixedOffsets()[axis]));
      steps.push_back(index(slice.getMixedStrides()[axis]));
      sizes.push_back(index(slice.getMixedSizes()[axis]));
    }
    if (insert)
      target = values[insert.getDest()];
    else
      target = Tensor(elementOf(op.getResult(0)), sizes, Scalar{});
  }
  const Tensor &whole = readsPart ? source : target;
  Shape strides = reference::stridesOf(whole.getShape());
  Scalar *to = target.mutate();
  Shape at(sizes.size(), 0);
  int64_t dense = 0;
  if (reference::countElements(sizes) > 0)
    do {
      int64_t strided = 0;
      for (size_t axis = 0; axis < at.size(); ++axis)
        strided += (offsets[axis] + at[axis] * steps[axis]) * strides[axis];
      to[readsPart ? dense : strided] = source[readsPart ? strided : dense];
      ++dense;
    } while (reference::advance(at, sizes));
  if (readsPart && int64_t(sizes.size()) !=
                       cast<ShapedType>(op.getResult(0).getType()).getRank()) {
    Shape kept;
    auto dropped = cast<tensor::ExtractSliceOp>(op).getDroppedDims();
    for (size_t axis = 0; axis < sizes.size(); ++axis)
      if (!dropped[unsigned(axis)])
        kept.push_back(sizes[axis]);
    target = target.withShape(kept);
  }
  values[op.getResult(0)] = target;
  return true;
}

bool BodyInterpreter::execute(Operation &op) {
  TypedAttr constant;
  if (matchPattern(&op, m_Constant(&constant))) {
    Tensor tensor = Tensor::fromAttribute(constant);
    values[op.getResult(0)] = tensor;
    return true;
  }
  if (isa<linalg::LinalgOp>(op))
    return executeLinalg(op);
  StringRef dialect = op.getName().getDialectNamespace();
  if (dialect == "tensor" || isa<kernel::SizeOp>(op))
    return executeTensor(op);
  if (dialect == "graph")
    return executeStructured(op);
  auto function =
      reference::getScalarFunction(&op, reference::Rounding::Float64);
  if (!function) {
    op.emitError("is not known to the interpreter");
    return false;
  }
  std::vector<Scalar> operands, results(op.getNumResults());
  for (Value operand : op.getOperands())
    operands.push_back(values[operand][0]);
  function(operands.data(), results.data());
  for (auto [number, result] : llvm::enumerate(op.getResults()))
    values[result] = Tensor::scalar(result.getType(), results[number]);
  return true;
}

//===----------------------------------------------------------------------===//
// Structured ops: [batch, n, inner]
//===----------------------------------------------------------------------===//

bool BodyInterpreter::executeStructured(Operation &op) {
  StringRef name = op.getName().stripDialect();
  if (name == "scatter")
    return executeScatter(op);
  if (name == "sort")
    return executeSort(op);
  if (name == "top_k")
    return executeTopK(op);
  if (name == "cumulative")
    return executeCumulative(op);
  op.emitError("is not known to the interpreter");
  return false;
}

bool BodyInterpreter::executeScatter(Operation &operation) {
  auto op = cast<graph::ScatterOp>(operation);
  Tensor result = values[op.getX()];
  const Tensor &ids = values[op.getIds()], &updates = values[op.getUpdates()];
  Scalar *out = result.mutate();
  bool isSum = stringifyEnum(op.getKind()) == "sum";
  int64_t batch = ids.getShape()[0], count = ids.getShape()[1];
  int64_t rows = result.getShape()[1];
  int64_t inner = batch * rows ? result.size() / (batch * rows) : 0;
  for (int64_t k = 0; k < batch * count; ++k) {
    int64_t id = ids[k].i;
    if (id < 0 || id >= rows)
      continue;
    for (int64_t j = 0; j < inner; ++j) {
      Scalar &to = out[(k / count * rows + id) * inner + j];
      Scalar add = updates[k * inner + j];
      if (!isSum)
        to = add;
      else if (result.isFloat())
        to.f += add.f;
      else
        to.i += add.i;
    }
  }
  values[operation.getResult(0)] = result;
  return true;
}

namespace {
/// The axis in the middle of [batch, length, inner], one row after the other.
struct Rows {
  explicit Rows(const Tensor &x)
      : batch(x.getShape()[0]), length(x.getShape()[1]),
        inner(x.getShape()[2]) {}
  int64_t count() const { return batch * inner; }
  int64_t at(int64_t row, int64_t i) const {
    return (row / inner * length + i) * inner + row % inner;
  }
  int64_t batch, length, inner;
};
} // namespace

static std::vector<int64_t> sortedRow(const Tensor &keys, int64_t row,
                                      bool descending) {
  Rows rows(keys);
  std::vector<int64_t> order(static_cast<size_t>(rows.length));
  std::iota(order.begin(), order.end(), 0);
  auto isBefore = [&](int64_t a, int64_t b) {
    Scalar x = keys[rows.at(row, a)], y = keys[rows.at(row, b)];
    if (!keys.isFloat())
      return x.i == y.i ? a < b : (x.i < y.i) != descending;
    if (std::isnan(x.f) || std::isnan(y.f))
      return std::isnan(x.f) == std::isnan(y.f) ? a < b : std::isnan(y.f);
    return x.f == y.f ? a < b : (x.f < y.f) != descending;
  };
  std::sort(order.begin(), order.end(), isBefore);
  return order;
}

bool BodyInterpreter::executeSort(Operation &op) {
  Rows rows(values[op.getOperand(0)]);
  for (unsigned part = 0; part < op.getNumOperands(); ++part) {
    Tensor source = values[op.getOperand(part)], result = source;
    Scalar *out = result.mutate();
    for (int64_t row = 0; row < rows.count(); ++row) {
      auto order =
          sortedRow(values[op.getOperand(0)], row, op.hasAttr("descending"));
      for (int64_t i = 0; i < rows.length; ++i)
        out[rows.at(row, i)] = source[rows.at(row, order[size_t(i)])];
    }
    values[op.getResult(part)] = result;
  }
  return true;
}

bool BodyInterpreter::executeTopK(Operation &operation) {
  auto op = cast<graph::TopKOp>(operation);
  Tensor x = values[op.getX()];
  Shape shape(x.getShape());
  shape[1] = int64_t(op.getK());
  Tensor largest(x.getElementType(), shape);
  Tensor ids(elementOf(op.getIds()), shape);
  Scalar *value = largest.mutate(), *id = ids.mutate();
  Rows from(x), to(largest);
  for (int64_t row = 0; row < from.count(); ++row) {
    auto order = sortedRow(x, row, true);
    for (int64_t i = 0; i < to.length; ++i) {
      value[to.at(row, i)] = x[from.at(row, order[size_t(i)])];
      id[to.at(row, i)].i = order[size_t(i)];
    }
  }
  values[op.getValues()] = largest;
  values[op.getIds()] = ids;
  return true;
}

static double combine(StringRef kind, double x, double y) {
  if (kind == "sum")
    return x + y;
  if (kind == "prod")
    return x * y;
  if (kind == "max")
    return std::max(x, y);
  if (kind == "min")
    return std::min(x, y);
  double top = std::max(x, y);
  return std::isinf(top)
             ? top
             : top + std::log(std::exp(x - top) + std::exp(y - top));
}

static double neutralOf(StringRef kind) {
  if (kind == "sum" || kind == "prod")
    return kind == "prod";
  return kind == "min" ? INFINITY : -INFINITY;
}

bool BodyInterpreter::executeCumulative(Operation &operation) {
  auto op = cast<graph::CumulativeOp>(operation);
  Tensor result = values[op.getX()];
  Rows rows(result);
  Scalar *out = result.mutate();
  StringRef kind = stringifyEnum(op.getKind());
  for (int64_t row = 0; row < rows.count(); ++row) {
    double sum = neutralOf(kind);
    for (int64_t i = 0; i < rows.length; ++i) {
      int64_t at = rows.at(row, op.getReverse() ? rows.length - 1 - i : i);
      bool isFloat = result.isFloat();
      double x = isFloat ? out[at].f : double(out[at].i);
      double next = combine(kind, sum, x);
      double value = op.getExclusive() ? sum : next;
      if (isFloat)
        out[at].f = value;
      else
        out[at].i = int64_t(value);
      sum = next;
    }
  }
  values[operation.getResult(0)] = result;
  return true;
}

std::vector<Tensor> BodyInterpreter::run(kernel::FuncOp kernel,
                                         llvm::ArrayRef<Tensor> arguments,
                                         llvm::ArrayRef<int64_t> sizes) {
  dims = sizes;
  for (auto [argument, tensor] :
       llvm::zip(kernel.getBlock()->getArguments(), arguments))
    values[argument] = tensor;
  for (Operation &op : kernel.getBlock()->without_terminator())
    if (!execute(op))
      return {};
  std::vector<Tensor> results;
  for (Value value : kernel.getBlock()->getTerminator()->getOperands())
    results.push_back(values[value]);
  return results;
}

} // namespace lamina::tools
