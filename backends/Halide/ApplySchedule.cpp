// SPDX-License-Identifier: Apache-2.0
//
// From the words of a schedule to Halide's calls.
//
// Loops are looked up by the names that they have at that point, so that a word
// that is wrong is found where it stands. What would change numbers is refused:
// lanes along a sum, and sums in another order. Ends of split loops are always
// guarded: computing an element twice would read what it has written where the
// out stands in the memory of an input.

#include "backends/Halide/Schedule.h"

#include "llvm/ADT/StringExtras.h"

#include <map>

using Halide::TailStrategy;

namespace lamina::halide {

namespace {

/// The loops of a definition, the innermost first.
struct Loops {
  std::vector<std::pair<std::string, Halide::VarOrRVar>> all;

  Halide::VarOrRVar *find(const std::string &name) {
    for (auto &it : all)
      if (it.first == name)
        return &it.second;
    return nullptr;
  }
  std::string names() const {
    std::vector<std::string> list;
    for (const auto &it : all)
      list.push_back(it.first);
    return llvm::join(list, ", ");
  }
  std::vector<std::string> sums() const {
    std::vector<std::string> list;
    for (const auto &it : all)
      if (it.second.is_rvar)
        list.push_back(it.first);
    return list;
  }
};

class Application {
public:
  Application(Step &step, ScheduleFault &fault) : step(step), fault(fault) {}
  bool apply(const Directives &directives);

private:
  struct Definition {
    Halide::Stage stage;
    Loops loops;
    /// Loops of `out` that go from one register tile to another, with how many
    /// rounds of them stay within one.
    std::map<std::string, int64_t> leaving;
  };
  bool refuse(const llvm::Twine &message);
  Definition *definition();
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
  bool storeIn();
  bool checkPlaces();
  bool isWithinTile(const Directive &place);
  void stateFacts();

  Step &step;
  ScheduleFault &fault;
  const Directive *now = nullptr;
  Definition *current = nullptr;
  std::map<std::pair<std::string, int>, Definition> definitions;
  std::vector<const Directive *> places;
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

Application::Definition *Application::definition() {
  auto key = std::make_pair(now->func, now->update);
  auto found = definitions.find(key);
  if (found != definitions.end())
    return &found->second;
  const Stage *stage = stageNamed(now->func);
  if (now->func != "out" && !stage) {
    std::vector<std::string> names{"out"};
    for (const Stage &it : step.stages)
      names.push_back(it.name);
    refuse("there is no Func '" + now->func + "'; there are " +
           llvm::join(names, ", "));
    return nullptr;
  }
  Halide::Func func = stage ? stage->func : step.out;
  int updates = stage ? func.num_update_definitions() : 0;
  if (now->update >= updates) {
    refuse("'" + now->func + "' has " + llvm::Twine(updates) + " updates");
    return nullptr;
  }
  Definition made{now->update >= 0 ? func.update(now->update)
                  : stage          ? Halide::Stage(func)
                                   : step.definition(),
                  {},
                  {}};
  if (!stage && step.tile)
    made.leaving = {
        {step.vars[step.tile->rowAxis].name(), step.tile->rows},
        {step.vars[step.tile->columnAxis].name(), step.tile->columns}};
  if (stage && now->update == 0)
    for (size_t i = stage->loops.size(); i-- > 0;)
      made.loops.all.emplace_back("r" + std::to_string(i), stage->loops[i]);
  const Vars &vars = stage ? stage->vars : step.vars;
  for (size_t i = vars.size(); i-- > 0;)
    made.loops.all.emplace_back(vars[i].name(), vars[i]);
  return &definitions.emplace(key, std::move(made)).first->second;
}

Halide::VarOrRVar *Application::loop(const std::string &name) {
  Halide::VarOrRVar *found = current->loops.find(name);
  if (!found)
    refuse("'" + now->func + "' has no loop '" + name + "' here; it has " +
           current->loops.names());
  return found;
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
  auto at = llvm::find_if(all, [&](auto &it) { return it.first == names[0]; });
  *at = {names[1], outer};
  all.insert(at, {names[2], inner});
  auto leaves = current->leaving.find(names[0]);
  if (leaves == current->leaving.end())
    return true;
  int64_t within = leaves->second;
  current->leaving.erase(leaves);
  bool fits = within % *size == 0;
  current->leaving[names[1]] = fits ? within / *size : 1;
  if (!fits)
    current->leaving[names[2]] = 1;
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
  auto &all = current->loops.all;
  llvm::erase_if(all, [&](auto &it) { return it.first == names[1]; });
  for (auto &it : all)
    if (it.first == names[0])
      it = {names[2], fused};
  size_t leaves = current->leaving.erase(names[0]);
  leaves += current->leaving.erase(names[1]);
  if (leaves)
    current->leaving[names[2]] = 1;
  return true;
}

// Loops that are not named keep their places, as Halide has it.
bool Application::reorder() {
  if (!takes(1, ~size_t(0)))
    return false;
  std::vector<Halide::VarOrRVar> order;
  for (const std::string &name : now->arguments) {
    Halide::VarOrRVar *found = loop(name);
    if (!found)
      return false;
    order.push_back(*found);
  }
  std::vector<std::string> before = current->loops.sums();
  Loops after = current->loops;
  size_t next = 0;
  for (auto &it : after.all)
    if (llvm::is_contained(now->arguments, it.first)) {
      const std::string &name = now->arguments[next];
      it = {name, order[next++]};
    }
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
  if (now->name != "hoist_storage_root") // the last place is the one
    llvm::erase_if(places, [&](auto *it) { return it->func == now->func; });
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
  if (!takes(2, 2))
    return false;
  const Stage *around = stageNamed(now->arguments[0]);
  if (now->arguments[0] != "out" && !around)
    return refuse("there is no Func '" + now->arguments[0] + "'");
  if (around && around <= stage)
    return refuse("'" + around->name + "' does not read '" + stage->name + "'");
  func.compute_at(around ? around->func : step.out,
                  Halide::Var(now->arguments[1]));
  places.push_back(now);
  return true;
}

bool Application::storeIn() {
  const Stage *stage = stageNamed(now->func);
  if (!takes(1, 1))
    return false;
  const std::string &where = now->arguments[0];
  if (!stage || (where != "stack" && where != "heap"))
    return refuse("a stage is stored in 'stack' or 'heap'");
  Halide::Func func = stage->func;
  func.store_in(where == "stack" ? Halide::MemoryType::Stack
                                 : Halide::MemoryType::Heap);
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
  return refuse("there is no directive '" + name +
                "'; there are split, fuse, reorder, vectorize, unroll, "
                "compute_at, compute_root, compute_inline, store_in and "
                "hoist_storage_root");
}

// Loops are made by later lines too, so these are looked up at the end.
bool Application::checkPlaces() {
  for (const Directive *it : places) {
    Directive around;
    around.func = it->arguments[0];
    now = &around;
    current = definition();
    now = it;
    if (!current->loops.find(it->arguments[1]))
      return refuse("'" + it->arguments[0] + "' has no loop '" +
                    it->arguments[1] + "'; it has " + current->loops.names());
  }
  return true;
}

/// Whether a round of the loop at `place` is of one register tile: no loop
/// inside of it goes to another.
bool Application::isWithinTile(const Directive &place) {
  if (place.arguments[0] != "out")
    return false;
  const Definition &out = definitions.at({"out", -1});
  for (const auto &loop : out.loops.all) {
    if (loop.first == place.arguments[1])
      return true;
    if (out.leaving.count(loop.first))
      return false;
  }
  return false;
}

// What is true of the Funcs whatever the schedule, and Halide does not find
// out; and that there is one tile where the schedule has made it so. Halide
// believes all of it, and computes no more than what it is told.
void Application::stateFacts() {
  for (Stage &stage : step.stages) {
    Halide::Var lane("lane");
    if (!stage.vars.empty() && stage.vars.back().name() == "lane")
      stage.func.bound(lane, 0, int(stage.sizes.back()));
    if (stage.kind != StageKind::Product)
      continue;
    stage.func.bound(Halide::Var("row"), 0, int(step.tile->rows));
    bool isInTile = llvm::any_of(places, [&](const Directive *it) {
      return it->func == stage.name && isWithinTile(*it);
    });
    if (isInTile)
      stage.func.bound_extent(Halide::Var("block"), 1)
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
  if (!checkPlaces())
    return false;
  stateFacts();
  return true;
}

bool applySchedule(Step &step, const Directives &directives,
                   ScheduleFault &fault) {
  return Application(step, fault).apply(directives);
}

} // namespace lamina::halide
