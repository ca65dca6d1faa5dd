// SPDX-License-Identifier: Apache-2.0
//
// Apply the table of algebraic rules.
//
// Graph -> Graph. Behind the expansion of gradients, whose rules are written
// without regard to what their operands are.

#include "passes/Graph/Simplify.h"

#include "dialects/Graph/GraphOps.h"
#include "passes/Graph/Passes.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Transforms/GreedyPatternRewriteDriver.h"

using namespace mlir;

namespace lamina {
#define GEN_PASS_DEF_SIMPLIFYPASS
#include "passes/Graph/Passes.h.inc"
} // namespace lamina

namespace lamina::graph {

namespace {

struct Simplify : lamina::impl::SimplifyPassBase<Simplify> {
  LogicalResult initialize(MLIRContext *context) override {
    RewritePatternSet set(context);
    populateArithRules(set);
    populateBroadcastRules(set);
    populateMoveRules(set);
    patterns = std::move(set);
    return success();
  }

  void runOnOperation() override {
    // Regions stay as they are: blocks are never merged in GRAPH.
    GreedyRewriteConfig config;
    config.setRegionSimplificationLevel(GreedySimplifyRegionLevel::Disabled);
    if (failed(applyPatternsGreedily(getOperation(), patterns, config)))
      signalPassFailure();
  }

  FrozenRewritePatternSet patterns;
};

} // namespace

} // namespace lamina::graph
