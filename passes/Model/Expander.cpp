// SPDX-License-Identifier: Apache-2.0
//
// Bodies of MODEL as ops of GRAPH.
//
// Trees, calls, keys and derivatives. Loops and branches, whose regions are
// rebuilt, are in ExpandRegions.cpp.

#include "passes/Model/Expander.h"

#include "llvm/ADT/ScopeExit.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/ADT/TypeSwitch.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/IR/Builders.h"
#include "mlir/IR/IRMapping.h"

using namespace mlir;
using namespace lamina;
using model::TreeType;

//===----------------------------------------------------------------------===//
// Values
//===----------------------------------------------------------------------===//

SmallVector<Type> Expander::expandType(Type type) const {
  auto tree = dyn_cast<TreeType>(type);
  if (!tree)
    return {type};
  SmallVector<Type> types;
  for (const model::Leaf &leaf : layout.getLeaves(tree))
    types.push_back(leaf.type);
  return types;
}

Expanded &Expander::bind(Frame &frame, Value value, ArrayRef<Value> values,
                         DrawPath way) {
  Expanded &expanded = frame.values[value];
  expanded.values.assign(values.begin(), values.end());
  expanded.way = std::move(way);
  return expanded;
}

SmallVector<Value> Expander::flatten(Frame &frame, ValueRange values) const {
  SmallVector<Value> flat;
  for (Value value : values)
    llvm::append_range(flat, frame.values.find(value)->second.values);
  return flat;
}

Value Expander::capture(Value value, Scope *from, Scope *to) {
  if (from == to)
    return value;
  assert(to->captures && "a value is captured from a scope that is not around");
  value = capture(value, from, to->parent);
  Captures &captures = *to->captures;
  auto it = llvm::find(captures.outer, value);
  size_t number = it - captures.outer.begin();
  if (it == captures.outer.end()) {
    captures.outer.push_back(value);
    for (Block *block : captures.blocks)
      block->addArgument(value.getType(), value.getLoc());
  }
  size_t first = to->block->getNumArguments() - captures.outer.size();
  return to->block->getArgument(first + number);
}

//===----------------------------------------------------------------------===//
// Functions
//===----------------------------------------------------------------------===//

FailureOr<SmallVector<Expanded>>
Expander::expandEntry(OpBuilder &at, func::FuncOp function,
                      ArrayRef<Expanded> args, Scope &scope,
                      function_ref<Value()> key) {
  builder = &at;
  entry = &scope;
  makeKey = key;
  return inlineFunction(function, function,
                        SmallVector<Expanded>(args.begin(), args.end()), {},
                        scope);
}

FailureOr<SmallVector<Expanded>>
Expander::inlineFunction(Operation *call, func::FuncOp callee,
                         SmallVector<Expanded> args, DrawPath path,
                         Scope &scope) {
  if (llvm::is_contained(active, callee.getOperation())) {
    InFlightDiagnostic diag = call->emitError("'")
                              << callee.getSymName() << "' calls itself";
    diag.attachNote(callee.getLoc()) << "it is declared here";
    return diag;
  }
  active.push_back(callee);
  llvm::scope_exit leave([&]() { active.pop_back(); });
  Frame frame;
  frame.path = std::move(path);
  for (auto [arg, value] :
       llvm::zip_equal(callee.getArguments(), std::move(args)))
    frame.values[arg] = std::move(value);
  return expandBlock(callee.getBody().front(), frame, scope);
}

FailureOr<SmallVector<Expanded>>
Expander::expandBlock(Block &block, Frame &frame, Scope &scope) {
  for (Operation &op : block.without_terminator())
    if (failed(expandOp(op, frame, scope)))
      return failure();
  SmallVector<Expanded> results;
  for (Value operand : block.getTerminator()->getOperands())
    results.push_back(frame.values.find(operand)->second);
  return results;
}

LogicalResult Expander::expandOp(Operation &op, Frame &frame, Scope &scope) {
  return llvm::TypeSwitch<Operation *, LogicalResult>(&op)
      .Case<model::LeafOp>([&](auto op) { return expandLeaf(op, frame); })
      .Case<model::PartOp>([&](auto op) { return expandPart(op, frame); })
      .Case<model::WithOp>([&](auto op) { return expandWith(op, frame); })
      .Case<model::PackOp>([&](auto op) { return expandPack(op, frame); })
      .Case<model::KeyOp>([&](auto op) { return expandKey(op, frame, scope); })
      .Case<model::CallOp, func::CallOp>(
          [&](auto op) { return expandCall(op, frame, scope); })
      .Case<graph::ScanOp>(
          [&](auto op) { return expandScan(op, frame, scope); })
      .Case<graph::CondOp>(
          [&](auto op) { return expandCond(op, frame, scope); })
      .Case<graph::GradientOp>(
          [&](auto op) { return expandGradient(op, frame); })
      .Case<graph::PushforwardOp>(
          [&](auto op) { return expandPushforward(op, frame); })
      .Case<model::PhaseOp>([&](model::PhaseOp phase) {
        auto value = DenseElementsAttr::get(
            cast<RankedTensorType>(phase.getType()), isTraining);
        Value constant =
            arith::ConstantOp::create(*builder, phase.getLoc(), value);
        bind(frame, phase, constant);
        return success();
      })
      .Default([&](Operation *op) { return expandPlain(*op, frame); });
}

/// An op without trees: the same op on the new values. Its location names the
/// layer, which the line does not: a layer is declared once and used often.
LogicalResult Expander::expandPlain(Operation &op, Frame &frame) {
  if (isa<model::ModelDialect>(op.getDialect()))
    return op.emitError("'") << op.getName()
                             << "' is still here; it has no pass that derives "
                                "it for this function";
  IRMapping mapping;
  for (Value operand : op.getOperands()) {
    if (isa<TreeType, model::RunType>(operand.getType()))
      return op.emitError("'") << op.getName() << "' cannot take a tree";
    mapping.map(operand, frame.values.find(operand)->second.values.front());
  }
  Operation *copy = builder->clone(op, mapping);
  if (!frame.path.layer.empty())
    copy->setLoc(
        NameLoc::get(builder->getStringAttr(frame.path.layer), op.getLoc()));
  for (auto [from, to] : llvm::zip_equal(op.getResults(), copy->getResults()))
    bind(frame, from, Value(to));
  return success();
}

//===----------------------------------------------------------------------===//
// Trees
//===----------------------------------------------------------------------===//

static LogicalResult emitNoPlace(Operation *op, TreeType tree, StringRef path) {
  return op->emitError("layer '")
         << tree.getLayer().getValue() << "' has nothing at '" << path << "'";
}

LogicalResult Expander::expandLeaf(model::LeafOp op, Frame &frame) {
  TreeType tree = op.getTree().getType();
  std::optional<model::Place> place = layout.find(tree, op.getPath());
  if (!place)
    return emitNoPlace(op, tree, op.getPath());
  if (place->type != op.getType())
    return op.emitError("'") << op.getPath() << "' has the type " << place->type
                             << ", but is read as " << op.getType();
  Value leaf = frame.values.find(op.getTree())->second.values[place->first];
  bind(frame, op, leaf);
  return success();
}

LogicalResult Expander::expandPart(model::PartOp op, Frame &frame) {
  TreeType tree = op.getTree().getType();
  std::optional<model::Place> place = layout.find(tree, op.getField());
  if (!place)
    return emitNoPlace(op, tree, op.getField());
  if (place->type != op.getType())
    return op.emitError("'")
           << op.getField() << "' has the type " << place->type
           << ", but is read as " << op.getType();
  const Expanded &from = frame.values.find(op.getTree())->second;
  SmallVector<Value> leaves(
      ArrayRef(from.values).slice(place->first, place->count));
  DrawPath way = from.way;
  way.appendLayer(op.getField());
  bind(frame, op, leaves, std::move(way));
  return success();
}

LogicalResult Expander::expandWith(model::WithOp op, Frame &frame) {
  TreeType tree = op.getTree().getType();
  std::optional<model::Place> place = layout.find(tree, op.getPath());
  if (!place)
    return emitNoPlace(op, tree, op.getPath());
  if (place->type != op.getValue().getType())
    return op.emitError("'") << op.getPath() << "' has the type " << place->type
                             << ", but is set to " << op.getValue().getType();
  Expanded to = frame.values.find(op.getTree())->second;
  llvm::copy(frame.values.find(op.getValue())->second.values,
             to.values.begin() + place->first);
  frame.values[op] = std::move(to);
  return success();
}

LogicalResult Expander::expandPack(model::PackOp op, Frame &frame) {
  SmallVector<Value> leaves = flatten(frame, op.getLeaves());
  if (!llvm::equal(ValueRange(leaves).getTypes(), expandType(op.getType())))
    return op.emitError("leaves are not those of layer '")
           << op.getType().getLayer().getValue() << "'";
  bind(frame, op, leaves);
  return success();
}

//===----------------------------------------------------------------------===//
// Calls
//===----------------------------------------------------------------------===//

void Expander::addRounds(DrawPath &path, const Frame &frame,
                         const DrawPath &way) const {
  for (Scope *loop : frame.loops)
    if (llvm::none_of(way.numbers, [&](const PathNumber &number) {
          return number.index == loop->index;
        }))
      path.rounds.push_back({0, loop->index, loop});
}

/// The name of a function on a path: without the numbers that tell the forms
/// of one function apart.
static StringRef getDeclaredName(StringRef symbol) {
  while (true) {
    auto [head, tail] = symbol.rsplit('.');
    if (tail.empty() || !llvm::all_of(tail, llvm::isDigit))
      return symbol;
    symbol = head;
  }
}

static bool fitsTypes(func::FuncOp callee, model::CallOp op) {
  SmallVector<Type> given{op.getTree().getType()};
  llvm::append_range(given, op.getArgs().getTypes());
  return callee.getArgumentTypes() == ArrayRef(given) &&
         llvm::equal(callee.getResultTypes(), op.getResultTypes());
}

LogicalResult Expander::expandCall(model::CallOp op, Frame &frame,
                                   Scope &scope) {
  TreeType tree = op.getTree().getType();
  if (tree.isStack())
    return op.emitError("calls a stack; 'graph.scan' goes over it");
  auto callee = symbols.lookupSymbolIn<func::FuncOp>(layout.getLayer(tree),
                                                     op.getCalleeAttr());
  if (!callee || callee.isExternal())
    return op.emitError("layer '")
           << tree.getLayer().getValue() << "' has no function '"
           << op.getCallee() << "' with a body";
  SmallVector<Expanded> args{frame.values.find(op.getTree())->second};
  for (Value arg : op.getArgs())
    args.push_back(frame.values.find(arg)->second);
  if (!fitsTypes(callee, op))
    return op.emitError("calls '")
           << op.getCallee() << "' of type " << callee.getFunctionType()
           << " with other types";

  DrawPath way = std::exchange(args.front().way, {});
  DrawPath path = frame.path;
  path.append(way);
  StringRef name = getDeclaredName(op.getCallee());
  if (name != "call")
    path.append(name);
  path.append(op.getPath().value_or(""));
  addRounds(path, frame, way);
  auto results = inlineFunction(op, callee, std::move(args), path, scope);
  if (failed(results))
    return failure();
  for (auto [result, value] : llvm::zip_equal(op.getResults(), *results)) {
    Expanded &bound = bind(frame, result, value.values);
    // What a layer returns of its own tree stands where the tree stood.
    if (result.getType() == tree)
      bound.way = way;
  }
  return success();
}

LogicalResult Expander::expandCall(func::CallOp op, Frame &frame,
                                   Scope &scope) {
  auto callee =
      symbols.lookupSymbolIn<func::FuncOp>(module, op.getCalleeAttr());
  if (!callee)
    return op.emitError("there is no function '") << op.getCallee() << "'";
  if (callee.isExternal())
    return expandPlain(*op, frame);
  DrawPath path = frame.path;
  auto given = op->getAttrOfType<StringAttr>("model.path");
  path.append(given ? given.getValue() : getDeclaredName(op.getCallee()));
  addRounds(path, frame, {});
  SmallVector<Expanded> args;
  for (Value operand : op.getOperands())
    args.push_back(frame.values.find(operand)->second);
  auto results = inlineFunction(op, callee, std::move(args), path, scope);
  if (failed(results))
    return failure();
  for (auto [result, value] : llvm::zip_equal(op.getResults(), *results))
    frame.values[result] = std::move(value);
  return success();
}

LogicalResult Expander::expandKey(model::KeyOp op, Frame &frame, Scope &scope) {
  DrawPath path = frame.path;
  path.append(op.getPath());
  SmallVector<Value> numbers;
  auto type = RankedTensorType::get({}, builder->getI64Type());
  auto add = [&](const PathNumber &number) {
    numbers.push_back(
        number.index ? capture(number.index, number.scope, &scope)
                     : Value(arith::ConstantOp::create(
                           *builder, op.getLoc(),
                           DenseElementsAttr::get(type, number.constant))));
  };
  llvm::for_each(path.numbers, add);
  llvm::for_each(path.rounds, add);
  llvm::append_range(numbers, flatten(frame, op.getRounds()));
  Value key = capture(makeKey(), entry, &scope);
  bind(frame, op,
       buildDrawKey(*builder, op.getLoc(), key, path.names, numbers));
  return success();
}

//===----------------------------------------------------------------------===//
// Derivatives
//===----------------------------------------------------------------------===//

SmallVector<bool> Expander::getDifferentiated(Type type) const {
  auto tree = dyn_cast<TreeType>(type);
  if (!tree)
    return {true};
  SmallVector<bool> differentiated;
  for (const model::Leaf &leaf : layout.getLeaves(tree))
    differentiated.push_back(!leaf.isState &&
                             isa<FloatType>(leaf.type.getElementType()));
  return differentiated;
}

LogicalResult Expander::expandGradient(graph::GradientOp op, Frame &frame) {
  SmallVector<Value> wrt;
  for (Value value : op.getWrt())
    for (auto [leaf, isWanted] :
         llvm::zip_equal(frame.values.find(value)->second.values,
                         getDifferentiated(value.getType())))
      if (isWanted)
        wrt.push_back(leaf);
  SmallVector<Type> types;
  SmallVector<Value> of = flatten(frame, op.getOf());
  if (int64_t each = op.getEach().value_or(0); each > 0) {
    // Only tensors stand here, so the results are those of the op.
    types.assign(op.getResultTypes().begin(), op.getResultTypes().end());
  } else {
    for (Value leaf : wrt)
      types.push_back(leaf.getType());
  }
  auto gradient = graph::GradientOp::create(*builder, op.getLoc(), types, of,
                                            flatten(frame, op.getSeed()), wrt,
                                            op.getEachAttr());
  // States of the result are those of the operand.
  unsigned next = 0;
  for (auto [value, result] : llvm::zip_equal(op.getWrt(), op.getResults())) {
    Expanded whole = frame.values.find(value)->second;
    for (auto [leaf, isWanted] :
         llvm::zip_equal(whole.values, getDifferentiated(value.getType())))
      if (isWanted)
        leaf = gradient.getResult(next++);
    frame.values[result] = std::move(whole);
  }
  return success();
}

LogicalResult Expander::expandPushforward(graph::PushforwardOp op,
                                          Frame &frame) {
  SmallVector<Value> wrt, tangents;
  for (auto [value, tangent] : llvm::zip_equal(op.getWrt(), op.getTangents()))
    for (auto [leaf, along, isWanted] :
         llvm::zip_equal(frame.values.find(value)->second.values,
                         frame.values.find(tangent)->second.values,
                         getDifferentiated(value.getType())))
      if (isWanted) {
        wrt.push_back(leaf);
        tangents.push_back(along);
      }
  auto pushforward =
      graph::PushforwardOp::create(*builder, op.getLoc(), op.getResultTypes(),
                                   flatten(frame, op.getOf()), wrt, tangents);
  for (auto [from, to] :
       llvm::zip_equal(op.getResults(), pushforward.getResults()))
    bind(frame, from, Value(to));
  return success();
}
