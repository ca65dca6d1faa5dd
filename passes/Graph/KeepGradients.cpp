// SPDX-License-Identifier: Apache-2.0
//
// Gradients of a step in its checkpoints.
//
// GRAPH with optim.apply in; for each weight a variable that the step stores
// the gradient to out. For people who look for the layer where a gradient
// vanishes, and for comparing backends gradient by gradient.

#include "dialects/Optim/OptimOps.h"
#include "dialects/Program/EntryForms.h"
#include "dialects/Program/ProgramOps.h"
#include "passes/Graph/Passes.h"

#include "llvm/ADT/StringExtras.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/IR/BuiltinOps.h"

namespace lamina {
#define GEN_PASS_DEF_KEEPGRADIENTSPASS
#include "passes/Graph/Passes.h.inc"
} // namespace lamina

using namespace mlir;
using namespace lamina;

namespace {

/// "blocks.kernel" for the stack "blocks.*.kernel".
std::string withoutStars(StringRef leaf) {
  std::string name;
  for (StringRef part : llvm::split(leaf, '.'))
    if (part != "*")
      name += (name.empty() ? "" : ".") + part.str();
  return name;
}

struct KeepGradients : lamina::impl::KeepGradientsPassBase<KeepGradients> {
  void runOnOperation() override {
    SymbolTable symbols(getOperation());
    SmallVector<optim::ApplyOp> applied;
    getOperation().walk([&](optim::ApplyOp op) { applied.push_back(op); });
    if (applied.empty())
      getOperation().emitWarning(
          "no step here applies gradients, so there are none to keep");
    DenseMap<Operation *, unsigned> updates; // of each step
    for (optim::ApplyOp op : applied) {
      auto step = dyn_cast<func::FuncOp>(op->getParentOp());
      if (step && step->getAttr("program.entry"))
        keep(op, step, ++updates[step], symbols);
      else
        op.emitWarning("a loop in the step takes these gradients; those of "
                       "its rounds are not kept");
    }
  }

  void keep(optim::ApplyOp op, func::FuncOp step, unsigned number,
            SymbolTable &symbols) {
    auto pipeline = symbols.lookup<optim::PipelineOp>(op.getPipeline());
    StringRef train = program::getEntryName(step);
    train.consume_back(".step");
    std::string prefix =
        (train + ".gradient" + (number > 1 ? Twine(number) : Twine()) + ".")
            .str();
    OpBuilder b(step);
    Operation *end = step.getBody().front().getTerminator();
    for (auto [name, gradient] :
         llvm::zip_equal(pipeline.getLeaves().getAsRange<StringAttr>(),
                         op.getGradients())) {
      auto type = cast<RankedTensorType>(gradient.getType());
      bool stacked = name.getValue().contains('*');
      std::string kept = prefix + withoutStars(name);
      auto variable = program::getDevice(step)
                          ? symbols.lookup<program::VariableOp>(kept)
                          : program::VariableOp();
      if (!variable) {
        variable = program::VariableOp::create(
            b, op.getLoc(), kept, type, "gradient",
            b.getFloatAttr(type.getElementType(), 0.0),
            stacked ? b.getStringAttr(prefix + name.getValue()) : StringAttr(),
            StringAttr());
        symbols.insert(variable);
      }
      NamedAttribute store(b.getStringAttr("program.store"),
                           FlatSymbolRefAttr::get(variable.getSymNameAttr()));
      if (failed(step.insertResult(step.getNumResults(), type,
                                   b.getDictionaryAttr(store))))
        return signalPassFailure();
      end->insertOperands(end->getNumOperands(), gradient);
    }
  }
};

} // namespace
