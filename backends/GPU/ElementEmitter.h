// SPDX-License-Identifier: Apache-2.0
//
// One thread an element.
//
// Takes kernels of one group whose results are independent: parallel ops, and
// combinations with a fixed order. A thread walks what is combined by itself;
// neighbouring threads have neighbouring elements, four each where all that is
// read and written along the last loop are neighbours in memory, too.

#ifndef LAMINA_BACKENDS_GPU_ELEMENTEMITTER_H
#define LAMINA_BACKENDS_GPU_ELEMENTEMITTER_H

#include "backends/CPU/LoopProgram.h"
#include "backends/GPU/DeviceEmitter.h"

namespace lamina::gpu {

class ElementEmitter : public DeviceEmitter {
public:
  /// Whether `program` is one group that needs no help of other threads.
  static bool takes(const cpu::LoopProgram &program);

  ElementEmitter(const KernelBody &body, cpu::LoopProgram program);

  unsigned threads() const override { return 256; }
  llvm::Value *emitBlocks(Frame &frame) override;
  llvm::Value *emitScratch(Frame &frame) override { return frame.b.index(0); }
  mlir::LogicalResult emitThread(Frame &frame, llvm::Value *scratch) override;

private:
  llvm::SmallVector<Extent> parallelDomain() const;
  mlir::Operation *emitElement(Frame &frame, llvm::Value *number);
  mlir::Operation *emitVector(Frame &frame, llvm::Value *number);

  const KernelBody &body;
  cpu::LoopProgram program;
  unsigned elements = 1; ///< of a thread
};

} // namespace lamina::gpu

#endif // LAMINA_BACKENDS_GPU_ELEMENTEMITTER_H
