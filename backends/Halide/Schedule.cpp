// SPDX-License-Identifier: Apache-2.0
//
// The written schedules.

#include "backends/Halide/Schedule.h"

#include "backends/CPU/Target.h"

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
  Directives run();

private:
  using Names = std::vector<std::string>;
  void add(const std::string &name, Names arguments = {}) {
    directives.push_back({"", func, update, name, std::move(arguments), 0, 0});
  }
  void vectorize(const std::string &var) {
    add("vectorize", {var, std::to_string(lanes)});
  }
  void scheduleElements();
  void scheduleTiles();
  void scheduleStage(const Stage &stage);
  void scheduleSum(const Stage &stage);
  void scheduleProduct(const Stage &stage);
  static void addSumLoops(const Stage &stage, Names &order);
  void place(const Stage &stage);
  bool fillsLanes(int64_t size) const { return !size || size >= lanes / 2; }

  Step &step;
  int lanes;
  Directives directives;
  /// The definition that is scheduled now.
  std::string func;
  int update = -1;
};

} // namespace

/// Halide 21 loses a name where masked lanes of 32 and 64 bits are stored
/// together.
static bool mixesWidths(const Step &step) {
  return llvm::any_of(step.out.types(), [&](const Halide::Type &type) {
    return type.bits() != step.out.types().front().bits();
  });
}

void Scheduler::scheduleElements() {
  if (step.vars.empty() || step.rowAxes == step.vars.size() ||
      mixesWidths(step))
    return;
  const cpu::Extent &last = step.shape.back();
  if (fillsLanes(last.isFixed() ? last.plus : 0))
    vectorize(step.vars.back().name());
}

// Outermost the axes that tiles repeat, then panels, rows of tiles, and what is
// in a tile.
void Scheduler::scheduleTiles() {
  const Tile &tile = *step.tile;
  add("split", {step.vars[tile.columnAxis].name(), "panel", "lane",
                std::to_string(tile.columns)});
  add("split", {step.vars[tile.rowAxis].name(), "block", "row",
                std::to_string(tile.rows)});
  Names order{"lane", "row", "block", "panel"};
  for (size_t axis = step.vars.size(); axis-- > 0;)
    if (axis != tile.rowAxis && axis != tile.columnAxis)
      order.push_back(step.vars[axis].name());
  add("reorder", order);
  vectorize("lane");
}

void Scheduler::place(const Stage &stage) {
  if (stage.kind == StageKind::Product) {
    add("compute_at", {"out", "block"});
    add("store_in", {"stack"});
    return;
  }
  std::optional<unsigned> axis = stage.axis;
  if (!axis && step.rowAxes)
    axis = stage.kind == StageKind::Padded ? 0 : step.rowAxes - 1;
  if (!axis)
    return add("compute_root");
  add("compute_at", {"out", step.vars[*axis].name()});
  int64_t bytes = 8 * int64_t(stage.func.outputs());
  for (size_t i = *axis + 1; i < stage.sizes.size(); ++i)
    bytes *= stage.sizes[i];
  // A size that is not known counts as none here.
  if (bytes > 0 && bytes <= stackBytes)
    add("store_in", {"stack"});
  else
    add("hoist_storage_root");
}

/// The loops of the first update, the innermost first.
void Scheduler::addSumLoops(const Stage &stage, Names &order) {
  Halide::Func func = stage.func;
  for (size_t i = sumLoops(func.update()).size(); i-- > 0;)
    order.push_back("r" + std::to_string(i));
}

// Combined one after the other: the lanes are elements of the result, as many
// vectors at once as fit the registers.
void Scheduler::scheduleSum(const Stage &stage) {
  if (stage.vars.empty() || !fillsLanes(stage.sizes.back()) ||
      step.rowAxes >= stage.vars.size())
    return;
  std::string last = stage.vars.back().name();
  vectorize(last);
  update = 0;
  add("split", {last, "outer", "inner", std::to_string(lanes * vectorsAtOnce)});
  Names order{"inner"};
  addSumLoops(stage, order);
  order.push_back("outer");
  add("reorder", order);
  vectorize("inner");
}

void Scheduler::scheduleProduct(const Stage &stage) {
  auto fillTile = [&] {
    vectorize("lane");
    add("unroll", {"lane"});
    add("unroll", {"row"});
  };
  fillTile();
  update = 0;
  Names order{"lane", "row"};
  addSumLoops(stage, order);
  add("reorder", order);
  fillTile();
}

void Scheduler::scheduleStage(const Stage &stage) {
  if (stage.kind == StageKind::Named)
    return;
  func = stage.name;
  update = -1;
  place(stage);
  switch (stage.kind) {
  case StageKind::Shared:
  case StageKind::Padded:
    if (step.rowAxes < stage.vars.size() && fillsLanes(stage.sizes.back()))
      vectorize(stage.vars.back().name());
    break;
  case StageKind::Serial:
    scheduleSum(stage);
    break;
  case StageKind::Lanes:
  case StageKind::Folded:
    if (stage.vars.empty() || stage.vars.back().name() != "lane")
      break;
    for (; update < stage.func.num_update_definitions(); ++update)
      add("vectorize", {"lane"});
    break;
  case StageKind::Packed:
    vectorize("lane");
    add("unroll", {"lane"});
    break;
  case StageKind::Product:
    scheduleProduct(stage);
    break;
  case StageKind::Named:
    break;
  }
}

Directives Scheduler::run() {
  func = "out";
  if (step.tile)
    scheduleTiles();
  else
    scheduleElements();
  for (const Stage &stage : step.stages)
    scheduleStage(stage);
  return std::move(directives);
}

Directives chooseSchedule(Step &step, const TargetModel &target) {
  return Scheduler(step, target).run();
}

void stateSizes(Step &step) {
  for (Stage &stage : step.stages) {
    if (!stage.vars.empty() && stage.vars.back().name() == "lane")
      stage.func.bound(Halide::Var("lane"), 0, int(stage.sizes.back()));
    if (stage.kind == StageKind::Product)
      stage.func.bound(Halide::Var("row"), 0, int(step.tile->rows));
  }
}

} // namespace lamina::halide
