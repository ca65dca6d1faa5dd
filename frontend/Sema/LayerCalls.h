// SPDX-License-Identifier: Apache-2.0
//
// Calls of layers: chains, repeats, copies, filtered weights, instances.
//
// An instance of a layer is one function of Core for each kind of call and each
// set of sizes; calls that agree in both share it.

#ifndef LAMINA_FRONTEND_SEMA_LAYERCALLS_H
#define LAMINA_FRONTEND_SEMA_LAYERCALLS_H

#include "frontend/Sema/Evaluator.h"

namespace lamina::sema {

class LayerCalls {
public:
  explicit LayerCalls(Evaluator &e) : e(e) {}

  Value callLayer(const Value &field, Symbol call, Args args, Range range);
  Value callChain(const Value &field, Args args, Range range);
  Value callRepeat(const Value &field, Args args, Range range);
  Value callFiltered(const Value &field, Symbol call, Args args, Range range);
  Value filteredInner(const Value &field, Range range);
  LayerScope *settingsScope(const Callable &callable, FrameScope &callee,
                            std::string &key);
  void settingDefaults(LayerScope &settings, const ast::LayerDecl &layer,
                       Scope &in, bool early);
  LayerState *layerState(const Value &field, LayerCall &call, Range range);
  /// Phase 5, after the layers: the filters of `L | F` on the weights of L.
  void settleFilters();
  Value filteredLayer(const ast::PipelineExpr *expr);

private:
  Value callCopies(const Value &field, Args args, Range range);
  void unroll(FieldInfo *info, Range range);
  bool prepareCall(const Value &field, Symbol call, const Args &args,
                   Range range, LayerCall &out);
  void openFrame(const Callable &callable, LayerState *state, LayerCall &out);
  bool checkSizes(LayerState &state, LayerCall &call, Range range,
                  Range firstCall);
  void evaluateInstance(LayerCall &call, LayerState &state,
                        core::FunctionInstance &made);
  void bindParams(LayerCall &call, core::FunctionInstance &made);
  Value callNode(const Value &field, core::FunctionInstance &callee,
                 LayerCall &call, Range range);
  bool rootIsSelf(const core::Expr *tree);
  core::Expr *callFilter(const Value &filter, FieldInfo *made,
                         Symbol weightName, const core::Type &type);
  bool settleFilter(FieldInfo *info, const core::WeightLeaf &leaf);

  Evaluator &e;
};

} // namespace lamina::sema

#endif // LAMINA_FRONTEND_SEMA_LAYERCALLS_H
