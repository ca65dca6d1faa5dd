// SPDX-License-Identifier: Apache-2.0
//
// Halide's autoschedulers.
//
// They are libraries beside libHalide, which register themselves when they are
// loaded. What they know of a run are estimates: of the sizes, and of the box
// that an item is, as that is what one thread computes in one call.

#include "backends/Halide/SearchSchedule.h"

#include "backends/Halide/CompileStep.h"
#include "backends/Halide/EntryPoints.h"
#include "backends/Halide/ReadSchedule.h"
#include "backends/Halide/Schedule.h"

#include "llvm/ADT/SmallString.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/Path.h"

#include <dlfcn.h>
#include <mutex>

namespace lamina::halide {

/// The library of an autoscheduler, loaded once.
static void loadScheduler(const std::string &library) {
  static std::mutex guard;
  static std::set<std::string> loaded;
  std::lock_guard<std::mutex> lock(guard);
  if (!loaded.insert(library).second)
    return;
  Dl_info halide{};
  dladdr(reinterpret_cast<const void *>(&Halide::load_plugin), &halide);
  llvm::SmallString<128> path(halide.dli_fname);
  llvm::sys::path::remove_filename(path);
  llvm::sys::path::append(path, "lib" + library + ".so");
  Halide::load_plugin(path.str().str());
}

namespace {

/// Sizes of a run, and of its first item.
class Estimates {
public:
  Estimates(Algorithm &algorithm, llvm::ArrayRef<int64_t> dims)
      : algorithm(algorithm), dims(dims) {
    measureItem();
  }
  void state();

private:
  /// A size that a value of the kernel says counts as one.
  int64_t sizeOf(const cpu::Extent &extent) const {
    if (extent.isFixed())
      return extent.plus;
    int64_t base = extent.dim < 0 ? 1 : dims[size_t(extent.dim)];
    return extent.plus + extent.scale * base;
  }
  void measureItem();
  void state(Step &step);

  Algorithm &algorithm;
  llvm::ArrayRef<int64_t> dims;
  llvm::SmallVector<int64_t> item; ///< for each axis of the grid
};

} // namespace

// As the functions of EntryPoints cut the grid.
void Estimates::measureItem() {
  int64_t inside = 1;
  for (const cpu::Extent &extent : algorithm.inner)
    inside *= std::max<int64_t>(1, sizeOf(extent));
  int64_t left = std::max<int64_t>(1, itemElements / inside);
  item.resize(algorithm.grid.size());
  for (size_t axis = item.size(); axis-- > 0;) {
    const GridAxis &it = algorithm.grid[axis];
    int64_t extent = std::max<int64_t>(1, sizeOf(it.extent));
    item[axis] = std::min(extent, it.part);
    if (it.part)
      continue;
    item[axis] = std::min(extent, left);
    left = std::max<int64_t>(1, left / item[axis]);
  }
}

void Estimates::state(Step &step) {
  for (Input &input : step.inputs)
    for (size_t axis = 0; axis < input.shape.size(); ++axis)
      input.param.dim(int(input.shape.size() - 1 - axis))
          .set_estimate(0, int32_t(sizeOf(input.shape[axis])));
  for (size_t axis = 0; axis < step.vars.size(); ++axis) {
    int64_t extent = sizeOf(step.shape[axis]);
    for (auto [number, cut] : llvm::enumerate(step.cuts))
      if (cut.first == axis)
        extent = std::min(extent, int64_t(llvm::divideCeil(
                                      uint64_t(item[number]), cut.second)));
    step.out.set_estimate(step.vars[axis], 0, int32_t(extent));
  }
}

void Estimates::state() {
  Arguments &arguments = algorithm.arguments;
  for (size_t dim = 0; dim < arguments.dims.size(); ++dim)
    arguments.dims[dim].set_estimate(int32_t(dims[dim]));
  for (Halide::Parameter &scalar : arguments.scalars)
    scalar.set_estimate(Halide::Internal::make_one(scalar.type()));
  for (auto &start : arguments.starts)
    start.set_estimate(0);
  arguments.never.set_estimate(0);
  for (Step &step : algorithm.steps)
    state(step);
}

/// What Halide says of a failure; of some of its own checks only "Error:".
static std::string reasonOf(const Halide::Error &error) {
  llvm::StringRef words(error.what());
  words.consume_front("Error:");
  words = words.trim();
  return words.empty() ? "a check of the autoscheduler itself fails"
                       : words.str();
}

std::optional<Directives> searchSchedule(Algorithm &algorithm,
                                         const Halide::Target &target,
                                         llvm::StringRef how,
                                         llvm::ArrayRef<int64_t> dims,
                                         std::string &why) {
  bool isFast = how == "fast";
  Directives all;
  try {
    loadScheduler(isFast ? "autoschedule_mullapudi2016"
                         : "autoschedule_adams2019");
    Halide::AutoschedulerParams parameters(
        isFast ? "Mullapudi2016" : "Adams2019", {{"parallelism", "1"}});
    Estimates(algorithm, dims).state();
    for (Step &step : algorithm.steps) {
      if (!isFast) // Mullapudi2016 takes a Func with all its bounds, or none
        stateSizes(step);
      describeOut(step, algorithm);
      Halide::Pipeline(step.out).apply_autoscheduler(target, parameters);
      std::optional<Directives> found = readSchedule(step, why);
      if (!found)
        return std::nullopt;
      for (Directive &it : *found) {
        it.step = algorithm.steps.size() > 1 ? step.name : "";
        all.push_back(std::move(it));
      }
    }
  } catch (const Halide::Error &error) {
    why = reasonOf(error);
    return std::nullopt;
  }
  return all;
}

} // namespace lamina::halide
