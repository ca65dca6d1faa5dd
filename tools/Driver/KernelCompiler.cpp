// SPDX-License-Identifier: Apache-2.0
//
// Kernels to objects, cached on disk.
//
// Each kernel travels as text into a context of its own worker: MLIR's contexts
// are not shared between threads here, and the text without locations is the
// key of the cache anyway.

#include "tools/Driver/KernelCompiler.h"

#include "dialects/Kernel/KernelOps.h"
#include "dialects/RegisterAll.h"

#include "llvm/ADT/StringExtras.h"
#include "llvm/ADT/StringSet.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/MemoryBuffer.h"
#include "llvm/Support/Path.h"
#include "llvm/Support/Process.h"
#include "llvm/Support/SHA256.h"
#include "llvm/Support/raw_ostream.h"
#include "mlir/IR/Diagnostics.h"
#include "mlir/Parser/Parser.h"

#include <array>
#include <atomic>
#include <cstdlib>
#include <thread>

using namespace mlir;

namespace lamina::driver {

namespace {

/// A kernel on its way through the workers.
struct Job {
  std::string name, text, symbol, cacheFile;
  const Backend *backend;
  Location location;
  llvm::SmallVector<char, 0> object = {};
  std::string error = {};
  bool fromCache = false;
};

} // namespace

std::string defaultCacheFolder() {
  if (const char *folder = std::getenv("LAMINA_CACHE"))
    return folder;
  llvm::SmallString<128> path;
  if (!llvm::sys::path::cache_directory(path))
    return "";
  llvm::sys::path::append(path, "lamina");
  return std::string(path);
}

static std::string hashOf(llvm::StringRef text, llvm::StringRef fingerprint) {
  llvm::SHA256 hash;
  hash.update(fingerprint);
  hash.update(text);
  std::array<uint8_t, 32> digest = hash.final();
  std::string hex;
  llvm::raw_string_ostream out(hex);
  for (uint8_t byte : llvm::ArrayRef(digest).take_front(10))
    out << llvm::format_hex_no_prefix(byte, 2);
  return hex;
}

/// The text of a kernel under a name that does not depend on the program, so
/// that equal kernels of different programs share one object.
static std::string canonicalText(Operation *kernel) {
  OwningOpRef<ModuleOp> module(ModuleOp::create(kernel->getLoc()));
  Operation *copy = kernel->clone();
  module->push_back(copy);
  SymbolTable::setSymbolName(copy, "kernel");
  std::string text;
  llvm::raw_string_ostream out(text);
  module->print(out);
  return text;
}

static bool readCache(Job &job) {
  auto buffer = llvm::MemoryBuffer::getFile(job.cacheFile, false, false);
  if (!buffer || (*buffer)->getBufferSize() == 0)
    return false;
  job.object.assign((*buffer)->getBufferStart(), (*buffer)->getBufferEnd());
  job.fromCache = true;
  return true;
}

/// Written beside the target and renamed, so that a reader never sees a part.
/// A cache that cannot be written is no error: the next build compiles again.
static void writeCache(const Job &job) {
  llvm::SmallString<128> temporary;
  int file;
  if (llvm::sys::fs::createUniqueFile(job.cacheFile + ".%%%%%%", file,
                                      temporary))
    return;
  llvm::raw_fd_ostream out(file, /*shouldClose=*/true);
  out.write(job.object.data(), job.object.size());
  out.close();
  if (out.has_error() || llvm::sys::fs::rename(temporary, job.cacheFile)) {
    out.clear_error();
    llvm::sys::fs::remove(temporary);
  }
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
  job.object = std::move(compiled->object);
}

static void work(std::vector<Job> &jobs, std::atomic<size_t> &next) {
  std::unique_ptr<MLIRContext> context;
  for (size_t i = next++; i < jobs.size(); i = next++) {
    Job &job = jobs[i];
    if (!job.cacheFile.empty() && readCache(job))
      continue;
    if (!context) {
      DialectRegistry registry;
      registerAllDialects(registry);
      context = std::make_unique<MLIRContext>(registry,
                                              MLIRContext::Threading::DISABLED);
    }
    compileOne(job, *context);
    if (job.error.empty() && !job.cacheFile.empty())
      writeCache(job);
  }
}

namespace {

/// The distinct things to compile, and who needs them.
class JobList {
public:
  explicit JobList(const KernelCompilerOptions &options) : options(options) {}

  /// Returns the symbol that the object of this kernel exports.
  std::string add(const Placement &placement, const std::string &text) {
    std::string hash = hashOf(text, placement.backend->fingerprint());
    std::string symbol = "k" + hash;
    if (!known.insert(symbol).second)
      return symbol;
    kernel::FuncOp kernel = placement.kernel;
    std::string file = options.cacheFolder.empty()
                           ? ""
                           : options.cacheFolder + "/" + hash + ".o";
    jobs.push_back({kernel.getSymName().str(), text, symbol, file,
                    placement.backend, kernel.getLoc()});
    return symbol;
  }

  std::vector<Job> jobs;

private:
  const KernelCompilerOptions &options;
  llvm::StringSet<> known;
};

} // namespace

static void compileAll(std::vector<Job> &jobs, int threads) {
  std::atomic<size_t> next{0};
  std::vector<std::thread> workers;
  for (int i = 1; i < threads; ++i)
    workers.emplace_back([&] { work(jobs, next); });
  work(jobs, next);
  for (std::thread &worker : workers)
    worker.join();
}

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

FailureOr<LinkableKernels>
compileKernels(ModuleOp module, const std::vector<CodeTarget> &targets,
               const KernelCompilerOptions &options) {
  if (!options.cacheFolder.empty())
    (void)llvm::sys::fs::create_directories(
        options.cacheFolder); // see writeCache

  LinkableKernels result;
  std::vector<std::string> texts;
  for (auto kernel : module.getOps<kernel::FuncOp>()) {
    result.names.push_back(kernel.getSymName().str());
    texts.push_back(canonicalText(kernel));
  }
  JobList list(options);
  std::vector<std::vector<std::string>> said;
  for (const CodeTarget &target : targets) {
    std::vector<Placement> placements = placeKernels(module, target);
    std::vector<std::vector<std::string>> reasons;
    for (const Placement &it : placements)
      reasons.push_back(it.reasons);
    if (reasons != said && failed(reportPlacements(placements)))
      return failure();
    said = std::move(reasons);
    std::vector<std::string> symbols;
    for (auto [placement, text] : llvm::zip(placements, texts))
      symbols.push_back(list.add(placement, text));
    result.symbols.push_back(std::move(symbols));
  }
  compileAll(list.jobs, options.threads);
  if (failed(reportErrors(list.jobs)))
    return failure();
  for (Job &job : list.jobs) {
    result.fromCache += job.fromCache;
    result.objects.push_back(std::move(job.object));
  }
  return result;
}

} // namespace lamina::driver
