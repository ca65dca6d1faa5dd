// SPDX-License-Identifier: Apache-2.0
//
// Derivatives against differences.
//
// For y = f(x) and fixed weights s, the scalar F(x) = <s, y> is differentiated
// by `graph.gradient` and by differences in each element of x. The second order
// does the same to G(x) = <w, gradient of F>, the pushforward to y along w.

#include "tools/lamina-reference/CheckGradients.h"

#include "backends/Reference/Interpreter.h"
#include "dialects/Graph/GraphOps.h"
#include "passes/Graph/Passes.h"
#include "runtime/ABI/Philox.h"

#include "llvm/Support/Format.h"
#include "llvm/Support/raw_ostream.h"
#include "mlir/IR/TypeUtilities.h"
#include "mlir/Pass/PassManager.h"
#include "mlir/Pass/PassRegistry.h"

#include <cmath>

using namespace mlir;
using namespace lamina::reference;

namespace lamina {

namespace {

/// Central differences of order h^2 in doubles are good to about h^2 + eps / h.
constexpr double step = 1e-5;
constexpr double tolerance = 1e-6;

using Tensors = SmallVector<Tensor>;

bool isFloat(Value value) {
  return isa<FloatType>(getElementTypeOrSelf(value.getType()));
}

class Checker {
public:
  Checker(func::FuncOp function, const CheckOptions &options)
      : function(function), options(options) {}
  LogicalResult run();

private:
  void addDerivatives();
  LogicalResult evaluate(StringRef name, const Tensors &arguments,
                         Tensors &results);
  FailureOr<double> scalarOf(StringRef name, const Tensors &arguments,
                             const Tensors &weights);
  LogicalResult compare(StringRef what, StringRef lower,
                        const Tensors &lowerExtra, const Tensors &weights,
                        const Tensors &adjoints);
  LogicalResult comparePushforward(const Tensors &tangents);

  func::FuncOp function;
  const CheckOptions &options;
  OwningOpRef<ModuleOp> module;
  Tensors inputs;
  SmallVector<unsigned> floats; // positions of arguments with a derivative
  double worst = 0;
};

/// A function like `source` with further arguments; `finish` makes its results.
func::FuncOp
extend(func::FuncOp source, StringRef name, TypeRange extra,
       llvm::function_ref<SmallVector<Value>(OpBuilder &, ValueRange results,
                                             ValueRange extra)>
           finish) {
  func::FuncOp copy = source.clone();
  copy.setName(name);
  copy->removeAttr("test.order");
  copy.removeArgAttrsAttr();
  Block &block = copy.getBody().front();
  unsigned first = block.getNumArguments();
  for (Type type : extra)
    block.addArgument(type, source.getLoc());
  auto end = cast<func::ReturnOp>(block.getTerminator());
  OpBuilder b(end);
  SmallVector<Value> results =
      finish(b, end.getOperands(), block.getArguments().drop_front(first));
  end->setOperands(results);
  copy.setType(FunctionType::get(source.getContext(), block.getArgumentTypes(),
                                 ValueRange(results).getTypes()));
  return copy;
}

SmallVector<Value> pick(ValueRange values, ArrayRef<unsigned> positions) {
  SmallVector<Value> result;
  for (unsigned position : positions)
    result.push_back(values[position]);
  return result;
}

SmallVector<Value> floatsOf(ValueRange values) {
  return llvm::to_vector(llvm::make_filter_range(values, isFloat));
}

/// f, its gradient, the gradient of that, its pushforward, in a module each of
/// whose functions is expanded.
void Checker::addDerivatives() {
  module = ModuleOp::create(function.getLoc());
  Location loc = function.getLoc();
  func::FuncOp f = function.clone();
  f->removeAttr("test.order");
  f.removeArgAttrsAttr();
  module->push_back(f);
  for (auto [i, argument] : llvm::enumerate(f.getArguments()))
    if (isFloat(argument))
      floats.push_back(unsigned(i));
  SmallVector<Value> values =
      floatsOf(f.getBody().front().getTerminator()->getOperands());
  SmallVector<Value> inputValues = pick(f.getArguments(), floats);
  SmallVector<Type> seedTypes(ValueRange(values).getTypes()),
      inputTypes(ValueRange(inputValues).getTypes());
  auto gradient = [&](OpBuilder &b, ValueRange of, ValueRange seeds) {
    auto op = graph::GradientOp::create(
        b, loc, inputTypes, floatsOf(of), seeds,
        pick(b.getBlock()->getArguments(), floats), IntegerAttr());
    return SmallVector<Value>(op.getResults());
  };
  func::FuncOp first = extend(f, "first", seedTypes, gradient);
  func::FuncOp second = extend(first, "second", inputTypes, gradient);
  func::FuncOp push =
      extend(f, "push", inputTypes,
             [&](OpBuilder &b, ValueRange results, ValueRange extra) {
               auto op = graph::PushforwardOp::create(
                   b, loc, seedTypes, floatsOf(results),
                   pick(b.getBlock()->getArguments(), floats), extra);
               return SmallVector<Value>(op.getResults());
             });
  for (func::FuncOp part : {first, second, push})
    module->push_back(part);
}

LogicalResult Checker::evaluate(StringRef name, const Tensors &arguments,
                                Tensors &results) {
  Interpreter interpreter(Rounding::Float64);
  for (const auto &size : options.sizes)
    interpreter.sizes[size.first()] = size.second;
  return interpreter.call(module->lookupSymbol<func::FuncOp>(name), arguments,
                          results);
}

/// <weights, results of `name`>, over results of floats.
FailureOr<double> Checker::scalarOf(StringRef name, const Tensors &arguments,
                                    const Tensors &weights) {
  Tensors results;
  if (failed(evaluate(name, arguments, results)))
    return failure();
  double sum = 0;
  size_t next = 0;
  for (const Tensor &result : results) {
    if (!result.isFloat())
      continue;
    const Tensor &weight = weights[next++];
    for (int64_t i = 0; i < result.size(); ++i)
      sum += weight[i].f * result[i].f;
  }
  return sum;
}

/// `adjoints` against differences of <weights, lower(inputs, lowerExtra)>.
LogicalResult Checker::compare(StringRef what, StringRef lower,
                               const Tensors &lowerExtra,
                               const Tensors &weights,
                               const Tensors &adjoints) {
  for (auto [number, position] : llvm::enumerate(floats))
    for (int64_t i = 0; i < inputs[position].size(); ++i) {
      double sides[2];
      for (int side : {0, 1}) {
        Tensors moved = inputs;
        moved[position].mutate()[i].f += side ? step : -step;
        moved.append(lowerExtra);
        FailureOr<double> value = scalarOf(lower, moved, weights);
        if (failed(value))
          return failure();
        sides[side] = *value;
      }
      double expected = (sides[1] - sides[0]) / (2 * step),
             got = adjoints[number][i].f;
      double error =
          std::fabs(got - expected) / std::max(1.0, std::fabs(expected));
      if (!(error <= tolerance))
        return function.emitError()
               << what << " derivative by argument " << position << ", element "
               << i << ", is " << got << ", but differences give " << expected;
      worst = std::max(worst, error);
    }
  return success();
}

LogicalResult Checker::comparePushforward(const Tensors &tangents) {
  Tensors arguments = inputs, got;
  arguments.append(tangents);
  if (failed(evaluate("push", arguments, got)))
    return failure();
  Tensors sides[2];
  for (int side : {0, 1}) {
    Tensors moved = inputs, results;
    for (auto [number, position] : llvm::enumerate(floats))
      for (int64_t i = 0; i < moved[position].size(); ++i)
        moved[position].mutate()[i].f +=
            (side ? step : -step) * tangents[number][i].f;
    if (failed(evaluate(function.getName(), moved, results)))
      return failure();
    for (const Tensor &result : results)
      if (result.isFloat())
        sides[side].push_back(result);
  }
  for (auto [number, tangent] : llvm::enumerate(got))
    for (int64_t i = 0; i < tangent.size(); ++i) {
      double expected =
          (sides[1][number][i].f - sides[0][number][i].f) / (2 * step);
      double error = std::fabs(tangent[i].f - expected) /
                     std::max(1.0, std::fabs(expected));
      if (!(error <= tolerance))
        return function.emitError()
               << "pushforward of result " << number << ", element " << i
               << ", is " << tangent[i].f << ", but differences give "
               << expected;
      worst = std::max(worst, error);
    }
  return success();
}

LogicalResult Checker::run() {
  addDerivatives();
  if (failed(expand(*module, options)))
    return failure();
  func::FuncOp f = module->lookupSymbol<func::FuncOp>(function.getName());
  inputs = drawInputs(function, function.getArguments(), options, 0, true);
  Tensors seeds = drawInputs(
      function, floatsOf(f.getBody().front().getTerminator()->getOperands()),
      options, 1, false);
  Tensors weights = drawInputs(function, pick(function.getArguments(), floats),
                               options, 2, false);

  Tensors arguments = inputs, adjoints;
  arguments.append(seeds);
  if (failed(evaluate("first", arguments, adjoints)) ||
      failed(compare("first", function.getName(), {}, seeds, adjoints)))
    return failure();
  if (orderOf(function) > 1) {
    Tensors again;
    arguments.append(weights);
    if (failed(evaluate("second", arguments, again)) ||
        failed(compare("second", "first", seeds, weights, again)) ||
        failed(comparePushforward(weights)))
      return failure();
  }
  llvm::outs() << "@" << function.getName() << ": agrees\n";
  return success();
}

} // namespace

int64_t orderOf(func::FuncOp function) {
  auto order = function->getAttrOfType<IntegerAttr>("test.order");
  return order ? order.getInt() : 2;
}

SmallVector<Tensor> drawInputs(func::FuncOp function, ValueRange values,
                               const CheckOptions &options, int64_t stream,
                               bool useRanges) {
  Interpreter shapes(Rounding::Float64);
  for (const auto &size : options.sizes)
    shapes.sizes[size.first()] = size.second;
  Tensors result;
  for (auto [number, value] : llvm::enumerate(values)) {
    Type element = getElementTypeOrSelf(value.getType());
    bool isFloatType = isa<FloatType>(element);
    double low = isFloatType ? -1 : 0, high = isFloatType ? 1 : 2;
    if (auto range = useRanges ? function.getArgAttrOfType<ArrayAttr>(
                                     unsigned(number), "test.range")
                               : nullptr) {
      low = cast<FloatAttr>(range[0]).getValueAsDouble();
      high = cast<FloatAttr>(range[1]).getValueAsDouble();
    }
    Tensor tensor(element, shapes.shapeOf(value.getType()));
    Scalar *out = tensor.mutate();
    philox::Key key = philox::derive(philox::derive({options.seed, 0}, stream),
                                     int64_t(number));
    for (int64_t i = 0; i < tensor.size(); ++i) {
      double u = philox::uniform(key, uint64_t(i));
      if (isFloatType)
        out[i].f = low + (high - low) * u;
      else
        out[i].i = int64_t(low) + int64_t((high - low + 1) * u);
    }
    result.push_back(tensor);
  }
  return result;
}

LogicalResult expand(ModuleOp module, const CheckOptions &options) {
  PassManager pm(module.getContext());
  pm.addPass(createExpandGradientsPass());
  if (failed(parsePassPipeline(options.passes, pm)))
    return failure();
  return pm.run(module);
}

LogicalResult checkGradients(ModuleOp module, const CheckOptions &options) {
  LogicalResult all = success();
  for (func::FuncOp function : module.getOps<func::FuncOp>())
    if (function.isPublic() && !function.isDeclaration() &&
        failed(Checker(function, options).run()))
      all = failure();
  return all;
}

} // namespace lamina
