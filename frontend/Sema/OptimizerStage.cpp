// SPDX-License-Identifier: Apache-2.0
//
// One stage for one type of weight.
//
// The body of an optimizer runs from top to bottom with `g`, `w`, `t` and
// `rate` in scope, and `after` once the step is done. `when` holds updates
// back: the state keeps its value where the condition does not hold.

#include "frontend/Sema/OptimizerStage.h"

#include "frontend/Sema/Bind.h"
#include "frontend/Sema/Mentions.h"

namespace lamina::sema {

namespace {
class StageBuilder {
public:
  StageBuilder(Evaluator &e, const FlatStage &stage, const core::Type &type,
               core::StageInstance &out)
      : e(e), decl(*stage.decl), stage(stage), type(type), out(out) {}
  bool build(llvm::StringRef weight);

private:
  FrameScope *makeFrame();
  bool bindWeightType(FrameScope &frame, llvm::StringRef weight);
  void bindNames(FrameScope &frame, bool isAfter);
  void runStep(FrameScope &frame);
  void runAfter(llvm::StringRef weight);
  bool statement(const ast::Stmt *stmt);
  void state(const ast::StateStmt &stmt);
  void update(const ast::UpdateStmt &stmt);
  void when(const ast::WhenStmt &stmt);
  void pass(const ast::PassStmt &stmt);
  void takeRate(FrameScope &frame);
  core::Expr *likeWeight(const Value &value, Range range, llvm::StringRef what);
  core::Expr *fitted(const Value &value, const core::Type &wanted, Range range,
                     llvm::StringRef what);
  core::LocalRef *ref(core::Local *local) {
    auto *node = e.program.make<core::LocalRef>(local->type, local->range);
    node->local = local;
    return node;
  }
  core::Local *local(Symbol name, const core::Type &type) {
    return e.program.makeLocal(core::Local::Param, name, type, decl.name.range);
  }

  Evaluator &e;
  const ast::OptimizerDecl &decl;
  const FlatStage &stage;
  core::Type type; // of the weight, in the stage's dims
  core::StageInstance &out;
  std::vector<const ast::AfterStmt *> afterBlocks;
  std::vector<Value> conditions; // of the `when`s around
  bool isAfter = false;
  bool isFailed = false;
};
} // namespace

FrameScope *StageBuilder::makeFrame() {
  FrameScope *frame = e.session.make<FrameScope>(stage.settings);
  frame->name = decl.name.text.str();
  frame->call = stage.range;
  return frame;
}

/// `for [..., n, m]` names the axes of the weight; without it they are `...`.
bool StageBuilder::bindWeightType(FrameScope &frame, llvm::StringRef weight) {
  if (!decl.weightType) {
    frame.hasPack = true;
    for (auto [i, axis] : llvm::enumerate(type.axes))
      axis = {e.dims.pack(unsigned(i), axis.size(), decl.name.range), ""};
    frame.pack.assign(type.axes.begin(), type.axes.end());
    return true;
  }
  auto *written = llvm::dyn_cast<ast::TensorType>(decl.weightType);
  size_t named = written ? written->dimensions.size() : 0;
  bool hasPack = written && llvm::any_of(written->dimensions, [](auto &d) {
                   return llvm::isa<ast::EllipsisExpr>(d.size);
                 });
  if (hasPack ? type.rank() + 1 < named : type.rank() != named) {
    e.report(Rule::optim_c4, stage.range,
             "'" + decl.name.text + "' is for weights with " +
                 (hasPack ? "at least " : "") + llvm::Twine(named - hasPack) +
                 (named - hasPack == 1 ? " dimension" : " dimensions") +
                 ", and '" + weight + "' is " + type.str(true))
        .note(decl.weightType->range, "declared here")
        .note("leave it out with 'on'");
    return false;
  }
  ast::Parameter parameter{{"w", decl.weightType->range},
                           decl.weightType,
                           nullptr,
                           decl.weightType->range};
  std::vector<BoundArg> bound(1);
  bound[0].parameter = &parameter;
  bound[0].value = e.runTimeValue(ref(local("w", type)));
  bound[0].range = stage.range;
  if (!e.bindSignature(frame, decl.name.text, bound))
    return false;
  type = bound[0].type;
  return true;
}

void StageBuilder::bindNames(FrameScope &frame, bool isAfter) {
  auto bind = [&](Symbol name, core::Local *local, Dim exact = {}) {
    frame.bind(name, e.runTimeValue(ref(local), exact), Binding::Name,
               local->range);
  };
  bind("w", out.weight);
  Dim count =
      e.dims.value("t", out.count, e.dims.constant(1), {}, decl.name.range);
  bind("t", out.count, count);
  if (!isAfter)
    bind("g", out.gradient);
  if (!stage.settings->find("rate"))
    bind("rate", out.incomingRate);
  if (isAfter)
    for (const auto &slot : out.slots)
      bind(slot.local->name, slot.local);
}

/// The value with the type `wanted`; null after a diagnostic.
core::Expr *StageBuilder::fitted(const Value &value, const core::Type &wanted,
                                 Range range, llvm::StringRef what) {
  core::Expr *expr = value.isError() ? nullptr : e.runTime(value, range);
  if (!expr || expr->type.isError()) {
    isFailed = true;
    return nullptr;
  }
  expr = e.convert(e.shaped(expr, wanted, range), wanted.elem.kind);
  if (!core::sameSizes(expr->type, wanted)) {
    e.report(Rule::optim_c5, range,
             "'" + what + "' is " + wanted.str(true) + ", and this is " +
                 expr->type.str(true));
    isFailed = true;
    return nullptr;
  }
  return e.retype(expr, wanted);
}

core::Expr *StageBuilder::likeWeight(const Value &value, Range range,
                                     llvm::StringRef what) {
  core::Type real = type;
  real.elem = {};
  return fitted(value, real, range, what);
}

//===-- Statements --------------------------------------------------------===//

/// State without a type is like the weight; what it starts from sees `w`.
void StageBuilder::state(const ast::StateStmt &stmt) {
  for (const ast::Weight &weight : stmt.weights) {
    core::Type slotType = weight.type ? e.resolve(weight.type) : type;
    if (slotType.isError() || weight.isDraw) {
      if (weight.isDraw)
        e.notSupported(weight.range, "a drawn state of an optimizer");
      isFailed = true;
      continue;
    }
    core::StageInstance::SlotInit slot;
    slot.local = local(weight.name.text, slotType);
    slot.local->range = weight.name.range;
    Statements inner;
    {
      llvm::SaveAndRestore<Statements *> in(e.statements, &inner);
      slot.init = fitted(e.evaluate(weight.value), slotType,
                         weight.value->range, weight.name.text);
    }
    if (!slot.init)
      continue;
    slot.init = e.block(std::move(inner), slot.init, weight.range);
    e.scope->bind(weight.name.text, e.runTimeValue(ref(slot.local)),
                  Binding::Name, weight.name.range);
    out.slots.push_back(slot);
  }
}

void StageBuilder::update(const ast::UpdateStmt &stmt) {
  Symbol name = stmt.place.names[0].text;
  core::Local *place = nullptr;
  for (const auto &slot : out.slots)
    if (slot.local->name == name && stmt.place.names.size() == 1)
      place = slot.local;
  if (name == "w" && isAfter && stmt.place.names.size() == 1)
    place = out.weight;
  if (!place) {
    Diagnostic &d =
        e.report(Rule::optim_c5, stmt.place.range,
                 "'<-' gives a state of this optimizer its next value, and '" +
                     name + "' is none");
    if (name == "w")
      d.note("'w' may be changed in an 'after' block");
    isFailed = true;
    return;
  }
  Value value = e.evaluate(stmt.value);
  std::optional<Value> old = e.lookUp(name);
  for (const Value &condition : llvm::reverse(conditions))
    if (!value.isError())
      value = e.choose(condition, value, *old, stmt.range);
  core::Expr *next = fitted(value, place->type, stmt.value->range, name);
  if (!next)
    return;
  Value named = e.let(name, next, stmt.range);
  auto *node = e.program.makeStmt<core::Update>(stmt.range);
  node->place = ref(place);
  node->value = named.expr;
  e.statements->push_back(node);
  e.frame->bind(name, named, Binding::Name, stmt.place.range);
}

void StageBuilder::when(const ast::WhenStmt &stmt) {
  Value condition = e.evaluate(stmt.condition);
  if (condition.isError()) {
    isFailed = true;
    return;
  }
  std::optional<bool> known = e.decided(condition);
  if (known && !*known)
    return;
  if (!known)
    conditions.push_back(condition);
  for (const ast::Stmt *inner : stmt.body->statements)
    e.statement(inner);
  if (!known)
    conditions.pop_back();
}

/// What keeps axes of the weight holds row by row; there the names of `for` are
/// indices.
void StageBuilder::pass(const ast::PassStmt &stmt) {
  std::vector<llvm::StringRef> names;
  auto *written = llvm::dyn_cast_or_null<ast::TensorType>(decl.weightType);
  if (written)
    for (const ast::Dimension &dimension : written->dimensions) {
      auto *name = llvm::dyn_cast<ast::NameExpr>(dimension.size);
      names.push_back(name ? name->name : "...");
    }
  std::vector<llvm::StringRef> kept = freeNames(stmt.condition, names);
  Value value;
  if (kept.empty()) {
    value = e.evaluate(stmt.condition);
  } else {
    std::vector<ast::Subscript> entries;
    for (llvm::StringRef name : kept) {
      auto *index = e.session.make<ast::NameExpr>(stmt.condition->range, name);
      entries.push_back({ast::Subscript::Kind::Value,
                         {},
                         index,
                         nullptr,
                         nullptr,
                         index->range});
      size_t fromEnd = size_t(names.end() - llvm::find(names, name));
      out.passAxes.push_back(unsigned(type.rank() - fromEnd));
    }
    ast::Brackets brackets{entries, nullptr, nullptr, stmt.condition->range};
    value = e.tabulate("pass", brackets, stmt.condition, stmt.range);
  }
  core::Expr *expr =
      value.isError() ? nullptr : e.runTime(value, stmt.condition->range);
  if (!expr || !expr->type.isTensor() || !expr->type.elem.isTruth()) {
    if (expr)
      e.report(Rule::optim_c5, stmt.condition->range,
               "after 'pass when' stands a condition, and this is " +
                   value.describe());
    isFailed = true;
    return;
  }
  out.pass = e.let("pass", expr, stmt.range).expr;
}

bool StageBuilder::statement(const ast::Stmt *stmt) {
  if (auto *s = llvm::dyn_cast<ast::StateStmt>(stmt))
    state(*s);
  else if (auto *s = llvm::dyn_cast<ast::UpdateStmt>(stmt))
    update(*s);
  else if (auto *s = llvm::dyn_cast<ast::WhenStmt>(stmt))
    when(*s);
  else if (auto *s = llvm::dyn_cast<ast::PassStmt>(stmt))
    pass(*s);
  else if (auto *s = llvm::dyn_cast<ast::AfterStmt>(stmt))
    afterBlocks.push_back(s);
  else
    return false;
  return true;
}

//===-- Step and after ----------------------------------------------------===//

static bool readsItself(const ast::OptimizerDecl &decl, llvm::StringRef name) {
  for (const ast::Stmt *stmt : decl.body.block->statements) {
    auto *define = llvm::dyn_cast<ast::DefineStmt>(stmt);
    if (define && define->targets[0].name.text == name)
      return mentions(define->value, name);
  }
  return false;
}

/// A setting `rate`, or `rate = e` where e does not read it, sets the rate: it
/// is what the stages so far made of 1, times that.
void StageBuilder::takeRate(FrameScope &frame) {
  Binding *defined = frame.find("rate");
  Binding *setting = stage.settings->find("rate");
  auto *known = defined && defined->value.expr
                    ? llvm::dyn_cast<core::LocalRef>(defined->value.expr)
                    : nullptr;
  bool isDefined = defined && !(known && known->local == out.incomingRate);
  if (!isDefined && !setting)
    return;
  out.setsRate = setting || !readsItself(decl, "rate");
  Value value = isDefined ? defined->value : setting->value;
  if (out.setsRate)
    value = e.binary(core::Primitive::Mul,
                     e.runTimeValue(ref(out.incomingRate)), value, stage.range);
  out.rate = fitted(value, core::Type::real(), stage.range, "rate");
  if (out.rate)
    out.rate = e.let("rate", out.rate, stage.range).expr;
}

void StageBuilder::runStep(FrameScope &frame) {
  for (const ast::Stmt *stmt : decl.body.block->statements)
    e.statement(stmt);
  if (Binding *h = frame.find("h")) {
    out.h = likeWeight(h->value, h->range, "h");
    if (out.h)
      out.h = e.let("h", out.h, h->range).expr;
  } else {
    out.h = ref(out.gradient);
  }
  takeRate(frame);
}

void StageBuilder::runAfter(llvm::StringRef weight) {
  if (afterBlocks.empty())
    return;
  FrameScope *frame = makeFrame();
  // The same axes again: names of the step do not reach here.
  if (!decl.weightType) {
    frame->hasPack = true;
    frame->pack.assign(type.axes.begin(), type.axes.end());
  } else if (!bindWeightType(*frame, weight)) {
    isFailed = true;
    return;
  }
  Evaluator::Entry entry(e, e.context, frame, &out.after);
  llvm::SaveAndRestore<std::function<bool(const ast::Stmt *)>> hook(
      e.entryStatement,
      [this](const ast::Stmt *stmt) { return statement(stmt); });
  bindNames(*frame, true);
  isAfter = true;
  for (const ast::AfterStmt *block : afterBlocks)
    for (const ast::Stmt *stmt : block->body->statements)
      e.statement(stmt);
  if (Binding * final = frame->find("final"))
    out.final = likeWeight(final->value, final->range, "final");
}

bool StageBuilder::build(llvm::StringRef weight) {
  FrameScope *frame = makeFrame();
  Context *context = e.session.make<Context>();
  Evaluator::Entry entry(e, context, frame, &out.step);
  llvm::SaveAndRestore<std::vector<Dim>> facts(e.facts, {});
  llvm::SaveAndRestore<std::function<bool(const ast::Stmt *)>> hook(
      e.entryStatement,
      [this](const ast::Stmt *stmt) { return statement(stmt); });
  e.drawPath = {decl.name.text};
  if (!bindWeightType(*frame, weight))
    return false;
  out.weight = local("w", type);
  out.gradient = local("g", type);
  out.incomingRate = local("rate", core::Type::real());
  out.count = local("t", core::Type::whole(e.dims.constant(1), {}));
  bindNames(*frame, false);
  runStep(*frame);
  runAfter(weight);
  return !isFailed;
}

static std::string keyOfStage(Evaluator &e, const FlatStage &stage,
                              const core::Type &type) {
  std::string key = stage.decl->name.text.str() + "@" +
                    std::to_string(stage.decl->range.begin) + "(";
  for (auto &[name, binding] : stage.settings->names)
    key += name.str() + "=" + e.keyOf(binding.value) + ",";
  return key + ")" + type.str(true);
}

core::StageInstance *stageFor(Evaluator &e, const FlatStage &stage,
                              const core::Type &type, llvm::StringRef weight) {
  std::string key = keyOfStage(e, stage, type);
  for (core::StageInstance &known : e.program.stages)
    if (known.key == key)
      return &known;
  e.program.stages.emplace_back();
  core::StageInstance &made = e.program.stages.back();
  made.name = stage.decl->name.text;
  made.key = key;
  made.id = unsigned(e.program.stages.size()) - 1;
  made.range = stage.decl->name.range;
  if (StageBuilder(e, stage, type, made).build(weight))
    return &made;
  e.program.stages.pop_back();
  return nullptr;
}

} // namespace lamina::sema
