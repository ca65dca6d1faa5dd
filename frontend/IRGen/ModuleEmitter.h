// SPDX-License-Identifier: Apache-2.0
//
// The module while it is made.
//
// What is shared by all functions of a program: layers and their trees, calls
// of layers (emitted when the first caller asks), names of symbols, the plans
// of `program`.

#ifndef LAMINA_FRONTEND_IRGEN_MODULEEMITTER_H
#define LAMINA_FRONTEND_IRGEN_MODULEEMITTER_H

#include "dialects/Model/ModelOps.h"
#include "frontend/IRGen/Emitter.h"

#include "llvm/ADT/StringSet.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"

#include <deque>
#include <map>

namespace lamina::irgen {

/// A call of a layer as a function in its `model.layer`.
struct FunctionInfo {
  std::string name;
  llvm::SmallVector<mlir::Type> results; ///< the tree last, if it is updated
  bool updates = false;
  /// What it takes behind its parameters and captures.
  llvm::SmallVector<const core::Scalar *, 0> scalars;
  llvm::SmallVector<const core::Atom *, 0> lengths;
};

/// A param or state below a slot.
struct Weight {
  core::Path path;      ///< as files name it, `*` for copies
  std::string treePath; ///< from the tree, as `model.leaf` wants it
  const core::Member *member;
  llvm::SmallVector<int64_t, 2> copies;
  bool isParam;
};

struct PipelineState {
  llvm::SmallVector<Weight> weights;
  llvm::SmallVector<mlir::Value> slots, counters;
};

class ModuleEmitter {
public:
  ModuleEmitter(const core::Program &program, const SourceManager &sources,
                mlir::MLIRContext &context, Options options);
  mlir::OwningOpRef<mlir::ModuleOp> emit();

  const core::Program &program;
  Types types;

  //===-- Symbols ---------------------------------------------------------===//

  /// `wanted`, or with a number behind it if that is taken.
  std::string uniqueName(llvm::StringRef wanted);
  /// A builder at the end of the module.
  mlir::OpBuilder atEnd();
  /// An op of `program` that is its name and attributes.
  template <class Op>
  Op makePlan(mlir::Location loc, llvm::StringRef name,
              llvm::ArrayRef<mlir::NamedAttribute> attributes) {
    mlir::OpBuilder builder = atEnd();
    auto op = Op::create(builder, loc, name);
    for (mlir::NamedAttribute attribute : attributes)
      op->setAttr(attribute.getName(), attribute.getValue());
    return op;
  }

  //===-- Layers and trees (EmitLayer.cpp) --------------------------------===//

  model::TreeType treeType(const core::Slot &slot);
  /// The function of a call whose arguments have the axes of `ambient` in
  /// front.
  const FunctionInfo &function(const core::FunctionInstance &callee,
                               const Ambient &ambient, bool firstBatch = false);
  /// Some weight below starts from the first batch.
  bool startsFromBatch(const core::Slot &slot);
  llvm::ArrayRef<Weight> weights(const core::Slot &slot);
  llvm::SmallVector<Weight> params(const core::Slot &slot);
  llvm::SmallVector<Weight> states(const core::Slot &slot);
  const Weight &weightAt(const core::Slot &slot, const core::Path &path);
  mlir::RankedTensorType weightType(const Weight &weight) const;
  mlir::Type stackOf(mlir::Type row, const SizeExpr &count);
  void flatTypes(const core::Type &type, llvm::ArrayRef<SizeExpr> ambient,
                 llvm::SmallVectorImpl<mlir::Type> &result);
  /// An index of our own: of records, of copies, of kept axes of a gradient.
  const core::IndexVar *makeIndex(core::Dim extent, llvm::StringRef name = "");

  core::Dim constant(int64_t value) const;

  /// Fields of the tree of `L | F`: that of L and those of each F.
  static constexpr llvm::StringLiteral filteredBase = "base";
  static std::string filterName(unsigned number);
  model::TreeType filterType(const core::Slot &filtered, unsigned number);

  //===-- Variables (EmitVariables.cpp) -----------------------------------===//

  /// Makes the variables of a tree; `prefix` is their name in entries.
  void emitVariables(llvm::StringRef prefix, const core::Slot &slot,
                     bool allStates = false);
  void emitVariable(mlir::Location loc, llvm::StringRef name,
                    mlir::RankedTensorType type, llvm::StringRef role,
                    mlir::Attribute init, llvm::StringRef file = "",
                    bool stacked = false);
  /// The variables of a `state` of a body; returns their prefix or name.
  std::string stateVariables(const core::TrainState &state,
                             llvm::StringRef wanted);
  /// The entry that starts a slot from its weight.
  mlir::FlatSymbolRefAttr
  emitSlotInit(llvm::StringRef name, const core::StageInstance &stage,
               const core::StageInstance::SlotInit &slot, const Weight &weight,
               llvm::StringRef prefix);
  mlir::TypedAttr numberAttr(mlir::Type element, double value);
  /// The variable of a scalar of the file; made when first asked for.
  llvm::StringRef scalarName(const core::Scalar &scalar);

  //===-- Optimizers (EmitOptim.cpp) --------------------------------------===//

  struct StageInfo {
    std::string name;
    llvm::SmallVector<mlir::Attribute> slotInits; ///< null: looks at the weight
    llvm::SmallVector<mlir::RankedTensorType> slotTypes;
    llvm::SmallVector<const core::Scalar *, 0> scalars;
    bool hasFinal = false;
  };
  const StageInfo &stage(const core::StageInstance &stage);
  /// `weights` are the leaves of its rows.
  std::string pipelineName(const core::PipelineInstance &pipeline,
                           llvm::ArrayRef<Weight> weights);

  //===-- Plans (EmitData.cpp, EmitTrain.cpp, EmitSample.cpp) -------------===//

  std::string datasetName(const core::DataPlan &plan);
  /// Notes that entries read a column; returns its name.
  std::string addColumn(const core::DataPlan &plan, llvm::StringRef wanted,
                        llvm::ArrayRef<mlir::NamedAttribute> attributes);

private:
  static mlir::DictionaryAttr withoutLine(mlir::DictionaryAttr column);
  model::LayerOp layerOf(const core::LayerInstance &instance);
  void emitCall(const core::FunctionInstance &callee, const Ambient &ambient,
                model::LayerOp layer, mlir::func::FuncOp function,
                FunctionInfo &info, bool firstBatch);
  void startWeights(const core::FunctionInstance &callee, Emitter &emitter);
  core::Slot &selfSlot(const core::LayerInstance &instance);
  mlir::FlatSymbolRefAttr groupLayer(const core::Slot &slot);
  void emitMember(mlir::OpBuilder &builder, const core::Member &member);
  mlir::Attribute initOf(const core::Member &member);
  void collectMembers(const core::LayerInstance &layer, const Weight &at,
                      bool isState, llvm::SmallVectorImpl<Weight> &result);
  void collectFilters(const core::Slot &slot, const Weight &at, bool isState,
                      llvm::SmallVectorImpl<Weight> &result);
  void collectWeights(const core::Slot &slot, Weight at, bool isState,
                      llvm::SmallVectorImpl<Weight> &result);
  mlir::FlatSymbolRefAttr emitInit(llvm::StringRef prefix, llvm::StringRef name,
                                   const Weight &weight);
  void emitDims();
  void emitProvenance();
  void emitData();
  void emitSource(const core::DataPlan &plan, llvm::StringRef name);
  void emitDataset(const core::DataPlan &plan, llvm::StringRef name);
  /// EmitRecords.cpp
  void emitRecordEntries(const core::DataPlan &plan);
  void
  addRecordEntries(const core::DataPlan &plan,
                   llvm::SmallVectorImpl<mlir::NamedAttribute> &attributes);
  void emitModels();
  void emitTrain(const core::TrainPlan &plan);
  mlir::DictionaryAttr emitStage(const core::TrainPlan &plan,
                                 const core::StagePlan &stage);
  mlir::FlatSymbolRefAttr emitBatchInit(const core::TrainPlan &plan,
                                        const core::StagePlan &stage,
                                        llvm::StringRef prefix);
  mlir::DictionaryAttr keepAttr(const core::KeepPlan &keep);
  mlir::FlatSymbolRefAttr emitReport(const core::ReportPlan &report,
                                     llvm::StringRef prefix,
                                     const core::TrainPlan &plan);
  mlir::FlatSymbolRefAttr emitFinal(class TrainEntry &step,
                                    llvm::StringRef prefix,
                                    const core::StagePlan &stage);
  void emitFinalOf(class Entry &entry, const core::Minimize &minimize,
                   const struct MinimizeSite &site);
  std::string finalVariable(llvm::StringRef model, const Weight &weight);
  mlir::DictionaryAttr paramAttr(const core::EntryParam &param);
  mlir::ArrayAttr wordsAttr(const core::Vocabulary &vocabulary);
  void emitSample(const core::EntryPlan &plan);
  void emitTest(const core::TestPlan &plan);

  const SourceManager &sources;
  mlir::ModuleOp module;
  llvm::StringSet<> taken;
  std::deque<core::IndexVar> indices;
  std::deque<core::Slot> slots;
  std::map<const core::LayerInstance *, core::Slot *> selfSlots;
  std::map<const core::TrainState *, std::string> stateNames;
  llvm::DenseMap<const core::LayerInstance *, mlir::Operation *> layers;
  std::map<std::string, mlir::Operation *> groupLayers;
  std::map<std::pair<const core::FunctionInstance *, std::string>, FunctionInfo>
      functions;
  std::map<const core::Slot *, llvm::SmallVector<Weight>> weightLists;
  std::map<const core::Scalar *, std::string> scalarNames;
  std::map<const core::StageInstance *, StageInfo> stages;
  std::map<const core::PipelineInstance *, std::string> pipelineNames;
  std::map<const core::DataPlan *, std::string> datasetNames;
  std::vector<const core::DataPlan *> datasetOrder;
  /// What the runtime asks of records; null where there is nothing to ask.
  struct RecordEntries {
    mlir::FlatSymbolRefAttr where, check;
  };
  std::map<const core::DataPlan *, RecordEntries> recordEntries;
  std::map<const core::DataPlan *,
           std::vector<std::pair<std::string, mlir::DictionaryAttr>>>
      sourceColumns;
};

} // namespace lamina::irgen

#endif // LAMINA_FRONTEND_IRGEN_MODULEEMITTER_H
