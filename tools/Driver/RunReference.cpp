//===- RunReference.cpp - A program run by the oracle ---------------------===//
//
// SPDX-License-Identifier: Apache-2.0
//
// The graph is kept for the interpreter; the way on to the tape is gone for what
// the runtime reads of it: sizes, data, training plans. No kernel is compiled.
//
//===----------------------------------------------------------------------===//

#include "tools/Driver/Compilation.h"

#include "backends/Reference/ReferenceEngine.h"
#include "dialects/Program/ProgramOps.h"

#include "llvm/Support/raw_ostream.h"

namespace lamina::driver {

int runOnReference(Compilation &compilation, const std::vector<std::string> &arguments) {
  if (failed(compilation.lowerTo(Stage::Graph)))
    return 1;
  mlir::OwningOpRef<mlir::ModuleOp> graph = compilation.module().clone();
  std::vector<std::string> sizes;
  for (auto dim : graph->getOps<program::DimOp>())
    sizes.push_back(dim.getSymName().str());

  std::string tape;
  llvm::raw_string_ostream out(tape);
  if (failed(compilation.lowerTo(Stage::Planned)) || failed(compilation.printStage(Stage::Tape, out)))
    return 1;

  std::string name = compilation.stem();
  std::vector<std::string> words;
  for (const std::string &argument : arguments)
    if (argument != "--" || !words.empty())
      words.push_back(argument);
  std::vector<char *> argv = {name.data()};
  for (std::string &word : words)
    argv.push_back(word.data());
  int count = int(argv.size());
  argv.push_back(nullptr);
  return runtime::runProgram(count, argv.data(), tape.data(), tape.size(),
                             reference::makeReferenceEngine(std::move(graph), std::move(sizes)));
}

} // namespace lamina::driver
