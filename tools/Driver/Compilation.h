// SPDX-License-Identifier: Apache-2.0
//
// One file on its way to a program.

#ifndef LAMINA_TOOLS_DRIVER_COMPILATION_H
#define LAMINA_TOOLS_DRIVER_COMPILATION_H

#include "tools/Driver/ChooseBackends.h"
#include "tools/Driver/KernelCompiler.h"
#include "tools/Driver/Options.h"

#include "llvm/Support/SourceMgr.h"
#include "mlir/IR/MLIRContext.h"
#include "mlir/IR/OwningOpRef.h"

#include <chrono>
#include <map>
#include <memory>

namespace lamina::driver {

/// A line on standard error, in the name of the compiler.
void say(const llvm::Twine &message);

/// Takes one input through the stages. Each step says on standard error what
/// is wrong and returns failure; after that nothing more is asked of the
/// object.
class Compilation {
public:
  explicit Compilation(const Options &options);
  ~Compilation();

  /// Checks the flags that name things of ours and loads plugins, before any
  /// other work; what fails is misuse of a flag.
  mlir::LogicalResult prepare();

  /// Brings the module to `stage` (model … planned), from the source or from
  /// the IR that `--from` names, and writes the dumps on the way.
  mlir::LogicalResult lowerTo(Stage stage);

  /// Writes one stage's text to `out`. The module must be at that stage, or
  /// behind it for the ones that are not IR.
  mlir::LogicalResult printStage(Stage stage, llvm::raw_ostream &out);

  /// Compiles the kernels of a planned module and links them to `output`.
  mlir::LogicalResult linkTo(const std::string &output, Stage stage);

  mlir::ModuleOp module() { return ir.get(); }
  const std::vector<CodeTarget> &targets() const { return codeTargets; }
  const std::vector<CodeTarget> &deviceTargets() const { return devices; }
  void printTiming() const;

  /// Whether a module of samples and functions is made, not a program.
  bool isForWasm() const;

  /// A name for what the input turns into: "char_gpt" for "x/char_gpt.lam".
  std::string stem() const;

private:
  mlir::LogicalResult loadPlugins();
  mlir::LogicalResult readInput(Stage upTo);
  mlir::LogicalResult readIR();
  mlir::LogicalResult parseIR(bool showLines);
  mlir::LogicalResult verifyIR();
  mlir::LogicalResult checkKeptWeights();
  mlir::LogicalResult runPasses(Stage stage);
  mlir::LogicalResult dump(Stage stage);
  mlir::LogicalResult writeTape();
  mlir::LogicalResult attachSchedules();
  void record(const char *what);
  mlir::LogicalResult checkModuleFlags();
  mlir::LogicalResult checkHooks();
  llvm::Expected<llvm::SmallVector<char, 0>>
  buildFrame(const LinkableKernels &kernels, Stage stage);

  const Options &options;
  mlir::MLIRContext context;
  llvm::SourceMgr sources;
  std::unique_ptr<mlir::SourceMgrDiagnosticHandler> diagnostics;
  std::vector<CodeTarget> codeTargets;
  std::vector<CodeTarget> devices; ///< beside the processors
  mlir::OwningOpRef<mlir::ModuleOp> ir;
  std::optional<Stage> at;
  bool hasSchedules = false;
  /// What is to be said of kernels where their code is printed.
  std::map<std::string, std::string> notes;
  std::string astText, coreText, tape, constants;
  std::vector<std::pair<std::string, double>> times;
  std::chrono::steady_clock::time_point last;
};

/// Source file -> MODEL module, or what is there at `upTo`
/// (tools/Driver/Frontend.cpp).
struct FrontendResult {
  mlir::OwningOpRef<mlir::ModuleOp> module;
  std::string ast, core;
};
mlir::FailureOr<FrontendResult>
runFrontend(const Options &options, mlir::MLIRContext &context, Stage upTo);

/// Interprets the module of a stage (tools/Driver/RunReference.cpp).
int runOnReference(Compilation &compilation,
                   const std::vector<std::string> &arguments,
                   const Oracle &oracle);

} // namespace lamina::driver

#endif // LAMINA_TOOLS_DRIVER_COMPILATION_H
