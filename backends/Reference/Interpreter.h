// SPDX-License-Identifier: Apache-2.0
//
// Plays GRAPH functions on the host.
//
// The oracle of everything below GRAPH: each op is the plainest loop that says
// what the op means, in doubles. It is slow on purpose; only contractions,
// which are nearly all of the time, have some thought for the cache.

#ifndef LAMINA_BACKENDS_REFERENCE_INTERPRETER_H
#define LAMINA_BACKENDS_REFERENCE_INTERPRETER_H

#include "backends/Reference/Tensor.h"
#include "dialects/Graph/SizeExpr.h"

#include "llvm/ADT/DenseMap.h"
#include "llvm/ADT/StringMap.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"

namespace lamina::reference {

class Interpreter;

/// One op with its operands; a handler appends the results.
struct Evaluation {
  Interpreter &interpreter;
  mlir::Operation *op;
  llvm::ArrayRef<Tensor> operands;
  llvm::SmallVectorImpl<Tensor> &results;
  /// Values around the op, for regions that are not isolated.
  llvm::function_ref<Tensor(mlir::Value)> lookup;

  /// The shape of a result at the sizes of this run.
  Shape shapeOf(unsigned result = 0) const;
  mlir::Type elementOf(unsigned result = 0) const;
  Scalar round(mlir::Type elementType, Scalar value) const;
};

using Handler = std::function<mlir::LogicalResult(Evaluation &)>;
using Handlers = llvm::DenseMap<mlir::TypeID, Handler>;

class Interpreter {
public:
  explicit Interpreter(Rounding rounding) : rounding(rounding) {}

  /// Values of the named sizes. Set by `bindSizes` or directly.
  llvm::StringMap<int64_t> sizes;
  Rounding rounding;
  /// The sizes of the dims of the kernel that is running.
  Shape kernelDims;

  /// Solves the sizes in `type` (a name, or a * name + c) from a shape. Reports
  /// at `loc` where the shape does not fit.
  mlir::LogicalResult bindSizes(mlir::Location loc, mlir::Type type,
                                llvm::ArrayRef<int64_t> shape);

  /// The value of a size. Reports a name without one.
  mlir::FailureOr<int64_t> valueOf(mlir::Location loc,
                                   const graph::SizeExpr &size);

  /// The sizes of a tensor type's axes; a scalar type has none.
  Shape shapeOf(mlir::Type type);

  /// Calls a function; sizes are bound from its arguments.
  mlir::LogicalResult call(mlir::func::FuncOp function,
                           llvm::ArrayRef<Tensor> arguments,
                           llvm::SmallVectorImpl<Tensor> &results);

  /// Runs a block of an isolated region. `results` gets the operands of its
  /// terminator.
  mlir::LogicalResult runBlock(mlir::Block &block,
                               llvm::ArrayRef<Tensor> arguments,
                               llvm::SmallVectorImpl<Tensor> &results);

private:
  using Frame = llvm::DenseMap<mlir::Value, Tensor>;
  using LastUses =
      llvm::DenseMap<mlir::Operation *, llvm::SmallVector<mlir::Value>>;

  mlir::LogicalResult evaluate(mlir::Operation &op, Frame &frame);
  const LastUses &lastUsesOf(mlir::Block &block);

  llvm::DenseMap<mlir::Block *, std::unique_ptr<LastUses>> lastUses;
};

/// Every op the interpreter knows, but for `arith` and `math` (ScalarTable.h).
const Handlers &graphHandlers();

// The parts of that table.
void addViewHandlers(Handlers &handlers);
void addReductionHandlers(Handlers &handlers);
void addContractHandlers(Handlers &handlers);
void addGatherHandlers(Handlers &handlers);
void addControlHandlers(Handlers &handlers);
void addAttendHandlers(Handlers &handlers);
void addAttendGradHandlers(Handlers &handlers);
void addLinearAlgebraHandlers(Handlers &handlers);
void addKernelHandlers(Handlers &handlers);
void addTensorHandlers(Handlers &handlers);

/// Any op of `linalg`, by its maps and its region.
mlir::LogicalResult evaluateLinalg(Evaluation &e);

/// Adds the handler of one op class.
template <typename Op, typename F>
void handle(Handlers &handlers, F handler) {
  handlers[mlir::TypeID::get<Op>()] = [handler](Evaluation &e) {
    return handler(llvm::cast<Op>(e.op), e);
  };
}

/// An axis of a dense tensor: element (o, i, n) stands at (o * size + i) *
/// inner + n.
struct AxisView {
  int64_t outer, size, inner;
  AxisView(llvm::ArrayRef<int64_t> shape, int64_t axis)
      : outer(countElements(shape.take_front(axis))), size(shape[axis]),
        inner(countElements(shape.drop_front(axis + 1))) {}
  int64_t at(int64_t o, int64_t i, int64_t n) const {
    return (o * size + i) * inner + n;
  }
};

} // namespace lamina::reference

#endif // LAMINA_BACKENDS_REFERENCE_INTERPRETER_H
