// SPDX-License-Identifier: Apache-2.0
//
// Loops with carries and collected names.
//
// A name defined before a loop and again inside is carried; one whose brackets
// hold the loop's index is collected. The body is evaluated twice: once to
// learn the types of carries, without proofs, and once for good.

#include "frontend/Sema/Bind.h"
#include "frontend/Sema/LoopBuilder.h"
#include "frontend/Sema/Mentions.h"
#include "frontend/Sema/Prove.h"

namespace lamina::sema {

using core::Axis;
using core::Elem;

namespace {

/// The names that the lines of a loop define, in their order.
llvm::SetVector<Symbol> definedNames(const ast::ForStmt *loop) {
  llvm::SetVector<Symbol> names;
  addDefinitions(loop, names);
  return names;
}

} // namespace

/// The rounds of a loop: index from `low`, `extent` of them.
bool Evaluator::loopRange(const ast::ForStmt *stmt, Dim &low, Dim &extent) {
  auto size = [&](const ast::Expr *expr) -> Dim {
    Value value = evaluate(expr);
    if (value.isError())
      return {};
    Dim dim = dimensionOf(value);
    if (!dim)
      report(
          Rule::loop_c1, expr->range,
          "a loop runs a number of rounds that is known when compiling, or a "
          "size; this is " +
              value.describe())
          .note("give it a bound and leave with 'until'");
    return dim;
  };
  if (stmt->rangeKind == ast::ForStmt::RangeKind::Below) {
    low = dims.constant(0);
    extent = size(stmt->to);
    return bool(extent);
  }
  Dim first = size(stmt->from), last = first ? size(stmt->to) : Dim();
  if (!first || !last)
    return false;
  bool down = stmt->rangeKind == ast::ForStmt::RangeKind::Down;
  low = down ? last : first;
  extent = (down ? first - last : last - first) + 1;
  return true;
}

void Evaluator::loop(const ast::ForStmt *stmt) {
  if (stmt->rangeKind == ast::ForStmt::RangeKind::List) {
    if (stmt->until)
      report(Rule::loop_c1, stmt->until->range,
             "'until' leaves a loop over a range, and this one goes through a "
             "list")
          .note("its rounds are written out when compiling; choose inside of "
                "them: 'new if c else old'");
    Value list = evaluate(stmt->from);
    if (list.isError())
      return;
    if (list.kind != Value::List) {
      report(Rule::loop_c1, stmt->from->range,
             "'for … in' goes through a list or a range, and this is " +
                 list.describe());
      return;
    }
    return loopOver(stmt, *list.items);
  }
  Dim low, extent;
  if (!loopRange(stmt, low, extent)) {
    for (Symbol name : definedNames(stmt))
      scope->bind(name, Value::error(stmt->range), Binding::Name, stmt->range);
    return;
  }
  LoopBuilder(*this, stmt, low, extent).build();
}

/// `for x in list`: written out.
void Evaluator::loopOver(const ast::ForStmt *stmt,
                         const std::vector<Value> &items) {
  for (const Value &item : items) {
    Scope *inner = session.make<Scope>(Scope::Block, scope);
    inner->bind(stmt->name.text, item, Binding::Setting, stmt->name.range);
    llvm::SaveAndRestore<Scope *> in(scope, inner);
    for (const ast::Stmt *statement : stmt->body->statements)
      this->statement(statement);
    // What was defined before is carried on, what is new is gone.
    for (auto &[name, binding] : inner->names)
      if (name == stmt->name.text)
        continue;
      else if (Binding *old = inner->outer->find(name))
        *old = binding;
      else if (binding.kind == Binding::Name)
        inner->outer->goneWithLoops[name] = binding.range;
  }
}

bool LoopBuilder::build() {
  findCarries();
  // Bounds of whole carries widen until they hold after a round; one that still
  // moves is dropped.
  bool settled = false;
  for (unsigned round = 0; round < 3 && !settled; ++round)
    settled = round == 2 ? (dropBounds(), true) : learn();
  return evaluate();
}

void LoopBuilder::findCarries() {
  for (Symbol name : definedNames(stmt)) {
    Binding *old = nullptr;
    for (Scope *at = e.scope; at && at->kind != Scope::File && !old;
         at = at->outer) {
      old = at->find(name);
      if (at->kind == Scope::Frame)
        break;
    }
    if (!old || old->kind == Binding::Dimension || isCollected(name))
      continue;
    Value value = e.imported(old->value);
    if (value.kind == Value::Number || value.kind == Value::Truth)
      value = e.runTimeValue(e.runTime(value, old->range));
    if (value.isError())
      continue;
    carries.push_back({name, value, false, old->range});
  }
}

bool LoopBuilder::isCollected(Symbol name) {
  for (const ast::Stmt *stmt : this->stmt->body->statements)
    if (auto *define = llvm::dyn_cast<ast::DefineStmt>(stmt))
      for (auto &target : define->targets)
        if (target.name.text == name && target.brackets)
          for (auto &entry : target.brackets.entries)
            if (auto *word = llvm::dyn_cast_or_null<ast::NameExpr>(entry.value))
              if (word->name == this->stmt->name.text)
                return true;
  return false;
}

/// Carries as locals of a given type, tuples and lists by their parts.
Value LoopBuilder::asLocals(const Value &value, Symbol name,
                            std::vector<core::Loop::Carry> &out) {
  if (value.kind == Value::TupleOf || value.kind == Value::List) {
    std::vector<Value> items;
    for (const Value &item : *value.items)
      items.push_back(asLocals(item, name, out));
    Value result = value;
    result.items = std::make_shared<const std::vector<Value>>(std::move(items));
    return result;
  }
  Value source = value;
  if (value.kind == Value::Number || value.kind == Value::Truth)
    source = e.runTimeValue(e.runTime(value, value.range));
  if (!source.expr)
    return source;
  core::Loop::Carry carry;
  carry.init = e.imported(source).expr;
  carry.local = e.program.makeLocal(core::Local::Carry, name, carry.init->type,
                                    source.range);
  out.push_back(carry);
  auto *ref = e.program.make<core::LocalRef>(carry.local->type, source.range);
  ref->local = carry.local;
  Value result = e.runTimeValue(ref);
  result.field = source.field;
  result.callable = source.callable;
  if (source.kind == Value::Field) {
    result.kind = Value::Field;
  }
  return result;
}

/// The loop's index, bound in `inner`.
void LoopBuilder::makeIndex(Scope &inner) {
  index = e.program.makeIndex(core::IndexVar::Iteration, stmt->name.text, low,
                              extent, stmt->name.range);
  if (const core::Atom *size = extent.size().atom();
      size && size->kind == core::Atom::Size && size->raggedOver) {
    index->raggedOver = size->raggedOver;
    index->raggedSize = extent.size();
  }
  auto *ref = e.program.make<core::IndexValue>(
      core::Type::whole(low, low + extent - 1), stmt->name.range);
  ref->index = index;
  inner.bind(stmt->name.text, e.runTimeValue(ref), Binding::Index,
             stmt->name.range);
}

void LoopBuilder::readUntil(Round &round) {
  Statements before;
  llvm::SaveAndRestore<Statements *> outUntil(e.statements, &before);
  Value condition = e.evaluate(stmt->until);
  // What is known never to hold is not asked before every round.
  bool isNever = condition.kind == Value::Truth && !condition.truth;
  if (!isNever)
    round.until =
        e.block(std::move(before), e.runTime(condition, stmt->until->range),
                stmt->until->range);
}

LoopBuilder::Round LoopBuilder::runBody() {
  Round round;
  Scope *inner = e.session.make<Scope>(Scope::Block, e.scope);
  makeIndex(*inner);
  for (Carried &carry : carries)
    inner->bind(carry.name, asLocals(carry.value, carry.name, round.locals),
                Binding::Name, stmt->range);
  size_t facts = e.facts.size();
  e.facts.push_back(extent - 1);
  {
    llvm::SaveAndRestore<Scope *> in(e.scope, inner);
    llvm::SaveAndRestore<Statements *> out(e.statements, &round.body);
    if (stmt->until)
      readUntil(round);
    auto outer = e.collected;
    e.collected = [&](const ast::Target &target, const ast::Expr *value) {
      return collect(target, value, round);
    };
    for (const ast::Stmt *statement : stmt->body->statements)
      e.statement(statement);
    e.collected = outer;
    for (Carried &carry : carries) {
      Binding *binding = inner->find(carry.name);
      round.after.push_back(binding->value);
    }
  }
  e.facts.resize(facts);
  for (auto &[name, binding] : inner->names)
    if (binding.kind == Binding::Name)
      e.scope->goneWithLoops[name] = binding.range;
  return round;
}

/// Where the loop's index stands between the brackets; -1 if nowhere.
int LoopBuilder::placeOfIndex(const ast::Target &target) const {
  int place = -1;
  for (auto [i, entry] : llvm::enumerate(target.brackets.entries))
    if (auto *word = llvm::dyn_cast_or_null<ast::NameExpr>(entry.value);
        word && word->name == stmt->name.text &&
        entry.kind == ast::Subscript::Kind::Value)
      place = i;
  return place;
}

/// What this round adds to `target`: a value for the brackets beside the
/// loop's own, at `place`.
Value LoopBuilder::valueOfRound(const ast::Target &target, int place,
                                const ast::Expr *value, bool isSliced) {
  llvm::SmallVector<ast::Subscript, 4> others(target.brackets.entries.begin(),
                                              target.brackets.entries.end());
  others.erase(others.begin() + place);
  if (isSliced || others.empty())
    return e.evaluate(value);
  ast::Brackets brackets = target.brackets;
  brackets.entries = others;
  return e.tabulate(target.name.text, brackets, value, target.range);
}

/// `text[:, n] = v`, `back[b, j, s] = e`: what the loop's index collects.
bool LoopBuilder::collect(const ast::Target &target, const ast::Expr *value,
                          Round &round) {
  int place = placeOfIndex(target);
  if (place < 0)
    return false;
  size_t others = target.brackets.entries.size() - 1;
  bool isSliced = llvm::any_of(target.brackets.entries, [](const auto &entry) {
    return entry.kind == ast::Subscript::Kind::Slice;
  });
  Value one = valueOfRound(target, place, value, isSliced);
  if (one.isError()) {
    round.failed.push_back(target.name.text);
    return true;
  }
  core::Expr *expr = e.runTime(one, value->range);
  if (expr->type.isError() || !expr->type.isTensor() ||
      (isSliced && expr->type.rank() < others)) {
    if (!expr->type.isError())
      e.report(Rule::loop_c3, target.range,
               "'" + target.name.text + "' collects " + expr->type.str() +
                   ", and its brackets hold " + llvm::Twine(others) +
                   " dimensions beside the loop's");
    round.failed.push_back(target.name.text);
    return true;
  }
  core::Loop::Collected collected;
  collected.name = target.name.text;
  // The value of this round, which the body may read by its name.
  Value named = e.named(target.name.text, e.runTimeValue(expr), target.range);
  collected.value = e.imported(named).expr;
  collected.axis = place;
  collected.range = target.range;
  round.collected.push_back(collected);
  return true;
}

/// The next value of a carry in the type of the carry.
core::Expr *LoopBuilder::next(const core::Loop::Carry &carry, core::Expr *value,
                              Symbol name) {
  const core::Type &type = carry.local->type;
  if (value->type.isError())
    return nullptr;
  if (type.isTensor() && value->type.isTensor()) {
    if (type.elem.isReal() && value->type.elem.isWhole())
      value = e.convert(value, Elem::Real);
    value = e.shaped(value, type, stmt->range);
  }
  bool trees = type.isTree() && value->type.isTree();
  if (!trees && !core::sameSizes(type, value->type)) {
    e.report(Rule::loop_c2, stmt->range,
             "'" + name + "' is " + type.str() + " before the loop and " +
                 value->type.str() + " after a round")
        .note(carry.local->range, "'" + name + "' is carried from here");
    return nullptr;
  }
  return e.retype(value, type);
}

/// The run-time parts of a value that is carried as `shape` is.
void LoopBuilder::flatten(const Value &shape, const Value &value,
                          std::vector<core::Expr *> &out) {
  if (shape.kind == Value::TupleOf || shape.kind == Value::List) {
    std::vector<Value> parts = e.elements(value, stmt->range);
    for (auto [i, item] : llvm::enumerate(*shape.items))
      if (i < parts.size())
        flatten(item, parts[i], out);
    return;
  }
  if (leavesOf(shape))
    out.push_back(e.runTime(value, stmt->range));
}

/// What each carry is in the next round; false after a diagnostic.
bool LoopBuilder::findNexts(Round &round) {
  llvm::SaveAndRestore<Statements *> out(e.statements, &round.body);
  bool isGood = true;
  size_t at = 0;
  for (auto [i, carry] : llvm::enumerate(carries)) {
    std::vector<core::Expr *> nexts;
    if (!round.after[i].isError())
      flatten(carry.value, round.after[i], nexts);
    size_t count = leavesOf(carry.value);
    isGood &= nexts.size() == count && !round.after[i].isError();
    for (size_t k = 0; k < count; ++k, ++at) {
      core::Expr *next =
          k < nexts.size() && !round.after[i].isError()
              ? this->next(round.locals[at], nexts[k], carry.name)
              : nullptr;
      isGood &= next != nullptr;
      round.locals[at].next = next;
    }
  }
  return isGood;
}

/// Names that the loop would have given, so that nothing more is said of them.
void LoopBuilder::bindErrors(const Round &round) {
  auto bindError = [&](Symbol name) {
    e.scope->bind(name, Value::error(stmt->range), Binding::Name, stmt->range);
  };
  for (const Carried &carry : carries)
    bindError(carry.name);
  for (const core::Loop::Collected &collected : round.collected)
    bindError(collected.name);
  for (Symbol name : round.failed)
    bindError(name);
}

bool LoopBuilder::evaluate() {
  Round round = runBody();
  auto *node = e.program.make<core::Loop>(core::Type::error(), stmt->range);
  if (!findNexts(round) || !round.failed.empty()) {
    bindErrors(round);
    return false;
  }
  node->index = index;
  node->down = stmt->rangeKind == ast::ForStmt::RangeKind::Down;
  node->until = round.until;
  node->body = std::move(round.body);
  node->carries = round.locals;
  node->collected = round.collected;
  bindResults(*node);
  return true;
}

size_t LoopBuilder::leavesOf(const Value &value) {
  if (value.kind == Value::TupleOf || value.kind == Value::List) {
    size_t sum = 0;
    for (const Value &item : *value.items)
      sum += leavesOf(item);
    return sum;
  }
  return value.kind == Value::Number || value.kind == Value::Truth ||
         value.expr;
}

Value LoopBuilder::rebuilt(const Value &value, const std::vector<Value> &parts,
                           size_t &at) {
  if (value.kind == Value::TupleOf || value.kind == Value::List) {
    std::vector<Value> items;
    for (const Value &item : *value.items)
      items.push_back(rebuilt(item, parts, at));
    Value result = value;
    result.items = std::make_shared<const std::vector<Value>>(std::move(items));
    return result;
  }
  if (!leavesOf(value))
    return value;
  Value result = parts[at++];
  result.field = value.field;
  result.callable = value.callable;
  if (value.kind == Value::Field)
    result.kind = Value::Field;
  return result;
}

void LoopBuilder::bindResults(core::Loop &node) {
  std::vector<core::Type> types;
  for (auto &carry : node.carries)
    types.push_back(carry.local->type);
  Dim rounds = extent;
  if (node.until)
    node.rounds = rounds = e.dims.size(stmt->name.text, e.dims.constant(0),
                                       extent.size(), 0, stmt->range);
  for (auto &collected : node.collected) {
    core::Type type = collected.value->type;
    type.elem = e.withoutIndices(type.elem, {index});
    type.axes.insert(type.axes.begin() + collected.axis,
                     Axis{rounds, stmt->name.text});
    types.push_back(type);
  }
  if (node.until)
    types.push_back(core::Type::whole(e.dims.constant(0), extent));
  node.type = core::Type::tuple(types);
  Value whole = e.named("loop", e.runTimeValue(&node), stmt->range);
  std::vector<Value> parts = e.elements(whole, stmt->range);
  size_t at = 0;
  for (Carried &carry : carries)
    bind(carry.name, rebuilt(carry.value, parts, at));
  for (auto &collected : node.collected)
    bind(collected.name, parts[at++]);
}

/// In the scope where the name was defined before.
void LoopBuilder::bind(Symbol name, Value value) {
  for (Scope *at = e.scope; at; at = at->outer) {
    if (Binding *old = at->find(name)) {
      old->value = value;
      old->kind = Binding::Name;
      return;
    }
    if (at->kind == Scope::Frame)
      break;
  }
  e.scope->bind(name, value, Binding::Name, stmt->range);
}

} // namespace lamina::sema
