// SPDX-License-Identifier: Apache-2.0
//
// What fills a kernel's functions.
//
// One emitter a kind of kernel. Items depend on sizes alone, so that results
// are the same on any number of threads.

#ifndef LAMINA_BACKENDS_CPU_KERNELEMITTER_H
#define LAMINA_BACKENDS_CPU_KERNELEMITTER_H

#include "backends/CPU/Frame.h"

namespace lamina::cpu {

struct RunArguments {
  llvm::Value *first;
  llvm::Value *last;
  llvm::Value *scratch;
};

class KernelEmitter {
public:
  virtual ~KernelEmitter() = default;

  /// Emits the number of items.
  virtual llvm::Value *emitItems(Frame &frame) = 0;
  /// Emits the bytes of scratch that one worker needs.
  virtual llvm::Value *emitScratch(Frame &frame) = 0;
  /// Emits the work of the items [first, last). Fails, with a diagnostic, at an
  /// op that has no form on this target.
  virtual mlir::LogicalResult emitRun(Frame &frame,
                                      const RunArguments &run) = 0;
};

} // namespace lamina::cpu

#endif // LAMINA_BACKENDS_CPU_KERNELEMITTER_H
