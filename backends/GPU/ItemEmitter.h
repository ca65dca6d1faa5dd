// SPDX-License-Identifier: Apache-2.0
//
// One thread an item.
//
// Runs the CPU's routine for one structured op (scatter, sort, cumulative,
// linear algebra), a thread for each of its items. What it computes is that of
// the CPU, bit for bit up to rounding of single operations; it is as fast as
// there are items.

#ifndef LAMINA_BACKENDS_GPU_ITEMEMITTER_H
#define LAMINA_BACKENDS_GPU_ITEMEMITTER_H

#include "backends/CPU/KernelEmitter.h"
#include "backends/GPU/DeviceEmitter.h"

namespace lamina::gpu {

class ItemEmitter : public DeviceEmitter {
public:
  explicit ItemEmitter(std::unique_ptr<cpu::KernelEmitter> routine)
      : routine(std::move(routine)) {}

  unsigned threads() const override { return warpThreads; }
  llvm::Value *emitBlocks(Frame &frame) override;
  llvm::Value *emitScratch(Frame &frame) override;
  mlir::LogicalResult emitThread(Frame &frame, llvm::Value *scratch) override;

private:
  llvm::Value *scratchOfItem(Frame &frame);

  std::unique_ptr<cpu::KernelEmitter> routine;
};

} // namespace lamina::gpu

#endif // LAMINA_BACKENDS_GPU_ITEMEMITTER_H
