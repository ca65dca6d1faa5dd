// SPDX-License-Identifier: Apache-2.0
//
// Reverse rules of factorisations.
//
// Formulas of matrix calculus (Giles, 2008), batched over leading axes. tri is
// the lower triangle, sol(a, b) a triangular solve; a bar is an adjoint, ' the
// transpose.

#include "dialects/Graph/DerivativeModels.h"
#include "dialects/Graph/Derivatives.h"
#include "dialects/Graph/GraphOps.h"
#include "dialects/Graph/Shape.h"

#include "llvm/ADT/STLExtras.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/IR/TypeUtilities.h"

using namespace mlir;

namespace lamina::graph {

namespace {

/// Appends ops on stacks of matrices.
struct Matrices {
  OpBuilder &b;
  Location loc;

  Term term(Value v) const { return {&b, loc, v}; }

  Value transpose(Value x) const {
    auto type = cast<RankedTensorType>(x.getType());
    int64_t rank = type.getRank();
    auto order = llvm::to_vector(llvm::seq<int64_t>(0, rank));
    std::swap(order[rank - 1], order[rank - 2]);
    Shape shape = getShape(type);
    std::swap(shape[rank - 1], shape[rank - 2]);
    return TransposeOp::create(
        b, loc, getTensorType(shape, type.getElementType()), x, order);
  }

  /// x y for stacks of matrices.
  Value multiply(Value x, Value y) const {
    unsigned batch =
        unsigned(cast<RankedTensorType>(x.getType()).getRank()) - 2;
    Shape left = getShape(x), right = getShape(y);
    Shape shape(left.begin(), left.end() - 1);
    shape.push_back(right.back());
    // Loops: batch…, row, column, sum.
    auto map = [&](unsigned first, unsigned second) {
      SmallVector<AffineExpr> results;
      for (unsigned i = 0; i < batch; ++i)
        results.push_back(b.getAffineDimExpr(i));
      results.push_back(b.getAffineDimExpr(batch + first));
      results.push_back(b.getAffineDimExpr(batch + second));
      return AffineMap::get(batch + 3, 0, results, b.getContext());
    };
    auto type = getTensorType(shape, getElementTypeOrSelf(x.getType()));
    return ContractOp::create(
        b, loc, type, x, y,
        b.getAffineMapArrayAttr({map(0, 2), map(2, 1), map(0, 1)}), TypeAttr());
  }

  /// Truth values that compare row and column numbers.
  Value compareIndices(Value like, arith::CmpIPredicate predicate) const {
    auto type =
        withElementType(cast<RankedTensorType>(like.getType()), b.getI32Type());
    uint64_t rank = uint64_t(type.getRank());
    Value row = IotaOp::create(b, loc, type, rank - 2),
          column = IotaOp::create(b, loc, type, rank - 1);
    return arith::CmpIOp::create(b, loc, predicate, row, column);
  }

  /// The part of x where row and column compare so; 0 elsewhere.
  Value part(Value x, arith::CmpIPredicate predicate) const {
    return selectOp(b, loc, compareIndices(x, predicate), x,
                    zeroOf(b, loc, x.getType()));
  }
  Value lower(Value x) const { return part(x, arith::CmpIPredicate::sge); }
  Value strictLower(Value x) const {
    return part(x, arith::CmpIPredicate::sgt);
  }
  Value upper(Value x) const { return part(x, arith::CmpIPredicate::sle); }
  Value strictUpper(Value x) const {
    return part(x, arith::CmpIPredicate::slt);
  }

  Value solve(Side side, Value a, Value x, bool lower, bool transposed,
              bool unit = false) const {
    return TriangularSolveOp::create(b, loc, x.getType(), side, a, x, lower,
                                     transposed, unit);
  }
};

} // namespace

/// b̄ = sol(op(a)', ḡ); the adjoint of op(a) is -b̄ x' on the left, -x' b̄ on the
/// right; of it only the triangle that is read.
static LogicalResult pullSolve(TriangularSolveOp op, OpBuilder &b,
                               ArrayRef<Value> adjoints, Adjoints &sink) {
  Matrices m{b, op.getLoc()};
  Value db = m.solve(op.getSide(), op.getA(), adjoints[0], op.getLower(),
                     !op.getTransposed(), op.getUnit());
  sink.add(1, db);
  if (!sink.wants(0))
    return success();
  Value x = op.getResult();
  bool left = op.getSide() == Side::Left;
  Value da;
  if (op.getTransposed())
    da = left ? m.multiply(x, m.transpose(db)) : m.multiply(m.transpose(db), x);
  else
    da = left ? m.multiply(db, m.transpose(x)) : m.multiply(m.transpose(x), db);
  Value triangle = op.getLower()
                       ? (op.getUnit() ? m.strictLower(da) : m.lower(da))
                       : (op.getUnit() ? m.strictUpper(da) : m.upper(da));
  sink.add(0, (-m.term(triangle)).value);
  return success();
}

/// With P the lower triangle of l' l̄, its diagonal halved: s = l^-T P l^-1, and
/// x̄ = (s + s') / 2, for x is symmetric.
static LogicalResult pullCholesky(CholeskyOp op, OpBuilder &b,
                                  ArrayRef<Value> adjoints, Adjoints &sink) {
  Matrices m{b, op.getLoc()};
  Value l = op.getResult();
  Value product = m.multiply(m.transpose(l), adjoints[0]);
  Value p = ((m.term(m.lower(product)) + m.term(m.strictLower(product))) *
             m.term(product).constant(0.5))
                .value;
  Value s = m.solve(Side::Left, l, m.solve(Side::Right, l, p, true, false),
                    true, true);
  sink.add(0, (0.5 * (m.term(s) + m.term(m.transpose(s)))).value);
  return success();
}

/// Rows of `x` put where `permutation` says: row permutation[i] gets row i.
static Value unpermuteRows(Matrices m, Value x, Value permutation) {
  Value zeros = zeroOf(m.b, m.loc, x.getType());
  uint64_t rows = uint64_t(cast<RankedTensorType>(x.getType()).getRank() - 2);
  return ScatterOp::create(m.b, m.loc, x.getType(), ScatterKind::Sum, zeros,
                           permutation, x, rows, rows, false);
}

/// p x = l u: of the permuted x it is l^-T (tri_strict(l' l̄) + triu(ū u'))
/// u^-T.
static LogicalResult pullLu(LuOp op, OpBuilder &b, ArrayRef<Value> adjoints,
                            Adjoints &sink) {
  Shape shape = getShape(op.getX());
  if (shape[shape.size() - 1] != shape[shape.size() - 2])
    return op.emitError("has a derivative for square matrices only");
  Matrices m{b, op.getLoc()};
  Value f = op.getFactors(), g = adjoints[0];
  Value one = m.compareIndices(f, arith::CmpIPredicate::eq);
  Value l = selectOp(b, m.loc, one, constantLike(b, m.loc, f.getType(), 1),
                     m.strictLower(f));
  Value u = m.upper(f);
  Value ofL = m.strictLower(m.multiply(m.transpose(l), m.strictLower(g)));
  Value ofU = m.upper(m.multiply(m.upper(g), m.transpose(u)));
  Value middle = (m.term(ofL) + m.term(ofU)).value;
  Value solved = m.solve(Side::Left, f, middle, true, true, true);
  Value permuted = m.solve(Side::Right, f, solved, false, true);
  sink.add(0, unpermuteRows(m, permuted, op.getPermutation()));
  return success();
}

/// M = r r̄' - q̄' q; x̄ = (q̄ + q sym(M)) r^-T, sym the lower triangle mirrored.
static LogicalResult pullQr(QrOp op, OpBuilder &b, ArrayRef<Value> adjoints,
                            Adjoints &sink) {
  Shape shape = getShape(op.getX());
  std::optional<int64_t> surplus =
      (shape[shape.size() - 2] - shape[shape.size() - 1]).getConstant();
  if (!surplus || *surplus < 0)
    return op.emitError(
        "has a derivative only where no matrix is wider than high");
  Matrices m{b, op.getLoc()};
  Value q = op.getQ(), r = op.getR();
  Value dq = adjoints[0] ? adjoints[0] : zeroOf(b, m.loc, q.getType());
  Value dr = adjoints[1] ? adjoints[1] : zeroOf(b, m.loc, r.getType());
  Term inner = m.term(m.multiply(r, m.transpose(m.upper(dr)))) -
               m.term(m.multiply(m.transpose(dq), q));
  Term mirrored = m.term(m.lower(inner.value)) +
                  m.term(m.transpose(m.strictLower(inner.value)));
  Term sum = m.term(dq) + m.term(m.multiply(q, mirrored.value));
  sink.add(0, m.solve(Side::Right, r, sum.value, false, true));
  return success();
}

void attachLinearAlgebraDerivatives(MLIRContext *c) {
  rule<TriangularSolveOp>(c, pullSolve);
  rule<CholeskyOp>(c, pullCholesky);
  rule<LuOp>(c, pullLu);
  rule<QrOp>(c, pullQr);
}

} // namespace lamina::graph
