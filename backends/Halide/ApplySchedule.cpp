// SPDX-License-Identifier: Apache-2.0
//
// From the words of a schedule to Halide's calls.
//
// Loops are looked up by the names that they have at that point, so that a word
// that is wrong is found where it stands. What would change numbers is refused:
// lanes along a sum, and sums in another order. Ends of split loops are always
// guarded: computing an element twice would read what it has written where the
// out stands in the memory of an input.

#include "backends/Halide/Loops.h"
#include "backends/Halide/Schedule.h"

#include "llvm/ADT/StringExtras.h"

#include <map>

using Halide::TailStrategy;

namespace lamina::halide {

namespace {

class Application {
public:
  Application(Step &step, ScheduleFault &fault) : step(step), fault(fault) {}
  bool apply(const Directives &directives);

private:
  struct Definition {
    Halide::Stage stage;
    Loops loops;
  };
  bool refuse(const llvm::Twine &message);
  Definition *definition();
  Definition &definitionOf(const Stage *stage, int update);
  int updatesOf(const Stage *stage) const;
  Halide::Func funcOf(const Stage *stage) const {
    return stage ? stage->func : step.out;
  }
  const Stage *stageNamed(const std::string &name) const;
  Halide::VarOrRVar *loop(const std::string &name);
  bool takes(size_t least, size_t most);
  std::optional<int> factor(const std::string &text);
  bool isNew(const std::string &name);

  bool applyOne();
  bool split();
  bool fuse();
  bool reorder();
  bool fill(bool isVector);
  bool computeAt();
  bool storeAt();
  bool storeIn();
  bool reorderStorage();
  bool namePlace();
  const Loop *loopAround(const Stage *around, const std::string &name);
  bool placeStages();
  bool checkReads();
  bool readsInTime(const Stage &stage);
  void stateTile();
  bool spread();

  Step &step;
  ScheduleFault &fault;
  const Directive *now = nullptr;
  Definition *current = nullptr;
  /// By Func, null for the out, and update.
  std::map<std::pair<const Stage *, int>, Definition> definitions;
  /// Words that name a loop around a stage.
  std::vector<const Directive *> places;
  /// The last word that says where a stage is computed.
  std::map<const Stage *, const Directive *> computed;
};

} // namespace

bool Application::refuse(const llvm::Twine &message) {
  fault = {now->line, now->column, message.str()};
  return false;
}

const Stage *Application::stageNamed(const std::string &name) const {
  for (const Stage &stage : step.stages)
    if (stage.name == name)
      return &stage;
  return nullptr;
}

int Application::updatesOf(const Stage *stage) const {
  return stage ? stage->func.num_update_definitions() : 0;
}

Application::Definition &Application::definitionOf(const Stage *stage,
                                                   int update) {
  auto key = std::make_pair(stage, update);
  auto found = definitions.find(key);
  if (found != definitions.end())
    return found->second;
  Halide::Func func = funcOf(stage);
  Definition made{update >= 0 ? func.update(update)
                  : stage     ? Halide::Stage(func)
                              : step.definition(),
                  {}};
  std::vector<Halide::VarOrRVar> sums = sumLoops(made.stage);
  for (size_t i = sums.size(); i-- > 0;)
    made.loops.all.push_back({"r" + std::to_string(i), sums[i]});
  const Vars &vars = stage ? stage->vars : step.vars;
  for (size_t i = vars.size(); i-- > 0;) {
    Loop loop{vars[i].name(), vars[i], !stage && i < step.rowAxes};
    if (!stage && step.tile)
      loop.tile = i == step.tile->rowAxis      ? step.tile->rows
                  : i == step.tile->columnAxis ? step.tile->columns
                                               : 0;
    loop.isInTile = !loop.tile;
    made.loops.all.push_back(std::move(loop));
  }
  return definitions.emplace(key, std::move(made)).first->second;
}

Application::Definition *Application::definition() {
  const Stage *stage = stageNamed(now->func);
  if (now->func != "out" && !stage) {
    std::vector<std::string> names{"out"};
    for (const Stage &it : step.stages)
      names.push_back(it.name);
    refuse("there is no Func '" + now->func + "'; there are " +
           llvm::join(names, ", "));
    return nullptr;
  }
  if (now->update >= updatesOf(stage)) {
    refuse("'" + now->func + "' has " + llvm::Twine(updatesOf(stage)) +
           " updates");
    return nullptr;
  }
  return &definitionOf(stage, now->update);
}

Halide::VarOrRVar *Application::loop(const std::string &name) {
  Loop *found = current->loops.find(name);
  if (found)
    return &found->var;
  refuse("'" + now->func + "' has no loop '" + name + "' here; it has " +
         current->loops.names());
  return nullptr;
}

bool Application::takes(size_t least, size_t most) {
  size_t count = now->arguments.size();
  if (count >= least && count <= most)
    return true;
  return refuse("'" + now->name + "' takes " + llvm::Twine(least) +
                (most > least ? " or more" : "") + " arguments, not " +
                llvm::Twine(count));
}

std::optional<int> Application::factor(const std::string &text) {
  int number = 0;
  if (!llvm::StringRef(text).getAsInteger(10, number) && number > 0 &&
      number <= 4096)
    return number;
  refuse("'" + text + "' is no whole number from 1 to 4096");
  return std::nullopt;
}

bool Application::isNew(const std::string &name) {
  return !current->loops.find(name) ||
         refuse("'" + now->func + "' has a loop '" + name + "' already");
}

bool Application::split() {
  if (!takes(4, 4))
    return false;
  const auto &names = now->arguments;
  Halide::VarOrRVar *old = loop(names[0]);
  std::optional<int> size = old ? factor(names[3]) : std::nullopt;
  if (!size || !isNew(names[1]) || !isNew(names[2]))
    return false;
  auto make = [&](const std::string &name) {
    return old->is_rvar ? Halide::VarOrRVar(Halide::RVar(name))
                        : Halide::VarOrRVar(Halide::Var(name));
  };
  Halide::VarOrRVar outer = make(names[1]), inner = make(names[2]);
  current->stage.split(*old, outer, inner, *size, TailStrategy::GuardWithIf);
  auto &all = current->loops.all;
  auto at = llvm::find_if(all, [&](auto &it) { return it.name == names[0]; });
  bool fits = at->isInTile || at->tile % *size == 0;
  int64_t left = fits ? at->tile / *size : 1;
  *at = {names[1], outer, at->isOfRows, at->isInTile, left};
  all.insert(at, {names[2], inner, at->isOfRows, fits, 1});
  return true;
}

bool Application::fuse() {
  if (!takes(3, 3))
    return false;
  const auto &names = now->arguments;
  Halide::VarOrRVar *inner = loop(names[0]);
  Halide::VarOrRVar *outer = inner ? loop(names[1]) : nullptr;
  if (!outer || !isNew(names[2]))
    return false;
  if (inner->is_rvar || outer->is_rvar)
    return refuse("'fuse' joins no loops of a sum");
  Halide::Var fused(names[2]);
  current->stage.fuse(*inner, *outer, fused);
  Loops &loops = current->loops;
  Loop joined = *loops.find(names[1]);
  llvm::erase_if(loops.all, [&](auto &it) { return it.name == names[1]; });
  Loop &kept = *loops.find(names[0]);
  kept = {names[2], fused, kept.isOfRows && joined.isOfRows,
          kept.isInTile && joined.isInTile, 1};
  return true;
}

// Loops that are not named keep their places, as Halide has it.
bool Application::reorder() {
  if (!takes(1, ~size_t(0)))
    return false;
  std::vector<Halide::VarOrRVar> order;
  std::vector<Loop> moved;
  for (const std::string &name : now->arguments) {
    if (!loop(name))
      return false;
    moved.push_back(*current->loops.find(name));
    order.push_back(moved.back().var);
  }
  std::vector<std::string> before = current->loops.sums();
  Loops after = current->loops;
  size_t next = 0;
  for (Loop &it : after.all)
    if (llvm::is_contained(now->arguments, it.name))
      it = moved[next++];
  if (after.sums() != before)
    return refuse("'reorder' keeps the loops of a sum in their order, " +
                  llvm::join(before, ", ") + ": another one rounds otherwise");
  current->stage.reorder(order);
  current->loops = std::move(after);
  return true;
}

bool Application::fill(bool isVector) {
  if (!takes(1, 2))
    return false;
  Halide::VarOrRVar *found = loop(now->arguments[0]);
  if (!found)
    return false;
  if (isVector && found->is_rvar)
    return refuse("'" + now->arguments[0] +
                  "' is a loop of a sum, whose lanes would be added in "
                  "another order");
  if (now->arguments.size() == 1) {
    isVector ? current->stage.vectorize(*found) : current->stage.unroll(*found);
    return true;
  }
  std::optional<int> size = factor(now->arguments[1]);
  if (!size)
    return false;
  isVector ? current->stage.vectorize(*found, *size, TailStrategy::GuardWithIf)
           : current->stage.unroll(*found, *size, TailStrategy::GuardWithIf);
  return true;
}

bool Application::computeAt() {
  const Stage *stage = stageNamed(now->func);
  if (!stage)
    return refuse("'out' is computed where it is asked for");
  Halide::Func func = stage->func;
  if (now->name != "hoist_storage_root") { // the last place is the one
    computed[stage] = now;
    llvm::erase_if(places, [&](const Directive *it) {
      return it->func == now->func && it->name == "compute_at";
    });
  }
  if (now->name == "compute_root") {
    func.compute_root();
    return takes(0, 0);
  }
  if (now->name == "compute_inline") {
    if (func.has_update_definition())
      return refuse("'" + now->func +
                    "' is combined over loops, so it is stored");
    func.compute_inline();
    return takes(0, 0);
  }
  if (now->name == "hoist_storage_root") {
    func.hoist_storage_root();
    return takes(0, 0);
  }
  return namePlace();
}

/// A Func and a loop of it; that loop may be made by a later line.
bool Application::namePlace() {
  if (!takes(2, 2))
    return false;
  const Stage *stage = stageNamed(now->func);
  const Stage *around = stageNamed(now->arguments[0]);
  if (now->arguments[0] != "out" && !around)
    return refuse("there is no Func '" + now->arguments[0] + "'");
  if (around && around <= stage)
    return refuse("'" + around->name + "' does not read '" + stage->name + "'");
  places.push_back(now);
  return true;
}

bool Application::storeAt() {
  const Stage *stage = stageNamed(now->func);
  if (!stage)
    return refuse("'out' is stored where it is asked for");
  if (now->name == "store_at")
    return namePlace();
  Halide::Func(stage->func).store_root();
  return takes(0, 0);
}

bool Application::reorderStorage() {
  const Stage *stage = stageNamed(now->func);
  if (!stage)
    return refuse("the order of 'out' in memory is not for a schedule");
  std::vector<Halide::Var> order;
  for (const std::string &name : now->arguments) {
    auto found = llvm::find_if(
        stage->vars, [&](const auto &var) { return var.name() == name; });
    if (found == stage->vars.end())
      return refuse("'" + now->func + "' has no axis '" + name + "'");
    order.push_back(*found);
  }
  Halide::Func(stage->func).reorder_storage(order);
  return takes(2, stage->vars.size());
}

bool Application::storeIn() {
  const Stage *stage = stageNamed(now->func);
  if (!takes(1, 1))
    return false;
  const std::string &where = now->arguments[0];
  static const std::map<std::string, Halide::MemoryType> places = {
      {"stack", Halide::MemoryType::Stack},
      {"heap", Halide::MemoryType::Heap},
      {"group", Halide::MemoryType::GPUShared}};
  auto found = places.find(where);
  if (!stage || found == places.end())
    return refuse("a stage is stored in 'stack' or 'heap', or of a GPU's work "
                  "group in 'group'");
  Halide::Func func = stage->func;
  func.store_in(found->second);
  return true;
}

// The loops of a GPU's groups and of their threads, the innermost first.
bool Application::spread() {
  if (now->name == "gpu_single_thread") {
    current->stage.gpu_single_thread();
    return takes(0, 0);
  }
  if (!takes(1, 3))
    return false;
  std::vector<Halide::VarOrRVar> loops;
  for (const std::string &name : now->arguments) {
    Halide::VarOrRVar *found = loop(name);
    if (!found)
      return false;
    if (found->is_rvar)
      return refuse("'" + name + "' is a loop of a sum, which has an order");
    loops.push_back(*found);
  }
  bool isGroups = now->name == "gpu_blocks";
  for (const Halide::VarOrRVar &it : loops)
    isGroups ? current->stage.gpu_blocks(it) : current->stage.gpu_threads(it);
  return true;
}

bool Application::applyOne() {
  current = definition();
  if (!current)
    return false;
  const std::string &name = now->name;
  if (name == "split")
    return split();
  if (name == "fuse")
    return fuse();
  if (name == "reorder")
    return reorder();
  if (name == "vectorize" || name == "unroll")
    return fill(name == "vectorize");
  if (name == "compute_at" || name == "compute_root" ||
      name == "compute_inline" || name == "hoist_storage_root")
    return computeAt();
  if (name == "store_in")
    return storeIn();
  if (name == "store_at" || name == "store_root")
    return storeAt();
  if (name == "reorder_storage")
    return reorderStorage();
  if (name == "gpu_blocks" || name == "gpu_threads" ||
      name == "gpu_single_thread")
    return spread();
  return refuse("there is no directive '" + name +
                "'; there are split, fuse, reorder, vectorize, unroll, "
                "compute_at, compute_root, compute_inline, store_at, "
                "store_root, store_in, reorder_storage, hoist_storage_root, "
                "gpu_blocks, gpu_threads and gpu_single_thread");
}

const Loop *Application::loopAround(const Stage *around,
                                    const std::string &name) {
  for (int update = updatesOf(around); update-- > -1;)
    if (const Loop *found = definitionOf(around, update).loops.find(name))
      return found;
  refuse("'" + now->arguments[0] + "' has no loop '" + name + "'; it has " +
         definitionOf(around, -1).loops.names());
  return nullptr;
}

// Loops are made by later lines too, so these are looked up at the end.
bool Application::placeStages() {
  for (const Directive *it : places) {
    now = it;
    Halide::Func func = stageNamed(it->func)->func;
    const Stage *around = stageNamed(it->arguments[0]);
    const Loop *loop = loopAround(around, it->arguments[1]);
    if (!loop)
      return false;
    Halide::LoopLevel level(funcOf(around), loop->var);
    if (it->name == "compute_at")
      func.compute_at(level);
    else
      func.store_at(level);
  }
  return true;
}

/// Whether all that a part of the out is made of is read before that part is
/// written: `stage` is computed where only loops of rows are around it.
bool Application::readsInTime(const Stage &stage) {
  const Directive *place = computed[&stage];
  if (place && place->name == "compute_root")
    return true;
  if (!place || place->name == "compute_inline")
    return false;
  if (const Stage *around = stageNamed(place->arguments[0]))
    return readsInTime(*around);
  return definitionOf(nullptr, -1).loops.areRows(place->arguments[1]);
}

// The out may stand in the memory of an input.
bool Application::checkReads() {
  for (const Stage &stage : step.stages) {
    if (!stage.readsBeforeOut || readsInTime(stage))
      continue;
    static const Directive nowhere{};
    now = computed[&stage] ? computed[&stage] : &nowhere;
    return refuse("'" + stage.name +
                  "' combines elements whose place 'out' may take, so it is "
                  "computed outside of the loops of a row; compute_root does");
  }
  return true;
}

// In a loop of the out that stays in a tile, there is one tile to compute.
void Application::stateTile() {
  for (const Directive *it : places) {
    const Stage *stage = stageNamed(it->func);
    if (it->name != "compute_at" || it->arguments[0] != "out" ||
        stage->kind != StageKind::Product ||
        !definitionOf(nullptr, -1).loops.isOneTile(it->arguments[1]))
      continue;
    Halide::Func func = stage->func;
    func.bound_extent(Halide::Var("block"), 1)
        .bound_extent(Halide::Var("panel"), 1);
  }
}

bool Application::apply(const Directives &directives) {
  for (const Directive &directive : directives) {
    now = &directive;
    if (!directive.step.empty() && directive.step != step.name)
      continue;
    if (!applyOne())
      return false;
  }
  if (!placeStages() || !checkReads())
    return false;
  stateSizes(step);
  stateTile();
  return true;
}

bool applySchedule(Step &step, const Directives &directives,
                   ScheduleFault &fault) {
  return Application(step, fault).apply(directives);
}

} // namespace lamina::halide
