// SPDX-License-Identifier: Apache-2.0
//
// Optimizers as stages.
//
// What one `minimize` does with gradients: a row of stages for each weight.

#ifndef LAMINA_FRONTEND_CORE_PIPELINE_H
#define LAMINA_FRONTEND_CORE_PIPELINE_H

#include "frontend/Core/Instance.h"

namespace lamina::core {

/// A stage for weights of one type (one copy of a repeated layer). Statements
/// may Update the slots; `h`, `rate`, `pass` are in the scope of `step`,
/// `final` in that of `after`.
struct StageInstance {
  struct SlotInit {
    Local *local = nullptr; ///< its value; Update's place is a LocalRef to it
    Expr *init = nullptr;   ///< over `weight`
  };
  Symbol name;
  std::string key;
  unsigned id = 0;
  Range range;
  Local *gradient = nullptr, *weight = nullptr; ///< `g`, `w`
  Local *incomingRate = nullptr;                ///< `rate` from the left
  Local *count = nullptr;                       ///< `t`, from 1
  std::vector<SlotInit> slots;
  std::vector<Stmt *> step;
  Expr *h = nullptr;    ///< never null: LocalRef of `gradient` if not set
  Expr *rate = nullptr; ///< null: handed on
  Expr *pass = nullptr; ///< null: always; its axes are those of `w` it keeps
  llvm::SmallVector<unsigned, 2> passAxes; ///< of `w`, for the axes of `pass`
  std::vector<Stmt *> after;
  Expr *final = nullptr; ///< null: not set
  bool setsRate = false;
};

struct PipelineInstance {
  /// A place of the pipeline, left to right.
  struct Place {
    Symbol name;
    Range range;
  };
  struct Row {
    WeightLeaf leaf;
    Expr *weight =
        nullptr; ///< a Leaf below the model (or below `Trained::current`)
    std::vector<StageInstance *> stages; ///< one for each place; null: left out
  };
  std::string key;
  unsigned id = 0;
  Range range;
  std::vector<Place> places;
  std::vector<Row> rows;
};

} // namespace lamina::core

#endif // LAMINA_FRONTEND_CORE_PIPELINE_H
