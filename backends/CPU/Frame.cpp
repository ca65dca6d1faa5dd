// SPDX-License-Identifier: Apache-2.0
//
// One exported function of a kernel.
//
// All arguments are loaded at the entry, so that every later block may use
// them; those that are not needed vanish.

#include "backends/CPU/Frame.h"

#include "backends/CPU/ScalarOps.h"
#include "backends/CPU/SourceLines.h"

#include "llvm/IR/DebugInfoMetadata.h"

using namespace llvm;

namespace lamina::cpu {

Frame::Frame(const KernelBody &body, Function *function, Value *dims,
             Value *buffers, Value *scalars)
    : b(function), body(body) {
  unsigned dimCount = unsigned(body.dimCount());
  for (unsigned i = 0; i < dimCount; ++i)
    dimValues.push_back(b.CreateLoad(
        b.getInt64Ty(), b.CreateConstGEP1_64(b.getInt64Ty(), dims, i)));
  if (!buffers)
    return;
  Values bases;
  for (unsigned i = 0; i < body.bufferCount(); ++i)
    bases.push_back(b.CreateLoad(
        b.getPtrTy(), b.CreateConstGEP1_64(b.getPtrTy(), buffers, i)));
  placeArguments(bases, scalars);
}

Frame::Frame(const KernelBody &body, Function *function, ValueRange dims,
             ValueRange buffers, Value *scalars)
    : b(function), body(body), dimValues(dims) {
  if (!buffers.empty())
    placeArguments(buffers, scalars);
}

void Frame::beginLines() {
  lines = cpu::beginLines(*b.function());
  mlir::Operation *dearest = nullptr;
  unsigned mostLoops = 0;
  for (mlir::Operation *op : body.ops()) {
    auto loops = dyn_cast<mlir::linalg::LinalgOp>(op);
    unsigned count = loops ? loops.getNumLoops() : 0;
    if (loops ? !dearest || count > mostLoops
              : op->getName().getDialectNamespace() == "graph") {
      dearest = op;
      mostLoops = count;
    }
  }
  if (dearest)
    setOp(dearest);
}

void Frame::setOp(mlir::Operation *op) {
  if (lines)
    b.SetCurrentDebugLocation(
        DILocation::get(b.getContext(), body.number(op), 0, lines));
}

Type *Frame::memoryTypeOf(mlir::Type type) {
  return memoryType(type, b.getContext());
}

int64_t Frame::bytesOf(mlir::Type type) {
  return int64_t(memoryTypeOf(type)->getScalarSizeInBits() / 8);
}

Value *Frame::loadScalar(mlir::Type type, Value *slot) {
  if (!type.isInteger(1))
    return b.CreateLoad(memoryTypeOf(type), slot);
  return b.CreateICmpNE(b.CreateLoad(b.getInt32Ty(), slot), b.getInt32(0));
}

void Frame::placeArguments(ValueRange buffers, Value *scalars) {
  kernel::FuncOp func = body.func();
  unsigned scalarNumber = 0;
  for (mlir::BlockArgument argument : func.getBlock()->getArguments()) {
    auto type = dyn_cast<mlir::RankedTensorType>(argument.getType());
    if (!type) {
      Value *slot =
          b.CreateConstGEP1_64(b.getInt64Ty(), scalars, scalarNumber++);
      scalarValues[argument] = loadScalar(argument.getType(), slot);
      continue;
    }
    SmallVector<Extent> extents;
    for (unsigned axis = 0; axis < type.getRank(); ++axis)
      extents.push_back(body.extent(argument, axis));
    setStorage(argument, dense(buffers[body.bufferNumber(argument)],
                               type.getElementType(), extents));
  }
}

Value *Frame::extent(const Extent &extent) {
  if (extent.isFixed())
    return b.index(extent.plus);
  Value *base = extent.value ? scalar(extent.value) : dimValues[extent.dim];
  return b.add(b.multiply(base, b.index(extent.scale)), b.index(extent.plus));
}

Value *Frame::product(ArrayRef<Extent> extents) {
  Value *result = b.index(1);
  for (const Extent &factor : extents)
    result = b.multiply(result, extent(factor));
  return result;
}

Value *Frame::scalar(mlir::Value value) {
  if (Value *known = scalarValues.lookup(value))
    return known;
  mlir::Operation *op = value.getDefiningOp();
  if (!op)
    return nullptr;
  if (auto size = dyn_cast<kernel::SizeOp>(op))
    return dimValues[size.getDim()];
  if (auto dim = dyn_cast<mlir::tensor::DimOp>(op)) {
    std::optional<int64_t> axis = dim.getConstantIndex();
    return axis ? extent(body.extent(dim.getSource(), unsigned(*axis)))
                : nullptr;
  }
  Values operands;
  for (mlir::Value operand : op->getOperands()) {
    Value *number = isa<mlir::RankedTensorType>(operand.getType())
                        ? nullptr
                        : scalar(operand);
    if (!number)
      return nullptr;
    operands.push_back(number);
  }
  Values results = ScalarOps(b, 1).emit(op, operands);
  unsigned number = cast<mlir::OpResult>(value).getResultNumber();
  return number < results.size() ? results[number] : nullptr;
}

const Storage *Frame::storage(mlir::Value tensor) const {
  auto found = storages.find(tensor);
  return found == storages.end() ? nullptr : &found->second;
}

void Frame::setStorage(mlir::Value tensor, Storage where) {
  storages[tensor] = std::move(where);
}

Storage Frame::dense(Value *base, mlir::Type elementType,
                     ArrayRef<Extent> extents) {
  Storage result{base, elementType, Values(extents.size())};
  Value *stride = b.index(1);
  for (size_t axis = extents.size(); axis-- > 0;) {
    result.strides[axis] = stride;
    if (axis)
      stride = b.multiply(stride, extent(extents[axis]));
  }
  return result;
}

Value *Frame::indexOf(mlir::OpFoldResult value) {
  if (std::optional<int64_t> constant = mlir::getConstantIntValue(value))
    return b.index(*constant);
  return scalar(cast<mlir::Value>(value));
}

Storage Frame::part(const Destination &where) {
  const Storage &whole = *storage(body.func().getOutArgs()[where.out]);
  if (where.offsets.empty())
    return whole;
  Storage result{nullptr, whole.elementType, {}};
  Value *offset = b.index(0);
  size_t kept = 0;
  for (unsigned axis = 0; axis < where.offsets.size(); ++axis) {
    Value *stride = whole.strides[axis];
    offset = b.add(offset, b.multiply(indexOf(where.offsets[axis]), stride));
    if (where.dropped[axis])
      continue;
    stride = b.multiply(stride, b.index(where.steps[axis]));
    size_t first = result.strides.size(), count = 1;
    if (!where.digits.empty())
      count = where.digits[kept].size();
    result.strides.resize(first + count);
    for (size_t digit = count; digit-- > 0;) {
      result.strides[first + digit] = stride;
      if (digit > 0)
        stride = b.multiply(stride, extent(where.digits[kept][digit]));
    }
    ++kept;
  }
  result.base =
      b.CreateInBoundsGEP(memoryTypeOf(whole.elementType), whole.base, offset);
  return result;
}

} // namespace lamina::cpu
