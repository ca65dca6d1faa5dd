// SPDX-License-Identifier: Apache-2.0
//
// Calls of layers, blocks, runs.

#include "frontend/IRGen/ModuleEmitter.h"

using namespace mlir;

namespace lamina::irgen {

//===----------------------------------------------------------------------===//
// Flat lists of values
//===----------------------------------------------------------------------===//

void Emitter::flatten(const Emitted &x, const Ambient &ambient,
                      SmallVectorImpl<Value> &values) {
  switch (x.kind) {
  case Emitted::None:
    return;
  case Emitted::Tensor:
    values.push_back(align(x, ambient));
    return;
  case Emitted::Tree:
  case Emitted::Leaves:
    values.push_back(implode(x));
    return;
  case Emitted::Run:
    values.push_back(x.value);
    [[fallthrough]];
  case Emitted::Tuple:
    for (const Emitted &part : x.parts)
      flatten(part, ambient, values);
  }
}

Emitted Emitter::unflatten(const Emitted &like, const Ambient &ambient,
                           ValueRange &values) {
  Emitted result = like;
  auto take = [&] {
    Value value = values.front();
    values = values.drop_front();
    return value;
  };
  switch (like.kind) {
  case Emitted::None:
    return result;
  case Emitted::Tensor:
    return Emitted::tensor(take(), ambient);
  case Emitted::Tree:
  case Emitted::Leaves:
    return Emitted::tree(take(), like.slot);
  case Emitted::Run:
    result.value = take();
    [[fallthrough]];
  case Emitted::Tuple:
    for (Emitted &part : result.parts)
      part = unflatten(part, ambient, values);
  }
  return result;
}

Emitted Emitter::unflatten(const core::Type &type, const Ambient &ambient,
                           ValueRange &values) {
  return unflatten(shapeOf(type), ambient, values);
}

/// A value of a type whose tensors and trees are still to come.
Emitted Emitter::shapeOf(const core::Type &type) {
  switch (type.kind) {
  case core::Type::Tensor:
    return Emitted::tensor({});
  case core::Type::Tree:
    return Emitted::tree({}, type.slot);
  case core::Type::Tuple: {
    std::vector<Emitted> parts;
    for (const core::Type &part : type.parts)
      parts.push_back(shapeOf(part));
    return Emitted::tuple(std::move(parts));
  }
  default:
    return {};
  }
}

/// The value with the elements that `type` has: whole numbers become reals.
Emitted Emitter::cast(Emitted x, const core::Type &type) {
  if (x.isTensor() && type.isTensor())
    x.value = b.convert(x.value, types().element(type.elem));
  if (x.kind == Emitted::Tuple && type.isTuple())
    for (auto [part, partType] : llvm::zip_equal(x.parts, type.parts))
      part = cast(part, partType);
  return x;
}

//===----------------------------------------------------------------------===//
// Calls
//===----------------------------------------------------------------------===//

Emitter::CallResult Emitter::callFunction(const core::FunctionInstance &callee,
                                          const Emitted &tree,
                                          ArrayRef<Emitted> args,
                                          ArrayRef<Emitted> captures) {
  Ambient ambient = unite(ambientOf(args), ambientOf(captures));
  const FunctionInfo &info = module.function(callee, ambient, firstBatch);
  SmallVector<Value> operands;
  for (auto [arg, param] : llvm::zip_equal(args, callee.params))
    flatten(cast(arg, param->type), ambient, operands);
  for (auto [capture, local] : llvm::zip_equal(captures, callee.captures))
    flatten(cast(capture, local->type), ambient, operands);
  appendExtras(info, operands);

  // A second call of the same function on the same tree draws other numbers.
  unsigned number =
      ++callCounts[(Twine(reinterpret_cast<uintptr_t>(tree.slot)) + info.name)
                       .str()];
  StringAttr path = number > 1 ? b.getStringAttr(Twine(number)) : StringAttr();
  auto call = b.make<model::CallOp>(
      info.results, implode(tree),
      FlatSymbolRefAttr::get(b.getContext(), info.name), operands, path);
  ValueRange results = call.getResults();
  CallResult result;
  result.result = unflatten(callee.result, ambient, results);
  if (info.updates)
    result.tree = results.front();
  return result;
}

/// Numbers and lengths that the function reads from its surroundings.
void Emitter::appendExtras(const FunctionInfo &info,
                           SmallVectorImpl<Value> &operands) {
  for (const core::Scalar *scalar : info.scalars)
    operands.push_back(around.scalar(*this, *scalar));
  for (const core::Atom *ragged : info.lengths)
    operands.push_back(lengths(ragged).value);
}

Emitted Emitter::emitCall(const core::Call *e) {
  Emitted tree = emit(e->tree);
  SmallVector<Emitted> args = emitAll(e->args), captures = emitAll(e->captures);
  CallResult call = callFunction(*e->callee, tree, args, captures);
  if (call.tree)
    store(e->tree, Emitted::tree(call.tree, tree.slot));
  return call.result;
}

//===----------------------------------------------------------------------===//
// What passes derive from a call
//===----------------------------------------------------------------------===//

Emitted Emitter::emitDerived(const core::Derived *e) {
  using core::Derived;
  switch (e->which) {
  case Derived::Inverse:
  case Derived::LogDet:
    return emitInverse(e);
  case Derived::Begin:
    return emitBegin(e);
  case Derived::Next:
    return emitNext(e);
  case Derived::Last:
    return emit(e->run).parts.front();
  case Derived::Rows: {
    Emitted run = emit(e->run), rows = emit(e->args.front());
    run.value =
        b.make<model::RowsOp>(run.value.getType(), run.value, rows.plain());
    Emitted &last = run.parts.front();
    last.value = b.gather(last.value, rows.plain(), 0, 0, false);
    return run;
  }
  }
  llvm_unreachable("every derived call is handled");
}

Emitted Emitter::emitInverse(const core::Derived *e) {
  Emitted tree = emit(e->tree);
  SmallVector<Emitted> args = emitAll(e->args), captures = emitAll(e->captures);
  Ambient ambient = unite(ambientOf(args), ambientOf(captures));
  const FunctionInfo &info = module.function(*e->callee, ambient);
  SmallVector<Value> operands;
  for (const Emitted &arg : args)
    flatten(arg, ambient, operands);
  for (const Emitted &capture : captures)
    flatten(capture, ambient, operands);
  appendExtras(info, operands);
  SmallVector<Type> results;
  module.flatTypes(e->type, ambientSizes(ambient), results);
  auto name = FlatSymbolRefAttr::get(b.getContext(), info.name);
  Value self = implode(tree);
  ValueRange values;
  if (e->which == core::Derived::Inverse)
    values =
        b.make<model::InverseOp>(results, self, name, operands, StringAttr())
            .getResults();
  else
    values =
        b.make<model::LogDetOp>(results, self, name, operands, StringAttr())
            .getResults();
  return unflatten(e->type, ambient, values);
}

/// The input with all its room: what the run has seen at the end.
Type Emitter::fullInput(const core::Derived *begin) {
  Sizes sizes = types().sizes(begin->args.front()->type);
  sizes[begin->axis] = sizes[begin->axis] + types().size(begin->room);
  return types().tensor(sizes, types().element(begin->args.front()->type.elem));
}

Emitted Emitter::emitBegin(const core::Derived *e) {
  Emitted tree = emit(e->tree);
  SmallVector<Value> operands;
  for (const Emitted &arg : emitAll(e->args))
    flatten(arg, {}, operands);
  for (const Emitted &capture : emitAll(e->captures))
    flatten(capture, {}, operands);
  const FunctionInfo &info = module.function(*e->callee, {});
  appendExtras(info, operands);
  auto layer = llvm::cast<model::TreeType>(tree.value.getType()).getLayer();
  Type runType = model::RunType::get(b.getContext(), layer, fullInput(e));
  const core::RunType &run = *e->type.run;
  auto begin = b.make<model::BeginOp>(
      runType, types().tensor(run.last), implode(tree), StringRef(info.name),
      operands, Value(), 0, e->axis, resultAxis(*e));
  Emitted result;
  result.kind = Emitted::Run;
  result.value = begin.getRun();
  result.call = e;
  result.slot = tree.slot;
  result.parts = {Emitted::tensor(begin.getLast())};
  return result;
}

/// The axis of the call's result that grows with the prompt: the one that
/// `last` lacks.
unsigned Emitter::resultAxis(const core::Derived &begin) {
  const core::Type &full = begin.callee->result, &last = begin.type.run->last;
  core::Dim grown = begin.args.front()->type.axes[begin.axis].dim.size();
  for (auto [axis, candidate] : llvm::enumerate(full.axes))
    if (candidate.dim.size() == grown && axis >= begin.axis)
      return axis;
  for (unsigned axis = 0; axis < last.axes.size(); ++axis)
    if (full.axes[axis].dim.size() != last.axes[axis].dim.size())
      return axis;
  return last.axes.size();
}

Emitted Emitter::emitNext(const core::Derived *e) {
  Emitted run = emit(e->run);
  const core::Derived *began = run.call;
  Emitted tree = emit(began->tree);
  SmallVector<Value> others;
  for (const core::Expr *arg : llvm::drop_begin(began->args))
    flatten(emit(arg), {}, others);
  for (const Emitted &capture : emitAll(began->captures))
    flatten(capture, {}, others);
  const FunctionInfo &info = module.function(*began->callee, {});
  appendExtras(info, others);
  Emitted token = cast(emit(e->args.front()), began->type.run->position);
  Value last = run.parts.front().plain();
  auto next = b.make<model::NextOp>(
      run.value.getType(), last.getType(), implode(tree), StringRef(info.name),
      run.value, token.plain(), others, 0, began->axis, resultAxis(*began));
  run.value = next.getNext();
  run.parts.front().value = next.getLast();
  return run;
}

} // namespace lamina::irgen
