// SPDX-License-Identifier: Apache-2.0
//
// One thread an element.
//
// Takes kernels of one group whose results are independent: parallel ops, sums
// over leading loops, and combinations with a fixed order. A thread walks what
// is summed by itself; neighbouring threads have neighbouring elements.

#ifndef LAMINA_BACKENDS_GPU_ELEMENTEMITTER_H
#define LAMINA_BACKENDS_GPU_ELEMENTEMITTER_H

#include "backends/CPU/LoopProgram.h"
#include "backends/GPU/DeviceEmitter.h"

namespace lamina::gpu {

class ElementEmitter : public DeviceEmitter {
public:
  /// Whether `program` is one group that needs no help of other threads.
  static bool takes(const cpu::LoopProgram &program);

  explicit ElementEmitter(cpu::LoopProgram program)
      : program(std::move(program)) {}

  unsigned threads() const override { return 256; }
  llvm::Value *emitBlocks(Frame &frame) override;
  llvm::Value *emitScratch(Frame &frame) override { return frame.b.index(0); }
  mlir::LogicalResult emitThread(Frame &frame, llvm::Value *scratch) override;

private:
  llvm::SmallVector<Extent> parallelDomain() const;

  cpu::LoopProgram program;
};

} // namespace lamina::gpu

#endif // LAMINA_BACKENDS_GPU_ELEMENTEMITTER_H
