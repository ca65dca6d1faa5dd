// SPDX-License-Identifier: Apache-2.0
//
// Loops of a kernel and indices into tensors.
//
// A kernel runs over loops; every tensor it touches is read at an index made of
// them. Buffers are dense, so an axis may be seen as several (its digits, most
// significant first) and neighbouring axes as one. That turns reshapes into
// nothing: only the digits of the loops count.

#ifndef LAMINA_PASSES_KERNEL_INDEXSPACE_H
#define LAMINA_PASSES_KERNEL_INDEXSPACE_H

#include "dialects/Graph/Shape.h"

#include "mlir/IR/AffineExpr.h"
#include "mlir/IR/Value.h"

#include <map>
#include <optional>
#include <vector>

namespace lamina {

using graph::SizeExpr;

/// One factor of an index: a loop, or a number that never changes.
struct Digit {
  int loop = -1; ///< number of the loop, -1 for a constant
  int64_t value = 0;
  SizeExpr extent;
  bool reversed = false; ///< counts down, from a last index that is known
};

/// The index along one axis.
struct AxisIndex {
  enum class Kind { Digits, Affine, Computed };
  Kind kind = Kind::Digits;
  SizeExpr extent;           ///< of the axis
  std::vector<Digit> digits; ///< Digits: their extents multiply to the axis's
  mlir::AffineExpr expr;     ///< Affine: over loops
  mlir::Value value;         ///< Computed: of type index
};
using Index = std::vector<AxisIndex>;

/// The loops of a kernel. An axis of the domain may become several loops when a
/// view needs its digits; loops that everything treats alike are joined again
/// into groups, which are what the kernel's code runs over.
class IndexSpace {
public:
  explicit IndexSpace(llvm::ArrayRef<SizeExpr> axes);

  /// The index of one axis of the domain.
  AxisIndex getAxis(unsigned axis) const;
  unsigned getNumAxes() const { return axes.size(); }
  /// The indices of consecutive axes, as an index into a tensor of this shape;
  /// the shape may group the digits in another way.
  std::optional<Index> getIndex(unsigned firstAxis, unsigned endAxis,
                                const graph::Shape &shape);

  unsigned getNumLoops() const { return extents.size(); }
  const SizeExpr &getExtent(unsigned loop) const { return extents[loop]; }
  /// The loops of consecutive axes: [first, end).
  std::pair<unsigned, unsigned> getLoops(unsigned firstAxis,
                                         unsigned endAxis) const;

  /// Writes the indices of a run of axes as indices of axes of other sizes,
  /// with as many elements.
  using RegroupByValue = llvm::function_ref<Index(
      llvm::ArrayRef<AxisIndex> run, llvm::ArrayRef<SizeExpr> from)>;
  /// The index into `from` that an index into `to` means, where one is a
  /// reshape of the other. Nothing if a loop has to be split first (then
  /// `needsRefinement`). Where digits do not fit `byValue` is asked; nothing
  /// without it.
  std::optional<Index> reshape(const Index &index, const graph::Shape &from,
                               RegroupByValue byValue = nullptr);

  bool needsRefinement() const { return !splits.empty(); }
  /// Splits the loops as asked for by failed calls.
  void refine();

  /// A loop was used by itself: it is never joined with a neighbour.
  void keepApart(unsigned loop);
  /// A tensor is read or written at these loops in this order, -1 for anything
  /// else. Neighbours that are not neighbours here are never joined.
  void addAccess(llvm::ArrayRef<int> loops);
  /// Loops on both sides of the boundary are never joined.
  void addBoundary(unsigned loop);
  /// Joins loops. From here on groups are final.
  void join();

  unsigned getGroup(unsigned loop) const { return groups[loop]; }
  unsigned getNumGroups() const;
  SizeExpr getGroupExtent(unsigned group) const;
  bool isGroupFirst(unsigned loop) const {
    return loop == 0 || groups[loop] != groups[loop - 1];
  }
  /// Whether the group stands first in every tensor it is an axis of: then its
  /// size may be given at run time even where it is known.
  bool isLeading(unsigned group) const;

private:
  /// The digits of a run of axes in other groups.
  std::optional<Index> regroup(llvm::ArrayRef<AxisIndex> run,
                               llvm::ArrayRef<SizeExpr> from);

  std::vector<std::vector<unsigned>> axes; // loops of each axis
  std::vector<SizeExpr> axisExtents;
  std::vector<SizeExpr> extents;
  std::vector<unsigned> groups;
  std::vector<bool> apart; // loop and its predecessor
  std::vector<std::vector<int>> accesses;
  std::map<unsigned, SizeExpr> splits; // loop -> inner extent
};

/// Whether it is the size 1.
bool isOne(const SizeExpr &size);

/// The product of sizes.
SizeExpr product(llvm::ArrayRef<SizeExpr> sizes);

} // namespace lamina

#endif // LAMINA_PASSES_KERNEL_INDEXSPACE_H
