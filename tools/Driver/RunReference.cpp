//===- RunReference.cpp - A program run by the oracle ---------------------===//
//
// SPDX-License-Identifier: Apache-2.0
//
//===----------------------------------------------------------------------===//

#include "tools/Driver/Compilation.h"

namespace lamina::driver {

int runOnReference(Compilation &compilation, const std::vector<std::string> &arguments) {
  llvm::errs() << "lamina: the reference backend is not linked yet\n";
  return 1;
}

} // namespace lamina::driver
