// SPDX-License-Identifier: Apache-2.0
//
// One linalg.generic in the making.
//
// The frame: elements, operands, outs. Indices are in ElementIndex.cpp, what
// each view means in ElementViews.cpp.

#include "passes/Kernel/ElementCode.h"

#include "llvm/ADT/SmallBitVector.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"

#include <cmath>

using namespace mlir;
using namespace lamina;
using graph::ReduceKind;
using Kind = AxisIndex::Kind;

ElementCode::ElementCode(KernelBody &body, const Stored &stored,
                         ArrayRef<unsigned> groups)
    : builder(body.builder.getContext()), loc(body.loc), body(body),
      stored(stored), groups(groups), block(new Block) {
  builder.setInsertionPointToEnd(block);
}

ElementCode::~ElementCode() { delete block; }

//===----------------------------------------------------------------------===//
// Elements
//===----------------------------------------------------------------------===//

/// Equal keys are equal indices: of digits only loops and constants count.
static std::vector<uint64_t> getCacheKey(const Index &index) {
  std::vector<uint64_t> key;
  for (const AxisIndex &axis : index) {
    key.push_back(uint64_t(axis.kind) << 32 | axis.digits.size());
    for (const Digit &digit : axis.digits) {
      key.push_back(uint64_t(digit.loop) << 1 | digit.reversed);
      key.push_back(digit.value);
    }
    key.push_back(reinterpret_cast<uint64_t>(axis.expr.getAsOpaquePointer()));
    key.push_back(reinterpret_cast<uint64_t>(axis.value.getAsOpaquePointer()));
  }
  return key;
}

Value ElementCode::get(Value value, const Index &index) {
  auto key = std::make_pair(value.getAsOpaquePointer(), getCacheKey(index));
  if (auto found = cache.find(key); found != cache.end())
    return found->second;
  Value element;
  if (body.hasFailed() || body.space().needsRefinement())
    element = placeholder(value);
  else
    element = compute(value, index);
  cache[key] = element;
  return element;
}

/// What stands in for an element when this attempt at the kernel is given up.
Value ElementCode::placeholder(Value value) {
  return arith::ConstantOp::create(
      builder, loc,
      builder.getZeroAttr(
          cast<RankedTensorType>(value.getType()).getElementType()));
}

/// A number of the host; of a key, which is two, the one that is asked for.
Value ElementCode::hostElement(Value value, const Index &index) {
  auto words = body.getScalar(value);
  if (words.size() == 1)
    return words.front();
  const AxisIndex &half = index.back();
  if (half.digits.size() == 1 && half.digits[0].loop < 0)
    return words[half.digits[0].value];
  Value isFirst = arith::CmpIOp::create(builder, loc, arith::CmpIPredicate::eq,
                                        getValue(half), indexConstant(0));
  return arith::SelectOp::create(builder, loc, isFirst, words[0], words[1]);
}

/// The element of a result, written where it is read.
Value ElementCode::computeOp(Value value, const Index &index) {
  Operation *op = value.getDefiningOp();
  if (isa<arith::ArithDialect, math::MathDialect>(op->getDialect()))
    return elementwise(op, index);
  if (auto broadcastOp = dyn_cast<graph::BroadcastOp>(op))
    return broadcast(broadcastOp, index);
  if (auto transposeOp = dyn_cast<graph::TransposeOp>(op))
    return transpose(transposeOp, index);
  if (auto reshapeOp = dyn_cast<graph::ReshapeOp>(op))
    return reshape(reshapeOp, index);
  if (auto stop = dyn_cast<graph::StopOp>(op))
    return get(stop.getX(), index);
  if (auto iotaOp = dyn_cast<graph::IotaOp>(op))
    return iota(iotaOp, index);
  if (auto sliceOp = dyn_cast<graph::SliceOp>(op))
    return slice(sliceOp, index);
  if (auto reverseOp = dyn_cast<graph::ReverseOp>(op))
    return reverse(reverseOp, index);
  if (auto windowOp = dyn_cast<graph::WindowOp>(op))
    return window(windowOp, index);
  if (auto unwindowOp = dyn_cast<graph::UnwindowOp>(op))
    return unwindow(unwindowOp, index);
  if (auto part = dyn_cast<graph::DynamicSliceOp>(op))
    return dynamicSlice(part, index);
  if (auto update = dyn_cast<graph::DynamicUpdateOp>(op))
    return dynamicUpdate(update, index);
  if (auto gatherOp = dyn_cast<graph::GatherOp>(op))
    return gather(gatherOp, index);
  if (auto keyOp = dyn_cast<graph::KeyOp>(op))
    return key(keyOp, index);
  if (auto randomOp = dyn_cast<graph::RandomOp>(op))
    return random(randomOp, index);
  body.fail(op, "'" + op->getName().getStringRef() +
                    "' has no form inside a kernel");
  return placeholder(value);
}

Value ElementCode::compute(Value value, const Index &index) {
  if (stored.contains(value))
    return load(value, index);
  Operation *op = value.getDefiningOp();
  if (auto constantOp = dyn_cast_or_null<arith::ConstantOp>(op)) {
    auto dense = cast<DenseElementsAttr>(constantOp.getValue());
    return dense.isSplat() ? constant(dense.getSplatValue<TypedAttr>(), nullptr)
                           : load(value, index);
  }
  if (body.host.contains(value))
    return hostElement(value, index);
  if (!op || (getCluster(op) && !body.cluster.contains(op)) ||
      op->getNumRegions() != 0 || isa<graph::BarrierOp, graph::ExternOp>(op))
    return load(value, index);
  loc = op->getLoc();
  return computeOp(value, index);
}

/// Numbers that code is better off knowing, as a division by a power of two is
/// a product: the others are operands, so that kernels that differ in them are
/// one.
static bool staysInCode(TypedAttr attr) {
  auto real = dyn_cast<FloatAttr>(attr);
  if (!real || real.getType().getIntOrFloatBitWidth() < 32)
    return true;
  double value = real.getValueAsDouble();
  int exponent;
  return value == 0 || !std::isfinite(value) ||
         std::abs(std::frexp(value, &exponent)) == 0.5;
}

Value ElementCode::constant(TypedAttr attr, Operation *user) {
  // A power is a chain of products where its exponent is known.
  bool isExponent = user && isa<math::PowFOp>(user);
  if (staysInCode(attr) || isExponent)
    return arith::ConstantOp::create(builder, loc, attr);
  return body.getScalar(attr);
}

Value ElementCode::elementwise(Operation *op, const Index &index) {
  SmallVector<Value> inputs;
  for (Value operand : op->getOperands()) {
    DenseElementsAttr dense;
    if (isa<math::PowFOp>(op) && operand == op->getOperand(1) &&
        matchPattern(operand, m_Constant(&dense)) && dense.isSplat())
      inputs.push_back(constant(dense.getSplatValue<TypedAttr>(), op));
    else
      inputs.push_back(get(operand, index));
  }
  loc = op->getLoc();
  OperationState state(loc, op->getName());
  state.addOperands(inputs);
  for (Type type : op->getResultTypes())
    state.addTypes(cast<RankedTensorType>(type).getElementType());
  state.addAttributes(op->getAttrs());
  state.attributes.erase("kernel.cluster");
  state.propertiesAttr = op->getPropertiesAsAttribute();
  Operation *scalar = builder.create(state);
  if (op->getNumResults() == 1)
    return scalar->getResult(0);
  auto key = getCacheKey(index);
  for (auto [tensor, element] :
       llvm::zip(op->getResults(), scalar->getResults()))
    cache[{tensor.getAsOpaquePointer(), key}] = element;
  return {};
}

//===----------------------------------------------------------------------===//
// Memory
//===----------------------------------------------------------------------===//

/// Adds the digits of an index, each group of loops as one axis.
static void addDigits(ElementAccess &access, KernelBody &body,
                      const AxisIndex &axis) {
  MLIRContext *context = body.builder.getContext();
  for (const Digit &digit : axis.digits) {
    if (digit.reversed) {
      body.space().keepApart(digit.loop);
      access.loops.push_back(-1);
      access.extents.push_back(digit.extent);
      access.runtime.push_back(false);
      access.exprs.push_back(*digit.extent.getConstant() - 1 -
                             getAffineDimExpr(digit.loop, context));
      access.whole.push_back(false);
      continue;
    }
    access.loops.push_back(digit.loop);
    if (digit.loop < 0) {
      access.extents.push_back(digit.extent);
      access.runtime.push_back(false);
      access.exprs.push_back(getAffineConstantExpr(digit.value, context));
      access.whole.push_back(false);
      continue;
    }
    if (!body.space().isGroupFirst(digit.loop))
      continue;
    unsigned group = body.space().getGroup(digit.loop);
    access.extents.push_back(body.getExtent(group));
    access.runtime.push_back(body.isRuntime(group));
    access.exprs.push_back(getAffineDimExpr(digit.loop, context));
    access.whole.push_back(false);
  }
}

Value ElementCode::load(Value source, const Index &index) {
  ElementAccess access;
  for (const AxisIndex &axis : index) {
    if (axis.kind == Kind::Computed)
      return extract(source, index);
    if (axis.kind == Kind::Digits) {
      addDigits(access, body, axis);
      continue;
    }
    access.extents.push_back(axis.extent);
    access.runtime.push_back(false);
    access.exprs.push_back(axis.expr);
    access.whole.push_back(true);
    access.loops.push_back(-1);
    axis.expr.walk([&](AffineExpr expr) {
      if (auto dim = dyn_cast<AffineDimExpr>(expr))
        body.space().keepApart(dim.getPosition());
    });
  }
  body.space().addAccess(access.loops);

  Value tensor = stored.lookup(source);
  if (!tensor)
    tensor = body.getTensor(source, access.extents, access.runtime);

  tensor = cutToLoops(tensor, access);
  MLIRContext *context = builder.getContext();
  SmallVector<AffineExpr> loops, exprs;
  for (unsigned loop = 0; loop < body.space().getNumLoops(); ++loop)
    loops.push_back(getAffineDimExpr(
        llvm::find(groups, body.space().getGroup(loop)) - groups.begin(),
        context));
  for (AffineExpr expr : access.exprs)
    exprs.push_back(expr.replaceDims(loops));
  return addOperand(tensor, AffineMap::get(groups.size(), 0, exprs, context));
}

// An axis that no single loop walks stays as long as it is, which is longer
// than that of the source where the operand has zeros around it.
Value ElementCode::cutToLoops(Value tensor, const ElementAccess &access) {
  SmallVector<std::optional<unsigned>> groupOf(access.exprs.size());
  bool isPart = false;
  for (auto [axis, expr] : llvm::enumerate(access.exprs)) {
    auto dim = dyn_cast<AffineDimExpr>(expr);
    if (!dim || !access.whole[axis])
      continue;
    groupOf[axis] = body.space().getGroup(dim.getPosition());
    isPart |= body.getExtent(*groupOf[axis]) != access.extents[axis];
  }
  if (!isPart)
    return tensor;
  SmallVector<OpFoldResult> sizes;
  for (auto [axis, group] : llvm::enumerate(groupOf)) {
    if (!group) {
      sizes.push_back(
          tensor::getMixedSize(body.builder, loc, tensor, int64_t(axis)));
      continue;
    }
    SizeExpr size = body.getExtent(*group);
    if (size.isConstant() && !body.isRuntime(*group))
      sizes.push_back(builder.getIndexAttr(*size.getConstant()));
    else
      sizes.push_back(body.getSize(size, body.isRuntime(*group)));
  }
  SmallVector<OpFoldResult> zeros(sizes.size(), builder.getIndexAttr(0));
  SmallVector<OpFoldResult> ones(sizes.size(), builder.getIndexAttr(1));
  return tensor::ExtractSliceOp::create(body.builder, loc, tensor, zeros, sizes,
                                        ones);
}

Value ElementCode::addOperand(Value tensor, AffineMap map) {
  for (const Operand &operand : operands)
    if (operand.tensor == tensor && operand.map == map)
      return operand.argument;
  Type element = cast<RankedTensorType>(tensor.getType()).getElementType();
  Value argument = block->insertArgument(operands.size(), element, loc);
  operands.push_back({tensor, map, argument});
  return argument;
}

Value ElementCode::extract(Value source, const Index &index) {
  SmallVector<SizeExpr> extents;
  SmallVector<bool> runtime;
  SmallVector<Value> places;
  for (const AxisIndex &axis : index) {
    extents.push_back(axis.extent);
    runtime.push_back(false);
    places.push_back(getValue(axis));
  }
  if (stored.contains(source)) {
    body.fail(body.cluster.ops.front(),
              "reads its own result at a computed index");
    return placeholder(source);
  }
  Value tensor = body.getTensor(source, extents, runtime);
  return tensor::ExtractOp::create(builder, loc, tensor, places);
}

//===----------------------------------------------------------------------===//
// Outs
//===----------------------------------------------------------------------===//

TypedAttr lamina::getNeutral(ReduceKind kind, Type type) {
  Builder b(type.getContext());
  bool real = isa<FloatType>(type);
  auto extreme = [&](bool negative) -> TypedAttr {
    if (real)
      return FloatAttr::get(
          type,
          APFloat::getInf(cast<FloatType>(type).getFloatSemantics(), negative));
    unsigned width = type.getIntOrFloatBitWidth();
    return IntegerAttr::get(type, negative ? APInt::getSignedMinValue(width)
                                           : APInt::getSignedMaxValue(width));
  };
  switch (kind) {
  case ReduceKind::Sum:
  case ReduceKind::Any:
    return b.getZeroAttr(type);
  case ReduceKind::Prod:
    return real ? TypedAttr(b.getFloatAttr(type, 1.0))
                : TypedAttr(b.getIntegerAttr(type, 1));
  case ReduceKind::All:
    return b.getIntegerAttr(type, 1);
  case ReduceKind::Max:
    return extreme(/*negative=*/true);
  case ReduceKind::Min:
    return extreme(/*negative=*/false);
  case ReduceKind::LogSumExp:
    break;
  }
  llvm_unreachable("logsumexp is decomposed before clusters are formed");
}

static Value combine(OpBuilder &b, Location loc, ReduceKind kind, Value acc,
                     Value value) {
  bool real = isa<FloatType>(acc.getType());
  switch (kind) {
  case ReduceKind::Sum:
    return real ? Value(arith::AddFOp::create(b, loc, acc, value))
                : Value(arith::AddIOp::create(b, loc, acc, value));
  case ReduceKind::Prod:
    return real ? Value(arith::MulFOp::create(b, loc, acc, value))
                : Value(arith::MulIOp::create(b, loc, acc, value));
  case ReduceKind::Max:
    return real ? Value(arith::MaximumFOp::create(b, loc, acc, value))
                : Value(arith::MaxSIOp::create(b, loc, acc, value));
  case ReduceKind::Min:
    return real ? Value(arith::MinimumFOp::create(b, loc, acc, value))
                : Value(arith::MinSIOp::create(b, loc, acc, value));
  case ReduceKind::Any:
    return arith::OrIOp::create(b, loc, acc, value);
  case ReduceKind::All:
    return arith::AndIOp::create(b, loc, acc, value);
  case ReduceKind::LogSumExp:
    break;
  }
  llvm_unreachable("logsumexp is decomposed before clusters are formed");
}

AffineMap ElementCode::getMap(ArrayRef<unsigned> axes) {
  SmallVector<AffineExpr> exprs;
  for (unsigned group : axes)
    exprs.push_back(getAffineDimExpr(llvm::find(groups, group) - groups.begin(),
                                     builder.getContext()));
  return AffineMap::get(groups.size(), 0, exprs, builder.getContext());
}

Value ElementCode::addOut(Value tensor, AffineMap map) {
  Type element = cast<RankedTensorType>(tensor.getType()).getElementType();
  Value held = block->addArgument(element, loc);
  outs.push_back({tensor, map, held, held, std::nullopt});
  return held;
}

void ElementCode::setOut(unsigned out, Value value,
                         std::optional<ReduceKind> kind) {
  outs[out].value = value;
  outs[out].combine = kind;
}

void ElementCode::bind(Value value, const Index &index, Value element) {
  cache[{value.getAsOpaquePointer(), getCacheKey(index)}] = element;
}

std::optional<std::pair<Value, AffineMap>>
ElementCode::getOperand(Value element) const {
  for (const Operand &operand : operands)
    if (operand.argument == element)
      return std::make_pair(operand.tensor, operand.map);
  return std::nullopt;
}

/// Loops that no operand has as a plain axis, as those of a window: an operand
/// that nobody reads says how far they run.
void ElementCode::addLoopExtents() {
  llvm::SmallBitVector plain(groups.size());
  auto visit = [&](AffineMap map) {
    for (AffineExpr expr : map.getResults())
      if (auto dim = dyn_cast<AffineDimExpr>(expr))
        plain.set(dim.getPosition());
  };
  for (const Operand &operand : operands)
    visit(operand.map);
  for (const Out &out : outs)
    visit(out.map);
  SmallVector<unsigned> missing;
  SmallVector<SizeExpr> extents;
  for (unsigned loop = 0; loop < groups.size(); ++loop)
    if (!plain.test(loop)) {
      missing.push_back(groups[loop]);
      extents.push_back(body.getExtent(groups[loop]));
    }
  if (missing.empty())
    return;
  SmallVector<bool> fixed(missing.size(), false);
  addOperand(body.createEmpty(extents, fixed, builder.getF32Type()),
             getMap(missing));
}

ValueRange ElementCode::finish(ArrayRef<unsigned> reduced) {
  addLoopExtents();
  SmallVector<Value> inputs, tensors, yields;
  SmallVector<AffineMap> maps;
  for (const Operand &operand : operands) {
    inputs.push_back(operand.tensor);
    maps.push_back(operand.map);
  }
  loc = body.loc;
  for (const Out &out : outs) {
    tensors.push_back(out.tensor);
    maps.push_back(out.map);
    yields.push_back(
        out.combine ? combine(builder, loc, *out.combine, out.held, out.value)
                    : out.value);
  }
  linalg::YieldOp::create(builder, loc, yields);
  SmallVector<utils::IteratorType> iterators;
  for (unsigned group : groups)
    iterators.push_back(llvm::is_contained(reduced, group)
                            ? utils::IteratorType::reduction
                            : utils::IteratorType::parallel);
  auto generic = linalg::GenericOp::create(body.builder, loc,
                                           ValueRange(tensors).getTypes(),
                                           inputs, tensors, maps, iterators);
  generic.getRegion().push_back(block);
  block = nullptr;
  results.assign(generic->getResults().begin(), generic->getResults().end());
  return results;
}
