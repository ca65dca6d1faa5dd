// SPDX-License-Identifier: Apache-2.0
//
// How large the images of a data declaration are.
//
// The files are read when the program runs; while compiling their shape is what
// the line declares.

#include "frontend/Sema/DataColumns.h"

namespace lamina::sema {

using core::Type;

/// Axes by the ranges of the indices in `x[r < 28, c < 28]`; at most three.
static llvm::SmallVector<core::Axis, 4> axesOf(Evaluator &e,
                                               const ast::Brackets &brackets) {
  llvm::SmallVector<core::Axis, 4> axes;
  auto add = [&](const ast::Expr *expr) {
    auto *less = llvm::dyn_cast<ast::BinaryExpr>(expr);
    if (!less || less->op != ast::BinaryOp::Less ||
        !llvm::isa<ast::NameExpr>(less->left))
      return;
    Dim limit = e.knownDimension(less->right);
    if (limit && axes.size() < 3)
      axes.push_back({limit, ""});
  };
  for (const ast::Subscript &entry : brackets.entries) {
    if (!entry.value)
      continue;
    if (auto *tuple = llvm::dyn_cast<ast::TupleExpr>(entry.value))
      for (const ast::TupleEntry &part : tuple->entries)
        add(part.value);
    else
      add(entry.value);
  }
  return axes;
}

/// The image as declared: `x: [28, 28, 1] = .image / 255`, or by the ranges of
/// the indices in `x[r < 28, c < 28]: … = .image[r, c, 0]`.
Type DataReader::typeOfImage(Range range) {
  core::Elem pixel{core::Elem::Whole, e.dims.constant(0), e.dims.constant(255)};
  const ast::Target *target = current ? &current->targets[0] : nullptr;
  if (target && target->type && !target->brackets) {
    Type declared = e.resolve(target->type);
    if (!declared.isError() && declared.rank() == 3)
      return Type::tensor(pixel, declared.axes);
  }
  llvm::SmallVector<core::Axis, 4> axes;
  if (target)
    axes = axesOf(e, target->brackets);
  if (axes.size() == 2)
    axes.push_back({e.dims.constant(1), ""});
  if (axes.size() == 3)
    return Type::tensor(pixel, axes);
  e.report(Rule::data_c3, range,
           "nothing says how large an image is; the files are read when the "
           "program runs")
      .note("declare the field: 'x: [28, 28, 1] = .image / 255'");
  isFailed = true;
  return Type::error();
}

} // namespace lamina::sema
