// SPDX-License-Identifier: Apache-2.0
//
// A pipeline applied to its leaves.
//
// All leaves go through the places of the pipeline side by side: at a `total`
// all stop, their partial sums are added, all go on. Where a pass holds back
// some leaves, everything behind it is a branch of these leaves.

#ifndef LAMINA_PASSES_GRAPH_PIPELINEEXPANSION_H
#define LAMINA_PASSES_GRAPH_PIPELINEEXPANSION_H

#include "dialects/Optim/Counters.h"
#include "passes/Graph/LeafCode.h"

#include <map>

namespace lamina {

/// One weight on its way through the pipeline.
struct Leaf {
  unsigned number; ///< its column
  LeafCode code;
  llvm::SmallVector<optim::StageOp>
      stages; ///< null where a group leaves a place out
  LeafValue w, g, rate;
  llvm::SmallVector<llvm::SmallVector<LeafValue>> slots; ///< by place
  /// Which rows run, as far as passes to the left hold back; for each place.
  LeafValue rows;
  llvm::SmallVector<LeafValue> rowsAt;
  /// Whether the weight runs at all, where that is no branch.
  LeafValue whole;

  llvm::SmallVector<LeafValue *> getValues() {
    llvm::SmallVector<LeafValue *> values{&w, &g, &rate, &rows, &whole};
    for (auto &list : slots)
      for (LeafValue &slot : list)
        values.push_back(&slot);
    for (LeafValue &value : rowsAt)
      values.push_back(&value);
    llvm::erase_if(values, [](LeafValue *value) { return !*value; });
    return values;
  }
};

/// A stage while its ops are written.
struct Running {
  Leaf *leaf;
  mlir::Block *block;
  mlir::Block::iterator next;
  llvm::DenseMap<mlir::Value, LeafValue> values;
};

class PipelineExpansion {
public:
  PipelineExpansion(mlir::OpBuilder &builder, mlir::Location loc,
                    optim::PipelineOp pipeline,
                    llvm::ArrayRef<optim::Counter> counterList)
      : builder(&builder), loc(loc), pipeline(pipeline),
        counterList(counterList) {}

  mlir::LogicalResult run(optim::ApplyOp op, mlir::SymbolTable &symbols);
  mlir::LogicalResult runFinal(optim::FinalOp op, mlir::SymbolTable &symbols);

private:
  template <class Op>
  mlir::LogicalResult load(Op op, mlir::SymbolTable &symbols);
  mlir::LogicalResult loadLeaf(Leaf &leaf, mlir::Value weight,
                               mlir::SymbolTable &symbols);
  void loadSlots(mlir::OperandRange slots);
  mlir::LogicalResult runFrom(unsigned place, llvm::SmallVector<Leaf *> leaves);
  mlir::LogicalResult runStages(unsigned place, llvm::ArrayRef<Leaf *> leaves);
  mlir::LogicalResult addUp(llvm::MutableArrayRef<Running> running);
  mlir::LogicalResult finishStage(Running &stage, unsigned place);
  mlir::LogicalResult applyPasses(unsigned place,
                                  llvm::SmallVector<Leaf *> &leaves);
  mlir::LogicalResult branch(mlir::Value predicate, unsigned place,
                             llvm::ArrayRef<Leaf *> held);
  /// What a branch of these leaves sees, and what it gives but counters.
  llvm::SmallVector<mlir::Value *> getSeen(llvm::ArrayRef<Leaf *> held);
  llvm::SmallVector<mlir::Value *> getGiven(llvm::ArrayRef<Leaf *> held);
  /// The counters of these leaves at `place` and to the right of it.
  llvm::SmallVector<unsigned> getCounters(unsigned place,
                                          llvm::ArrayRef<Leaf *> held) const;
  mlir::Value sumOverCopies(const Leaf &leaf, const LeafValue &partial,
                            optim::TotalOp total);
  mlir::LogicalResult finish(Leaf &leaf);
  mlir::LogicalResult runAfter(Leaf &leaf, unsigned place);
  mlir::Value hold(Leaf &leaf, mlir::Value made, mlir::Value old,
                   const LeafValue &rows);

  Running begin(Leaf &leaf, unsigned place, mlir::Block *block, bool isStep);
  void runUntilTotal(Running &stage);
  bool hasSharedTotal(unsigned place, llvm::ArrayRef<Leaf *> held,
                      llvm::ArrayRef<Leaf *> all);
  mlir::Value evaluatePass(optim::StageOp stage, mlir::Value t);
  mlir::Value select(Leaf &leaf, const LeafValue &mask, mlir::Value taken,
                     mlir::Value other);
  LeafValue both(Leaf &leaf, const LeafValue &a, const LeafValue &b);
  unsigned getCounter(unsigned place, const Leaf &leaf) const;
  mlir::Value getScalar(llvm::StringRef name) const;

  mlir::OpBuilder *builder;
  mlir::Location loc;
  optim::PipelineOp pipeline;
  llvm::ArrayRef<optim::Counter> counterList;
  llvm::SmallVector<Leaf, 0> leaves;
  llvm::SmallVector<mlir::Value>
      counters; ///< as they come in, then as they go out
  llvm::SmallVector<mlir::Value>
      times; ///< t of the runs of this step; may be null
  llvm::SmallVector<mlir::Value>
      runs; ///< whether a counter counts; null: always
  std::map<std::string, mlir::Value> scalars;
  llvm::SmallVector<mlir::Type>
      weightTypes; ///< before stacks of stacks were joined
  llvm::SmallVector<mlir::Type> slotTypes;
};

} // namespace lamina

#endif // LAMINA_PASSES_GRAPH_PIPELINEEXPANSION_H
