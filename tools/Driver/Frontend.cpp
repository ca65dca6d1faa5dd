// SPDX-License-Identifier: Apache-2.0
//
// Source file to MODEL.

#include "frontend/Grammar/Parse.h"
#include "frontend/IRGen/IRGen.h"
#include "frontend/Sema/Sema.h"
#include "tools/Driver/Compilation.h"

#include "llvm/Support/raw_ostream.h"

using namespace mlir;

namespace lamina::driver {

static void print(Diagnostics &diagnostics, const Options &options) {
  auto format =
      options.jsonDiagnostics ? DiagnosticFormat::JSON : DiagnosticFormat::Text;
  diagnostics.print(llvm::errs(), format, options.verbose);
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
