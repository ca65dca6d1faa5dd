// SPDX-License-Identifier: Apache-2.0
//
// Run passes on Lamina's IR.
//
// Reads IR of any stage, runs the passes named on the command line, prints the
// result. The tool of the tests and of people who write passes. Plugins are
// loaded before the command line is read, so that each of their passes is a
// flag, as those of Lamina are; one that cannot be loaded ends the run.

#include "dialects/RegisterAll.h"
#include "passes/Plugin.h"
#include "passes/RegisterAll.h"

#include "llvm/Support/raw_ostream.h"
#include "mlir/Tools/mlir-opt/MlirOptMain.h"
#include "mlir/Transforms/Passes.h"

/// Loads what `--load-pass-plugin` names. MLIR comes by the flag once more,
/// finds the passes registered, and is content.
static bool loadPlugins(llvm::ArrayRef<char *> words) {
  for (size_t i = 0; i < words.size(); ++i) {
    llvm::StringRef path = words[i];
    if (!path.consume_front("--load-pass-plugin") &&
        !path.consume_front("-load-pass-plugin"))
      continue;
    if (!path.consume_front("=")) {
      if (!path.empty() || i + 1 == words.size())
        continue;
      path = words[++i];
    }
    if (auto error = lamina::loadPassPlugin(path.str())) {
      llvm::errs() << "lamina-opt: " << llvm::toString(std::move(error))
                   << "\n";
      return false;
    }
  }
  return true;
}

int main(int argc, char **argv) {
  mlir::DialectRegistry registry;
  lamina::registerAllDialects(registry);
  lamina::registerAllPasses();
  mlir::registerTransformsPasses();
  if (!loadPlugins(llvm::ArrayRef(argv + 1, size_t(argc - 1))))
    return 1;
  return mlir::asMainReturnCode(
      mlir::MlirOptMain(argc, argv, "Lamina's optimizer driver\n", registry));
}
