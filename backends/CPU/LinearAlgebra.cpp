// SPDX-License-Identifier: Apache-2.0
//
// Factors and solutions of one matrix.
//
// The textbook loops, one element at a time: correct in both types. Matrices
// are small next to the products around them.

#include "backends/CPU/StructuredEmitter.h"
#include "dialects/Graph/GraphOps.h"

using namespace llvm;

namespace lamina::cpu {

namespace {
class MatrixEmitter {
public:
  MatrixEmitter(Frame &frame, Value *batch)
      : frame(frame), b(frame.b), batch(batch) {}

  void emitCholesky(graph::CholeskyOp op);
  void emitLU(graph::LuOp op);
  void emitQR(graph::QrOp op);
  void emitTriangularSolve(graph::TriangularSolveOp op);

private:
  using Body = function_ref<void(Value *)>;
  void loop(Value *lo, Value *hi, Body body) {
    b.emitFor(lo, hi, b.index(1), body);
  }
  /// start + Σ term(i) for lo <= i < hi.
  Value *sum(Value *lo, Value *hi, Value *start,
             function_ref<Value *(Value *)> term) {
    return b.emitFor(lo, hi, b.index(1), {start},
                     [&](Value *i, ValueRange now) -> Values {
                       return {b.CreateFAdd(now[0], term(i))};
                     })[0];
  }
  Value *size(mlir::Value tensor, unsigned axis) {
    return frame.extent(frame.body.extent(tensor, axis));
  }
  Value *next(Value *i) { return b.add(i, b.index(1)); }
  void copy(mlir::Value from, mlir::Value to);
  void swapRows(const ElementAccess &x, Value *columns, Value *i, Value *j);
  Value *findPivot(const ElementAccess &x, Value *k, Value *rows);
  void orthogonalize(graph::QrOp op, Value *j);

  Frame &frame;
  LoopBuilder &b;
  Value *batch;
};
} // namespace

void MatrixEmitter::copy(mlir::Value from, mlir::Value to) {
  ElementAccess x(frame, from), y(frame, to);
  loop(b.index(0), size(from, 1), [&](Value *i) {
    loop(b.index(0), size(from, 2),
         [&](Value *j) { y.store({batch, i, j}, x.load({batch, i, j})); });
  });
}

void MatrixEmitter::emitCholesky(graph::CholeskyOp op) {
  ElementAccess x(frame, op.getX()), l(frame, op.getResult());
  Value *n = size(op.getX(), 1), *zero = b.index(0);
  auto rest = [&](Value *i, Value *j) {
    return sum(zero, j, x.load({batch, i, j}), [&](Value *k) {
      return b.CreateFNeg(
          b.CreateFMul(l.load({batch, i, k}), l.load({batch, j, k})));
    });
  };
  loop(zero, n, [&](Value *j) {
    Value *root = b.CreateUnaryIntrinsic(Intrinsic::sqrt, rest(j, j));
    l.store({batch, j, j}, root);
    loop(next(j), n, [&](Value *i) {
      l.store({batch, i, j}, b.CreateFDiv(rest(i, j), root));
      l.store({batch, j, i}, ConstantFP::get(l.type(), 0.0));
    });
  });
}

/// The first row from k on whose element in column k is largest.
Value *MatrixEmitter::findPivot(const ElementAccess &x, Value *k, Value *rows) {
  auto magnitude = [&](Value *i) {
    return b.CreateUnaryIntrinsic(Intrinsic::fabs, x.load({batch, i, k}));
  };
  return b.emitFor(next(k), rows, b.index(1), {k, magnitude(k)},
                   [&](Value *i, ValueRange best) -> Values {
                     Value *here = magnitude(i);
                     Value *larger = b.CreateFCmpOGT(here, best[1]);
                     return {b.CreateSelect(larger, i, best[0]),
                             b.CreateSelect(larger, here, best[1])};
                   })[0];
}

void MatrixEmitter::swapRows(const ElementAccess &x, Value *columns, Value *i,
                             Value *j) {
  loop(b.index(0), columns, [&](Value *k) {
    Value *upper = x.load({batch, i, k}), *lower = x.load({batch, j, k});
    x.store({batch, i, k}, lower);
    x.store({batch, j, k}, upper);
  });
}

void MatrixEmitter::emitLU(graph::LuOp op) {
  copy(op.getX(), op.getFactors());
  ElementAccess x(frame, op.getFactors()), order(frame, op.getPermutation());
  Value *n = size(op.getX(), 1), *zero = b.index(0);
  loop(zero, n, [&](Value *i) {
    order.store({batch, i}, b.CreateTrunc(i, order.type()));
  });
  loop(zero, n, [&](Value *k) {
    Value *pivot = findPivot(x, k, n);
    swapRows(x, n, k, pivot);
    Value *first = order.load({batch, k}), *second = order.load({batch, pivot});
    order.store({batch, k}, second);
    order.store({batch, pivot}, first);
    Value *diagonal = x.load({batch, k, k});
    loop(next(k), n, [&](Value *i) {
      Value *factor = b.CreateFDiv(x.load({batch, i, k}), diagonal);
      x.store({batch, i, k}, factor);
      loop(next(k), n, [&](Value *j) {
        Value *less = b.CreateFMul(factor, x.load({batch, k, j}));
        x.store({batch, i, j}, b.CreateFSub(x.load({batch, i, j}), less));
      });
    });
  });
}

// Two passes of Gram and Schmidt leave columns orthogonal to rounding.
void MatrixEmitter::orthogonalize(graph::QrOp op, Value *j) {
  ElementAccess q(frame, op.getQ()), r(frame, op.getR());
  Value *rows = size(op.getX(), 1), *zero = b.index(0);
  Constant *nothing = ConstantFP::get(q.type(), 0.0);
  for (int pass = 0; pass < 2; ++pass)
    loop(zero, j, [&](Value *i) {
      Value *along = sum(zero, rows, nothing, [&](Value *row) {
        return b.CreateFMul(q.load({batch, row, i}), q.load({batch, row, j}));
      });
      r.store({batch, i, j}, b.CreateFAdd(r.load({batch, i, j}), along));
      loop(zero, rows, [&](Value *row) {
        Value *part = b.CreateFMul(along, q.load({batch, row, i}));
        q.store({batch, row, j}, b.CreateFSub(q.load({batch, row, j}), part));
      });
    });
}

void MatrixEmitter::emitQR(graph::QrOp op) {
  copy(op.getX(), op.getQ());
  ElementAccess q(frame, op.getQ()), r(frame, op.getR());
  Value *rows = size(op.getX(), 1), *columns = size(op.getX(), 2);
  Value *zero = b.index(0);
  Constant *nothing = ConstantFP::get(q.type(), 0.0);
  loop(zero, columns, [&](Value *i) {
    loop(zero, columns, [&](Value *j) { r.store({batch, i, j}, nothing); });
  });
  loop(zero, columns, [&](Value *j) {
    orthogonalize(op, j);
    Value *square = sum(zero, rows, nothing, [&](Value *row) {
      Value *x = q.load({batch, row, j});
      return b.CreateFMul(x, x);
    });
    Value *norm = b.CreateUnaryIntrinsic(Intrinsic::sqrt, square);
    r.store({batch, j, j}, norm);
    loop(zero, rows, [&](Value *row) {
      q.store({batch, row, j}, b.CreateFDiv(q.load({batch, row, j}), norm));
    });
  });
}

// x a = b is transpose(a) transpose(x) = transpose(b), so one loop does for
// both sides: rows of the system are solved in the order that the triangle
// gives.
void MatrixEmitter::emitTriangularSolve(graph::TriangularSolveOp op) {
  ElementAccess a(frame, op.getA()), right(frame, op.getB());
  ElementAccess x(frame, op.getResult());
  bool isLeft = op.getSide() == graph::Side::Left;
  bool isFlipped = op.getTransposed() == isLeft;
  bool isForward = op.getLower() != isFlipped;
  Value *n = size(op.getA(), 1), *zero = b.index(0);
  Value *systems = size(op.getB(), isLeft ? 2 : 1);
  auto coefficient = [&](Value *i, Value *k) {
    return isFlipped ? a.load({batch, k, i}) : a.load({batch, i, k});
  };
  loop(zero, systems, [&](Value *column) {
    auto at = [&](Value *i) {
      return isLeft ? Values{batch, i, column} : Values{batch, column, i};
    };
    loop(zero, n, [&](Value *step) {
      Value *i =
          isForward ? step : b.CreateSub(b.CreateSub(n, b.index(1)), step);
      Value *from = isForward ? zero : next(i);
      Value *to = isForward ? i : n;
      Value *rest = sum(from, to, right.load(at(i)), [&](Value *k) {
        return b.CreateFNeg(b.CreateFMul(coefficient(i, k), x.load(at(k))));
      });
      x.store(at(i),
              op.getUnit() ? rest : b.CreateFDiv(rest, coefficient(i, i)));
    });
  });
}

void emitLinearAlgebra(Frame &frame, mlir::Operation *op, Value *batch) {
  MatrixEmitter matrix(frame, batch);
  if (auto cholesky = dyn_cast<graph::CholeskyOp>(op))
    matrix.emitCholesky(cholesky);
  else if (auto lu = dyn_cast<graph::LuOp>(op))
    matrix.emitLU(lu);
  else if (auto qr = dyn_cast<graph::QrOp>(op))
    matrix.emitQR(qr);
  else
    matrix.emitTriangularSolve(cast<graph::TriangularSolveOp>(op));
}

} // namespace lamina::cpu
