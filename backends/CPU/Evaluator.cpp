// SPDX-License-Identifier: Apache-2.0
//
// The value of a tensor at an index.

#include "backends/CPU/Evaluator.h"

#include "backends/CPU/RegionWalk.h"
#include "backends/CPU/ScalarOps.h"

#include "mlir/Dialect/Utils/StaticValueUtils.h"

using namespace llvm;

namespace lamina::cpu {

Evaluator::Evaluator(Frame &frame, unsigned width, Value *mask,
                     Evaluator *outer)
    : frame(frame), b(frame.b), width(width), mask(mask), outer(outer) {}

//===----------------------------------------------------------------------===//
// Coordinates
//===----------------------------------------------------------------------===//

Value *Evaluator::lanes(Coordinate x) {
  if (x.isVector())
    return x.base;
  Value *base = b.splat(x.base, width);
  if (x.pattern)
    return b.CreateAdd(base, x.pattern);
  if (x.step == 0)
    return base;
  Value *lane = b.CreateStepVector(base->getType());
  return b.CreateAdd(base, b.CreateMul(lane, b.splat(b.index(x.step), width)));
}

/// What lanes add to the base.
SmallVector<int64_t> Evaluator::offsets(Coordinate x) const {
  SmallVector<int64_t> all(width);
  for (unsigned i = 0; i < width; ++i)
    all[i] =
        x.pattern
            ? int64_t(
                  cast<ConstantDataVector>(x.pattern)->getElementAsInteger(i))
            : x.step * int64_t(i);
  return all;
}

// A pattern that is a step after all is one, so that it loads and stores like
// one: i · 2 + p over pairs.
Coordinate Evaluator::patterned(Value *base, ArrayRef<int64_t> offsets) {
  int64_t step = offsets.size() > 1 ? offsets[1] - offsets[0] : 0;
  bool isStep = true;
  for (auto [i, offset] : enumerate(offsets))
    isStep &= offset == offsets[0] + step * int64_t(i);
  if (isStep)
    return {b.add(base, b.index(offsets[0])), step};
  SmallVector<uint64_t> numbers(offsets.begin(), offsets.end());
  return {base, 0, ConstantDataVector::get(b.getContext(), numbers)};
}

Coordinate Evaluator::add(Coordinate x, Coordinate y) {
  if (x.isVector() || y.isVector())
    return {b.CreateAdd(lanes(x), lanes(y)), 0};
  Value *base = b.add(x.base, y.base);
  if (!x.pattern && !y.pattern)
    return {base, x.step + y.step};
  SmallVector<int64_t> sum = offsets(x);
  for (auto [i, offset] : enumerate(offsets(y)))
    sum[i] += offset;
  return patterned(base, sum);
}

Coordinate Evaluator::scaled(Coordinate x, Value *factor) {
  std::optional<int64_t> constant = constantIndex(factor);
  if (x.isUniform())
    return {b.multiply(x.base, factor), 0};
  if (x.isVector() || !constant)
    return {b.CreateMul(lanes(x), b.splat(factor, width)), 0};
  if (!x.pattern)
    return {b.multiply(x.base, factor), x.step * *constant};
  SmallVector<int64_t> multiples = offsets(x);
  for (int64_t &offset : multiples)
    offset *= *constant;
  return patterned(b.multiply(x.base, factor), multiples);
}

// Rounds down, also for numbers below zero, as affine expressions do.
Coordinate Evaluator::divided(Coordinate x, Value *by, bool isRemainder) {
  if (!isRemainder && constantIndex(by) == 1)
    return x;
  Value *value = x.isUniform() ? x.base : lanes(x);
  Value *divisor = x.isUniform() ? by : b.splat(by, width);
  Value *rest = b.CreateSRem(value, divisor);
  Value *zero = Constant::getNullValue(value->getType());
  Value *below = b.CreateICmpSLT(rest, zero);
  Value *modulo = b.CreateSelect(below, b.CreateAdd(rest, divisor), rest);
  if (isRemainder)
    return {modulo, 0};
  return {b.CreateSDiv(b.CreateSub(value, modulo), divisor), 0};
}

Coordinate Evaluator::map(mlir::AffineExpr expression,
                          CoordinateRange iteration) {
  if (auto dim = dyn_cast<mlir::AffineDimExpr>(expression))
    return iteration[dim.getPosition()];
  if (auto number = dyn_cast<mlir::AffineConstantExpr>(expression))
    return constant(number.getValue());
  auto binary = cast<mlir::AffineBinaryOpExpr>(expression);
  Coordinate x = map(binary.getLHS(), iteration);
  Coordinate y = map(binary.getRHS(), iteration);
  switch (expression.getKind()) {
  case mlir::AffineExprKind::Add:
    return add(x, y);
  case mlir::AffineExprKind::Mul:
    return y.isUniform() ? scaled(x, y.base) : scaled(y, x.base);
  case mlir::AffineExprKind::FloorDiv:
    return divided(x, y.base, /*isRemainder=*/false);
  case mlir::AffineExprKind::CeilDiv:
    return divided(add(x, constant(*constantIndex(y.base) - 1)), y.base, false);
  default:
    return divided(x, y.base, /*isRemainder=*/true);
  }
}

Coordinates Evaluator::map(mlir::AffineMap map, CoordinateRange iteration) {
  Coordinates result;
  for (mlir::AffineExpr expression : map.getResults())
    result.push_back(this->map(expression, iteration));
  return result;
}

//===----------------------------------------------------------------------===//
// Memory
//===----------------------------------------------------------------------===//

Coordinate Evaluator::offset(const Storage &where, CoordinateRange at) {
  assert(where.strides.size() == at.size() && "an index for each axis");
  Coordinate sum = constant(0);
  for (auto [stride, coordinate] : zip(where.strides, at))
    sum = add(sum, scaled(coordinate, stride));
  return sum;
}

/// Lanes of a pattern within one vector: that is loaded, and its elements are
/// put where they belong. Null where a gather has to do.
Value *Evaluator::loadNear(Type *element, Value *base, Coordinate at,
                           Align align) {
  if (!at.pattern || mask)
    return nullptr;
  SmallVector<int64_t> all = offsets(at);
  int64_t low = *min_element(all), count = *max_element(all) - low + 1;
  if (count > int64_t(width) || !isPowerOf2_64(uint64_t(count)))
    return nullptr;
  Value *pointer = b.CreateGEP(element, base, b.add(at.base, b.index(low)));
  Value *near = b.CreateAlignedLoad(
      FixedVectorType::get(element, unsigned(count)), pointer, align);
  SmallVector<int> places;
  for (int64_t offset : all)
    places.push_back(int(offset - low));
  return b.CreateShuffleVector(near, places);
}

/// Vectors of bfloat are no type that every processor has; of 16 bits they are.
Type *Evaluator::accessTypeOf(const Storage &where) {
  return where.elementType.isBF16() ? b.getInt16Ty()
                                    : frame.memoryTypeOf(where.elementType);
}

Value *Evaluator::load(const Storage &where, CoordinateRange at) {
  Type *element = accessTypeOf(where);
  Align align(uint64_t(frame.bytesOf(where.elementType)));
  Coordinate position = offset(where, at);
  if (position.step == 1)
    align = std::max(align, Align(where.lanesAlign));
  Value *result;
  if (position.isUniform() || (position.step == 1 && !position.isVector())) {
    Value *pointer = b.CreateGEP(element, where.base, position.base);
    Type *type =
        position.isUniform() ? element : FixedVectorType::get(element, width);
    if (position.isUniform() || !mask)
      result = b.CreateAlignedLoad(type, pointer, align);
    else
      result = b.CreateMaskedLoad(type, pointer, align, mask,
                                  Constant::getNullValue(type));
  } else if (Value *near = loadNear(element, where.base, position, align)) {
    result = near;
  } else {
    Type *type = FixedVectorType::get(element, width);
    Value *pointers = b.CreateGEP(element, where.base, lanes(position));
    result = b.CreateMaskedGather(type, pointers, align, mask,
                                  Constant::getNullValue(type));
  }
  if (where.elementType.isInteger(1))
    return b.CreateICmpNE(result, Constant::getNullValue(result->getType()));
  if (where.elementType.isBF16())
    return b.CreateBitCast(result,
                           result->getType()->getWithNewType(b.getBFloatTy()));
  return result;
}

void Evaluator::write(const Storage &where, CoordinateRange at, Value *value) {
  Type *element = accessTypeOf(where);
  Align align(uint64_t(frame.bytesOf(where.elementType)));
  Coordinate position = offset(where, at);
  if (where.elementType.isInteger(1))
    value = b.CreateZExt(value, value->getType()->getWithNewType(element));
  else if (where.elementType.isBF16())
    value = b.CreateBitCast(value, value->getType()->getWithNewType(element));
  if (position.isUniform()) {
    b.CreateAlignedStore(value, b.CreateGEP(element, where.base, position.base),
                         align);
    return;
  }
  value = b.splat(value, width);
  align = std::max(align, Align(where.lanesAlign));
  if (position.step != 1) {
    Value *pointers = b.CreateGEP(element, where.base, lanes(position));
    b.CreateMaskedScatter(value, pointers, align, mask);
    return;
  }
  Value *pointer = b.CreateGEP(element, where.base, position.base);
  if (mask)
    b.CreateMaskedStore(value, pointer, align, mask);
  else
    b.CreateAlignedStore(value, pointer, align);
}

//===----------------------------------------------------------------------===//
// Reading
//===----------------------------------------------------------------------===//

void Evaluator::remember(mlir::Value tensor, CoordinateRange at, Value *value) {
  known[tensor].push_back({Coordinates(at), value});
}

Value *Evaluator::lookup(mlir::Value tensor, CoordinateRange at) {
  auto found = known.find(tensor);
  if (found != known.end())
    for (Known &one : reverse(found->second))
      if (CoordinateRange(one.at) == at)
        return one.value;
  return outer ? outer->lookup(tensor, at) : nullptr;
}

// Blocks are numbered as they are made, so what stands in a block that is newer
// than the anchor is inside of a loop that was entered since.
bool Evaluator::isOutside(CoordinateRange at) {
  unsigned last = b.blockNumber(outer->anchor);
  return all_of(at, [&](Coordinate x) {
    auto *instruction = dyn_cast<Instruction>(x.base);
    return x.isUniform() &&
           (!instruction || b.blockNumber(instruction->getParent()) <= last);
  });
}

Value *Evaluator::read(mlir::Value tensor, CoordinateRange at) {
  if (Value *value = lookup(tensor, at))
    return value;
  Value *value;
  if (outer && outer->anchor && isOutside(at)) {
    LoopBuilder::InsertPointGuard guard(b);
    DebugLoc reader = b.getCurrentDebugLocation();
    if (Instruction *end = outer->anchor->getTerminator())
      b.SetInsertPoint(end);
    else
      b.SetInsertPoint(outer->anchor);
    b.SetCurrentDebugLocation(reader);
    value = outer->read(tensor, at);
    if (mlir::Operation *op = outer->failedOp())
      failure = op;
    return value;
  }
  if (const Storage *where = frame.storage(tensor))
    value = load(*where, at);
  else
    value = compute(tensor, at);
  remember(tensor, at, value);
  return value;
}

Value *Evaluator::unsupported(mlir::Operation *op) {
  if (!failure)
    failure = op;
  mlir::Type type = op->getResult(0).getType();
  if (auto shaped = dyn_cast<mlir::ShapedType>(type))
    type = shaped.getElementType();
  return Constant::getNullValue(registerType(type, b.getContext()));
}

Value *Evaluator::compute(mlir::Value tensor, CoordinateRange at) {
  mlir::Operation *op = tensor.getDefiningOp();
  assert(op && "arguments are in memory");
  if (auto linalgOp = dyn_cast<mlir::linalg::LinalgOp>(op))
    return readLinalg(linalgOp, cast<mlir::OpResult>(tensor).getResultNumber(),
                      at);
  if (auto pad = dyn_cast<mlir::tensor::PadOp>(op))
    return readPadded(pad, at);
  if (auto slice = dyn_cast<mlir::tensor::ExtractSliceOp>(op))
    return readSlice(slice, at);
  if (auto insert = dyn_cast<mlir::tensor::InsertSliceOp>(op))
    return readInserted(insert, at);
  if (auto cast = dyn_cast<mlir::tensor::CastOp>(op))
    return read(cast.getSource(), at);
  if (auto collapse = dyn_cast<mlir::tensor::CollapseShapeOp>(op))
    return readReshaped(collapse.getSrc(), collapse.getSrc(),
                        collapse.getReassociationIndices(), true, at);
  if (auto expand = dyn_cast<mlir::tensor::ExpandShapeOp>(op))
    return readReshaped(expand.getSrc(), tensor,
                        expand.getReassociationIndices(), false, at);
  Type *element = registerType(
      mlir::cast<mlir::ShapedType>(tensor.getType()).getElementType(),
      b.getContext());
  if (isa<mlir::tensor::EmptyOp>(op))
    return Constant::getNullValue(element);
  mlir::DenseElementsAttr elements;
  if (!mlir::matchPattern(op, mlir::m_Constant(&elements)) ||
      !elements.isSplat())
    return unsupported(op);
  if (element->isFloatingPointTy())
    return ConstantFP::get(element, elements.getSplatValue<APFloat>());
  return ConstantInt::get(element,
                          elements.getSplatValue<APInt>().getZExtValue());
}

// The op's iteration is found from the index of the result: its map must be a
// permutation of all loops.
Value *Evaluator::readLinalg(mlir::linalg::LinalgOp op, unsigned result,
                             CoordinateRange at) {
  mlir::AffineMap map = op.getMatchingIndexingMap(op.getDpsInitOperand(result));
  if (!map.isPermutation() || op.getNumReductionLoops() != 0)
    return unsupported(op);
  Coordinates iteration(map.getNumDims());
  for (auto [axis, expression] : enumerate(map.getResults()))
    iteration[cast<mlir::AffineDimExpr>(expression).getPosition()] = at[axis];
  DebugLoc reader = b.getCurrentDebugLocation();
  Values results = evaluate(op, iteration);
  b.SetCurrentDebugLocation(reader);
  if (results.empty())
    return unsupported(op);
  for (unsigned other = 0; other < results.size(); ++other)
    if (other != result &&
        op.getMatchingIndexingMap(op.getDpsInitOperand(other)) == map)
      remember(op->getResult(other), at, results[other]);
  return results[result];
}

Value *Evaluator::inside(Coordinate x, Value *size) {
  Value *index = x.isUniform() ? x.base : lanes(x);
  Value *bound = x.isUniform() ? size : b.splat(size, width);
  return b.CreateICmpULT(index, bound);
}

// A uniform index is moved inside, so that the read is safe; lanes outside are
// masked. Either way the value there is replaced.
Value *Evaluator::readPadded(mlir::tensor::PadOp op, CoordinateRange at) {
  if (!op.getConstantPaddingValue() ||
      is_contained(op.getStaticLow(), mlir::ShapedType::kDynamic))
    return unsupported(op);
  Coordinates source;
  Value *valid = nullptr, *lanesInside = nullptr;
  for (unsigned axis = 0; axis < at.size(); ++axis) {
    int64_t low = op.getStaticLow()[axis], high = op.getStaticHigh()[axis];
    Coordinate x = add(at[axis], constant(-low));
    if (low || high) {
      Value *size = frame.extent(frame.body.extent(op.getSource(), axis));
      Value *isInside = inside(x, size);
      if (x.isUniform()) {
        x.base = b.CreateSelect(isInside, x.base, b.index(0));
        valid = valid ? b.CreateAnd(valid, isInside) : isInside;
      } else {
        lanesInside =
            lanesInside ? b.CreateAnd(lanesInside, isInside) : isInside;
      }
    }
    source.push_back(x);
  }
  Evaluator masked(frame, width, mask, this);
  if (lanesInside)
    masked.mask = mask ? b.CreateAnd(mask, lanesInside) : lanesInside;
  Value *value = masked.read(op.getSource(), source);
  if (masked.failure)
    failure = masked.failure;
  Value *padding = frame.scalar(op.getConstantPaddingValue());
  if (lanesInside)
    value = b.CreateSelect(lanesInside, b.splat(value, width),
                           b.splat(padding, width));
  if (!valid)
    return value;
  return b.CreateSelect(valid, value,
                        value->getType()->isVectorTy() ? b.splat(padding, width)
                                                       : padding);
}

Value *Evaluator::readSlice(mlir::tensor::ExtractSliceOp op,
                            CoordinateRange at) {
  llvm::SmallBitVector dropped = op.getDroppedDims();
  Coordinates source;
  unsigned next = 0;
  for (auto [axis, offset] : enumerate(op.getMixedOffsets())) {
    Value *start = isa<mlir::Attribute>(offset)
                       ? b.index(*mlir::getConstantIntValue(offset))
                       : frame.scalar(cast<mlir::Value>(offset));
    int64_t step = op.getStaticStrides()[axis];
    if (!start || step == mlir::ShapedType::kDynamic)
      return unsupported(op);
    Coordinate x{start, 0};
    if (!dropped[axis])
      x = add(x, scaled(at[next++], b.index(step)));
    source.push_back(x);
  }
  return read(op.getSource(), source);
}

// Of `shaped`, which has the finer axes, the groups are numbers in mixed radix.
Value *Evaluator::readReshaped(mlir::Value source, mlir::Value shaped,
                               ArrayRef<mlir::ReassociationIndices> groups,
                               bool collapsed, CoordinateRange at) {
  Coordinates result;
  for (auto [number, group] : enumerate(groups)) {
    Coordinate joined = collapsed ? at[number] : constant(0);
    Coordinates parts;
    for (int64_t axis : reverse(group)) {
      if (!collapsed)
        continue;
      Value *size = frame.extent(frame.body.extent(shaped, unsigned(axis)));
      bool isFirst = axis == group.front();
      parts.insert(parts.begin(),
                   isFirst ? joined : divided(joined, size, true));
      if (!isFirst)
        joined = divided(joined, size, false);
    }
    for (int64_t axis : group)
      if (!collapsed) {
        Value *size = frame.extent(frame.body.extent(shaped, unsigned(axis)));
        joined = add(scaled(joined, size), at[axis]);
      }
    if (collapsed)
      result.append(parts);
    else
      result.push_back(joined);
  }
  return read(source, result);
}

// Only whole updates are read back: what was inserted has been written to its
// part of the out, so the out itself is read.
Value *Evaluator::readInserted(mlir::tensor::InsertSliceOp op,
                               CoordinateRange at) {
  const Destination *where = frame.body.destination(op.getResult());
  if (!where || !where->offsets.empty())
    return unsupported(op);
  return load(frame.part(*where), at);
}

Values Evaluator::evaluate(mlir::linalg::LinalgOp op, CoordinateRange iteration,
                           function_ref<Value *(unsigned)> before) {
  // It stays set, so that what is stored then is of this op too.
  frame.setOp(op);
  RegionWalk walk(*this, op, iteration, before);
  Values results = walk.run();
  if (results.empty())
    unsupported(walk.failedOp() ? walk.failedOp() : op.getOperation());
  return results;
}

Coordinates splitIndex(Frame &frame, ArrayRef<Extent> domain, Value *number) {
  LoopBuilder &b = frame.b;
  Coordinates at(domain.size());
  for (size_t axis = domain.size(); axis-- > 0;) {
    if (axis == 0) {
      at[axis] = {number, 0};
      break;
    }
    Value *size = frame.extent(domain[axis]);
    at[axis] = {b.remainder(number, size), 0};
    number = b.divide(number, size);
  }
  return at;
}

} // namespace lamina::cpu
