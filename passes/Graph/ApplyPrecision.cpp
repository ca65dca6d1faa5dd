// SPDX-License-Identifier: Apache-2.0
//
// Products of bfloat16.
//
// Graph -> Graph, behind gradients: casts around what may lose bits.
// Derivatives are those of the program as it was written; that a product rounds
// its factors is no part of them.

#include "dialects/Program/ProgramOps.h"
#include "passes/Graph/Narrowing.h"
#include "passes/Graph/Passes.h"
#include "passes/Graph/WeightPattern.h"

#include "mlir/Dialect/Arith/IR/Arith.h"

namespace lamina {
#define GEN_PASS_DEF_APPLYPRECISIONPASS
#include "passes/Graph/Passes.h.inc"
} // namespace lamina

using namespace mlir;
using namespace lamina;

namespace {

struct ApplyPrecision : lamina::impl::ApplyPrecisionPassBase<ApplyPrecision> {
  using ApplyPrecisionPassBase::ApplyPrecisionPassBase;

  void runOnOperation() override {
    llvm::StringMap<bool> kept;
    for (auto variable : getOperation().getOps<program::VariableOp>())
      kept[variable.getSymName()] =
          llvm::any_of(keepFloat32, [&](const std::string &pattern) {
            return matchesWeight(pattern, variable);
          });
    for (auto entry : getOperation().getOps<func::FuncOp>())
      if (!entry.isExternal())
        apply(entry, kept);
  }

  void apply(func::FuncOp entry, const llvm::StringMap<bool> &kept) {
    auto isKept = [&](StringRef variable) { return kept.lookup(variable); };
    graph::ValueRoles roles(entry, isKept);
    SmallVector<graph::ContractOp> products;
    entry.walk([&](graph::ContractOp op) {
      if (graph::isMatrixProduct(op) && !roles.isKept(op))
        products.push_back(op);
    });
    SmallVector<Operation *> attentions;
    entry.walk([&](Operation *op) {
      if (isa<graph::AttendOp, graph::AttendGradOp>(op))
        attentions.push_back(op);
    });
    if (products.empty() && attentions.empty())
      return;
    graph::Narrowing narrowing(entry, roles);
    for (graph::ContractOp op : products)
      narrowing.narrowFactors(op);
    for (Operation *op : attentions)
      narrowing.narrowAttention(op);
    narrowing.narrowStacks();
    for (graph::ContractOp op : products)
      narrowing.narrowStored(op);
  }
};

} // namespace
