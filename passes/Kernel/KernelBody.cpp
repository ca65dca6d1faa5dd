// SPDX-License-Identifier: Apache-2.0
//
// A kernel in the making.

#include "passes/Kernel/KernelBody.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"

using namespace mlir;
using namespace lamina;

static constexpr llvm::StringLiteral kCluster = "kernel.cluster";

std::optional<int64_t> lamina::getCluster(Operation *op) {
  if (auto attr = op->getAttrOfType<IntegerAttr>(kCluster))
    return attr.getInt();
  return std::nullopt;
}

void lamina::setCluster(Operation *op, int64_t cluster) {
  op->setAttr(kCluster, IntegerAttr::get(IntegerType::get(op->getContext(), 64),
                                         cluster));
}

void lamina::clearCluster(Operation *op) { op->removeAttr(kCluster); }

KernelBody::KernelBody(MLIRContext *context, Location loc,
                       const Cluster &cluster, const HostValues &host,
                       MutableArrayRef<IndexSpace> spaces)
    : cluster(cluster), host(host), builder(context), loc(loc), spaces(spaces) {
  func = kernel::FuncOp::create(
      builder, loc, kernel::KindAttr::get(context, cluster.kind),
      builder.getStringAttr("kernel"), builder.getI64IntegerAttr(0),
      builder.getStrArrayAttr({}), builder.getArrayAttr({}));
  func.getBody().push_back(new Block);
  builder.setInsertionPointToEnd(func.getBlock());
}

KernelBody::~KernelBody() {
  if (func)
    func.erase();
}

unsigned KernelBody::getDim(const SizeExpr &size) {
  auto found = llvm::find(dims, size);
  if (found == dims.end())
    found = dims.insert(dims.end(), size);
  return found - dims.begin();
}

void KernelBody::fillShape(ArrayRef<SizeExpr> extents, ArrayRef<bool> runtime,
                           SmallVectorImpl<int64_t> &numbers) {
  for (auto [extent, dynamic] : llvm::zip(extents, runtime))
    if (dynamic || !extent.isConstant())
      numbers.push_back(getDim(extent));
}

RankedTensorType KernelBody::getType(ArrayRef<SizeExpr> extents,
                                     ArrayRef<bool> runtime, Type element) {
  SmallVector<int64_t> shape;
  for (auto [extent, dynamic] : llvm::zip(extents, runtime))
    shape.push_back(dynamic || !extent.isConstant() ? ShapedType::kDynamic
                                                    : *extent.getConstant());
  return RankedTensorType::get(shape, element);
}

static std::string describe(ArrayRef<SizeExpr> extents,
                            ArrayRef<bool> runtime) {
  std::string text;
  for (auto [extent, dynamic] : llvm::zip(extents, runtime))
    text += extent.str() + (dynamic ? "?" : "") + ",";
  return text;
}

Value KernelBody::getTensor(Value source, ArrayRef<SizeExpr> extents,
                            ArrayRef<bool> runtime) {
  auto key =
      std::make_pair(source.getAsOpaquePointer(), describe(extents, runtime));
  Value &argument = tensors[key];
  if (argument)
    return argument;
  Type element = cast<RankedTensorType>(source.getType()).getElementType();
  argument = func.getBlock()->insertArgument(
      ins.size(), getType(extents, runtime, element), loc);
  ins.push_back(source);
  fillShape(extents, runtime, inShapes.emplace_back());
  return argument;
}

SmallVector<Value> KernelBody::getScalar(Value value) {
  auto type = cast<RankedTensorType>(value.getType());
  unsigned count = kernel::getNumScalars(type);
  auto [entry, isNew] = hostScalars.try_emplace(value, numScalarArgs);
  if (isNew) {
    for (unsigned i = 0; i < count; ++i)
      func.getBlock()->insertArgument(ins.size() + numScalarArgs++,
                                      type.getElementType(), loc);
    scalars.push_back({value, {}});
  }
  SmallVector<Value> arguments;
  for (unsigned i = 0; i < count; ++i)
    arguments.push_back(
        func.getBlock()->getArgument(ins.size() + entry->second + i));
  return arguments;
}

Value KernelBody::getScalar(TypedAttr constant) {
  auto [entry, isNew] = constantScalars.try_emplace(constant, numScalarArgs);
  if (isNew) {
    func.getBlock()->insertArgument(ins.size() + numScalarArgs++,
                                    constant.getType(), loc);
    scalars.push_back({{}, constant});
  }
  return func.getBlock()->getArgument(ins.size() + entry->second);
}

Value KernelBody::addOut(Value output, ArrayRef<SizeExpr> extents,
                         ArrayRef<bool> runtime, Value init) {
  Type element = cast<RankedTensorType>(output.getType()).getElementType();
  Value argument =
      func.getBlock()->addArgument(getType(extents, runtime, element), loc);
  if (init)
    inits.push_back({int64_t(outs.size()), init});
  outs.push_back(output);
  fillShape(extents, runtime, outShapes.emplace_back());
  return argument;
}

Value KernelBody::getSize(const SizeExpr &size, bool runtime) {
  if (size.isConstant() && !runtime)
    return arith::ConstantIndexOp::create(builder, loc, *size.getConstant());
  return kernel::SizeOp::create(builder, loc, builder.getIndexType(),
                                getDim(size));
}

Value KernelBody::createEmpty(ArrayRef<SizeExpr> extents,
                              ArrayRef<bool> runtime, Type element) {
  auto type = getType(extents, runtime, element);
  SmallVector<Value> sizes;
  for (auto [axis, extent] : llvm::enumerate(extents))
    if (type.isDynamicDim(axis))
      sizes.push_back(getSize(extent, true));
  return tensor::EmptyOp::create(builder, loc, type, sizes);
}

kernel::FuncOp KernelBody::finish(StringRef name, ValueRange results) {
  kernel::ReturnOp::create(builder, loc, results);
  SmallVector<std::string> names;
  for (unsigned i = 0; i < dims.size(); ++i)
    names.push_back("d" + std::to_string(i));
  SmallVector<StringRef> nameRefs(names.begin(), names.end());
  SmallVector<Attribute> shapes;
  for (auto *list : {&inShapes, &outShapes})
    for (const SmallVector<int64_t> &shape : *list)
      shapes.push_back(builder.getDenseI64ArrayAttr(shape));
  func.setSymName(name);
  func.setOuts(outs.size());
  func.setDimsAttr(builder.getStrArrayAttr(nameRefs));
  func.setShapesAttr(builder.getArrayAttr(shapes));
  return std::exchange(func, {});
}

void KernelBody::refuse(Operation *op, const Twine &message,
                        const Twine &wayOut) {
  if (!failed)
    emitError(op->getLoc()).append(message).attachNote().append(wayOut);
  failed = true;
}

void KernelBody::fail(Operation *op, const Twine &message) {
  if (!failed)
    emitError(op ? op->getLoc() : loc) << message;
  failed = true;
}
