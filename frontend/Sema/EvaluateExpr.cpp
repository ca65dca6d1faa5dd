//===- EvaluateExpr.cpp - Expressions on abstract values ------------------===//
//
// SPDX-License-Identifier: Apache-2.0
//
// One case for each kind of expression. Whatever has an operand in error is in
// error, silently.
//
//===----------------------------------------------------------------------===//

#include "frontend/Sema/Entries.h"
#include "frontend/Sema/Primitives.h"

#include "frontend/AST/Visitor.h"

#include "llvm/Support/raw_ostream.h"

namespace lamina::sema {

using core::Primitive;

Evaluator::Evaluator(Session &session)
    : session(session), program(session.program), dims(session.dims) {}

Evaluator::Entry::Entry(Evaluator &e, Context *context, FrameScope *frame,
                        Statements *out)
    : scope(e.scope, frame), frame(e.frame, frame),
      context(e.context, context), statements(e.statements, out),
      drawPath(e.drawPath), frames(e.frames) {
  e.frames.push_back(frame);
}

std::string Evaluator::text(const ast::Expr *expr) {
  std::string result;
  llvm::raw_string_ostream os(result);
  if (expr)
    ast::print(expr, os);
  return result;
}

Value Evaluator::notSupported(Range range, const llvm::Twine &what) {
  report(Rule::call_c10, range, what + " is not supported yet");
  return Value::error(range);
}

namespace {

/// Evaluates one expression; a member of Evaluator does the work of the larger
/// cases.
class ExprCases : public ast::ExprVisitor<ExprCases, Value> {
public:
  explicit ExprCases(Evaluator &e) : e(e) {}

  Value visitError(ast::ErrorExpr *expr) { return Value::error(expr->range); }
  Value visitNumber(ast::NumberExpr *expr) {
    return expr->isWhole
               ? Value::number(e.dims.constant(expr->whole), expr->range)
               : Value::number(expr->real, expr->range);
  }
  Value visitText(ast::TextExpr *expr) {
    return Value::textValue(expr->value, expr->range);
  }
  Value visitTruth(ast::TruthExpr *expr) {
    return Value::truthValue(expr->value, expr->range);
  }
  Value visitNone(ast::NoneExpr *expr) { return Value::none(expr->range); }
  Value visitEllipsis(ast::EllipsisExpr *expr) {
    e.report(Rule::dim_c1, expr->range,
             "'...' stands for dimensions: in a type, after 'over', in brackets");
    return Value::error(expr->range);
  }
  Value visitName(ast::NameExpr *expr) { return e.nameValue(expr); }
  Value visitRecord(ast::RecordExpr *expr) {
    if (e.recordField)
      return e.recordField(expr);
    e.report(Rule::data_c2, expr->range,
             "'." + expr->field.text + "' is a field of a record, and this is "
                                       "not in 'data'");
    return Value::error(expr->range);
  }
  Value visitMember(ast::MemberExpr *expr) { return e.member(expr); }
  Value visitCall(ast::CallExpr *expr) { return e.call(expr); }
  Value visitIndex(ast::IndexExpr *expr) { return e.indexed(expr); }
  Value visitUnary(ast::UnaryExpr *expr) {
    Value operand = e.evaluate(expr->operand);
    return e.unary(expr->op == ast::UnaryOp::Negate ? Primitive::Neg
                                                    : Primitive::Not,
                   operand, expr->range);
  }
  Value visitBinary(ast::BinaryExpr *expr);
  Value visitChoice(ast::ChoiceExpr *expr);
  Value visitLambda(ast::LambdaExpr *expr) {
    Value value;
    value.kind = Value::Function;
    value.range = expr->range;
    auto callable = std::make_shared<Callable>();
    callable->kind = Callable::Lambda;
    callable->lambda = expr;
    callable->home = e.scope;
    value.callable = callable;
    return value;
  }
  Value visitEach(ast::EachExpr *expr);
  Value visitParen(ast::ParenExpr *expr);
  Value visitTuple(ast::TupleExpr *expr);
  Value visitList(ast::ListExpr *expr) {
    std::vector<Value> items;
    for (ast::Expr *element : expr->elements) {
      items.push_back(e.evaluate(element));
      if (items.back().isError())
        return items.back();
    }
    return Value::list(std::move(items), expr->range);
  }
  Value visitPipeline(ast::PipelineExpr *expr);

private:
  Value connective(ast::BinaryExpr *expr, bool isAnd);
  Value chain(ast::BinaryExpr *expr);

  Evaluator &e;
};

} // namespace

static std::optional<Primitive> primitiveOf(ast::BinaryOp op) {
  switch (op) {
  case ast::BinaryOp::Add:
    return Primitive::Add;
  case ast::BinaryOp::Subtract:
    return Primitive::Sub;
  case ast::BinaryOp::Multiply:
    return Primitive::Mul;
  case ast::BinaryOp::Divide:
    return Primitive::Div;
  case ast::BinaryOp::Power:
    return Primitive::Pow;
  case ast::BinaryOp::Div:
    return Primitive::FloorDiv;
  case ast::BinaryOp::Mod:
    return Primitive::Mod;
  case ast::BinaryOp::Equal:
    return Primitive::Eq;
  case ast::BinaryOp::NotEqual:
    return Primitive::Ne;
  case ast::BinaryOp::Less:
    return Primitive::Lt;
  case ast::BinaryOp::LessEqual:
    return Primitive::Le;
  case ast::BinaryOp::Greater:
    return Primitive::Gt;
  case ast::BinaryOp::GreaterEqual:
    return Primitive::Ge;
  default:
    return std::nullopt;
  }
}

static bool isLayerLike(const Value &value) {
  return value.kind == Value::Layer;
}

Value ExprCases::visitBinary(ast::BinaryExpr *expr) {
  if (expr->op == ast::BinaryOp::Divide)
    e.warnIndexAsSize(expr->right);
  if (expr->op == ast::BinaryOp::And || expr->op == ast::BinaryOp::Or)
    return connective(expr, expr->op == ast::BinaryOp::And);
  if (expr->op == ast::BinaryOp::Then)
    return chain(expr);
  Value left = e.evaluate(expr->left), right = e.evaluate(expr->right);
  if (left.isError() || right.isError())
    return Value::error(expr->range);
  if (expr->op == ast::BinaryOp::Join)
    return e.matmul(left, right, expr);
  if (expr->op == ast::BinaryOp::Multiply && isLayerLike(left)) {
    Value value;
    value.kind = Value::Layer;
    value.range = expr->range;
    auto callable = std::make_shared<Callable>();
    callable->kind = Callable::Repeat;
    callable->parts = {left};
    callable->count = right;
    callable->home = e.scope;
    value.callable = callable;
    return value;
  }
  return e.binary(*primitiveOf(expr->op), left, right, expr->range, expr->left,
                  expr->right);
}

/// `and`, `or`: of masks a mask; decided while compiling where the left side is.
Value ExprCases::connective(ast::BinaryExpr *expr, bool isAnd) {
  Value left = e.evaluate(expr->left);
  if (left.isError())
    return left;
  if (left.kind == Value::Function || left.kind == Value::Group ||
      left.kind == Value::Text)
    return e.combine(isAnd ? Callable::MaskAnd : Callable::MaskOr, expr);
  if (auto known = e.decided(left)) {
    if (*known != isAnd)
      return Value::truthValue(*known, expr->range);
    Value right = e.evaluate(expr->right);
    if (auto other = e.decided(right))
      return Value::truthValue(*other, expr->range);
    return right;
  }
  size_t before = e.facts.size();
  if (left.expr)
    e.assumeValue(left.expr, isAnd);
  Value right = e.evaluate(expr->right);
  e.facts.resize(before);
  if (right.isError())
    return right;
  if (auto known = e.decided(right); known && right.kind == Value::Truth)
    return *known == isAnd ? left : right;
  return e.binary(isAnd ? Primitive::And : Primitive::Or, left, right,
                  expr->range, expr->left, expr->right);
}

/// `f >> g`: flat, but a chain in parentheses stays one part.
Value ExprCases::chain(ast::BinaryExpr *expr) {
  Value left = e.chainPart(expr->left), right = e.chainPart(expr->right);
  if (left.isError() || right.isError())
    return Value::error(expr->range);
  auto callable = std::make_shared<Callable>();
  callable->kind = Callable::Chain;
  callable->home = e.scope;
  bool hasLayer = false;
  for (auto [side, source] : {std::pair(&left, expr->left),
                              std::pair(&right, expr->right)}) {
    if (!side->isCallable()) {
      e.report(Rule::call_c9, source->range,
               "'>>' joins functions and layers, and this is " +
                   side->describe());
      return Value::error(expr->range);
    }
    hasLayer |= side->kind == Value::Layer;
    bool written = llvm::isa<ast::BinaryExpr>(source);
    if (written && side->callable && side->callable->kind == Callable::Chain)
      llvm::append_range(callable->parts, side->callable->parts);
    else
      callable->parts.push_back(*side);
  }
  Value value;
  value.kind = hasLayer ? Value::Layer : Value::Function;
  value.range = expr->range;
  value.callable = callable;
  return value;
}

/// In a chain `leaky_relu(0.2)` is the function with that setting: what it works
/// on comes from the left.
Value Evaluator::chainPart(const ast::Expr *expr) {
  auto *call = llvm::dyn_cast<ast::CallExpr>(expr);
  auto *name = call ? llvm::dyn_cast<ast::NameExpr>(call->callee) : nullptr;
  auto callee = name ? lookUp(name->name) : std::nullopt;
  if (!callee || callee->kind != Value::Function ||
      callee->callable->kind != Callable::Function || callee->callable->self)
    return evaluate(expr);
  Args args = arguments(call);
  llvm::SmallVector<Symbol, 4> settings;
  for (auto &parameter : callee->callable->function->parameters.list)
    if (parameter.isSetting())
      settings.push_back(parameter.name.text);
  size_t next = 0;
  for (EvaluatedArg &arg : args) {
    if (arg.value.isError())
      return arg.value;
    if (arg.name.empty() && !arg.value.isRunTime() && next < settings.size())
      arg.name = settings[next++];
  }
  return apply(*callee, std::move(args), expr->range);
}

Value ExprCases::visitChoice(ast::ChoiceExpr *expr) {
  Value condition = e.evaluate(expr->condition);
  if (condition.isError())
    return condition;
  if (auto known = e.decided(condition)) {
    // A condition that is decided from sizes makes its two sides one dimension.
    Evaluator::Equality equality(e, expr->condition, *known);
    return e.evaluate(*known ? expr->value : expr->other);
  }
  size_t before = e.facts.size();
  e.assumeValue(condition.expr, true);
  Value yes = e.evaluate(expr->value);
  e.facts.resize(before);
  e.assumeValue(condition.expr, false);
  Value no = e.evaluate(expr->other);
  e.facts.resize(before);
  if (yes.isError() || no.isError())
    return Value::error(expr->range);
  return e.choose(condition, yes, no, expr->range, expr);
}

Value ExprCases::visitEach(ast::EachExpr *expr) {
  Value list = e.evaluate(expr->list);
  if (list.isError())
    return list;
  if (list.kind != Value::List) {
    e.report(Rule::loop_c1, expr->list->range,
             "'for … in' goes through a list, and this is " + list.describe());
    return Value::error(expr->range);
  }
  std::vector<Value> items;
  bool layers = false;
  for (const Value &item : *list.items) {
    Scope *inner = e.session.make<Scope>(Scope::Block, e.scope);
    llvm::SaveAndRestore<Scope *> in(e.scope, inner);
    inner->bind(expr->name.text, item, Binding::Setting, expr->name.range);
    items.push_back(e.evaluate(expr->element));
    if (items.back().isError())
      return items.back();
    layers |= items.back().kind == Value::Layer;
  }
  if (!layers)
    return Value::list(std::move(items), expr->range);
  auto callable = std::make_shared<Callable>();
  callable->kind = Callable::Copies;
  callable->parts = std::move(items);
  callable->home = e.scope;
  Value value;
  value.kind = Value::Layer;
  value.range = expr->range;
  value.callable = callable;
  return value;
}

Value ExprCases::visitParen(ast::ParenExpr *expr) {
  return e.evaluate(expr->inner);
}

Value ExprCases::visitTuple(ast::TupleExpr *expr) {
  std::vector<Value> items;
  std::vector<Symbol> names;
  for (auto &entry : expr->entries) {
    items.push_back(e.evaluate(entry.value));
    names.push_back(entry.name.text);
    if (items.back().isError())
      return items.back();
  }
  return e.tuple(std::move(items), std::move(names), expr->range);
}

Value ExprCases::visitPipeline(ast::PipelineExpr *expr) {
  return e.pipelineOrFilter(expr);
}

Value Evaluator::evaluate(const ast::Expr *expr) {
  return ExprCases(*this).visit(const_cast<ast::Expr *>(expr));
}

/// `L | F on group` of layers, else stages of an optimizer.
Value Evaluator::pipelineOrFilter(const ast::PipelineExpr *expr) {
  ++session.muted;
  Statements ignored;
  llvm::SaveAndRestore<Statements *> out(statements, &ignored);
  Value first = evaluate(expr->stages.front().value);
  --session.muted;
  if (first.kind == Value::Layer || first.kind == Value::Field)
    return notSupported(expr->range, "a layer whose weights pass through another, "
                                     "'L | F',");
  return pipelineValue(*this, *expr);
}

Value Evaluator::tuple(std::vector<Value> items, std::vector<Symbol> names,
                       Range range) {
  Value value;
  value.kind = Value::TupleOf;
  value.range = range;
  value.items = std::make_shared<const std::vector<Value>>(std::move(items));
  value.names = std::make_shared<const std::vector<Symbol>>(std::move(names));
  return value;
}

//===-- Names -------------------------------------------------------------===//

Value Evaluator::nameValue(const ast::NameExpr *expr) {
  if (auto value = lookUp(expr->name))
    return *value;
  FileScope *file = currentFile();
  auto &diag = report(Rule::name_c1, expr->range, "no '" + expr->name + "' here");
  if (expr->name == "None")
    diag.note("axes are not added: [b] meets [b, h, w] by name");
  else if (auto names = session.similar(*file, expr->name); !names.empty())
    diag.note("did you mean '" + names.front() + "'?");
  // Bound to the error, so that it is said once a scope.
  scope->bind(expr->name, Value::error(expr->range), Binding::Name, expr->range);
  return Value::error(expr->range);
}

FileScope *Evaluator::currentFile() {
  for (Scope *at = scope; at; at = at->outer)
    if (at->kind == Scope::File)
      return static_cast<FileScope *>(at);
  return session.getRoot();
}

std::optional<Value> Evaluator::lookUp(Symbol name) {
  for (Scope *at = scope; at; at = at->outer) {
    if (Binding *binding = at->find(name))
      return imported(binding->value);
    if (at->kind == Scope::Layer) {
      if (auto value = layerMember(*static_cast<LayerScope *>(at), name))
        return imported(*value);
    }
    if (at->kind == Scope::File) {
      auto value = session.lookUp(*static_cast<FileScope *>(at), name, *this);
      return value ? std::optional(imported(*value)) : std::nullopt;
    }
  }
  return std::nullopt;
}

/// A run-time value of another body becomes a capture of this one, and of each
/// body between them.
Value Evaluator::imported(const Value &value) {
  if (!value.owner || value.owner == context || !value.expr)
    return value;
  return importInto(value, context);
}

Value Evaluator::importInto(const Value &value, Context *into) {
  if (value.owner == into || !into || !into->function)
    return value;
  for (size_t i = 0; i < into->captured.size(); ++i)
    if (into->captured[i].expr == value.expr)
      return captureOf(value, into, i);
  into->captured.push_back(value);
  core::Local *local = program.makeLocal(
      core::Local::Capture, symbolOf(value.expr), value.expr->type, value.range);
  into->function->captures.push_back(local);
  return captureOf(value, into, into->captured.size() - 1);
}

Value Evaluator::captureOf(const Value &value, Context *into, size_t position) {
  core::Local *local = into->function->captures[position];
  auto *ref = program.make<core::LocalRef>(local->type, value.range);
  ref->local = local;
  Value result = value;
  result.expr = ref;
  result.owner = into;
  if (value.dim)
    exactValues[ref] = value.dim;
  return result;
}

Symbol Evaluator::symbolOf(const core::Expr *expr) {
  while (auto *retype = llvm::dyn_cast<core::Retype>(expr))
    expr = retype->operand;
  if (auto *ref = llvm::dyn_cast<core::LocalRef>(expr))
    return ref->local->name;
  if (auto *index = llvm::dyn_cast<core::IndexValue>(expr))
    return index->index->name;
  if (auto *part = llvm::dyn_cast<core::TreePart>(expr))
    return part->name;
  if (auto *model = llvm::dyn_cast<core::TreeModel>(expr))
    return model->model->name;
  return "";
}

//===-- What is known when compiling ----------------------------------------===//

std::optional<bool> Evaluator::decided(const Value &condition) {
  switch (condition.kind) {
  case Value::Truth:
    return condition.truth;
  case Value::None:
    return false;
  case Value::RunTime:
    if (condition.expr->type.isTensor() && condition.expr->type.elem.isTruth())
      return std::nullopt;
    return true; // of a T? that is there
  case Value::Error:
    return std::nullopt;
  default:
    return true; // a setting that is no bool and not none
  }
}

std::optional<int64_t> Evaluator::forceWhole(const Value &value, Range range,
                                             llvm::StringRef why) {
  if (value.isError())
    return std::nullopt;
  if (auto known = value.constant()) {
    if (value.scalar && !value.scalar->fixedAt)
      value.scalar->fixedAt = range;
    return known;
  }
  report(Rule::const_c1, range,
         why + " has to be a whole number that is known when compiling, and "
               "this is " + value.describe());
  return std::nullopt;
}

std::optional<double> Evaluator::forceNumber(const Value &value, Range range,
                                             llvm::StringRef why) {
  if (value.isError())
    return std::nullopt;
  if (value.kind == Value::Number) {
    if (value.scalar && !value.scalar->fixedAt)
      value.scalar->fixedAt = range;
    if (!value.dim)
      return value.real;
    if (auto known = value.dim.size().rational())
      return known->toDouble();
  }
  report(Rule::const_c1, range,
         why + " has to be a number that is known when compiling, and this is " +
             value.describe());
  return std::nullopt;
}

std::optional<bool> Evaluator::forceTruth(const Value &value, Range range,
                                          llvm::StringRef why) {
  if (value.isError())
    return std::nullopt;
  if (auto known = decided(value))
    return known;
  report(Rule::const_c1, range,
         why + " has to be known when compiling, and this is data");
  return std::nullopt;
}

std::optional<std::string> Evaluator::forceText(const Value &value, Range range,
                                                llvm::StringRef why) {
  if (value.isError())
    return std::nullopt;
  if (value.kind == Value::Text)
    return value.text;
  report(Rule::const_c1, range,
         why + " has to be a text, and this is " + value.describe());
  return std::nullopt;
}

} // namespace lamina::sema
