// SPDX-License-Identifier: Apache-2.0
//
// Layers whose weights pass through another.
//
// `L | F on group`: calls of L see the weights of the group as F gives them.
// Which weights these are is known when all layers are settled.

#include "frontend/Sema/Entries.h"
#include "frontend/Sema/LayerCalls.h"

namespace lamina::sema {

Value LayerCalls::filteredLayer(const ast::PipelineExpr *expr) {
  Value current = e.evaluate(expr->stages.front().value);
  for (const ast::PipelineStage &stage : expr->stages.drop_front()) {
    Value filter = e.evaluate(stage.value);
    if (current.isError() || filter.isError())
      return Value::error(expr->range);
    if (filter.kind != Value::Layer ||
        filter.callable->kind != Callable::Layer) {
      e.report(Rule::call_c8, stage.value->range,
               "weights pass through a layer, and this is " +
                   filter.describe());
      return Value::error(expr->range);
    }
    Callable callable(Callable::Filtered, e.scope);
    callable.parts = {current, filter};
    if (stage.on) {
      callable.group = groupOf(e, stage.on);
      if (!callable.group)
        return Value::error(expr->range);
    }
    current = Value::ofCallable(Value::Layer, std::move(callable), expr->range);
  }
  return current;
}

/// The layer behind the filter, with the tree that the filter makes.
Value LayerCalls::filteredInner(const Value &field, Range range) {
  FieldInfo *inner = field.field->parts[0];
  auto *tree =
      e.program.make<core::Filtered>(core::Type::tree(inner->slot), range);
  tree->tree = e.imported(field).expr;
  e.fieldsBySlot[inner->slot] = inner;
  const Value &layer = field.callable->parts[0];
  return e.fieldValue(inner, tree, range, &layer);
}

Value LayerCalls::callFiltered(const Value &field, Symbol call, Args args,
                               Range range) {
  return e.callField(filteredInner(field, range), call, std::move(args), range);
}

/// The layer `filter` called with a weight of `type`; null after a diagnostic.
core::Expr *LayerCalls::callFilter(const Value &filter, FieldInfo *made,
                                   Symbol weightName, const core::Type &type) {
  auto *weight = e.program.make<core::LocalRef>(type, filter.range);
  weight->local =
      e.program.makeLocal(core::Local::Value, weightName, type, filter.range);
  auto *tree = e.program.make<core::TreeSelf>(core::Type::tree(made->slot),
                                              filter.range);
  Value result =
      e.apply(e.fieldValue(made, tree, filter.range, &filter),
              {{"", e.runTimeValue(weight), nullptr, nullptr, filter.range}},
              filter.range);
  if (result.isError())
    return nullptr;
  core::Expr *call = e.runTime(result, filter.range);
  if (auto *ref = llvm::dyn_cast<core::LocalRef>(call))
    call = const_cast<core::Expr *>(e.valueOf(ref->local));
  while (auto *retype = llvm::dyn_cast_or_null<core::Retype>(call))
    call = retype->operand;
  return call;
}

/// Calls the filter of `info` for one of its weights; false after a diagnostic.
bool LayerCalls::settleFilter(FieldInfo *info, const core::WeightLeaf &leaf) {
  const Value &filter = info->layer.callable->parts[1];
  Symbol name = filter.callable->layer->name.text;
  FieldInfo *made = e.fieldInfo(filter, name, filter.range);
  core::Type type = leaf.member->type;
  for (core::Axis &axis : type.axes)
    axis.dim = axis.dim.size();
  core::Expr *call = callFilter(filter, made, leaf.member->name, type);
  if (!call)
    return false;
  auto *node = llvm::dyn_cast<core::Call>(call);
  if (!node || !core::sameSizes(node->type, type)) {
    e.report(Rule::call_c4, filter.range,
             "'" + name + "' has to give back a weight like '" +
                 leaf.path.str() + "', " + type.str(true));
    return false;
  }
  info->slot->filters.push_back({leaf.path, made->slot, node->callee});
  return true;
}

void LayerCalls::settleFilters() {
  for (size_t i = 0; i < e.filteredFields.size(); ++i) {
    FieldInfo *info = e.filteredFields[i];
    const Callable &callable = *info->layer.callable;
    const Value &filter = callable.parts[1];
    Context *root = e.session.make<Context>();
    FrameScope *frame = e.session.make<FrameScope>(filter.callable->home);
    Statements ignored;
    Evaluator::Entry entry(e, root, frame, &ignored);
    std::vector<core::WeightLeaf> leaves =
        core::leaves(*info->slot->parts[0].slot);
    for (const core::WeightLeaf &leaf : leaves) {
      if (leaf.member->kind != core::Member::Param ||
          (callable.group && !isInGroup(*callable.group, leaf)))
        continue;
      if (!settleFilter(info, leaf))
        break;
    }
    if (callable.group)
      reportEmptyGroups(e, *callable.group, leaves);
  }
}

} // namespace lamina::sema
