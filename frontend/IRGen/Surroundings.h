// SPDX-License-Identifier: Apache-2.0
//
// What a function gets from outside.
//
// The same Core means the same in an entry, in a call of a layer and in a stage
// of an optimizer; they differ in where weights, numbers, keys and batches come
// from. That is asked of here.

#ifndef LAMINA_FRONTEND_IRGEN_SURROUNDINGS_H
#define LAMINA_FRONTEND_IRGEN_SURROUNDINGS_H

#include "frontend/Core/Program.h"
#include "frontend/IRGen/Emitted.h"

namespace lamina::irgen {

class Emitter;

class Surroundings {
public:
  virtual ~Surroundings() = default;

  /// A number that may be set at run time, as a real of rank 0.
  virtual mlir::Value scalar(Emitter &emitter, const core::Scalar &scalar) = 0;
  /// The key of a draw. It has leading axes for the indices that it adds to
  /// `keyed`: for those each index has a key of its own.
  virtual mlir::Value drawKey(Emitter &emitter, llvm::StringRef path,
                              Ambient &keyed) = 0;
  virtual mlir::Value lengths(Emitter &emitter, const core::Atom &ragged);
  virtual Emitted modelTree(Emitter &emitter, const core::Model &model);
  virtual Emitted trainState(Emitter &emitter, const core::TrainState &state);
  /// The weight of the own layer at `path`, where there is no tree of it.
  virtual Emitted ownWeight(Emitter &emitter, llvm::StringRef name,
                            mlir::Type type);
  /// What a test gives in place of a draw, or null.
  virtual const core::Expr *given(llvm::StringRef path) { return nullptr; }

  virtual void batch(Emitter &emitter, const core::Batch &batch);
  virtual void minimize(Emitter &emitter, const core::Minimize &minimize);
  virtual void repeat(Emitter &emitter, const core::RepeatSteps &repeat);
};

} // namespace lamina::irgen

#endif // LAMINA_FRONTEND_IRGEN_SURROUNDINGS_H
