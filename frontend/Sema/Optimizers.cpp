// SPDX-License-Identifier: Apache-2.0
//
// Pipelines as rows of stages.
//
// A pipeline is flattened to stages with their groups where it is written.
// Which stages a weight meets is asked when all weights are known
// (settleEntries); each stage is then evaluated once for each type of weight
// (OptimizerStage.cpp).

#include "frontend/Sema/OptimizerStage.h"

namespace lamina::sema {

using GroupPointer = std::shared_ptr<const GroupExpr>;

//===-- Values of declarations --------------------------------------------===//

Value optimizerValue(Evaluator &e, FileScope &file,
                     const ast::OptimizerDecl &decl) {
  Callable callable(Callable::Stage, &file);
  callable.optimizer = &decl;
  return Value::ofCallable(Value::Stage, std::move(callable), decl.name.range);
}

static GroupPointer both(GroupPointer a, GroupPointer b) {
  if (!a || !b)
    return a ? a : b;
  auto group = std::make_shared<GroupExpr>();
  group->kind = GroupExpr::And;
  group->range = b->range;
  group->parts = {a, b};
  return group;
}

Value pipelineValue(Evaluator &e, const ast::PipelineExpr &expr) {
  std::vector<Value> items;
  for (const ast::PipelineStage &stage : expr.stages) {
    Value item = e.evaluate(stage.value);
    if (item.isError())
      return item;
    if (item.kind != Value::Stage && item.kind != Value::Pipeline) {
      e.report(Rule::optim_c1, stage.value->range,
               "a pipeline is made of optimizers, and this is " +
                   item.describe());
      return Value::error(expr.range);
    }
    item.range = stage.value->range;
    if (stage.on) {
      GroupPointer on = groupOf(e, stage.on);
      if (!on)
        return Value::error(expr.range);
      item.group = both(item.group, on);
    }
    items.push_back(std::move(item));
  }
  Value value;
  value.kind = Value::Pipeline;
  value.range = expr.range;
  value.items = std::make_shared<const std::vector<Value>>(std::move(items));
  return value;
}

//===-- Flattening --------------------------------------------------------===//

/// Settings of an optimizer around its body; null after a diagnostic.
static Scope *settingsOf(Evaluator &e, const Callable &callable, Range range) {
  Scope *settings = e.session.make<Scope>(Scope::Block, callable.home);
  for (const NamedValue &given : callable.given)
    settings->bind(given.name, given.value, Binding::Setting,
                   given.value.range);
  llvm::SaveAndRestore<Scope *> in(e.scope, settings);
  for (const ast::Parameter &setting : callable.optimizer->settings.list) {
    if (settings->find(setting.name.text))
      continue;
    if (!setting.value) {
      e.report(Rule::call_c6, range,
               "'" + callable.optimizer->name.text +
                   "' is not given its setting '" + setting.name.text + "'")
          .note(setting.range, "declared here");
      return nullptr;
    }
    settings->bind(setting.name.text, e.evaluate(setting.value),
                   Binding::Setting, setting.name.range);
  }
  return settings;
}

/// Appends the stages of `rule`; false after a diagnostic.
static bool flatten(Evaluator &e, const Value &rule, GroupPointer group,
                    unsigned depth, std::vector<FlatStage> &out) {
  group = both(group, rule.group);
  if (rule.isError())
    return false;
  if (rule.kind == Value::Pipeline) {
    for (const Value &item : *rule.items)
      if (!flatten(e, item, group, depth, out))
        return false;
    return true;
  }
  if (rule.kind != Value::Stage) {
    e.report(Rule::optim_c1, rule.range,
             "after 'with' stands an optimizer, and this is " +
                 rule.describe());
    return false;
  }
  const Callable &callable = *rule.callable;
  if (depth > 100) {
    e.report(Rule::optim_c1, rule.range,
             "'" + callable.optimizer->name.text + "' is made of itself");
    return false;
  }
  Scope *settings = settingsOf(e, callable, rule.range);
  if (!settings)
    return false;
  if (!callable.optimizer->body.expr) {
    out.push_back({callable.optimizer, settings, group, rule.range});
    return true;
  }
  llvm::SaveAndRestore<Scope *> in(e.scope, settings);
  const ast::Expr *body = callable.optimizer->body.expr;
  auto *pipeline = llvm::dyn_cast<ast::PipelineExpr>(body);
  Value inner = pipeline ? pipelineValue(e, *pipeline) : e.evaluate(body);
  if (!inner.group && inner.kind == Value::Stage)
    inner.range = body->range;
  return flatten(e, inner, group, depth + 1, out);
}

//===-- Rows --------------------------------------------------------------===//

/// The weight itself: a Leaf below `tree`, stacked over its copies.
static core::Expr *leafOf(Evaluator &e, core::Expr *tree,
                          const core::WeightLeaf &leaf) {
  core::Expr *at = tree;
  for (Symbol name : llvm::ArrayRef(leaf.path.parts).drop_back()) {
    auto *part =
        e.program.make<core::TreePart>(core::Type::tree(nullptr), tree->range);
    part->tree = at;
    part->name = name;
    at = part;
  }
  core::Type type = leaf.member->type;
  llvm::SmallVector<core::Axis, 4> axes;
  for (int64_t copies : leaf.copies)
    axes.push_back({e.dims.constant(copies), ""});
  axes.append(type.axes.begin(), type.axes.end());
  type.axes = axes;
  auto *node = e.program.make<core::Leaf>(type, leaf.member->range);
  node->tree = at;
  node->name = leaf.path.parts.back();
  return node;
}

/// Exactly one stage of a row says how long the steps are.
static bool checkRate(Evaluator &e, const core::PipelineInstance &pipeline,
                      const core::PipelineInstance::Row &row) {
  const core::PipelineInstance::Place *setting = nullptr;
  std::string met;
  for (auto [place, stage] : llvm::zip(pipeline.places, row.stages)) {
    if (!stage)
      continue;
    met += (met.empty() ? "" : ", ") + place.name.str();
    if (!stage->setsRate)
      continue;
    if (setting) {
      e.report(Rule::optim_c3, place.range,
               "'" + setting->name + "' and '" + place.name +
                   "' both set the rate of '" + row.leaf.path.str() + "'")
          .note(setting->range, "'" + setting->name + "' is here")
          .note("choose with 'on': 'a on matrices | b on not matrices'");
      return false;
    }
    setting = &place;
  }
  if (setting)
    return true;
  e.report(Rule::optim_c2, pipeline.range,
           "no stage sets a rate for '" + row.leaf.path.str() + "'")
      .note(met.empty() ? "it meets no stage" : "it meets " + met)
      .note("add a rule such as 'adam(1e-3)'");
  return false;
}

static void settle(Evaluator &e, core::PipelineInstance &pipeline,
                   const std::vector<FlatStage> &stages, core::Expr *tree,
                   GroupPointer over) {
  std::vector<core::WeightLeaf> params;
  for (core::WeightLeaf &leaf : core::leaves(*tree->type.slot))
    if (leaf.member->kind == core::Member::Param)
      params.push_back(std::move(leaf));
  if (over)
    reportEmptyGroups(e, *over, params);
  for (const FlatStage &stage : stages)
    if (stage.group)
      reportEmptyGroups(e, *stage.group, params);
  for (const core::WeightLeaf &leaf : params) {
    if (over && !isInGroup(*over, leaf))
      continue;
    core::PipelineInstance::Row row{leaf, leafOf(e, tree, leaf), {}};
    for (const FlatStage &stage : stages) {
      bool isMet = !stage.group || isInGroup(*stage.group, leaf);
      core::StageInstance *made =
          isMet ? stageFor(e, stage, leaf.member->type, leaf.path.str())
                : nullptr;
      if (isMet && !made)
        return;
      row.stages.push_back(made);
    }
    if (!checkRate(e, pipeline, row))
      return;
    pipeline.rows.push_back(std::move(row));
  }
}

core::PipelineInstance *makePipeline(Evaluator &e, const Value &rule,
                                     core::Expr *tree, GroupPointer over,
                                     Range range) {
  std::vector<FlatStage> stages;
  if (!flatten(e, rule, nullptr, 0, stages))
    return nullptr;
  e.program.pipelines.emplace_back();
  core::PipelineInstance *pipeline = &e.program.pipelines.back();
  pipeline->id = unsigned(e.program.pipelines.size()) - 1;
  pipeline->range = range;
  for (const FlatStage &stage : stages) {
    pipeline->places.push_back({stage.decl->name.text, stage.range});
    pipeline->key +=
        (pipeline->key.empty() ? "" : " | ") + stage.decl->name.text.str();
  }
  e.session.settlers.push_back([&e, pipeline, stages, tree, over] {
    settle(e, *pipeline, stages, tree, over);
  });
  return pipeline;
}

void settleEntries(Session &session) {
  for (auto &settler : session.settlers)
    settler();
}

} // namespace lamina::sema
