// SPDX-License-Identifier: Apache-2.0
//
// One linalg.generic in the making.
//
// Writes the scalar code for an element of a value by following its definition
// backwards: elementwise ops become scalar ops, views become indices, and what
// stands in memory becomes an operand of the generic.

#ifndef LAMINA_PASSES_KERNEL_ELEMENTCODE_H
#define LAMINA_PASSES_KERNEL_ELEMENTCODE_H

#include "dialects/Graph/GraphOps.h"
#include "passes/Kernel/KernelBody.h"

namespace lamina {

/// A value that an earlier generic of the kernel computed, as a tensor whose
/// axes are groups of loops.
using Stored = llvm::DenseMap<mlir::Value, mlir::Value>;

/// The axes through which a tensor is seen, and where on each of them it is
/// read.
struct ElementAccess {
  llvm::SmallVector<SizeExpr> extents;
  llvm::SmallVector<bool> runtime;
  llvm::SmallVector<mlir::AffineExpr> exprs; ///< over loops, by number
  llvm::SmallVector<bool> whole; ///< an axis of the tensor, not digits of one
  llvm::SmallVector<int> loops;  ///< for IndexSpace::addAccess
};

class ElementCode {
public:
  /// `groups` are the loops of the generic, outermost first.
  ElementCode(KernelBody &body, const Stored &stored,
              llvm::ArrayRef<unsigned> groups);
  ~ElementCode();

  /// The element of `value` at `index`. Where it cannot be written, the body
  /// has failed or its space needs refinement.
  mlir::Value get(mlir::Value value, const Index &index);

  /// Adds an out and returns the element that it holds before.
  mlir::Value addOut(mlir::Value tensor, mlir::AffineMap map);
  /// What the out of this number gets; outs without a value keep theirs. With
  /// `combine` it is added up in the out, which begins with the neutral value.
  void setOut(unsigned out, mlir::Value value,
              std::optional<graph::ReduceKind> combine = std::nullopt);
  /// Makes `element` the element of `value` at `index`.
  void bind(mlir::Value value, const Index &index, mlir::Value element);
  /// The map from the generic's loops to a tensor whose axes are `groups`.
  mlir::AffineMap getMap(llvm::ArrayRef<unsigned> groups);

  /// Ends the generic; its results are in the order of `addOut`. `reduced`
  /// groups get reduction iterators.
  mlir::ValueRange finish(llvm::ArrayRef<unsigned> reduced);

  /// The operand that an element is; nothing if it is the result of an op.
  std::optional<std::pair<mlir::Value, mlir::AffineMap>>
  getOperand(mlir::Value element) const;

  mlir::OpBuilder builder; ///< at the end of the generic's block
  mlir::Location loc;

private:
  struct Operand {
    mlir::Value tensor;
    mlir::AffineMap map;
    mlir::Value argument;
  };
  struct Out {
    mlir::Value tensor;
    mlir::AffineMap map;
    mlir::Value held;
    mlir::Value value;
    std::optional<graph::ReduceKind> combine;
  };

  mlir::Value hostElement(mlir::Value value, const Index &index);
  mlir::Value compute(mlir::Value value, const Index &index);
  mlir::Value computeOp(mlir::Value value, const Index &index);
  mlir::Value constant(mlir::TypedAttr attr, mlir::Operation *user);
  mlir::Value elementwise(mlir::Operation *op, const Index &index);
  mlir::Value broadcast(graph::BroadcastOp op, const Index &index);
  mlir::Value transpose(graph::TransposeOp op, const Index &index);
  mlir::Value reshape(graph::ReshapeOp op, const Index &index);
  mlir::Value iota(graph::IotaOp op, const Index &index);
  mlir::Value slice(graph::SliceOp op, const Index &index);
  mlir::Value reverse(graph::ReverseOp op, const Index &index);
  mlir::Value window(graph::WindowOp op, const Index &index);
  AxisIndex windowIndex(graph::WindowOp op, unsigned windowed,
                        const AxisIndex &position, const AxisIndex &place,
                        mlir::Value &inside);
  mlir::Value unwindow(graph::UnwindowOp op, const Index &index);
  mlir::Value unwindow(graph::UnwindowOp op, const Index &index,
                       unsigned number, Index chosen, mlir::Value inside);
  mlir::Value dynamicSlice(graph::DynamicSliceOp op, const Index &index);
  mlir::Value dynamicUpdate(graph::DynamicUpdateOp op, const Index &index);
  mlir::Value gather(graph::GatherOp op, const Index &index);
  mlir::Value key(graph::KeyOp op, const Index &index);
  /// Both words of the key at `place`, an index into its leading axes.
  std::pair<mlir::Value, mlir::Value> getKey(mlir::Value key,
                                             const Index &place);
  mlir::Value random(graph::RandomOp op, const Index &index);
  mlir::Value randomPosition(graph::RandomOp op, const Index &index,
                             unsigned leading);

  /// The element of something in memory: an operand where the index is affine,
  /// else an extract.
  mlir::Value load(mlir::Value source, const Index &index);
  mlir::Value extract(mlir::Value source, const Index &index);
  /// A plain loop over an axis that is longer than it: the part is cut out
  /// first, since a map that is a plain loop says how far the loop runs.
  mlir::Value cutToLoops(mlir::Value tensor, const ElementAccess &access);
  mlir::Value addOperand(mlir::Value tensor, mlir::AffineMap map);
  void addLoopExtents();

  /// The index along an axis as a value of type index, or as an affine
  /// expression over loops where all strides are known.
  mlir::Value getValue(const AxisIndex &axis);
  std::optional<mlir::AffineExpr> getExpr(const AxisIndex &axis);
  mlir::Value loopIndex(unsigned loop);
  mlir::Value indexConstant(int64_t value);
  mlir::Value sizeValue(const SizeExpr &size);
  AxisIndex computed(mlir::Value value, const SizeExpr &extent);
  /// The indices of a run of axes, as indices of axes of other sizes: the place
  /// among all elements of the run, divided.
  Index regroup(llvm::ArrayRef<AxisIndex> run, llvm::ArrayRef<SizeExpr> from);
  /// `value` held in [0, extent), and whether it was there.
  std::pair<AxisIndex, mlir::Value> clamp(mlir::Value value,
                                          const SizeExpr &extent);
  mlir::Value both(mlir::Value a, mlir::Value b);
  mlir::Value zero(mlir::Type type);
  mlir::Value placeholder(mlir::Value value);

  KernelBody &body;
  const Stored &stored;
  llvm::SmallVector<unsigned> groups;
  mlir::Block *block;
  llvm::SmallVector<Operand> operands;
  llvm::SmallVector<Out> outs;
  llvm::SmallVector<mlir::Value> results;
  std::map<std::pair<const void *, std::vector<uint64_t>>, mlir::Value> cache;
};

/// The neutral value of a reduction.
mlir::TypedAttr getNeutral(graph::ReduceKind kind, mlir::Type type);

} // namespace lamina

#endif // LAMINA_PASSES_KERNEL_ELEMENTCODE_H
