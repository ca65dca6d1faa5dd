// SPDX-License-Identifier: Apache-2.0
//
// From a schedule that Halide holds to our words.
//
// A definition of Halide has a list of splits and the loops that they leave, in
// order. The splits are said one after the other, with names that are words,
// then the order, then lanes and unrolled loops.

#include "backends/Halide/ReadSchedule.h"

#include "llvm/ADT/StringExtras.h"

using Halide::Internal::Dim;
using Halide::Internal::Split;
using Halide::Internal::StageSchedule;

namespace lamina::halide {

namespace {

/// A loop by the name that Halide has for it, and by ours.
struct NamedLoop {
  std::string given, name;
  bool isSum = false;
};

class ScheduleReader {
public:
  explicit ScheduleReader(Step &step) : step(step) {}
  bool read();
  Directives directives;
  std::string why;

private:
  using Names = std::vector<std::string>;
  void add(const std::string &name, Names arguments = {}) {
    directives.push_back({"", func, update, name, std::move(arguments), 0, 0});
  }
  bool refuse(const std::string &reason) {
    why = reason;
    return false;
  }
  bool readDefinition(const Halide::Stage &definition, const Vars &vars);
  bool readSplit(const Split &split);
  void readOrder(const std::vector<Dim> &dims);
  bool readKinds(const std::vector<Dim> &dims);
  bool readPlace(Stage &stage);
  bool readLevel(Halide::LoopLevel level, const std::string &word);
  bool readStorage(Stage &stage);
  std::string newName(const std::string &given) const;
  NamedLoop *find(const std::string &given);

  Step &step;
  /// The definition that is read now, and its loops, the innermost first.
  std::string func;
  int update = -1;
  std::vector<NamedLoop> loops;
  /// Of each Func all loops that it has at the end, by Halide's name of it.
  std::map<std::string, std::vector<NamedLoop>> finished;
};

} // namespace

NamedLoop *ScheduleReader::find(const std::string &given) {
  for (NamedLoop &loop : loops)
    if (loop.given == given)
      return &loop;
  return nullptr;
}

// Halide has "i1.i1o.i1oi"; the last part is what was asked for.
std::string ScheduleReader::newName(const std::string &given) const {
  std::string word = given.substr(given.rfind('.') + 1);
  llvm::erase_if(word, [](char c) { return !llvm::isAlnum(c) && c != '_'; });
  std::string name = word;
  for (int number = 2; llvm::any_of(
           loops, [&](const NamedLoop &loop) { return loop.name == name; });)
    name = word + "_" + std::to_string(number++);
  return name;
}

bool ScheduleReader::readSplit(const Split &split) {
  if (split.split_type == Split::RenameVar) {
    find(split.old_var)->given = split.outer;
    return true;
  }
  if (split.split_type == Split::FuseVars) {
    NamedLoop inner = *find(split.inner), outer = *find(split.outer);
    if (inner.isSum || outer.isSum)
      return refuse("joins loops of a sum");
    llvm::erase_if(loops, [&](auto &it) { return it.given == split.outer; });
    std::string name = newName(split.old_var);
    *find(split.inner) = {split.old_var, name, false};
    add("fuse", {inner.name, outer.name, name});
    return true;
  }
  std::optional<int64_t> factor = Halide::Internal::as_const_int(split.factor);
  NamedLoop *old = find(split.old_var);
  if (!factor || !old)
    return refuse("splits a loop by a number that is not known");
  NamedLoop before = *old;
  std::string outer = newName(split.outer);
  *old = {split.outer, outer, before.isSum};
  std::string inner = newName(split.inner);
  loops.insert(loops.begin() + (old - loops.data()),
               {split.inner, inner, before.isSum});
  add("split", {before.name, outer, inner, std::to_string(*factor)});
  return true;
}

// The loops of a sum keep their order in the places that such loops have.
void ScheduleReader::readOrder(const std::vector<Dim> &dims) {
  std::vector<NamedLoop> order, sums;
  for (const NamedLoop &loop : loops)
    if (loop.isSum)
      sums.push_back(loop);
  auto next = sums.begin();
  for (const Dim &dim : dims)
    if (NamedLoop *loop = find(dim.var))
      order.push_back(loop->isSum ? *next++ : *loop);
  Names names, before;
  for (auto [now, then] : llvm::zip(order, loops)) {
    names.push_back(now.name);
    before.push_back(then.name);
  }
  if (names != before)
    add("reorder", names);
}

bool ScheduleReader::readKinds(const std::vector<Dim> &dims) {
  for (const Dim &dim : dims) {
    NamedLoop *loop = find(dim.var);
    if (!loop)
      continue;
    switch (dim.for_type) {
    case Halide::Internal::ForType::Vectorized:
      if (!loop->isSum)
        add("vectorize", {loop->name});
      break;
    case Halide::Internal::ForType::Unrolled:
      add("unroll", {loop->name});
      break;
    case Halide::Internal::ForType::Serial:
    case Halide::Internal::ForType::Parallel: // threads take items
      break;
    default:
      return refuse("has loops for a device");
    }
  }
  return true;
}

bool ScheduleReader::readDefinition(const Halide::Stage &definition,
                                    const Vars &vars) {
  loops.clear();
  std::vector<Halide::VarOrRVar> sums = sumLoops(definition);
  for (size_t i = sums.size(); i-- > 0;)
    loops.push_back({sums[i].name(), "r" + std::to_string(i), true});
  for (size_t i = vars.size(); i-- > 0;)
    loops.push_back({vars[i].name(), vars[i].name(), false});
  const StageSchedule &schedule = definition.get_schedule();
  for (const Split &split : schedule.splits())
    if (!readSplit(split))
      return false;
  readOrder(schedule.dims());
  return readKinds(schedule.dims());
}

bool ScheduleReader::readLevel(Halide::LoopLevel level,
                               const std::string &word) {
  for (const NamedLoop &loop : finished[level.func()])
    if (loop.given == level.var().name() ||
        llvm::StringRef(loop.given).ends_with("." + level.var().name())) {
      std::string around = "out";
      for (const Stage &stage : step.stages)
        if (stage.func.name() == level.func())
          around = stage.name;
      add(word, {around, loop.name});
      return true;
    }
  return refuse("computes '" + func + "' in a loop that is not known");
}

bool ScheduleReader::readStorage(Stage &stage) {
  Halide::Internal::FuncSchedule schedule = stage.func.function().schedule();
  switch (schedule.memory_type()) {
  case Halide::MemoryType::Auto:
    break;
  case Halide::MemoryType::Stack:
    add("store_in", {"stack"});
    break;
  case Halide::MemoryType::Heap:
    add("store_in", {"heap"});
    break;
  default:
    return refuse("stores '" + func + "' in memory of a device");
  }
  Names order, axes;
  for (const auto &axis : schedule.storage_dims()) {
    if (axis.alignment.defined() || axis.bound.defined() ||
        axis.fold_factor.defined())
      return refuse("pads or folds what '" + func + "' stores");
    order.push_back(axis.var);
  }
  for (const Halide::Var &var : llvm::reverse(stage.vars))
    axes.push_back(var.name());
  if (order != axes)
    add("reorder_storage", order);
  return true;
}

bool ScheduleReader::readPlace(Stage &stage) {
  Halide::Internal::FuncSchedule schedule = stage.func.function().schedule();
  if (!schedule.wrappers().empty())
    return refuse("copies '" + func + "'");
  Halide::LoopLevel computed = schedule.compute_level().lock();
  Halide::LoopLevel stored = schedule.store_level().lock();
  if (computed.is_inlined())
    return true;
  if (computed.is_root())
    add("compute_root");
  else if (!readLevel(computed, "compute_at"))
    return false;
  if (stored.is_root() && !computed.is_root())
    add("store_root");
  else if (!stored.is_root() && !stored.is_inlined() &&
           !stored.match(computed) && !readLevel(stored, "store_at"))
    return false;
  return readStorage(stage);
}

// Loops of all Funcs are known before places in them are said.
bool ScheduleReader::read() {
  func = "out";
  if (!readDefinition(step.definition(), step.vars))
    return false;
  finished[step.out.name()] = loops;
  for (Stage &stage : llvm::reverse(step.stages)) {
    func = stage.name;
    update = -1;
    if (!readPlace(stage))
      return false;
    std::vector<NamedLoop> &all = finished[stage.func.name()];
    // The update of a folded one is there for the search alone.
    int updates = stage.kind == StageKind::Folded
                      ? 0
                      : stage.func.num_update_definitions();
    for (; update < updates; ++update) {
      Halide::Stage definition =
          update < 0 ? Halide::Stage(stage.func) : stage.func.update(update);
      if (!readDefinition(definition, stage.vars))
        return false;
      all.insert(all.end(), loops.begin(), loops.end());
    }
  }
  return true;
}

std::optional<Directives> readSchedule(Step &step, std::string &why) {
  ScheduleReader reader(step);
  if (reader.read())
    return std::move(reader.directives);
  why = reader.why;
  return std::nullopt;
}

} // namespace lamina::halide
