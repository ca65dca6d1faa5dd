// SPDX-License-Identifier: Apache-2.0
//
// Tables of rules as external models.
//
// What turns one line of a table of rules into an implementation of
// `DifferentiableOpInterface`. Included by the files of rules only.

#ifndef LAMINA_DIALECTS_GRAPH_DERIVATIVEMODELS_H
#define LAMINA_DIALECTS_GRAPH_DERIVATIVEMODELS_H

#include "dialects/Graph/Differentiable.h"
#include "dialects/Graph/Formula.h"

#include <atomic>

namespace lamina::graph {

/// A slot for the rule of one op class. Contexts on several threads register
/// the same rules; hence atomic.
template <typename Op, typename Rule>
struct RuleOf {
  static inline std::atomic<Rule> rule{};
};

/// y = f(x): the rule gets x, y and the adjoint g of y, and gives that of x.
using UnaryRule = Term (*)(Term x, Term y, Term g);

template <typename Op>
struct UnaryModel
    : DifferentiableOpInterface::ExternalModel<UnaryModel<Op>, Op> {
  llvm::LogicalResult pullback(mlir::Operation *op, mlir::OpBuilder &b,
                               llvm::ArrayRef<mlir::Value> adjoints,
                               Adjoints &sink) const {
    auto term = [&](mlir::Value v) { return Term{&b, op->getLoc(), v}; };
    UnaryRule rule = RuleOf<Op, UnaryRule>::rule;
    sink.add(0, rule(term(op->getOperand(0)), term(op->getResult(0)),
                     term(adjoints[0]))
                    .value);
    return mlir::success();
  }
  bool isCheapToRecompute(mlir::Operation *) const { return true; }
  WhereFlow getWhereFlow(mlir::Operation *) const { return WhereFlow::Wraps; }
};

template <typename Op>
void unary(mlir::MLIRContext *context, UnaryRule rule) {
  RuleOf<Op, UnaryRule>::rule = rule;
  Op::template attachInterface<UnaryModel<Op>>(*context);
}

/// y = f(a, b): two rules, for a and for b.
using BinaryRule = Term (*)(Term a, Term b, Term y, Term g);
template <typename Op>
struct BinaryRules {
  static inline std::atomic<BinaryRule> first{}, second{};
};

template <typename Op, WhereFlow flow>
struct BinaryModel
    : DifferentiableOpInterface::ExternalModel<BinaryModel<Op, flow>, Op> {
  llvm::LogicalResult pullback(mlir::Operation *op, mlir::OpBuilder &builder,
                               llvm::ArrayRef<mlir::Value> adjoints,
                               Adjoints &sink) const {
    auto term = [&](mlir::Value v) { return Term{&builder, op->getLoc(), v}; };
    Term a = term(op->getOperand(0)), b = term(op->getOperand(1));
    Term y = term(op->getResult(0)), g = term(adjoints[0]);
    BinaryRule first = BinaryRules<Op>::first, second = BinaryRules<Op>::second;
    if (sink.wants(0))
      sink.add(0, first(a, b, y, g).value);
    if (second && sink.wants(1))
      sink.add(1, second(a, b, y, g).value);
    return mlir::success();
  }
  bool isActiveOperand(mlir::Operation *, unsigned index) const {
    return index == 0 || BinaryRules<Op>::second.load();
  }
  bool isCheapToRecompute(mlir::Operation *) const { return true; }
  WhereFlow getWhereFlow(mlir::Operation *) const { return flow; }
};

template <typename Op, WhereFlow flow = WhereFlow::Wraps>
void binary(mlir::MLIRContext *context, BinaryRule first, BinaryRule second) {
  BinaryRules<Op>::first = first;
  BinaryRules<Op>::second = second;
  Op::template attachInterface<BinaryModel<Op, flow>>(*context);
}

/// An op through which no derivative flows (`floor`, `iota`). It still says
/// whether it is cheap: residuals may be computed again from it.
template <typename Op, bool cheap>
struct FlatModel
    : DifferentiableOpInterface::ExternalModel<FlatModel<Op, cheap>, Op> {
  llvm::LogicalResult pullback(mlir::Operation *, mlir::OpBuilder &,
                               llvm::ArrayRef<mlir::Value>, Adjoints &) const {
    return mlir::success();
  }
  bool isActiveOperand(mlir::Operation *, unsigned) const { return false; }
  bool isCheapToRecompute(mlir::Operation *) const { return cheap; }
};

template <typename... Ops>
void flat(mlir::MLIRContext *context) {
  (Ops::template attachInterface<FlatModel<Ops, true>>(*context), ...);
}
template <typename... Ops>
void flatAndCostly(mlir::MLIRContext *context) {
  (Ops::template attachInterface<FlatModel<Ops, false>>(*context), ...);
}

/// Any other op: the whole rule, as a function on the typed op.
template <typename Op>
using FullRule = llvm::LogicalResult (*)(Op op, mlir::OpBuilder &builder,
                                         llvm::ArrayRef<mlir::Value> adjoints,
                                         Adjoints &sink);

template <typename Op, WhereFlow flow, bool cheap>
struct FullModel
    : DifferentiableOpInterface::ExternalModel<FullModel<Op, flow, cheap>, Op> {
  llvm::LogicalResult pullback(mlir::Operation *op, mlir::OpBuilder &builder,
                               llvm::ArrayRef<mlir::Value> adjoints,
                               Adjoints &sink) const {
    FullRule<Op> rule = RuleOf<Op, FullRule<Op>>::rule;
    return rule(llvm::cast<Op>(op), builder, adjoints, sink);
  }
  bool isCheapToRecompute(mlir::Operation *) const { return cheap; }
  WhereFlow getWhereFlow(mlir::Operation *) const { return flow; }
};

template <typename Op, WhereFlow flow = WhereFlow::Drops, bool cheap = false>
void rule(mlir::MLIRContext *context, FullRule<Op> rule) {
  RuleOf<Op, FullRule<Op>>::rule = rule;
  Op::template attachInterface<FullModel<Op, flow, cheap>>(*context);
}

} // namespace lamina::graph

#endif // LAMINA_DIALECTS_GRAPH_DERIVATIVEMODELS_H
