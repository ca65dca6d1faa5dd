// SPDX-License-Identifier: Apache-2.0
//
// What an expression of Core became.
//
// A tensor under indices is one tensor with the axes of those indices that it
// depends on in front (the batch law of GRAPH makes that a meaning).

#ifndef LAMINA_FRONTEND_IRGEN_EMITTED_H
#define LAMINA_FRONTEND_IRGEN_EMITTED_H

#include "frontend/Core/Core.h"

#include "mlir/IR/Value.h"

#include <optional>
#include <vector>

namespace lamina::irgen {

/// Indices in the order in which they were bound.
using Ambient = llvm::SmallVector<const core::IndexVar *, 4>;

struct Emitted {
  enum Kind : uint8_t {
    None,
    Tensor, ///< `value`, with the axes of `ambient` in front
    Tree,   ///< `value`: the weights of `slot`
    Leaves, ///< the params of `slot` one by one in `parts`; `value`, if there,
            ///< is the tree that states are taken from
    Tuple,  ///< `parts`
    Run     ///< `value`: the run, `parts[0]`: its last output; `call` began it
  };
  Kind kind = None;
  mlir::Value value;
  Ambient ambient;
  core::Slot *slot = nullptr;
  const core::Derived *call = nullptr;
  std::vector<Emitted> parts;

  static Emitted tensor(mlir::Value value, Ambient ambient = {}) {
    Emitted result;
    result.kind = Tensor;
    result.value = value;
    result.ambient = std::move(ambient);
    return result;
  }
  static Emitted tree(mlir::Value value, core::Slot *slot) {
    Emitted result;
    result.kind = Tree;
    result.value = value;
    result.slot = slot;
    return result;
  }
  static Emitted tuple(std::vector<Emitted> parts) {
    Emitted result;
    result.kind = Tuple;
    result.parts = std::move(parts);
    return result;
  }

  bool isTensor() const { return kind == Tensor; }
  /// The tensor of a value under no index.
  mlir::Value plain() const {
    assert(isTensor() && ambient.empty() && "a tensor under no index");
    return value;
  }
};

/// The number that fills a value known when compiling, or nothing.
std::optional<double> writtenNumber(const core::Expr *expr);
/// The whole exponent of `x^n` for a written n, or nothing.
std::optional<int64_t> writtenExponent(llvm::ArrayRef<core::Expr *> operands);

/// An axis with a length for each sample, or (no `samples`) one for all.
struct RaggedAxis {
  unsigned axis;
  std::optional<unsigned> samples;
  const core::Atom *size;
  bool isWithin(llvm::ArrayRef<int64_t> axes) const {
    return llvm::is_contained(axes, int64_t(axis)) &&
           (!samples || llvm::is_contained(axes, int64_t(*samples)));
  }
};

} // namespace lamina::irgen

#endif // LAMINA_FRONTEND_IRGEN_EMITTED_H
