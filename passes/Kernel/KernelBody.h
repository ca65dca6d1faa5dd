// SPDX-License-Identifier: Apache-2.0
//
// A kernel in the making.
//
// Collects the arguments of a `kernel.func` while its body is written: a tensor
// becomes an argument when it is first read. With the function come the
// operands of its launch.

#ifndef LAMINA_PASSES_KERNEL_KERNELBODY_H
#define LAMINA_PASSES_KERNEL_KERNELBODY_H

#include "dialects/Kernel/KernelOps.h"
#include "passes/Kernel/HostValues.h"
#include "passes/Kernel/IndexSpace.h"

#include "llvm/ADT/MapVector.h"
#include "mlir/IR/Builders.h"

#include <map>
#include <string>

namespace lamina {

/// The ops that become one kernel, in order.
struct Cluster {
  kernel::Kind kind = kernel::Kind::Map;
  llvm::SmallVector<mlir::Operation *> ops;
  /// Values that others read, in order.
  llvm::SmallVector<mlir::Value> outputs;

  bool contains(mlir::Operation *op) const {
    return llvm::is_contained(ops, op);
  }
};

/// The cluster that an op was put into by `kernel-form-clusters`; nothing for a
/// view, which belongs to whoever reads it.
std::optional<int64_t> getCluster(mlir::Operation *op);
void setCluster(mlir::Operation *op, int64_t cluster);
void clearCluster(mlir::Operation *op);

/// A scalar operand of a launch: a host value, or a constant.
struct ScalarOperand {
  mlir::Value value;
  mlir::TypedAttr constant;
};

class KernelBody {
public:
  KernelBody(mlir::MLIRContext *context, mlir::Location loc,
             const Cluster &cluster, const HostValues &host,
             llvm::MutableArrayRef<IndexSpace> spaces);

  const Cluster &cluster;
  const HostValues &host;
  /// The loops of the generic that is being written.
  IndexSpace &space() { return spaces[current]; }
  /// Continues in the loops of another part of the result.
  void enter(unsigned part) { current = part; }
  mlir::OpBuilder builder; ///< at the end of the body
  mlir::Location loc;

  /// The argument through which the kernel sees `source` with axes of these
  /// extents; `runtime` axes are dynamic even where the extent is known.
  mlir::Value getTensor(mlir::Value source, llvm::ArrayRef<SizeExpr> extents,
                        llvm::ArrayRef<bool> runtime);
  /// The scalar arguments of a host value: two for a key.
  llvm::SmallVector<mlir::Value> getScalar(mlir::Value host);
  /// The argument of a constant that is not worth a kernel of its own.
  mlir::Value getScalar(mlir::TypedAttr constant);
  /// The argument of an output; `init` is what it holds before the launch.
  mlir::Value addOut(mlir::Value output, llvm::ArrayRef<SizeExpr> extents,
                     llvm::ArrayRef<bool> runtime, mlir::Value init = {});

  /// A type of these extents, and its sizes that are known at run time only.
  mlir::RankedTensorType getType(llvm::ArrayRef<SizeExpr> extents,
                                 llvm::ArrayRef<bool> runtime,
                                 mlir::Type element);
  mlir::Value createEmpty(llvm::ArrayRef<SizeExpr> extents,
                          llvm::ArrayRef<bool> runtime, mlir::Type element);
  /// The size as a value of type index, at the end of the body.
  mlir::Value getSize(const SizeExpr &size, bool runtime);

  /// Extents and kind of the axes that a loop's group makes of a tensor.
  SizeExpr getExtent(unsigned group) { return space().getGroupExtent(group); }
  bool isRuntime(unsigned group) { return space().isLeading(group); }

  /// Ends the body and returns the function, which the caller puts into a
  /// module. `results` are in the order of `addOut`.
  kernel::FuncOp finish(llvm::StringRef name, mlir::ValueRange results);
  /// Emits an error at the cluster and makes the kernel useless.
  void fail(mlir::Operation *op, const llvm::Twine &message);
  /// The same for what the language has and this compiler lacks, and a way out.
  void refuse(mlir::Operation *op, const llvm::Twine &message,
              const llvm::Twine &wayOut);
  bool hasFailed() const { return failed; }

  llvm::SmallVector<mlir::Value> ins; ///< operands of the launch
  llvm::SmallVector<ScalarOperand> scalars;
  llvm::SmallVector<mlir::Value> outs; ///< values the results replace
  llvm::SmallVector<std::pair<int64_t, mlir::Value>> inits;
  std::vector<SizeExpr> dims;
  ~KernelBody();

private:
  unsigned getDim(const SizeExpr &size);
  void fillShape(llvm::ArrayRef<SizeExpr> extents, llvm::ArrayRef<bool> runtime,
                 llvm::SmallVectorImpl<int64_t> &numbers);

  llvm::MutableArrayRef<IndexSpace> spaces;
  unsigned current = 0;
  kernel::FuncOp func;
  llvm::SmallVector<llvm::SmallVector<int64_t>> inShapes, outShapes;
  std::map<std::pair<const void *, std::string>, mlir::Value> tensors;
  llvm::MapVector<mlir::Value, unsigned> hostScalars;
  llvm::MapVector<mlir::Attribute, unsigned> constantScalars;
  unsigned numScalarArgs = 0;
  bool failed = false;
};

} // namespace lamina

#endif // LAMINA_PASSES_KERNEL_KERNELBODY_H
