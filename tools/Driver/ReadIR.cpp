// SPDX-License-Identifier: Apache-2.0
//
// IR that a compilation continues from.
//
// File and stage of `--from` -> module. That the file is what the flag says is
// checked here, for all passes behind.

#include "tools/Driver/Compilation.h"

#include "llvm/Support/ConvertUTF.h"
#include "llvm/Support/MemoryBuffer.h"
#include "mlir/Parser/Parser.h"
#include "mlir/Pass/PassManager.h"

using namespace mlir;

namespace lamina::driver {

static bool isText(llvm::StringRef bytes) {
  auto *begin = reinterpret_cast<const llvm::UTF8 *>(bytes.begin());
  auto *end = reinterpret_cast<const llvm::UTF8 *>(bytes.end());
  return !bytes.contains('\0') && llvm::isLegalUTF8String(&begin, end);
}

/// What the parser stopped at, for people who write IR, stands behind a
/// sentence of ours: all others have given the wrong file.
LogicalResult Compilation::parseIR(bool showLines) {
  std::vector<Diagnostic> found;
  {
    ScopedDiagnosticHandler collect(&context, [&](Diagnostic &diagnostic) {
      found.push_back(std::move(diagnostic));
      return success();
    });
    ir = parseSourceFile<ModuleOp>(sources, ParserConfig(&context));
  }
  if (ir && !ir->getBody()->empty())
    return success();
  const char *stage = info(*options.from).name;
  say("--from: '" + options.input + "' is read as IR of the stage " + stage +
      (ir ? ", and holds none" : ", which it is not") +
      "; 'lamina build --emit=" + stage +
      "' makes such a file of a .lam file, which itself takes no --from");
  for (const Diagnostic &diagnostic : found)
    diagnostics->emitDiagnostic(diagnostic.getLocation(), diagnostic.str(),
                                DiagnosticSeverity::Note, showLines);
  return failure();
}

LogicalResult Compilation::readIR() {
  auto buffer =
      llvm::MemoryBuffer::getFileOrSTDIN(options.input, /*IsText=*/true);
  if (!buffer) {
    say("'" + options.input +
        "' cannot be read: " + buffer.getError().message());
    return failure();
  }
  bool showLines = isText((*buffer)->getBuffer());
  sources.AddNewSourceBuffer(std::move(*buffer), llvm::SMLoc());
  at = options.from;
  return failed(parseIR(showLines)) ? failure() : verifyIR();
}

/// The file is what `--from` says: passes and the tape rely on it. (MODEL is
/// verified by its own pipeline.)
LogicalResult Compilation::verifyIR() {
  PassManager passes(&context, ModuleOp::getOperationName());
  const char *pipeline = *at == Stage::Graph    ? "verify-graph"
                         : *at == Stage::Kernel ? "verify-kernel"
                         : *at == Stage::Planned
                             ? "verify-kernel,verify-planned"
                             : "";
  if (failed(parsePassPipeline(pipeline, passes, llvm::errs())))
    return failure();
  return passes.run(*ir);
}

} // namespace lamina::driver
