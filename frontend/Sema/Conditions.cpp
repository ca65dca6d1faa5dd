// SPDX-License-Identifier: Apache-2.0
//
// Exact values, bounds, facts.
//
// What the prover hears about run-time values: whole expressions as dims over
// indices and values, bounds of results, and the facts that conditions give.

#include "frontend/Sema/Evaluator.h"
#include "frontend/Sema/Prove.h"

#include <cmath>

namespace lamina::sema {

using core::Elem;
using core::Primitive;

bool Evaluator::provesNotNegative(Dim goal) {
  return goal && Prover(dims, facts).notNegative(goal);
}

//===-- Exact values ------------------------------------------------------===//

/// Two reads of one element are one atom.
static std::string elementKey(Evaluator &e, const core::Expr *expr) {
  while (auto *retype = llvm::dyn_cast<core::Retype>(expr))
    expr = retype->operand;
  if (auto *ref = llvm::dyn_cast<core::LocalRef>(expr))
    return "local" + std::to_string(ref->local->id);
  if (auto *leaf = llvm::dyn_cast<core::Leaf>(expr))
    return "leaf" + leaf->name.str();
  if (auto *element = llvm::dyn_cast<core::Element>(expr)) {
    std::string key = elementKey(e, element->base);
    for (auto &subscript : element->subscripts) {
      Dim at =
          subscript.value ? e.exactOf(subscript.value) : subscript.position;
      if (!at || key.empty())
        return "";
      key += "," + at.str() + "#" + std::to_string(uintptr_t(at.key()));
    }
    return key;
  }
  return "";
}

Dim Evaluator::exactOf(const core::Expr *expr) {
  const core::Type &type = expr->type;
  if (!type.isScalar() || !type.elem.isWhole())
    return {};
  auto [it, isNew] = exactValues.try_emplace(expr);
  if (!isNew)
    return it->second;
  Dim exact = computeExact(expr);
  if (!exact) {
    std::string key = elementKey(*this, expr);
    Dim *known = key.empty() ? nullptr : &exactByKey[key];
    if (known && *known) {
      exact = *known;
    } else {
      exact = dims.value(symbolOf(expr).empty() ? "it" : symbolOf(expr), expr,
                         type.elem.low, type.elem.high, expr->range);
      if (known)
        *known = exact;
    }
  }
  exactValues[expr] = exact;
  return exact;
}

static Dim exactOfElementwise(Evaluator &e, const core::Elementwise &node) {
  core::DimContext &dims = e.dims;
  llvm::SmallVector<Dim, 3> parts;
  for (core::Expr *operand : node.operands) {
    parts.push_back(e.exactOf(operand));
    if (!parts.back())
      return {};
  }
  switch (node.primitive) {
  case Primitive::Add:
    return parts[0] + parts[1];
  case Primitive::Sub:
    return parts[0] - parts[1];
  case Primitive::Mul:
    return parts[0] * parts[1];
  case Primitive::Neg:
    return dims.scale(parts[0], -1);
  case Primitive::Min:
    return dims.min(parts[0], parts[1]);
  case Primitive::Max:
    return dims.max(parts[0], parts[1]);
  case Primitive::Clamp:
    return dims.max(parts[1], dims.min(parts[0], parts[2]));
  case Primitive::Abs:
    return dims.max(parts[0], dims.scale(parts[0], -1));
  case Primitive::FloorDiv:
    return e.provesNotNegative(parts[1] - 1) ? dims.div(parts[0], parts[1])
                                             : Dim();
  case Primitive::Mod:
    return e.provesNotNegative(parts[1] - 1) ? dims.mod(parts[0], parts[1])
                                             : Dim();
  default:
    return {};
  }
}

Dim Evaluator::computeExact(const core::Expr *expr) {
  if (auto *c = llvm::dyn_cast<core::Constant>(expr))
    return dims.constant(int64_t(c->values[0]));
  if (auto *index = llvm::dyn_cast<core::IndexValue>(expr))
    return index->index->value;
  if (auto *size = llvm::dyn_cast<core::SizeOf>(expr))
    return size->dim;
  if (auto *retype = llvm::dyn_cast<core::Retype>(expr))
    return exactOf(retype->operand);
  if (auto *ref = llvm::dyn_cast<core::LocalRef>(expr)) {
    auto it = localValues.find(ref->local);
    return it == localValues.end() ? Dim() : exactOf(it->second);
  }
  if (auto *choice = llvm::dyn_cast<core::Choice>(expr)) {
    if (!choice->condition->type.isScalar())
      return {};
    return dims.choice(choice->condition, exactOf(choice->yes),
                       exactOf(choice->no));
  }
  auto *node = llvm::dyn_cast<core::Elementwise>(expr);
  return node ? exactOfElementwise(*this, *node) : Dim();
}

static Dim both(Dim x, Dim y, llvm::function_ref<Dim(Dim, Dim)> combine) {
  return x && y ? combine(x, y) : Dim();
}
/// As `both`, but one alone bounds as well.
static Dim either(Dim x, Dim y, llvm::function_ref<Dim(Dim, Dim)> combine) {
  return x && y ? combine(x, y) : x ? x : y;
}

/// Bounds of what multiplies, for operands whose signs are known.
static void boundProduct(Evaluator &e, Primitive op, const Elem &a,
                         const Elem &b, Elem &out) {
  core::DimContext &dims = e.dims;
  auto atLeast = [&](Dim x, int64_t n) {
    return x && e.provesNotNegative(x - n);
  };
  switch (op) {
  case Primitive::Mul:
    if (atLeast(a.low, 0) && atLeast(b.low, 0)) {
      out.low = a.low * b.low;
      out.high = both(a.high, b.high, std::multiplies<>());
    }
    break;
  case Primitive::FloorDiv:
    if (atLeast(a.low, 0) && atLeast(b.low, 1)) {
      out.low = dims.constant(0);
      // A quotient is largest for the smallest divisor.
      out.high = a.high ? dims.div(a.high, b.low) : Dim();
    }
    break;
  case Primitive::Mod:
    if (atLeast(b.low, 1)) {
      out.low = dims.constant(0);
      out.high = b.high ? b.high - 1 : Dim();
    }
    break;
  case Primitive::Pow:
    if (atLeast(a.low, 1) && atLeast(b.low, 0)) {
      out.low = dims.constant(1);
      auto base = a.high ? a.high.size().constant() : std::nullopt;
      auto exponent = b.high ? b.high.size().constant() : std::nullopt;
      if (base && exponent && *exponent < 63 &&
          double(*exponent) * std::log2(double(*base)) < 62)
        out.high = dims.power(dims.constant(*base), *exponent);
    }
    break;
  default:
    break;
  }
}

//===-- Bounds of results -------------------------------------------------===//

Elem Evaluator::arithmeticElem(Primitive op, llvm::ArrayRef<Elem> elems) {
  Elem out{Elem::Whole, {}, {}};
  const Elem &a = elems[0], &b = elems.back();
  auto smaller = [&](Dim x, Dim y) { return dims.min(x, y); };
  auto larger = [&](Dim x, Dim y) { return dims.max(x, y); };
  switch (op) {
  case Primitive::Add:
    out.low = both(a.low, b.low, std::plus<>());
    out.high = both(a.high, b.high, std::plus<>());
    break;
  case Primitive::Sub:
    out.low = both(a.low, b.high, std::minus<>());
    out.high = both(a.high, b.low, std::minus<>());
    break;
  case Primitive::Neg:
    out.low = a.high ? dims.scale(a.high, -1) : Dim();
    out.high = a.low ? dims.scale(a.low, -1) : Dim();
    break;
  case Primitive::Min:
    out.low = both(a.low, b.low, smaller);
    out.high = either(a.high, b.high, smaller);
    break;
  case Primitive::Max:
    out.high = both(a.high, b.high, larger);
    out.low = either(a.low, b.low, larger);
    break;
  case Primitive::Clamp:
    out.low = elems[1].low;
    out.high = elems[2].high;
    break;
  case Primitive::Abs:
    out.low = dims.constant(0);
    out.high = both(a.high, a.low ? dims.scale(a.low, -1) : Dim(), larger);
    break;
  default:
    boundProduct(*this, op, a, b, out);
  }
  return out;
}

/// Adds what a comparison of whole numbers says.
static void assumeComparison(Evaluator &e, const core::Elementwise &node,
                             bool holds) {
  Primitive op = node.primitive;
  if (op < Primitive::Eq || op > Primitive::Ge)
    return;
  Dim a = e.exactOf(node.operands[0]), b = e.exactOf(node.operands[1]);
  if (!a || !b)
    return;
  auto notNegative = [&](Dim d) { e.facts.push_back(d); };
  switch (op) {
  case Primitive::Eq:
  case Primitive::Ne:
    if (holds == (op == Primitive::Eq)) {
      notNegative(a - b);
      notNegative(b - a);
    }
    return;
  case Primitive::Lt:
    return notNegative(holds ? b - a - 1 : a - b);
  case Primitive::Le:
    return notNegative(holds ? b - a : a - b - 1);
  case Primitive::Gt:
    return notNegative(holds ? a - b - 1 : b - a);
  default:
    return notNegative(holds ? a - b : b - a - 1);
  }
}

//===-- Facts -------------------------------------------------------------===//

void Evaluator::assumeValue(const core::Expr *condition, bool holds) {
  if (!condition || !condition->type.isScalar())
    return;
  if (auto *retype = llvm::dyn_cast<core::Retype>(condition))
    return assumeValue(retype->operand, holds);
  if (auto *ref = llvm::dyn_cast<core::LocalRef>(condition)) {
    auto it = localValues.find(ref->local);
    if (it != localValues.end())
      assumeValue(it->second, holds);
    return;
  }
  if (auto *mask = llvm::dyn_cast<core::MaskAt>(condition))
    return assumeValue(mask->value, holds);
  auto *node = llvm::dyn_cast<core::Elementwise>(condition);
  if (!node)
    return;
  Primitive op = node->primitive;
  if (op == Primitive::Not)
    return assumeValue(node->operands[0], !holds);
  if ((op == Primitive::And && holds) || (op == Primitive::Or && !holds)) {
    for (core::Expr *operand : node->operands)
      assumeValue(operand, holds);
    return;
  }
  assumeComparison(*this, *node, holds);
}

core::Elem Evaluator::filteredElem(core::DataPlan &plan,
                                   const core::DataField &field) {
  Elem elem = field.type.elem;
  if (!elem.isWhole() || field.type.rank())
    return elem;
  llvm::SaveAndRestore<std::vector<Dim>> inner(facts, {});
  for (core::DataPlan *at = &plan; at; at = at->of)
    if (at->keep)
      assumeValue(at->keep, true);
  for (core::Expr *condition : plan.declared().recordConditions)
    assumeValue(condition, true);
  auto *ref = program.make<core::LocalRef>(field.local->type, field.range);
  ref->local = field.local;
  const core::Atom *atom = exactOf(ref).atom();
  for (Dim fact : facts) {
    // `c - label >= 0` or `label - c >= 0`.
    auto linear = atom ? dims.linearIn(fact, atom) : std::nullopt;
    if (!linear)
      continue;
    if (linear->first.isConstant(-1))
      elem.high =
          elem.high ? dims.min(elem.high, linear->second) : linear->second;
    else if (linear->first.isConstant(1))
      elem.low = elem.low ? dims.max(elem.low, dims.scale(linear->second, -1))
                          : dims.scale(linear->second, -1);
  }
  return elem;
}

Evaluator::Equality::Equality(Evaluator &e, const ast::Expr *condition,
                              bool holds)
    : e(e), count(e.equalities.size()) {
  condition = ast::withoutParens(const_cast<ast::Expr *>(condition));
  auto *binary = llvm::dyn_cast<ast::BinaryExpr>(condition);
  if (!binary || (binary->op != ast::BinaryOp::Equal &&
                  binary->op != ast::BinaryOp::NotEqual))
    return;
  if (holds != (binary->op == ast::BinaryOp::Equal))
    return;
  Value left = e.evaluate(binary->left), right = e.evaluate(binary->right);
  if (left.isWhole() && right.isWhole())
    e.equalities.push_back({left.dim.comparable(), right.dim.comparable()});
}

Value Evaluator::Equality::applied(Value value) {
  if (e.equalities.size() == count || value.kind != Value::RunTime ||
      !value.expr->type.isTensor())
    return value;
  auto &[left, right] = e.equalities.back();
  core::Type type = value.expr->type;
  for (core::Axis &axis : type.axes)
    if (axis.dim.comparable() == right)
      axis.dim = left;
  value.expr = e.retype(value.expr, type);
  return value;
}

Evaluator::Equality::~Equality() { e.equalities.resize(count); }

} // namespace lamina::sema
