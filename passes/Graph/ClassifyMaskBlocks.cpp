// SPDX-License-Identifier: Apache-2.0
//
// Which blocks of an attention its mask hides or shows.
//
// Graph -> Graph. `attend` and `attend_grad` get the closed form of their
// masks; nothing else changes.

#include "dialects/Graph/GraphOps.h"
#include "dialects/Mask/MaskAnalysis.h"
#include "passes/Graph/Passes.h"

using namespace mlir;

namespace lamina {
#define GEN_PASS_DEF_CLASSIFYMASKBLOCKSPASS
#include "passes/Graph/Passes.h.inc"
} // namespace lamina

namespace lamina::graph {

namespace {

struct ClassifyMaskBlocks
    : lamina::impl::ClassifyMaskBlocksPassBase<ClassifyMaskBlocks> {
  void runOnOperation() override {
    getOperation()->walk([](Operation *op) {
      if (auto attend = dyn_cast<AttendOp>(op))
        classify(attend);
      else if (auto grad = dyn_cast<AttendGradOp>(op))
        classify(grad);
    });
  }

private:
  template <class Op>
  static void classify(Op op) {
    if (op.getMask().empty())
      return;
    Block &mask = op.getMask().front();
    unsigned rank = unsigned(op.getQ().getType().getRank());
    if (auto blocks = mask::classifyBlocks(mask, mask.getArgument(rank - 2),
                                           mask.getArgument(rank - 1)))
      op.setBlocksAttr(blocks);
  }
};

} // namespace

} // namespace lamina::graph
