// SPDX-License-Identifier: Apache-2.0
//
// Dimensions and types as written.
//
// Names of dimensions are looked up where the type stands; new ones are bound
// by the caller.

#include "frontend/Sema/Bind.h"

namespace lamina::sema {

using core::Axis;
using core::Elem;

//===-- Dimensions as written ---------------------------------------------===//

Dim Evaluator::dimensionOf(const Value &value) {
  if (value.isWhole()) {
    // Constants of the file are dimensions by value.
    if (value.scalar && !value.scalar->fixedAt)
      value.scalar->fixedAt = value.range;
    return value.dim;
  }
  if (value.kind == Value::Vocabulary)
    return dims.constant(value.vocabulary->words.size());
  if (value.kind == Value::RunTime && value.dim)
    return value.dim;
  if (value.kind == Value::RunTime && value.expr->type.isScalar() &&
      value.expr->type.elem.isWhole()) {
    Dim exact = exactOf(value.expr);
    for (const core::Atom *atom : dims.atoms(exact.size()))
      if (atom->kind == core::Atom::Value || atom->kind == core::Atom::Index)
        return {};
    return exact;
  }
  return {};
}

/// Null if a name in it is new; then nothing was reported.
Dim Evaluator::knownDimension(const ast::Expr *expr) {
  expr = ast::withoutParens(const_cast<ast::Expr *>(expr));
  if (auto *name = llvm::dyn_cast<ast::NameExpr>(expr)) {
    auto value = lookUp(name->name);
    return value ? dimensionOf(*value) : Dim();
  }
  if (auto *binary = llvm::dyn_cast<ast::BinaryExpr>(expr)) {
    Dim a = knownDimension(binary->left), b = knownDimension(binary->right);
    if (!a || !b)
      return {};
    switch (binary->op) {
    case ast::BinaryOp::Add:
      return a + b;
    case ast::BinaryOp::Subtract:
      return a - b;
    case ast::BinaryOp::Multiply:
      return a * b;
    case ast::BinaryOp::Div:
      return b.isConstant(0) ? Dim() : dims.div(a, b);
    case ast::BinaryOp::Mod:
      return b.isConstant(0) ? Dim() : dims.mod(a, b);
    default:
      break;
    }
  }
  if (auto *number = llvm::dyn_cast<ast::NumberExpr>(expr))
    return number->isWhole ? dims.constant(number->whole) : Dim();
  // `t(b)` is t, shorter for some of b.
  if (auto *call = llvm::dyn_cast<ast::CallExpr>(expr)) {
    auto *name = llvm::dyn_cast<ast::NameExpr>(call->callee);
    if (name && name->name != "size" && name->name != "min" &&
        name->name != "max")
      return knownDimension(call->callee);
  }
  return dimensionOf(evaluate(expr));
}

/// The one name of `expr` that nothing binds yet, empty if there is none.
ast::Name Evaluator::newName(const ast::Expr *expr) {
  expr = ast::withoutParens(const_cast<ast::Expr *>(expr));
  if (auto *name = llvm::dyn_cast<ast::NameExpr>(expr)) {
    auto value = lookUp(name->name);
    bool known = value && (dimensionOf(*value) || value->isError());
    return known ? ast::Name{} : ast::Name{name->name, name->range};
  }
  if (auto *binary = llvm::dyn_cast<ast::BinaryExpr>(expr)) {
    ast::Name left = newName(binary->left);
    return left ? left : newName(binary->right);
  }
  if (auto *call = llvm::dyn_cast<ast::CallExpr>(expr))
    if (auto *name = llvm::dyn_cast<ast::NameExpr>(call->callee);
        name && name->name != "size" && !findPrimitiveNamed(name->name))
      return newName(call->callee);
  return {};
}

void Evaluator::bindDimension(Scope &in, ast::Name name, Dim dim) {
  in.bind(name.text, Value::number(dim, name.range), Binding::Dimension,
          name.range);
}

Symbol axisName(const ast::Dimension &dimension) {
  if (dimension.name)
    return dimension.name.text;
  const ast::Expr *size = dimension.size;
  if (auto *call = llvm::dyn_cast<ast::CallExpr>(size))
    size = call->callee;
  if (auto *name = llvm::dyn_cast<ast::NameExpr>(size))
    return name->name;
  return "";
}

Binding *Evaluator::settingOf(Symbol name) {
  for (Scope *at = scope; at && at->kind != Scope::File; at = at->outer)
    if (Binding *binding = at->find(name))
      return binding->kind == Binding::Setting ? binding : nullptr;
  return nullptr;
}

bool Evaluator::isSettingInError(const ast::Expr *expr) {
  auto *word = llvm::dyn_cast<ast::NameExpr>(expr);
  Binding *setting = word ? settingOf(word->name) : nullptr;
  return setting && setting->value.isError();
}

/// A name in a type that has no size: unknown, or a setting of another kind.
void Evaluator::reportNoSize(ast::Name name) {
  Binding *setting = settingOf(name.text);
  if (!setting) {
    report(Rule::weight_c4, name.range,
           "nothing says how large '" + name.text + "' is here");
  } else if (!setting->value.isError()) {
    forceWhole(setting->value, setting->range, "'" + name.text.str() + "'");
    setting->value = Value::error(setting->range);
  }
}

using FreshDim = std::function<Dim(ast::Name)>;

static Elem elemOf(Evaluator &e, const ast::TensorType &type,
                   const FreshDim &fresh) {
  switch (type.element) {
  case ast::ElementKind::Real:
  case ast::ElementKind::Any:
    return {};
  case ast::ElementKind::Int:
    return {Elem::Whole, {}, {}};
  case ast::ElementKind::Bool:
    return {Elem::Truth, {}, {}};
  case ast::ElementKind::Id:
    break;
  }
  Dim bound = e.knownDimension(type.bound);
  if (!bound)
    if (ast::Name name = e.newName(type.bound); name && fresh)
      bound = fresh(name);
  return {Elem::Whole, e.dims.constant(0), bound ? bound - 1 : Dim()};
}

/// A dimension as written, with a new name made by `fresh`; null after a
/// diagnostic.
static Dim dimOf(Evaluator &e, const ast::Dimension &dimension,
                 const FreshDim &fresh) {
  if (Dim known = e.knownDimension(dimension.size))
    return known;
  ast::Name name = e.newName(dimension.size);
  if (name && fresh)
    if (Dim made = fresh(name))
      e.bindDimension(*e.scope, name, made);
  Dim dim = name ? e.knownDimension(dimension.size) : Dim();
  if (dim)
    return dim;
  if (name)
    e.reportNoSize(name);
  else if (!e.isSettingInError(dimension.size))
    e.report(Rule::dim_c1, dimension.range,
             "a dimension is a name, a whole number or arithmetic on them");
  return {};
}

static bool reportNegative(Evaluator &e, const ast::Dimension &dimension,
                           int64_t value) {
  Range at = dimension.range;
  if (auto *word = llvm::dyn_cast<ast::NameExpr>(dimension.size))
    if (Binding *setting = e.settingOf(word->name))
      at = setting->range;
  e.report(Rule::dim_c2, at,
           "a dimension is not negative, and '" + e.text(dimension.size) +
               "' is " + llvm::Twine(value));
  return false;
}

core::Type Evaluator::resolve(const ast::Type *type,
                              std::function<Dim(ast::Name)> fresh) {
  auto *tensor = llvm::dyn_cast<ast::TensorType>(type);
  if (!tensor)
    return core::Type::error();
  Elem elem = elemOf(*this, *tensor, fresh);
  llvm::SmallVector<Axis, 4> axes;
  for (auto &dimension : tensor->dimensions) {
    if (llvm::isa<ast::EllipsisExpr>(dimension.size)) {
      if (frame && frame->hasPack)
        llvm::append_range(axes, frame->pack);
      continue;
    }
    Dim dim = dimOf(*this, dimension, fresh);
    if (!dim)
      return core::Type::error();
    if (auto known = dim.size().constant(); known && *known < 0) {
      reportNegative(*this, dimension, *known);
      return core::Type::error();
    }
    if (dimension.name)
      bindDimension(*scope, dimension.name, dim);
    axes.push_back({dim, axisName(dimension)});
  }
  return core::Type::tensor(elem, axes);
}

} // namespace lamina::sema
