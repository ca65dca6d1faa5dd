// SPDX-License-Identifier: Apache-2.0
//
// What the ops of the kernel dialect ask for.

#include "dialects/Graph/Shape.h"
#include "dialects/Kernel/KernelOps.h"

using namespace mlir;
using namespace lamina;
using namespace lamina::kernel;
using graph::SizeExpr;

//===----------------------------------------------------------------------===//
// Kernels
//===----------------------------------------------------------------------===//

static LogicalResult verifyArguments(FuncOp op) {
  auto arguments = op.getBlock()->getArguments();
  if (arguments.size() < op.getNumOuts())
    return op.emitOpError() << "has " << arguments.size() << " arguments, but "
                            << op.getNumOuts() << " outs";
  for (BlockArgument out : op.getOutArgs())
    if (!isa<RankedTensorType>(out.getType()))
      return op.emitOpError()
             << "has the out " << out.getType() << ", which is no tensor";
  bool scalars = false;
  for (BlockArgument in : arguments.drop_back(op.getNumOuts())) {
    bool tensor = isa<RankedTensorType>(in.getType());
    if (tensor && scalars)
      return op.emitOpError("has a tensor input behind its scalars");
    scalars |= !tensor;
  }
  return success();
}

static LogicalResult verifyShape(FuncOp op, RankedTensorType type,
                                 Attribute shape) {
  auto dims = dyn_cast<DenseI64ArrayAttr>(shape);
  if (!dims || dims.size() != static_cast<int64_t>(type.getNumDynamicDims()))
    return op.emitOpError() << "does not name every '?' of " << type;
  if (type.getEncoding())
    return op.emitOpError() << "has the encoded type " << type;
  for (int64_t dim : dims.asArrayRef())
    if (dim < 0 || dim >= int64_t(op.getDims().size()))
      return op.emitOpError() << "has " << op.getDims().size()
                              << " dims, but a shape names dim " << dim;
  return success();
}

LogicalResult FuncOp::verify() { return success(); }

LogicalResult FuncOp::verifyRegions() {
  if (failed(verifyArguments(*this)))
    return failure();
  SmallVector<RankedTensorType> tensors;
  for (BlockArgument argument : getBlock()->getArguments())
    if (auto type = dyn_cast<RankedTensorType>(argument.getType()))
      tensors.push_back(type);
  if (tensors.size() != getShapes().size())
    return emitOpError() << "has " << tensors.size() << " tensors, but "
                         << getShapes().size() << " shapes";
  for (auto [type, shape] : llvm::zip(tensors, getShapes()))
    if (failed(verifyShape(*this, type, shape)))
      return failure();
  auto ret = dyn_cast<ReturnOp>(getBlock()->getTerminator());
  if (!ret || ret.getValues().getTypes() != ValueRange(getOutArgs()).getTypes())
    return emitOpError("does not return a value of the type of each out");
  return success();
}

LogicalResult SizeOp::verify() {
  int64_t count = (*this)->getParentOfType<FuncOp>().getDims().size();
  if (getDim() < uint64_t(count))
    return success();
  return emitOpError("is that of dim ")
         << getDim() << ", but the kernel has " << count;
}

//===----------------------------------------------------------------------===//
// Launches
//===----------------------------------------------------------------------===//

/// The number of elements of a kernel's tensor when its dims have these sizes.
static SizeExpr countElements(RankedTensorType type, ArrayRef<int64_t> shape,
                              graph::DimsAttr dims) {
  SizeExpr count(1);
  for (int64_t size : type.getShape()) {
    if (ShapedType::isDynamic(size)) {
      count = count * dims.getSize(shape.front());
      shape = shape.drop_front();
    } else {
      count = count * SizeExpr(size);
    }
  }
  return count;
}

static LogicalResult verifyTensor(LaunchOp op, FuncOp func, unsigned index,
                                  BlockArgument argument, Type given) {
  auto want = cast<RankedTensorType>(argument.getType());
  auto have = cast<RankedTensorType>(given);
  SizeExpr wanted = countElements(want, func.getShape(index), op.getDims());
  SizeExpr had = graph::getElementCount(graph::getShape(have));
  if (want.getElementType() == have.getElementType() && wanted == had)
    return success();
  auto diag = op.emitOpError() << "hands " << have << " (" << had.str()
                               << " elements) to a kernel's " << want << " ("
                               << wanted.str() << " elements)";
  diag.attachNote(func.getLoc()) << "kernel '" << func.getSymName() << "'";
  return diag;
}

static LogicalResult verifyScalars(LaunchOp op, FuncOp func) {
  SmallVector<Type> given;
  for (Value scalar : op.getScalars()) {
    auto type = cast<RankedTensorType>(scalar.getType());
    if (!isHostType(type))
      return op.emitOpError() << "has the scalar " << type;
    given.append(getNumScalars(type), type.getElementType());
  }
  if (TypeRange(given) != ValueRange(func.getScalarArgs()).getTypes())
    return op.emitOpError("has other scalars than its kernel");
  return success();
}

LogicalResult LaunchOp::verifySymbolUses(SymbolTableCollection &symbols) {
  auto func = symbols.lookupNearestSymbolFrom<FuncOp>(*this, getKernelAttr());
  if (!func)
    return emitOpError() << "has no kernel '" << getKernel() << "'";
  if (getIns().size() != func.getInArgs().size() ||
      getNumResults() != func.getNumOuts() ||
      getDims().size() != func.getDims().size() ||
      getTied().size() != getInits().size())
    return emitOpError() << "has other operands, results or dims than kernel '"
                         << getKernel() << "'";
  unsigned index = 0;
  for (auto [argument, in] : llvm::zip(func.getInArgs(), getIns()))
    if (failed(verifyTensor(*this, func, index++, argument, in.getType())))
      return failure();
  for (auto [argument, result] : llvm::zip(func.getOutArgs(), getResults()))
    if (failed(verifyTensor(*this, func, index++, argument, result.getType())))
      return failure();
  for (auto [init, tied] : llvm::zip(getInits(), getTied()))
    if (tied < 0 || tied >= getNumResults() ||
        graph::getElementCount(graph::getShape(init)) !=
            graph::getElementCount(graph::getShape(getResult(tied))))
      return emitOpError() << "ties " << init.getType() << " to out " << tied;
  return verifyScalars(*this, func);
}

//===----------------------------------------------------------------------===//
// Regions
//===----------------------------------------------------------------------===//

LogicalResult HostOp::verifyRegions() {
  auto yield = dyn_cast<YieldOp>(getBlock()->getTerminator());
  if (TypeRange(getBlock()->getArgumentTypes()) != getInputs().getTypes() ||
      !yield || yield.getValues().getTypes() != getResultTypes())
    return emitOpError("has a body of other inputs or results");
  for (Type type : getResultTypes())
    if (!isHostType(type))
      return emitOpError() << "gives " << type << ", which is no number";
  return success();
}

/// The type of one row of a stack: the first axis taken away.
static RankedTensorType getRow(Type type) {
  auto stack = cast<RankedTensorType>(type);
  graph::Shape shape = graph::getShape(stack);
  return graph::getTensorType(ArrayRef(shape).drop_front(),
                              stack.getElementType());
}

LogicalResult LoopOp::verifyRegions() {
  SmallVector<Type> want(getInit().getTypes());
  for (Type type : getOver().getTypes())
    want.push_back(getRow(type));
  llvm::append_range(want, getWith().getTypes());
  auto have = getBodyBlock()->getArgumentTypes();
  if (have.empty() || TypeRange(have).drop_front() != TypeRange(want))
    return emitOpError("has a body of other arguments");
  auto yield = dyn_cast<YieldOp>(getBodyBlock()->getTerminator());
  SmallVector<Type> rows;
  for (Type type : getStacks().getTypes())
    rows.push_back(getRow(type));
  if (!yield || yield.getValues().getTypes() != getInit().getTypes() ||
      getCarries().getTypes() != getInit().getTypes() ||
      yield.getStacked().getTypes() != TypeRange(rows))
    return emitOpError("yields other values than its carries and stacks");
  return success();
}

LogicalResult IfOp::verifyRegions() {
  for (Region *region : {&getTaken(), &getOtherwise()}) {
    auto yield = dyn_cast<YieldOp>(region->front().getTerminator());
    if (TypeRange(region->front().getArgumentTypes()) != getWith().getTypes() ||
        !yield || yield.getValues().getTypes() != getResultTypes())
      return emitOpError("has a branch of other arguments or results");
  }
  return success();
}
