// SPDX-License-Identifier: Apache-2.0
//
// Bodies of MODEL as ops of GRAPH.
//
// Writes the body of an entry anew: a tree becomes the values of its leaves, a
// call the body of its callee. The old body is only read. This is a walk and
// not a dialect conversion, because what a draw's key is made of, the way to
// the tree that is called, is known only along the chain of calls.

#ifndef LAMINA_PASSES_MODEL_EXPANDER_H
#define LAMINA_PASSES_MODEL_EXPANDER_H

#include "dialects/Graph/GraphOps.h"
#include "dialects/Model/TreeLayout.h"
#include "passes/Model/Draws.h"

#include "mlir/Dialect/Func/IR/FuncOps.h"

namespace lamina {

/// Values from outside that isolated regions of one op have asked for. They are
/// the last arguments of each of its blocks, in this order.
struct Captures {
  llvm::SmallVector<mlir::Block *, 2> blocks;
  llvm::SmallVector<mlir::Value> outer;
};

/// The entry's body, or an isolated region in it.
struct Scope {
  Scope *parent = nullptr;
  Captures *captures = nullptr; ///< null in the entry's body
  mlir::Block *block = nullptr;
  mlir::Value index; ///< the round, if the region is the body of a loop
};

/// A value of MODEL: the leaves of a tree, or one tensor.
struct Expanded {
  llvm::SmallVector<mlir::Value> values;
  /// For trees, the way from the function's own tree to this one.
  DrawPath way;
};

/// One activation of a function.
struct Frame {
  DrawPath path; ///< what leads to it
  llvm::DenseMap<mlir::Value, Expanded> values;
  llvm::SmallVector<Scope *> loops; ///< the loops of this function around
};

class Expander {
public:
  Expander(mlir::ModuleOp module, const model::TreeLayout &layout,
           mlir::SymbolTableCollection &symbols, bool isTraining)
      : module(module), layout(layout), symbols(symbols),
        isTraining(isTraining) {}

  /// The types that a value of MODEL becomes.
  llvm::SmallVector<mlir::Type> expandType(mlir::Type type) const;

  /// Writes what `function` does with `args` at the builder's place and gives
  /// what it returns. `key` is the entry's key, made when a draw asks for it.
  mlir::FailureOr<llvm::SmallVector<Expanded>>
  expandEntry(mlir::OpBuilder &builder, mlir::func::FuncOp function,
              llvm::ArrayRef<Expanded> args, Scope &scope,
              llvm::function_ref<mlir::Value()> key);

private:
  mlir::FailureOr<llvm::SmallVector<Expanded>>
  inlineFunction(mlir::Operation *call, mlir::func::FuncOp callee,
                 llvm::SmallVector<Expanded> args, DrawPath path, Scope &scope);
  /// Expands all ops but the terminator and gives its operands.
  mlir::FailureOr<llvm::SmallVector<Expanded>>
  expandBlock(mlir::Block &block, Frame &frame, Scope &scope);
  mlir::LogicalResult expandOp(mlir::Operation &op, Frame &frame, Scope &scope);

  mlir::LogicalResult expandLeaf(model::LeafOp op, Frame &frame);
  mlir::LogicalResult expandPart(model::PartOp op, Frame &frame);
  mlir::LogicalResult expandWith(model::WithOp op, Frame &frame);
  mlir::LogicalResult expandPack(model::PackOp op, Frame &frame);
  mlir::LogicalResult expandKey(model::KeyOp op, Frame &frame, Scope &scope);
  mlir::LogicalResult expandCall(model::CallOp op, Frame &frame, Scope &scope);
  mlir::LogicalResult expandCall(mlir::func::CallOp op, Frame &frame,
                                 Scope &scope);
  mlir::LogicalResult expandScan(graph::ScanOp op, Frame &frame, Scope &scope);
  struct ScanParts;
  void bindScan(graph::ScanOp op, Frame &frame, ScanParts &parts);
  mlir::LogicalResult writeScan(graph::ScanOp op, Frame &frame,
                                ScanParts &parts);
  graph::ScanOp finishScan(graph::ScanOp op, Frame &frame, ScanParts &parts);
  void bindScanResults(graph::ScanOp op, graph::ScanOp scan, Frame &frame,
                       ScanParts &parts);
  mlir::LogicalResult expandBranch(mlir::Region &branch, Frame &frame,
                                   Scope &inner,
                                   llvm::SmallVectorImpl<mlir::Value> &yielded);
  mlir::LogicalResult expandCond(graph::CondOp op, Frame &frame, Scope &scope);
  mlir::LogicalResult expandGradient(graph::GradientOp op, Frame &frame);
  mlir::LogicalResult expandPushforward(graph::PushforwardOp op, Frame &frame);
  mlir::LogicalResult expandPlain(mlir::Operation &op, Frame &frame);

  /// The leaves of a tree that derivatives are of; the tensor itself.
  llvm::SmallVector<bool> getDifferentiated(mlir::Type type) const;
  /// `value`, which stands in `from`, as it is seen in `to`.
  mlir::Value capture(mlir::Value value, Scope *from, Scope *to);
  /// The rounds of the loops of a frame, but of those on the way itself.
  void addRounds(DrawPath &path, const Frame &frame, const DrawPath &way) const;
  Expanded &bind(Frame &frame, mlir::Value value,
                 llvm::ArrayRef<mlir::Value> values, DrawPath way = {});
  llvm::SmallVector<mlir::Value> flatten(Frame &frame,
                                         mlir::ValueRange values) const;
  /// Binds results one after the other to as many of `values` as they have
  /// leaves. A tree stands where the first of `origins` of its type stands.
  void bindResults(Frame &frame, mlir::ValueRange results,
                   llvm::ArrayRef<mlir::Value> values,
                   mlir::ValueRange origins);
  /// Adds an argument for each leaf of `value` to `block`.
  void bindArguments(Frame &frame, mlir::Block *block, mlir::Value value,
                     mlir::TypeRange types, DrawPath way);

  mlir::ModuleOp module;
  const model::TreeLayout &layout;
  mlir::SymbolTableCollection &symbols;
  bool isTraining;
  mlir::OpBuilder *builder = nullptr;
  Scope *entry = nullptr;
  llvm::function_ref<mlir::Value()> makeKey;
  llvm::SmallVector<mlir::Operation *> active; ///< the functions being inlined
};

} // namespace lamina

#endif // LAMINA_PASSES_MODEL_EXPANDER_H
