// SPDX-License-Identifier: Apache-2.0
//
// Launches, loops and choices of KERNEL.
//
// Plays an entry behind `convert-graph-to-kernel`: what differs from GRAPH is a
// wrong cluster, what differs from this is a wrong code generator.

#include "backends/Reference/LoopRun.h"
#include "dialects/Kernel/KernelOps.h"

#include <cmath>

using namespace mlir;
using namespace lamina::kernel;

namespace lamina::reference {

namespace {

/// What an out holds before a launch: nothing that anybody may use.
Scalar garbage(Type element) {
  Scalar s;
  if (isa<FloatType>(element))
    s.f = std::nan("");
  else
    s.i = -987654321;
  return s;
}

/// One launch: operands in the shapes the kernel sees, outs filled with
/// garbage.
class Launch {
public:
  Launch(LaunchOp op, kernel::FuncOp kernel, Evaluation &e)
      : op(op), kernel(kernel), e(e) {}

  LogicalResult run() {
    for (unsigned i = 0; i < op.getDims().size(); ++i) {
      FailureOr<int64_t> value =
          e.interpreter.valueOf(op.getLoc(), op.getDims().getSize(i));
      if (failed(value))
        return failure();
      dims.push_back(*value);
    }
    unsigned next = 0;
    for (BlockArgument argument : kernel.getInArgs())
      arguments.push_back(
          e.operands[next++].withShape(shapeOf(argument, tensors++)));
    addScalars(next);
    if (failed(addOuts()))
      return failure();
    SmallVector<Tensor> outs;
    e.interpreter.kernelDims = dims;
    if (failed(e.interpreter.runBlock(*kernel.getBlock(), arguments, outs)))
      return failure();
    for (auto [i, out] : llvm::enumerate(outs))
      e.results.push_back(out.withShape(e.shapeOf(unsigned(i))));
    return success();
  }

private:
  Shape shapeOf(BlockArgument argument, unsigned index) {
    Shape shape(cast<RankedTensorType>(argument.getType()).getShape());
    unsigned unknown = 0;
    for (int64_t &size : shape)
      if (ShapedType::isDynamic(size))
        size = dims[kernel.getShape(index)[unknown++]];
    return shape;
  }

  /// Scalars of rank 0; a key is two numbers.
  void addScalars(unsigned first) {
    for (unsigned i = 0; i < op.getScalars().size(); ++i) {
      const Tensor &scalar = e.operands[first + i];
      for (const Scalar &element : scalar)
        arguments.push_back(Tensor::scalar(scalar.getElementType(), element));
    }
  }

  LogicalResult addOuts() {
    unsigned firstInit = unsigned(op.getIns().size() + op.getScalars().size());
    for (auto [number, argument] : llvm::enumerate(kernel.getOutArgs())) {
      Shape shape = shapeOf(argument, tensors++);
      auto tied = llvm::find(op.getTied(), int64_t(number));
      Type element =
          cast<RankedTensorType>(argument.getType()).getElementType();
      if (tied == op.getTied().end()) {
        arguments.push_back(Tensor(element, shape, garbage(element)));
        continue;
      }
      const Tensor &init =
          e.operands[firstInit + unsigned(tied - op.getTied().begin())];
      arguments.push_back(init.withShape(shape));
    }
    return success();
  }

  LaunchOp op;
  kernel::FuncOp kernel;
  Evaluation &e;
  Shape dims;
  SmallVector<Tensor> arguments;
  unsigned tensors = 0;
};

LogicalResult evaluateLaunch(LaunchOp op, Evaluation &e) {
  auto kernel = SymbolTable::lookupNearestSymbolFrom<kernel::FuncOp>(
      op, op.getKernelAttr());
  assert(kernel && "verified by the launch");
  return Launch(op, kernel, e).run();
}

LogicalResult evaluateIf(IfOp op, Evaluation &e) {
  Region &taken = e.operands[0][0].i ? op.getTaken() : op.getOtherwise();
  return e.interpreter.runBlock(taken.front(), e.operands.drop_front(),
                                e.results);
}

} // namespace

void addKernelHandlers(Handlers &h) {
  handle<LaunchOp>(h, evaluateLaunch);
  handle<LoopOp>(
      h, [](LoopOp op, Evaluation &e) { return LoopRun<LoopOp>(op, e).run(); });
  handle<SizeOp>(h, [](SizeOp op, Evaluation &e) {
    e.results.push_back(
        Tensor::integer(e.elementOf(), e.interpreter.kernelDims[op.getDim()]));
    return success();
  });
  handle<IfOp>(h, evaluateIf);
  handle<HostOp>(h, [](HostOp op, Evaluation &e) {
    return e.interpreter.runBlock(*op.getBlock(), e.operands, e.results);
  });
}

} // namespace lamina::reference
