// SPDX-License-Identifier: Apache-2.0
//
// Constants that are tables.

#ifndef LAMINA_FRONTEND_SEMA_TABLES_H
#define LAMINA_FRONTEND_SEMA_TABLES_H

#include "frontend/Sema/Evaluator.h"

namespace lamina::sema {

/// A constant's value: settings as they are, tensors computed in float64 to a
/// table. `body` are the lets that were made on the way.
Value constantTable(Evaluator &e, Value value, Statements body, Range range);

/// `--set name=text`, checked against the kind of the constant as written.
Value setConstant(Session &session, Evaluator &e, const ast::ConstDecl &decl,
                  llvm::StringRef text);

} // namespace lamina::sema

#endif // LAMINA_FRONTEND_SEMA_TABLES_H
