// SPDX-License-Identifier: Apache-2.0
//
// Train bodies as steps.
//
// The body of a stage is evaluated once, in a frame inside the model. Below a
// `minimize` the model's weights are another version: names above keep theirs.

#include "frontend/Sema/LayerMembers.h"
#include "frontend/Sema/Mentions.h"
#include "frontend/Sema/TrainBuilder.h"

namespace lamina::sema {

Dim addSize(Evaluator &e, Symbol name, int64_t low, int64_t usual,
            Range range) {
  Dim size = e.dims.size(name, e.dims.constant(low), Dim(), usual, range);
  e.program.sizes.push_back(size.atom());
  return size;
}

//===-- The model ---------------------------------------------------------===//

/// The instance of a model is made here if nothing has called it: its fields
/// may be all that a train body uses.
static LayerState *stateOf(Evaluator &e, const Value &model) {
  FieldInfo *info = model.field;
  if (info->state)
    return info->state;
  const ast::LayerDecl *decl = model.callable->layer;
  LayerScope *settings = e.session.make<LayerScope>(model.callable->home);
  e.session.layerStates.emplace_back();
  LayerState *state = &e.session.layerStates.back();
  e.program.layers.emplace_back();
  state->instance = &e.program.layers.back();
  state->instance->name = decl->name.text;
  state->instance->id = unsigned(e.program.layers.size()) - 1;
  state->instance->range = decl->name.range;
  state->instance->invertible = decl->isInvertible;
  state->decl = decl;
  state->scope = settings;
  settings->state = state;
  info->state = state;
  info->slot->instance = state->instance;
  info->firstCall = decl->name.range;
  return state;
}

/// What a place names; an error after a diagnostic.
static Value valueOf(Evaluator &e, const ast::Place &place) {
  ast::Name first = place.names[0];
  Value value =
      e.nameValue(e.session.make<ast::NameExpr>(first.range, first.text));
  for (const ast::Name &name : place.names.drop_front())
    if (!value.isError())
      value = e.memberOf(value, name, place.range);
  return value;
}

static bool openModelOf(Evaluator &e, FileScope &file, const ast::Place &place,
                        TrainedModel &out) {
  llvm::SaveAndRestore<Scope *> in(e.scope, &file);
  out.value = valueOf(e, place);
  auto *tree = out.value.kind == Value::Field
                   ? llvm::dyn_cast<core::TreeModel>(out.value.expr)
                   : nullptr;
  if (!tree) {
    if (!out.value.isError())
      e.report(Rule::train_c3, place.range,
               "what is trained is a model, and this is " +
                   out.value.describe());
    return false;
  }
  out.model = tree->model;
  out.decl = out.value.callable->layer;
  out.file = static_cast<FileScope *>(out.value.callable->home);
  out.state = stateOf(e, out.value);
  return true;
}

FrameScope *StageRunner::makeFrame() {
  FrameScope *made = e.session.make<FrameScope>(model.state->scope);
  made->layer = model.state;
  made->name = model.decl->name.text.str();
  made->call = train.range;
  return made;
}

void StageRunner::openModel(FrameScope &frame) {
  Value value = LayerMembers(e).modelValue(model.decl, model.file);
  frame.self = value.expr;
  frame.selfOwner = e.context;
  frame.fields.clear();
}

//===-- Minimize ----------------------------------------------------------===//

/// The pipeline after `with`; without one, `adam` as the library has it.
Value StageRunner::ruleOf(const ast::MinimizeStmt &stmt) {
  Value rule;
  if (!stmt.with) {
    auto found = e.lookUp("adam");
    rule = found ? *found : Value::error(stmt.range);
  } else if (auto *pipeline = llvm::dyn_cast<ast::PipelineExpr>(stmt.with)) {
    rule = pipelineValue(e, *pipeline);
  } else {
    rule = e.evaluate(stmt.with);
  }
  rule.range = stmt.with ? stmt.with->range : stmt.range;
  return rule;
}

void StageRunner::minimize(const ast::MinimizeStmt &stmt) {
  Value loss = e.evaluate(stmt.loss);
  core::Expr *expr =
      loss.isError() ? nullptr : e.runTime(loss, stmt.loss->range);
  if (!expr || expr->type.isError())
    return fail();
  if (!expr->type.isScalar() || !expr->type.elem.isReal()) {
    e.report(Rule::train_c1, stmt.loss->range,
             "a loss is one real number, and this is " + expr->type.str())
        .note("write 'mean(…)' for the mean of all");
    return fail();
  }
  std::shared_ptr<const GroupExpr> over;
  if (stmt.over && !(over = groupOf(e, stmt.over)))
    return fail();
  Value rule = ruleOf(stmt);
  core::PipelineInstance *pipeline =
      rule.isError()
          ? nullptr
          : makePipeline(e, rule, model.value.expr, over, rule.range);
  if (!pipeline)
    return fail();
  auto *name = llvm::dyn_cast<ast::NameExpr>(stmt.loss);
  auto *node = e.program.makeStmt<core::Minimize>(stmt.range);
  node->name = name ? name->name : Symbol("loss");
  node->loss = e.named("loss", e.runTimeValue(expr), stmt.loss->range).expr;
  node->pipeline = pipeline;
  node->model = model.model;
  node->version = ++e.modelVersion;
  e.statements->push_back(node);
  openModel(*frame);
}

void StageRunner::repeat(const ast::RepeatStmt &stmt) {
  auto count = e.forceWhole(e.evaluate(stmt.count), stmt.count->range,
                            "the number of rounds");
  if (count && *count < 1) {
    e.report(Rule::loop_c1, stmt.count->range,
             "'repeat' has at least one round, and this is " +
                 llvm::Twine(*count));
    count = std::nullopt;
  }
  if (!count)
    return fail();
  auto *node = e.program.makeStmt<core::RepeatSteps>(stmt.range);
  node->round = e.program.makeIndex(core::IndexVar::Iteration, "round",
                                    e.dims.constant(0), e.dims.constant(*count),
                                    stmt.range);
  Scope *inner = e.session.make<Scope>(Scope::Block, e.scope);
  llvm::SaveAndRestore<Scope *> in(e.scope, inner);
  llvm::SaveAndRestore<Statements *> out(e.statements, &node->statements);
  llvm::SaveAndRestore<std::vector<const ast::Stmt *>> outer(lines);
  for (const ast::Stmt *item : stmt.body->statements)
    line(item);
  // The size of its batches is known below it too.
  if (Binding *batch = inner->find("batch"))
    inner->outer->bind("batch", batch->value, batch->kind, batch->range);
  out.get()->push_back(node);
}

//===-- States ------------------------------------------------------------===//

void StageRunner::treeState(const ast::Weight &weight, const Value &value) {
  core::TrainState *state = states[weight.name.text];
  state->type = core::Type::tree(value.field->slot);
  state->init = e.imported(value).expr;
  auto *tree = e.program.make<core::TreeState>(state->type, weight.range);
  tree->state = state;
  e.scope->bind(weight.name.text,
                e.fieldValue(value.field, tree, weight.range, &value),
                Binding::Name, weight.name.range);
}

void StageRunner::tensorState(const ast::Weight &weight, const Value &value,
                              Statements inner) {
  core::TrainState *state = states[weight.name.text];
  Value typed = weight.type ? e.declare(value, weight.type, weight.value->range,
                                        Rule::weight_c1, false)
                            : value;
  core::Expr *expr =
      typed.isError() ? nullptr : e.runTime(typed, weight.value->range);
  if (!expr || !expr->type.isTensor())
    return fail();
  state->type = expr->type;
  state->init = e.block(std::move(inner), expr, weight.range);
  auto *node = e.program.make<core::TreeState>(state->type, weight.range);
  node->state = state;
  e.scope->bind(weight.name.text, e.runTimeValue(node), Binding::Name,
                weight.name.range);
}

void StageRunner::state(const ast::StateStmt &stmt) {
  for (const ast::Weight &weight : stmt.weights) {
    if (weight.isDraw) {
      e.notSupported(weight.range, "a drawn state of a train body");
      fail();
      continue;
    }
    Statements inner;
    Value value;
    {
      llvm::SaveAndRestore<Statements *> out(e.statements, &inner);
      value = e.evaluate(weight.value);
    }
    if (value.isError()) {
      fail();
      continue;
    }
    e.program.states.emplace_back();
    core::TrainState *made = &e.program.states.back();
    made->name = weight.name.text;
    made->range = weight.name.range;
    train.states.push_back(made);
    states[weight.name.text] = made;
    if (value.kind == Value::Field)
      treeState(weight, value);
    else
      tensorState(weight, value, std::move(inner));
  }
}

/// `teacher <- 0.99 * teacher + 0.01 * encoder`; false if it is no state of
/// here.
bool StageRunner::update(const ast::UpdateStmt &stmt) {
  core::TrainState *state = states.lookup(stmt.place.names[0].text);
  if (!state || stmt.place.names.size() != 1)
    return false;
  Value value = e.evaluate(stmt.value);
  core::Expr *expr =
      value.isError() ? nullptr : e.runTime(value, stmt.value->range);
  if (!expr || expr->type.isError()) {
    fail();
    return true;
  }
  if (state->type.isTensor()) {
    expr = e.convert(e.shaped(expr, state->type, stmt.value->range),
                     state->type.elem.kind);
    if (!core::sameSizes(expr->type, state->type)) {
      e.report(Rule::call_c4, stmt.value->range,
               "this is " + expr->type.str(true) + ", and '" + state->name +
                   "' is " + state->type.str(true));
      fail();
      return true;
    }
  } else if (!expr->type.isTree()) {
    e.report(Rule::tree_c1, stmt.value->range,
             "'" + state->name + "' is a tree of weights, and this is " +
                 value.describe());
    fail();
    return true;
  }
  auto *place = e.program.make<core::TreeState>(state->type, stmt.place.range);
  place->state = state;
  auto *node = e.program.makeStmt<core::Update>(stmt.range);
  node->place = place;
  node->value = expr;
  e.statements->push_back(node);
  return true;
}

//===-- Lines -------------------------------------------------------------===//

void StageRunner::keep(const ast::KeepStmt &stmt) {
  if (kept) {
    e.report(Rule::parse_c12, stmt.range, "a stage keeps by one report")
        .note(kept->range, "'keep' is here");
    return fail();
  }
  kept = &stmt;
  core::KeepPlan plan;
  plan.lowest = !stmt.highest;
  plan.report = stmt.name.text;
  plan.range = stmt.range;
  if (stmt.patience) {
    auto known = e.forceWhole(e.evaluate(stmt.patience), stmt.patience->range,
                              "'patience'");
    if (known && *known < 0) {
      e.report(Rule::train_c5, stmt.patience->range,
               "'patience' counts reports from 0, and this is " +
                   llvm::Twine(*known))
          .note("without 'patience' training goes on whatever they say");
      known = std::nullopt;
    }
    if (!known)
      return fail();
    plan.patience = known;
  }
  stage.keep = plan;
}

void StageRunner::steps(const ast::StepsStmt &stmt) {
  llvm::StringRef word = stmt.epochs ? "epochs" : "steps";
  auto count = e.forceWhole(e.evaluate(stmt.count), stmt.count->range,
                            ("the number of " + word).str());
  if (!count)
    return fail();
  if (*count < 1) {
    e.report(Rule::train_c2, stmt.count->range,
             "there is at least one of '" + word + "', and this is " +
                 llvm::Twine(*count));
    return fail();
  }
  if (stage.steps || stage.epochs) {
    e.report(Rule::train_c2, stmt.range,
             "a stage says once how long it is: by 'steps' or by 'epochs'");
    return fail();
  }
  (stmt.epochs ? stage.epochs : stage.steps) = *count;
}

/// Only lines of the body itself are what reports find their names in: those of
/// the layers it calls have scopes of their own.
void StageRunner::line(const ast::Stmt *stmt) {
  e.statement(stmt);
  lines.push_back(stmt);
}

bool StageRunner::item(const ast::Stmt *stmt) {
  if (auto *s = llvm::dyn_cast<ast::TakeStmt>(stmt))
    take(*s);
  else if (auto *s = llvm::dyn_cast<ast::MinimizeStmt>(stmt))
    minimize(*s);
  else if (auto *s = llvm::dyn_cast<ast::ReportStmt>(stmt))
    report(*s);
  else if (auto *s = llvm::dyn_cast<ast::KeepStmt>(stmt))
    keep(*s);
  else if (auto *s = llvm::dyn_cast<ast::StepsStmt>(stmt))
    steps(*s);
  else if (auto *s = llvm::dyn_cast<ast::RepeatStmt>(stmt))
    repeat(*s);
  else if (auto *s = llvm::dyn_cast<ast::StateStmt>(stmt))
    state(*s);
  else if (auto *s = llvm::dyn_cast<ast::UpdateStmt>(stmt))
    return update(*s);
  else if (auto *s = llvm::dyn_cast<ast::StageStmt>(stmt)) {
    e.report(Rule::train_c4, s->range,
             "a stage stands in the train body itself");
    fail();
  } else if (llvm::isa<ast::ErrorStmt>(stmt)) {
    fail();
  } else {
    return false;
  }
  return true;
}

void StageRunner::checkEnd(Range range) {
  if (stage.epochs && !hasData) {
    e.report(Rule::train_c2, range,
             "'epochs' counts runs through the data, and this body has none")
        .note("write 'steps n'");
    fail();
  }
  if (!stage.steps && !stage.epochs) {
    if (hasData) {
      stage.epochs = 1;
    } else if (!isFailed) {
      e.report(Rule::train_c2, range, "nothing says when this training ends")
          .note("write 'steps n'");
      fail();
    }
  }
  if (!stage.keep || isFailed)
    return;
  for (const core::ReportPlan &report : stage.reports)
    if (report.name == stage.keep->report)
      return;
  Diagnostic &d =
      e.report(Rule::train_c5, kept->name.range,
               "'" + kept->name.text + "' is no report of this stage");
  for (const core::ReportPlan &report : stage.reports)
    d.note(report.range, "there is '" + report.name + "'");
  fail();
}

bool StageRunner::run(llvm::ArrayRef<const ast::Stmt *> items) {
  frame = makeFrame();
  context = e.session.make<Context>();
  Evaluator::Entry entry(e, context, frame, &stage.body);
  llvm::SaveAndRestore<std::vector<Dim>> facts(e.facts, {});
  llvm::SaveAndRestore<unsigned> version(e.modelVersion, 0);
  llvm::SaveAndRestore<std::vector<core::TrainState *> *> entryStates(
      e.entryStates, &train.states);
  llvm::SaveAndRestore<std::function<bool(const ast::Stmt *)>> hook(
      e.entryStatement, [this](const ast::Stmt *stmt) { return item(stmt); });
  e.drawPath.clear();
  openModel(*frame);
  unsigned errors = e.session.diags.getNumErrors();
  for (const ast::Stmt *stmt : items)
    line(stmt);
  isFailed |= e.session.diags.getNumErrors() != errors;
  checkEnd(stage.range);
  return !isFailed;
}

//===-- The declaration ---------------------------------------------------===//

bool isCommandFree(Evaluator &e, Symbol name, Range range) {
  if (llvm::is_contained({"eval", "info", "bench", "test", "help"}, name)) {
    e.report(Rule::train_c6, range,
             "every program has a command '" + name + "' of its own")
        .note("give this one another name");
    return false;
  }
  Range other;
  for (const core::TrainPlan &train : e.program.trains)
    if (train.name == name)
      other = train.range;
  for (const core::EntryPlan &sample : e.program.samples)
    if (sample.name == name)
      other = sample.range;
  if (!other)
    return true;
  e.report(Rule::train_c6, range,
           "two commands of the program are called '" + name + "'")
      .note(other, "the other is here")
      .note("name one of them: 'train Model as name'");
  return false;
}

void evaluateTrain(Evaluator &e, FileScope &file, const ast::TrainDecl &decl) {
  TrainedModel model, from;
  core::TrainPlan plan;
  plan.name = decl.as ? decl.as.text : Symbol("train");
  plan.doc = e.program.intern(decl.doc);
  plan.range = decl.range;
  Range nameRange = decl.as ? decl.as.range : decl.model.range;
  if (!isCommandFree(e, plan.name, nameRange) ||
      !openModelOf(e, file, decl.model, model))
    return;
  if (!decl.from.names.empty() && !openModelOf(e, file, decl.from, from))
    return;
  plan.model = model.model;
  plan.from = from.model;

  std::vector<const ast::StageStmt *> stages;
  for (const ast::Stmt *stmt : decl.body->statements)
    if (auto *stage = llvm::dyn_cast<ast::StageStmt>(stmt))
      stages.push_back(stage);
  // The lines around the stages are shared: each stage evaluates them again.
  bool isWhole = true;
  for (size_t i = 0; i < std::max<size_t>(stages.size(), 1); ++i) {
    core::StagePlan &stage = plan.stages.emplace_back();
    stage.name = stages.empty() ? Symbol() : stages[i]->name.text;
    stage.range = stages.empty() ? nameRange : stages[i]->name.range;
    std::vector<const ast::Stmt *> items;
    for (const ast::Stmt *stmt : decl.body->statements)
      if (!llvm::isa<ast::StageStmt>(stmt))
        items.push_back(stmt);
    if (!stages.empty())
      for (const ast::Stmt *stmt : stages[i]->body->statements)
        items.push_back(stmt);
    isWhole &= StageRunner(e, model, plan, stage).run(items);
  }
  if (isWhole)
    e.program.trains.push_back(std::move(plan));
}

} // namespace lamina::sema
