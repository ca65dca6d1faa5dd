// SPDX-License-Identifier: Apache-2.0
//
// Schedules that a backend finds.
//
// A search is a process, `lamina search-kernel`: it may take more time than it
// is given, and what it loads is not ours. What it found is kept on disk beside
// the kernels, so a second build searches nothing.

#include "tools/Driver/Autoschedule.h"

#include "tools/Driver/Compilation.h"
#include "tools/Driver/KernelCache.h"
#include "tools/Driver/KernelCompiler.h"

#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/FileUtilities.h"
#include "llvm/Support/Format.h"
#include "llvm/Support/FormatVariadic.h"
#include "llvm/Support/Program.h"
#include "llvm/TargetParser/Host.h"
#include "llvm/TargetParser/Triple.h"

#include <atomic>
#include <thread>

using namespace mlir;

namespace lamina::driver {

/// Raised whenever what is on disk would be read otherwise.
static constexpr const char *formatOfChoices = "schedule 2";

/// Seconds that a search may take, if the user does not say.
static int limitOf(const Options &options) {
  if (options.autoscheduleLimit)
    return options.autoscheduleLimit;
  return options.autoschedule == "fast" ? 10 : 60;
}

// A line of times, or of the reason why there is none, and the text.
std::string ScheduleChoice::toText() const {
  if (!why.empty())
    return "none\n" + why;
  std::string line;
  llvm::raw_string_ostream(line)
      << llvm::format("%.9g %.9g\n", written, found) << text;
  return line;
}

std::optional<ScheduleChoice> ScheduleChoice::parse(llvm::StringRef text) {
  auto [first, rest] = text.split('\n');
  ScheduleChoice choice;
  if (first == "none" && !rest.empty()) {
    choice.why = rest.str();
    return choice;
  }
  auto [written, found] = first.split(' ');
  if (written.getAsDouble(choice.written) || found.getAsDouble(choice.found))
    return std::nullopt;
  choice.text = rest.str();
  return choice;
}

namespace {

/// One kernel of which all others that are equal take the schedule.
struct Search {
  std::string text, backend, cacheFile;
  std::vector<int64_t> dims;
  std::vector<kernel::FuncOp> kernels = {};
  ScheduleChoice choice = {};
  bool isFromCache = false;
};

class Autoscheduler {
public:
  Autoscheduler(const Options &options, const CodeTarget &target)
      : options(options), target(target),
        cacheFolder(options.cache ? defaultCacheFolder() : "") {}

  void add(ModuleOp module, const TapeView &tape);
  void run();
  std::map<std::string, std::string> takeChoices();
  bool isEmpty() const { return searches.empty(); }

private:
  void find(Search &search) const;
  std::vector<std::string> command(const Search &search,
                                   llvm::StringRef input) const;
  std::string start(const Search &search) const;
  void sayTotal() const;

  const Options &options;
  const CodeTarget &target;
  std::string cacheFolder;
  std::vector<Search> searches;
};

} // namespace

void Autoscheduler::add(ModuleOp module, const TapeView &tape) {
  std::map<std::string, size_t> known;
  for (const Placement &it :
       placeKernels(module, target, kernelsOn("cpu", module))) {
    kernel::FuncOp kernel = it.kernel;
    bool isWanted =
        options.kernel.empty() || options.kernel == kernel.getSymName();
    if (!isWanted || !it.backend || !it.backend->findsSchedules() ||
        kernel->hasAttr("kernel.schedule"))
      continue;
    std::vector<int64_t> dims = tape.usualDims(kernel.getSymName());
    dims.resize(kernel.getDims().size(), 1);
    std::string text = canonicalText(kernel), key = formatOfChoices;
    for (int64_t dim : dims)
      key += " " + std::to_string(dim);
    key += " " + options.autoschedule + " " + it.backend->fingerprint() + text;
    auto [found, isNew] = known.try_emplace(key, searches.size());
    if (isNew)
      searches.push_back(
          {text, it.backend->name().str(),
           cacheFolder.empty() ? "" : cacheFolder + "/" + hashOf(key), dims});
    searches[found->second].kernels.push_back(kernel);
  }
}

/// The command that searches the kernel in the file `input`.
std::vector<std::string> Autoscheduler::command(const Search &search,
                                                llvm::StringRef input) const {
  std::vector<std::string> words{
      llvm::sys::fs::getMainExecutable(nullptr, nullptr),
      "search-kernel",
      input.str(),
      "--backend=" + search.backend,
      "--autoschedule=" + options.autoschedule,
      "--autoschedule-limit=" + std::to_string(limitOf(options))};
  if (!options.mcpu.empty())
    words.push_back("--mcpu=" + options.mcpu);
  std::string dims;
  for (int64_t dim : search.dims)
    dims += (dims.empty() ? "" : ",") + std::to_string(dim);
  if (!dims.empty())
    words.push_back("--dims=" + dims);
  for (const std::string &plugin : options.backendPlugins)
    words.push_back("--load-backend-plugin=" + plugin);
  return words;
}

/// Runs the process, and returns what it wrote, or why it wrote nothing.
std::string Autoscheduler::start(const Search &search) const {
  llvm::SmallString<128> input, output;
  if (llvm::sys::fs::createTemporaryFile("lamina-kernel", "mlir", input) ||
      llvm::sys::fs::createTemporaryFile("lamina-schedule", "txt", output))
    return "none\nthere is no room for temporary files";
  llvm::FileRemover removeInput(input), removeOutput(output);
  writeBytes(input.str().str(), search.text);
  std::vector<std::string> words = command(search, input);
  std::vector<llvm::StringRef> arguments(words.begin(), words.end());
  std::optional<llvm::StringRef> redirects[] = {"", output.str(), ""};
  std::string message;
  int code = llvm::sys::ExecuteAndWait(
      words.front(), arguments, std::nullopt, redirects,
      /*SecondsToWait=*/0, /*MemoryLimit=*/0, &message);
  std::string wrote = readBytes(output.str().str());
  if (code == 0 && !wrote.empty())
    return wrote;
  std::string why =
      llvm::formatv("the search had found none after {0} s", limitOf(options));
  // -2 is the death by a signal, which a limit of time is.
  if (code != -2)
    why = "the search ended with code " + std::to_string(code) + " " + message;
  return "none\n" + llvm::StringRef(why).rtrim().str();
}

void Autoscheduler::find(Search &search) const {
  auto kept = ScheduleChoice::parse(readBytes(search.cacheFile));
  search.isFromCache = kept.has_value();
  if (!kept) {
    std::string wrote = start(search);
    kept = ScheduleChoice::parse(wrote);
    writeBytes(search.cacheFile, wrote);
  }
  if (kept)
    search.choice = *kept;
  else
    search.choice.why = "the search ended without a word";
}

void Autoscheduler::run() {
  if (!cacheFolder.empty())
    (void)llvm::sys::fs::create_directories(cacheFolder);
  std::atomic<size_t> next{0};
  auto work = [&] {
    for (size_t i = next++; i < searches.size(); i = next++)
      find(searches[i]);
  };
  int threads = options.threads
                    ? options.threads
                    : std::max(1u, std::thread::hardware_concurrency());
  std::vector<std::thread> workers;
  for (int i = 1; i < threads; ++i)
    workers.emplace_back(work);
  work();
  for (std::thread &worker : workers)
    worker.join();
}

void Autoscheduler::sayTotal() const {
  size_t cached = 0, faster = 0;
  double before = 0, after = 0;
  for (const Search &it : searches) {
    cached += it.isFromCache;
    if (!it.choice.isFaster())
      continue;
    ++faster;
    before += it.choice.written;
    after += it.choice.found;
  }
  std::string text = llvm::formatv(
      "--autoschedule: {0} of {1} kernels are faster with the schedule that is "
      "found ({2} from the cache)",
      faster, searches.size(), cached);
  if (faster)
    text += llvm::formatv(", {0:f1} µs for {1:f1}", after * 1e6, before * 1e6);
  say(text);
}

/// What is said of a kernel beside its code.
static std::string noteOf(const ScheduleChoice &choice,
                          const std::string &how) {
  std::string times = llvm::formatv("{0:f1} µs for {1:f1}", choice.found * 1e6,
                                    choice.written * 1e6);
  if (choice.isFaster())
    return "found by " + how + ": " + times + " with the written schedule";
  return how + " found one that is not faster, " + times + ":\n" +
         llvm::StringRef(choice.text).rtrim().str();
}

std::map<std::string, std::string> Autoscheduler::takeChoices() {
  std::map<std::string, std::string> notes;
  for (const Search &search : searches)
    for (kernel::FuncOp kernel : search.kernels) {
      const ScheduleChoice &choice = search.choice;
      if (!choice.why.empty()) {
        emitRemark(kernel.getLoc())
            << "kernel '" << kernel.getSymName()
            << "' keeps the written schedule: " << choice.why;
        continue;
      }
      notes[kernel.getSymName().str()] = noteOf(choice, options.autoschedule);
      if (choice.isFaster())
        kernel->setAttr("kernel.schedule",
                        StringAttr::get(kernel.getContext(), choice.text));
    }
  sayTotal();
  return notes;
}

/// Kernels are measured, so there is one processor, and it is this one.
static bool runsHere(const std::vector<CodeTarget> &targets) {
  llvm::Triple here(llvm::sys::getProcessTriple());
  return targets.size() == 1 &&
         llvm::Triple(targets.front().host.triple).getArch() == here.getArch();
}

FailureOr<std::map<std::string, std::string>>
autoschedule(ModuleOp module, const std::vector<CodeTarget> &targets,
             const TapeView &tape, const Options &options) {
  if (!runsHere(targets)) {
    say("--autoschedule: it measures kernels on this machine, for one "
        "processor; build for that one, with --mcpu=native");
    return failure();
  }
  Autoscheduler scheduler(options, targets.front());
  scheduler.add(module, tape);
  if (scheduler.isEmpty()) {
    say("--autoschedule: no kernel goes to a backend that looks for schedules; "
        "--backend=halide,cpu has one");
    return failure();
  }
  scheduler.run();
  return scheduler.takeChoices();
}

} // namespace lamina::driver
