// SPDX-License-Identifier: Apache-2.0
//
// A program run by the oracle.
//
// The same command line, data and checkpoints as of a built program; only the
// entries are interpreted, in double or rounding as their types say, from the
// graph that the kernels were made of.

#include "backends/Reference/ReferenceEngine.h"
#include "tools/Driver/Compilation.h"
#include "tools/Driver/TapeView.h"

using namespace mlir;

namespace lamina::driver {

int runOnReference(Compilation &compilation,
                   const std::vector<std::string> &arguments,
                   const Oracle &oracle) {
  if (failed(compilation.lowerTo(oracle.stage)))
    return 1;
  OwningOpRef<ModuleOp> played = compilation.module().clone();
  std::string tape;
  llvm::raw_string_ostream out(tape);
  if (failed(compilation.lowerTo(Stage::Planned)) ||
      failed(compilation.printStage(Stage::Tape, out)))
    return 1;

  std::string name = compilation.stem();
  std::vector<char *> argv = {name.data()};
  std::vector<std::string> copies = arguments;
  for (std::string &it : copies)
    argv.push_back(it.data());
  argv.push_back(nullptr);
  return runtime::runProgram(
      int(argv.size()) - 1, argv.data(), tape.data(), tape.size(),
      reference::makeReferenceEngine(
          std::move(played), TapeView(tape).sizeNames(),
          oracle.isTyped ? reference::Rounding::Typed
                         : reference::Rounding::Float64));
}

} // namespace lamina::driver
