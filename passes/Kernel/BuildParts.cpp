// SPDX-License-Identifier: Apache-2.0
//
// Kernels that write a whole part by part.
//
// `concat`, `pad` and `dynamic_update`: each part is one generic on a slice of
// the result, with the loops of the part. Where these are digits of its axes
// the slice is seen with an axis a digit.

#include "passes/Kernel/BuildKernel.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"

using namespace mlir;
using namespace lamina;

namespace {
/// A tensor and where it goes.
struct Part {
  Value source;
  SmallVector<SizeExpr> starts;
  SmallVector<int64_t> steps;
  SmallVector<std::pair<unsigned, Value>> dynamicStarts; // axis, start
};

/// The slice of the whole that a part is written to.
struct Slice {
  SmallVector<OpFoldResult> starts, sizes, steps; // for each axis of the whole
  SmallVector<int64_t> shape;                     // without axes of one element
  // The same by loops, of which an axis may have several.
  SmallVector<OpFoldResult> loopSizes;
  SmallVector<int64_t> loopShape;
  SmallVector<ReassociationIndices> loopsOfAxes;
};

class PartsWriter {
public:
  explicit PartsWriter(const Cluster &cluster)
      : whole(cluster.outputs.front()) {
    Operation *op = whole.getDefiningOp();
    unsigned rank = cast<RankedTensorType>(whole.getType()).getRank();
    auto addPart = [&](Value source) -> Part & {
      Part &part = parts.emplace_back();
      part.source = source;
      part.starts.assign(rank, SizeExpr(0));
      part.steps.assign(rank, 1);
      return part;
    };
    if (auto concat = dyn_cast<graph::ConcatOp>(op)) {
      SizeExpr start(0);
      for (Value input : concat.getInputs()) {
        addPart(input).starts[concat.getAxis()] = start;
        start = start + graph::getShape(input)[concat.getAxis()];
      }
      return;
    }
    if (auto pad = dyn_cast<graph::PadOp>(op)) {
      fill = pad.getValue();
      Part &part = addPart(pad.getX());
      for (unsigned axis = 0; axis < rank; ++axis) {
        part.starts[axis] = SizeExpr(pad.getLow()[axis]);
        part.steps[axis] = pad.getInterior()[axis] + 1;
      }
      return;
    }
    auto update = cast<graph::DynamicUpdateOp>(op);
    before = update.getX();
    Part &part = addPart(update.getUpdate());
    for (auto [axis, start] : llvm::zip(update.getAxes(), update.getStarts()))
      part.dynamicStarts.push_back({unsigned(axis), start});
  }

  /// The loops of the whole (for its fill), then of each part.
  std::vector<IndexSpace> getSpaces() const {
    std::vector<IndexSpace> spaces = {IndexSpace(graph::getShape(whole))};
    for (const Part &part : parts)
      spaces.emplace_back(graph::getShape(part.source));
    return spaces;
  }

  SmallVector<Value> write(KernelBody &body);

private:
  Value writePart(KernelBody &body, const Part &part, Value tensor);
  OpFoldResult getStart(KernelBody &body, const Part &part, unsigned axis);
  Slice getSlice(KernelBody &body, const Part &part);

  Value whole, fill, before;
  SmallVector<Part, 2> parts;
};
} // namespace

static OpFoldResult getSize(KernelBody &body, const SizeExpr &size) {
  if (auto constant = size.getConstant())
    return body.builder.getIndexAttr(*constant);
  return body.getSize(size, true);
}

OpFoldResult PartsWriter::getStart(KernelBody &body, const Part &part,
                                   unsigned axis) {
  for (auto [at, start] : part.dynamicStarts) {
    if (at != axis)
      continue;
    Value value = body.getScalar(start).front();
    if (value.getType().isIndex())
      return value;
    return arith::IndexCastOp::create(body.builder, body.loc,
                                      body.builder.getIndexType(), value)
        .getResult();
  }
  return getSize(body, part.starts[axis]);
}

Slice PartsWriter::getSlice(KernelBody &body, const Part &part) {
  IndexSpace &space = body.space();
  graph::Shape shape = graph::getShape(part.source);
  Slice slice;
  auto getNumber = [](const SizeExpr &size) {
    return size.getConstant().value_or(ShapedType::kDynamic);
  };
  for (unsigned axis = 0; axis < shape.size(); ++axis) {
    slice.starts.push_back(getStart(body, part, axis));
    slice.sizes.push_back(getSize(body, shape[axis]));
    slice.steps.push_back(body.builder.getIndexAttr(part.steps[axis]));
    if (isOne(shape[axis])) // an axis of one element has no loop
      continue;
    slice.shape.push_back(getNumber(shape[axis]));
    auto [first, end] = space.getLoops(axis, axis + 1);
    ReassociationIndices &loops = slice.loopsOfAxes.emplace_back();
    for (unsigned loop = first; loop < end; ++loop) {
      loops.push_back(slice.loopSizes.size());
      slice.loopSizes.push_back(getSize(body, space.getExtent(loop)));
      slice.loopShape.push_back(getNumber(space.getExtent(loop)));
    }
  }
  return slice;
}

Value PartsWriter::writePart(KernelBody &body, const Part &part, Value tensor) {
  IndexSpace &space = body.space();
  graph::Shape shape = graph::getShape(part.source);
  auto index = space.getIndex(0, shape.size(), shape);
  // The axes of the slice are those of the whole: loops are not joined.
  for (unsigned loop = 0; loop < space.getNumLoops(); ++loop)
    space.keepApart(loop);
  Stored none;
  auto groups = getGroups(space, 0, space.getNumLoops());
  ElementCode code(body, none, groups);
  Value element = code.get(part.source, *index);
  if (body.hasFailed() || space.needsRefinement())
    return tensor;
  Slice slice = getSlice(body, part);
  if (body.hasFailed())
    return tensor;
  Type elementType = cast<RankedTensorType>(tensor.getType()).getElementType();
  auto type = RankedTensorType::get(slice.shape, elementType);
  auto loopType = RankedTensorType::get(slice.loopShape, elementType);
  Value place =
      tensor::ExtractSliceOp::create(body.builder, body.loc, type, tensor,
                                     slice.starts, slice.sizes, slice.steps);
  if (loopType != type)
    place =
        tensor::ExpandShapeOp::create(body.builder, body.loc, loopType, place,
                                      slice.loopsOfAxes, slice.loopSizes);
  code.addOut(place, code.getMap(groups));
  code.setOut(0, element);
  Value written = code.finish({}).front();
  if (loopType != type)
    written = tensor::CollapseShapeOp::create(body.builder, body.loc, type,
                                              written, slice.loopsOfAxes);
  return tensor::InsertSliceOp::create(body.builder, body.loc, written, tensor,
                                       slice.starts, slice.sizes, slice.steps);
}

SmallVector<Value> PartsWriter::write(KernelBody &body) {
  graph::Shape shape = graph::getShape(whole);
  SmallVector<bool> fixed(shape.size(), false);
  Value tensor = body.addOut(whole, shape, fixed, before);
  if (fill) {
    body.enter(0);
    Stored none;
    DenseElementsAttr dense;
    Value value;
    if (matchPattern(fill, m_Constant(&dense)) && dense.isSplat())
      value = arith::ConstantOp::create(body.builder, body.loc,
                                        dense.getSplatValue<TypedAttr>());
    else if (body.host.contains(fill))
      value = body.getScalar(fill).front();
    else
      value = tensor::ExtractOp::create(
          body.builder, body.loc, body.getTensor(fill, {}, {}), ValueRange());
    tensor = linalg::FillOp::create(body.builder, body.loc, value, tensor)
                 .getResult(0);
  }
  for (auto [number, part] : llvm::enumerate(parts)) {
    body.enter(number + 1);
    tensor = writePart(body, part, tensor);
    if (body.hasFailed() || body.space().needsRefinement())
      break;
  }
  return {tensor};
}

FailureOr<BuiltKernel> lamina::buildParts(const Cluster &cluster,
                                          const HostValues &host,
                                          StringRef name) {
  PartsWriter writer(cluster);
  return writeKernel(cluster, host, name, writer.getSpaces(),
                     [&](KernelBody &body) { return writer.write(body); });
}
