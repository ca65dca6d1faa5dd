// SPDX-License-Identifier: Apache-2.0
//
// Step-by-step calls on all input so far.
//
// MODEL -> MODEL. A run becomes a tree of two leaves, the input so far with all
// its room and its length, and each step a call of the layer on that input. The
// callee is cloned for the longer input: its named size is replaced in every
// type and attribute, down to the functions it calls.

#include "dialects/Graph/GraphOps.h"
#include "dialects/Graph/Shape.h"
#include "dialects/Model/ModelOps.h"
#include "passes/Model/Passes.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/IR/AttrTypeSubElements.h"

#include <map>

namespace lamina {
#define GEN_PASS_DEF_DERIVERUNSPASS
#include "passes/Model/Passes.h.inc"
} // namespace lamina

using namespace mlir;
using namespace lamina;
using graph::SizeExpr;
using model::RunType;
using model::TreeType;

//===----------------------------------------------------------------------===//
// Callees for longer inputs
//===----------------------------------------------------------------------===//

namespace {

/// Clones functions with a named size replaced by another one.
class Lengthening {
public:
  Lengthening(ModuleOp module, StringRef name, const SizeExpr &size)
      : module(module), suffix("." + name.str() + ".run") {
    replacer.addReplacement([name = name.str(), size](graph::DimsAttr dims) {
      SmallVector<SizeExpr> sizes;
      for (const SizeExpr &old : dims.getSizes())
        sizes.push_back(
            old.substitute([&](StringRef other) -> std::optional<SizeExpr> {
              if (other == name)
                return size;
              return std::nullopt;
            }));
      return graph::DimsAttr::get(dims.getContext(), sizes);
    });
  }

  /// The clone of a function in a layer, or of one of the module (null layer).
  func::FuncOp get(model::LayerOp layer, func::FuncOp callee);

private:
  void lengthenCalls(func::FuncOp function);

  ModuleOp module;
  std::string suffix;
  AttrTypeReplacer replacer;
  std::map<Operation *, func::FuncOp> clones;
};

} // namespace

func::FuncOp Lengthening::get(model::LayerOp layer, func::FuncOp callee) {
  auto known = clones.find(callee);
  if (known != clones.end())
    return known->second;
  func::FuncOp clone = callee.clone();
  clones[callee] = clone;
  Operation *table = layer ? layer.getOperation() : module.getOperation();
  clone.setSymName((callee.getSymName() + suffix).str());
  SymbolTable(table).insert(clone);
  replacer.recursivelyReplaceElementsIn(clone, /*replaceAttrs=*/true,
                                        /*replaceLocs=*/false,
                                        /*replaceTypes=*/true);
  lengthenCalls(clone);
  return clone;
}

void Lengthening::lengthenCalls(func::FuncOp function) {
  function.walk([&](Operation *op) {
    if (auto call = dyn_cast<model::CallOp>(op)) {
      auto layer = module.lookupSymbol<model::LayerOp>(
          call.getTree().getType().getLayer().getValue());
      auto callee = layer ? layer.lookupSymbol<func::FuncOp>(call.getCallee())
                          : func::FuncOp();
      if (callee)
        call.setCallee(get(layer, callee).getSymName());
    }
    if (auto call = dyn_cast<func::CallOp>(op)) {
      auto callee = module.lookupSymbol<func::FuncOp>(call.getCallee());
      if (callee && !callee.isExternal())
        call.setCallee(get({}, callee).getSymName());
    }
  });
}

//===----------------------------------------------------------------------===//
// Runs
//===----------------------------------------------------------------------===//

namespace {

/// What `begin` and `next` say about the call.
struct RunCall {
  Location loc;
  Value tree;
  FlatSymbolRefAttr callee;
  unsigned growing, axis, resultAxis;
};

class RunDerivation {
public:
  explicit RunDerivation(ModuleOp module)
      : module(module), symbols(module), builder(module.getContext()) {}

  LogicalResult derive();

private:
  TreeType getTree(RunType run, bool hasLengths);
  LogicalResult deriveBegin(model::BeginOp op);
  Value lengthOf(model::BeginOp op, Value prompt);
  LogicalResult deriveNext(model::NextOp op);
  Value withToken(model::NextOp op, Value input, Value length);
  void deriveRows(model::RowsOp op);
  LogicalResult call(Operation *op, const RunCall &call, Value input,
                     ValueRange others, Value position, Type lastType,
                     Value &last);
  Value pick(Location loc, Value whole, unsigned axis, Value position,
             Type type);
  Value number(Location loc, int64_t value, Type like);

  ModuleOp module;
  SymbolTable symbols;
  OpBuilder builder;
  std::map<std::string, TreeType> trees;
  std::map<std::string, std::unique_ptr<Lengthening>> lengthenings;
  unsigned nextRun = 0;
};

} // namespace

/// The layer whose states are the leaves of a run.
TreeType RunDerivation::getTree(RunType run, bool hasLengths) {
  std::string text;
  llvm::raw_string_ostream(text) << run;
  TreeType &tree = trees[text];
  if (tree)
    return tree;
  auto input = cast<RankedTensorType>(run.getInput());
  Type i64 = builder.getI64Type();
  auto lengths = hasLengths
                     ? graph::getTensorType(
                           ArrayRef(graph::getShape(input)).take_front(1), i64)
                     : RankedTensorType::get({}, i64);
  OpBuilder::InsertionGuard guard(builder);
  builder.setInsertionPointToStart(module.getBody());
  auto layer = model::LayerOp::create(builder, builder.getUnknownLoc(),
                                      "run." + std::to_string(nextRun++));
  symbols.insert(layer);
  builder.setInsertionPointToStart(&layer.getBody().emplaceBlock());
  model::StateOp::create(builder, layer.getLoc(), "input", input,
                         builder.getZeroAttr(input.getElementType()));
  model::StateOp::create(builder, layer.getLoc(), "length", lengths,
                         builder.getZeroAttr(i64));
  tree = TreeType::get(FlatSymbolRefAttr::get(layer));
  return tree;
}

/// An integer tensor of the type of `like` with one value.
Value RunDerivation::number(Location loc, int64_t value, Type like) {
  auto type = cast<RankedTensorType>(like);
  auto scalar = RankedTensorType::get({}, type.getElementType());
  Value constant = arith::ConstantOp::create(
      builder, loc,
      DenseElementsAttr::get(
          scalar, builder.getIntegerAttr(type.getElementType(), value)));
  if (type.getRank() == 0)
    return constant;
  return graph::BroadcastOp::create(builder, loc, type, constant,
                                    ArrayRef<int64_t>{});
}

/// `whole` at `position` along `axis`, without that axis. A position for each
/// row of the batch is a gather.
Value RunDerivation::pick(Location loc, Value whole, unsigned axis,
                          Value position, Type type) {
  auto positions = cast<RankedTensorType>(position.getType());
  if (positions.getRank() == 1)
    return graph::GatherOp::create(builder, loc, type, whole, position, axis,
                                   /*batch=*/1, /*outside=*/false);
  graph::Shape shape = graph::getShape(whole);
  shape[axis] = SizeExpr(1);
  Value part = graph::DynamicSliceOp::create(
      builder, loc,
      graph::getTensorType(
          shape, cast<RankedTensorType>(whole.getType()).getElementType()),
      whole, ValueRange(position), ArrayRef<int64_t>{axis});
  return graph::ReshapeOp::create(builder, loc, type, part);
}

/// Calls the layer on the input with all its room and reads the result at
/// `position`.
LogicalResult RunDerivation::call(Operation *op, const RunCall &call,
                                  Value input, ValueRange others,
                                  Value position, Type lastType, Value &last) {
  auto treeType = cast<TreeType>(call.tree.getType());
  auto layer = symbols.lookup<model::LayerOp>(treeType.getLayer().getValue());
  auto callee = layer ? layer.lookupSymbol<func::FuncOp>(call.callee.getValue())
                      : func::FuncOp();
  if (!callee)
    return op->emitError("layer '")
           << treeType.getLayer().getValue() << "' has no function '"
           << call.callee.getValue() << "'";
  auto growing =
      cast<RankedTensorType>(callee.getArgumentTypes()[1 + call.growing]);
  SizeExpr size = graph::getSize(growing, call.axis);
  SizeExpr full =
      graph::getSize(cast<RankedTensorType>(input.getType()), call.axis);
  func::FuncOp longer = callee;
  if (size != full) {
    std::optional<StringRef> name = size.getName();
    if (!name)
      return op->emitError("a run grows along a size of ")
             << size.str() << "; it has to be a named one";
    auto &lengthening = lengthenings[(*name + "=" + full.str()).str()];
    if (!lengthening)
      lengthening = std::make_unique<Lengthening>(module, *name, full);
    longer = lengthening->get(layer, callee);
  }
  SmallVector<Value> args(others);
  args.insert(args.begin() + call.growing, input);
  if (!llvm::equal(longer.getArgumentTypes().drop_front(),
                   ValueRange(args).getTypes()))
    return op->emitError("another argument has the size that grows, ")
           << size.str() << "; a run grows along one argument";
  auto result = model::CallOp::create(
      builder, call.loc, longer.getResultTypes(), call.tree,
      FlatSymbolRefAttr::get(longer), args, StringAttr());
  last =
      pick(call.loc, result.getResult(0), call.resultAxis, position, lastType);
  return success();
}

/// How many positions of the prompt there are: one number, or one for each row.
Value RunDerivation::lengthOf(model::BeginOp op, Value prompt) {
  Location loc = op.getLoc();
  if (Value lengths = op.getLengths()) {
    auto type = graph::withElementType(
        cast<RankedTensorType>(lengths.getType()), builder.getI64Type());
    return lengths.getType() == type
               ? lengths
               : Value(arith::ExtSIOp::create(builder, loc, type, lengths));
  }
  SizeExpr size =
      graph::getSize(cast<RankedTensorType>(prompt.getType()), op.getAxis());
  return graph::SizeOp::create(builder, loc,
                               RankedTensorType::get({}, builder.getI64Type()),
                               graph::DimsAttr::get(op.getContext(), {size}));
}

LogicalResult RunDerivation::deriveBegin(model::BeginOp op) {
  builder.setInsertionPoint(op);
  Location loc = op.getLoc();
  TreeType tree = getTree(op.getRun().getType(), bool(op.getLengths()));
  auto full = cast<RankedTensorType>(op.getRun().getType().getInput());
  SmallVector<Value> others(op.getArgs());
  Value prompt = others[op.getGrowing()];
  others.erase(others.begin() + op.getGrowing());
  auto scalar = RankedTensorType::get({}, full.getElementType());
  Value zero = arith::ConstantOp::create(
      builder, loc, cast<TypedAttr>(builder.getZeroAttr(scalar)));
  SmallVector<int64_t> none(full.getRank(), 0);
  Value input =
      graph::PadOp::create(builder, loc, full, prompt, zero, none, none);
  Value length = lengthOf(op, prompt);
  Value position = arith::SubIOp::create(builder, loc, length,
                                         number(loc, 1, length.getType()));
  Value last;
  RunCall called{loc,
                 op.getTree(),
                 op.getCalleeAttr(),
                 unsigned(op.getGrowing()),
                 unsigned(op.getAxis()),
                 unsigned(op.getResultAxis())};
  if (failed(call(op, called, input, others, position, op.getLast().getType(),
                  last)))
    return failure();
  Value run =
      model::PackOp::create(builder, loc, tree, ValueRange{input, length});
  op.getRun().replaceAllUsesWith(run);
  op.getLast().replaceAllUsesWith(last);
  op.erase();
  return success();
}

/// The positions read so far with the next one behind them.
Value RunDerivation::withToken(model::NextOp op, Value input, Value length) {
  Location loc = op.getLoc();
  auto full = cast<RankedTensorType>(input.getType());
  int64_t axis = op.getAxis();
  if (cast<RankedTensorType>(length.getType()).getRank() == 1)
    return graph::ScatterOp::create(builder, loc, full, graph::ScatterKind::Set,
                                    input, length, op.getToken(), axis,
                                    /*batch=*/1, /*outside=*/true);
  graph::Shape shape = graph::getShape(full);
  shape[axis] = SizeExpr(1);
  Value update = graph::ReshapeOp::create(
      builder, loc, graph::getTensorType(shape, full.getElementType()),
      op.getToken());
  return graph::DynamicUpdateOp::create(builder, loc, full, input, update,
                                        ValueRange(length),
                                        ArrayRef<int64_t>{axis});
}

LogicalResult RunDerivation::deriveNext(model::NextOp op) {
  builder.setInsertionPoint(op);
  Location loc = op.getLoc();
  // The run is a tree by now, which the accessors do not know.
  Value before = op->getOperand(1);
  auto run = cast<TreeType>(before.getType());
  auto layer = symbols.lookup<model::LayerOp>(run.getLayer().getValue());
  auto states = llvm::to_vector(layer.getOps<model::StateOp>());
  auto full = cast<RankedTensorType>(states[0].getType());
  auto lengths = cast<RankedTensorType>(states[1].getType());
  Value input = model::LeafOp::create(builder, loc, full, before, "input");
  Value length = model::LeafOp::create(builder, loc, lengths, before, "length");
  input = withToken(op, input, length);
  Value last;
  RunCall called{loc,
                 op.getTree(),
                 op.getCalleeAttr(),
                 unsigned(op.getGrowing()),
                 unsigned(op.getAxis()),
                 unsigned(op.getResultAxis())};
  if (failed(call(op, called, input, op.getArgs(), length,
                  op.getLast().getType(), last)))
    return failure();
  Value longer = arith::AddIOp::create(builder, loc, length,
                                       number(loc, 1, length.getType()));
  Value next =
      model::PackOp::create(builder, loc, run, ValueRange{input, longer});
  op->getResult(0).replaceAllUsesWith(next);
  op.getLast().replaceAllUsesWith(last);
  op.erase();
  return success();
}

void RunDerivation::deriveRows(model::RowsOp op) {
  builder.setInsertionPoint(op);
  Location loc = op.getLoc();
  Value before = op->getOperand(0);
  auto run = cast<TreeType>(before.getType());
  auto layer = symbols.lookup<model::LayerOp>(run.getLayer().getValue());
  SmallVector<Value> leaves;
  for (model::StateOp state : layer.getOps<model::StateOp>()) {
    Value leaf = model::LeafOp::create(builder, loc, state.getType(), before,
                                       state.getSymName());
    if (cast<RankedTensorType>(state.getType()).getRank() > 0)
      leaf = graph::GatherOp::create(builder, loc, state.getType(), leaf,
                                     op.getIds(), 0, 0, /*outside=*/false);
    leaves.push_back(leaf);
  }
  Value rows = model::PackOp::create(builder, loc, run, leaves);
  op->getResult(0).replaceAllUsesWith(rows);
  op.erase();
}

template <class Op>
static SmallVector<Op> collectOps(ModuleOp module) {
  SmallVector<Op> ops;
  module.walk([&](Op op) { ops.push_back(op); });
  return ops;
}

LogicalResult RunDerivation::derive() {
  auto begins = collectOps<model::BeginOp>(module);
  auto nexts = collectOps<model::NextOp>(module);
  auto rows = collectOps<model::RowsOp>(module);
  if (begins.empty() && nexts.empty())
    return success();
  for (model::BeginOp begin : begins)
    (void)getTree(begin.getRun().getType(), bool(begin.getLengths()));
  // Every run is a tree from here on.
  AttrTypeReplacer replacer;
  std::optional<RunType> unknown;
  replacer.addReplacement([&](RunType run) -> Type {
    std::string text;
    llvm::raw_string_ostream(text) << run;
    auto tree = trees.find(text);
    if (tree != trees.end())
      return tree->second;
    unknown = run;
    return run;
  });
  for (model::BeginOp begin : begins)
    if (failed(deriveBegin(begin)))
      return failure();
  replacer.recursivelyReplaceElementsIn(module, true, false, true);
  if (unknown)
    return module.emitError("no run of type ") << *unknown << " is begun";
  for (model::NextOp next : nexts)
    if (failed(deriveNext(next)))
      return failure();
  for (model::RowsOp row : rows)
    deriveRows(row);
  return success();
}

namespace {

struct DeriveRuns : lamina::impl::DeriveRunsPassBase<DeriveRuns> {
  void runOnOperation() override {
    if (failed(RunDerivation(getOperation()).derive()))
      signalPassFailure();
  }
};

} // namespace
