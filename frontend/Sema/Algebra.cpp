// SPDX-License-Identifier: Apache-2.0
//
// Products and factors of matrices.

#include "frontend/Sema/Bind.h"
#include "frontend/Sema/Forms.h"

#include "llvm/ADT/StringSwitch.h"

namespace lamina::sema {

using core::Axis;
using core::Elem;
using core::StructuredKind;

static StructuredKind kindOf(llvm::StringRef name) {
  return llvm::StringSwitch<StructuredKind>(name)
      .Case("inverse", StructuredKind::Inverse)
      .Case("determinant", StructuredKind::Determinant)
      .Case("solve", StructuredKind::Solve)
      .Case("cholesky", StructuredKind::Cholesky)
      .Case("qr", StructuredKind::QR)
      .Case("lu", StructuredKind::LU)
      .Default(StructuredKind::SingularValues);
}

/// What a form that works on one matrix gives for a matrix of `type`.
core::Type Forms::typeOfMatrixForm(llvm::StringRef name, core::Type type) {
  unsigned rank = type.rank();
  if (name == "determinant") {
    type.axes.resize(rank - 2);
    return type;
  }
  if (name == "singular_values") {
    Dim smaller = e.dims.min(type.axes[rank - 1].dim, type.axes[rank - 2].dim);
    type.axes.pop_back();
    type.axes.back() = {smaller, ""};
    return type;
  }
  if (name == "qr") {
    core::Type r = type;
    r.axes[rank - 2] = type.axes[rank - 1];
    const Symbol names[] = {"q", "r"};
    return core::Type::tuple({type, r}, names);
  }
  if (name == "lu") {
    const Symbol names[] = {"order", "lower", "upper"};
    return core::Type::tuple({type, type, type}, names);
  }
  return type;
}

Value Forms::formAlgebra(llvm::StringRef name, const Args &args, Range range) {
  core::Expr *x = tensorArg(args, 0, name, range);
  if (!x)
    return Value::error(range);
  x = e.convert(x, Elem::Real);
  core::Type type = x->type;
  unsigned rank = type.rank();
  if (rank < 2 || (name != "qr" && name != "singular_values" &&
                   type.axes[rank - 1].size() != type.axes[rank - 2].size())) {
    e.report(Rule::call_c3, range,
             "'" + name + "' works on matrices, and this is " + type.str());
    return Value::error(range);
  }
  core::Exprs operands = {x};
  if (name == "solve") {
    core::Expr *b = tensorArg(args, 1, name, range);
    if (!b)
      return Value::error(range);
    operands.push_back(e.convert(b, Elem::Real));
    type = operands[1]->type;
  } else {
    type = typeOfMatrixForm(name, type);
  }
  return e.named(
      name, e.runTimeValue(structured(kindOf(name), operands, type, range)),
      range);
}

//===-- @ -----------------------------------------------------------------===//

Value Evaluator::matmul(const Value &left, const Value &right,
                        const ast::BinaryExpr *expr) {
  core::Expr *a = runTime(left, expr->left->range);
  core::Expr *b = runTime(right, expr->right->range);
  if (a->type.isError() || b->type.isError())
    return Value::error(expr->range);
  if (!a->type.isTensor() || !b->type.isTensor() || !a->type.rank() ||
      !b->type.rank()) {
    report(Rule::meet_c3, expr->opRange,
           "'@' joins a dimension of each side, and here are " + a->type.str() +
               " and " + b->type.str());
    return Value::error(expr->range);
  }
  const Axis &last = a->type.axes.back(), &first = b->type.axes.front();
  if (!same(last.dim, first.dim)) {
    auto &diag = report(Rule::meet_c3, expr->opRange,
                        "the last dimension of '" + text(expr->left) + "' is " +
                            last.dim.str() + ", the first of '" +
                            text(expr->right) + "' is " + first.dim.str());
    noteOrigins(diag, {expr->left, expr->right});
    if (last.size() == first.size())
      diag.note("both are " + last.size().str() +
                " here, but nothing says that they are one dimension");
    else if (last.dim != last.size() || first.dim != first.size())
      diag.note("here " + last.size().str() + " and " + first.size().str());
    return Value::error(expr->range);
  }
  core::Type type = core::Type::real(a->type.axes);
  type.axes.pop_back();
  type.axes.append(b->type.axes.begin() + 1, b->type.axes.end());
  auto *node = program.make<core::MatMul>(type, expr->range);
  node->left = convert(a, Elem::Real);
  node->right = convert(b, Elem::Real);
  return runTimeValue(node);
}

} // namespace lamina::sema
