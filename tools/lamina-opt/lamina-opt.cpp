// SPDX-License-Identifier: Apache-2.0
//
// Run passes on Lamina's IR.
//
// Reads IR of any stage, runs the passes named on the command line, prints the
// result. The tool of the tests and of people who write passes.

#include "dialects/RegisterAll.h"
#include "passes/RegisterAll.h"

#include "mlir/Tools/mlir-opt/MlirOptMain.h"
#include "mlir/Transforms/Passes.h"

int main(int argc, char **argv) {
  mlir::DialectRegistry registry;
  lamina::registerAllDialects(registry);
  lamina::registerAllPasses();
  mlir::registerTransformsPasses();
  return mlir::asMainReturnCode(
      mlir::MlirOptMain(argc, argv, "Lamina's optimizer driver\n", registry));
}
