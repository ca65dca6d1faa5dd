// SPDX-License-Identifier: Apache-2.0
//
// Layers with sizes, their calls.
//
// A `Slot` is a place for weights in the source: a field, a model, a part of a
// chain. What stands in it is fixed by the first call. A `LayerInstance` is a
// layer with all settings and sizes known; slots that agree share one. It has
// one `FunctionInstance` for each distinct call.

#ifndef LAMINA_FRONTEND_CORE_INSTANCE_H
#define LAMINA_FRONTEND_CORE_INSTANCE_H

#include "frontend/Core/Core.h"

namespace lamina::core {

struct LayerInstance;

/// The names of a weight: `blocks.*.feed.0.kernel`. `*` stands where copies of
/// a repeated layer are stacked.
struct Path {
  llvm::SmallVector<Symbol, 6> parts;
  std::string str() const;
};

struct Slot {
  enum Kind : uint8_t {
    Layer,  ///< one layer; `instance` is set by its first call
    Chain,  ///< `A >> B`, `L(d) for d in …`: `parts`, named "0", "1", …; parts
            ///< that are functions have no weights and no entry
    Repeat, ///< `L * n` with equal copies: parts[0] is one of them, `count`
            ///< copies
    Filtered, ///< `L | F on group`: parts[0] is L; `filters` are below its
              ///< leaves
    Group     ///< a tuple of trees (TreeOf)
  };
  struct Part {
    Symbol name;
    Slot *slot = nullptr;
  };
  /// F on one leaf of L: `u` of `critic.0.kernel.Spectral.u` is in `slot`.
  struct Filter {
    Path leaf;
    Slot *slot = nullptr;
    FunctionInstance *call = nullptr; ///< weight to weight
  };

  Kind kind = Layer;
  Symbol name;                       ///< of the field
  LayerInstance *instance = nullptr; ///< Layer; null if nothing calls it
  std::vector<Part> parts;
  int64_t count = 1; ///< Repeat
  std::vector<Filter> filters;
  Range range; ///< where the field is declared
};

/// How a param or state starts.
struct Initial {
  /// In the scope of TreeSelf (the weights above it); draws have the weight's
  /// own path. From the batch: a body over the params of `call`.
  Expr *value = nullptr;
  FunctionInstance *fromBatch = nullptr;
};

struct Member {
  enum Kind : uint8_t { Param, State, Field };
  Kind kind = Param;
  Symbol name;
  Type type;            ///< Param, State of a tensor
  Initial initial;      ///< Param, State
  Slot *slot = nullptr; ///< Field, and State of a tree
  Range range;
};

struct LayerInstance {
  Symbol name;     ///< of the declaration
  std::string key; ///< settings and sizes, readable: "Dense(384, bias: true)"
  unsigned id = 0; ///< in order of first reach
  Range range;
  bool invertible = false;
  std::vector<Member>
      members; ///< in order of declaration; absent ones left out
  std::vector<FunctionInstance *> calls;
};

struct FunctionInstance {
  LayerInstance *layer = nullptr;
  Symbol name; ///< empty for the call without a name
  std::string key;
  unsigned id = 0;
  Range range; ///< the declaration
  std::vector<Local *> params, captures;
  Expr *body = nullptr;
  Type result;          ///< in this instance's own dims
  bool updates = false; ///< states of its tree get new values
  /// Written by hand beside the call, or null.
  FunctionInstance *inverse = nullptr, *logDet = nullptr;
};

/// Every param and state below a slot, depth first in order of declaration.
/// `copies` are the counts of the repeats on the way (the `*`s of the path).
struct WeightLeaf {
  Path path;
  const Member *member = nullptr;
  llvm::SmallVector<int64_t, 2> copies;
};
std::vector<WeightLeaf> leaves(const Slot &slot);

} // namespace lamina::core

#endif // LAMINA_FRONTEND_CORE_INSTANCE_H
