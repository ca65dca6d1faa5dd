// SPDX-License-Identifier: Apache-2.0
//
// The leaves of trees of weights.
//
// Which tensors a `!model.tree` consists of: params, states and those of its
// fields, in order of declaration, depth first.

#ifndef LAMINA_DIALECTS_MODEL_TREELAYOUT_H
#define LAMINA_DIALECTS_MODEL_TREELAYOUT_H

#include "dialects/Model/ModelOps.h"

#include "mlir/IR/BuiltinOps.h"

#include <map>
#include <string>
#include <vector>

namespace lamina::model {

/// One tensor of a tree.
struct Leaf {
  std::string path;            ///< dotted, from the tree
  mlir::RankedTensorType type; ///< with the copies of stacked fields in front
  bool isState;                ///< of a `model.state`
};

/// What a path leads to: a run of leaves.
struct Place {
  unsigned first, count;
  /// A tensor or a tree. Null for a stacked field of a stack: that is no type,
  /// but its leaves are.
  mlir::Type type;
};

class TreeLayout {
public:
  /// Reads all layers of the module. Reports a layer that is missing, that is
  /// declared wrongly or that holds itself; `isValid` is false then.
  explicit TreeLayout(mlir::ModuleOp module);

  bool isValid() const { return valid; }

  /// The leaves of a tree; of a stack with the copies in front. The tree's
  /// layer must exist (`hasLayer`).
  llvm::SmallVector<Leaf> getLeaves(TreeType tree) const;
  unsigned getLeafCount(TreeType tree) const;
  bool hasLayer(TreeType tree) const;
  LayerOp getLayer(TreeType tree) const;

  /// What stands at a dotted path; the empty path is the tree itself.
  std::optional<Place> find(TreeType tree, llvm::StringRef path) const;

private:
  struct Member {
    std::string name;
    mlir::Type type;
    unsigned first, count;
  };
  struct Layer {
    LayerOp op;
    bool isOpen = true; ///< being read: a layer that holds itself meets this
    std::vector<Leaf> leaves;
    std::vector<Member> members;
  };

  Layer *read(LayerOp op, const std::map<std::string, LayerOp> &ops);
  bool addField(Layer &layer, FieldOp field,
                const std::map<std::string, LayerOp> &ops);
  const Layer &at(TreeType tree) const;

  std::map<std::string, Layer> layers;
  bool valid = true;
};

/// The type with `copies` in front; the type itself if that is 0.
mlir::RankedTensorType getStackedType(mlir::RankedTensorType type,
                                      int64_t copies);

} // namespace lamina::model

#endif // LAMINA_DIALECTS_MODEL_TREELAYOUT_H
