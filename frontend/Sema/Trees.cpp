// SPDX-License-Identifier: Apache-2.0
//
// Members, derived calls, trees, derivatives.

#include "frontend/Sema/Trees.h"

#include "frontend/Sema/Bind.h"
#include "frontend/Sema/Forms.h"
#include "frontend/Sema/LayerCalls.h"
#include "frontend/Sema/Primitives.h"
#include "frontend/Sema/Runs.h"

namespace lamina::sema {

//===-- Calls with a dot --------------------------------------------------===//

/// `f.begin(…)`, `run.next(…)`, `f.inverse(z)`, `f.log_det(x)`; none for
/// others.
std::optional<Value> Trees::memberCall(const ast::MemberExpr *member,
                                       const ast::CallExpr *expr) {
  llvm::StringRef name = member->member.text;
  if (name == "index") {
    Value base = e.evaluate(member->base);
    return base.kind == Value::Vocabulary
               ? std::optional(
                     Forms(e).wordIndex(base, e.arguments(expr), expr->range))
               : std::nullopt;
  }
  if (name != "begin" && name != "next" && name != "inverse" &&
      name != "log_det")
    return std::nullopt;
  Value base = e.evaluate(member->base);
  if (base.isError())
    return base;
  if (name == "next" && base.kind == Value::Run)
    return Runs(e).next(base, e.arguments(expr), expr->range);
  if (!base.isCallable())
    return std::nullopt;
  if (name == "begin")
    return Runs(e).begin(base, e.arguments(expr), expr->range);
  if (base.kind != Value::Field)
    return e.notSupported(expr->range, "'" + name + "' of a function");
  return derived(base, name, e.arguments(expr), expr->range);
}

/// The type of the argument for which the call of `field` gives a result like
/// `result`: its signature read backwards.
core::Type Trees::argumentFor(const Value &field, const core::Expr *result,
                              Range range) {
  const ast::FunctionDecl *decl = nullptr;
  if (field.callable->kind == Callable::Layer)
    for (const ast::Decl *member : field.callable->layer->members)
      if (auto *call = llvm::dyn_cast<ast::FunctionDecl>(member);
          call && call->name.text.empty())
        decl = call;
  if (!decl || !decl->result || decl->parameters.list.empty() ||
      !decl->parameters.list[0].type)
    return result->type;
  FrameScope probe(nullptr);
  std::string key;
  LayerScope *settings =
      LayerCalls(e).settingsScope(*field.callable, probe, key);
  Scope *early = e.session.make<Scope>(Scope::Block, settings);
  LayerCalls(e).settingDefaults(*settings, *field.callable->layer, *early,
                                true);
  FrameScope *inside = e.session.make<FrameScope>(settings);
  inside->back = probe.back;
  ast::Parameter parameter{decl->name, decl->result, nullptr, decl->range};
  std::vector<BoundArg> bound(1);
  bound[0].parameter = &parameter;
  bound[0].value = e.runTimeValue(const_cast<core::Expr *>(result));
  bound[0].range = range;
  if (!e.bindSignature(*inside, field.callable->layer->name.text, bound))
    return core::Type::error();
  llvm::SaveAndRestore<Scope *> in(e.scope, inside);
  llvm::SaveAndRestore<FrameScope *> inFrame(e.frame, inside);
  core::Type type = e.resolve(decl->parameters.list[0].type);
  return type.isError() ? type : e.backType(inside->back, type);
}

static bool hasMethod(const ast::LayerDecl &layer, Symbol name) {
  return llvm::any_of(layer.members, [&](const ast::Decl *decl) {
    auto *call = llvm::dyn_cast<ast::FunctionDecl>(decl);
    return call && call->name.text == name;
  });
}

/// What `field` gives for something of `type` as its first argument, outside of
/// the program; null after a diagnostic.
static core::Expr *forwardOf(Evaluator &e, const Value &field,
                             const core::Type &type, Args args, Range range) {
  Statements ignored;
  llvm::SaveAndRestore<Statements *> out(e.statements, &ignored);
  auto *stand = e.program.make<core::LocalRef>(type, range);
  stand->local = e.program.makeLocal(core::Local::Value, "x", type, range);
  args[0].value = e.runTimeValue(stand);
  Value forward = e.apply(field, std::move(args), range);
  return forward.isError() ? nullptr : e.runTime(forward, range);
}

static bool isInvertible(Evaluator &e, const ast::LayerDecl &layer,
                         Range range) {
  if (layer.isInvertible)
    return true;
  e.report(Rule::layer_c6, range,
           "'" + layer.name.text + "' is not marked 'invertible'")
      .note(layer.name.range, "declared here");
  return false;
}

/// The inverse and the log-determinant of a layer: written by hand, or derived
/// from the call by a pass.
Value Trees::derived(const Value &field, Symbol what, Args args, Range range) {
  if (args.empty() || args[0].value.isError())
    return Value::error(range);
  if (field.callable->kind == Callable::Layer) {
    const ast::LayerDecl &layer = *field.callable->layer;
    if (hasMethod(layer, what))
      return e.callField(field, what, args, range);
    if (!isInvertible(e, layer, range))
      return Value::error(range);
  }
  core::Expr *input = e.runTime(args[0].value, range);
  if (input->type.isError())
    return Value::error(range);
  // The forward call is made on what the inverse gives back.
  core::Type given =
      what == "inverse" ? argumentFor(field, input, range) : input->type;
  if (given.isError())
    return Value::error(range);
  core::Expr *call = forwardOf(e, field, given, args, range);
  if (!call)
    return Value::error(range);
  while (auto *retype = llvm::dyn_cast<core::Retype>(call))
    call = retype->operand;
  auto *node = llvm::dyn_cast<core::Call>(call);
  if (!node)
    return e.notSupported(range, "'" + what +
                                     "' of a chain (make it the body of an "
                                     "invertible layer)");
  core::Type type = given;
  if (what == "log_det")
    type = core::Type::real(llvm::ArrayRef(input->type.axes).take_front(1));
  auto *result = e.program.make<core::Derived>(type, range);
  result->which =
      what == "log_det" ? core::Derived::LogDet : core::Derived::Inverse;
  result->callee = node->callee;
  result->tree = node->tree;
  result->args = {input};
  result->captures = node->captures;
  return e.runTimeValue(result);
}

//===-- Trees -------------------------------------------------------------===//

/// Trees of one layer, or tuples of tensors with equal sizes.
static bool sameTree(const core::Type &a, const core::Type &b) {
  if (a.kind != b.kind)
    return false;
  if (a.isTuple())
    return llvm::equal(a.parts, b.parts, sameTree);
  if (a.isTensor())
    return llvm::equal(a.axes, b.axes,
                       [](auto &p, auto &q) { return p.size() == q.size(); });
  return true;
}

Value Trees::treeArith(core::Primitive op, llvm::ArrayRef<Value> operands,
                       Range range) {
  auto *node = e.program.make<core::TreeArith>(core::Type::error(), range);
  node->primitive = op;
  for (const Value &operand : operands) {
    node->operands.push_back(e.runTime(operand, range));
    const core::Type &type = node->operands.back()->type;
    if (type.isError())
      return Value::error(range);
    if (type.isTensor() && type.rank() == 0)
      continue;
    if (type.isTensor()) {
      e.report(Rule::tree_c1, range,
               "a tree meets trees and numbers, and this is " + type.str());
      return Value::error(range);
    }
    if (node->type.isError()) {
      node->type = type;
    } else if (!sameTree(node->type, type)) {
      e.report(Rule::tree_c1, range, "these trees have different parts");
      return Value::error(range);
    }
  }
  // Of tensors in a tuple, results of arithmetic are real and unnamed bounds
  // go.
  for (core::Type &part : node->type.parts)
    if (part.isTensor())
      part.elem = {};
  Value value = e.runTimeValue(node);
  for (const Value &operand : operands)
    if (operand.kind == Value::Field || (operand.field && operand.isRunTime()))
      if (!value.field) {
        value.field = operand.field;
        value.callable = operand.callable;
      }
  return value;
}

Value Forms::formTree(llvm::StringRef name, const Args &args, Range range) {
  if (args.empty())
    return e.notSupported(range, "'" + name + "' of nothing");
  if (name == "stop") {
    core::Expr *x = e.runTime(args[0].value, args[0].range);
    if (x->type.isError())
      return Value::error(range);
    auto *node = e.program.make<core::Stop>(x->type, range);
    node->operand = x;
    Value value = e.runTimeValue(node);
    value.field = args[0].value.field;
    value.callable = args[0].value.callable;
    return value;
  }
  if (name == "total") {
    core::Expr *x = e.runTime(args[0].value, args[0].range);
    auto *node = e.program.make<core::Total>(core::Type::real(), range);
    node->operand = x->type.isTensor() ? e.convert(x, core::Elem::Real) : x;
    return x->type.isError() ? Value::error(range) : e.runTimeValue(node);
  }
  auto *node = e.program.make<core::TreeFold>(core::Type::real(), range);
  for (const EvaluatedArg &arg : args) {
    node->operands.push_back(e.runTime(arg.value, arg.range));
    if (node->operands.back()->type.isError())
      return Value::error(range);
  }
  if (node->operands.size() != 2) {
    e.report(Rule::call_c6, range, "'dot' takes two trees or tensors");
    return Value::error(range);
  }
  return e.runTimeValue(node);
}

//===-- Forms whose arguments are names -----------------------------------===//

Value Forms::unevaluatedForm(llvm::StringRef name, const ast::CallExpr *expr) {
  if (name == "size")
    return sizeForm(expr);
  if (name == "grad" && expr->arguments.size() == 2)
    return Trees(e).gradient(expr);
  if (name == "jvp" && expr->arguments.size() == 3)
    return Trees(e).pushforward(expr);
  if (name == "trained")
    return trained(expr);
  if (name == "gradient_error" && expr->arguments.size() == 2)
    return gradientError(expr);
  return e.notSupported(expr->range, "'" + name + "' here");
}

Value Forms::sizeForm(const ast::CallExpr *expr) {
  if (expr->arguments.size() != 1) {
    e.report(Rule::call_c6, expr->range,
             "'size' takes one dimension or tensor");
    return Value::error(expr->range);
  }
  const ast::Expr *arg = expr->arguments[0].value;
  if (llvm::isa<ast::EllipsisExpr>(arg)) {
    Dim product = e.dims.constant(1);
    if (e.frame)
      for (auto &axis : e.frame->pack)
        product = product * axis.dim;
    return Value::number(product, expr->range);
  }
  if (auto *name = llvm::dyn_cast<ast::NameExpr>(arg)) {
    // `t` may be the index: its dimension is the range.
    auto value = e.lookUp(name->name);
    if (value && value->isRunTime())
      if (auto *index = llvm::dyn_cast<core::IndexValue>(value->expr))
        return lengthOf(index->index->extent, expr->range);
  }
  Value value = e.evaluate(arg);
  if (value.isError())
    return value;
  if (Dim dim = e.dimensionOf(value))
    return lengthOf(dim, expr->range);
  if (value.isRunTime() && value.expr->type.isTensor() &&
      value.expr->type.rank())
    return lengthOf(value.expr->type.axes[0].dim, expr->range);
  if (value.kind == Value::List)
    return Value::number(e.dims.constant(value.items->size()), expr->range);
  e.report(Rule::call_c8, arg->range,
           "'size' takes a dimension, a vocabulary or a "
           "tensor, and this is " +
               value.describe());
  return Value::error(expr->range);
}

/// An index around that runs over `size`.
core::IndexVar *Forms::indexOver(Dim size) {
  for (Scope *at = e.scope; at; at = at->outer)
    for (auto &entry : at->names)
      if (const Value &value = entry.second.value; value.isRunTime())
        if (auto *index = llvm::dyn_cast<core::IndexValue>(value.expr))
          if (index->index->extent &&
              index->index->extent.size() == size.size())
            return index->index;
  return nullptr;
}

/// A ragged size is a number for each sample: of the sample of the index
/// around, or one for each.
Value Forms::lengthOf(Dim dim, Range range) {
  const core::Atom *atom = dim.size().atom();
  bool isRagged = atom && atom->kind == core::Atom::Size && atom->raggedOver;
  if (!isRagged || e.inData) // of one record it is a number
    return Value::number(dim, range);
  const core::Atom *samples = atom->raggedOver;
  bool fixed = samples->low && samples->low == samples->high;
  Dim over = fixed ? samples->low : e.dims.atom(samples);
  core::Type type = core::Type::whole(e.dims.constant(0), dim,
                                      {core::Axis{over, samples->symbol}});
  auto *node = e.program.make<core::Length>(type, range);
  node->ragged = dim;
  core::IndexVar *index = indexOver(over);
  if (!index)
    return e.runTimeValue(node);
  auto *ref = e.program.make<core::IndexValue>(
      core::Type::whole(index->low, index->low + index->extent - 1), range);
  ref->index = index;
  auto *one = e.program.make<core::Element>(
      core::Type::whole(e.dims.constant(0), dim), range);
  one->base = node;
  core::Subscript subscript;
  subscript.kind = core::Subscript::Linear;
  subscript.position = index->value;
  subscript.value = ref;
  one->subscripts = {subscript};
  return e.runTimeValue(one);
}

Value Trees::gradient(const ast::CallExpr *expr) {
  core::Expr *of = e.runTime(expr->arguments[0].value);
  Value wrt = e.evaluate(expr->arguments[1].value);
  core::Expr *place = e.runTime(wrt, expr->arguments[1].range);
  if (of->type.isError() || place->type.isError())
    return Value::error(expr->range);
  if (!of->type.isTensor() || !of->type.elem.isReal()) {
    e.report(Rule::grad_c1, expr->arguments[0].range,
             "a gradient is of real numbers, and this is " + of->type.str());
    return Value::error(expr->range);
  }
  if (auto *ref = llvm::dyn_cast<core::LocalRef>(place);
      ref && ref->local->role == core::Local::Value &&
      !e.dependsOn(of, ref->local)) {
    auto &diag = e.report(
        Rule::grad_w1, expr->arguments[1].range,
        "'" + e.text(expr->arguments[0].value) + "' does not depend on this '" +
            e.text(expr->arguments[1].value) + "', so the gradient is 0");
    e.noteOrigins(diag, {expr->arguments[0].value, expr->arguments[1].value});
  }
  auto *node = e.program.make<core::Gradient>(place->type, expr->range);
  node->of = of;
  node->wrt = place;
  Value value = e.runTimeValue(node);
  value.field = wrt.field;
  value.callable = wrt.callable;
  return value;
}

Value Trees::pushforward(const ast::CallExpr *expr) {
  core::Expr *of = e.runTime(expr->arguments[0].value);
  core::Expr *wrt = e.runTime(expr->arguments[1].value);
  core::Expr *tangent = e.runTime(expr->arguments[2].value);
  if (of->type.isError() || wrt->type.isError() || tangent->type.isError())
    return Value::error(expr->range);
  if (!of->type.isTensor() || !of->type.elem.isReal()) {
    e.report(Rule::grad_c1, expr->arguments[0].range,
             "a derivative is of real numbers, and this is " + of->type.str());
    return Value::error(expr->range);
  }
  auto *node = e.program.make<core::Pushforward>(of->type, expr->range);
  node->of = of;
  node->wrt = wrt;
  node->tangent = tangent;
  return e.runTimeValue(node);
}

} // namespace lamina::sema
