// SPDX-License-Identifier: Apache-2.0
//
// Plays GRAPH functions on the host.

#include "backends/Reference/Interpreter.h"

#include "backends/Reference/ScalarTable.h"
#include "dialects/Graph/Shape.h"

#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/IR/TypeUtilities.h"

using namespace mlir;

namespace lamina::reference {

Shape Evaluation::shapeOf(unsigned result) const {
  auto type = dyn_cast<RankedTensorType>(op->getResult(result).getType());
  if (!type || type.hasStaticShape() || graph::hasNamedSizes(type))
    return interpreter.shapeOf(op->getResult(result).getType());
  // In kernels sizes have no names; what is not known is the joined batch,
  // which all operands of a structured op have in front.
  Shape shape(type.getShape());
  for (auto [axis, size] : llvm::enumerate(shape))
    if (ShapedType::isDynamic(size))
      size = operands[0].getShape()[axis];
  return shape;
}

Type Evaluation::elementOf(unsigned result) const {
  return getElementTypeOrSelf(op->getResult(result).getType());
}

Scalar Evaluation::round(Type elementType, Scalar value) const {
  return roundTo(elementType, value, interpreter.rounding);
}

const Handlers &graphHandlers() {
  static const Handlers handlers = [] {
    Handlers table;
    addViewHandlers(table);
    addReductionHandlers(table);
    addContractHandlers(table);
    addGatherHandlers(table);
    addControlHandlers(table);
    addAttendHandlers(table);
    addAttendGradHandlers(table);
    addLinearAlgebraHandlers(table);
    addKernelHandlers(table);
    addTensorHandlers(table);
    return table;
  }();
  return handlers;
}

FailureOr<int64_t> Interpreter::valueOf(Location loc,
                                        const graph::SizeExpr &size) {
  std::optional<int64_t> value =
      size.evaluate([&](StringRef name) -> std::optional<int64_t> {
        auto it = sizes.find(name);
        return it == sizes.end() ? std::nullopt
                                 : std::optional<int64_t>(it->second);
      });
  if (!value)
    return emitError(loc) << "the size '" << size.str()
                          << "' has no value here",
           failure();
  return *value;
}

Shape Interpreter::shapeOf(Type type) {
  auto tensor = dyn_cast<RankedTensorType>(type);
  if (!tensor)
    return {};
  if (tensor.hasStaticShape())
    return Shape(tensor.getShape().begin(), tensor.getShape().end());
  Shape shape;
  for (const graph::SizeExpr &size : graph::getShape(tensor)) {
    FailureOr<int64_t> value =
        valueOf(UnknownLoc::get(type.getContext()), size);
    // `call` has bound every name of the arguments; others are bound by hand.
    assert(succeeded(value) && "a size without a value");
    shape.push_back(*value);
  }
  return shape;
}

/// The name and the numbers of `a * name + c`; nothing for other sizes.
static std::optional<std::tuple<StringRef, int64_t, int64_t>>
asLinear(const graph::SizeExpr &size) {
  StringRef name;
  int64_t factor = 0, constant = 0;
  for (const auto &[monomial, coefficient] : size.getTerms()) {
    if (monomial.empty()) {
      constant = coefficient;
      continue;
    }
    if (monomial.size() > 1 || monomial[0].quotient || !name.empty())
      return std::nullopt;
    name = monomial[0].text;
    factor = coefficient;
  }
  return std::make_tuple(name, factor, constant);
}

LogicalResult Interpreter::bindSizes(Location loc, Type type,
                                     ArrayRef<int64_t> shape) {
  auto tensor = dyn_cast<RankedTensorType>(type);
  if (!tensor)
    return success();
  if (tensor.getRank() != int64_t(shape.size()))
    return emitError(loc) << "a tensor of rank " << shape.size()
                          << " was given for type " << type;
  for (auto [axis, size] : llvm::enumerate(graph::getShape(tensor))) {
    auto linear = asLinear(size);
    if (linear && !std::get<0>(*linear).empty()) {
      auto [name, factor, constant] = *linear;
      int64_t rest = shape[axis] - constant;
      if (rest % factor == 0)
        sizes.try_emplace(name, rest / factor);
    }
    FailureOr<int64_t> value = valueOf(loc, size);
    if (failed(value))
      return failure();
    if (*value != shape[axis])
      return emitError(loc) << "axis " << axis << " has size " << shape[axis]
                            << ", but '" << size.str() << "' is " << *value;
  }
  return success();
}

LogicalResult Interpreter::call(func::FuncOp function,
                                ArrayRef<Tensor> arguments,
                                SmallVectorImpl<Tensor> &results) {
  if (function.isDeclaration())
    return function.emitError("'")
           << function.getName() << "' has no body to run";
  for (auto [type, argument] :
       llvm::zip(function.getArgumentTypes(), arguments))
    if (failed(bindSizes(function.getLoc(), type, argument.getShape())))
      return failure();
  return runBlock(function.getBody().front(), arguments, results);
}

const Interpreter::LastUses &Interpreter::lastUsesOf(Block &block) {
  std::unique_ptr<LastUses> &uses = lastUses[&block];
  if (uses)
    return *uses;
  uses = std::make_unique<LastUses>();
  llvm::DenseSet<Value> seen;
  // Regions that are not isolated read values of around them.
  for (Operation &op : llvm::reverse(block))
    op.walk([&](Operation *reader) {
      for (Value operand : reader->getOperands())
        if (operand.getParentBlock() == &block && seen.insert(operand).second)
          (*uses)[&op].push_back(operand);
    });
  return *uses;
}

LogicalResult Interpreter::runBlock(Block &block, ArrayRef<Tensor> arguments,
                                    SmallVectorImpl<Tensor> &results) {
  assert(arguments.size() == block.getNumArguments() && "an argument each");
  Frame frame;
  for (auto [argument, value] : llvm::zip(block.getArguments(), arguments))
    frame[argument] = value;
  const LastUses &uses = lastUsesOf(block);
  for (Operation &op : block.without_terminator()) {
    if (failed(evaluate(op, frame)))
      return failure();
    auto dying = uses.find(&op);
    if (dying != uses.end())
      for (Value value : dying->second)
        frame.erase(value);
  }
  for (Value value : block.getTerminator()->getOperands())
    results.push_back(frame.lookup(value));
  return success();
}

/// Applies a scalar function to all elements; operands of one element repeat.
static void evaluateElementwise(const ScalarFunction &function, Evaluation &e) {
  for (unsigned i = 0; i < e.op->getNumResults(); ++i)
    e.results.push_back(Tensor(e.elementOf(i), e.shapeOf(i)));
  SmallVector<Scalar *> out;
  for (Tensor &result : e.results)
    out.push_back(result.mutate());
  SmallVector<const Scalar *> in;
  SmallVector<int64_t> step;
  for (const Tensor &operand : e.operands) {
    in.push_back(operand.begin());
    step.push_back(operand.getRank() == 0 ? 0 : 1);
  }
  SmallVector<Scalar> x(in.size()), y(out.size());
  for (int64_t i = 0, count = e.results[0].size(); i < count; ++i) {
    for (size_t k = 0; k < in.size(); ++k)
      x[k] = in[k][i * step[k]];
    function(x.data(), y.data());
    for (size_t k = 0; k < out.size(); ++k)
      out[k][i] = y[k];
  }
}

LogicalResult Interpreter::evaluate(Operation &op, Frame &frame) {
  SmallVector<Tensor> operands, results;
  for (Value operand : op.getOperands()) {
    operands.push_back(frame.lookup(operand));
    assert(operands.back() && "a value before its definition");
  }
  auto lookup = [&](Value value) { return frame.lookup(value); };
  Evaluation e{*this, &op, operands, results, lookup};
  auto handler = graphHandlers().find(op.getName().getTypeID());
  if (handler != graphHandlers().end()) {
    if (failed(handler->second(e)))
      return failure();
  } else if (isa<linalg::LinalgOp>(op)) {
    if (failed(evaluateLinalg(e)))
      return failure();
  } else if (ScalarFunction function = getScalarFunction(&op, rounding)) {
    evaluateElementwise(function, e);
  } else {
    return op.emitError("'")
           << op.getName() << "' is not known to the reference interpreter";
  }
  assert(results.size() == op.getNumResults() && "a tensor for each result");
  for (auto [value, result] : llvm::zip(op.getResults(), results))
    frame[value] = result;
  return success();
}

} // namespace lamina::reference
