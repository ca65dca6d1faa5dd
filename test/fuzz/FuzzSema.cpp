// SPDX-License-Identifier: Apache-2.0
//
// Any bytes as a program that is checked.
//
// Whatever parses, and whatever of a broken file still does, goes through the
// evaluator: Core or diagnostics come out, never both, never a crash.

#include "frontend/Grammar/Parse.h"
#include "frontend/Sema/Sema.h"

#include "llvm/Support/raw_ostream.h"

#include <cstdlib>

using namespace lamina;

extern "C" int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  SourceManager sources;
  Diagnostics diags(sources);
  std::string text(reinterpret_cast<const char *>(data), size);
  ast::FileAST ast = parse(sources.addText("fuzz.lam", text), diags);
  SemaOptions options;
  options.tests = true;
  auto program = analyse(std::move(ast), sources, options, diags);
  if (bool(program) == diags.hasErrors())
    std::abort();
  std::string printed;
  llvm::raw_string_ostream os(printed);
  diags.print(os);
  return 0;
}
