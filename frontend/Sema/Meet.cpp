// SPDX-License-Identifier: Apache-2.0
//
// Broadcasting by name.
//
// Two tensors meet if the dims of one are among those of the other, in the same
// order and in only one way. Dims compare as polynomials, settings by their
// size.

#include "frontend/Sema/Evaluator.h"

namespace lamina::sema {

using core::Alignment;
using core::Axis;
using core::Primitive;

bool Evaluator::same(Dim a, Dim b) {
  if (!a || !b)
    return false;
  a = a.comparable();
  b = b.comparable();
  if (a == b)
    return true;
  for (auto &[left, right] : equalities)
    if ((a == left && b == right) || (a == right && b == left))
      return true;
  return false;
}

/// The ways in which `part` embeds in `whole`, at most two.
static llvm::SmallVector<Alignment, 2> embeddings(Evaluator &e,
                                                  llvm::ArrayRef<Axis> part,
                                                  llvm::ArrayRef<Axis> whole) {
  llvm::SmallVector<Alignment, 2> found;
  Alignment current;
  std::function<void(unsigned, unsigned)> search = [&](unsigned i, unsigned j) {
    if (found.size() == 2)
      return;
    if (i == part.size()) {
      found.push_back(current);
      return;
    }
    for (; j + (part.size() - i) <= whole.size(); ++j) {
      if (!e.same(part[i].dim, whole[j].dim))
        continue;
      current.push_back(j);
      search(i + 1, j + 1);
      current.pop_back();
    }
  };
  search(0, 0);
  return found;
}

static std::string spelled(Evaluator &e,
                           llvm::ArrayRef<const ast::Expr *> sources,
                           unsigned i, llvm::StringRef otherwise) {
  if (i < sources.size() && sources[i])
    return "'" + e.text(sources[i]) + "'";
  return otherwise.str();
}

/// The axes of `type` whose dimension `other` has not.
static llvm::SmallVector<Axis> axesWithout(Evaluator &e, const core::Type &type,
                                           const core::Type &other) {
  llvm::SmallVector<Axis> own;
  for (const Axis &axis : type.axes)
    if (llvm::none_of(other.axes,
                      [&](const Axis &it) { return e.same(it.dim, axis.dim); }))
      own.push_back(axis);
  return own;
}

static void explainSizes(Evaluator &e, Diagnostic &diag, const core::Type &a,
                         const core::Type &b) {
  for (const Axis &p : axesWithout(e, a, b))
    for (const Axis &q : axesWithout(e, b, a))
      if (p.size() == q.size()) {
        diag.note("'" + p.dim.str() + "' and '" + q.dim.str() + "' are both " +
                  p.size().str() +
                  " here, but nothing says that they are one "
                  "dimension");
        return;
      }
}

/// The first of the types that have the most axes.
static unsigned widestOf(llvm::ArrayRef<core::Type> types) {
  return std::max_element(types.begin(), types.end(),
                          [](const core::Type &a, const core::Type &b) {
                            return a.rank() < b.rank();
                          }) -
         types.begin();
}

std::optional<llvm::SmallVector<Axis, 4>>
Evaluator::meet(llvm::ArrayRef<core::Type> types,
                llvm::ArrayRef<Alignment *> alignments, Range range,
                llvm::ArrayRef<const ast::Expr *> sources) {
  unsigned base = widestOf(types);
  for (unsigned i = 0; i < types.size(); ++i) {
    auto ways = embeddings(*this, types[i].axes, types[base].axes);
    if (ways.size() == 1) {
      *alignments[i] = ways[0];
      continue;
    }
    std::string a = spelled(*this, sources, i, "the right side");
    std::string b = spelled(*this, sources, base, "the left side");
    if (ways.empty()) {
      bool swap = i > base;
      auto &diag = report(Rule::meet_c1, range,
                          (swap ? b : a) + " and " + (swap ? a : b) +
                              " do not meet: " + types[swap ? base : i].str() +
                              " and " + types[swap ? i : base].str());
      noteOrigins(diag, {sources.begin(), sources.end()});
      explainSizes(*this, diag, types[i], types[base]);
      diag.note("for every pair write a definition with indices, such as "
                "'y[i, j] = a[i] + b[j]'");
    } else {
      report(Rule::meet_c2, range,
             types[i].str() + " fits " + types[base].str() + " in two ways")
          .note("name the way with indices: 'y[i, j] = a[i, j] + b[i]' or "
                "'y[i, j] = a[i, j] + b[j]'");
    }
    return std::nullopt;
  }
  llvm::SmallVector<Axis, 4> axes(types[base].axes);
  for (unsigned i = 0; i < types.size(); ++i)
    for (auto [k, at] : llvm::enumerate(*alignments[i]))
      if (axes[at].name.empty())
        axes[at].name = types[i].axes[k].name;
  return axes;
}

} // namespace lamina::sema
