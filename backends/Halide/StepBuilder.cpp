// SPDX-License-Identifier: Apache-2.0
//
// The Funcs of one step.

#include "backends/Halide/StepBuilder.h"

#include "backends/Halide/RegionExpr.h"
#include "backends/Halide/ScalarExpr.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Math/IR/Math.h"

using namespace mlir;
using Halide::Expr;

namespace lamina::halide {

Vars makeVars(StringRef prefix, size_t count) {
  Vars vars;
  for (size_t i = 0; i < count; ++i)
    vars.emplace_back((prefix + Twine(i)).str());
  return vars;
}

std::vector<Expr> reversed(const Exprs &index) {
  return {index.rbegin(), index.rend()};
}

std::vector<Halide::Var> reversed(const Vars &vars) {
  return {vars.rbegin(), vars.rend()};
}

Exprs toExprs(const Vars &vars) { return {vars.begin(), vars.end()}; }

Expr callElement(Halide::Func func, const Exprs &index, unsigned number) {
  Halide::FuncRef ref = func(reversed(index));
  return func.outputs() == 1 ? Expr(ref) : Expr(ref[int(number)]);
}

// Not all of Halide knows an expression that it has met before, and those of
// random numbers share parts of parts. What a Func has is a number of its own,
// whether it is stored or written out.
void StepBuilder::define(Halide::FuncRef where, Exprs values) {
  for (Expr &value : values)
    value = Halide::Internal::common_subexpression_elimination(
        keepApart(value, arguments.never));
  if (values.size() == 1)
    where = values.front();
  else
    where = Halide::Tuple(values);
}

bool StepBuilder::refuse(const Twine &reason) {
  if (why.empty())
    why = reason.str();
  return false;
}

Reader StepBuilder::refuseRead(const Twine &reason) {
  refuse(reason);
  return nullptr;
}

// Two digits keep names apart in any order: none is the start of another.
std::string StepBuilder::name(StringRef kind) {
  unsigned number = counts[kind.str()]++;
  return number ? (kind + "_" + Twine(number)).str() : kind.str();
}

void StepBuilder::addStage(StageKind kind, const Halide::Func &func,
                           const Vars &vars,
                           const std::vector<int64_t> &sizes) {
  // Halide may have added a number to the name; ours is unique in the step.
  llvm::StringRef given = func.name();
  step.stages.push_back(
      {kind, given.take_until([](char c) { return c == '$'; }).str(), func,
       vars, sizes});
}

//===----------------------------------------------------------------------===//
// Sizes and numbers
//===----------------------------------------------------------------------===//

Expr StepBuilder::size(const cpu::Extent &extent) {
  if (extent.isFixed())
    return Expr(int32_t(extent.plus));
  Expr base = extent.value ? position(extent.value)
                           : Expr(arguments.dims[size_t(extent.dim)]);
  Expr scaled = extent.scale == 1 ? base : base * int32_t(extent.scale);
  return extent.plus ? scaled + int32_t(extent.plus) : scaled;
}

Exprs StepBuilder::sizes(Value tensor) {
  Exprs all;
  unsigned rank = unsigned(cast<RankedTensorType>(tensor.getType()).getRank());
  for (unsigned axis = 0; axis < rank; ++axis)
    all.push_back(size(body.extent(tensor, axis)));
  return all;
}

Expr StepBuilder::position(OpFoldResult value) {
  if (std::optional<int64_t> constant = getConstantIntValue(value))
    return Expr(int32_t(*constant));
  Expr number = scalar(cast<Value>(value));
  if (number.defined() && number.type() != Halide::Int(32))
    return Halide::cast(Halide::Int(32), Halide::cast(Halide::Int(64), number));
  return number.defined() ? number : Expr(0);
}

Expr StepBuilder::scalarArgument(BlockArgument argument) {
  auto all = body.func().getScalarArgs();
  auto found = llvm::find(all, argument);
  if (found == all.end()) {
    refuse("uses a number that is not one of the kernel");
    return {};
  }
  const auto &parameter = arguments.scalars[size_t(found - all.begin())];
  Expr number = Halide::Internal::Variable::make(parameter.type(),
                                                 parameter.name(), parameter);
  return argument.getType().isInteger(1) ? number != Expr(uint32_t(0)) : number;
}

Expr StepBuilder::scalarResult(OpResult result) {
  Operation *op = result.getOwner();
  if (auto known = dyn_cast<kernel::SizeOp>(op))
    return arguments.dims[known.getDim()];
  if (auto dim = dyn_cast<tensor::DimOp>(op)) {
    std::optional<int64_t> axis = dim.getConstantIndex();
    return axis ? size(body.extent(dim.getSource(), unsigned(*axis))) : Expr();
  }
  std::vector<Expr> operands;
  for (Value operand : op->getOperands()) {
    Expr number =
        isa<RankedTensorType>(operand.getType()) ? Expr() : scalar(operand);
    if (!number.defined())
      return {};
    if (operand.getType().isIndex() && number.type() == Halide::Int(32))
      number =
          Halide::cast(Halide::UInt(64), Halide::cast(Halide::Int(64), number));
    operands.push_back(number);
  }
  StringRef dialect = op->getName().getDialectNamespace();
  if (dialect != "arith" && dialect != "math")
    return {};
  std::vector<Expr> results =
      makeExprs(op, operands, arguments.never, target.hasThreadGroups);
  return results.empty() ? Expr() : results[result.getResultNumber()];
}

Expr StepBuilder::scalar(Value value) {
  if (Expr known = scalars.lookup(value); known.defined())
    return known;
  auto argument = dyn_cast<BlockArgument>(value);
  Expr number =
      argument ? scalarArgument(argument) : scalarResult(cast<OpResult>(value));
  // Only the first reason counts: that of an operand, if it has one.
  if (!number.defined())
    refuse("has no '" +
           (argument ? StringRef("argument")
                     : value.getDefiningOp()->getName().getStringRef()) +
           "' on these numbers");
  scalars[value] = number;
  return number;
}

//===----------------------------------------------------------------------===//
// Elements
//===----------------------------------------------------------------------===//

Reader StepBuilder::readResult(OpResult result) {
  auto op = cast<linalg::LinalgOp>(result.getOwner());
  unsigned number = result.getResultNumber();
  if (auto fill = dyn_cast<linalg::FillOp>(result.getOwner())) {
    Expr value = scalar(fill.getInputs()[0]);
    if (!value.defined())
      return nullptr;
    return [value](const Exprs &) { return value; };
  }
  AffineMap map = op.getMatchingIndexingMap(op.getDpsInitOperand(number));
  if (form && form->op == op)
    return makeProduct();
  if (!map.isPermutation())
    return makeReduction(op, number);
  return isShared(op) ? makeShared(op, number) : readElements(op, number);
}

// The iteration that makes an element is found by turning the map around.
Reader StepBuilder::readElements(linalg::LinalgOp op, unsigned result) {
  AffineMap map = inversePermutation(
      op.getMatchingIndexingMap(op.getDpsInitOperand(result)));
  Exprs probe = toExprs(makeVars("i", map.getNumDims()));
  if (!RegionExpr(*this, op, evaluate(map, probe)).yielded(result).defined())
    return nullptr;
  return [this, op, map, result](const Exprs &index) {
    return RegionExpr(*this, op, evaluate(map, index)).yielded(result);
  };
}

/// Whether an iteration costs more than storing what it makes.
static bool isCostly(linalg::LinalgOp op) {
  return llvm::any_of(*op.getBlock(), [](Operation &inner) {
    return inner.getName().getDialectNamespace() == "math" &&
           !isa<math::AbsFOp, math::SqrtOp, math::FloorOp>(inner);
  });
}

// A loop that also combines what it makes reads it itself.
bool StepBuilder::isShared(linalg::LinalgOp op) const {
  llvm::SmallPtrSet<Operation *, 4> users(op->user_begin(), op->user_end());
  return users.size() + (op.getNumReductionLoops() != 0) > 1 && isCostly(op);
}

Reader StepBuilder::makeShared(linalg::LinalgOp op, unsigned result) {
  Reader elements = readElements(op, result);
  if (!elements)
    return nullptr;
  Value tensor = op->getResult(result);
  unsigned rank = unsigned(cast<RankedTensorType>(tensor.getType()).getRank());
  Vars vars = makeVars("i", rank);
  Halide::Func func(name("shared"));
  define(func(reversed(vars)), {elements(toExprs(vars))});
  std::vector<int64_t> known;
  for (unsigned axis = 0; axis < rank; ++axis)
    known.push_back(fixedSize(body.extent(tensor, axis)));
  addStage(StageKind::Shared, func, vars, known);
  Reader reader = [func](const Exprs &index) {
    return callElement(func, index, 0);
  };
  AffineMap map = op.getMatchingIndexingMap(op.getDpsInitOperand(result));
  sharedNumbers[op.getBlock()->getTerminator()->getOperand(result)] =
      [reader, map](const Exprs &iteration) {
        return reader(evaluate(map, iteration));
      };
  return reader;
}

//===----------------------------------------------------------------------===//
// The step
//===----------------------------------------------------------------------===//

bool StepBuilder::build(ArrayRef<Value> values, ArrayRef<unsigned> outs) {
  auto type = cast<RankedTensorType>(values.front().getType());
  step.outs.assign(outs.begin(), outs.end());
  step.vars = makeVars("i", size_t(type.getRank()));
  for (unsigned axis = 0; axis < unsigned(type.getRank()); ++axis)
    step.shape.push_back(
        body.extent(body.func().getOutArgs()[outs.front()], axis));
  Exprs elements;
  for (Value value : values) {
    Reader reader = read(value);
    if (!reader)
      return false;
    Expr element = reader(toExprs(step.vars));
    if (!element.defined())
      return false;
    Type number = cast<RankedTensorType>(value.getType()).getElementType();
    elements.push_back(Halide::cast(memoryType(number), element));
  }
  defineOut(elements);
  return why.empty();
}

// An out may stand in the memory of what another one reads at the same place,
// so all values are computed before one is stored. Halide does that only where
// it sees that a value needs an element before another value is stored there.
void StepBuilder::defineOut(Exprs elements) {
  step.out = Halide::Func("out");
  auto here = step.out(reversed(step.vars));
  if (elements.size() == 1)
    return define(here, elements);
  Exprs nothing;
  for (const Expr &element : elements)
    nothing.push_back(Halide::undef(element.type()));
  here = Halide::Tuple(nothing);
  step.values = Halide::Func("values");
  define(step.values(reversed(step.vars)), elements);
  addStage(StageKind::Named, step.values, step.vars,
           std::vector<int64_t>(step.vars.size()));
  for (size_t i = 0; i < elements.size(); ++i)
    elements[i] = callElement(step.values, toExprs(step.vars), unsigned(i));
  for (size_t i = 0; i < elements.size(); ++i) {
    size_t other = i ? 0 : elements.size() - 1;
    Expr before = callElement(step.out, toExprs(step.vars), unsigned(other));
    if (before.type().bits() != elements[i].type().bits())
      before = Halide::cast(
          Halide::UInt(elements[i].type().bits()),
          Halide::reinterpret(Halide::UInt(before.type().bits()), before));
    elements[i] = Halide::select(
        arguments.never != 0, Halide::reinterpret(elements[i].type(), before),
        elements[i]);
  }
  define(step.out(reversed(step.vars)), elements);
}

} // namespace lamina::halide
