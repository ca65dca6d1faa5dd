// SPDX-License-Identifier: Apache-2.0
//
// Evaluation of one loop.

#ifndef LAMINA_FRONTEND_SEMA_LOOPBUILDER_H
#define LAMINA_FRONTEND_SEMA_LOOPBUILDER_H

#include "frontend/Sema/Evaluator.h"

namespace lamina::sema {

class LoopBuilder {
public:
  LoopBuilder(Evaluator &e, const ast::ForStmt *stmt, Dim low, Dim extent)
      : e(e), stmt(stmt), low(low), extent(extent) {}

  bool build();

private:
  /// A name that goes from round to round, and its value before the loop.
  struct Carried {
    Symbol name;
    Value value;
    bool moved = false;
    Range range;
  };
  struct Round {
    std::vector<core::Loop::Carry> locals;
    std::vector<core::Loop::Collected> collected;
    std::vector<Symbol> failed;
    std::vector<Value> after; ///< of each carry
    Statements body;
    core::Expr *until = nullptr;
  };

  void findCarries();
  bool isCollected(Symbol name);
  bool learn();
  void dropBounds();
  bool widen(Value &value, const Value &after, bool &moved);
  bool widenBounds(Value &value, const core::Elem &given, bool &moved);
  Value retyped(const Value &value, core::Elem elem);
  Round runBody();
  void makeIndex(Scope &inner);
  void readUntil(Round &round);
  bool collect(const ast::Target &target, const ast::Expr *value, Round &round);
  int placeOfIndex(const ast::Target &target) const;
  Value valueOfRound(const ast::Target &target, int place,
                     const ast::Expr *value, bool isSliced);
  bool findNexts(Round &round);
  void bindErrors(const Round &round);
  bool evaluate();
  core::Expr *next(const core::Loop::Carry &carry, core::Expr *value,
                   Symbol name);
  Value asLocals(const Value &value, Symbol name,
                 std::vector<core::Loop::Carry> &out);
  void flatten(const Value &shape, const Value &value,
               std::vector<core::Expr *> &out);
  size_t leavesOf(const Value &value);
  Value rebuilt(const Value &value, const std::vector<Value> &parts,
                size_t &at);
  void bindResults(core::Loop &node);
  void bind(Symbol name, Value value);

  Evaluator &e;
  const ast::ForStmt *stmt;
  Dim low, extent;
  core::IndexVar *index = nullptr;
  std::vector<Carried> carries;
};

} // namespace lamina::sema

#endif // LAMINA_FRONTEND_SEMA_LOOPBUILDER_H
