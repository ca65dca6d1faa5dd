// SPDX-License-Identifier: Apache-2.0
//
// Attention, a row at a time.
//
// The scores of a row stand in scratch. Products and sums run on lanes along
// the numbers of a head, exponentials along the scores.

#include "backends/CPU/AttendRows.h"

#include "backends/CPU/AttentionCode.h"
#include "backends/CPU/VectorMath.h"
#include "dialects/Graph/ScoreGradient.h"

#include "llvm/Support/MathExtras.h"

using namespace llvm;

namespace lamina::cpu {

namespace {

/// One function of a kernel while it is filled.
class RowCode {
public:
  /// `grad` and `gradient` are null forward.
  RowCode(Frame &frame, const AttentionOp &op, graph::AttendGradOp grad,
          mlir::Block *gradient, unsigned lanes, Value *scratch)
      : code(frame, op), b(frame.b), op(op), grad(grad), gradient(gradient),
        lanes(lanes), scratch(scratch),
        vector(FixedVectorType::get(frame.b.getFloatTy(), lanes)) {}

  AttentionCode code;

  void emitForward(Value *item);
  void emitQueryAdjoint(Value *item);
  void emitKeyAdjoint(Value *item);
  /// Bytes of one list of scores.
  static Value *listBytes(LoopBuilder &b, Value *count, unsigned lanes) {
    return b.multiply(b.roundUp(count, lanes), b.index(4));
  }

private:
  using Lanes = AttentionCode::Lanes;
  using ReadRow = function_ref<Value *(Value *, Lanes)>;

  Lanes lanesAt(Value *c, int64_t width) {
    Value *left = b.CreateSub(b.index(width), c);
    return {lanes, b.activeLanes(left, lanes)};
  }
  Value *product(int64_t width, ReadRow x, ReadRow y);
  Value *slot(Value *list, Value *number) {
    return b.CreateGEP(b.getFloatTy(), list, number);
  }
  Value *total(Value *sums);
  /// Σ weight · row over [low, high), for lanes of columns from c on.
  Value *weightedSum(Value *list, Value *low, Value *high, Value *start,
                     function_ref<Value *(Value *)> row);
  void forEachPart(int64_t width, function_ref<void(Value *, Lanes)> body);
  std::pair<Value *, Value *> normalise(Value *low, Value *high, Value *most);
  AttentionCode::Pulled pullBack(Value *i, Value *j);
  /// The n-th of lists with a number for each query.
  Value *listOf(Value *lists, Value *n) {
    return b.CreatePtrAdd(lists,
                          b.multiply(n, listBytes(b, code.queries, lanes)));
  }
  void writeKeySum(const Storage &out, Value *group, Value *j, Value *list,
                   mlir::Value rows);

  LoopBuilder &b;
  const AttentionOp &op;
  graph::AttendGradOp grad;
  mlir::Block *gradient;
  unsigned lanes;
  Value *scratch;
  Type *vector;
};

/// The lanes added by halves.
Value *RowCode::total(Value *sums) {
  for (unsigned half = lanes / 2; half > 0; half /= 2) {
    SmallVector<int> upper;
    for (unsigned lane = 0; lane < lanes; ++lane)
      upper.push_back(int((lane + half) % lanes));
    sums = b.CreateFAdd(sums, b.CreateShuffleVector(sums, upper));
  }
  return b.CreateExtractElement(sums, uint64_t(0));
}

Value *RowCode::product(int64_t width, ReadRow x, ReadRow y) {
  Values sums = b.emitFor(
      b.index(0), b.index(width), b.index(lanes),
      {Constant::getNullValue(vector)}, [&](Value *c, ValueRange before) {
        Lanes part = lanesAt(c, width);
        return Values{b.CreateIntrinsic(Intrinsic::fma, {vector},
                                        {x(c, part), y(c, part), before[0]})};
      });
  return total(sums[0]);
}

Value *RowCode::weightedSum(Value *list, Value *low, Value *high, Value *start,
                            function_ref<Value *(Value *)> row) {
  return b.emitFor(
      low, high, b.index(1), {start}, [&](Value *j, ValueRange before) {
        Value *weight =
            b.splat(b.CreateLoad(b.getFloatTy(), slot(list, j)), lanes);
        return Values{b.CreateIntrinsic(Intrinsic::fma, {vector},
                                        {weight, row(j), before[0]})};
      })[0];
}

void RowCode::forEachPart(int64_t width,
                          function_ref<void(Value *, Lanes)> body) {
  b.emitFor(b.index(0), b.index(width), b.index(lanes),
            [&](Value *c) { body(c, lanesAt(c, width)); });
}

/// Scores from `low` to before `high` become exponentials, as shares of a power
/// of two: then it does not matter to their rounding which one. Gives their sum
/// and what was taken off.
std::pair<Value *, Value *> RowCode::normalise(Value *low, Value *high,
                                               Value *most) {
  Value *zero = ConstantFP::get(b.getFloatTy(), 0);
  Value *least = ConstantFP::getInfinity(b.getFloatTy(), /*Negative=*/true);
  Value *power = b.CreateUnaryIntrinsic(
      Intrinsic::roundeven,
      b.CreateFMul(most, ConstantFP::get(b.getFloatTy(), numbers::log2e)));
  Value *base = b.CreateSelect(
      b.CreateFCmpOEQ(most, least), zero,
      b.CreateFMul(power, ConstantFP::get(b.getFloatTy(), numbers::ln2)));
  Values sums = b.emitFor(
      low, high, b.index(lanes), {Constant::getNullValue(vector)},
      [&](Value *j, ValueRange before) {
        Value *active = b.activeLanes(b.CreateSub(high, j), lanes);
        Value *scores = b.CreateMaskedLoad(vector, slot(scratch, j), Align(4),
                                           active, b.splat(least, lanes));
        Value *powers = code.asFactor(
            code.power(b.CreateFSub(scores, b.splat(base, lanes))));
        b.CreateMaskedStore(powers, slot(scratch, j), Align(4), active);
        return Values{b.CreateFAdd(before[0], powers)};
      });
  return {total(sums[0]), base};
}

void RowCode::emitForward(Value *item) {
  Value *i = b.remainder(item, code.queries);
  code.setHead(b.divide(item, code.queries));
  Value *zero = ConstantFP::get(b.getFloatTy(), 0);
  Value *least = ConstantFP::getInfinity(b.getFloatTy(), /*Negative=*/true);
  std::pair<Value *, Value *> seen = code.visibleKeys(i, i);
  Value *low = seen.first, *high = seen.second;
  Values most = b.emitFor(
      low, high, b.index(1), {least}, [&](Value *j, ValueRange before) {
        Value *s = product(
            op.depth(),
            [&](Value *c, Lanes part) {
              return code.readQuery(op.q, i, c, part);
            },
            [&](Value *c, Lanes part) {
              return code.readKey(op.k, j, c, part);
            });
        Element at{i, j};
        Value *score =
            b.CreateSelect(code.isShown(at), code.score(s, at), least);
        b.CreateStore(score, slot(scratch, j));
        return Values{b.CreateSelect(b.CreateFCmpOGT(score, before[0]), score,
                                     before[0])};
      });
  std::pair<Value *, Value *> sums = normalise(low, high, most[0]);
  Value *sum = sums.first, *base = sums.second;
  Value *isEmpty = b.CreateFCmpOEQ(sum, zero);
  Value *statistic = b.CreateFAdd(base, VectorMath(b).log(sum));
  code.writeRow(code.result(1), i, b.CreateSelect(isEmpty, least, statistic));
  Value *scale = b.CreateSelect(
      isEmpty, zero, b.CreateFDiv(ConstantFP::get(b.getFloatTy(), 1), sum));
  Storage out = code.result(0);
  forEachPart(op.width(), [&](Value *c, Lanes part) {
    Value *value =
        weightedSum(scratch, low, high, Constant::getNullValue(vector),
                    [&](Value *j) { return code.readKey(op.v, j, c, part); });
    code.writeQuery(out, i, c, b.CreateFMul(value, b.splat(scale, lanes)),
                    part);
  });
}

AttentionCode::Pulled RowCode::pullBack(Value *i, Value *j) {
  auto query = [&](mlir::Value tensor) {
    return [&, tensor](Value *c, Lanes part) {
      return code.readQuery(tensor, i, c, part);
    };
  };
  auto key = [&](mlir::Value tensor) {
    return [&, tensor](Value *c, Lanes part) {
      return code.readKey(tensor, j, c, part);
    };
  };
  Value *s = product(op.depth(), query(op.q), key(op.k));
  Value *pulled = product(op.width(), query(grad.getAdjoint()), key(op.v));
  Element at{i, j};
  return code.pullBack(*gradient, s, pulled, code.readRow(grad.getStats(), i),
                       code.readRow(grad.getO(), i), code.isShown(at), at);
}

void RowCode::emitQueryAdjoint(Value *item) {
  Value *i = b.remainder(item, code.queries);
  code.setHead(b.divide(item, code.queries));
  std::pair<Value *, Value *> seen = code.visibleKeys(i, i);
  b.emitFor(seen.first, seen.second, b.index(1), [&](Value *j) {
    b.CreateStore(code.asFactor(pullBack(i, j).product), slot(scratch, j));
  });
  Storage out = code.result(0);
  forEachPart(op.depth(), [&](Value *c, Lanes part) {
    Value *value = weightedSum(
        scratch, seen.first, seen.second, Constant::getNullValue(vector),
        [&](Value *j) { return code.readKey(op.k, j, c, part); });
    code.writeQuery(out, i, c, value, part);
  });
}

/// Writes Σ list · row of queries, over all heads of the group, to a row of an
/// out.
void RowCode::writeKeySum(const Storage &out, Value *group, Value *j,
                          Value *list, mlir::Value rows) {
  int64_t width =
      cast<mlir::RankedTensorType>(rows.getType()).getShape().back();
  forEachPart(width, [&](Value *c, Lanes part) {
    Values sums = b.emitFor(
        b.index(0), b.index(code.headsOfGroup()), b.index(1),
        {Constant::getNullValue(vector)}, [&](Value *n, ValueRange before) {
          code.setGroup(group, n);
          return Values{weightedSum(
              listOf(list, n), b.index(0), code.queries, before[0],
              [&](Value *i) { return code.readQuery(rows, i, c, part); })};
        });
    code.setGroup(group, b.index(0));
    code.writeKey(out, j, c, sums[0], part);
  });
}

void RowCode::emitKeyAdjoint(Value *item) {
  Value *j = b.remainder(item, code.keys), *group = b.divide(item, code.keys);
  Value *products = scratch;
  Value *weights = listOf(products, b.index(code.headsOfGroup()));
  Value *zero = ConstantFP::get(b.getFloatTy(), 0);
  b.emitFor(
      b.index(0), b.index(code.headsOfGroup()), b.index(1), [&](Value *n) {
        code.setGroup(group, n);
        b.emitFor(b.index(0), code.queries, b.index(1), [&](Value *i) {
          std::pair<Value *, Value *> seen = code.visibleKeys(i, i);
          Value *isSeen = b.CreateAnd(b.CreateICmpSLE(seen.first, j),
                                      b.CreateICmpSLT(j, seen.second));
          Values both = b.emitWhenever(isSeen, {zero, zero}, [&](ValueRange) {
            AttentionCode::Pulled one = pullBack(i, j);
            return Values{one.product, one.weight};
          });
          b.CreateStore(code.asFactor(both[0]), slot(listOf(products, n), i));
          b.CreateStore(code.asFactor(both[1]), slot(listOf(weights, n), i));
        });
      });
  writeKeySum(code.result(1), group, j, products, op.q);
  writeKeySum(code.result(2), group, j, weights, grad.getAdjoint());
}

class AttendRows : public KernelEmitter {
public:
  AttendRows(AttentionOp op, unsigned lanes)
      : op(std::move(op)), grad(dyn_cast<graph::AttendGradOp>(this->op.op)),
        lanes(lanes) {}

  Value *emitItems(Frame &frame) override {
    LoopBuilder &b = frame.b;
    AttentionCode code(frame, op);
    Value *rows = b.multiply(code.headCount(), code.queries);
    return grad ? b.add(rows, keyItems(code, b)) : rows;
  }
  Value *emitScratch(Frame &frame) override {
    LoopBuilder &b = frame.b;
    AttentionCode code(frame, op);
    Value *keys = RowCode::listBytes(b, code.keys, lanes);
    if (!grad)
      return keys;
    Value *queries = RowCode::listBytes(b, code.queries, lanes);
    return b.maximum(keys,
                     b.multiply(queries, b.index(2 * code.headsOfGroup())));
  }
  mlir::LogicalResult emitRun(Frame &frame, const RunArguments &run) override;

private:
  static Value *keyItems(AttentionCode &code, LoopBuilder &b) {
    return b.multiply(code.groupCount(), code.keys);
  }

  AttentionOp op;
  graph::AttendGradOp grad;
  unsigned lanes;
};

mlir::LogicalResult AttendRows::emitRun(Frame &frame, const RunArguments &run) {
  LoopBuilder &b = frame.b;
  std::optional<graph::ScoreGradient> gradient;
  if (grad) {
    mlir::FailureOr<graph::ScoreGradient> made = graph::makeScoreGradient(grad);
    if (failed(made))
      return mlir::failure();
    gradient.emplace(std::move(*made));
  }
  RowCode rows(frame, op, grad, gradient ? &gradient->block() : nullptr, lanes,
               run.scratch);
  b.emitFor(run.first, run.last, b.index(1), [&](Value *item) {
    if (!grad)
      return rows.emitForward(item);
    Value *count = keyItems(rows.code, b);
    b.emitIf(
        b.CreateICmpSLT(item, count), [&] { rows.emitKeyAdjoint(item); },
        [&] { rows.emitQueryAdjoint(b.CreateSub(item, count)); });
  });
  if (mlir::Operation *op = rows.code.failedOp())
    return op->emitOpError("has no form on the cpu backend");
  return mlir::success();
}

} // namespace

std::unique_ptr<KernelEmitter> createAttendRows(const KernelBody &body,
                                                unsigned lanes) {
  if (std::optional<AttentionOp> op = AttentionOp::find(body))
    return std::make_unique<AttendRows>(std::move(*op), lanes);
  return nullptr;
}

} // namespace lamina::cpu
