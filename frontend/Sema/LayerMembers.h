// SPDX-License-Identifier: Apache-2.0
//
// Members of layers: fields, weights, functions, and what `layer.name` means.
//
// Inside a layer a member is evaluated when it is first named; behind a dot it
// is found in the layer of the value.

#ifndef LAMINA_FRONTEND_SEMA_LAYERMEMBERS_H
#define LAMINA_FRONTEND_SEMA_LAYERMEMBERS_H

#include "frontend/Sema/Evaluator.h"

namespace lamina::sema {

class LayerMembers {
public:
  explicit LayerMembers(Evaluator &e) : e(e) {}

  std::optional<Value> layerMember(LayerScope &layer, Symbol name);
  Value evaluateMember(LayerState &layer, Symbol name, Range range);
  const ast::WeightDecl *stateDecl(LayerState &layer, Symbol name);
  Value fieldMember(const Value &field, ast::Name member, Range range);
  Value methodOf(const Value &field, const ast::FunctionDecl &call,
                 Range range);
  /// Phase 5: members of every layer with their types and initial values.
  void settleLayer(LayerState &layer);
  Value modelValue(const ast::LayerDecl *decl, FileScope *file);

private:
  FrameScope *frameOf(LayerState &layer);
  Value selfValue(LayerState &layer, Range range);
  Value needsItself(Symbol name, Range range);
  bool isThere(const ast::Expr *when);
  Value memberField(LayerState &layer, FrameScope &in,
                    const ast::FieldDecl &decl, Symbol name);
  Value memberCallable(LayerState &layer, FrameScope &in,
                       const ast::FunctionDecl &decl);
  Value memberWeight(LayerState &layer, FrameScope &in,
                     const ast::WeightDecl &decl, const ast::Weight &weight);
  core::Type weightType(LayerState &layer, FrameScope &in,
                        const ast::Weight &weight);
  FrameScope *settlingFrame(LayerState &layer);
  void settleWeight(LayerState &layer, FrameScope &in,
                    const ast::WeightDecl &decl, const ast::Weight &weight);
  void settleInitial(LayerState &layer, core::Member &member,
                     const ast::Weight &weight);
  FrameScope *memberFrame(const Value &field, Range range);
  Value weightOf(const Value &field, const ast::Weight &weight, Range range);
  Value innerField(const Value &field, const ast::FieldDecl &decl,
                   ast::Name name, Range range);

  Evaluator &e;
};

} // namespace lamina::sema

#endif // LAMINA_FRONTEND_SEMA_LAYERMEMBERS_H
