// SPDX-License-Identifier: Apache-2.0
//
// Sema's one evaluator.
//
// Runs bodies once on abstract values: settings are computed, run-time values
// become Core. Functions are written out where they are called; calls of layers
// with weights become calls of instances.
//
// For program entries (Train, Tests, DataPlans …): make a `Context` and a
// `FrameScope`, enter both with `Entry`, run statements with `run` or your own
// loop over `statement`, and read results with `runTime`.

#ifndef LAMINA_FRONTEND_SEMA_EVALUATOR_H
#define LAMINA_FRONTEND_SEMA_EVALUATOR_H

#include "frontend/Sema/EvaluationState.h"

#include "llvm/Support/SaveAndRestore.h"

namespace lamina::sema {

/// One argument of a call, evaluated.
struct EvaluatedArg {
  Symbol name; ///< empty if by position
  Value value;
  const ast::Expr *over = nullptr;
  const ast::Expr *source = nullptr;
  Range range;
};
using Args = std::vector<EvaluatedArg>;

struct LayerCall;

class Evaluator : public EvaluationState {
public:
  using EvaluationState::EvaluationState;

  /// Enters a frame in a context with a statement list; leaves on destruction.
  struct Entry {
    Entry(Evaluator &e, Context *context, FrameScope *frame, Statements *out);
    llvm::SaveAndRestore<Scope *> scope;
    llvm::SaveAndRestore<FrameScope *> frame;
    llvm::SaveAndRestore<Context *> context;
    llvm::SaveAndRestore<Statements *> statements;
    llvm::SaveAndRestore<std::vector<Symbol>> drawPath;
    llvm::SaveAndRestore<std::vector<FrameScope *>> frames;
    // What the body around does with its own statements and indices is no
    // matter of this one.
    llvm::SaveAndRestore<std::function<bool(const ast::Stmt *)>> entryStatement;
    llvm::SaveAndRestore<
        std::function<bool(const ast::Target &, const ast::Expr *)>>
        collected;
    llvm::SaveAndRestore<llvm::SmallVector<core::IndexVar *, 4>> packIndices;
  };
  /// The equality that `condition` says, if it holds; ends with this object.
  struct Equality {
    Equality(Evaluator &e, const ast::Expr *condition, bool holds);
    ~Equality();
    /// The value with the right dim of the equality written as the left one.
    Value applied(Value value);
    Evaluator &e;
    size_t count;
  };

  // Expressions (EvaluateExpr.cpp)
  Value evaluate(const ast::Expr *expr);
  /// A run-time value; numbers and truths become constants, lists tensors.
  core::Expr *runTime(const Value &value, Range range);
  core::Expr *runTime(const ast::Expr *expr);
  core::Expr *stack(const Value &list, Range range);
  Value tuple(std::vector<Value> items, std::vector<Symbol> names, Range range);
  /// The parts of a tuple or list, of settings or of run-time values.
  std::vector<Value> elements(const Value &value, Range range);
  /// Looks a name up, captures it if it belongs to another body.
  std::optional<Value> lookUp(Symbol name);
  Value nameValue(const ast::NameExpr *expr);
  void reportNoTensor(const Value &value, Range range);
  Value unknownName(const ast::NameExpr *expr);
  FileScope *currentFile();
  /// A run-time value of another body, as a capture of this one.
  Value imported(const Value &value);
  Symbol symbolOf(const core::Expr *expr);
  Value member(const ast::MemberExpr *expr);
  Value memberOf(const Value &base, ast::Name member, Range range);
  Value chainPart(const ast::Expr *expr);
  Value pipelineOrFilter(const ast::PipelineExpr *expr);

  /// Known when compiling, or an error at `range` that says `why`.
  std::optional<int64_t> forceWhole(const Value &value, Range range,
                                    llvm::StringRef why);
  std::optional<double> forceNumber(const Value &value, Range range,
                                    llvm::StringRef why);
  std::optional<bool> forceTruth(const Value &value, Range range,
                                 llvm::StringRef why);
  std::optional<std::string> forceText(const Value &value, Range range,
                                       llvm::StringRef why);
  /// What a condition is while compiling, if anything.
  std::optional<bool> decided(const Value &condition);

  // Statements (EvaluateStmt.cpp, Loops.cpp)
  /// Runs a body; the value of its last expression statement.
  Value run(llvm::ArrayRef<ast::Stmt *> body);
  Value body(const ast::Body &body);
  void statement(const ast::Stmt *stmt);
  void define(const ast::DefineStmt *stmt);
  void bindTarget(const ast::Target &target, Value value, Range range);
  void defineField(const ast::FieldStmt *stmt);
  Value localField(const Value &layer, ast::Name name);
  void update(const ast::UpdateStmt *stmt);
  void loop(const ast::ForStmt *stmt);
  void loopOver(const ast::ForStmt *stmt, const std::vector<Value> &items);
  bool loopRange(const ast::ForStmt *stmt, Dim &low, Dim &extent);
  /// Binds a name to a value; a run-time value gets a Let.
  void bindName(Symbol name, Value value, Range range);
  /// The value under a name of Core, so that it is computed once.
  Value named(Symbol name, Value value, Range range);
  Value let(Symbol name, core::Expr *expr, Range range);
  Value runTimeValue(core::Expr *expr, Dim exact = {});
  /// Statements that were made inside, around their result.
  core::Expr *block(Statements inner, core::Expr *result, Range range);

  // Elementwise, meeting (Elementwise.cpp, Meet.cpp)
  Value binary(core::Primitive op, const Value &a, const Value &b, Range range,
               const ast::Expr *left = nullptr,
               const ast::Expr *right = nullptr);
  Value unary(core::Primitive op, const Value &a, Range range);
  Value elementwise(core::Primitive op, llvm::ArrayRef<Value> operands,
                    Range range,
                    llvm::ArrayRef<const ast::Expr *> sources = {});
  Value elementwiseOn(core::Primitive op, core::Exprs exprs, Range range,
                      llvm::ArrayRef<const ast::Expr *> sources);
  std::optional<Value> compareSizes(core::Primitive op, Dim a, Dim b,
                                    Range range);
  Value choose(const Value &condition, const Value &yes, const Value &no,
               Range range, const ast::ChoiceExpr *source = nullptr);
  /// The axes of operands that meet; none after a diagnostic.
  std::optional<llvm::SmallVector<core::Axis, 4>>
  meet(llvm::ArrayRef<core::Type> types,
       llvm::ArrayRef<core::Alignment *> alignments, Range range,
       llvm::ArrayRef<const ast::Expr *> sources);
  bool same(Dim a, Dim b);
  core::Elem arithmeticElem(core::Primitive op,
                            llvm::ArrayRef<core::Elem> elems);
  core::Elem withoutIndices(core::Elem elem,
                            llvm::ArrayRef<core::IndexVar *> indices);
  core::Expr *convert(core::Expr *expr, core::Elem::Kind kind);
  core::Expr *constant(double value, core::Elem::Kind kind, Range range);
  core::Expr *sizeOf(Dim dim, Range range);
  Value matmul(const Value &left, const Value &right,
               const ast::BinaryExpr *expr);

  // Types and signatures (Bind.cpp, Translate.cpp)
  Dim dimensionOf(const Value &value);
  /// A dimension as written; null if a name in it is new (nothing is reported).
  Dim knownDimension(const ast::Expr *expr);
  ast::Name newName(const ast::Expr *expr);
  void bindDimension(Scope &in, ast::Name name, Dim dim);
  bool findPrimitiveNamed(Symbol name);
  /// The setting of the bodies around that has this name; null if it is another
  /// kind of name.
  Binding *settingOf(Symbol name);
  void reportNoSize(ast::Name name);
  bool isSettingInError(const ast::Expr *expr);
  /// A type all of whose names are known, but for new ones, which `fresh`
  /// makes.
  core::Type resolve(const ast::Type *type,
                     std::function<Dim(ast::Name)> fresh = nullptr);
  bool bindSignature(FrameScope &callee, llvm::StringRef name,
                     std::vector<struct BoundArg> &args);
  /// Checks a value against a declared type (result or local): by size; the
  /// value with the declared dims and names. New names are bound in `scope`.
  Value declare(Value value, const ast::Type *type, Range range, Rule rule,
                bool isResult);
  Value declareTuple(Value value, const ast::TupleType &type, Range range,
                     Rule rule, bool isResult);
  core::Expr *shaped(core::Expr *expr, const core::Type &type, Range range);
  core::Expr *withElem(core::Expr *expr, const ast::TensorType &type,
                       const core::Elem &declared, Range range, Rule rule);
  core::Expr *retype(core::Expr *expr, const core::Type &type);
  /// A result in the dims of the caller.
  Value back(FrameScope &callee, Value value);
  Dim backDim(FrameScope &callee, Dim dim);
  core::Type backType(llvm::ArrayRef<std::pair<Dim, Dim>> pairs,
                      const core::Type &type);

  // over (Over.cpp)
  std::optional<unsigned> axisOver(const core::Type &type,
                                   const ast::Expr *over,
                                   const ast::Expr *source);
  std::optional<llvm::SmallVector<unsigned, 4>>
  axesOver(const core::Type &type, const ast::Expr *over,
           const ast::Expr *source);
  Value reduce(core::FoldKind kind, const Value &operand, const ast::Expr *over,
               const ast::Expr *source, Range range);
  Value reduceAxes(core::FoldKind kind, core::Expr *expr,
                   llvm::ArrayRef<unsigned> axes, Range range);
  std::optional<core::Elem>
  foldElem(core::FoldKind kind, const core::Elem &elem, Dim count, Range range);

  // Calls (EvaluateCall.cpp, Forms.cpp)
  Value call(const ast::CallExpr *expr);
  Value apply(const Value &callee, Args args, Range range);
  Value applyFunction(const Value &callee, Args args, Range range);
  Value applyLambda(const Value &callee, Args args, Range range);
  std::optional<Value> partialCall(const Value &field, const Args &args,
                                   Range range);
  Value applyChain(const Value &callee, Args args, Range range);
  Value applyPrimitive(const Value &callee, Args args, Range range);
  Args arguments(const ast::CallExpr *expr);
  bool takes(const Value &callee, Symbol name);
  Value giveSettings(const Value &callee, Args args, Range range);
  /// Writes a function out: binds the arguments, evaluates the body, translates
  /// back. `drawnAs` is the type on the left of `~`.
  Value inlineFunction(const Value &callee, std::vector<struct BoundArg> &bound,
                       Range range, const core::Type *drawnAs = nullptr);
  Value primitiveValue(const struct PrimitiveInfo *info);
  Value primitiveCall(const struct PrimitiveInfo *info, const Value &callee,
                      const ast::CallExpr *expr);

  // Indexed definitions (Indexed.cpp, Access.cpp)
  Value indexed(const ast::IndexExpr *expr);
  Value tabulate(Symbol name, const ast::Brackets &left, const ast::Expr *value,
                 Range range);
  Value fold(core::FoldKind kind, const ast::Brackets &brackets,
             const ast::Expr *body, Range range);
  Value softmaxAt(const ast::Brackets &brackets, const ast::Expr *body,
                  Range range);
  Value access(const Value &base, const ast::Brackets &brackets, Range range,
               const ast::Expr *source);

  // Layers (Layers.cpp, Weights.cpp, Trees.cpp)
  FieldInfo *fieldInfo(const Value &layer, Symbol name, Range range);
  /// The field of `info` whose weights are `tree`.
  Value fieldValue(FieldInfo *info, core::Expr *tree, Range range,
                   const Value *layer = nullptr);
  Value callField(const Value &field, Symbol call, Args args, Range range);
  Value part(const Value &field, unsigned position, Range range);

  // Draws (Draws.cpp)
  void defineDraw(const ast::DefineStmt *stmt);
  /// `name: type ~ distribution`: a primitive, or a function with a result
  /// type.
  Value draw(Symbol name, const core::Type &type, const ast::Expr *distribution,
             Range range);
  Symbol drawName(Symbol name, Range range);

  // Proofs (Conditions.cpp)
  bool provesNotNegative(Dim goal);
  /// Adds what a condition says to `facts`, if it holds (or does not).
  void assumeValue(const core::Expr *condition, bool holds);
  /// A whole number as a dim over indices and values; null for other types.
  Dim exactOf(const core::Expr *expr);
  /// What a let gave its local; null for parameters and the like.
  const core::Expr *madeOf(const core::Local *local) const {
    return localValues.lookup(local);
  }
  /// A field's elements, bounded by the conditions of filters above `plan`.
  core::Elem filteredElem(core::DataPlan &plan, const core::DataField &field);
  /// What a scalar local stands for; null if it is no let.
  const core::Expr *valueOf(const core::Local *local);

  /// A mistake inside the library is reported at the user's call, once a call.
  Diagnostic &report(Rule rule, Range range, const llvm::Twine &text);
  /// Notes where the names of operands come from.
  void noteOrigins(Diagnostic &diag, llvm::ArrayRef<const ast::Expr *> sources);
  /// Warns where an index is used as if it were the size of its dimension.
  void warnIndexAsSize(const ast::Expr *expr);
  bool dependsOn(const core::Expr *expr, const core::Local *local);
  Value notSupported(Range range, const llvm::Twine &what);
  std::string text(const ast::Expr *expr);

  /// Of values, so that equal settings and calls share instances.
  std::string keyOf(const Value &value);
  std::string keyOf(const core::Type &type);

  // Parts of the above, for the classes beside this one
  Value importInto(const Value &value, Context *into);
  Value captureOf(const Value &value, Context *into, size_t position);
  Dim computeExact(const core::Expr *expr);

  std::optional<Value> indexedCall(const ast::IndexExpr *callee,
                                   const ast::CallExpr *expr);
  Value
  tabulateOver(class Indexing &indexing,
               llvm::ArrayRef<llvm::SmallVector<core::IndexVar *, 2>> groups,
               const ast::Expr *value, Range range);
  void splitLets(Statements &inner, core::Fold &fold, Range range);
  Value itemOf(const Value &list, int64_t place, const ast::IndexExpr *expr);
  Args withGiven(const Callable &callable, Args args);

  void boundConversion(core::Expr *result, core::Expr *x);

  Value treeField(const Value &tree, Range range);
};

} // namespace lamina::sema

#endif // LAMINA_FRONTEND_SEMA_EVALUATOR_H
