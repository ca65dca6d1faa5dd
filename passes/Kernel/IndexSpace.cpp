// SPDX-License-Identifier: Apache-2.0
//
// Loops of a kernel and indices into tensors.

#include "passes/Kernel/IndexSpace.h"

#include "llvm/ADT/STLExtras.h"

using namespace mlir;
using namespace lamina;

bool lamina::isOne(const SizeExpr &size) { return size == SizeExpr(1); }

SizeExpr lamina::product(ArrayRef<SizeExpr> sizes) {
  SizeExpr result(1);
  for (const SizeExpr &size : sizes)
    result = result * size;
  return result;
}

IndexSpace::IndexSpace(ArrayRef<SizeExpr> sizes)
    : axisExtents(sizes.begin(), sizes.end()) {
  for (const SizeExpr &size : sizes) {
    axes.emplace_back();
    if (isOne(size))
      continue; // an axis of one element needs no loop
    axes.back().push_back(extents.size());
    extents.push_back(size);
  }
  for (unsigned loop = 0; loop < extents.size(); ++loop)
    groups.push_back(loop);
  apart.assign(extents.size(), false);
}

AxisIndex IndexSpace::getAxis(unsigned axis) const {
  AxisIndex index;
  index.extent = axisExtents[axis];
  for (unsigned loop : axes[axis])
    index.digits.push_back({int(loop), 0, extents[loop], false});
  return index;
}

std::optional<Index> IndexSpace::getIndex(unsigned firstAxis, unsigned endAxis,
                                          const graph::Shape &shape) {
  Index index;
  for (unsigned axis = firstAxis; axis < endAxis; ++axis)
    index.push_back(getAxis(axis));
  return reshape(index, shape);
}

std::pair<unsigned, unsigned> IndexSpace::getLoops(unsigned firstAxis,
                                                   unsigned endAxis) const {
  unsigned first = 0, count = 0;
  for (unsigned axis = 0; axis < firstAxis; ++axis)
    first += axes[axis].size();
  for (unsigned axis = firstAxis; axis < endAxis; ++axis)
    count += axes[axis].size();
  return {first, first + count};
}

//===----------------------------------------------------------------------===//
// Reshapes
//===----------------------------------------------------------------------===//

namespace {
/// Takes digits from the end of a list until they make up an extent.
struct DigitTaker {
  std::vector<Digit> digits;
  std::map<unsigned, SizeExpr> &splits;

  /// The digits of the innermost axis of this extent; nothing if they do not
  /// fit.
  std::optional<std::vector<Digit>> take(const SizeExpr &extent) {
    std::vector<Digit> taken;
    SizeExpr have(1);
    while (have != extent) {
      if (digits.empty())
        return std::nullopt;
      Digit digit = digits.back();
      digits.pop_back();
      std::optional<SizeExpr> missing = extent.divideExactly(have);
      if (!missing)
        return std::nullopt;
      if (*missing != digit.extent && !missing->divideExactly(digit.extent)) {
        std::optional<Digit> inner = split(digit, *missing);
        if (!inner)
          return std::nullopt;
        digit = *inner;
      }
      have = have * digit.extent;
      taken.insert(taken.begin(), digit);
    }
    return taken;
  }

private:
  /// Leaves the outer part of a digit in the list and returns the inner one.
  std::optional<Digit> split(const Digit &digit, const SizeExpr &inner) {
    std::optional<SizeExpr> outer = digit.extent.divideExactly(inner);
    if (!outer)
      return std::nullopt;
    if (digit.loop >= 0) {
      splits.emplace(digit.loop, inner);
      return std::nullopt;
    }
    std::optional<int64_t> size = inner.getConstant();
    if (!size)
      return std::nullopt;
    digits.push_back({-1, digit.value / *size, *outer, false});
    return Digit{-1, digit.value % *size, inner, false};
  }
};
} // namespace

/// The next pair of minimal runs of axes with equally many elements, as the
/// ends of the runs. Nothing if the rest does not match.
static std::optional<std::pair<unsigned, unsigned>>
matchRun(const Index &to, unsigned i, const graph::Shape &from, unsigned j) {
  SizeExpr left(1), right(1);
  if (i < to.size())
    left = to[i++].extent;
  if (j < from.size())
    right = from[j++];
  while (left != right) {
    if (j < from.size() && (left.divideExactly(right) || i == to.size()))
      right = right * from[j++];
    else if (i < to.size())
      left = left * to[i++].extent;
    else
      return std::nullopt;
  }
  return std::make_pair(i, j);
}

/// Where shapes differ by axes of one element only, each other index stays
/// what it is, however it is written.
static std::optional<Index> dropUnits(llvm::ArrayRef<AxisIndex> index,
                                      llvm::ArrayRef<SizeExpr> from) {
  auto isUnit = [](const AxisIndex &axis) { return isOne(axis.extent); };
  auto next = llvm::find_if_not(index, isUnit);
  Index result;
  for (const SizeExpr &size : from) {
    if (isOne(size)) {
      AxisIndex zero;
      zero.extent = size;
      result.push_back(zero);
      continue;
    }
    if (next == index.end() || next->extent != size)
      return std::nullopt;
    result.push_back(*next);
    next = std::find_if_not(std::next(next), index.end(), isUnit);
  }
  if (next != index.end())
    return std::nullopt;
  return result;
}

std::optional<Index> IndexSpace::regroup(llvm::ArrayRef<AxisIndex> run,
                                         llvm::ArrayRef<SizeExpr> from) {
  DigitTaker taker{{}, splits};
  for (const AxisIndex &axis : run) {
    if (isOne(axis.extent))
      continue; // however it is written, it is 0
    if (axis.kind != AxisIndex::Kind::Digits)
      return std::nullopt;
    llvm::append_range(taker.digits, axis.digits);
  }
  Index axes(from.size());
  for (unsigned axis = from.size(); axis-- > 0;) {
    auto digits = taker.take(from[axis]);
    if (!digits)
      return std::nullopt;
    axes[axis].extent = from[axis];
    axes[axis].digits = std::move(*digits);
  }
  return axes;
}

std::optional<Index> IndexSpace::reshape(const Index &index,
                                         const graph::Shape &from,
                                         RegroupByValue byValue) {
  Index result;
  unsigned i = 0, j = 0;
  while (i < index.size() || j < from.size()) {
    auto run = matchRun(index, i, from, j);
    if (!run)
      return std::nullopt;
    auto [endI, endJ] = *run;
    if (endI - i == 1 && endJ - j == 1) {
      result.push_back(index[i]);
      std::tie(i, j) = *run;
      continue;
    }
    auto before = llvm::ArrayRef(index).slice(i, endI - i);
    auto after = llvm::ArrayRef(from).slice(j, endJ - j);
    std::tie(i, j) = *run;
    auto same = dropUnits(before, after);
    if (!same)
      same = regroup(before, after);
    if (!same && byValue && !needsRefinement())
      same = byValue(before, after);
    if (!same)
      return std::nullopt;
    llvm::append_range(result, *same);
  }
  return result;
}

void IndexSpace::refine() {
  IndexSpace next({});
  next.axisExtents = axisExtents;
  for (const std::vector<unsigned> &loops : axes) {
    next.axes.emplace_back();
    for (unsigned loop : loops) {
      std::vector<SizeExpr> parts = {extents[loop]};
      if (auto split = splits.find(loop); split != splits.end())
        parts = {*extents[loop].divideExactly(split->second), split->second};
      for (const SizeExpr &part : parts) {
        next.axes.back().push_back(next.extents.size());
        next.groups.push_back(next.extents.size());
        next.extents.push_back(part);
      }
    }
  }
  next.apart.assign(next.extents.size(), false);
  *this = next;
}

//===----------------------------------------------------------------------===//
// Joining
//===----------------------------------------------------------------------===//

void IndexSpace::keepApart(unsigned loop) {
  addBoundary(loop);
  addBoundary(loop + 1);
}

void IndexSpace::addBoundary(unsigned loop) {
  if (loop < apart.size())
    apart[loop] = true;
}

void IndexSpace::addAccess(ArrayRef<int> loops) {
  accesses.emplace_back(loops.begin(), loops.end());
  std::vector<int> place(extents.size(), -1);
  for (auto [position, loop] : llvm::enumerate(loops))
    if (loop >= 0)
      place[loop] = position;
  for (unsigned loop = 1; loop < extents.size(); ++loop) {
    bool neighbours = place[loop] > 0 && place[loop] == place[loop - 1] + 1;
    bool absent = place[loop] < 0 && place[loop - 1] < 0;
    if (!neighbours && !absent)
      apart[loop] = true;
  }
}

void IndexSpace::join() {
  unsigned group = 0;
  for (unsigned loop = 0; loop < extents.size(); ++loop) {
    if (loop > 0 && apart[loop])
      ++group;
    groups[loop] = group;
  }
}

unsigned IndexSpace::getNumGroups() const {
  return groups.empty() ? 0 : groups.back() + 1;
}

SizeExpr IndexSpace::getGroupExtent(unsigned group) const {
  SizeExpr extent(1);
  for (unsigned loop = 0; loop < extents.size(); ++loop)
    if (groups[loop] == group)
      extent = extent * extents[loop];
  return extent;
}

bool IndexSpace::isLeading(unsigned group) const {
  for (const std::vector<int> &loops : accesses)
    for (auto [position, loop] : llvm::enumerate(loops))
      if (position > 0 && loop >= 0 && groups[loop] == group &&
          isGroupFirst(loop))
        return false;
  return true;
}
