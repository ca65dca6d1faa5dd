// SPDX-License-Identifier: Apache-2.0
//
// Tensors that the copy engine reads in boxes.
//
// A kernel for sm_90a takes a map for each of them, made by whoever launches it
// from what this function of the host says (runtime/ABI/TensorMap.h).

#ifndef LAMINA_BACKENDS_GPU_TENSORMAP_H
#define LAMINA_BACKENDS_GPU_TENSORMAP_H

#include "backends/CPU/Frame.h"

namespace lamina::gpu {

/// One map; the axis of neighbours comes first.
struct TensorMap {
  struct Axis {
    llvm::SmallVector<cpu::Extent> extents; ///< whose product is its size
    int64_t stride;                         ///< in elements
    int64_t box;
  };
  unsigned buffer;
  llvm::SmallVector<Axis> axes;
};

/// Adds `name`, a `LaminaTensorMaps`, to a module for the host.
llvm::Function *emitTensorMaps(llvm::Module &module,
                               const cpu::KernelBody &body,
                               llvm::ArrayRef<TensorMap> maps,
                               const llvm::Twine &name);

} // namespace lamina::gpu

#endif // LAMINA_BACKENDS_GPU_TENSORMAP_H
