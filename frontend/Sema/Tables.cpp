// SPDX-License-Identifier: Apache-2.0
//
// Computing constants in float64.
//
// A direct interpreter of the part of Core that constants use: elements one by
// one, indices as numbers.

#include "frontend/Sema/Tables.h"

#include "frontend/Sema/Primitives.h"

#include <cmath>

namespace lamina::sema {

namespace {

constexpr int64_t maxElements = 1 << 20;

class Interpreter {
public:
  /// Elements of `expr` in row-major order; none if it holds what has no value
  /// when compiling.
  std::optional<std::vector<double>> evaluate(const core::Expr *expr);

private:
  using Numbers = std::optional<std::vector<double>>;
  Numbers tabulate(const core::Tabulate &node);
  Numbers fold(const core::Fold &node);
  Numbers constant(const core::Constant &node);
  Numbers stack(const core::Stack &node);
  Numbers convert(const core::Convert &node);
  std::optional<bool> holds(const core::Expr *condition);
  Numbers element(const core::Element &node);
  Numbers elementwise(const core::Elementwise &node);
  Numbers choice(const core::Choice &node);
  Numbers broadcast(const core::Expr *operand, const core::Alignment &alignment,
                    const core::Type &to);
  std::optional<double> scalar(const core::Expr *expr);
  std::optional<int64_t> position(const core::Subscript &subscript);
  bool run(llvm::ArrayRef<core::Stmt *> statements);
  static std::optional<std::vector<int64_t>> shape(const core::Type &type);

  llvm::DenseMap<const core::IndexVar *, int64_t> indices;
  llvm::DenseMap<const core::Local *, std::vector<double>> locals;
  int64_t budget = 64 * maxElements;
};

} // namespace

std::optional<std::vector<int64_t>> Interpreter::shape(const core::Type &type) {
  std::vector<int64_t> sizes;
  for (auto &axis : type.axes) {
    auto size = axis.size().constant();
    if (!size)
      return std::nullopt;
    sizes.push_back(*size);
  }
  return sizes;
}

std::optional<double> Interpreter::scalar(const core::Expr *expr) {
  auto numbers = evaluate(expr);
  if (!numbers || numbers->size() != 1)
    return std::nullopt;
  return numbers->front();
}

bool Interpreter::run(llvm::ArrayRef<core::Stmt *> statements) {
  for (core::Stmt *stmt : statements) {
    auto *let = llvm::dyn_cast<core::Let>(stmt);
    auto value = let ? evaluate(let->value) : std::nullopt;
    if (!value)
      return false;
    locals[let->local] = *value;
  }
  return true;
}

Interpreter::Numbers Interpreter::broadcast(const core::Expr *operand,
                                            const core::Alignment &alignment,
                                            const core::Type &to) {
  auto from = evaluate(operand);
  auto target = shape(to), own = shape(operand->type);
  if (!from || !target || !own)
    return std::nullopt;
  int64_t count = 1;
  for (int64_t size : *target)
    count *= size;
  std::vector<double> result(count);
  for (int64_t i = 0; i < count; ++i) {
    std::vector<int64_t> at(target->size());
    int64_t rest = i;
    for (size_t axis = target->size(); axis-- > 0;) {
      at[axis] = rest % (*target)[axis];
      rest /= (*target)[axis];
    }
    int64_t place = 0;
    for (auto [k, axis] : llvm::enumerate(alignment))
      place = place * (*own)[k] + at[axis];
    result[i] = (*from)[place];
  }
  return result;
}

Interpreter::Numbers Interpreter::elementwise(const core::Elementwise &node) {
  std::vector<std::vector<double>> operands;
  for (auto [i, operand] : llvm::enumerate(node.operands)) {
    auto numbers = broadcast(operand, node.alignments[i], node.type);
    if (!numbers)
      return std::nullopt;
    operands.push_back(*numbers);
  }
  std::vector<double> result(operands[0].size());
  for (size_t i = 0; i < result.size(); ++i) {
    llvm::SmallVector<double, 3> x;
    for (auto &operand : operands)
      x.push_back(operand[i]);
    result[i] = valueOf(node.primitive, x);
  }
  return result;
}

Interpreter::Numbers Interpreter::choice(const core::Choice &node) {
  if (node.type.rank() == 0 && node.condition->type.isScalar()) {
    auto condition = scalar(node.condition);
    return condition ? evaluate(*condition != 0 ? node.yes : node.no)
                     : std::nullopt;
  }
  auto c = broadcast(node.condition, node.conditionAlignment, node.type);
  auto a = broadcast(node.yes, node.yesAlignment, node.type);
  auto b = broadcast(node.no, node.noAlignment, node.type);
  if (!c || !a || !b)
    return std::nullopt;
  for (size_t i = 0; i < c->size(); ++i)
    (*c)[i] = (*c)[i] != 0 ? (*a)[i] : (*b)[i];
  return c;
}

Interpreter::Numbers Interpreter::tabulate(const core::Tabulate &node) {
  std::vector<core::IndexVar *> all;
  std::vector<int64_t> sizes;
  int64_t count = 1;
  for (auto &group : node.groups)
    for (core::IndexVar *var : group) {
      auto size = var->extent.size().constant();
      if (!size)
        return std::nullopt;
      all.push_back(var);
      sizes.push_back(*size);
      count *= *size;
    }
  if (count > maxElements || (budget -= count) < 0)
    return std::nullopt;
  std::vector<double> result;
  for (int64_t i = 0; i < count; ++i) {
    int64_t rest = i;
    for (size_t k = all.size(); k-- > 0;) {
      indices[all[k]] = rest % sizes[k];
      rest /= sizes[k];
    }
    auto part = evaluate(node.body);
    if (!part)
      return std::nullopt;
    llvm::append_range(result, *part);
  }
  return result;
}

/// What a reduction over nothing gives.
static double neutral(core::FoldKind kind) {
  using core::FoldKind;
  return kind == FoldKind::Product ? 1
         : kind == FoldKind::Max   ? -INFINITY
         : kind == FoldKind::Min   ? INFINITY
         : kind == FoldKind::All   ? 1
                                   : 0;
}

/// Adds one element to `total`; false for a reduction that has no number.
static bool accumulate(core::FoldKind kind, double x, double &total) {
  using core::FoldKind;
  switch (kind) {
  case FoldKind::Sum:
  case FoldKind::Mean:
  case FoldKind::Count:
    total += x;
    return true;
  case FoldKind::Product:
    total *= x;
    return true;
  case FoldKind::Max:
    total = std::max(total, x);
    return true;
  case FoldKind::Min:
    total = std::min(total, x);
    return true;
  case FoldKind::Any:
    total = total != 0 || x != 0;
    return true;
  case FoldKind::All:
    total = total != 0 && x != 0;
    return true;
  default:
    return false;
  }
}

/// Whether an element is counted; always, if there is no condition.
std::optional<bool> Interpreter::holds(const core::Expr *condition) {
  if (!condition)
    return true;
  auto number = scalar(condition);
  return number ? std::optional(*number != 0) : std::nullopt;
}

Interpreter::Numbers Interpreter::fold(const core::Fold &node) {
  std::vector<int64_t> sizes;
  int64_t count = 1, used = 0;
  for (core::IndexVar *var : node.indices) {
    auto size = var->extent.size().constant();
    if (!size)
      return std::nullopt;
    sizes.push_back(*size);
    count *= *size;
  }
  if (node.type.rank() || (budget -= count) < 0)
    return std::nullopt;
  double total = neutral(node.fold);
  for (int64_t i = 0; i < count; ++i) {
    int64_t rest = i;
    for (size_t k = sizes.size(); k-- > 0;) {
      indices[node.indices[k]] = rest % sizes[k];
      rest /= sizes[k];
    }
    auto isCounted = holds(node.where);
    if (!isCounted)
      return std::nullopt;
    if (!*isCounted)
      continue;
    auto x = node.body ? scalar(node.body) : std::optional<double>(1);
    if (!x || !accumulate(node.fold, *x, total))
      return std::nullopt;
    ++used;
  }
  if (node.fold == core::FoldKind::Mean)
    total = used ? total / double(used) : 0;
  return std::vector<double>{total};
}

std::optional<int64_t> Interpreter::position(const core::Subscript &subscript) {
  if (subscript.kind == core::Subscript::Parts) {
    int64_t at = 0;
    for (auto &part : subscript.parts) {
      auto extent = part.extent.size().constant();
      auto place = position(part);
      if (!extent || !place)
        return std::nullopt;
      at = at * *extent + *place;
    }
    return at;
  }
  if (!subscript.value)
    return std::nullopt;
  auto value = scalar(subscript.value);
  return value ? std::optional(int64_t(*value)) : std::nullopt;
}

Interpreter::Numbers Interpreter::element(const core::Element &node) {
  auto base = evaluate(node.base);
  auto sizes = shape(node.base->type);
  if (!base || !sizes || node.type.rank())
    return std::nullopt;
  int64_t place = 0;
  for (auto [i, subscript] : llvm::enumerate(node.subscripts)) {
    auto at = position(subscript);
    if (!at)
      return std::nullopt;
    if (*at < 0 || *at >= (*sizes)[i])
      return node.otherwise ? evaluate(node.otherwise) : std::vector<double>{0};
    place = place * (*sizes)[i] + *at;
  }
  return std::vector<double>{(*base)[place]};
}

Interpreter::Numbers Interpreter::constant(const core::Constant &node) {
  if (node.values.size() != 1 || !node.type.rank())
    return node.values;
  auto sizes = shape(node.type);
  int64_t count = 1;
  for (int64_t size : sizes ? *sizes : std::vector<int64_t>{})
    count *= size;
  return sizes ? Numbers(std::vector<double>(count, node.values[0]))
               : std::nullopt;
}

Interpreter::Numbers Interpreter::convert(const core::Convert &node) {
  auto numbers = evaluate(node.operand);
  if (numbers && node.type.elem.isWhole())
    for (double &number : *numbers)
      number = std::trunc(number);
  return numbers;
}

Interpreter::Numbers Interpreter::stack(const core::Stack &node) {
  std::vector<double> all;
  for (core::Expr *operand : node.operands) {
    auto part = evaluate(operand);
    if (!part)
      return std::nullopt;
    llvm::append_range(all, *part);
  }
  return all;
}

std::optional<std::vector<double>>
Interpreter::evaluate(const core::Expr *expr) {
  if (auto *x = llvm::dyn_cast<core::Constant>(expr))
    return constant(*x);
  if (auto *x = llvm::dyn_cast<core::IndexValue>(expr))
    return indices.count(x->index)
               ? Numbers(std::vector<double>{double(indices[x->index])})
               : std::nullopt;
  if (auto *x = llvm::dyn_cast<core::SizeOf>(expr)) {
    auto size = x->dim.size().constant();
    return size ? Numbers(std::vector<double>{double(*size)}) : std::nullopt;
  }
  if (auto *x = llvm::dyn_cast<core::LocalRef>(expr))
    return locals.count(x->local) ? Numbers(locals[x->local]) : std::nullopt;
  if (auto *x = llvm::dyn_cast<core::Retype>(expr))
    return evaluate(x->operand);
  if (auto *x = llvm::dyn_cast<core::Convert>(expr))
    return convert(*x);
  if (auto *x = llvm::dyn_cast<core::Broadcast>(expr))
    return broadcast(x->operand, x->alignment, x->type);
  if (auto *x = llvm::dyn_cast<core::Elementwise>(expr))
    return elementwise(*x);
  if (auto *x = llvm::dyn_cast<core::Choice>(expr))
    return choice(*x);
  if (auto *x = llvm::dyn_cast<core::Tabulate>(expr))
    return tabulate(*x);
  if (auto *x = llvm::dyn_cast<core::Fold>(expr))
    return fold(*x);
  if (auto *x = llvm::dyn_cast<core::Element>(expr))
    return element(*x);
  if (auto *x = llvm::dyn_cast<core::Stack>(expr))
    return stack(*x);
  if (auto *x = llvm::dyn_cast<core::Block>(expr))
    return run(x->statements) ? evaluate(x->result) : std::nullopt;
  return std::nullopt;
}

Value constantTable(Evaluator &e, Value value, Statements body, Range range) {
  if (value.kind != Value::RunTime)
    return value;
  core::Expr *whole = e.block(std::move(body), value.expr, range);
  auto numbers = Interpreter().evaluate(whole);
  if (!numbers) {
    e.report(Rule::const_c1, range,
             "this constant is not known when compiling");
    return Value::error(range);
  }
  auto *node = e.program.make<core::Constant>(value.expr->type, range);
  // Names of the definition mean nothing outside of it.
  for (auto &axis : node->type.axes)
    axis.dim = axis.dim.size();
  core::Elem &elem = node->type.elem;
  if (elem.isWhole() && !numbers->empty()) {
    elem.low = e.dims.constant(
        int64_t(*std::min_element(numbers->begin(), numbers->end())));
    elem.high = e.dims.constant(
        int64_t(*std::max_element(numbers->begin(), numbers->end())));
  }
  node->values = std::move(*numbers);
  Value result = e.runTimeValue(node);
  result.owner = nullptr; // usable everywhere
  return result;
}

} // namespace lamina::sema
