// SPDX-License-Identifier: Apache-2.0
//
// Row and column kernels.
//
// A cluster of reductions over the same axes becomes levels: level 0 is what no
// reduction is needed for, level n + 1 what needs a reduction of level n. Each
// level is one generic over the kept axes and one over all axes, so a row is
// walked once a level. An element that a later level needs again is computed
// again where that is cheap, else kept in an intermediate.

#include "passes/Kernel/BuildKernel.h"
#include "passes/Kernel/ElementCost.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"

#include <map>
#include <set>

using namespace mlir;
using namespace lamina;

namespace {
class ReductionWriter {
public:
  explicit ReductionWriter(const Cluster &cluster) : cluster(cluster) {
    for (Operation *op : cluster.ops)
      if (auto reduce = dyn_cast<graph::ReduceOp>(op))
        reduces.push_back(reduce);
    shape = graph::getShape(reduces.front().getX());
    for (unsigned axis = 0; axis < shape.size(); ++axis)
      if (!llvm::is_contained(reduces.front().getAxes(), int64_t(axis)))
        kept.push_back(axis);
    chooseStored();
  }

  const graph::Shape &getDomain() const { return shape; }
  SmallVector<Value> write(KernelBody &body);

private:
  bool isInside(Value value) const {
    Operation *op = value.getDefiningOp();
    return op && cluster.contains(op);
  }
  /// Whether the value has one element for each row.
  bool isRow(Value value) const;
  unsigned getLevel(Value value);
  void chooseStored();
  /// Collects the values that are read at places computed from data or index:
  /// what is kept can be read at its own place only.
  void findMoved(Value value, bool isMoved);
  /// Finds the values of lower levels that computing `value` at `level` would
  /// repeat at a price, and stores them.
  void demand(Value value, unsigned level);
  bool feedsElements(Value value) const;

  std::optional<Index> getIndex(KernelBody &body, Value value);
  void writeRows(KernelBody &body, unsigned level);
  void writeElements(KernelBody &body, unsigned level);
  bool getElements(KernelBody &body, ElementCode &code,
                   SmallVectorImpl<Value> &values);
  Value getNeutralRows(KernelBody &body, graph::ReduceOp reduce);
  Value getDestination(KernelBody &body, Value value,
                       ArrayRef<unsigned> groups);

  const Cluster &cluster;
  SmallVector<graph::ReduceOp> reduces;
  graph::Shape shape;
  SmallVector<unsigned> kept;
  llvm::DenseMap<Value, unsigned> levels;
  llvm::SetVector<Value> keptRows, keptElements;
  std::set<std::pair<const void *, unsigned>> demanded;
  std::map<const void *, bool> visited; // whether at another place
  llvm::DenseSet<Value> moved;
  unsigned numLevels = 0;

  // of one attempt
  Stored stored;
  llvm::DenseMap<Value, Value> outs;
  SmallVector<unsigned> rowGroups, allGroups, reducedGroups;
};
} // namespace

bool ReductionWriter::isRow(Value value) const {
  if (value.getDefiningOp<graph::ReduceOp>() && isInside(value))
    return true;
  SizeExpr rows(1);
  for (unsigned axis : kept)
    rows = rows * shape[axis];
  return graph::getElementCount(graph::getShape(value)) == rows &&
         rows != graph::getElementCount(shape);
}

/// The level of a value, through views and members alike.
unsigned ReductionWriter::getLevel(Value value) {
  if (auto found = levels.find(value); found != levels.end())
    return found->second;
  Operation *op = value.getDefiningOp();
  unsigned level = 0;
  if (op && (!getCluster(op) || cluster.contains(op)) &&
      op->getNumRegions() == 0) {
    for (Value operand : op->getOperands())
      level = std::max(level, getLevel(operand));
    if (isa<graph::ReduceOp>(op))
      ++level;
  }
  return levels[value] = level;
}

/// Whether an element of all axes is computed from the value: directly or
/// through views.
bool ReductionWriter::feedsElements(Value value) const {
  for (Operation *user : value.getUsers()) {
    if (getCluster(user) && !cluster.contains(user))
      continue;
    if (isa<graph::ReduceOp>(user) && cluster.contains(user))
      return true;
    if (user->getNumResults() == 0)
      continue;
    Value result = user->getResult(0);
    if (cluster.contains(user) ? !isRow(result) : feedsElements(result))
      return true;
  }
  return false;
}

void ReductionWriter::chooseStored() {
  for (Operation *op : cluster.ops)
    for (Value result : op->getResults()) {
      numLevels = std::max(numLevels, getLevel(result) + 1);
      bool isOutput = llvm::is_contained(cluster.outputs, result);
      if (isa<graph::ReduceOp>(op))
        continue;
      if (isRow(result) ? isOutput || feedsElements(result) : isOutput)
        (isRow(result) ? keptRows : keptElements).insert(result);
    }
  for (Operation *op : cluster.ops)
    for (Value result : op->getResults())
      findMoved(result, /*isMoved=*/false);
  for (graph::ReduceOp reduce : reduces)
    demand(reduce.getX(), getLevel(reduce.getX()));
  // Grows while it is walked.
  for (unsigned i = 0; i < keptElements.size(); ++i)
    for (Value operand : keptElements[i].getDefiningOp()->getOperands())
      demand(operand, getLevel(keptElements[i]));
}

void ReductionWriter::findMoved(Value value, bool isMoved) {
  Operation *op = value.getDefiningOp();
  if (!op || (getCluster(op) && !cluster.contains(op)) ||
      op->getNumRegions() != 0)
    return;
  auto [entry, isNew] =
      visited.try_emplace(value.getAsOpaquePointer(), isMoved);
  if (!isNew && (entry->second || !isMoved))
    return;
  entry->second = isMoved;
  if (isMoved)
    moved.insert(value);
  auto window = dyn_cast<graph::WindowOp>(op);
  bool moves =
      isa<graph::GatherOp, graph::DynamicSliceOp, graph::UnwindowOp>(op) ||
      (window && window.getOutside());
  for (Value operand : op->getOperands())
    findMoved(operand, isMoved || moves);
}

void ReductionWriter::demand(Value value, unsigned level) {
  Operation *op = value.getDefiningOp();
  if (!op || (getCluster(op) && !cluster.contains(op)) ||
      !demanded.insert({value.getAsOpaquePointer(), level}).second)
    return;
  if (isa<graph::ReduceOp>(op) || keptRows.contains(value) ||
      keptElements.contains(value) || isRow(value))
    return;
  if (isInside(value) && !moved.contains(value) && getLevel(value) < level &&
      getElementCost(value, [&](Value v) {
        return isa_and_present<graph::ReduceOp>(v.getDefiningOp()) ||
               isRow(v) || keptElements.contains(v) ||
               (v.getDefiningOp() && getCluster(v.getDefiningOp()) &&
                !isInside(v));
      }) >= kWorthStoring) {
    keptElements.insert(value);
    return;
  }
  for (Value operand : op->getOperands())
    demand(operand, level);
}

std::optional<Index> ReductionWriter::getIndex(KernelBody &body, Value value) {
  graph::Shape want = graph::getShape(value);
  Index index;
  if (isRow(value)) {
    for (unsigned axis : kept)
      index.push_back(body.space().getAxis(axis));
  } else {
    for (unsigned axis = 0; axis < shape.size(); ++axis)
      index.push_back(body.space().getAxis(axis));
  }
  auto result = body.space().reshape(index, want);
  if (!result && !body.space().needsRefinement())
    body.fail(value.getDefiningOp(),
              "has the elements of its kernel in another order");
  return result;
}

Value ReductionWriter::getDestination(KernelBody &body, Value value,
                                      ArrayRef<unsigned> groups) {
  if (Value out = outs.lookup(value))
    return out;
  OutAxes axes = getOutAxes(body, groups);
  return body.createEmpty(
      axes.extents, axes.runtime,
      cast<RankedTensorType>(value.getType()).getElementType());
}

void ReductionWriter::writeRows(KernelBody &body, unsigned level) {
  SmallVector<Value> values;
  for (Value value : keptRows)
    if (getLevel(value) == level)
      values.push_back(value);
  if (values.empty())
    return;
  ElementCode code(body, stored, rowGroups);
  SmallVector<Value> elements;
  for (Value value : values) {
    auto index = getIndex(body, value);
    elements.push_back(index ? code.get(value, *index) : Value());
    if (!index)
      return;
  }
  for (auto [number, value] : llvm::enumerate(values)) {
    code.addOut(getDestination(body, value, rowGroups), code.getMap(rowGroups));
    code.setOut(number, elements[number]);
  }
  for (auto [value, tensor] : llvm::zip(values, code.finish({})))
    stored[value] = tensor;
}

/// Puts the element of each value in its place; false if one has no index.
bool ReductionWriter::getElements(KernelBody &body, ElementCode &code,
                                  SmallVectorImpl<Value> &values) {
  for (Value &value : values) {
    auto index = getIndex(body, value);
    if (!index)
      return false;
    value = code.get(value, *index);
  }
  return true;
}

Value ReductionWriter::getNeutralRows(KernelBody &body,
                                      graph::ReduceOp reduce) {
  Value tensor = getDestination(body, reduce.getResult(), rowGroups);
  Type element = cast<RankedTensorType>(tensor.getType()).getElementType();
  Value neutral = arith::ConstantOp::create(
      body.builder, body.loc, getNeutral(reduce.getKind(), element));
  return linalg::FillOp::create(body.builder, body.loc, neutral, tensor)
      .getResult(0);
}

void ReductionWriter::writeElements(KernelBody &body, unsigned level) {
  SmallVector<Value> values;
  SmallVector<graph::ReduceOp> sums;
  for (Value value : keptElements)
    if (getLevel(value) == level)
      values.push_back(value);
  for (graph::ReduceOp reduce : reduces)
    if (getLevel(reduce.getX()) == level)
      sums.push_back(reduce);
  if (values.empty() && sums.empty())
    return;
  ElementCode code(body, stored, allGroups);
  SmallVector<Value> elements = values;
  for (graph::ReduceOp reduce : sums)
    elements.push_back(reduce.getX());
  if (!getElements(body, code, elements))
    return;
  unsigned number = 0;
  for (Value value : values) {
    code.addOut(getDestination(body, value, allGroups), code.getMap(allGroups));
    code.setOut(number, elements[number]);
    ++number;
  }
  for (graph::ReduceOp reduce : sums) {
    code.addOut(getNeutralRows(body, reduce), code.getMap(rowGroups));
    code.setOut(number, elements[number], reduce.getKind());
    ++number;
  }
  auto results = code.finish(sums.empty() ? ArrayRef<unsigned>()
                                          : ArrayRef(reducedGroups));
  for (auto [value, tensor] : llvm::zip(values, results))
    stored[value] = tensor;
  for (auto [reduce, tensor] :
       llvm::zip(sums, results.drop_front(values.size())))
    stored[reduce.getResult()] = tensor;
}

SmallVector<Value> ReductionWriter::write(KernelBody &body) {
  IndexSpace &space = body.space();
  stored.clear();
  outs.clear();
  allGroups = getGroups(space, 0, space.getNumLoops());
  rowGroups.clear();
  reducedGroups.clear();
  for (unsigned axis = 0; axis < shape.size(); ++axis) {
    auto [first, end] = space.getLoops(axis, axis + 1);
    bool isKept = llvm::is_contained(kept, axis);
    for (unsigned group : getGroups(space, first, end))
      if (auto &list = isKept ? rowGroups : reducedGroups;
          !llvm::is_contained(list, group))
        list.push_back(group);
    if (axis > 0 && isKept != llvm::is_contained(kept, axis - 1))
      space.addBoundary(first);
  }
  for (Value output : cluster.outputs) {
    OutAxes axes = getOutAxes(body, isRow(output) ? rowGroups : allGroups);
    outs[output] = body.addOut(output, axes.extents, axes.runtime);
  }
  SmallVector<Value> results;
  for (unsigned level = 0; level < numLevels; ++level) {
    writeRows(body, level);
    if (body.hasFailed() || space.needsRefinement())
      return results;
    writeElements(body, level);
    if (body.hasFailed() || space.needsRefinement())
      return results;
  }
  for (Value output : cluster.outputs)
    results.push_back(stored.lookup(output));
  return results;
}

FailureOr<BuiltKernel> lamina::buildReduction(const Cluster &cluster,
                                              const HostValues &host,
                                              StringRef name) {
  ReductionWriter writer(cluster);
  return writeKernel(cluster, host, name, {IndexSpace(writer.getDomain())},
                     [&](KernelBody &body) { return writer.write(body); });
}
