// SPDX-License-Identifier: Apache-2.0
//
// Kernels to objects, cached on disk.
//
// Each kernel travels as text into a context of its own worker: MLIR's contexts
// are not shared between threads here, and the text without locations is the
// key of the cache anyway. What is for devices goes first, so that `ptxas`,
// which takes as long as all the rest, runs beside it.

#include "tools/Driver/KernelCompiler.h"

#include "dialects/Kernel/KernelOps.h"
#include "tools/Driver/KernelCache.h"
#include "tools/Driver/WorkQueue.h"

#include "llvm/ADT/StringExtras.h"
#include "llvm/ADT/StringMap.h"
#include "llvm/ADT/StringSet.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/raw_ostream.h"
#include "mlir/IR/Diagnostics.h"
#include "mlir/Parser/Parser.h"

#include <atomic>
#include <list>
#include <map>
#include <optional>

using namespace mlir;

namespace lamina::driver {

namespace {

/// A kernel on its way through the workers.
struct Job {
  std::string name, text, symbol, cacheFile;
  const Backend *backend;
  Location location;
  CompiledKernel compiled = {};
  std::string error = {};
  bool fromCache = false;
};

} // namespace

std::string canonicalText(kernel::FuncOp kernel) {
  OwningOpRef<ModuleOp> module(ModuleOp::create(kernel->getLoc()));
  kernel::FuncOp copy = kernel.clone();
  module->push_back(copy);
  copy.setSymName("kernel");
  std::string text;
  llvm::raw_string_ostream out(text);
  module->print(out);
  return text;
}

static void compileOne(Job &job, MLIRContext &context) {
  std::string messages;
  llvm::raw_string_ostream out(messages);
  ScopedDiagnosticHandler handler(&context, [&](Diagnostic &diagnostic) {
    out << (messages.empty() ? "" : "; ") << diagnostic;
    return success();
  });
  auto module = parseSourceString<ModuleOp>(job.text, ParserConfig(&context));
  if (!module) {
    job.error = "the kernel does not parse again: " + messages;
    return;
  }
  kernel::FuncOp kernel = *module->getOps<kernel::FuncOp>().begin();
  kernel.setSymName(job.symbol);
  auto compiled = job.backend->compile(kernel);
  if (failed(compiled)) {
    job.error = messages.empty() ? "no reason given" : messages;
    return;
  }
  job.compiled = std::move(*compiled);
}

static void readOrCompile(Job &job, Worker &worker) {
  job.fromCache = readKernel(job.cacheFile, job.compiled);
  if (job.fromCache)
    return;
  compileOne(job, worker.context());
  if (job.error.empty())
    writeKernel(job.cacheFile, job.compiled);
}

namespace {

/// The distinct things to compile, and who needs them.
class JobList {
public:
  explicit JobList(const KernelCompilerOptions &options) : options(options) {}

  /// Returns the number of the job for this kernel. Its symbol begins with what
  /// the kernel is, whoever compiles it.
  size_t add(const Placement &placement, const std::string &text) {
    std::string fingerprint = placement.backend->fingerprint();
    std::string symbol =
        "k" + hashOf(text) + "_" + hashOf(text + fingerprint).substr(0, 8);
    auto [known, isNew] = numbers.try_emplace(symbol, jobs.size());
    if (!isNew)
      return known->second;
    kernel::FuncOp kernel = placement.kernel;
    std::string file =
        options.cacheFolder.empty()
            ? ""
            : options.cacheFolder + "/" + hashOf(fingerprint + text);
    jobs.push_back({kernel.getSymName().str(), text, symbol, file,
                    placement.backend, kernel.getLoc()});
    return known->second;
  }

  std::vector<Job> jobs;

private:
  const KernelCompilerOptions &options;
  llvm::StringMap<size_t> numbers; ///< of jobs, by symbol
};

} // namespace

/// A kernel that fails for one processor fails for the others: said once.
static LogicalResult reportErrors(const std::vector<Job> &jobs) {
  bool good = true;
  llvm::StringSet<> said;
  for (const Job &job : jobs) {
    if (job.error.empty() || !said.insert(job.name).second)
      continue;
    emitError(job.location) << job.backend->name() << " cannot compile kernel '"
                            << job.name << "': " << job.error;
    good = false;
  }
  return success(good);
}

/// The kernels of the program's processors. Fails after errors.
static LogicalResult addHostJobs(ModuleOp module,
                                 const std::vector<CodeTarget> &targets,
                                 const std::vector<std::string> &texts,
                                 JobList &list, LinkableKernels &result) {
  llvm::StringSet<> wanted = kernelsOn("cpu", module);
  std::vector<std::vector<std::string>> said;
  for (const CodeTarget &target : targets) {
    std::vector<Placement> placements = placeKernels(module, target, wanted);
    std::vector<std::vector<std::string>> reasons;
    for (const Placement &it : placements)
      reasons.push_back(it.reasons);
    if (reasons != said && failed(reportPlacements(placements)))
      return failure();
    said = std::move(reasons);
    std::vector<std::string> symbols;
    for (auto [placement, text] : llvm::zip(placements, texts))
      symbols.push_back(placement.isWanted()
                            ? list.jobs[list.add(placement, text)].symbol
                            : "");
    result.symbols.push_back(std::move(symbols));
  }
  return success();
}

/// For each kernel its job for a device, or none.
using DeviceJobs = std::vector<std::optional<size_t>>;

/// Says of which kernels that the device launches there are none.
static DeviceJobs addDeviceJobs(ModuleOp module, const CodeTarget &device,
                                const std::vector<std::string> &texts,
                                JobList &list) {
  DeviceJobs jobs;
  llvm::StringSet<> wanted = kernelsOn(device.backends.front()->name(), module);
  for (auto [placement, text] :
       llvm::zip(placeKernels(module, device, wanted), texts)) {
    if (placement.backend || !placement.isWanted()) {
      jobs.push_back(placement.backend
                         ? std::optional(list.add(placement, text))
                         : std::nullopt);
      continue;
    }
    kernel::FuncOp kernel = placement.kernel;
    emitRemark(kernel.getLoc())
        << "kernel '" << kernel.getSymName()
        << (device.backends.front()->name() == "gpu"
                ? "', and what it is part of, stays on the processor: "
                : "' stays on the processor: ")
        << llvm::join(placement.reasons, "; ");
    jobs.push_back(std::nullopt);
  }
  return jobs;
}

namespace {

/// Code for one kind of device: who has what name in it, and the modules.
struct DeviceModules {
  std::vector<std::string> names, texts;
};

/// From the jobs to what is linked.
class KernelBuild {
public:
  /// The jobs from `firstOnDevice` on are for devices.
  KernelBuild(std::vector<Job> &jobs, size_t firstOnDevice,
              const std::vector<DeviceJobs> &onDevices,
              const KernelCompilerOptions &options)
      : jobs(jobs),
        forHost(llvm::MutableArrayRef(jobs).take_front(firstOnDevice)),
        forDevices(llvm::MutableArrayRef(jobs).drop_front(firstOnDevice)),
        onDevices(onDevices), options(options) {}

  /// Fails after errors.
  LogicalResult run(LinkableKernels &result);

private:
  std::map<std::string, DeviceModules> collectModules() const;
  void startImages(WorkQueue &queue);

  std::vector<Job> &jobs;
  llvm::MutableArrayRef<Job> forHost, forDevices;
  const std::vector<DeviceJobs> &onDevices;
  const KernelCompilerOptions &options;
  std::vector<DeviceKernels> devices;
  std::list<DeviceImage> images; ///< of the devices; their tasks refer to them
};

} // namespace

/// What the jobs made for each kind of device, the plainest first.
std::map<std::string, DeviceModules> KernelBuild::collectModules() const {
  std::map<std::string, DeviceModules> byChip;
  for (const DeviceJobs &used : onDevices)
    for (size_t kernel = 0; kernel < used.size(); ++kernel)
      if (used[kernel])
        for (const DeviceCode &code : jobs[*used[kernel]].compiled.device) {
          DeviceModules &modules = byChip[code.chip];
          modules.names.resize(used.size());
          modules.names[kernel] = code.name;
        }
  // Equal kernels are one job, and in the code once.
  for (const Job &job : forDevices)
    for (const DeviceCode &code : job.compiled.device)
      byChip[code.chip].texts.push_back(code.text);
  return byChip;
}

/// Once all jobs for devices are done; others may still be on their way.
void KernelBuild::startImages(WorkQueue &queue) {
  if (llvm::any_of(forDevices, [](Job &job) { return !job.error.empty(); }))
    return;
  for (auto &[chip, modules] : collectModules()) {
    devices.push_back({chip, std::move(modules.names), {}});
    images.emplace_back(chip, modules.texts, options.cacheFolder);
  }
  std::vector<WorkQueue::Task> tasks;
  for (DeviceImage &image : images)
    for (std::function<void()> &task : image.longTasks())
      tasks.push_back([task](Worker &) { task(); });
  for (DeviceImage &image : images)
    tasks.push_back([&image](Worker &) { image.packText(); });
  queue.addFirst(std::move(tasks));
}

LogicalResult KernelBuild::run(LinkableKernels &result) {
  WorkQueue queue;
  std::atomic<size_t> left{forDevices.size()};
  for (Job &job : forDevices)
    queue.add([&](Worker &worker) {
      readOrCompile(job, worker);
      if (--left == 0)
        startImages(queue);
    });
  for (Job &job : forHost)
    queue.add([&](Worker &worker) { readOrCompile(job, worker); });
  queue.run(options.threads);
  if (failed(reportErrors(jobs)))
    return failure();
  for (auto [device, image] : llvm::zip(devices, images))
    device.codes = image.take();
  result.device = std::move(devices);
  for (Job &job : jobs) {
    result.fromCache += job.fromCache;
    result.objects.push_back(std::move(job.compiled.object));
  }
  return success();
}

FailureOr<LinkableKernels>
compileKernels(ModuleOp module, const std::vector<CodeTarget> &targets,
               const std::vector<CodeTarget> &devices,
               const KernelCompilerOptions &options) {
  if (!options.cacheFolder.empty())
    (void)llvm::sys::fs::create_directories(
        options.cacheFolder); // see writeKernel

  LinkableKernels result;
  std::vector<std::string> texts;
  for (auto kernel : module.getOps<kernel::FuncOp>()) {
    result.names.push_back(kernel.getSymName().str());
    texts.push_back(canonicalText(kernel));
  }
  JobList list(options);
  if (failed(addHostJobs(module, targets, texts, list, result)))
    return failure();
  size_t firstOnDevice = list.jobs.size();
  std::vector<DeviceJobs> onDevices;
  for (const CodeTarget &device : devices)
    onDevices.push_back(addDeviceJobs(module, device, texts, list));
  KernelBuild build(list.jobs, firstOnDevice, onDevices, options);
  if (failed(build.run(result)))
    return failure();
  return result;
}

} // namespace lamina::driver
