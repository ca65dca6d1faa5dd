// SPDX-License-Identifier: Apache-2.0
//
// Ops on stacks against ops on rows.

#include "backends/Reference/Interpreter.h"
#include "dialects/Graph/GraphOps.h"
#include "dialects/Graph/Shape.h"
#include "passes/Graph/BatchLaw.h"
#include "tools/lamina-reference/CheckGradients.h"

#include "llvm/Support/raw_ostream.h"
#include "mlir/IR/Verifier.h"

#include <cstring>

using namespace mlir;
using namespace lamina::reference;

namespace lamina {

namespace {

constexpr int64_t rows = 2;

/// Whether an op wants the argument to be the same for all.
bool isSharedArgument(BlockArgument argument) {
  return llvm::any_of(argument.getUses(), [](OpOperand &use) {
    return graph::BatchLaw::isShared(use);
  });
}

/// The function on stacks of its arguments.
func::FuncOp stackFunction(func::FuncOp function) {
  OpBuilder b(function.getContext());
  SmallVector<Type> types;
  for (BlockArgument argument : function.getArguments())
    types.push_back(isSharedArgument(argument)
                        ? argument.getType()
                        : graph::withLeadingSizes(
                              cast<RankedTensorType>(argument.getType()),
                              {graph::SizeExpr(rows)}));
  auto wide = func::FuncOp::create(function.getLoc(), "stacked",
                                   b.getFunctionType(types, {}));
  Block *block = wide.addEntryBlock();
  b.setInsertionPointToEnd(block);
  graph::BatchLaw law(b, graph::SizeExpr(rows));
  for (auto [argument, stack] :
       llvm::zip(function.getArguments(), block->getArguments()))
    law.map(argument, stack, !isSharedArgument(argument));
  law.apply(function.getBody().front());
  SmallVector<Value> results;
  for (Value value : function.getBody().front().getTerminator()->getOperands())
    results.push_back(law.stackOf(value));
  func::ReturnOp::create(b, function.getLoc(), results);
  wide.setType(b.getFunctionType(types, ValueRange(results).getTypes()));
  return wide;
}

Tensor stackOf(const Tensor &first, const Tensor &second) {
  Shape shape{rows};
  shape.append(first.getShape().begin(), first.getShape().end());
  Tensor stack(first.getElementType(), shape);
  std::copy(second.begin(), second.end(),
            std::copy(first.begin(), first.end(), stack.mutate()));
  return stack;
}

LogicalResult call(func::FuncOp function, ArrayRef<Tensor> arguments,
                   const CheckOptions &options,
                   SmallVectorImpl<Tensor> &results) {
  Interpreter interpreter(Rounding::Float64);
  for (const auto &size : options.sizes)
    interpreter.sizes[size.first()] = size.second;
  return interpreter.call(function, arguments, results);
}

LogicalResult checkFunction(func::FuncOp function,
                            const CheckOptions &options) {
  for (Operation &op : function.getBody().front().without_terminator())
    if (!graph::BatchLaw::covers(&op))
      return op.emitError("'") << op.getName() << "' has no form on stacks";
  OwningOpRef<ModuleOp> module = ModuleOp::create(function.getLoc());
  func::FuncOp wide = stackFunction(function);
  module->push_back(wide);
  if (failed(verify(*module)))
    return failure();

  SmallVector<Tensor> inputs[rows], results[rows], stacks, got;
  for (int64_t row = 0; row < rows; ++row)
    inputs[row] =
        drawInputs(function, function.getArguments(), options, row, true);
  for (auto [i, argument] : llvm::enumerate(function.getArguments())) {
    if (isSharedArgument(argument))
      inputs[1][i] = inputs[0][i];
    stacks.push_back(isSharedArgument(argument)
                         ? inputs[0][i]
                         : stackOf(inputs[0][i], inputs[1][i]));
  }
  for (int64_t row = 0; row < rows; ++row)
    if (failed(call(function, inputs[row], options, results[row])))
      return failure();
  if (failed(call(wide, stacks, options, got)))
    return failure();
  for (auto [i, stack] : llvm::enumerate(got)) {
    Tensor expected = stackOf(results[0][i], results[1][i]);
    for (int64_t k = 0; k < stack.size(); ++k)
      if (std::memcmp(&stack[k], &expected[k], sizeof(Scalar)) != 0)
        return function.emitError()
               << "on a stack, element " << k << " of result " << i
               << " differs from that of the function on each row";
  }
  llvm::outs() << "@" << function.getName() << ": agrees\n";
  return success();
}

} // namespace

LogicalResult checkBatchLaw(ModuleOp module, const CheckOptions &options) {
  LogicalResult all = success();
  for (func::FuncOp function : module.getOps<func::FuncOp>())
    if (function.isPublic() && !function.isDeclaration() &&
        failed(checkFunction(function, options)))
      all = failure();
  return all;
}

} // namespace lamina
