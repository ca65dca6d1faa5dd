// SPDX-License-Identifier: Apache-2.0
//
// Core of one function to ops.
//
// One `Emitter` walks the Core of one function: an entry, a call of a layer, an
// initial value, a stage of an optimizer. The methods stand in Emit*.cpp, one
// file for each group of Core nodes.

#ifndef LAMINA_FRONTEND_IRGEN_EMITTER_H
#define LAMINA_FRONTEND_IRGEN_EMITTER_H

#include "dialects/Model/ModelOps.h"
#include "frontend/IRGen/Emitted.h"
#include "frontend/IRGen/Surroundings.h"
#include "frontend/IRGen/TensorBuilder.h"

#include "llvm/ADT/MapVector.h"
#include "llvm/ADT/StringMap.h"

namespace lamina::irgen {

class ModuleEmitter;
class ScanBuilder;
struct FunctionInfo;

/// Where a value lives that statements may change: the own tree of a layer's
/// call, the tree of a model, a `state`, the copy of a repeated layer, a slot
/// of an optimizer. A pointer to what stands for it; null for the own tree.
using Root = const void *;

/// A pipeline at work: its leaves, slots by place, then by leaf, and a counter
/// for each place.
struct PipelineState;

class Emitter {
public:
  Emitter(ModuleEmitter &module, Surroundings &around);

  ModuleEmitter &module;
  Surroundings &around;
  TensorBuilder b;

  Emitted emit(const core::Expr *expr);
  /// A tensor of rank 0 under no index.
  mlir::Value emitScalar(const core::Expr *expr) { return emit(expr).plain(); }
  llvm::SmallVector<Emitted> emitAll(llvm::ArrayRef<core::Expr *> exprs);
  void run(llvm::ArrayRef<core::Stmt *> statements);

  //===-- Names -----------------------------------------------------------===//

  void define(const core::Local *local, Emitted value) {
    locals[local] = std::move(value);
  }
  const Emitted &get(const core::Local *local) const;
  Emitted rootValue(Root root, const core::Expr *tree);
  void setRoot(Root root, Emitted value) { roots[root] = std::move(value); }
  llvm::MapVector<Root, Emitted> roots;
  /// Gives the place that `expr` names a new value; nothing if it is no place.
  void store(const core::Expr *expr, Emitted value, llvm::StringRef field = "");

  //===-- Indices and axes ------------------------------------------------===//

  const Types &types() const { return b.types; }
  /// Makes an index known; its axis stands behind those bound before.
  void bind(const core::IndexVar *index) {
    order.try_emplace(index, order.size());
  }
  /// The same, and what is emitted from now on is under the index.
  void open(const core::IndexVar *index);
  void close(unsigned count) { scope.pop_back_n(count); }
  SizeExpr extent(const core::IndexVar *index) const {
    return types().size(index->extent);
  }
  Sizes ambientSizes(llvm::ArrayRef<const core::IndexVar *> ambient) const;
  Ambient unite(const Ambient &a, const Ambient &b) const;
  Ambient ambientOf(llvm::ArrayRef<Emitted> values) const;
  int64_t axisOf(llvm::ArrayRef<const core::IndexVar *> ambient,
                 const core::IndexVar *index) const;
  /// The value with the axes of `target` in front and its own axes at those
  /// places of `own` that `alignment` says.
  mlir::Value align(const Emitted &x,
                    llvm::ArrayRef<const core::IndexVar *> target,
                    llvm::ArrayRef<unsigned> alignment,
                    llvm::ArrayRef<SizeExpr> own);
  /// The same with all own axes in place.
  mlir::Value align(const Emitted &x,
                    llvm::ArrayRef<const core::IndexVar *> target);
  /// The axes of `first` in front of all others.
  mlir::Value bringToFront(const Emitted &x, const Ambient &first);
  /// A tensor with the axes of two sets of indices in front, put in their
  /// order.
  Emitted inOrder(mlir::Value x, const Ambient &first, const Ambient &second);

  //===-- Values ----------------------------------------------------------===//

  mlir::Value arithmetic(core::Primitive primitive,
                         llvm::ArrayRef<mlir::Value> operands,
                         mlir::Type element,
                         llvm::ArrayRef<core::Expr *> written = {});
  /// Reduces `axes` of `x`, of which only those count where `where` is true.
  /// `where` may be null; it has the shape of `x`.
  mlir::Value fold(core::FoldKind kind, mlir::Value x, mlir::Value where,
                   llvm::ArrayRef<int64_t> axes, mlir::Type element);
  mlir::Value softmax(mlir::Value x, mlir::Value where,
                      llvm::ArrayRef<int64_t> axes);
  /// A whole number without indices but those of loops, as i64 of rank 0.
  mlir::Value emitDim(core::Dim dim);
  Emitted choose(const Emitted &condition, const Emitted &yes,
                 const Emitted &no);
  Emitted bothTrue(const Emitted &a, const Emitted &c);
  /// Whether a position without indices but those of loops is inside of a
  /// ragged size, for each sample: with an axis for the samples, or under that
  /// of `indices` that counts them. Nothing if the size is the same for all.
  Emitted isInside(core::Dim position, core::Dim size, const Ambient &indices);
  /// The row of `x` that the round of a loop around reads, or null.
  mlir::Value rowOfRound(mlir::Value x, unsigned axis, core::Dim position);
  /// The value with the elements that `type` has: whole numbers become reals.
  Emitted cast(Emitted x, const core::Type &type);

  /// The tensors and trees of a value, in order, with the axes of `ambient`.
  void flatten(const Emitted &x, const Ambient &ambient,
               llvm::SmallVectorImpl<mlir::Value> &values);
  /// The other way round; takes from the front of `values`.
  Emitted unflatten(const Emitted &like, const Ambient &ambient,
                    mlir::ValueRange &values);
  Emitted unflatten(const core::Type &type, const Ambient &ambient,
                    mlir::ValueRange &values);

  //===-- Trees -----------------------------------------------------------===//

  /// One value for each param below the tree's slot.
  Emitted explode(const Emitted &tree);
  /// One `!model.tree`.
  mlir::Value implode(const Emitted &tree);
  mlir::Value leafOf(mlir::Value tree, llvm::StringRef path, mlir::Type type);
  mlir::Value treeWith(mlir::Value tree, llvm::StringRef path,
                       mlir::Value value);
  Emitted gradientOf(const Emitted &of, const Emitted &wrt);

  struct CallResult {
    Emitted result;
    mlir::Value tree; ///< with the new states, if there are any
  };
  CallResult callFunction(const core::FunctionInstance &callee,
                          const Emitted &tree, llvm::ArrayRef<Emitted> args,
                          llvm::ArrayRef<Emitted> captures);

  //===-- Optimizers (EmitPipeline.cpp) -----------------------------------===//

  /// One step of a pipeline on the weights of `tree` against `loss`. Puts the
  /// new slots and counters into `state`.
  Emitted applyPipeline(const core::PipelineInstance &pipeline, Emitted tree,
                        mlir::Value loss, PipelineState &state);
  /// The weights that evaluation uses, in order of the leaves.
  mlir::ValueRange finalWeights(const core::PipelineInstance &pipeline,
                                mlir::ValueRange weights,
                                const PipelineState &state);

  /// Calls start the weights that look at their arguments.
  bool firstBatch = false;
  /// Rounds of the loops around, outermost first: the end of a draw's key.
  llvm::SmallVector<mlir::Value, 2> rounds;
  llvm::SmallVector<ScanBuilder *> loops; ///< innermost last
  /// Lengths of ragged sizes, and rounds of loops that have ended.
  llvm::DenseMap<const core::Atom *, Emitted> lengthValues;
  llvm::DenseMap<const core::IndexVar *, mlir::Value> loopValues;

private:
  /// The indices of a draw: those whose axes its key has, and all.
  struct DrawScope {
    mlir::Value key;
    Ambient keyed, all;
  };
  struct Place {
    Root root;
    std::string path;
  };

#define EXPR(KIND) Emitted emit##KIND(const core::KIND *e);
#include "frontend/Core/Core.def"

  Emitted dispatch(const core::Expr *expr);
  mlir::Value emitAtom(const core::Atom &atom, core::DimContext &context);
  mlir::Value alignCondition(const Emitted &where, const core::Expr *written,
                             const core::Expr *body, const Ambient &all,
                             mlir::Value x);
  Emitted chooseTree(const Emitted &condition, const Emitted &yes,
                     const Emitted &no);
  Emitted mapTensors(const Emitted &x,
                     llvm::function_ref<Emitted(const Emitted &)> map);
  Emitted shapeOf(const core::Type &type);

  // Ragged.cpp
  const core::Atom *raggedAtom(core::Dim dim) const;
  const Emitted &lengths(const core::Atom *ragged);
  Emitted lengthsUnder(const core::Atom *ragged,
                       llvm::ArrayRef<const core::IndexVar *> indices);
  static bool isAlongSamples(core::Dim dim, const core::Atom &ragged);
  Emitted insideOf(const core::IndexVar *index);
  Emitted insideOf(const Emitted &x, const core::Type &type, unsigned axis,
                   const core::Atom *ragged);
  Emitted insideOfRound(const core::IndexVar *index);
  llvm::SmallVector<RaggedAxis, 2> raggedAxes(const Ambient &ambient,
                                              const core::Type &type);
  mlir::Value hidePadding(mlir::Value x, llvm::ArrayRef<RaggedAxis> axes);
  Emitted hidePadding(Emitted x, const core::Type &type);
  Emitted insideOfRead(const core::Element &e, const Emitted &base);
  Emitted readElement(const core::Element *e);
  mlir::Value reverseAxis(const Emitted &x, const core::Type &type,
                          unsigned axis);

  // EmitFold.cpp
  Emitted insideOfFold(const core::Fold &e, Emitted where,
                       llvm::ArrayRef<Ambient> factors);
  Emitted emitFactors(const core::Elementwise *e,
                      llvm::SmallVectorImpl<Ambient> &factors);

  // EmitLoop.cpp
  mlir::Value roundValue(const core::Loop &loop, mlir::Value round);
  Emitted frozen(const core::Loop &loop, const core::Type &type,
                 const Emitted &next, const Emitted &old);
  mlir::Value placeRounds(mlir::Value stack, unsigned numAmbient,
                          unsigned axis);
  std::vector<Emitted> loopParts(const core::Loop &loop,
                                 llvm::ArrayRef<Emitted> starts,
                                 mlir::ValueRange carried,
                                 mlir::ValueRange stacks,
                                 const Ambient &ambient);
  void emitRound(const core::Loop &loop, const Ambient &ambient,
                 llvm::SmallVectorImpl<mlir::Value> &next,
                 llvm::SmallVectorImpl<mlir::Value> &rows);
  void defineRounds(const core::Loop &loop, mlir::Value rounds,
                    const SizeExpr &trip);

  // EmitTree.cpp, EmitGradient.cpp
  std::optional<Place> placeOf(const core::Expr *expr) const;
  core::Slot *partOf(const core::Slot &slot, core::Symbol name);
  Emitted treeArithmetic(core::Primitive primitive,
                         llvm::ArrayRef<Emitted> operands);
  Emitted tensorArithmetic(core::Primitive primitive,
                           llvm::ArrayRef<Emitted> operands);
  Emitted dotProduct(const Emitted &a, const Emitted &c);
  std::optional<Emitted> liftGradient(const core::Gradient *e);

  std::pair<mlir::Value, mlir::Value>
  filterWeight(const core::Slot::Filter &filter, mlir::Value weight,
               mlir::Value tree);

  // EmitCall.cpp
  void appendExtras(const FunctionInfo &info,
                    llvm::SmallVectorImpl<mlir::Value> &operands);
  Emitted emitInverse(const core::Derived *e);
  Emitted emitBegin(const core::Derived *e);
  Emitted emitNext(const core::Derived *e);
  mlir::Value startOf(const core::StageInstance &stage,
                      const core::StageInstance::SlotInit &slot,
                      const struct Weight &weight, mlir::Value value);
  bool startSlots(const core::PipelineInstance &pipeline, const Emitted &tree,
                  const PipelineState &state,
                  llvm::SmallVectorImpl<mlir::Value> &inits);
  mlir::ArrayAttr scalarsOf(const core::PipelineInstance &pipeline,
                            llvm::SmallVectorImpl<mlir::Value> &values);
  mlir::Type fullInput(const core::Derived *begin);
  unsigned resultAxis(const core::Derived &begin);

  // EmitShape.cpp, EmitAlgebra.cpp
  Emitted emitFactorisation(const core::Structured *e,
                            llvm::ArrayRef<Emitted> operands);

  // EmitRandom.cpp
  mlir::Value emitDistribution(const core::Draw *e, const DrawScope &scope);
  mlir::Value emitCategorical(const core::Draw *e, const DrawScope &scope);
  mlir::Value emitElements(graph::Distribution distribution,
                           const core::Draw *e, llvm::ArrayRef<SizeExpr> sizes,
                           const DrawScope &scope);
  mlir::Value drawParam(const core::Draw *e, unsigned number,
                        const DrawScope &scope, llvm::ArrayRef<SizeExpr> own);
  mlir::Value emitWholeUniform(const core::Draw *e, mlir::Value uniform,
                               llvm::function_ref<mlir::Value(unsigned)> param);
  Emitted emitGiven(const core::Draw *e, const core::Expr *given);

  // EmitStmt.cpp
  void runStatement(const core::Stmt *s);
  void runUpdate(const core::Update *s);
  void runGuarded(const core::Guarded *s);
  void runAssert(const core::Assert *s);
  Emitted within(const core::Assert *s);

  llvm::DenseMap<const core::Local *, Emitted> locals;
  llvm::DenseMap<const core::IndexVar *, unsigned> order;
  Ambient scope; ///< indices that what is emitted now is under, outermost first
  /// Calls so far of each function on each tree, so that two of them draw
  /// apart.
  llvm::StringMap<unsigned> callCounts;
};

} // namespace lamina::irgen

#endif // LAMINA_FRONTEND_IRGEN_EMITTER_H
