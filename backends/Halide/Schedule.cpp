// SPDX-License-Identifier: Apache-2.0
//
// When and where the Funcs of a step are computed.

#include "backends/Halide/Schedule.h"

#include "backends/CPU/Target.h"
#include "backends/Halide/StepBuilder.h"

using Halide::TailStrategy;
using Halide::Var;

namespace lamina::halide {

/// Stages of at most so many bytes stand on the stack.
static constexpr int64_t stackBytes = 16 << 10;
/// Vectors of an axis that are summed at once.
static constexpr int vectorsAtOnce = 4;

namespace {

class Scheduler {
public:
  Scheduler(Step &step, const TargetModel &target)
      : step(step), lanes(int(cpu::lanesOf(target))) {}
  void run();

private:
  void scheduleElements();
  void scheduleTiles();
  void scheduleStage(Stage &stage);
  void scheduleSum(Stage &stage);
  void place(Stage &stage);
  bool fillsLanes(int64_t size) const { return !size || size >= lanes / 2; }

  Step &step;
  int lanes;
};

} // namespace

/// Halide 21 loses a name where masked lanes of 32 and 64 bits are stored
/// together.
static bool mixesWidths(const Step &step) {
  return llvm::any_of(step.out.types(), [&](const Halide::Type &type) {
    return type.bits() != step.out.types().front().bits();
  });
}

// Guarded, because computing an element twice would read what it has written
// where the out stands in the memory of an input.
void Scheduler::scheduleElements() {
  if (step.vars.empty() || step.rowAxes == step.vars.size() ||
      mixesWidths(step))
    return;
  const cpu::Extent &last = step.shape.back();
  if (fillsLanes(last.isFixed() ? last.plus : 0))
    step.definition().vectorize(step.vars.back(), lanes,
                                TailStrategy::GuardWithIf);
}

// Outermost the axes that tiles repeat, then panels, rows of tiles, and what is
// in a tile.
void Scheduler::scheduleTiles() {
  const Tile &tile = *step.tile;
  Var panel("panel"), block("block"), row("row"), lane("lane");
  const Var &rows = step.vars[tile.rowAxis];
  const Var &columns = step.vars[tile.columnAxis];
  step.definition()
      .split(columns, panel, lane, int(tile.columns), TailStrategy::GuardWithIf)
      .split(rows, block, row, int(tile.rows), TailStrategy::GuardWithIf);
  std::vector<Halide::VarOrRVar> order{lane, row, block, panel};
  for (size_t axis = step.vars.size(); axis-- > 0;)
    if (axis != tile.rowAxis && axis != tile.columnAxis)
      order.push_back(step.vars[axis]);
  step.definition().reorder(order).vectorize(lane, lanes,
                                             TailStrategy::GuardWithIf);
}

void Scheduler::place(Stage &stage) {
  if (stage.kind == StageKind::Product) {
    stage.func.compute_at(step.out, Var("block"));
    return;
  }
  std::optional<unsigned> axis = stage.axis;
  if (!axis && step.rowAxes)
    axis = stage.kind == StageKind::Padded ? 0 : step.rowAxes - 1;
  if (!axis) {
    stage.func.compute_root();
    return;
  }
  stage.func.compute_at(step.out, step.vars[*axis]);
  int64_t bytes = 8 * int64_t(stage.func.outputs());
  for (size_t i = *axis + 1; i < stage.sizes.size(); ++i)
    bytes *= stage.sizes[i];
  // A size that is not known counts as none here.
  if (bytes > 0 && bytes <= stackBytes)
    stage.func.store_in(Halide::MemoryType::Stack);
  else
    stage.func.hoist_storage_root();
}

// Combined one after the other: the lanes are elements of the result, as many
// vectors at once as fit the registers.
void Scheduler::scheduleSum(Stage &stage) {
  if (stage.vars.empty() || !fillsLanes(stage.sizes.back()) ||
      (step.rowAxes >= stage.vars.size()))
    return;
  const Var &last = stage.vars.back();
  stage.func.vectorize(last, lanes, TailStrategy::GuardWithIf);
  Var outer("outer"), inner("inner");
  std::vector<Halide::VarOrRVar> order{inner};
  for (size_t i = stage.loops.size(); i-- > 0;)
    order.push_back(stage.loops[i]);
  order.push_back(outer);
  stage.func.update()
      .split(last, outer, inner, lanes * vectorsAtOnce,
             TailStrategy::GuardWithIf)
      .reorder(order)
      .vectorize(inner, lanes, TailStrategy::GuardWithIf);
}

void Scheduler::scheduleStage(Stage &stage) {
  place(stage);
  Halide::Func &func = stage.func;
  switch (stage.kind) {
  case StageKind::Shared:
  case StageKind::Padded:
    if (!stage.vars.empty() && fillsLanes(stage.sizes.back()))
      func.vectorize(stage.vars.back(), lanes, TailStrategy::GuardWithIf);
    break;
  case StageKind::Serial:
    scheduleSum(stage);
    break;
  case StageKind::Lanes:
  case StageKind::Folded:
    if (stage.vars.empty() || stage.vars.back().name() != "lane")
      break;
    func.bound(stage.vars.back(), 0, int(stage.sizes.back()))
        .vectorize(stage.vars.back());
    for (int i = 0; i < func.num_update_definitions(); ++i)
      func.update(i).vectorize(stage.vars.back());
    break;
  case StageKind::Packed:
    func.bound(Var("lane"), 0, int(stage.sizes.back()))
        .vectorize(Var("lane"), lanes)
        .unroll(Var("lane"));
    break;
  case StageKind::Product: {
    func.bound(Var("lane"), 0, int(step.tile->columns))
        .bound(Var("row"), 0, int(step.tile->rows))
        .bound_extent(Var("block"), 1)
        .bound_extent(Var("panel"), 1)
        .store_in(Halide::MemoryType::Stack)
        .vectorize(Var("lane"), lanes)
        .unroll(Var("lane"))
        .unroll(Var("row"));
    std::vector<Halide::VarOrRVar> order{Var("lane"), Var("row")};
    for (size_t i = stage.loops.size(); i-- > 0;)
      order.push_back(stage.loops[i]);
    func.update()
        .reorder(order)
        .vectorize(Var("lane"), lanes)
        .unroll(Var("lane"))
        .unroll(Var("row"));
    break;
  }
  }
}

void Scheduler::run() {
  if (step.tile)
    scheduleTiles();
  else
    scheduleElements();
  for (Stage &stage : step.stages)
    scheduleStage(stage);
}

void scheduleStep(Step &step, const TargetModel &target) {
  Scheduler(step, target).run();
}

} // namespace lamina::halide
