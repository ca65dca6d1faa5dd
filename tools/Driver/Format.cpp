// SPDX-License-Identifier: Apache-2.0
//
// Lamina fmt.

#include "frontend/AST/Format.h"

#include "frontend/Grammar/Parse.h"
#include "tools/Driver/Options.h"

#include "llvm/Support/FileSystem.h"
#include "llvm/Support/FileUtilities.h"
#include "llvm/Support/MemoryBuffer.h"
#include "llvm/Support/raw_ostream.h"

namespace lamina::driver {

/// Writes beside the file and renames, so that a full disk loses nothing.
static bool replaceFile(const std::string &path, llvm::StringRef text) {
  auto error = llvm::writeToOutput(path, [&](llvm::raw_ostream &out) {
    out << text;
    return llvm::Error::success();
  });
  if (!error)
    return true;
  llvm::errs() << "lamina: '" << path
               << "' cannot be written: " << llvm::toString(std::move(error))
               << "\n";
  return false;
}

static int formatFile(const std::string &path, bool check) {
  auto buffer = llvm::MemoryBuffer::getFileOrSTDIN(path, /*IsText=*/true);
  if (!buffer) {
    llvm::errs() << "lamina: '" << path
                 << "' cannot be read: " << buffer.getError().message() << "\n";
    return 1;
  }
  SourceManager sources;
  Diagnostics diagnostics(sources);
  llvm::StringRef before = (*buffer)->getBuffer();
  FileID file =
      sources.addText(path == "-" ? "standard input" : path, before.str());
  ast::FileAST ast = parse(file, diagnostics);
  if (!ast.isWhole || diagnostics.hasErrors()) {
    diagnostics.print(llvm::errs());
    return 1;
  }
  std::string after = lamina::format(ast, sources);
  if (path == "-") {
    llvm::outs() << after;
    return 0;
  }
  if (after == before)
    return 0;
  if (check) {
    llvm::outs() << path << "\n";
    return 1;
  }
  return replaceFile(path, after) ? 0 : 1;
}

int format(const std::vector<std::string> &files, bool check) {
  int result = 0;
  for (const std::string &path : files)
    result = std::max(result, formatFile(path, check));
  return result;
}

} // namespace lamina::driver
