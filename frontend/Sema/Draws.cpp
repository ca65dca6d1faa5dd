// SPDX-License-Identifier: Apache-2.0
//
// Random numbers and their names.
//
// `name: type ~ distribution` is a primitive distribution, or a function with a
// result type, which is called with the type on the left. A draw's name is made
// of the functions it stands in and the declared name, below the instance or
// entry; rounds of loops and copies are added by IRGen.

#include "frontend/Sema/Arguments.h"
#include "frontend/Sema/Bind.h"
#include "frontend/Sema/Primitives.h"

#include "llvm/ADT/StringExtras.h"

namespace lamina::sema {

using core::DrawKind;
using core::Elem;

/// The dotted name; a name that is drawn again in one body gets a number.
Symbol Evaluator::drawName(Symbol name, Range range) {
  std::string path;
  for (Symbol part : drawPath)
    path += part.str() + ".";
  path += name.str();
  unsigned number = ++drawCounts[{context, path}];
  if (number > 1)
    path += "." + std::to_string(number);
  return program.intern(path);
}

/// What a distribution gives: its kind of element, or none if it fits no
/// `given`.
static std::optional<llvm::StringRef> misfit(DrawKind kind, const Elem &elem) {
  switch (kind) {
  case DrawKind::Normal:
  case DrawKind::TruncatedNormal:
    if (!elem.isReal())
      return "real numbers";
    break;
  case DrawKind::Bernoulli:
    if (!elem.isTruth())
      return "truth values; declare 'bool'";
    break;
  case DrawKind::Categorical:
  case DrawKind::Permutation:
    if (!elem.isWhole())
      return "whole numbers; declare 'id(n)'";
    break;
  case DrawKind::Uniform:
    if (elem.isTruth())
      return "numbers";
    break;
  }
  return std::nullopt;
}

static std::pair<unsigned, unsigned> getCounts(DrawKind kind) {
  switch (kind) {
  case DrawKind::Normal:
  case DrawKind::TruncatedNormal:
    return {0, 1};
  case DrawKind::Uniform:
    return {0, 2};
  case DrawKind::Bernoulli:
  case DrawKind::Categorical:
    return {1, 1};
  case DrawKind::Permutation:
    return {0, 0};
  }
  llvm_unreachable("every distribution is listed");
}

/// Bounds of the drawn whole numbers; the declared ones if they are known.
static Elem drawnElem(Evaluator &e, DrawKind kind, const core::Type &type,
                      const core::Exprs &params) {
  Elem elem = type.elem;
  if (!elem.isWhole() || elem.high)
    return elem;
  if (kind == DrawKind::Uniform && params.size() == 2) {
    elem.low = params[0]->type.elem.low;
    elem.high = params[1]->type.elem.high;
  } else if (kind == DrawKind::Categorical) {
    elem.low = e.dims.constant(0);
    elem.high = params[0]->type.axes.back().dim - 1;
  } else if (kind == DrawKind::Permutation && type.rank()) {
    elem.low = e.dims.constant(0);
    elem.high = type.axes.back().dim - 1;
  }
  return elem;
}

/// Puts the parameter's axes beside those of the result; the classes of
/// `categorical` stay out.
static bool alignParam(Evaluator &e, core::Draw &draw, core::Expr *param,
                       Range range) {
  core::Type own = param->type;
  if (draw.draw == DrawKind::Categorical) {
    if (own.rank() == 0) {
      e.report(Rule::draw_c2, range,
               "'categorical' takes logits with a dimension of classes");
      return false;
    }
    own.axes.pop_back();
  }
  core::Alignment of, result;
  core::Alignment *alignments[] = {&result, &of};
  auto axes = e.meet({draw.type, own}, alignments, range, {});
  if (!axes)
    return false;
  if (axes->size() != draw.type.rank()) {
    e.report(Rule::draw_c2, range,
             "this parameter is " + param->type.str() +
                 ", and what is drawn is " + draw.type.str());
    return false;
  }
  draw.params.push_back(param);
  draw.alignments.push_back(of);
  return true;
}

static bool hasCount(Evaluator &e, const PrimitiveInfo &info, size_t count,
                     Range range) {
  auto [least, most] = getCounts(info.draw);
  bool isHalf = info.draw == DrawKind::Uniform && count == 1;
  if (count >= least && count <= most && !isHalf)
    return true;
  e.report(Rule::draw_c2, range,
           "'" + info.name + "' is drawn with " +
               (least == most ? llvm::Twine(least)
                : most == 2   ? llvm::Twine("no or 2")
                              : llvm::Twine("no or 1")) +
               (most == 1 ? " parameter" : " parameters") + ", and this has " +
               llvm::Twine(count));
  return false;
}

/// Probabilities that are known lie from 0 to 1.
static bool hasProbabilities(Evaluator &e, Symbol name, const core::Draw &draw,
                             Range range) {
  auto *known = draw.draw == DrawKind::Bernoulli
                    ? llvm::dyn_cast<core::Constant>(draw.params[0])
                    : nullptr;
  if (!known)
    return true;
  for (double p : known->values)
    if (p < 0 || p > 1) {
      e.report(Rule::draw_c3, range,
               "'" + name + "' is drawn with " + spelled(p) +
                   ", and a probability lies from 0 to 1");
      return false;
    }
  return true;
}

static Value makeDraw(Evaluator &e, Symbol name, const core::Type &type,
                      const Value &distribution, Range range) {
  const PrimitiveInfo &info = *distribution.callable->primitive;
  if (!hasCount(e, info, distribution.callable->parts.size(), range))
    return Value::error(range);
  if (auto gives = misfit(info.draw, type.elem)) {
    e.report(Rule::draw_c2, range,
             "'" + name + "' is " + type.str() + ", and '" + info.name +
                 "' gives " + *gives);
    return Value::error(range);
  }
  auto *draw = e.program.make<core::Draw>(type, range);
  draw->draw = info.draw;
  for (const Value &part : distribution.callable->parts) {
    core::Expr *param = e.runTime(part, range);
    if (param->type.isError() || !alignParam(e, *draw, param, range))
      return Value::error(range);
  }
  if (!hasProbabilities(e, name, *draw, range))
    return Value::error(range);
  draw->type.elem = drawnElem(e, info.draw, type, draw->params);
  if (type.elem.isWhole() && !draw->type.elem.high &&
      info.draw == DrawKind::Uniform && draw->params.empty()) {
    e.report(Rule::draw_c2, range,
             "'" + name + "' is " + type.str() +
                 ", and nothing says from where to where it is drawn")
        .note("write 'uniform(low, high)', or declare 'id(n)'");
    return Value::error(range);
  }
  draw->path = e.drawName(name, range);
  return e.runTimeValue(draw);
}

/// A draw as a function makes it, in the type that is declared for it.
static Value drawByFunction(Evaluator &e, Symbol name, const core::Type &type,
                            const Value &value, Range at, Range range) {
  const ast::FunctionDecl *function = value.callable->function;
  std::vector<BoundArg> bound;
  if (!Arguments(e).match(function->parameters.list, value.callable->given, {},
                          function->name.text, range, bound))
    return Value::error(range);
  llvm::SaveAndRestore<std::vector<Symbol>> path(e.drawPath);
  if (!name.empty())
    e.drawPath.push_back(name);
  Value drawn = e.inlineFunction(value, bound, at, &type);
  if (drawn.isError())
    return drawn;
  core::Expr *expr = e.runTime(drawn, range);
  expr = e.convert(e.shaped(expr, type, range), type.elem.kind);
  if (!core::sameSizes(expr->type, type)) {
    e.report(Rule::draw_c2, at,
             "'" + name + "' is " + type.str(true) + ", and '" +
                 function->name.text + "' gives " + expr->type.str(true));
    return Value::error(range);
  }
  return e.runTimeValue(e.retype(expr, type));
}

Value Evaluator::draw(Symbol name, const core::Type &type,
                      const ast::Expr *distribution, Range range) {
  Value value = evaluate(distribution);
  if (value.isError() || type.isError())
    return Value::error(range);
  bool isFunction = value.kind == Value::Function && value.callable;
  if (isFunction && value.callable->kind == Callable::Primitive &&
      value.callable->primitive->kind == PrimitiveInfo::Distribution)
    return makeDraw(*this, name, type, value, distribution->range);
  if (!isFunction || value.callable->kind != Callable::Function) {
    report(Rule::draw_c2, distribution->range,
           "after '~' stands a distribution or a function with a result type, "
           "and this is " +
               value.describe());
    return Value::error(range);
  }
  const ast::FunctionDecl *function = value.callable->function;
  if (!function->result) {
    report(Rule::draw_c2, distribution->range,
           "'" + function->name.text + "' has no result type, which '" + name +
               "' would be")
        .note(function->name.range, "declared here");
    return Value::error(range);
  }
  return drawByFunction(*this, name, type, value, distribution->range, range);
}

/// `a: T ~ d`: each name has its type.
void Evaluator::defineDraw(const ast::DefineStmt *stmt) {
  for (const ast::Target &target : stmt->targets) {
    Symbol name = target.name.text;
    if (!target.type || target.brackets) {
      report(Rule::draw_c2, target.range,
             "what is drawn has a type: '" + name + ": [n] ~ …'");
      bindName(name, Value::error(target.range), target.name.range);
      continue;
    }
    core::Type type = resolve(target.type, freshDimension);
    Value value = type.isError() ? Value::error(target.range)
                                 : draw(name, type, stmt->value, stmt->range);
    bindName(name, value, target.name.range);
  }
}

} // namespace lamina::sema
