// SPDX-License-Identifier: Apache-2.0
//
// Factorisations and what is made of them.
//
// GRAPH has triangular_solve, cholesky, lu and qr; inverse, solve, determinant
// are written over these here.

#include "frontend/IRGen/Emitter.h"

#include "mlir/Dialect/Math/IR/Math.h"

#include <numeric>

using namespace mlir;

namespace lamina::irgen {

namespace {

/// The identity matrix in the shape of `like`.
Value emitIdentity(TensorBuilder &b, Value like) {
  return b.convert(b.isOnDiagonal(graph::getShape(like)), elementOf(like));
}

struct LU {
  Value factors, permutation;
};

LU emitLU(TensorBuilder &b, Value x) {
  Sizes sizes = graph::getShape(x);
  sizes.pop_back();
  auto lu = b.make<graph::LuOp>(x.getType(),
                                b.types.tensor(sizes, b.getI32Type()), x);
  return {lu.getFactors(), lu.getPermutation()};
}

/// a x = rhs with rhs `[..., n, m]`: rows exchanged, then two triangular
/// systems.
Value emitSolve(TensorBuilder &b, Value a, Value rhs) {
  LU lu = emitLU(b, a);
  unsigned batch = rankOf(a) - 2;
  Value rows = b.gather(rhs, lu.permutation, batch, batch, false);
  auto lower = b.make<graph::TriangularSolveOp>(graph::Side::Left, lu.factors,
                                                rows, true, false, true);
  return b.make<graph::TriangularSolveOp>(graph::Side::Left, lu.factors, lower,
                                          false, false, false);
}

/// The product of the diagonal of u, with the sign of the exchange of rows: the
/// parity of the number of pairs that stand in the wrong order.
Value emitDeterminant(TensorBuilder &b, Value x) {
  LU lu = emitLU(b, x);
  Value diagonal = b.diagonal(lu.factors);
  int64_t axis = rankOf(diagonal) - 1;
  Value product = b.reduce(graph::ReduceKind::Prod, diagonal, axis);
  Sizes pairs = graph::getShape(x);
  SmallVector<int64_t> first(axis + 1), second;
  std::iota(first.begin(), first.end(), 0);
  second = first;
  second.back() = axis + 1;
  Value a = b.broadcast(lu.permutation, pairs, first);
  Value c = b.broadcast(lu.permutation, pairs, second);
  using arith::CmpFPredicate, arith::CmpIPredicate;
  Value before = b.compare(CmpIPredicate::slt, CmpFPredicate::OLT,
                           b.iota(pairs, axis), b.iota(pairs, axis + 1));
  Value exchanged = b.compare(CmpIPredicate::sgt, CmpFPredicate::OGT, a, c);
  Value count =
      b.reduce(graph::ReduceKind::Sum,
               b.convert(b.bothTrue(before, exchanged), b.getI32Type()),
               {axis, axis + 1});
  Value odd = b.make<arith::RemSIOp>(count, b.constantLike(count, 2));
  Value isOdd = b.compare(CmpIPredicate::ne, CmpFPredicate::UNE, odd,
                          b.constantLike(odd, 0));
  return b.select(isOdd, b.negate(product), product);
}

/// The matrix that undoes the exchange of rows: x = order · lower · upper.
Value emitOrder(TensorBuilder &b, Value x, Value permutation) {
  Sizes sizes = graph::getShape(x);
  int64_t column = int64_t(sizes.size()) - 1;
  SmallVector<int64_t> axes(column - 1);
  std::iota(axes.begin(), axes.end(), 0);
  axes.push_back(column);
  Value from = b.broadcast(permutation, sizes, axes);
  Value row = b.iota(sizes, unsigned(column - 1));
  using arith::CmpFPredicate, arith::CmpIPredicate;
  Value isThere = b.compare(CmpIPredicate::eq, CmpFPredicate::OEQ, row, from);
  return b.convert(isThere, b.types.real());
}

/// The triangle of lu's one matrix: below the diagonal with ones on it, or
/// above.
Value emitTriangle(TensorBuilder &b, Value x, bool lower) {
  Sizes sizes = graph::getShape(x);
  unsigned last = sizes.size() - 1;
  using arith::CmpFPredicate, arith::CmpIPredicate;
  Value row = b.iota(sizes, last - 1), column = b.iota(sizes, last);
  Value inside =
      lower ? b.compare(CmpIPredicate::sgt, CmpFPredicate::OGT, row, column)
            : b.compare(CmpIPredicate::sle, CmpFPredicate::OLE, row, column);
  Value part = b.select(inside, x, b.constantLike(x, 0));
  return lower ? b.add(part, emitIdentity(b, x)) : part;
}

} // namespace

static Emitted emitQR(Emitter &emitter, Value x, const core::Structured *e,
                      const Ambient &ambient) {
  SmallVector<Type, 2> results;
  for (const core::Type &part : e->type.parts) {
    Sizes sizes = emitter.ambientSizes(ambient);
    Sizes own = emitter.types().sizes(part);
    sizes.append(own.begin(), own.end());
    results.push_back(emitter.types().tensor(sizes, emitter.types().real()));
  }
  auto qr = emitter.b.make<graph::QrOp>(results[0], results[1], x);
  return Emitted::tuple({Emitted::tensor(qr.getQ(), ambient),
                         Emitted::tensor(qr.getR(), ambient)});
}

Emitted Emitter::emitFactorisation(const core::Structured *e,
                                   ArrayRef<Emitted> operands) {
  using core::StructuredKind;
  Ambient ambient = operands.front().ambient;
  if (operands.size() > 1)
    ambient = unite(ambient, operands[1].ambient);
  Value x = b.convert(align(operands.front(), ambient), types().real());
  auto tensor = [&](Value value) { return Emitted::tensor(value, ambient); };
  switch (e->structured) {
  case StructuredKind::Inverse:
    return tensor(emitSolve(b, x, emitIdentity(b, x)));
  case StructuredKind::Determinant:
    return tensor(emitDeterminant(b, x));
  case StructuredKind::Solve: {
    Value rhs = b.convert(align(operands[1], ambient), types().real());
    if (rankOf(rhs) == rankOf(x))
      return tensor(emitSolve(b, x, rhs));
    Value column = emitSolve(b, x, b.addAxis(rhs, rankOf(rhs)));
    return tensor(b.dropAxis(column, rankOf(column) - 1));
  }
  case StructuredKind::Cholesky:
    return tensor(b.make<graph::CholeskyOp>(x));
  case StructuredKind::QR:
    return emitQR(*this, x, e, ambient);
  case StructuredKind::LU: {
    LU lu = emitLU(b, x);
    return Emitted::tuple({tensor(emitOrder(b, x, lu.permutation)),
                           tensor(emitTriangle(b, lu.factors, true)),
                           tensor(emitTriangle(b, lu.factors, false))});
  }
  default:
    llvm_unreachable("Sema refuses what has no lowering");
  }
}

} // namespace lamina::irgen
