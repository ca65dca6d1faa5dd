// SPDX-License-Identifier: Apache-2.0
//
// Regions of scalars, ready to run.

#include "backends/Reference/ScalarProgram.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"

using namespace mlir;

namespace lamina::reference {

unsigned ScalarProgram::slotOf(Value value) {
  auto [it, isNew] = slots.try_emplace(value, unsigned(values.size()));
  if (isNew) {
    values.push_back(Scalar());
    // A scalar of around the block is the same in each run.
    if (outer && value.getParentBlock() != block)
      if (Tensor tensor = outer(value))
        values.back() = tensor[0];
  }
  return it->second;
}

LogicalResult ScalarProgram::compileOp(Operation &op) {
  if (auto constant = dyn_cast<arith::ConstantOp>(op)) {
    values[slotOf(constant)] = Tensor::fromAttribute(constant.getValue())[0];
    return success();
  }
  Step step{Step::Apply, nullptr, {}, 0, 0};
  if (auto index = dyn_cast<linalg::IndexOp>(op)) {
    step.kind = Step::LoopIndex;
    step.number = unsigned(index.getDim());
  } else if (auto extract = dyn_cast<tensor::ExtractOp>(op)) {
    step.kind = Step::Extract;
    auto number = tensorNumbers.find(extract.getTensor());
    if (number == tensorNumbers.end()) {
      Tensor tensor = outer ? outer(extract.getTensor()) : Tensor();
      if (!tensor)
        return op.emitError("reads a tensor that is no argument of its region");
      number =
          tensorNumbers.insert({extract.getTensor(), unsigned(tensors.size())})
              .first;
      tensors.push_back(tensor);
    }
    step.number = number->second;
    for (Value i : extract.getIndices())
      step.operands.push_back(slotOf(i));
  } else {
    step.function = getScalarFunction(&op, rounding);
    if (!step.function)
      return op.emitError("'")
             << op.getName()
             << "' is not known to the reference interpreter inside a region";
    for (Value operand : op.getOperands())
      step.operands.push_back(slotOf(operand));
  }
  step.result = slotOf(op.getResult(0));
  for (Value result : op.getResults().drop_front())
    (void)slotOf(result); // results stand side by side
  steps.push_back(std::move(step));
  return success();
}

LogicalResult ScalarProgram::compile(Block &body, ArrayRef<Tensor> given,
                                     Rounding mode,
                                     llvm::function_ref<Tensor(Value)> around) {
  rounding = mode;
  block = &body;
  outer = around;
  for (BlockArgument argument : body.getArguments()) {
    if (isa<RankedTensorType>(argument.getType())) {
      tensorNumbers[argument] = unsigned(tensors.size());
      tensors.push_back(given[tensors.size()]);
    } else {
      argumentSlots.push_back(slotOf(argument));
    }
  }
  for (Operation &op : body.without_terminator())
    if (failed(compileOp(op)))
      return failure();
  for (Value value : body.getTerminator()->getOperands())
    yields.push_back(slotOf(value));
  yielded.resize(yields.size());
  outer = nullptr; // it need not outlive this call
  return success();
}

ArrayRef<Scalar> ScalarProgram::run(ArrayRef<Scalar> arguments,
                                    ArrayRef<int64_t> loops) {
  for (auto [slot, argument] : llvm::zip(argumentSlots, arguments))
    values[slot] = argument;
  for (const Step &step : steps) {
    Scalar *result = &values[step.result];
    switch (step.kind) {
    case Step::LoopIndex:
      result->i = loops[step.number];
      break;
    case Step::Extract: {
      const Tensor &tensor = tensors[step.number];
      int64_t position = 0;
      for (auto [axis, slot] : llvm::enumerate(step.operands))
        position = position * tensor.getShape()[axis] + values[slot].i;
      // Outside is undefined upstream; masked elements may well compute it.
      *result = position >= 0 && position < tensor.size() ? tensor[position]
                                                          : Scalar{0.0};
      break;
    }
    case Step::Apply:
      operandValues.clear();
      for (unsigned slot : step.operands)
        operandValues.push_back(values[slot]);
      step.function(operandValues.data(), result);
      break;
    }
  }
  for (auto [value, slot] : llvm::zip(yielded, yields))
    value = values[slot];
  return yielded;
}

} // namespace lamina::reference
