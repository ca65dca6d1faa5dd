// SPDX-License-Identifier: Apache-2.0
//
// A product of bf16 on the tensor cores of sm_90a.
//
// Three warpgroups with roles. One thread of the first begins copies of tiles
// of both operands into a ring in shared memory, as far ahead as stages are
// free; the other two multiply what has arrived, 64 rows each, and free the
// stages. Barriers with phases tell what is full and what is empty; no thread
// waits for all others. Then each warp finishes its sums by itself.

#ifndef LAMINA_BACKENDS_GPU_WGMMAEMITTER_H
#define LAMINA_BACKENDS_GPU_WGMMAEMITTER_H

#include "backends/GPU/BoxedOperand.h"

namespace lamina::gpu {

class WgmmaEmitter : public DeviceEmitter {
public:
  /// Null if the product is not one of bf16, or its operands are not such that
  /// the copy engine can read them.
  static std::unique_ptr<WgmmaEmitter> create(const KernelBody &body,
                                              const cpu::ContractForm &form);

  unsigned threads() const override;
  llvm::StringRef chip() const override { return "sm_90a"; }
  unsigned blocksAtOnce() const override { return 1; }
  unsigned dynamicSharedBytes() const override;
  llvm::ArrayRef<TensorMap> tensorMaps() const override { return maps; }
  llvm::Value *emitBlocks(Frame &frame) override;
  llvm::Value *emitScratch(Frame &frame) override { return frame.b.index(0); }
  mlir::LogicalResult emitThread(Frame &frame, llvm::Value *scratch) override;

private:
  WgmmaEmitter(const KernelBody &body, const cpu::ContractForm &form,
               BoxedOperand a, BoxedOperand c, int64_t columns);

  /// What one thread's code refers to throughout.
  struct Work {
    TilePlace place;
    llvm::Value *memory;
    llvm::Value *sizeOfK;
    llvm::Value *group; ///< of warps: 0 copies, the others multiply
    cpu::Evaluator &block;
  };

  int64_t stageBytes() const { return a.bytes() + c.bytes(); }
  int64_t ringBytes() const;
  llvm::Value *stage(LoopBuilder &b, const Work &work,
                     llvm::Value *number) const;
  llvm::Value *full(LoopBuilder &b, const Work &work,
                    llvm::Value *number) const;
  llvm::Value *empty(LoopBuilder &b, const Work &work,
                     llvm::Value *number) const;
  void makeBarriers(LoopBuilder &b, const Work &work) const;
  void copyAll(Frame &frame, const Work &work) const;
  cpu::Values multiplyAll(Frame &frame, const Work &work) const;
  void finish(Frame &frame, const Work &work, cpu::ValueRange sums);

  ContractTiles tiles;
  BoxedOperand a, c;
  int64_t columns;
  llvm::SmallVector<TensorMap> maps;
  unsigned firstMap; ///< its number among the kernel's arguments
};

} // namespace lamina::gpu

#endif // LAMINA_BACKENDS_GPU_WGMMAEMITTER_H
