// SPDX-License-Identifier: Apache-2.0
//
// The step of a stage of training.

#ifndef LAMINA_FRONTEND_IRGEN_TRAINENTRY_H
#define LAMINA_FRONTEND_IRGEN_TRAINENTRY_H

#include "frontend/IRGen/Entry.h"

#include <deque>

namespace lamina::irgen {

/// A slot or a counter; its address is its root.
struct TrainVariable {
  std::string name;
  mlir::RankedTensorType type;
};

/// One `minimize` of the text: its leaves, and slots by place, then by leaf.
struct MinimizeSite {
  llvm::SmallVector<Weight> weights;
  llvm::SmallVector<const TrainVariable *> slots, counters;
};

class TrainEntry : public FeedingEntry {
public:
  TrainEntry(ModuleEmitter &module, const core::TrainPlan &plan,
             const core::StagePlan &stage, llvm::StringRef name);
  mlir::FlatSymbolRefAttr emit(const core::StagePlan &stage);

  void minimize(Emitter &emitter, const core::Minimize &minimize) override;
  void repeat(Emitter &emitter, const core::RepeatSteps &repeat) override;

  mlir::ArrayAttr metricAttrs(const core::StagePlan &stage);
  /// Slots and counters: what starts anew with the stage.
  llvm::SmallVector<mlir::Attribute> fresh;

  llvm::MapVector<const core::Minimize *, MinimizeSite> sites;

protected:
  mlir::Value column(mlir::Type type, llvm::StringRef attribute,
                     llvm::StringRef source) override;

private:
  struct Stored {
    Root root;
    std::string name;
    mlir::Value before;
  };

  void addRoot(Root root, Emitted shape, mlir::Type type,
               llvm::StringRef variable);
  void addState(const core::TrainState &state);
  void prepare(llvm::ArrayRef<core::Stmt *> statements);
  void prepareSite(const core::Minimize &minimize);
  void addSlots(MinimizeSite &site, const core::StageInstance &stage,
                const Weight &weight, const core::Model &model);
  void addMetric(llvm::StringRef name, mlir::Value value);

  const core::TrainPlan &plan;
  std::deque<TrainVariable> variables;
  llvm::SmallVector<Stored> stored;
  llvm::SmallVector<ScanBuilder *> repeats;
  Sizes trips; ///< of the repeats around
  using Metric = std::pair<std::string, mlir::Value>;
  llvm::SmallVector<Metric> metrics;
  llvm::SmallVector<llvm::SmallVector<Metric>> loopMetrics;
};

} // namespace lamina::irgen

#endif // LAMINA_FRONTEND_IRGEN_TRAINENTRY_H
