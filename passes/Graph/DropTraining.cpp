// SPDX-License-Identifier: Apache-2.0
//
// What is left of a program that only computes.
//
// GRAPH with entries out of which a file trains, tests and reads data in; the
// samples and functions, and the variables that these load, out. For modules
// that a web page or another host calls: there is no file to read there, and
// the weights are given.

#include "dialects/Program/ProgramOps.h"
#include "passes/Graph/Passes.h"

#include "llvm/ADT/SetVector.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/IR/Builders.h"
#include "mlir/IR/BuiltinOps.h"
#include "mlir/IR/TypeUtilities.h"

namespace lamina {
#define GEN_PASS_DEF_DROPTRAININGPASS
#include "passes/Graph/Passes.h.inc"
} // namespace lamina

using namespace mlir;
using namespace lamina;

namespace {

bool isOfWeights(program::VariableOp variable) {
  return variable.getRole() == "param" || variable.getRole() == "state";
}

struct DropTraining : lamina::impl::DropTrainingPassBase<DropTraining> {
  void runOnOperation() override {
    SymbolTable symbols(getOperation());
    llvm::SetVector<Operation *> kept = keptEntries();
    for (size_t i = 0; i < kept.size(); ++i)
      if (auto entry = dyn_cast<func::FuncOp>(kept[i]))
        keepVariables(entry, symbols, kept);
    SmallVector<Operation *> dropped;
    for (Operation &op : *getOperation().getBody()) {
      bool isEntry = isa<func::FuncOp>(op) && op.hasAttr("program.entry");
      if (isEntry || isa<program::VariableOp>(op)) {
        if (!kept.contains(&op))
          dropped.push_back(&op);
      } else if (isa<program::TrainOp, program::ReportOp, program::SourceOp,
                     program::DatasetOp, program::TestOp>(op)) {
        dropped.push_back(&op);
      }
    }
    for (Operation *op : dropped)
      op->erase();
  }

  llvm::SetVector<Operation *> keptEntries() {
    llvm::SetVector<Operation *> kept;
    for (auto entry : getOperation().getOps<func::FuncOp>())
      if (auto kind = entry->getAttrOfType<StringAttr>("program.entry"))
        if (kind == "sample" || kind == "function")
          kept.insert(entry);
    return kept;
  }

  /// The variables that `entry` loads. Weights are given; others get the value
  /// that they have in a program that begins, by the entry that computes it.
  void keepVariables(func::FuncOp entry, SymbolTable &symbols,
                     llvm::SetVector<Operation *> &kept) {
    for (unsigned i = 0; i < entry.getNumArguments(); ++i) {
      auto name = entry.getArgAttrOfType<FlatSymbolRefAttr>(i, "program.load");
      if (!name)
        continue;
      auto variable = symbols.lookup<program::VariableOp>(name.getValue());
      if (!kept.insert(variable))
        continue;
      auto init = dyn_cast<FlatSymbolRefAttr>(variable.getInit());
      if (!init)
        continue;
      if (isOfWeights(variable))
        variable.setInitAttr(
            Builder(&getContext())
                .getZeroAttr(getElementTypeOrSelf(variable.getType())));
      else
        kept.insert(symbols.lookup(init.getValue()));
    }
  }
};

} // namespace
