// SPDX-License-Identifier: Apache-2.0
//
// A kernel as Halide Funcs.
//
// What one `kernel.func` computes, written as Funcs without a schedule. A step
// is one pipeline of Halide with the outs of one op; the steps of a kernel run
// in the order of its body, so that what an earlier one left in an out may be
// read, and an out may stand in the memory of an input. An item is a box of
// the outs.

#ifndef LAMINA_BACKENDS_HALIDE_ALGORITHM_H
#define LAMINA_BACKENDS_HALIDE_ALGORITHM_H

#include "backends/CPU/KernelBody.h"
#include "backends/TargetModel.h"

#include <map>
#include <memory>
#include <set>
#include <vector>

#include "Halide.h"

namespace lamina::halide {

using Vars = std::vector<Halide::Var>;
using Exprs = std::vector<Halide::Expr>;
using Extents = llvm::SmallVector<cpu::Extent>;

enum class StageKind {
  Shared,  ///< elements that several readers would compute again
  Padded,  ///< a tensor within its padding, read through windows
  Serial,  ///< combined over loops, one element after the other
  Lanes,   ///< combined over loops, partial results in lanes
  Folded,  ///< lanes combined into fewer
  Packed,  ///< the columns of a product, in panels
  Product, ///< tiles of a product
  Named,   ///< an expression that is written out where it is read
};

/// A Func that is stored. Its vars are axes, the outermost first.
struct Stage {
  StageKind kind;
  std::string name; ///< of the Func, as schedules call it
  Halide::Func func;
  Vars vars;
  /// The sizes of the axes; 0 where it is not known before the run.
  std::vector<int64_t> sizes;
  /// The axis of the out in whose loop it is computed, where that is not the
  /// innermost one of the rows.
  std::optional<unsigned> axis = {};
  /// It combines elements that the out may overwrite, where it stands in the
  /// memory of an input: all of a row is read before the row is written.
  bool readsBeforeOut = false;
};

/// A tensor argument of a step, which may see the buffer with another shape.
struct Input {
  Halide::ImageParam param;
  unsigned buffer;
  Extents shape;
};

/// The register tile of a product, and the axes of the out that it covers.
struct Tile {
  int64_t rows = 0, columns = 0;
  unsigned rowAxis = 0, columnAxis = 0;
};

struct Step {
  std::string name;
  /// Of several outs the pure definition is undefined and the first update has
  /// the values.
  Halide::Func out;
  /// What `out` stores, if it has several outs.
  Halide::Func values;
  Vars vars;
  std::vector<unsigned> outs; ///< numbers of the outs, the elements of `out`
  Extents shape;
  std::vector<Stage> stages; ///< a stage reads only those before it
  std::vector<Input> inputs;
  std::optional<Tile> tile;
  /// Axes that are loops around all stages, counted from the first.
  unsigned rowAxes = 0;
  /// For each axis of the grid, the axis of the out that it cuts, and how many
  /// elements of the grid are one of the out.
  std::vector<std::pair<unsigned, int64_t>> cuts;

  /// The definition of the out that has its loops.
  Halide::Stage definition() {
    return outs.size() > 1 ? out.update() : Halide::Stage(out);
  }
};

/// An axis that items cut into equal parts.
struct GridAxis {
  cpu::Extent extent;
  int64_t part = 0;     ///< elements of a part; 0: as many as fill an item
  int64_t multiple = 1; ///< of which a part is a multiple
};

/// The loops that a definition of a Func combines over, the outermost first;
/// schedules call them r0, r1, ….
std::vector<Halide::VarOrRVar> sumLoops(const Halide::Stage &definition);

/// What all steps of a kernel share: its arguments.
struct Arguments {
  std::vector<Halide::Param<int32_t>> dims;
  std::vector<Halide::Parameter> scalars;
  /// Where the box of an item starts, for each axis of the grid.
  std::vector<Halide::Param<int32_t>> starts;
  /// 0, which Halide does not know.
  Halide::Param<int32_t> never{"never"};
};

struct Algorithm {
  Arguments arguments;
  std::vector<Step> steps;
  std::vector<GridAxis> grid; ///< the outermost first
  /// Elements behind one element of the grid.
  Extents inner;
};

enum class Purpose {
  Code,
  Search, ///< has updates that change nothing, where no search should inline
};

/// The algorithm of `body`; what is tuned to a processor in it, lanes and
/// tiles, is tuned to `target`. Nothing if it has a form that Halide does not
/// take, and `why` says which.
std::optional<Algorithm> buildAlgorithm(const cpu::KernelBody &body,
                                        const TargetModel &target,
                                        Purpose purpose, std::string &why);

} // namespace lamina::halide

#endif // LAMINA_BACKENDS_HALIDE_ALGORITHM_H
