// SPDX-License-Identifier: Apache-2.0
//
// One exported function of a kernel.
//
// What every emitter needs while it fills a function: the builder, the sizes,
// the scalar arguments, and where tensors are stored.

#ifndef LAMINA_BACKENDS_CPU_FRAME_H
#define LAMINA_BACKENDS_CPU_FRAME_H

#include "backends/CPU/KernelBody.h"
#include "backends/CPU/LoopBuilder.h"

namespace lamina::cpu {

/// A tensor in memory: element (i, j, …) stands at base + Σ index · stride
/// elements.
struct Storage {
  llvm::Value *base = nullptr;
  mlir::Type elementType;
  Values strides;
  /// Bytes that divide the address of neighbouring lanes.
  uint64_t lanesAlign = 1;
};

class Frame {
public:
  /// The arguments stand in arrays. `buffers` and `scalars` are null in the
  /// functions that see sizes only.
  Frame(const KernelBody &body, llvm::Function *function, llvm::Value *dims,
        llvm::Value *buffers = nullptr, llvm::Value *scalars = nullptr);
  /// Each size and buffer is an argument of its own.
  Frame(const KernelBody &body, llvm::Function *function, ValueRange dims,
        ValueRange buffers, llvm::Value *scalars);

  LoopBuilder b;
  const KernelBody &body;

  llvm::Value *extent(const Extent &extent);
  llvm::Value *product(llvm::ArrayRef<Extent> extents);
  /// A number that the body has outside of its linalg ops: an argument, a
  /// constant, a size, or arithmetic on them. Null if it is none of these.
  llvm::Value *scalar(mlir::Value value);

  /// From now on what the function gets names its op: at first the dearest one
  /// of the body, then the one of the last `setOp`.
  void beginLines();
  void setOp(mlir::Operation *op);

  /// Null if the value is not in memory.
  const Storage *storage(mlir::Value tensor) const;
  void setStorage(mlir::Value tensor, Storage where);
  /// A dense tensor of these sizes at `base`.
  Storage dense(llvm::Value *base, mlir::Type elementType,
                llvm::ArrayRef<Extent> extents);
  /// The part of an out that `where` names, as the value sees it.
  Storage part(const Destination &where);

  llvm::Type *memoryTypeOf(mlir::Type type);
  int64_t bytesOf(mlir::Type type);

private:
  void placeArguments(ValueRange buffers, llvm::Value *scalars);
  llvm::Value *loadScalar(mlir::Type type, llvm::Value *slot);
  llvm::Value *indexOf(mlir::OpFoldResult value);

  llvm::DISubprogram *lines = nullptr; ///< null: nobody asks for them
  Values dimValues;
  llvm::DenseMap<mlir::Value, llvm::Value *> scalarValues;
  llvm::DenseMap<mlir::Value, Storage> storages;
};

} // namespace lamina::cpu

#endif // LAMINA_BACKENDS_CPU_FRAME_H
