// SPDX-License-Identifier: Apache-2.0
//
// Calls of `run`, `run.next`, `run.last` and its rows: a layer, position by
// position, with what it keeps between them.

#ifndef LAMINA_FRONTEND_SEMA_RUNS_H
#define LAMINA_FRONTEND_SEMA_RUNS_H

#include "frontend/Sema/Evaluator.h"

namespace lamina::sema {

class Runs {
public:
  explicit Runs(Evaluator &e) : e(e) {}

  Value begin(const Value &callee, Args args, Range range);
  Value next(const Value &run, Args args, Range range);
  Value last(const Value &run, Range range);
  Value rows(const Value &run, const ast::IndexExpr *expr);

private:
  Evaluator &e;
};

} // namespace lamina::sema

#endif // LAMINA_FRONTEND_SEMA_RUNS_H
