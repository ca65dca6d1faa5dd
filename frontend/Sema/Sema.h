// SPDX-License-Identifier: Apache-2.0
//
// From syntax trees to Core.
//
// The one header that the driver includes.

#ifndef LAMINA_FRONTEND_SEMA_SEMA_H
#define LAMINA_FRONTEND_SEMA_SEMA_H

#include "frontend/AST/AST.h"
#include "frontend/Core/Program.h"
#include "frontend/Source/Diagnostic.h"

#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace lamina {

struct SemaOptions {
  /// `--set name=value`, in order.
  std::vector<std::pair<std::string, std::string>> constants;
  /// Tests are entries too.
  bool tests = false;
};

/// Evaluates every entry of a parsed file on abstract values. `sources` gets
/// the files that are imported. Null if there were errors; all were reported.
std::unique_ptr<core::Program> analyse(ast::FileAST file,
                                       SourceManager &sources,
                                       const SemaOptions &options,
                                       Diagnostics &diags);

} // namespace lamina

#endif // LAMINA_FRONTEND_SEMA_SEMA_H
