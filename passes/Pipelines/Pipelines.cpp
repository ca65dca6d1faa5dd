// SPDX-License-Identifier: Apache-2.0
//
// Which passes make which stage.
//
// The lowering as one ordered list. Between two lines the comment says what
// holds from there on.

#include "passes/Pipelines/Pipelines.h"

#include "mlir/Pass/PassRegistry.h"

namespace lamina {

static const PipelineStep kModel[] = {{"verify-model"}};

static const PipelineStep kGraph[] = {
    {"graph-form-contractions"},
    {"graph-form-cumulative"},
    {"model-derive-inverses"},
    {"model-derive-runs"},
    {"convert-model-to-graph"},
    // From here on there are no layers and no trees; entries are pure
    // functions.
    {"canonicalize"},
    {"cse"},
    {"graph-form-attention{widest=$widest gpu-widest=$gpu-widest}"},
    {"before-gradients", true},
    {"graph-apply-optimizers"},
    {"graph-expand-gradients"},
    // From here on every op computes a value: nothing stands for a derivative.
    {"canonicalize"},
    {"cse"},
    {"graph-prune-scan"},
    {"after-gradients", true},
    {"graph-simplify"},
    {"graph-flatten-scans"},
    {"graph-hoist-invariants"},
    {"canonicalize"},
    {"cse"},
    {"symbol-dce"},
    {"graph-classify-mask-blocks"},
    {"verify-graph"},
};

static const PipelineStep kKernel[] = {
    {"before-kernels", true},
    {"graph-decompose-attention{widest=$widest gpu-widest=$gpu-widest}"},
    // From here on every op has a kernel on some backend.
    {"func.func(kernel-decompose)"},
    {"canonicalize"},
    {"cse"},
    {"func.func(kernel-place-scalars)"},
    {"func.func(kernel-form-clusters)"},
    {"func.func(kernel-recompute-cheap)"},
    {"convert-graph-to-kernel"},
    {"kernel-share-equal"},
    {"verify-kernel"},
};

static const PipelineStep kPlanned[] = {
    {"before-plan", true},
    {"func.func(kernel-order)"},
    {"func.func(kernel-plan-memory)"},
    {"verify-planned"},
    {"before-codegen", true},
};

llvm::ArrayRef<PipelineStep> pipelineOf(llvm::StringRef stage) {
  if (stage == "model")
    return kModel;
  if (stage == "graph")
    return kGraph;
  if (stage == "kernel")
    return kKernel;
  if (stage == "planned")
    return kPlanned;
  return {};
}

llvm::ArrayRef<const char *> hookNames() {
  static const char *const names[] = {"before-gradients", "after-gradients",
                                      "before-kernels", "before-plan",
                                      "before-codegen"};
  return names;
}

/// The text with numbers of this program in place of their names.
static std::string fillIn(std::string text, const PipelineOptions &options) {
  const std::pair<llvm::StringRef, int64_t> numbers[] = {
      {"$widest", options.widestAttention},
      {"$gpu-widest", options.widestOnGPU}};
  for (auto [name, number] : numbers)
    if (size_t at = text.find(name); at != std::string::npos)
      text.replace(at, name.size(), std::to_string(number));
  return text;
}

mlir::LogicalResult populatePipeline(mlir::OpPassManager &pm,
                                     llvm::StringRef stage,
                                     const PipelineOptions &options,
                                     llvm::raw_ostream &errors) {
  for (const PipelineStep &step : pipelineOf(stage)) {
    if (!step.isHook) {
      if (failed(
              mlir::parsePassPipeline(fillIn(step.text, options), pm, errors)))
        return mlir::failure();
      continue;
    }
    for (const auto &[hook, text] : options.hooks) {
      if (hook != step.text ||
          succeeded(mlir::parsePassPipeline(text, pm, errors)))
        continue;
      errors << "lamina: --at: '" << text << "' is no pipeline for the hook '"
             << hook << "'\n";
      return mlir::failure();
    }
  }
  return mlir::success();
}

} // namespace lamina
