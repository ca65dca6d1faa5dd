// SPDX-License-Identifier: Apache-2.0
//
// The mask and the score of attention as code on one element.
//
// Ops on whole score tensors in, the regions of `graph.attend` out. What stands
// under both the query and the key is written into the region; what stands
// under fewer axes stays a tensor, which the region reads.

#ifndef LAMINA_PASSES_GRAPH_ATTENTIONREGION_H
#define LAMINA_PASSES_GRAPH_ATTENTIONREGION_H

#include "dialects/Graph/GraphOps.h"

#include "llvm/ADT/MapVector.h"
#include "llvm/ADT/SetVector.h"
#include "mlir/IR/Builders.h"

namespace lamina::graph {

/// The axes of a score tensor by what they are.
struct ScoreAxes {
  llvm::SmallVector<int64_t> batch; ///< in order; the last one is the head
  int64_t query = -1, key = -1;

  int64_t size() const { return int64_t(batch.size()) + 2; }
  /// In the order in which the regions see their indices.
  llvm::SmallVector<int64_t> inOrder() const {
    llvm::SmallVector<int64_t> axes(batch);
    axes.push_back(query);
    axes.push_back(key);
    return axes;
  }
};

/// Writes the two regions. They share the tensors that they read.
class AttentionRegions {
public:
  AttentionRegions(mlir::MLIRContext *context, ScoreAxes axes,
                   mlir::Type element);

  /// Write the value that each region yields. Fail, and say nothing, at an op
  /// that has no form on one element.
  /// Weights are 0 outside of each `kept` as well, which must not change what
  /// they are inside. Without any condition there is no mask.
  bool writeMask(mlir::Value mask, llvm::ArrayRef<mlir::Value> kept);
  bool writeScore(mlir::Value scores);

  /// The product of queries and keys that the score is made of.
  ContractOp product() const { return found; }
  llvm::ArrayRef<mlir::Value> with() const { return tensors.getArrayRef(); }
  /// The ops that the regions stand for.
  bool hasWritten(mlir::Operation *op) const { return written.contains(op); }

  /// Moves the regions into `op`; a score that changes nothing stays away.
  void moveTo(AttendOp op);

private:
  /// A value on the axes of the scores that its own axes are.
  using Key = std::pair<mlir::Value, llvm::SmallVector<int64_t, 4>>;

  struct Region {
    std::unique_ptr<mlir::Region> region;
    mlir::Block *block;
    unsigned firstIndex; ///< the number of the first index argument
    llvm::SmallVector<std::pair<Key, mlir::Value>> known;
  };

  void start(Region &region, bool isScore);
  mlir::Value write(mlir::Value value, llvm::ArrayRef<int64_t> axes);
  mlir::Value writeNew(mlir::Value value, llvm::ArrayRef<int64_t> axes);
  mlir::Value writeView(mlir::Operation *op, llvm::ArrayRef<int64_t> axes);
  mlir::Value writeElementwise(mlir::Operation *op,
                               llvm::ArrayRef<int64_t> axes);
  mlir::Value writeIota(IotaOp op, llvm::ArrayRef<int64_t> axes);
  mlir::Value writeGather(GatherOp op, llvm::ArrayRef<int64_t> axes);
  mlir::Value readTensor(mlir::Value tensor, llvm::ArrayRef<mlir::Value> at);
  mlir::Value indexOf(int64_t axis);
  bool dependsOnBoth(llvm::ArrayRef<int64_t> axes) const;
  bool isPart(mlir::Value condition, mlir::Value of) const;
  bool dependsOnKey(mlir::Value scalar) const;

  ScoreAxes axes;
  mlir::Type element;
  mlir::OpBuilder b;
  Region mask, score;
  Region *current = nullptr;
  ContractOp found;
  llvm::SetVector<mlir::Value> tensors;
  llvm::DenseSet<mlir::Operation *> written;
};

} // namespace lamina::graph

#endif // LAMINA_PASSES_GRAPH_ATTENTIONREGION_H
