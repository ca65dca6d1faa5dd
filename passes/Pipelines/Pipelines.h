// SPDX-License-Identifier: Apache-2.0
//
// Which passes make which stage.

#ifndef LAMINA_PASSES_PIPELINES_PIPELINES_H
#define LAMINA_PASSES_PIPELINES_PIPELINES_H

#include "llvm/ADT/ArrayRef.h"
#include "llvm/ADT/StringRef.h"
#include "mlir/Pass/PassManager.h"

#include <string>
#include <utility>
#include <vector>

namespace lamina {

/// A pass pipeline in text, or a hook: a place where a user's passes may run.
/// `$widest` and `$gpu-widest` in a text stand for numbers of
/// `PipelineOptions`.
struct PipelineStep {
  const char *text;
  bool isHook = false;
};

/// The steps that turn the stage before into `stage`: "graph", "kernel" or
/// "planned"; "model" only checks. Empty for any other name.
llvm::ArrayRef<PipelineStep> pipelineOf(llvm::StringRef stage);

/// The names of all hooks, in order.
llvm::ArrayRef<const char *> hookNames();

/// What the passes of a stage are told about the program that is made.
struct PipelineOptions {
  /// Pairs of a hook's name and a pipeline in text.
  std::vector<std::pair<std::string, std::string>> hooks;
  /// Attention is kept as one op for heads of at most so many numbers; 0 if no
  /// backend has a kernel for it. In forms of entries for GPUs for heads of at
  /// most `widestOnGPU`; 0 if the program is not for GPUs.
  int64_t widestAttention = 0, widestOnGPU = 0;
};

/// Adds the passes of `stage` to `pm`. Fails, with a message on `errors`, where
/// a text names an unknown pass.
mlir::LogicalResult populatePipeline(mlir::OpPassManager &pm,
                                     llvm::StringRef stage,
                                     const PipelineOptions &options,
                                     llvm::raw_ostream &errors);

} // namespace lamina

#endif // LAMINA_PASSES_PIPELINES_PIPELINES_H
