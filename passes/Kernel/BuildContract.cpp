// SPDX-License-Identifier: Apache-2.0
//
// A contraction and its epilogue.
//
// fill, contract, then one generic on the result for what was joined behind it.
// A contraction whose operands are read at plain loops becomes linalg.contract;
// a windowed one a generic on operands padded with zeros.

#include "passes/Kernel/BuildKernel.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"

using namespace mlir;
using namespace lamina;

namespace {
class ContractWriter {
public:
  explicit ContractWriter(const Cluster &cluster) : cluster(cluster) {
    for (Operation *op : cluster.ops)
      if (auto found = dyn_cast<graph::ContractOp>(op))
        contract = found;
    for (const auto &size : contract.getLoopSizes())
      sizes.push_back(size.value_or(SizeExpr(1)));
  }

  ArrayRef<SizeExpr> getDomain() const { return sizes; }
  SmallVector<Value> write(KernelBody &body);

private:
  void refuseReach(KernelBody &body, AffineExpr expr, const SizeExpr &size);
  std::optional<std::pair<int64_t, int64_t>>
  getMargins(KernelBody &body, AffineExpr expr, const SizeExpr &size);
  bool padOperands(KernelBody &body, Stored &padded,
                   MutableArrayRef<SmallVector<int64_t>> low);
  Value pad(KernelBody &body, Value source, AffineMap map,
            SmallVectorImpl<int64_t> &low);
  std::optional<Index> getOperandIndex(KernelBody &body, Value operand,
                                       AffineMap map, ArrayRef<int64_t> low);
  std::optional<Index> getResultIndex(KernelBody &body, Value value);
  Value writeProduct(KernelBody &body, Value accumulator,
                     ArrayRef<unsigned> resultGroups);
  SmallVector<unsigned> getResultGroups(KernelBody &body);
  Value addOuts(KernelBody &body, ArrayRef<unsigned> groups);
  SmallVector<Value> writeEpilogue(KernelBody &body, Value sum,
                                   ArrayRef<unsigned> groups);
  std::pair<unsigned, unsigned> getOwnLoops(KernelBody &body, unsigned loop) {
    return body.space().getLoops(loop, loop + 1);
  }
  AffineExpr getPlace(KernelBody &body, unsigned loop);

  const Cluster &cluster;
  graph::ContractOp contract;
  SmallVector<SizeExpr> sizes;
  // of one attempt
  SmallVector<Value> outs;
  int accumulatorOut = -1;
};
} // namespace

bool lamina::isWindowed(graph::ContractOp contract) {
  return !contract.getMap(0).isProjectedPermutation() ||
         !contract.getMap(1).isProjectedPermutation();
}

/// The index of the result's axis `map` gives, as digits of the loops.
std::optional<Index> ContractWriter::getResultIndex(KernelBody &body,
                                                    Value value) {
  Index index;
  for (AffineExpr expr : contract.getMap(2).getResults())
    index.push_back(
        body.space().getAxis(cast<AffineDimExpr>(expr).getPosition()));
  auto result = body.space().reshape(index, graph::getShape(value));
  if (!result && !body.space().needsRefinement())
    body.fail(value.getDefiningOp(),
              "has the elements of its contraction in another order");
  return result;
}

/// The smallest and largest value of a windowed index, as sizes.
static std::pair<SizeExpr, SizeExpr> getRange(AffineExpr expr,
                                              ArrayRef<SizeExpr> sizes) {
  if (auto dim = dyn_cast<AffineDimExpr>(expr))
    return {SizeExpr(0), sizes[dim.getPosition()] - SizeExpr(1)};
  if (auto number = dyn_cast<AffineConstantExpr>(expr))
    return {SizeExpr(number.getValue()), SizeExpr(number.getValue())};
  auto binary = cast<AffineBinaryOpExpr>(expr);
  auto [lowA, highA] = getRange(binary.getLHS(), sizes);
  if (expr.getKind() == AffineExprKind::Add) {
    auto [lowB, highB] = getRange(binary.getRHS(), sizes);
    return {lowA + lowB, highA + highB};
  }
  int64_t factor = cast<AffineConstantExpr>(binary.getRHS()).getValue();
  if (factor < 0)
    std::swap(lowA, highA);
  return {lowA * SizeExpr(factor), highA * SizeExpr(factor)};
}

/// Says why nobody knows how far the windows that `expr` reads reach beyond an
/// axis. A stride is the only reason that a program can have.
void ContractWriter::refuseReach(KernelBody &body, AffineExpr expr,
                                 const SizeExpr &size) {
  bool hasStride = false;
  expr.walk([&](AffineExpr part) {
    hasStride |= part.getKind() == AffineExprKind::Mul;
  });
  if (hasStride)
    body.refuse(contract,
                "windows with a stride have no kernel yet along '" +
                    size.str() + "', which is known only when the program runs",
                "a stride of 1 works, and so does a length that is known when "
                "compiling");
  else
    body.fail(contract, "reads a window whose reach beyond its operand "
                        "depends on a size known at run time only");
}

/// How far reads at `expr` leave an axis at its front and its end; none if that
/// is not known.
std::optional<std::pair<int64_t, int64_t>>
ContractWriter::getMargins(KernelBody &body, AffineExpr expr,
                           const SizeExpr &size) {
  if (isa<AffineDimExpr>(expr))
    return std::pair<int64_t, int64_t>(0, 0);
  auto [least, most] = getRange(expr, sizes);
  auto start = least.getConstant();
  auto rest = (most - size + SizeExpr(1)).getConstant();
  if (!start || !rest) {
    refuseReach(body, expr, size);
    return std::nullopt;
  }
  return std::pair(std::max<int64_t>(0, -*start), std::max<int64_t>(0, *rest));
}

/// A windowed operand with zeros around it, so that no read leaves it.
Value ContractWriter::pad(KernelBody &body, Value source, AffineMap map,
                          SmallVectorImpl<int64_t> &low) {
  graph::Shape shape = graph::getShape(source);
  SmallVector<OpFoldResult> before, after;
  SmallVector<SizeExpr> seen, extents;
  bool any = false;
  for (auto [axis, expr] : llvm::enumerate(map.getResults())) {
    if (isa<AffineDimExpr>(expr) && isOne(shape[axis])) {
      low.push_back(0); // has no loop and so no axis
      continue;
    }
    auto margins = getMargins(body, expr, shape[axis]);
    if (!margins)
      return source;
    auto [front, back] = *margins;
    low.push_back(front);
    before.push_back(body.builder.getIndexAttr(front));
    after.push_back(body.builder.getIndexAttr(back));
    seen.push_back(shape[axis]);
    extents.push_back(shape[axis] + SizeExpr(front + back));
    any |= front || back;
  }
  SmallVector<bool> fixed(seen.size(), false);
  Value tensor = body.getTensor(source, seen, fixed);
  if (!any)
    return tensor;
  Type element = cast<RankedTensorType>(tensor.getType()).getElementType();
  Value zero = arith::ConstantOp::create(body.builder, body.loc,
                                         body.builder.getZeroAttr(element));
  auto type = body.getType(extents, fixed, element);
  return tensor::PadOp::create(body.builder, body.loc, type, tensor, before,
                               after, zero);
}

/// Where a loop of the contraction stands; what is joined behind it may have
/// split the loop into digits.
AffineExpr ContractWriter::getPlace(KernelBody &body, unsigned loop) {
  MLIRContext *context = body.builder.getContext();
  AffineExpr place = getAffineConstantExpr(0, context);
  for (auto [number, digit] :
       llvm::enumerate(body.space().getAxis(loop).digits)) {
    auto extent = digit.extent.getConstant();
    if (number > 0 && !extent)
      body.fail(contract, "reads a window along digits of a size known at run "
                          "time only");
    place = place * extent.value_or(1) + getAffineDimExpr(digit.loop, context);
  }
  return place;
}

std::optional<Index> ContractWriter::getOperandIndex(KernelBody &body,
                                                     Value operand,
                                                     AffineMap map,
                                                     ArrayRef<int64_t> low) {
  graph::Shape shape = graph::getShape(operand);
  Index index;
  for (auto [axis, expr] : llvm::enumerate(map.getResults())) {
    if (auto dim = dyn_cast<AffineDimExpr>(expr)) {
      index.push_back(body.space().getAxis(dim.getPosition()));
      continue;
    }
    AxisIndex moved;
    moved.kind = AxisIndex::Kind::Affine;
    moved.extent = shape[axis];
    SmallVector<AffineExpr> loops;
    for (unsigned loop = 0; loop < sizes.size(); ++loop)
      loops.push_back(getPlace(body, loop));
    moved.expr = expr.replaceDims(loops) + low[axis];
    index.push_back(moved);
  }
  return index;
}

/// Whether `linalg.contract` has the form: plain indices, sums over what both
/// operands have, a result of axes that one of them has.
static bool isContract(AffineMap a, AffineMap b, AffineMap result) {
  if (!a.isProjectedPermutation() || !b.isProjectedPermutation())
    return false;
  bool sums = false;
  for (unsigned loop = 0; loop < result.getNumDims(); ++loop) {
    bool inA = a.isFunctionOfDim(loop), inB = b.isFunctionOfDim(loop);
    bool isKept = result.isFunctionOfDim(loop);
    if (isKept ? !inA && !inB : !inA || !inB)
      return false;
    sums |= !isKept;
  }
  return sums;
}

/// False if the body has failed.
bool ContractWriter::padOperands(KernelBody &body, Stored &padded,
                                 MutableArrayRef<SmallVector<int64_t>> low) {
  for (unsigned i : {0, 1}) {
    Value operand = contract->getOperand(i);
    padded[operand] = pad(body, operand, contract.getMap(i), low[i]);
    if (body.hasFailed())
      return false;
  }
  return true;
}

/// The sum as a loop over the `reduced` groups.
static Value addProducts(ElementCode &code, ArrayRef<Value> factors,
                         Value accumulator, AffineMap resultMap,
                         ArrayRef<unsigned> reduced) {
  Type element = cast<RankedTensorType>(accumulator.getType()).getElementType();
  auto widened = llvm::map_to_vector(factors, [&](Value factor) {
    return factor.getType() == element
               ? factor
               : arith::ExtFOp::create(code.builder, code.loc, element, factor);
  });
  Value term =
      arith::MulFOp::create(code.builder, code.loc, widened[0], widened[1]);
  code.addOut(accumulator, resultMap);
  code.setOut(0, term, graph::ReduceKind::Sum);
  return code.finish(reduced).front();
}

Value ContractWriter::writeProduct(KernelBody &body, Value accumulator,
                                   ArrayRef<unsigned> resultGroups) {
  IndexSpace &space = body.space();
  auto groups = getGroups(space, 0, space.getNumLoops());
  SmallVector<SmallVector<int64_t>> low(2);
  // Of the product alone: what is behind it reads the operands as they are.
  Stored padded;
  if (isWindowed(contract) && !padOperands(body, padded, low))
    return accumulator;
  ElementCode code(body, padded, groups);
  SmallVector<Value> factors;
  for (unsigned i : {0, 1}) {
    auto index = getOperandIndex(body, contract->getOperand(i),
                                 contract.getMap(i), low[i]);
    factors.push_back(code.get(contract->getOperand(i), *index));
    if (body.hasFailed() || space.needsRefinement())
      return accumulator;
  }
  SmallVector<unsigned> reduced;
  for (unsigned group : groups)
    if (!llvm::is_contained(resultGroups, group))
      reduced.push_back(group);
  auto a = code.getOperand(factors[0]), b = code.getOperand(factors[1]);
  AffineMap resultMap = code.getMap(resultGroups);
  if (a && b && isContract(a->second, b->second, resultMap)) {
    auto maps =
        body.builder.getAffineMapArrayAttr({a->second, b->second, resultMap});
    return linalg::ContractOp::create(
               body.builder, body.loc, accumulator.getType(),
               ValueRange{a->first, b->first}, accumulator, maps)
        .getResult(0);
  }
  return addProducts(code, factors, accumulator, resultMap, reduced);
}

SmallVector<Value> ContractWriter::writeEpilogue(KernelBody &body, Value sum,
                                                 ArrayRef<unsigned> groups) {
  Stored none;
  ElementCode code(body, none, groups);
  AffineMap map = code.getMap(groups);
  Value held = code.addOut(sum, map);
  if (auto index = getResultIndex(body, contract))
    code.bind(contract, *index, held);
  SmallVector<unsigned> numbers;
  for (auto [number, out] : llvm::enumerate(outs)) {
    bool inPlace = int(number) == accumulatorOut;
    numbers.push_back(inPlace
                          ? 0
                          : numbers.size() + (accumulatorOut < 0 ||
                                              int(number) < accumulatorOut));
    if (!inPlace)
      code.addOut(out, map);
  }
  for (auto [number, output] : llvm::zip(numbers, cluster.outputs)) {
    auto index = getResultIndex(body, output);
    if (!index)
      return {};
    code.setOut(number, code.get(output, *index));
  }
  auto all = code.finish({});
  SmallVector<Value> results;
  for (unsigned number : numbers)
    results.push_back(all[number]);
  return results;
}

/// The groups of loops over the result.
SmallVector<unsigned> ContractWriter::getResultGroups(KernelBody &body) {
  IndexSpace &space = body.space();
  SmallVector<unsigned> groups;
  SmallVector<int> order;
  for (AffineExpr expr : contract.getMap(2).getResults()) {
    auto [first, end] =
        getOwnLoops(body, cast<AffineDimExpr>(expr).getPosition());
    for (unsigned loop = first; loop < end; ++loop) {
      order.push_back(loop);
      if (!llvm::is_contained(groups, space.getGroup(loop)))
        groups.push_back(space.getGroup(loop));
    }
  }
  space.addAccess(order);
  return groups;
}

/// Adds the outputs; zeros for the sum. It is made in the buffer of an output
/// of its type: of itself if it is one.
Value ContractWriter::addOuts(KernelBody &body, ArrayRef<unsigned> groups) {
  SmallVector<SizeExpr> extents;
  SmallVector<bool> runtime;
  for (unsigned group : groups) {
    extents.push_back(body.getExtent(group));
    runtime.push_back(body.isRuntime(group));
  }
  Type type = contract.getAccumulatorType();
  for (auto [number, output] : llvm::enumerate(cluster.outputs)) {
    outs.push_back(body.addOut(output, extents, runtime));
    bool fits =
        cast<RankedTensorType>(output.getType()).getElementType() == type;
    if (fits && (accumulatorOut < 0 || output == contract.getResult()))
      accumulatorOut = number;
  }
  Value sum = accumulatorOut < 0 ? body.createEmpty(extents, runtime, type)
                                 : outs[accumulatorOut];
  Value zero = arith::ConstantOp::create(body.builder, body.loc,
                                         body.builder.getZeroAttr(type));
  return linalg::FillOp::create(body.builder, body.loc, zero, sum).getResult(0);
}

SmallVector<Value> ContractWriter::write(KernelBody &body) {
  IndexSpace &space = body.space();
  outs.clear();
  accumulatorOut = -1;
  if (isWindowed(contract))
    for (unsigned loop = 0; loop < space.getNumLoops(); ++loop)
      space.keepApart(loop);

  SmallVector<unsigned> groups = getResultGroups(body);
  Value sum = writeProduct(body, addOuts(body, groups), groups);
  if (body.hasFailed() || space.needsRefinement())
    return {};
  if (cluster.outputs.size() == 1 && accumulatorOut == 0 &&
      cluster.outputs.front() == contract.getResult())
    return {sum};
  return writeEpilogue(body, sum, groups);
}

FailureOr<BuiltKernel> lamina::buildContract(const Cluster &cluster,
                                             const HostValues &host,
                                             StringRef name) {
  ContractWriter writer(cluster);
  return writeKernel(cluster, host, name, {IndexSpace(writer.getDomain())},
                     [&](KernelBody &body) { return writer.write(body); });
}
