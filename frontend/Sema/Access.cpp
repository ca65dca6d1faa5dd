// SPDX-License-Identifier: Apache-2.0
//
// Reading elements and slices.
//
// Every access is proved in range, from ranges of indices, bounds of values and
// the conditions around it; if it cannot be, the message asks for `else`.

#include "frontend/Sema/Indexing.h"
#include "frontend/Sema/Masks.h"
#include "frontend/Sema/Prove.h"
#include "frontend/Sema/Runs.h"

namespace lamina::sema {

using core::Axis;
using core::Proof;

namespace {

/// Builds one Element.
class Access {
public:
  Access(Evaluator &e, core::Expr *base, const ast::Brackets &brackets,
         Range range, const ast::Expr *source)
      : e(e), dims(e.dims), base(base), brackets(brackets), range(range),
        source(source) {}

  Value build();

private:
  bool entry(const ast::Subscript &entry);
  bool packEntry(const ast::Subscript &entry);
  bool slice(const ast::Subscript &entry, const Axis &axis);
  bool position(const ast::Expr *expr, const Axis &axis);
  bool parts(const ast::TupleExpr &parts, const Axis &axis);
  std::optional<core::Subscript> at(const ast::Expr *expr, Dim size,
                                    Range range);
  Dim bound(const ast::Expr *expr, Dim size);
  Dim lengthOf(const Axis &axis);
  bool inRange(Dim exact, Dim size, Range at, llvm::StringRef what);
  void reportOutside(Dim exact, Dim size, bool atTop, Dim end, Range at);
  void noteElse(Diagnostic &diag);
  /// The value after `else`; false after a diagnostic.
  bool readOtherwise(core::Element &node);
  Value overTensors(core::Element *node);
  bool isReadByMask(Range at);
  bool holds(Dim goal);
  void add(core::Subscript subscript, std::optional<Axis> kept = std::nullopt);
  /// An index tensor in a subscript: its axes become axes of the result.
  core::Expr *overTensor(core::Expr *value);

  Evaluator &e;
  core::DimContext &dims;
  core::Expr *base;
  const ast::Brackets &brackets;
  Range range;
  const ast::Expr *source;
  std::vector<core::Subscript> subscripts;
  std::vector<core::IndexVar *> tensorIndices;
  llvm::SmallVector<Axis, 4> axes, tensorAxes;
  unsigned next = 0;
  bool underConditions = false, needsElse = false;
};

} // namespace

void Access::add(core::Subscript subscript, std::optional<Axis> kept) {
  subscripts.push_back(std::move(subscript));
  if (kept)
    axes.push_back(*kept);
  ++next;
}

/// Proved without the conditions around it, or with them.
bool Access::holds(Dim goal) {
  if (Prover(dims, {}).notNegative(goal))
    return true;
  if (!e.provesNotNegative(goal))
    return false;
  underConditions = true;
  return true;
}

void Access::noteElse(Diagnostic &diag) {
  std::string written = e.text(source);
  if (!written.empty() && written.back() == ']')
    diag.note("write '" + written.substr(0, written.size() - 1) +
              " else 0]' to read 0 there");
}

/// `exact` reaches `end`, which lies above the last element or below the first.
void Access::reportOutside(Dim exact, Dim size, bool atTop, Dim end, Range at) {
  std::string access = source ? "'" + e.text(source) + "'" : "this access";
  std::string name =
      "'" + e.text(llvm::cast<ast::IndexExpr>(source)->base) + "'";
  bool ofMask = isReadByMask(at);
  auto &diag = e.report(
      ofMask ? Rule::mask_c3 : Rule::range_c1, at,
      (ofMask ? "in the mask '" + e.frame->name + "', " : std::string()) +
          access + " may be read at " + end.str() + ", and " + name +
          (atTop ? " ends at " + (size.size() - 1).str() : " begins at 0"));
  for (const core::Atom *atom : dims.atoms(exact.size()))
    if (atom->kind == core::Atom::Index && atom->low && atom->high)
      diag.note(atom->range, "'" + atom->symbol + "' runs from " +
                                 atom->low.size().str() + " to " +
                                 atom->high.size().str() + " here");
  if (ofMask)
    diag.note("what a mask reads at its positions is as long as the attention");
  else
    noteElse(diag);
}

bool Access::inRange(Dim exact, Dim size, Range at, llvm::StringRef what) {
  if (exact && holds(exact) && holds(size - 1 - exact))
    return true;
  if (brackets.otherwise) {
    needsElse = true;
    return true;
  }
  bool atTop = exact && !e.provesNotNegative(size - 1 - exact);
  Dim end = exact ? extreme(dims, exact, atTop) : Dim();
  if (end)
    reportOutside(exact, size, atTop, end, at);
  else
    noteElse(e.report(Rule::range_c2, at,
                      "nothing says that '" + what + "' is " +
                          (atTop ? "below " + size.size().str()
                                 : std::string("not negative"))));
  return false;
}

/// Data of a mask at one of its positions as it stands, `doc[b, q]`: it has to
/// be as long as the attention.
bool Access::isReadByMask(Range at) {
  return e.frame && e.frame->isMask &&
         llvm::any_of(brackets.entries, [&](const ast::Subscript &entry) {
           return entry.range.begin == at.begin &&
                  llvm::isa_and_nonnull<ast::NameExpr>(entry.value);
         });
}

/// A bound of a slice; one with a minus sign counts from the end.
Dim Access::bound(const ast::Expr *expr, Dim size) {
  bool fromEnd = false;
  if (auto *unary = llvm::dyn_cast<ast::UnaryExpr>(expr);
      unary && unary->op == ast::UnaryOp::Negate) {
    fromEnd = true;
    expr = unary->operand;
  }
  Value value = e.evaluate(expr);
  if (value.isError())
    return {};
  Dim dim = e.dimensionOf(value);
  if (!dim && value.isRunTime())
    dim = e.exactOf(e.runTime(value, expr->range));
  if (!dim) {
    e.report(Rule::range_c3, expr->range,
             "the bound of a slice is a size, a number or the index of a loop, "
             "and this is " +
                 value.describe());
    return {};
  }
  return fromEnd ? size - dim : dim;
}

/// A ragged dimension ends where the sample that is read ends: its length, if
/// it is known, else that of the shortest one that is.
Dim Access::lengthOf(const Axis &axis) {
  const core::Atom *size = axis.size().atom();
  auto known = size ? e.knownLengths.find(size) : e.knownLengths.end();
  if (known == e.knownLengths.end() || known->second.empty())
    return axis.dim;
  const std::vector<int64_t> &lengths = known->second;
  const core::Subscript *first = subscripts.empty() ? nullptr : &subscripts[0];
  auto sample =
      first && first->position ? first->position.constant() : std::nullopt;
  if (sample && *sample >= 0 && *sample < int64_t(lengths.size()))
    return dims.constant(lengths[*sample]);
  return dims.constant(*std::min_element(lengths.begin(), lengths.end()));
}

bool Access::slice(const ast::Subscript &entry, const Axis &axis) {
  core::Subscript subscript;
  subscript.range = entry.range;
  if (!entry.low && !entry.high) {
    add(subscript, axis);
    return true;
  }
  Dim low = entry.low ? bound(entry.low, axis.dim) : dims.constant(0);
  Dim high = entry.high ? bound(entry.high, axis.dim) : axis.dim;
  if (!low || !high)
    return false;
  if (!holds(low) || !holds(lengthOf(axis) - high) || !holds(high - low)) {
    e.report(Rule::range_c1, entry.range,
             "this slice goes from " + low.size().str() + " to " +
                 high.size().str() + ", and '" +
                 e.text(llvm::cast<ast::IndexExpr>(source)->base) + "' has " +
                 axis.size().str() + " here");
    return false;
  }
  subscript.kind = core::Subscript::Slice;
  subscript.low = low;
  subscript.length = high - low;
  add(subscript, Axis{subscript.length, axis.name});
  return true;
}

static bool isLinear(core::DimContext &dims, Dim position) {
  for (auto &m : position.monomials()) {
    unsigned indices = 0;
    for (auto &p : m.powers) {
      if (p.atom->kind == core::Atom::Index)
        indices += p.exponent;
      else if (p.atom->kind == core::Atom::Value ||
               p.atom->kind >= core::Atom::Div)
        return false;
    }
    if (indices > 1)
      return false;
  }
  return true;
}

core::Expr *Access::overTensor(core::Expr *value) {
  core::Exprs indices;
  auto *element = e.program.make<core::Element>(
      core::Type::tensor(value->type.elem), value->range);
  element->base = value;
  for (const Axis &axis : value->type.axes) {
    core::IndexVar *var =
        e.program.makeIndex(core::IndexVar::Definition,
                            axis.name.empty() ? Symbol("at") : axis.name,
                            dims.constant(0), axis.dim, value->range);
    auto *ref = e.program.make<core::IndexValue>(
        core::Type::whole(dims.constant(0), axis.dim - 1), value->range);
    ref->index = var;
    core::Subscript subscript;
    subscript.kind = core::Subscript::Linear;
    subscript.position = var->value;
    subscript.value = ref;
    element->subscripts.push_back(subscript);
    tensorIndices.push_back(var);
    tensorAxes.push_back(axis);
  }
  return element;
}

std::optional<core::Subscript> Access::at(const ast::Expr *expr, Dim size,
                                          Range range) {
  Value value = e.evaluate(expr);
  if (value.isError())
    return std::nullopt;
  core::Expr *index = e.runTime(value, expr->range);
  if (index->type.isError())
    return std::nullopt;
  if (!index->type.isTensor() || !index->type.elem.isWhole()) {
    e.report(Rule::range_c2, expr->range,
             "an index is a whole number, and this is " + index->type.str());
    return std::nullopt;
  }
  if (index->type.rank())
    index = overTensor(e.named("", e.runTimeValue(index), expr->range).expr);
  Dim exact = e.exactOf(index);
  if (size && !inRange(exact, size, expr->range, e.text(expr)))
    return std::nullopt;
  core::Subscript subscript;
  subscript.range = expr->range;
  subscript.value = index;
  subscript.kind = core::Subscript::ByValue;
  if (exact && isLinear(dims, exact.size())) {
    subscript.kind = core::Subscript::Linear;
    subscript.position = exact.size();
  }
  return subscript;
}

bool Access::position(const ast::Expr *expr, const Axis &axis) {
  auto subscript = at(expr, axis.dim, expr->range);
  if (!subscript)
    return false;
  add(*subscript);
  return true;
}

/// `(h, d)`: parts of one axis, row-major. One part may be an expression.
bool Access::parts(const ast::TupleExpr &tuple, const Axis &axis) {
  core::Subscript subscript;
  subscript.kind = core::Subscript::Parts;
  subscript.range = tuple.range;
  Dim known = dims.constant(1);
  int open = -1;
  for (auto [i, entry] : llvm::enumerate(tuple.entries)) {
    auto part = at(entry.value, Dim(), entry.value->range);
    if (!part)
      return false;
    if (auto *index = llvm::dyn_cast<core::IndexValue>(part->value)) {
      part->extent = index->index->extent;
      known = known * part->extent;
    } else if (open >= 0) {
      e.report(Rule::index_c4, entry.value->range,
               "of a joined axis one part may be an expression, and this is a "
               "second one");
      return false;
    } else {
      open = i;
    }
    subscript.parts.push_back(*part);
  }
  auto rest = dims.divideExactly(axis.size(), known.size());
  if (!rest || (open < 0 && !rest->isConstant(1))) {
    e.report(Rule::index_c4, tuple.range,
             "this axis has " + axis.size().str() + " values, and its parts " +
                 known.size().str());
    return false;
  }
  if (open >= 0) {
    core::Subscript &part = subscript.parts[open];
    part.extent = *rest;
    if (!inRange(e.exactOf(part.value), *rest, part.range,
                 e.text(tuple.entries[open].value)))
      return false;
  }
  add(subscript);
  return true;
}

/// `x[...]`, `x[(...)]`: the indices of the pack around, or the axes
/// themselves.
bool Access::packEntry(const ast::Subscript &entry) {
  if (!checkPack(e, ast::withoutParens(entry.value)->range))
    return false;
  bool indexed = !e.packIndices.empty();
  size_t count = e.frame ? e.frame->pack.size() : 0;
  core::Subscript joined;
  joined.kind = core::Subscript::Parts;
  bool isJoined = llvm::isa<ast::ParenExpr>(entry.value);
  for (size_t i = 0; i < count && (isJoined || next < base->type.rank()); ++i) {
    core::Subscript subscript;
    subscript.range = entry.range;
    if (!indexed) {
      add(subscript, base->type.axes[next]);
      continue;
    }
    core::IndexVar *var = e.packIndices[i];
    auto *ref = e.program.make<core::IndexValue>(
        core::Type::whole(var->low, var->low + var->extent - 1), entry.range);
    ref->index = var;
    subscript.kind = core::Subscript::Linear;
    subscript.position = var->value;
    subscript.value = ref;
    subscript.extent = var->extent;
    if (isJoined)
      joined.parts.push_back(subscript);
    else
      add(subscript);
  }
  if (isJoined && indexed)
    add(joined);
  return true;
}

bool Access::entry(const ast::Subscript &entry) {
  const ast::Expr *value =
      entry.value ? ast::withoutParens(entry.value) : nullptr;
  if (llvm::isa_and_nonnull<ast::EllipsisExpr>(value))
    return packEntry(entry);
  if (next >= base->type.rank()) {
    if (value && e.evaluate(value).isError())
      return false;
    e.report(Rule::range_c3, entry.range,
             "'" + e.text(llvm::cast<ast::IndexExpr>(source)->base) + "' has " +
                 llvm::Twine(base->type.rank()) +
                 (base->type.rank() == 1 ? " dimension, " : " dimensions, ") +
                 base->type.str() + ", and this is one index more");
    return false;
  }
  const Axis axis = base->type.axes[next];
  if (entry.kind == ast::Subscript::Kind::Slice)
    return slice(entry, axis);
  if (auto *tuple = llvm::dyn_cast<ast::TupleExpr>(value))
    return parts(*tuple, axis);
  return position(value, axis);
}

bool Access::readOtherwise(core::Element &node) {
  Value other = e.evaluate(brackets.otherwise);
  core::Expr *value = e.runTime(other, brackets.otherwise->range);
  if (value->type.isError())
    return false;
  if (node.type.elem.isReal())
    value = e.convert(value, core::Elem::Real);
  if (value->type.elem.kind != node.type.elem.kind) {
    e.report(Rule::call_c8, brackets.otherwise->range,
             "the value after 'else' is " + value->type.str() +
                 ", and the elements are " + node.type.str());
    return false;
  }
  if (!needsElse)
    return true;
  node.otherwise = value;
  core::Elem &elem = node.type.elem;
  const core::Elem &given = value->type.elem;
  if (elem.isWhole()) {
    elem.low = elem.low && given.low ? dims.min(elem.low, given.low) : Dim();
    elem.high =
        elem.high && given.high ? dims.max(elem.high, given.high) : Dim();
  }
  return true;
}

/// The element for all values of the index tensors in the subscripts.
Value Access::overTensors(core::Element *node) {
  core::Type whole = node->type;
  whole.axes.insert(whole.axes.begin(), tensorAxes.begin(), tensorAxes.end());
  auto *table = e.program.make<core::Tabulate>(whole, range);
  for (core::IndexVar *var : tensorIndices)
    table->groups.push_back({var});
  table->body = node;
  return e.runTimeValue(table);
}

Value Access::build() {
  for (const ast::Subscript &entry : brackets.entries)
    if (!this->entry(entry))
      return Value::error(range);
  while (next < base->type.rank())
    add({}, base->type.axes[next]);
  core::Type type = core::Type::tensor(base->type.elem, axes);
  auto *node = e.program.make<core::Element>(type, range);
  node->base = base;
  node->subscripts = std::move(subscripts);
  node->proof = needsElse         ? Proof::Else
                : underConditions ? Proof::UnderConditions
                                  : Proof::Always;
  if (brackets.otherwise && !readOtherwise(*node))
    return Value::error(range);
  return tensorIndices.empty() ? e.runTimeValue(node) : overTensors(node);
}

Value Evaluator::access(const Value &base, const ast::Brackets &brackets,
                        Range range, const ast::Expr *source) {
  core::Expr *expr = runTime(base, range);
  if (expr->type.isError())
    return Value::error(range);
  if (!expr->type.isTensor()) {
    report(Rule::call_c8, range,
           "brackets read a tensor, and this is " + expr->type.str());
    return Value::error(range);
  }
  return Access(*this, expr, brackets, range, source).build();
}

} // namespace lamina::sema
