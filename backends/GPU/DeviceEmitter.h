// SPDX-License-Identifier: Apache-2.0
//
// What fills a kernel's device function.
//
// One emitter a kind of kernel. The number of blocks follows from sizes alone,
// and a block's work from its number: blocks may run in any order, and the
// bits of the result do not depend on how many run at once.

#ifndef LAMINA_BACKENDS_GPU_DEVICEEMITTER_H
#define LAMINA_BACKENDS_GPU_DEVICEEMITTER_H

#include "backends/CPU/Frame.h"
#include "backends/GPU/TensorMap.h"
#include "backends/GPU/Threads.h"

namespace lamina::gpu {

using cpu::Extent;
using cpu::Frame;
using cpu::KernelBody;

class DeviceEmitter {
public:
  virtual ~DeviceEmitter() = default;

  /// Threads of a block.
  virtual unsigned threads() const = 0;
  /// Blocks that a multiprocessor must be able to hold at once, which limits
  /// the registers of a thread; 0 leaves it to ptxas.
  virtual unsigned blocksAtOnce() const { return 0; }
  /// Bytes of shared memory of a block that are asked for at launch, beside
  /// variables of the module.
  virtual unsigned dynamicSharedBytes() const { return 0; }
  /// Tensors of which the kernel takes a map, behind its other arguments.
  virtual llvm::ArrayRef<TensorMap> tensorMaps() const { return {}; }
  /// The least processor that the code is for.
  virtual llvm::StringRef chip() const { return "sm_80"; }
  /// What a second grid does once this one is done, with the same arguments and
  /// the scratch of all blocks of this one; null if there is none.
  virtual DeviceEmitter *secondGrid() { return nullptr; }
  /// Emits the number of blocks.
  virtual llvm::Value *emitBlocks(Frame &frame) = 0;
  /// Emits the bytes of global scratch that one block needs.
  virtual llvm::Value *emitScratch(Frame &frame) = 0;
  /// Emits the work of one thread; `scratch` is the block's own. Fails, with a
  /// diagnostic, at an op that has no form.
  virtual mlir::LogicalResult emitThread(Frame &frame,
                                         llvm::Value *scratch) = 0;
};

} // namespace lamina::gpu

#endif // LAMINA_BACKENDS_GPU_DEVICEEMITTER_H
