// SPDX-License-Identifier: Apache-2.0
//
// Where the Funcs of a step are computed on a GPU.
//
// Elements: a thread each. Rows: a thread a row if what is stored for a row is
// small, else a work group a row, its stages in the group's memory. Products: a
// thread has a tile of registers and walks all of k, beside threads of the same
// rows and of neighbouring columns. What has no loop of the out to stand in is
// a grid of its own.

#include "backends/Halide/GroupSchedule.h"

namespace lamina::halide {

/// Threads of a group.
static constexpr int elementThreads = 128, rowThreads = 64;
/// Threads of a group along columns and rows of a product.
static constexpr int panelThreads = 16, blockThreads = 8;
/// Bytes of a row's stages that a thread keeps, and that a group keeps.
static constexpr int64_t threadBytes = 512, groupBytes = 16 << 10;
/// Grids and groups have so many axes.
static constexpr size_t mostAxes = 3;

namespace {

using Names = std::vector<std::string>;

class GroupScheduler {
public:
  explicit GroupScheduler(const Step &step) : step(step) {}
  Directives run();

private:
  void add(const std::string &name, Names arguments = {}) {
    directives.push_back({"", func, update, name, std::move(arguments), 0, 0});
  }
  std::string fuse(Names loops, const std::string &name);
  void spread(const Names &loops, int threads);
  void spreadWithin(const Names &loops);
  void scheduleTiles();
  void scheduleProduct(const Stage &stage);
  void scheduleRows();
  void scheduleStage(const Stage &stage);
  template <typename Body>
  void forDefinitions(const Stage &stage, Body body);
  bool keepsRowsInThreads() const;
  std::vector<Stage> storedStages() const;
  Names inside(const Vars &vars) const;

  const Step &step;
  Directives directives;
  /// The definition that is scheduled now.
  std::string func = "out";
  int update = -1;
};

} // namespace

static Names namesOf(const Vars &vars, size_t first = 0) {
  Names names;
  for (size_t i = first; i < vars.size(); ++i)
    names.push_back(vars[i].name());
  return names;
}

/// What a row stores of a stage; 0 if that is not known before the run.
static int64_t bytesOfRow(const Stage &stage, unsigned rowAxes) {
  int64_t bytes = 8 * int64_t(stage.func.outputs());
  for (size_t axis = rowAxes; axis < stage.sizes.size(); ++axis)
    bytes *= stage.sizes[axis];
  return bytes;
}

/// A stage that only has a name is written out where it is read.
std::vector<Stage> GroupScheduler::storedStages() const {
  std::vector<Stage> stored;
  for (const Stage &stage : step.stages)
    if (stage.kind != StageKind::Named)
      stored.push_back(stage);
  return stored;
}

Names GroupScheduler::inside(const Vars &vars) const {
  return namesOf(vars, step.rowAxes);
}

/// One loop for `loops`, the outermost first.
std::string GroupScheduler::fuse(Names loops, const std::string &name) {
  while (loops.size() > 1) {
    std::string inner = loops.back();
    loops.pop_back();
    std::string fused =
        loops.size() == 1 ? name : name + std::to_string(loops.size());
    add("fuse", {inner, loops.back(), fused});
    loops.back() = fused;
  }
  return loops.front();
}

/// A grid over `loops`.
void GroupScheduler::spread(const Names &loops, int threads) {
  if (loops.empty())
    return add("gpu_single_thread");
  add("split",
      {fuse(loops, "all"), "group", "thread", std::to_string(threads)});
  add("gpu_blocks", {"group"});
  add("gpu_threads", {"thread"});
}

/// The threads of a group walk over `loops` side by side.
void GroupScheduler::spreadWithin(const Names &loops) {
  if (loops.empty())
    return;
  add("split",
      {fuse(loops, "rest"), "round", "member", std::to_string(rowThreads)});
  add("reorder", {"round", "member"});
  add("gpu_threads", {"member"});
}

template <typename Body>
void GroupScheduler::forDefinitions(const Stage &stage, Body body) {
  for (update = -1; update < stage.func.num_update_definitions(); ++update)
    body();
}

//===----------------------------------------------------------------------===//
// Products
//===----------------------------------------------------------------------===//

// The rest of the axes are one axis of the grid.
void GroupScheduler::scheduleTiles() {
  const Tile &tile = *step.tile;
  add("split", {step.vars[tile.columnAxis].name(), "panel", "lane",
                std::to_string(tile.columns)});
  add("split", {step.vars[tile.rowAxis].name(), "block", "row",
                std::to_string(tile.rows)});
  add("split", {"panel", "panels", "thread", std::to_string(panelThreads)});
  add("split", {"block", "blocks", "line", std::to_string(blockThreads)});
  Names order{"lane", "row", "thread", "line", "panels", "blocks"}, around;
  for (size_t axis = 0; axis < step.vars.size(); ++axis)
    if (axis != tile.rowAxis && axis != tile.columnAxis)
      around.push_back(step.vars[axis].name());
  order.insert(order.end(), around.rbegin(), around.rend());
  add("reorder", order);
  Names groups{"panels", "blocks"};
  if (!around.empty())
    groups.push_back(fuse(around, "batch"));
  add("gpu_blocks", groups);
  add("gpu_threads", {"thread", "line"});
}

void GroupScheduler::scheduleProduct(const Stage &stage) {
  update = -1;
  add("compute_at", {"out", "thread"});
  add("store_in", {"stack"});
  auto fillTile = [&] {
    add("vectorize", {"lane"});
    add("unroll", {"row"});
  };
  fillTile();
  update = 0;
  Names order{"lane", "row"};
  Halide::Func product = stage.func;
  for (size_t i = sumLoops(product.update()).size(); i-- > 0;)
    order.push_back("r" + std::to_string(i));
  add("reorder", order);
  fillTile();
}

//===----------------------------------------------------------------------===//
// Rows
//===----------------------------------------------------------------------===//

bool GroupScheduler::keepsRowsInThreads() const {
  int64_t bytes = 0;
  for (const Stage &stage : storedStages()) {
    int64_t each = bytesOfRow(stage, step.rowAxes);
    if (each == 0)
      return false;
    bytes += each;
  }
  return bytes <= threadBytes;
}

void GroupScheduler::scheduleRows() {
  Names rows = namesOf(step.vars);
  rows.resize(step.rowAxes);
  bool inThreads = keepsRowsInThreads();
  std::string innermost = "thread";
  int64_t left = groupBytes;
  if (inThreads) {
    spread(rows, elementThreads);
  } else {
    // As many axes as a grid has; the outermost are one.
    size_t count = rows.size() < mostAxes ? 0 : rows.size() - mostAxes + 1;
    if (count > 1) {
      std::string fused = fuse({rows.begin(), rows.begin() + count}, "outer");
      rows.erase(rows.begin(), rows.begin() + count);
      rows.insert(rows.begin(), fused);
    }
    innermost = rows.back();
    add("gpu_blocks", {rows.rbegin(), rows.rend()});
    spreadWithin(inside(step.vars));
  }
  for (const Stage &stage : storedStages()) {
    func = stage.name;
    update = -1;
    add("compute_at", {"out", innermost});
    int64_t bytes = bytesOfRow(stage, step.rowAxes);
    bool fits = bytes > 0 && bytes <= left;
    left -= fits ? bytes : 0;
    add("store_in", {inThreads ? "stack" : fits ? "group" : "heap"});
    if (!inThreads)
      forDefinitions(stage, [&] { spreadWithin(inside(stage.vars)); });
  }
}

//===----------------------------------------------------------------------===//
// The step
//===----------------------------------------------------------------------===//

void GroupScheduler::scheduleStage(const Stage &stage) {
  func = stage.name;
  if (stage.kind == StageKind::Product)
    return scheduleProduct(stage);
  update = -1;
  add("compute_root");
  forDefinitions(stage, [&] { spread(namesOf(stage.vars), elementThreads); });
}

Directives GroupScheduler::run() {
  std::vector<Stage> stages = storedStages();
  if (step.rowAxes && !stages.empty()) {
    scheduleRows();
    return std::move(directives);
  }
  if (step.tile)
    scheduleTiles();
  else
    spread(namesOf(step.vars), elementThreads);
  for (const Stage &stage : stages)
    scheduleStage(stage);
  return std::move(directives);
}

Directives chooseGroupSchedule(const Step &step) {
  return GroupScheduler(step).run();
}

} // namespace lamina::halide
