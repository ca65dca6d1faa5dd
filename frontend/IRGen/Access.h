// SPDX-License-Identifier: Apache-2.0
//
// One access of an indexed definition.

#ifndef LAMINA_FRONTEND_IRGEN_ACCESS_H
#define LAMINA_FRONTEND_IRGEN_ACCESS_H

#include "frontend/IRGen/Emitter.h"

namespace lamina::irgen {

/// A position as a sum of multiples of indices and a rest without them.
struct Affine {
  struct Term {
    const core::IndexVar *index;
    int64_t coefficient;
  };
  bool isAffine = false;
  llvm::SmallVector<Term, 2> terms;
  core::Dim rest; ///< over sizes and indices of loops

  static Affine of(core::Dim position);
};

class Access {
public:
  /// `outside` is what is read outside of the base, where that is a number.
  Access(Emitter &emitter, const core::Element &element, Emitted base,
         std::optional<double> outside);
  Emitted emit();

private:
  /// What an axis of `x` is by now.
  struct Label {
    enum Kind : uint8_t {
      Open,    ///< an axis of the base, to be read by `subscript`
      Waiting, ///< the same, to be gathered when all views are taken
      Index,   ///< the axis of `index`
      Kept     ///< axis `number` of the result
    };
    Kind kind;
    const core::IndexVar *index;
    const core::Subscript *subscript;
    unsigned number;
  };

  std::optional<unsigned> nextOpen() const;
  void keep(unsigned axis);
  void splitParts(unsigned axis);
  void readSlice(unsigned axis);
  /// Each returns false, and has changed nothing, if the access is no such
  /// view.
  bool readByView(unsigned axis);
  bool readPlace(unsigned axis, const Affine &position);
  void hidePadding(const core::Subscript &read, const Affine &position);
  bool readStrided(unsigned axis, const Affine &position);
  bool readWindow(unsigned axis, const Affine &position);
  mlir::TypedAttr outsideFill();
  void bringToFront(const Ambient &shared);
  void readByValue(const core::Subscript *subscript);
  void takeDiagonals();
  Emitted inRange();
  Emitted arranged();

  Emitter &emitter;
  TensorBuilder &b;
  const core::Element &element;
  mlir::Value x;
  llvm::SmallVector<Label, 6> labels;
  unsigned kept = 0;
  bool guarded = false;
  std::optional<double> outside;
  bool needsTest = false;
};

} // namespace lamina::irgen

#endif // LAMINA_FRONTEND_IRGEN_ACCESS_H
