// SPDX-License-Identifier: Apache-2.0
//
// One run of a loop of either level.
//
// `graph.scan` and `kernel.loop` have the same operands, regions and meaning.

#ifndef LAMINA_BACKENDS_REFERENCE_LOOPRUN_H
#define LAMINA_BACKENDS_REFERENCE_LOOPRUN_H

#include "backends/Reference/Interpreter.h"
#include "dialects/Graph/GraphDialect.h"

namespace lamina::reference {

/// One run of a loop.
template <typename Op>
class LoopRun {
public:
  LoopRun(Op op, Evaluation &e) : op(op), e(e) {
    llvm::ArrayRef<Tensor> rest = e.operands;
    auto take = [&](size_t count) {
      llvm::ArrayRef<Tensor> part = rest.take_front(count);
      rest = rest.drop_front(count);
      return part;
    };
    llvm::ArrayRef<Tensor> init = take(op.getInit().size());
    carries.assign(init.begin(), init.end());
    over = take(op.getOver().size());
    with = take(op.getWith().size());
    if (op.getRounds())
      limit = rest[0][0].i;
  }

  mlir::LogicalResult run() {
    mlir::FailureOr<int64_t> trip =
        e.interpreter.valueOf(op.getLoc(), op.getTrip().getSize(0));
    if (failed(trip))
      return mlir::failure();
    // Rows that no round writes stay 0.
    for (size_t i = 0; i < op.getStacks().size(); ++i)
      stacks.push_back(Tensor(e.elementOf(carries.size() + i),
                              e.shapeOf(carries.size() + i)));
    int64_t count = limit < 0 ? *trip : std::min(limit, *trip), round = 0;
    for (; round < count; ++round) {
      int64_t index = op.getReverse() ? count - 1 - round : round;
      mlir::FailureOr<bool> done = isDone(index);
      if (failed(done))
        return mlir::failure();
      if (*done)
        break;
      if (failed(runRound(index)))
        return mlir::failure();
    }
    e.results.append(carries.begin(), carries.end());
    e.results.append(stacks.begin(), stacks.end());
    if (op.hasUntil())
      e.results.push_back(
          Tensor::integer(mlir::IntegerType::get(op.getContext(), 64), round));
    return mlir::success();
  }

private:
  Tensor indexTensor(int64_t index) {
    return Tensor::integer(mlir::IntegerType::get(op.getContext(), 64), index);
  }

  mlir::FailureOr<bool> isDone(int64_t index) {
    if (!op.hasUntil())
      return false;
    llvm::SmallVector<Tensor> arguments{indexTensor(index)}, answer;
    arguments.append(carries);
    arguments.append(with.begin(), with.end());
    if (failed(
            e.interpreter.runBlock(op.getUntil().front(), arguments, answer)))
      return mlir::failure();
    return answer[0][0].i != 0;
  }

  mlir::LogicalResult runRound(int64_t index) {
    llvm::SmallVector<Tensor> arguments{indexTensor(index)}, yields;
    arguments.append(carries);
    for (const Tensor &stack : over) {
      llvm::ArrayRef<int64_t> shape = stack.getShape().drop_front();
      Tensor row(stack.getElementType(), shape);
      std::copy_n(stack.begin() + index * row.size(), row.size(), row.mutate());
      arguments.push_back(row);
    }
    arguments.append(with.begin(), with.end());
    if (failed(e.interpreter.runBlock(op.getBody().front(), arguments, yields)))
      return mlir::failure();
    carries.assign(yields.begin(), yields.begin() + carries.size());
    for (auto [i, stack] : llvm::enumerate(stacks)) {
      const Tensor &row = yields[carries.size() + i];
      std::copy_n(row.begin(), row.size(), stack.mutate() + index * row.size());
    }
    return mlir::success();
  }

  Op op;
  Evaluation &e;
  llvm::SmallVector<Tensor> carries, stacks;
  llvm::ArrayRef<Tensor> over, with;
  int64_t limit = -1;
};

} // namespace lamina::reference

#endif // LAMINA_BACKENDS_REFERENCE_LOOPRUN_H
