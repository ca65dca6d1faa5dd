// SPDX-License-Identifier: Apache-2.0
//
// What a kernel computes, before emission.
//
// Reads one `kernel.func`: its arguments, the sizes of its tensors, and which
// values are written straight into an out. Nothing of LLVM is in here.

#ifndef LAMINA_BACKENDS_CPU_KERNELBODY_H
#define LAMINA_BACKENDS_CPU_KERNELBODY_H

#include "dialects/Kernel/KernelOps.h"

#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"

namespace lamina::cpu {

/// A size: base · scale + plus, where the base is a dim of the kernel (`dim`
/// not negative), an index computed in the body (`value`), or nothing.
struct Extent {
  int64_t dim = -1;
  mlir::Value value;
  int64_t scale = 1;
  int64_t plus = 0;

  static Extent fixed(int64_t size) { return {-1, {}, 1, size}; }
  bool isFixed() const { return dim < 0 && !value; }
  bool operator==(const Extent &other) const {
    return dim == other.dim && value == other.value && scale == other.scale &&
           plus == other.plus;
  }
  bool operator!=(const Extent &other) const { return !(*this == other); }
};

/// A part of an out that a value is computed into: element i of the value is
/// element offset + i · step of the out, along each axis.
struct Destination {
  unsigned out = 0;
  llvm::SmallVector<mlir::OpFoldResult> offsets; ///< empty: the whole out
  llvm::SmallVector<int64_t> steps;
  llvm::SmallVector<bool> dropped; ///< axes of the out that the value lacks
  /// Of each axis that it has, the sizes of the axes that the value has for it;
  /// empty: just this one.
  llvm::SmallVector<llvm::SmallVector<Extent>> digits;
};

class KernelBody {
public:
  /// Fails, with a diagnostic at the op, if the body has a form that no emitter
  /// takes.
  static mlir::FailureOr<KernelBody> read(kernel::FuncOp func);

  kernel::FuncOp func() const { return kernel; }
  llvm::StringRef name() const;
  llvm::ArrayRef<mlir::Operation *> ops() const { return order; }
  /// The number of an op, as `kernel::getOpLines` counts.
  unsigned number(mlir::Operation *op) const { return numbers.lookup(op); }

  Extent extent(mlir::Value tensor, unsigned axis) const;
  /// The sizes of the loops of `op`, in its order.
  mlir::FailureOr<llvm::SmallVector<Extent>>
  domain(mlir::linalg::LinalgOp op) const;

  /// Where the value is written, if that is (a part of) an out.
  const Destination *destination(mlir::Value value) const;
  /// The number of the tensor argument, counted over ins and outs.
  unsigned bufferNumber(mlir::BlockArgument tensor) const;
  unsigned bufferCount() const;
  unsigned dimCount() const;

private:
  explicit KernelBody(kernel::FuncOp func) : kernel(func) {}
  Extent viewExtent(mlir::Operation *op, unsigned axis) const;
  Extent indexExtent(mlir::Value index) const;
  mlir::LogicalResult place(mlir::Value value, const Destination &where);
  void placeOperand(mlir::Operation *producer, mlir::OpResult result,
                    const Destination &where);

  kernel::FuncOp kernel;
  llvm::SmallVector<mlir::Operation *> order;
  llvm::DenseMap<mlir::Operation *, unsigned> numbers;
  llvm::DenseMap<mlir::Value, Destination> destinations;
};

} // namespace lamina::cpu

#endif // LAMINA_BACKENDS_CPU_KERNELBODY_H
