// SPDX-License-Identifier: Apache-2.0
//
// The Funcs of one step.
//
// Goes from the values that a step returns back to what they are made of. A
// tensor is a function from an index to an expression; only what is combined
// over loops, or would be computed again and again, becomes a stage.

#ifndef LAMINA_BACKENDS_HALIDE_STEPBUILDER_H
#define LAMINA_BACKENDS_HALIDE_STEPBUILDER_H

#include "backends/CPU/ContractForm.h"
#include "backends/Halide/Algorithm.h"

#include <functional>

namespace lamina::halide {

/// The element at an index, whose numbers are of 32 bits.
using Reader = std::function<Halide::Expr(const Exprs &)>;

class StepBuilder {
public:
  /// `earlier` has the number of the out that a value stands in already;
  /// `form` is there if the kernel is a product that is worth tiles.
  StepBuilder(const cpu::KernelBody &body, const Arguments &arguments,
              const TargetModel &target, Purpose purpose,
              const llvm::DenseMap<mlir::Value, unsigned> &earlier,
              const std::optional<cpu::ContractForm> &form)
      : body(body), arguments(arguments), target(target), purpose(purpose),
        earlier(earlier), form(form) {}

  /// Computes `values` as `outs`, which are equal in shape.
  bool build(llvm::ArrayRef<mlir::Value> values, llvm::ArrayRef<unsigned> outs);

  Step step;
  std::string why;

private:
  friend class RegionExpr;
  friend class ProductBuilder;

  /// One expression, or several as a tuple, as the value of a Func there.
  void define(Halide::FuncRef where, Exprs values);
  void defineOut(Exprs elements);
  bool refuse(const llvm::Twine &reason);
  Reader refuseRead(const llvm::Twine &reason);

  // Sizes and numbers outside of loops.
  Halide::Expr size(const cpu::Extent &extent);
  Exprs sizes(mlir::Value tensor);
  int64_t fixedSize(const cpu::Extent &extent) const {
    return extent.isFixed() ? extent.plus : 0;
  }
  Halide::Expr scalar(mlir::Value value);
  Halide::Expr scalarArgument(mlir::BlockArgument argument);
  Halide::Expr scalarResult(mlir::OpResult result);
  Halide::Expr position(mlir::OpFoldResult value);

  // Tensors (Views.cpp).
  Reader read(mlir::Value tensor);
  Reader makeReader(mlir::Value tensor);
  Reader readBuffer(unsigned buffer, mlir::RankedTensorType type,
                    const Extents &shape);
  std::optional<Extents> shapeOf(mlir::Value tensor);
  Reader readSlice(mlir::tensor::ExtractSliceOp op);
  Reader readInsert(mlir::tensor::InsertSliceOp op);
  Reader readPad(mlir::tensor::PadOp op);
  Reader readReshaped(mlir::Value source, mlir::Value result,
                      llvm::ArrayRef<mlir::ReassociationIndices> groups,
                      bool expands);

  // Loops of linalg (StepBuilder.cpp, Reductions.cpp, Products.cpp).
  Reader readResult(mlir::OpResult result);
  Reader readElements(mlir::linalg::LinalgOp op, unsigned result);
  bool isShared(mlir::linalg::LinalgOp op) const;
  Reader makeShared(mlir::linalg::LinalgOp op, unsigned result);
  Reader makeReduction(mlir::linalg::LinalgOp op, unsigned result);
  struct Reduction;
  bool startReduction(mlir::linalg::LinalgOp op, unsigned result,
                      Reduction &reduction);
  bool findLoops(Reduction &reduction, unsigned result);
  bool findCombined(Reduction &reduction);
  bool nameElements(Reduction &reduction);
  Exprs elementsAt(const Reduction &reduction, const Exprs &loops);
  Halide::Func combineSerially(Reduction &reduction);
  Halide::Func combineLanes(Reduction &reduction);
  struct Lanes;
  Halide::Func makePartialResults(Reduction &reduction, const Lanes &lanes);
  void addPartialResults(Reduction &reduction, Halide::Func &partial,
                         const Lanes &lanes, Halide::Expr first,
                         Halide::RDom domain);
  Halide::Func foldVectors(Reduction &reduction, const Lanes &lanes,
                           const Halide::Func &partial);
  Halide::Func foldLanes(Reduction &reduction, const Lanes &lanes,
                         const Halide::Func &folded);
  void fold(const Halide::Func &func, const Vars &vars, const Exprs &values);
  Exprs combine(const Reduction &reduction, const Exprs &x, const Exprs &y);
  Reader makeProduct();
  void addStage(StageKind kind, const Halide::Func &func, const Vars &vars,
                const std::vector<int64_t> &sizes);
  std::string name(llvm::StringRef kind);

  const cpu::KernelBody &body;
  const Arguments &arguments;
  const TargetModel &target;
  Purpose purpose;
  const llvm::DenseMap<mlir::Value, unsigned> &earlier;
  const std::optional<cpu::ContractForm> &form;
  llvm::DenseMap<mlir::Value, Reader> readers;
  llvm::DenseMap<mlir::Value, Halide::Expr> scalars;
  /// Numbers of regions that a stage stores: how they are read in an iteration.
  llvm::DenseMap<mlir::Value, Reader> sharedNumbers;
  std::map<std::string, unsigned> counts;
};

/// The vars "<prefix>0", "<prefix>1", …
Vars makeVars(llvm::StringRef prefix, size_t count);
/// Halide counts axes from the innermost.
std::vector<Halide::Expr> reversed(const Exprs &index);
std::vector<Halide::Var> reversed(const Vars &vars);
Exprs toExprs(const Vars &vars);
/// Element `number` of what `func` has at `index`.
Halide::Expr callElement(Halide::Func func, const Exprs &index,
                         unsigned number);

} // namespace lamina::halide

#endif // LAMINA_BACKENDS_HALIDE_STEPBUILDER_H
