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

namespace lamina {

/// A pass pipeline in text, or a hook: a place where a user's passes may run.
struct PipelineStep {
  const char *text;
  bool isHook = false;
};

/// The steps that turn the stage before into `stage`: "graph", "kernel" or
/// "planned"; "model" only checks. Empty for any other name.
llvm::ArrayRef<PipelineStep> pipelineOf(llvm::StringRef stage);

/// The names of all hooks, in order.
llvm::ArrayRef<const char *> hookNames();

/// Adds the passes of `stage` to `pm`; `hooks` are pairs of a hook's name and
/// a pipeline in text. Fails, with a message on `errors`, where a text names an
/// unknown pass.
mlir::LogicalResult
populatePipeline(mlir::OpPassManager &pm, llvm::StringRef stage,
                 llvm::ArrayRef<std::pair<std::string, std::string>> hooks,
                 llvm::raw_ostream &errors);

} // namespace lamina

#endif // LAMINA_PASSES_PIPELINES_PIPELINES_H
