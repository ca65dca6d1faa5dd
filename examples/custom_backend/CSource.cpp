// SPDX-License-Identifier: Apache-2.0
//
// A backend that writes C, in a shared library.
//
// Simple kernels become C, which the system's compiler turns into objects; all
// others are declined, and go to the next backend of `--backend=c_source,cpu`.

#include "backends/Plugin.h"

#include "llvm/Config/llvm-config.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/FileUtilities.h"
#include "llvm/Support/MemoryBuffer.h"
#include "llvm/Support/Program.h"
#include "llvm/TargetParser/Host.h"
#include "llvm/TargetParser/Triple.h"

#include "WriteKernel.h"

using namespace lamina;
using mlir::failure;

namespace {

class CSourceBackend : public Backend {
public:
  CSourceBackend(const TargetModel &host, std::string compiler)
      : host(host), compiler(std::move(compiler)) {}

  llvm::StringRef name() const override { return "c_source"; }
  const TargetModel &target() const override { return host; }
  std::string fingerprint() const override { return "c_source 1 " + compiler; }

  Verdict canCompile(kernel::FuncOp kernel) const override {
    CText text = writeKernel(kernel);
    return text.why.empty() ? Verdict::yes() : Verdict::no(text.why);
  }

  mlir::FailureOr<CompiledKernel> compile(kernel::FuncOp kernel) const override;

private:
  mlir::LogicalResult compileFile(kernel::FuncOp kernel, llvm::StringRef source,
                                  llvm::StringRef object) const;

  TargetModel host;
  std::string compiler;
};

} // namespace

mlir::LogicalResult CSourceBackend::compileFile(kernel::FuncOp kernel,
                                                llvm::StringRef source,
                                                llvm::StringRef object) const {
  // Fused products would round once where the other backends may round twice.
  llvm::SmallVector<llvm::StringRef> words = {
      compiler, "-O2",  "-fPIC", "-ffp-contract=off",
      "-c",     source, "-o",    object};
  std::string message;
  if (llvm::sys::ExecuteAndWait(compiler, words, std::nullopt, {}, 0, 0,
                                &message) == 0)
    return mlir::success();
  return kernel.emitError("'")
         << compiler << "' does not compile what c_source wrote for it"
         << (message.empty() ? "" : ": ") << message;
}

mlir::FailureOr<CompiledKernel>
CSourceBackend::compile(kernel::FuncOp kernel) const {
  llvm::SmallString<128> source, object;
  if (llvm::sys::fs::createTemporaryFile("c_source", "c", source) ||
      llvm::sys::fs::createTemporaryFile("c_source", "o", object))
    return kernel.emitError("c_source can make no temporary file"), failure();
  llvm::FileRemover removeSource(source), removeObject(object);
  std::error_code error;
  llvm::raw_fd_ostream(source, error) << writeKernel(kernel).code;
  if (error)
    return kernel.emitError("c_source cannot write its file: ")
               << error.message(),
           failure();
  if (failed(compileFile(kernel, source, object)))
    return failure();
  auto bytes = llvm::MemoryBuffer::getFile(object);
  if (!bytes)
    return kernel.emitError("c_source cannot read its object"), failure();
  CompiledKernel compiled{kernel.getSymName().str(), {}};
  compiled.object.assign((*bytes)->getBufferStart(), (*bytes)->getBufferEnd());
  return compiled;
}

/// The system's C compiler, or the one that Lamina itself is built with.
static llvm::Expected<std::string> findCompiler() {
  for (llvm::StringRef name : {"cc", "clang-22", "clang", "gcc"})
    if (auto path = llvm::sys::findProgramByName(name))
      return *path;
  return llvm::createStringError(
      "--backend: c_source finds no C compiler: 'cc', 'clang' or 'gcc'");
}

static llvm::Expected<std::unique_ptr<Backend>>
createCSource(const TargetModel &host) {
  llvm::Triple own(llvm::sys::getDefaultTargetTriple());
  if (llvm::Triple(host.triple).getArch() != own.getArch())
    return llvm::createStringError(
        "--target: c_source compiles with this machine's 'cc' only");
  auto compiler = findCompiler();
  if (!compiler)
    return compiler.takeError();
  return std::make_unique<CSourceBackend>(host, *compiler);
}

extern "C" BackendPlugin laminaGetBackendPlugin() {
  return {LAMINA_BACKEND_API_VERSION, LLVM_VERSION_STRING, "c_source",
          [](BackendRegistry &registry) {
            registry.add("c_source", createCSource);
          }};
}
