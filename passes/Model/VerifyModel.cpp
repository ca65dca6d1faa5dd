// SPDX-License-Identifier: Apache-2.0
//
// Check MODEL across ops.
//
// What the verifiers of single ops cannot see: paths into layers, callees, the
// variables that entries load trees from.

#include "dialects/Model/TreeLayout.h"
#include "dialects/Program/ProgramOps.h"
#include "passes/Model/Passes.h"

#include "mlir/Dialect/Func/IR/FuncOps.h"

namespace lamina {
#define GEN_PASS_DEF_VERIFYMODELPASS
#include "passes/Model/Passes.h.inc"
} // namespace lamina

using namespace mlir;
using namespace lamina;
using model::TreeType;

/// The tree's layer exists and has something of type `type` at `path`.
static LogicalResult verifyPath(Operation *op, const model::TreeLayout &layout,
                                TreeType tree, StringRef path, Type type) {
  std::optional<model::Place> place = layout.find(tree, path);
  if (!place)
    return op->emitError("layer '")
           << tree.getLayer().getValue() << "' has nothing at '" << path << "'";
  if (place->type == type)
    return success();
  InFlightDiagnostic diag = op->emitError("'") << path << "' ";
  if (!place->type)
    return diag << "is a stacked field of a stack, which has no type; name its "
                   "leaves";
  diag << "has the type " << place->type << ", not " << type;
  diag.attachNote(layout.getLayer(tree).getLoc()) << "the layer is declared "
                                                     "here";
  return diag;
}

/// The callee exists and has the type it is called with.
template <class Op>
static LogicalResult verifyCallee(Op op, const model::TreeLayout &layout) {
  TreeType tree = op.getTree().getType();
  if (!layout.hasLayer(tree))
    return op.emitError("there is no layer '")
           << tree.getLayer().getValue() << "'";
  model::LayerOp layer = layout.getLayer(tree);
  auto callee = layer.template lookupSymbol<func::FuncOp>(op.getCallee());
  if (callee)
    return success();
  InFlightDiagnostic diag = op.emitError("layer '")
                            << layer.getSymName() << "' has no function '"
                            << op.getCallee() << "'";
  diag.attachNote(layer.getLoc()) << "the layer is declared here";
  return diag;
}

static LogicalResult verifyCall(model::CallOp op,
                                const model::TreeLayout &layout) {
  if (failed(verifyCallee(op, layout)))
    return failure();
  TreeType tree = op.getTree().getType();
  if (tree.isStack())
    return op.emitError("calls a stack; 'graph.scan' goes over it");
  auto callee =
      layout.getLayer(tree).lookupSymbol<func::FuncOp>(op.getCallee());
  SmallVector<Type> given{tree};
  llvm::append_range(given, op.getArgs().getTypes());
  if (callee.getArgumentTypes() == ArrayRef(given) &&
      llvm::equal(callee.getResultTypes(), op.getResultTypes()))
    return success();
  InFlightDiagnostic diag = op.emitError("calls '")
                            << op.getCallee() << "' with other types than it "
                            << "has: " << callee.getFunctionType();
  diag.attachNote(callee.getLoc()) << "the function is declared here";
  return diag;
}

/// Every leaf of a tree has its variable.
static LogicalResult verifyLeaves(func::FuncOp op,
                                  const model::TreeLayout &layout,
                                  SymbolTable &symbols, TreeType tree,
                                  FlatSymbolRefAttr prefix) {
  for (const model::Leaf &leaf : layout.getLeaves(tree)) {
    std::string name = prefix.getValue().str();
    name += (name.empty() ? "" : ".") + leaf.path;
    auto variable = symbols.lookup<program::VariableOp>(name);
    if (!variable)
      return op.emitError("there is no variable '")
             << name << "' for the weight '" << leaf.path << "' of a tree";
    if (variable.getType() != leaf.type)
      return op.emitError("weight '")
             << leaf.path << "' is " << leaf.type << ", but its variable is "
             << variable.getType();
  }
  return success();
}

static LogicalResult verifyEntry(func::FuncOp op,
                                 const model::TreeLayout &layout,
                                 SymbolTable &symbols) {
  auto check = [&](Type type, DictionaryAttr attrs, StringRef name) {
    auto tree = dyn_cast<TreeType>(type);
    auto prefix =
        attrs ? attrs.getAs<FlatSymbolRefAttr>(name) : FlatSymbolRefAttr();
    if (!tree || !prefix || !layout.hasLayer(tree))
      return success();
    return verifyLeaves(op, layout, symbols, tree, prefix);
  };
  for (auto [index, type] : llvm::enumerate(op.getArgumentTypes()))
    if (failed(check(type, op.getArgAttrDict(index), "program.load")))
      return failure();
  for (auto [index, type] : llvm::enumerate(op.getResultTypes()))
    if (failed(check(type, op.getResultAttrDict(index), "program.store")))
      return failure();
  return success();
}

namespace {

struct VerifyModel : lamina::impl::VerifyModelPassBase<VerifyModel> {
  void runOnOperation() override {
    model::TreeLayout layout(getOperation());
    if (!layout.isValid())
      return signalPassFailure();
    SymbolTable symbols(getOperation());
    WalkResult result = getOperation().walk([&](Operation *op) -> WalkResult {
      return verify(op, layout, symbols);
    });
    if (result.wasInterrupted())
      return signalPassFailure();
    markAllAnalysesPreserved();
  }

  LogicalResult verify(Operation *op, const model::TreeLayout &layout,
                       SymbolTable &symbols) {
    for (Type type : op->getResultTypes())
      if (auto tree = dyn_cast<TreeType>(type))
        if (!layout.hasLayer(tree))
          return op->emitError("there is no layer '")
                 << tree.getLayer().getValue() << "'";
    if (auto leaf = dyn_cast<model::LeafOp>(op))
      return verifyPath(op, layout, leaf.getTree().getType(), leaf.getPath(),
                        leaf.getType());
    if (auto part = dyn_cast<model::PartOp>(op))
      return verifyPath(op, layout, part.getTree().getType(), part.getField(),
                        part.getType());
    if (auto with = dyn_cast<model::WithOp>(op))
      return verifyPath(op, layout, with.getTree().getType(), with.getPath(),
                        with.getValue().getType());
    if (auto call = dyn_cast<model::CallOp>(op))
      return verifyCall(call, layout);
    if (auto inverse = dyn_cast<model::InverseOp>(op))
      return verifyCallee(inverse, layout);
    if (auto logDet = dyn_cast<model::LogDetOp>(op))
      return verifyCallee(logDet, layout);
    if (auto begin = dyn_cast<model::BeginOp>(op))
      return verifyCallee(begin, layout);
    if (auto next = dyn_cast<model::NextOp>(op))
      return verifyCallee(next, layout);
    if (auto function = dyn_cast<func::FuncOp>(op))
      return verifyEntry(function, layout, symbols);
    return success();
  }
};

} // namespace
