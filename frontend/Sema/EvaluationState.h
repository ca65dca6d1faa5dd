// SPDX-License-Identifier: Apache-2.0
//
// Where evaluation stands, and what it has found so far.
//
// The frame, context and list of statements that are entered, the hooks that
// entries and data set for their own words, and what is kept so that equal
// calls share instances. `Evaluator` and the classes beside it work on it.

#ifndef LAMINA_FRONTEND_SEMA_EVALUATIONSTATE_H
#define LAMINA_FRONTEND_SEMA_EVALUATIONSTATE_H

#include "frontend/Sema/Session.h"

#include "llvm/ADT/DenseMap.h"
#include "llvm/ADT/DenseSet.h"

#include <functional>
#include <map>

namespace lamina::sema {

using Statements = std::vector<core::Stmt *>;

struct EvaluationState {
  explicit EvaluationState(Session &session);

  Session &session;
  core::Program &program;
  core::DimContext &dims;

  // Where evaluation stands
  Scope *scope = nullptr;
  FrameScope *frame = nullptr;
  Context *context = nullptr;
  Statements *statements = nullptr; ///< where lets are appended
  std::vector<Dim> facts;           ///< each is >= 0 here
  std::vector<Symbol> drawPath;     ///< names below the instance or entry
  unsigned modelVersion = 0;        ///< `minimize`s above, in a train body
  bool inData = false;              ///< texts and `.name` are allowed
  /// Called for statements that only some entries have (items of train bodies,
  /// `given`, `assert` …); returns false if it does not know the statement.
  std::function<bool(const ast::Stmt *)> entryStatement;
  /// Called for `.name` in data lines.
  std::function<Value(const ast::RecordExpr *)> recordField;
  /// Called for a call of a name that only data knows (`encode`, `number` …),
  /// before anything else; none if it is not one.
  std::function<std::optional<Value>(const ast::CallExpr *)> dataCall;

  std::vector<FrameScope *> frames; ///< entered and not left, outermost first

  /// Called for `[…]` that only data knows (cuts and items of texts and lists),
  /// before anything else; none if it is not one.
  std::function<std::optional<Value>(const ast::IndexExpr *)> dataIndex;
  /// Called for operators that data also has on texts (`==`, `and`, `not` …),
  /// before anything else; none if nothing of the record is compared.
  std::function<std::optional<Value>(const ast::Expr *)> dataText;
  /// Called for a definition in a loop whose brackets may hold its index.
  std::function<bool(const ast::Target &, const ast::Expr *)> collected;
  /// Called for a dimension that a drawn type names first (`[batch]` …).
  std::function<Dim(ast::Name)> freshDimension;
  /// States of the entry that is evaluated; local layers are added.
  std::vector<core::TrainState *> *entryStates = nullptr;
  std::map<std::pair<Context *, std::string>, unsigned> drawCounts;
  /// Two dims that a condition decided while compiling makes one.
  std::vector<std::pair<Dim, Dim>> equalities;
  /// Indices that stand for `...` in the definition around.
  llvm::SmallVector<core::IndexVar *, 4> packIndices;
  llvm::MapVector<const ast::Expr *, Value>
      hoisted; ///< bases that no index changes

  /// Lengths of ragged sizes that are known when compiling.
  llvm::DenseMap<const core::Atom *, std::vector<int64_t>> knownLengths;

  unsigned depth = 0; ///< of calls, against endless recursion
  llvm::DenseMap<const core::Expr *, Dim> exactValues;
  llvm::StringMap<Dim> exactByKey;
  llvm::DenseSet<unsigned>
      reportedCalls; ///< of the library, with a mistake inside
  llvm::DenseMap<const core::Local *, const core::Expr *>
      localValues; ///< of lets
  std::vector<FieldInfo *> filteredFields;
  llvm::DenseMap<const core::Slot *, FieldInfo *> fieldsBySlot;
  llvm::DenseMap<LayerState *, FieldInfo *> selfInfos;
  llvm::DenseMap<const ast::LayerDecl *, FieldInfo *> modelInfos;
  std::map<std::tuple<const ast::LayerDecl *, Context *, unsigned>, Value>
      modelTrees;
  std::map<std::pair<FrameScope *, Symbol>, core::Expr *> weightPlaces;
  llvm::DenseMap<const core::FunctionInstance *, std::vector<Value>>
      captureSources;
  llvm::DenseSet<const core::FunctionInstance *> evaluatingInstances;
};

} // namespace lamina::sema

#endif // LAMINA_FRONTEND_SEMA_EVALUATIONSTATE_H
