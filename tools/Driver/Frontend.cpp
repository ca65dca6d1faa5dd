// SPDX-License-Identifier: Apache-2.0
//
// Source file to MODEL.

#include "frontend/Grammar/Parse.h"
#include "frontend/IRGen/IRGen.h"
#include "frontend/Sema/Sema.h"
#include "tools/Driver/Compilation.h"

#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/raw_ostream.h"

using namespace mlir;

namespace lamina::driver {

static void print(Diagnostics &diagnostics, const Options &options) {
  auto format =
      options.jsonDiagnostics ? DiagnosticFormat::JSON : DiagnosticFormat::Text;
  diagnostics.print(llvm::errs(), format, options.verbose);
}

/// Each constant that `--set` names is one of the file.
static LogicalResult checkSet(const ast::FileAST &file,
                              const Options &options) {
  std::vector<std::string> known;
  for (const ast::Decl *decl : file.decls)
    if (auto *constant = llvm::dyn_cast<ast::ConstDecl>(decl))
      known.push_back(constant->name.text.str());
  for (const auto &[name, text] : options.set) {
    if (llvm::is_contained(known, name))
      continue;
    say("--set: '" + options.input + "' has no constant '" + name + "'; " +
        (known.empty() ? "it declares none, by 'const name = value'"
                       : "its constants are " + llvm::join(known, ", ")));
    return failure();
  }
  return success();
}

FailureOr<FrontendResult> runFrontend(const Options &options,
                                      MLIRContext &context, Stage upTo) {
  SourceManager sources;
  std::string why;
  FileID file = sources.readFile(options.input, why);
  if (!file.isKnown()) {
    say("'" + options.input + "' cannot be read: " + why);
    return failure();
  }
  Diagnostics diagnostics(sources);
  FrontendResult result;
  ast::FileAST ast = parse(file, diagnostics);
  llvm::raw_string_ostream astText(result.ast);
  ast::print(ast, astText);
  if (upTo == Stage::AST) {
    print(diagnostics, options);
    return diagnostics.hasErrors()
               ? FailureOr<FrontendResult>(failure())
               : FailureOr<FrontendResult>(std::move(result));
  }

  if (!diagnostics.hasErrors() && failed(checkSet(ast, options)))
    return failure();
  std::unique_ptr<core::Program> program = analyse(
      std::move(ast), sources, {options.set, options.withTests}, diagnostics);
  print(diagnostics, options);
  if (!program || diagnostics.hasErrors())
    return failure();
  llvm::raw_string_ostream coreText(result.core);
  core::print(*program, coreText);
  if (upTo == Stage::Core)
    return result;
  result.module = irgen::emitModule(
      *program, sources, context,
      {options.precision == "float64" ? irgen::Real::F64 : irgen::Real::F32});
  return result;
}

} // namespace lamina::driver
