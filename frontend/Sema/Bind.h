// SPDX-License-Identifier: Apache-2.0
//
// Arguments beside their parameters.

#ifndef LAMINA_FRONTEND_SEMA_BIND_H
#define LAMINA_FRONTEND_SEMA_BIND_H

#include "frontend/Sema/Evaluator.h"

namespace lamina::sema {

/// An argument on its way into a frame. `shape` decides `isSetting`: then
/// `value` goes in as it is; else `operand` (in the caller's dims) does, as
/// something of `type` (in the callee's).
struct BoundArg {
  const ast::Parameter *parameter = nullptr;
  Value value;
  const ast::Expr *source = nullptr;
  Range range;
  core::Expr *operand = nullptr;
  core::Type type;
  bool isSetting = false;
  bool waits = false; ///< a number that takes the shape of its parameter
};

/// What is known of one call of a layer before its body is looked at.
struct LayerCall {
  const ast::LayerDecl *layer = nullptr;
  const ast::FunctionDecl *decl = nullptr;
  LayerScope *settings = nullptr;
  FrameScope *frame = nullptr;
  std::vector<BoundArg> bound;
  std::string settingsKey, callKey;
};

/// What `if` may ask of: a `T?`, a default, a setting.
inline bool canBeNone(const ast::Parameter &parameter) {
  return parameter.isSetting() || parameter.type->isOptional || parameter.value;
}

/// The name of an axis as a type writes it.
Symbol axisName(const ast::Dimension &dimension);

} // namespace lamina::sema

#endif // LAMINA_FRONTEND_SEMA_BIND_H
