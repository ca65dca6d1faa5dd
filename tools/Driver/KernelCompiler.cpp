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
  Location location;
  llvm::SmallVector<char, 0> object;
  std::string error;
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

static void compileOne(Job &job, MLIRContext &context, const Backend &backend) {
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
  for (Operation &op : module->getOps())
    SymbolTable::setSymbolName(&op, job.symbol);
  if (!backend.canCompile(*module, job.error))
    return;
  auto compiled = backend.compile(*module);
  if (failed(compiled)) {
    job.error = messages.empty() ? "no reason given" : messages;
    return;
  }
  job.object = std::move(compiled->object);
}

static void work(std::vector<Job> &jobs, std::atomic<size_t> &next,
                 const KernelCompilerOptions &options) {
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
    compileOne(job, *context, *options.backend);
    if (job.error.empty() && !job.cacheFile.empty())
      writeCache(job);
  }
}

static std::vector<Job> collect(ModuleOp module,
                                const KernelCompilerOptions &options) {
  std::vector<Job> jobs;
  std::string fingerprint = options.backend->fingerprint();
  for (auto kernel : module.getOps<kernel::FuncOp>()) {
    Job job{kernel.getSymName().str(),
            canonicalText(kernel),
            "",
            "",
            kernel.getLoc(),
            {},
            "",
            false};
    std::string hash = hashOf(job.text, fingerprint);
    job.symbol = "k" + hash;
    if (!options.cacheFolder.empty())
      job.cacheFile = options.cacheFolder + "/" + hash + ".o";
    jobs.push_back(std::move(job));
  }
  return jobs;
}

FailureOr<std::vector<LinkableKernel>>
compileKernels(ModuleOp module, const KernelCompilerOptions &options) {
  if (!options.cacheFolder.empty())
    (void)llvm::sys::fs::create_directories(
        options.cacheFolder); // see writeCache
  std::vector<Job> jobs = collect(module, options);

  std::atomic<size_t> next{0};
  std::vector<std::thread> workers;
  for (int i = 1; i < options.threads; ++i)
    workers.emplace_back([&] { work(jobs, next, options); });
  work(jobs, next, options);
  for (std::thread &worker : workers)
    worker.join();

  std::vector<LinkableKernel> kernels;
  bool good = true;
  for (Job &job : jobs) {
    if (!job.error.empty()) {
      emitError(job.location)
          << "no backend compiles kernel '" << job.name << "': " << job.error;
      good = false;
      continue;
    }
    kernels.push_back(
        {job.name, job.symbol, std::move(job.object), job.fromCache});
  }
  if (!good)
    return failure();
  return kernels;
}

} // namespace lamina::driver
