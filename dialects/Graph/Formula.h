// SPDX-License-Identifier: Apache-2.0
//
// Derivatives written as formulas.
//
// Lets a rule of calculus be written as it stands in a book: `g * (1 - y * y)`.
// Works on tensors and on the scalars of attention's regions.

#ifndef LAMINA_DIALECTS_GRAPH_FORMULA_H
#define LAMINA_DIALECTS_GRAPH_FORMULA_H

#include "mlir/IR/Builders.h"
#include "mlir/IR/Value.h"

namespace lamina::graph {

/// The constant `number` in the type of `like`, a scalar or a tensor of floats,
/// integers or truth values. Sizes known at run time only make it a `broadcast`
/// of a rank-0 constant.
mlir::Value constantLike(mlir::OpBuilder &builder, mlir::Location loc,
                         mlir::Type like, double number);

inline mlir::Value zeroOf(mlir::OpBuilder &builder, mlir::Location loc,
                          mlir::Type type) {
  return constantLike(builder, loc, type, 0);
}

/// The type of truth values of the shape of `type`.
mlir::Type truthLike(mlir::Type type);

mlir::Value selectOp(mlir::OpBuilder &builder, mlir::Location loc,
                     mlir::Value condition, mlir::Value yes, mlir::Value no);
mlir::Value notOp(mlir::OpBuilder &builder, mlir::Location loc,
                  mlir::Value condition);

/// A value in a formula: operators append the op that computes them.
struct Term {
  mlir::OpBuilder *builder;
  mlir::Location loc;
  mlir::Value value;

  Term with(mlir::Value other) const { return {builder, loc, other}; }
  Term constant(double number) const {
    return with(constantLike(*builder, loc, value.getType(), number));
  }
};

Term operator+(Term a, Term b);
Term operator-(Term a, Term b);
Term operator*(Term a, Term b);
Term operator/(Term a, Term b);
Term operator-(Term a);
inline Term operator+(double a, Term b) { return b.constant(a) + b; }
inline Term operator-(double a, Term b) { return b.constant(a) - b; }
inline Term operator-(Term a, double b) { return a - a.constant(b); }
inline Term operator*(double a, Term b) { return b.constant(a) * b; }
inline Term operator/(double a, Term b) { return b.constant(a) / b; }

/// Truth values, for `choose`.
Term operator>(Term a, double b);
Term operator<(Term a, double b);
Term operator&(Term a, Term b);
Term isZero(Term a);
/// `condition ? yes : no`.
Term choose(Term condition, Term yes, Term no);
/// `value`, but 0 where `singular`: the derivative that is chosen at a point
/// without one, so that norms at zero stay finite.
Term zeroWhere(Term singular, Term value);

Term exp(Term a);
Term log(Term a);
Term sqrt(Term a);
Term sin(Term a);
Term cos(Term a);
Term sinh(Term a);
Term cosh(Term a);
Term pow(Term a, Term b);
Term trunc(Term a);

} // namespace lamina::graph

#endif // LAMINA_DIALECTS_GRAPH_FORMULA_H
