// SPDX-License-Identifier: Apache-2.0
//
// Any bytes as a program.
//
// No text may crash the parser. What parses formats to a text with the same
// tree, and formatting that changes nothing.

#include "frontend/AST/Format.h"
#include "frontend/Grammar/Parse.h"

#include "llvm/Support/raw_ostream.h"

#include <cstdlib>

using namespace lamina;

static std::string getTree(const ast::FileAST &ast) {
  std::string text;
  llvm::raw_string_ostream os(text);
  ast::print(ast, os);
  return text;
}

extern "C" int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  SourceManager sources;
  Diagnostics diags(sources);
  std::string text(reinterpret_cast<const char *>(data), size);
  ast::FileAST ast = parse(sources.addText("fuzz.lam", text), diags);
  if (ast.isWhole == diags.hasErrors())
    std::abort();
  std::string printed;
  llvm::raw_string_ostream os(printed);
  diags.print(os);
  if (!ast.isWhole)
    return 0;
  std::string once = format(ast, sources);
  Diagnostics others(sources);
  ast::FileAST second = parse(sources.addText("fuzz.lam", once), others);
  if (getTree(ast) != getTree(second) || format(second, sources) != once)
    std::abort();
  return 0;
}
