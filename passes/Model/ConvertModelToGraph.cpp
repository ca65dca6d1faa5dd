// SPDX-License-Identifier: Apache-2.0
//
// Inline layers, expand trees.
//
// MODEL -> GRAPH. Writes each entry anew and removes what it was made of. From
// here on a program is pure functions on tensors.

#include "dialects/Program/ProgramOps.h"
#include "passes/Model/Expander.h"
#include "passes/Model/Passes.h"

#include "mlir/Dialect/Arith/IR/Arith.h"

#include <set>

namespace lamina {
#define GEN_PASS_DEF_CONVERTMODELTOGRAPHPASS
#include "passes/Model/Passes.h.inc"
} // namespace lamina

using namespace mlir;
using namespace lamina;
using model::TreeType;

static constexpr StringLiteral kLoad = "program.load";
static constexpr StringLiteral kStore = "program.store";
static constexpr StringLiteral kScalar = "program.scalar";

namespace {

/// Writes one entry anew.
class EntryWriter {
public:
  EntryWriter(func::FuncOp old, const model::TreeLayout &layout,
              SymbolTableCollection &symbols)
      : old(old), layout(layout), symbols(symbols), builder(old) {}

  LogicalResult write();

private:
  LogicalResult addArgument(unsigned index, Expander &expander);
  LogicalResult addResult(unsigned index, const Expanded &value);
  Value getKey();
  /// The variable of a leaf of the tree that is loaded from or stored to
  /// `prefix`; null after an error.
  FlatSymbolRefAttr findVariable(FlatSymbolRefAttr prefix,
                                 const model::Leaf &leaf);

  func::FuncOp old;
  const model::TreeLayout &layout;
  SymbolTableCollection &symbols;
  OpBuilder builder;
  func::FuncOp function;
  Block *block = nullptr;
  Value key;
  SmallVector<Expanded> args;
  SmallVector<DictionaryAttr> argAttrs, resultAttrs;
  SmallVector<Value> results;
};

} // namespace

FlatSymbolRefAttr EntryWriter::findVariable(FlatSymbolRefAttr prefix,
                                            const model::Leaf &leaf) {
  std::string name = prefix.getValue().str();
  name += (name.empty() ? "" : ".") + leaf.path;
  auto symbol = FlatSymbolRefAttr::get(old.getContext(), name);
  auto variable = symbols.lookupSymbolIn<program::VariableOp>(
      old->getParentOfType<ModuleOp>(), symbol);
  if (!variable) {
    old.emitError("there is no variable '")
        << name << "' for the weight '" << leaf.path << "' of a tree";
    return {};
  }
  if (variable.getType() == leaf.type)
    return symbol;
  InFlightDiagnostic diag = old.emitError("weight '")
                            << leaf.path << "' is " << leaf.type
                            << ", but its variable is " << variable.getType();
  diag.attachNote(variable.getLoc()) << "the variable is declared here";
  return {};
}

LogicalResult EntryWriter::addArgument(unsigned index, Expander &expander) {
  BlockArgument arg = old.getArgument(index);
  DictionaryAttr attrs = old.getArgAttrDict(index);
  if (!attrs)
    attrs = builder.getDictionaryAttr({});
  Expanded &value = args.emplace_back();
  auto tree = dyn_cast<TreeType>(arg.getType());
  if (!tree) {
    value.values.push_back(block->addArgument(arg.getType(), arg.getLoc()));
    argAttrs.push_back(attrs);
    auto scalar = attrs.getAs<StringAttr>(kScalar);
    if (scalar && scalar.getValue() == "key")
      key = value.values.front();
    return success();
  }
  if (!layout.hasLayer(tree))
    return old.emitError("there is no layer '")
           << tree.getLayer().getValue() << "'";
  auto load = attrs.getAs<FlatSymbolRefAttr>(kLoad);
  if (load)
    value.way.appendLayer(load.getValue());
  for (const model::Leaf &leaf : layout.getLeaves(tree)) {
    value.values.push_back(block->addArgument(leaf.type, arg.getLoc()));
    NamedAttrList leafAttrs(attrs);
    if (load) {
      FlatSymbolRefAttr variable = findVariable(load, leaf);
      if (!variable)
        return failure();
      leafAttrs.set(kLoad, variable);
    }
    argAttrs.push_back(leafAttrs.getDictionary(old.getContext()));
  }
  return success();
}

LogicalResult EntryWriter::addResult(unsigned index, const Expanded &value) {
  DictionaryAttr attrs = old.getResultAttrDict(index);
  if (!attrs)
    attrs = builder.getDictionaryAttr({});
  auto tree = dyn_cast<TreeType>(old.getResultTypes()[index]);
  auto store = attrs.getAs<FlatSymbolRefAttr>(kStore);
  if (!tree || !store) {
    llvm::append_range(results, value.values);
    resultAttrs.append(value.values.size(), attrs);
    return success();
  }
  for (auto [leaf, result] :
       llvm::zip_equal(layout.getLeaves(tree), value.values)) {
    FlatSymbolRefAttr variable = findVariable(store, leaf);
    if (!variable)
      return failure();
    // What is stored as it was loaded needs no store.
    auto arg = dyn_cast<BlockArgument>(result);
    if (arg && argAttrs[arg.getArgNumber()].get(kLoad) == variable)
      continue;
    NamedAttrList leafAttrs(attrs);
    leafAttrs.set(kStore, variable);
    results.push_back(result);
    resultAttrs.push_back(leafAttrs.getDictionary(old.getContext()));
  }
  return success();
}

/// The entry's key, an argument that is made when the first draw asks for it.
Value EntryWriter::getKey() {
  if (key)
    return key;
  key = block->addArgument(RankedTensorType::get({2}, builder.getI64Type()),
                           old.getLoc());
  NamedAttribute isKey(kScalar, builder.getStringAttr("key"));
  argAttrs.push_back(builder.getDictionaryAttr(isKey));
  return key;
}

LogicalResult EntryWriter::write() {
  function = func::FuncOp::create(builder, old.getLoc(), old.getSymName(),
                                  builder.getFunctionType({}, {}));
  function->setDiscardableAttrs(old->getDiscardableAttrDictionary());
  function.setVisibility(old.getVisibility());
  block = function.addEntryBlock();

  auto kind = old->getAttrOfType<StringAttr>("program.entry");
  bool isTraining =
      kind && (kind.getValue() == "step" || kind.getValue() == "batch_init");
  Expander expander(old->getParentOfType<ModuleOp>(), layout, symbols,
                    isTraining);
  for (unsigned i = 0, e = old.getNumArguments(); i < e; ++i)
    if (failed(addArgument(i, expander)))
      return failure();
  builder.setInsertionPointToEnd(block);
  Scope scope;
  scope.block = block;
  auto values = expander.expandEntry(builder, old, args, scope,
                                     [&]() { return getKey(); });
  if (failed(values))
    return failure();
  for (auto [index, value] : llvm::enumerate(*values))
    if (failed(addResult(index, value)))
      return failure();
  builder.setInsertionPointToEnd(block);
  func::ReturnOp::create(
      builder, old.getBody().front().getTerminator()->getLoc(), results);
  function.setFunctionType(builder.getFunctionType(
      block->getArgumentTypes(), ValueRange(results).getTypes()));
  function.setAllArgAttrs(argAttrs);
  function.setAllResultAttrs(resultAttrs);
  return success();
}

//===----------------------------------------------------------------------===//
// The pass
//===----------------------------------------------------------------------===//

namespace {

struct ConvertModelToGraph
    : lamina::impl::ConvertModelToGraphPassBase<ConvertModelToGraph> {
  void runOnOperation() override;
};

} // namespace

/// The functions that ops other than functions and layers name.
static std::set<std::string> getNamedFunctions(ModuleOp module) {
  std::set<std::string> named;
  for (Operation &op : module.getOps()) {
    if (isa<func::FuncOp, model::LayerOp>(op))
      continue;
    if (auto uses = SymbolTable::getSymbolUses(&op))
      for (const SymbolTable::SymbolUse &use : *uses)
        named.insert(use.getSymbolRef().getRootReference().str());
  }
  return named;
}

void ConvertModelToGraph::runOnOperation() {
  ModuleOp module = getOperation();
  model::TreeLayout layout(module);
  if (!layout.isValid())
    return signalPassFailure();
  SymbolTableCollection symbols;
  std::set<std::string> named = getNamedFunctions(module);

  SmallVector<Operation *> replaced(module.getOps<model::LayerOp>());
  for (func::FuncOp function : llvm::to_vector(module.getOps<func::FuncOp>())) {
    if (function.isExternal())
      continue;
    replaced.push_back(function);
    bool isEntry = !function.isPrivate() ||
                   function->hasAttr("program.entry") ||
                   named.count(function.getSymName().str()) != 0;
    if (isEntry && failed(EntryWriter(function, layout, symbols).write())) {
      // The module has both forms of this entry now; nobody may see it.
      return signalPassFailure();
    }
  }
  for (Operation *op : replaced)
    op->erase();
}
