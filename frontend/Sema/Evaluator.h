//===- Evaluator.h - Sema's one evaluator ----------------------*- C++ -*-===//
//
// SPDX-License-Identifier: Apache-2.0
//
// Runs bodies once on abstract values: settings are computed, run-time values
// become Core. Functions are written out where they are called; calls of layers
// with weights become calls of instances.
//
// For program entries (Train, Tests, DataPlans …): make a `Context` and a
// `FrameScope`, enter both with `Entry`, run statements with `run` or your own
// loop over `statement`, and read results with `runTime`.
//
//===----------------------------------------------------------------------===//

#ifndef LAMINA_FRONTEND_SEMA_EVALUATOR_H
#define LAMINA_FRONTEND_SEMA_EVALUATOR_H

#include "frontend/Sema/Session.h"

#include "llvm/ADT/SaveAndRestore.h"

namespace lamina::sema {

using Statements = std::vector<core::Stmt *>;

/// One argument of a call, evaluated.
struct EvaluatedArg {
  Symbol name;            ///< empty if by position
  Value value;
  const ast::Expr *over = nullptr;
  const ast::Expr *source = nullptr;
  Range range;
};
using Args = std::vector<EvaluatedArg>;

class Evaluator {
public:
  explicit Evaluator(Session &session);

  Session &session;
  core::Program &program;
  core::DimContext &dims;

  //===-- Where evaluation stands --------------------------------------===//
  Scope *scope = nullptr;
  FrameScope *frame = nullptr;
  Context *context = nullptr;
  Statements *statements = nullptr;  ///< where lets are appended
  std::vector<Dim> facts;            ///< each is >= 0 here
  std::vector<Symbol> drawPath;      ///< names below the instance or entry
  unsigned modelVersion = 0;         ///< `minimize`s above, in a train body
  bool inData = false;               ///< texts and `.name` are allowed
  /// Called for statements that only some entries have (items of train bodies,
  /// `given`, `assert` …); returns false if it does not know the statement.
  std::function<bool(const ast::Stmt *)> entryStatement;
  /// Called for `.name` in data lines.
  std::function<Value(const ast::RecordExpr *)> recordField;
  /// Called for a call of a name that only data knows (`encode`, `number` …),
  /// before anything else; none if it is not one.
  std::function<std::optional<Value>(const ast::CallExpr *)> dataCall;

  /// Enters a frame in a context with a statement list; leaves on destruction.
  struct Entry {
    Entry(Evaluator &e, Context *context, FrameScope *frame, Statements *out);
    llvm::SaveAndRestore<Scope *> scope;
    llvm::SaveAndRestore<FrameScope *> frame;
    llvm::SaveAndRestore<Context *> context;
    llvm::SaveAndRestore<Statements *> statements;
    llvm::SaveAndRestore<std::vector<Symbol>> drawPath;
  };

  //===-- Expressions (EvaluateExpr.cpp) --------------------------------===//
  Value evaluate(const ast::Expr *expr);
  /// A run-time value; numbers and truths become constants, lists tensors.
  core::Expr *runTime(const Value &value, Range range);
  core::Expr *runTime(const ast::Expr *expr);
  /// Looks a name up, captures it if it belongs to another body.
  std::optional<Value> lookUp(Symbol name);
  Value nameValue(const ast::NameExpr *expr);
  Value member(const ast::MemberExpr *expr);
  Value memberOf(const Value &base, ast::Name member, Range range);

  /// Known when compiling, or an error at `range` that says `why`.
  std::optional<int64_t> forceWhole(const Value &value, Range range, llvm::StringRef why);
  std::optional<double> forceNumber(const Value &value, Range range, llvm::StringRef why);
  std::optional<bool> forceTruth(const Value &value, Range range, llvm::StringRef why);
  std::optional<std::string> forceText(const Value &value, Range range, llvm::StringRef why);
  /// What a condition is while compiling, if anything.
  std::optional<bool> decided(const Value &condition);

  //===-- Statements (EvaluateStmt.cpp) ----------------------------------===//
  /// Runs a body; the value of its last expression statement.
  Value run(llvm::ArrayRef<ast::Stmt *> body);
  Value body(const ast::Body &body);
  void statement(const ast::Stmt *stmt);
  void define(const ast::DefineStmt *stmt);
  void bindTarget(const ast::Target &target, Value value, Range range);
  void defineField(const ast::FieldStmt *stmt);
  void update(const ast::UpdateStmt *stmt);
  void loop(const ast::ForStmt *stmt);       // Loops.cpp
  void loopOver(const ast::ForStmt *stmt, const std::vector<Value> &items);
  /// Binds a name to a value; a run-time value gets a Let.
  void bindName(Symbol name, Value value, Range range);
  Value let(Symbol name, core::Expr *expr, Range range);
  Value runTimeValue(core::Expr *expr, Dim exact = {});

  //===-- Elementwise, meeting (Meet.cpp, Elementwise.cpp) ----------------===//
  Value binary(core::Primitive op, const Value &a, const Value &b, Range range,
               const ast::Expr *left = nullptr, const ast::Expr *right = nullptr);
  Value unary(core::Primitive op, const Value &a, Range range);
  Value elementwise(core::Primitive op, llvm::ArrayRef<Value> operands, Range range,
                    llvm::ArrayRef<const ast::Expr *> sources = {});
  Value choose(const Value &condition, const Value &yes, const Value &no, Range range,
               const ast::ChoiceExpr *source = nullptr);
  /// The axes of operands that meet; none after a diagnostic.
  std::optional<llvm::SmallVector<core::Axis, 4>>
  meet(llvm::ArrayRef<core::Type> types, llvm::ArrayRef<core::Alignment *> alignments,
       Range range, llvm::ArrayRef<const ast::Expr *> sources);
  bool same(Dim a, Dim b);
  /// Value bounds of a whole result, by interval rules on dims.
  core::Elem arithmeticElem(core::Primitive op, llvm::ArrayRef<core::Elem> elems,
                            llvm::ArrayRef<Dim> exact);
  core::Expr *broadcast(core::Expr *expr, llvm::ArrayRef<core::Axis> axes, Range range);
  core::Expr *convert(core::Expr *expr, core::Elem::Kind kind);
  core::Expr *constant(double value, core::Elem::Kind kind, Range range);
  core::Expr *sizeOf(Dim dim, Range range);

  //===-- Types and signatures (Bind.cpp) --------------------------------===//
  /// A dimension as written, in the current scope.
  Dim dimension(const ast::Expr *expr, bool mayBind);
  /// A type all of whose names are known, but for new ones, which `fresh` makes.
  core::Type resolve(const ast::Type *type,
                     std::function<Dim(Symbol, Range)> fresh = nullptr);
  /// Matches an argument against a parameter's type; the value inside the frame.
  Value bindParameter(FrameScope &callee, const ast::Parameter &parameter, Value argument,
                      Range range, llvm::StringRef callee_);
  /// Checks a value against a declared type (result or local): by size; the value
  /// with the declared dims and names. New names are bound in `scope`.
  Value declare(Value value, const ast::Type *type, Range range, Rule rule,
                bool isResult);
  /// A result in the dims of the caller.
  Value back(FrameScope &callee, Value value);
  core::Type backType(FrameScope &callee, const core::Type &type);

  //===-- over (Over.cpp) ------------------------------------------------===//
  std::optional<llvm::SmallVector<unsigned, 4>> axesOver(const core::Type &type,
                                                         const ast::Expr *over,
                                                         const ast::Expr *source);
  Value reduce(core::FoldKind kind, const Value &operand, const ast::Expr *over,
               const ast::Expr *source, Range range);

  //===-- Calls (EvaluateCall.cpp) ----------------------------------------===//
  Value call(const ast::CallExpr *expr);
  Value apply(const Value &callee, Args args, Range range);
  Value applyFunction(const Value &callee, Args args, Range range);
  Value applyLambda(const Value &callee, Args args, Range range);
  Args arguments(const ast::CallExpr *expr);
  /// Writes a function out: binds `args`, evaluates the body, translates back.
  Value inlineFunction(const Value &callee, Args &args, Range range,
                       const core::Type *drawnAs = nullptr);
  /// A partial call; none if nothing is missing.
  std::optional<Value> partial(const Value &callee, const Args &args, Range range);

  //===-- Indexed definitions (Indexed.cpp, Ranges.cpp) -------------------===//
  Value indexed(const ast::IndexExpr *expr);
  Value tabulate(Symbol name, const ast::Brackets &left, const ast::Expr *value,
                 Range range);
  Value fold(core::FoldKind kind, const ast::Brackets &brackets, const ast::Expr *body,
             Range range);
  Value softmaxAt(const ast::Brackets &brackets, const ast::Expr *body, Range range);
  Value access(const Value &base, const ast::Brackets &brackets, Range range,
               const ast::Expr *source);

  //===-- Masks (Masks.cpp) ----------------------------------------------===//
  Value applyMask(const Value &mask, llvm::ArrayRef<Value> positions, Range range,
                  const Value *score = nullptr);

  //===-- Layers (Layers.cpp, Instances.cpp, Weights.cpp, Trees.cpp) --------===//
  /// A place for the weights of a layer value.
  Value makeField(const Value &layer, Symbol name, core::Expr *tree, Range range);
  FieldInfo *fieldInfo(const Value &layer, Symbol name, Range range);
  Value callField(const Value &field, Symbol call, Args args, Range range);
  Value callChain(const Value &field, Args args, Range range);
  Value callRepeat(const Value &field, Args args, Range range);
  Value layerMember(LayerState &layer, Symbol name, Range range);
  Value modelValue(const ast::LayerDecl *decl, FileScope *file);
  Value derived(const Value &field, Symbol call, Symbol what, Args args, Range range);
  Value treeArith(core::Primitive op, llvm::ArrayRef<Value> operands, Range range);
  Value gradient(const ast::CallExpr *expr);

  //===-- Draws (Draws.cpp) ------------------------------------------------===//
  /// `name: type ~ value`: a primitive, or a function with a result type.
  Value draw(Symbol name, const core::Type &type, const ast::Expr *distribution,
             Range range);

  //===-- Proofs (Prove.h on the facts of here) -----------------------------===//
  bool provesNotNegative(Dim goal);
  /// Adds what a condition says, if it holds (or does not).
  void assume(const ast::Expr *condition, bool holds);
  void assumeValue(const core::Expr *condition, bool holds);
  Dim exactOf(const Value &value);

  Diagnostic &report(Rule rule, Range range, const llvm::Twine &text) {
    return session.report(rule, range, text);
  }
  Value notSupported(Range range, const llvm::Twine &what);
  std::string text(const ast::Expr *expr);

private:
  friend class Indexing;
  unsigned depth = 0; ///< of calls, against endless recursion
  llvm::MapVector<const ast::Expr *, Value> hoisted; ///< bases that no index changes
};

} // namespace lamina::sema

#endif // LAMINA_FRONTEND_SEMA_EVALUATOR_H
