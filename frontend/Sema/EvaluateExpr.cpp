// SPDX-License-Identifier: Apache-2.0
//
// Expressions on abstract values.
//
// One case for each kind of expression. Whatever has an operand in error is in
// error, silently.

#include "frontend/AST/Visitor.h"
#include "frontend/Sema/Entries.h"
#include "frontend/Sema/LayerCalls.h"
#include "frontend/Sema/Masks.h"
#include "frontend/Sema/Primitives.h"
#include "frontend/Sema/Runs.h"

#include "llvm/Support/raw_ostream.h"

namespace lamina::sema {

using core::Primitive;

EvaluationState::EvaluationState(Session &session)
    : session(session), program(session.program), dims(session.dims) {}

Evaluator::Entry::Entry(Evaluator &e, Context *context, FrameScope *frame,
                        Statements *out)
    : scope(e.scope, frame), frame(e.frame, frame), context(e.context, context),
      statements(e.statements, out), drawPath(e.drawPath), frames(e.frames),
      entryStatement(e.entryStatement, nullptr),
      collected(e.collected, nullptr), packIndices(e.packIndices, {}) {
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
    e.report(
        Rule::dim_c1, expr->range,
        "'...' stands for dimensions: in a type, after 'over', in brackets");
    return Value::error(expr->range);
  }
  Value visitName(ast::NameExpr *expr) { return e.nameValue(expr); }
  Value visitRecord(ast::RecordExpr *expr) {
    if (e.recordField)
      return e.recordField(expr);
    e.report(Rule::data_c2, expr->range,
             "'." + expr->field.text +
                 "' is a field of a record, and this is "
                 "not in 'data'");
    return Value::error(expr->range);
  }
  Value visitMember(ast::MemberExpr *expr) { return e.member(expr); }
  Value visitCall(ast::CallExpr *expr) { return e.call(expr); }
  Value visitIndex(ast::IndexExpr *expr) { return e.indexed(expr); }
  Value visitUnary(ast::UnaryExpr *expr) {
    if (e.dataText)
      if (auto value = e.dataText(expr))
        return *value;
    Value operand = e.evaluate(expr->operand);
    return e.unary(expr->op == ast::UnaryOp::Negate ? Primitive::Neg
                                                    : Primitive::Not,
                   operand, expr->range);
  }
  bool isCondition(const Value &value, const ast::Expr *source);
  Value visitBinary(ast::BinaryExpr *expr);
  Value visitChoice(ast::ChoiceExpr *expr);
  Value visitLambda(ast::LambdaExpr *expr) {
    Callable callable(Callable::Lambda, e.scope);
    callable.lambda = expr;
    return Value::ofCallable(Value::Function, std::move(callable), expr->range);
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
  if (e.dataText)
    if (auto value = e.dataText(expr))
      return *value;
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
    Callable callable(Callable::Repeat, e.scope);
    callable.parts = {left};
    callable.count = right;
    return Value::ofCallable(Value::Layer, std::move(callable), expr->range);
  }
  return e.binary(*primitiveOf(expr->op), left, right, expr->range, expr->left,
                  expr->right);
}

/// A tensor that is always there is a condition only if it is true or false.
bool ExprCases::isCondition(const Value &value, const ast::Expr *source) {
  bool isNumber = value.kind == Value::RunTime && value.expr->type.isTensor() &&
                  !value.expr->type.elem.isTruth();
  if (!isNumber || value.mayBeNone)
    return true;
  e.report(Rule::call_c8, source->range,
           "a condition is true or false, and this is " + value.describe())
      .note("write a comparison: '" + e.text(source) + " > 0'");
  return false;
}

/// `and`, `or`: of masks a mask; decided while compiling where the left side
/// is.
Value ExprCases::connective(ast::BinaryExpr *expr, bool isAnd) {
  Value left = e.evaluate(expr->left);
  if (left.isError() || !isCondition(left, expr->left))
    return Value::error(expr->range);
  if (left.kind == Value::Function || left.kind == Value::Group ||
      left.kind == Value::Text)
    return Masks(e).combine(isAnd ? Callable::MaskAnd : Callable::MaskOr, expr);
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
  Callable callable(Callable::Chain, e.scope);
  bool hasLayer = false;
  for (auto [side, source] :
       {std::pair(&left, expr->left), std::pair(&right, expr->right)}) {
    if (!side->isCallable()) {
      e.report(Rule::call_c9, source->range,
               "'>>' joins functions and layers, and this is " +
                   side->describe());
      return Value::error(expr->range);
    }
    hasLayer |= side->kind == Value::Layer;
    bool written = llvm::isa<ast::BinaryExpr>(source);
    if (written && side->callable && side->callable->kind == Callable::Chain)
      llvm::append_range(callable.parts, side->callable->parts);
    else
      callable.parts.push_back(*side);
  }
  return Value::ofCallable(hasLayer ? Value::Layer : Value::Function,
                           std::move(callable), expr->range);
}

/// In a chain `leaky_relu(0.2)` is the function with that setting: what it
/// works on comes from the left.
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
  if (condition.isError() || !isCondition(condition, expr->condition))
    return Value::error(expr->range);
  if (auto known = e.decided(condition)) {
    // A condition that is decided from sizes makes its two sides one dimension.
    Evaluator::Equality equality(e, expr->condition, *known);
    return equality.applied(e.evaluate(*known ? expr->value : expr->other));
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
  Callable callable(Callable::Copies, e.scope);
  callable.parts = std::move(items);
  return Value::ofCallable(Value::Layer, std::move(callable), expr->range);
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
/// `x[…]`: a tensor, an item of a list, a mask at positions, rows of a run.
Value Evaluator::indexed(const ast::IndexExpr *expr) {
  if (dataIndex)
    if (auto value = dataIndex(expr))
      return *value;
  auto known = hoisted.find(expr->base);
  Value base =
      known != hoisted.end() ? imported(known->second) : evaluate(expr->base);
  switch (base.kind) {
  case Value::Error:
    return base;
  case Value::Run:
    return Runs(*this).rows(base, expr);
  case Value::Function: {
    std::vector<Value> positions;
    for (const ast::Subscript &entry : expr->brackets.entries)
      positions.push_back(entry.value ? evaluate(entry.value) : Value::error());
    return Masks(*this).apply(base, positions, expr->range);
  }
  case Value::List:
    if (expr->brackets.entries.size() == 1 && expr->brackets.entries[0].value &&
        expr->brackets.entries[0].kind == ast::Subscript::Kind::Value) {
      ++session.muted;
      Value at = evaluate(expr->brackets.entries[0].value);
      --session.muted;
      if (auto place = at.constant())
        return itemOf(base, *place, expr);
    }
    break;
  case Value::Text:
  case Value::Vocabulary:
    report(Rule::call_c8, expr->base->range,
           "brackets read a tensor, and this is " + base.describe());
    return Value::error(expr->range);
  default:
    break;
  }
  return access(base, expr->brackets, expr->range, expr);
}

Value Evaluator::itemOf(const Value &list, int64_t place,
                        const ast::IndexExpr *expr) {
  if (place >= 0 && place < int64_t(list.items->size()))
    return imported((*list.items)[place]);
  report(Rule::range_c1, expr->range,
         "this list has " + llvm::Twine(list.items->size()) +
             " elements, and " + llvm::Twine(place) + " is none of them");
  return Value::error(expr->range);
}

Value Evaluator::pipelineOrFilter(const ast::PipelineExpr *expr) {
  ++session.muted;
  Statements ignored;
  llvm::SaveAndRestore<Statements *> out(statements, &ignored);
  Value first = evaluate(expr->stages.front().value);
  --session.muted;
  if (first.kind == Value::Layer || first.kind == Value::Field)
    return LayerCalls(*this).filteredLayer(expr);
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

} // namespace lamina::sema
