// SPDX-License-Identifier: Apache-2.0
//
// Which keys a mask shows, row by row.
//
// An abstract evaluation for all keys j of a row i at once. Of a truth value it
// knows four intervals of j whose ends are expressions in i: where it may be
// true, where it is certainly true, and the same for false. An end that would
// need a minimum or a maximum of two expressions is given up on the safe side.

#include "dialects/Mask/MaskAnalysis.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/IR/Matchers.h"

using namespace mlir;

namespace lamina::mask {

namespace {

/// Keys from `low` on and before `high`; null is no end.
struct Interval {
  AffineExpr low, high;
  bool isEmpty = false;

  static Interval none() { return {{}, {}, true}; }
};

/// The sign of x - y, if it is the same for every row.
std::optional<int64_t> compare(AffineExpr x, AffineExpr y) {
  auto difference =
      dyn_cast<AffineConstantExpr>(simplifyAffineExpr(x - y, 1, 0));
  if (!difference)
    return std::nullopt;
  return difference.getValue();
}

/// The ends of two intervals put together. `outer` takes the end further
/// outside. Without an order between them `known` becomes false.
AffineExpr chooseEnd(AffineExpr x, AffineExpr y, bool isHigh, bool outer,
                     bool &known) {
  if (!x || !y)
    return outer ? AffineExpr() : (x ? x : y);
  std::optional<int64_t> sign = compare(x, y);
  if (!sign) {
    known = false;
    return outer ? AffineExpr() : x;
  }
  return (*sign > 0) == (isHigh == outer) ? x : y;
}

/// A set that has all that both have; not more if `exactly`.
Interval intersect(const Interval &x, const Interval &y, bool exactly) {
  if (x.isEmpty || y.isEmpty)
    return Interval::none();
  bool known = true;
  Interval both{chooseEnd(x.low, y.low, false, false, known),
                chooseEnd(x.high, y.high, true, false, known)};
  return known || !exactly ? both : Interval::none();
}

/// An interval around both.
Interval hull(const Interval &x, const Interval &y) {
  if (x.isEmpty)
    return y;
  if (y.isEmpty)
    return x;
  bool known = true;
  return {chooseEnd(x.low, y.low, false, true, known),
          chooseEnd(x.high, y.high, true, true, known)};
}

/// Whether y has all that x has.
bool isWithin(const Interval &x, const Interval &y) {
  auto reaches = [](AffineExpr inner, AffineExpr outer, int64_t direction) {
    if (!outer)
      return true;
    std::optional<int64_t> sign =
        inner ? compare(outer, inner) : std::optional<int64_t>();
    return sign && *sign * direction >= 0;
  };
  return x.isEmpty || (!y.isEmpty && reaches(x.low, y.low, -1) &&
                       reaches(x.high, y.high, 1));
}

/// An interval inside of the union: the larger one, or the first.
Interval larger(const Interval &x, const Interval &y) {
  return isWithin(x, y) ? y : x;
}

/// Where a truth value is, or may be, false (0) or true (1).
struct Truth {
  Interval maybe[2];
  Interval surely[2] = {Interval::none(), Interval::none()};

  static Truth always(bool value) {
    Truth truth;
    truth.maybe[!value] = Interval::none();
    truth.surely[value] = {};
    return truth;
  }
};

Truth negate(Truth x) {
  std::swap(x.maybe[0], x.maybe[1]);
  std::swap(x.surely[0], x.surely[1]);
  return x;
}

Truth conjoin(const Truth &x, const Truth &y) {
  Truth both;
  both.maybe[1] = intersect(x.maybe[1], y.maybe[1], /*exactly=*/false);
  both.surely[1] = intersect(x.surely[1], y.surely[1], /*exactly=*/true);
  both.maybe[0] = hull(x.maybe[0], y.maybe[0]);
  both.surely[0] = larger(x.surely[0], y.surely[0]);
  return both;
}

Truth disjoin(const Truth &x, const Truth &y) {
  return negate(conjoin(negate(x), negate(y)));
}

/// factor · (j floordiv divisor) + rest, where `rest` depends on the row alone;
/// or the magnitude of that.
struct Position {
  AffineExpr rest;
  int64_t factor = 0, divisor = 1;
  bool isMagnitude = false;
};

class Analysis {
public:
  Analysis(Value query, Value key)
      : query(query), key(key), row(getAffineDimExpr(0, query.getContext())) {}

  void visit(Operation &op);
  Truth truthOf(Value value) const {
    auto found = truths.find(value);
    return found == truths.end() ? Truth() : found->second;
  }

private:
  std::optional<Position> positionOf(Value value) const;
  std::optional<Position> evaluate(Operation &op) const;
  std::optional<Position> divide(Position x, Value by) const;
  Truth compareWith(arith::CmpIPredicate predicate, Position x,
                    Position y) const;
  Truth solve(arith::CmpIPredicate predicate, Position x) const;
  Truth below(const Position &x, AffineExpr end) const;
  AffineExpr constant(int64_t value) const {
    return getAffineConstantExpr(value, row.getContext());
  }

  Value query, key;
  AffineExpr row;
  DenseMap<Value, Position> positions;
  DenseMap<Value, Truth> truths;
};

//===----------------------------------------------------------------------===//
// Positions
//===----------------------------------------------------------------------===//

std::optional<Position> Analysis::positionOf(Value value) const {
  if (value == query)
    return Position{row};
  if (value == key)
    return Position{constant(0), 1};
  APInt number;
  if (matchPattern(value, m_ConstantInt(&number)))
    return Position{constant(number.getSExtValue())};
  auto found = positions.find(value);
  if (found == positions.end())
    return std::nullopt;
  return found->second;
}

/// x + scale · y, if that has the form of a position.
std::optional<Position> addScaled(Position x, const Position &y,
                                  int64_t scale) {
  if (x.isMagnitude || y.isMagnitude ||
      (x.factor != 0 && y.factor != 0 && x.divisor != y.divisor))
    return std::nullopt;
  if (y.factor != 0)
    x.divisor = y.divisor;
  x.factor += scale * y.factor;
  x.rest = x.rest + scale * y.rest;
  return x;
}

/// Whether the expression is never negative on rows from 0.
bool isNatural(AffineExpr e) {
  if (auto number = dyn_cast<AffineConstantExpr>(e))
    return number.getValue() >= 0;
  auto binary = dyn_cast<AffineBinaryOpExpr>(e);
  return !binary || (isNatural(binary.getLHS()) && isNatural(binary.getRHS()));
}

std::optional<Position> Analysis::divide(Position x, Value by) const {
  APInt divisor;
  if (x.isMagnitude || !matchPattern(by, m_ConstantInt(&divisor)) ||
      !divisor.isStrictlyPositive())
    return std::nullopt;
  int64_t number = divisor.getSExtValue();
  if (x.factor == 0)
    return Position{x.rest.floorDiv(number)};
  if (x.factor == 1 && x.rest == constant(0) &&
      number <= std::numeric_limits<int32_t>::max() / x.divisor)
    return Position{x.rest, 1, x.divisor * number};
  return std::nullopt;
}

std::optional<Position> Analysis::evaluate(Operation &op) const {
  SmallVector<std::optional<Position>, 2> x;
  for (Value operand : op.getOperands())
    x.push_back(positionOf(operand));
  if (!llvm::all_of(x, [](const auto &p) { return p.has_value(); }) ||
      x.empty())
    return std::nullopt;
  // Sizes are below 2^31, so positions fit in the types that a mask uses.
  if (isa<arith::IndexCastOp, arith::ExtSIOp, arith::TruncIOp>(op))
    return x[0];
  if (isa<arith::AddIOp>(op))
    return addScaled(*x[0], *x[1], 1);
  if (isa<arith::SubIOp>(op))
    return addScaled(*x[0], *x[1], -1);
  if (isa<math::AbsIOp>(op) && !x[0]->isMagnitude) {
    x[0]->isMagnitude = true;
    return x[0];
  }
  if (isa<arith::MulIOp>(op))
    for (unsigned i : {0, 1})
      if (auto scale = dyn_cast<AffineConstantExpr>(x[i]->rest);
          scale && x[i]->factor == 0 && !x[i]->isMagnitude)
        return addScaled(Position{constant(0)}, *x[1 - i], scale.getValue());
  if (isa<arith::FloorDivSIOp>(op) ||
      (isa<arith::DivSIOp, arith::DivUIOp>(op) && x[0]->factor >= 0 &&
       isNatural(x[0]->rest)))
    return divide(*x[0], op.getOperand(1));
  return std::nullopt;
}

//===----------------------------------------------------------------------===//
// Comparisons
//===----------------------------------------------------------------------===//

/// j floordiv divisor < end: all j before end · divisor.
Truth Analysis::below(const Position &x, AffineExpr end) const {
  AffineExpr border = simplifyAffineExpr(end * x.divisor, 1, 0);
  Truth truth;
  truth.maybe[1] = truth.surely[1] = {{}, border};
  truth.maybe[0] = truth.surely[0] = {border, {}};
  return truth;
}

/// x against 0.
Truth Analysis::solve(arith::CmpIPredicate predicate, Position x) const {
  using P = arith::CmpIPredicate;
  if (predicate == P::eq)
    return conjoin(solve(P::sle, x), solve(P::sge, x));
  if (predicate == P::ne)
    return negate(solve(P::eq, x));
  if (predicate == P::sge || predicate == P::sgt)
    return negate(solve(predicate == P::sge ? P::slt : P::sle, x));
  if (predicate != P::slt && predicate != P::sle)
    return {};
  bool orEqual = predicate == P::sle;
  if (x.factor == 0) {
    auto number = dyn_cast<AffineConstantExpr>(x.rest);
    return number ? Truth::always(number.getValue() + !orEqual <= 0) : Truth();
  }
  if (x.factor > 0) {
    AffineExpr limit = -x.rest;
    return below(x, orEqual ? limit.floorDiv(x.factor) + 1
                            : limit.ceilDiv(x.factor));
  }
  // rest < |factor| · n, the opposite of n <= rest floordiv |factor|.
  AffineExpr limit = x.rest;
  return negate(below(x, orEqual ? limit.ceilDiv(-x.factor)
                                 : limit.floorDiv(-x.factor) + 1));
}

Truth Analysis::compareWith(arith::CmpIPredicate predicate, Position x,
                            Position y) const {
  using P = arith::CmpIPredicate;
  if (y.isMagnitude) {
    static const std::pair<P, P> swapped[] = {
        {P::slt, P::sgt}, {P::sle, P::sge}, {P::sgt, P::slt}, {P::sge, P::sle}};
    for (auto [from, to] : swapped)
      if (predicate == from)
        return x.isMagnitude ? Truth() : compareWith(to, y, x);
    return {};
  }
  if (!x.isMagnitude) {
    std::optional<Position> difference = addScaled(x, y, -1);
    return difference ? solve(predicate, *difference) : Truth();
  }
  // |x| < y: both x - y and -x - y are below 0.
  if (predicate == P::sgt || predicate == P::sge)
    return negate(compareWith(predicate == P::sgt ? P::sle : P::slt, x, y));
  if (predicate != P::slt && predicate != P::sle)
    return {};
  x.isMagnitude = false;
  auto above = addScaled(x, y, -1);
  auto opposite = addScaled(Position{constant(0)}, x, -1);
  auto under = opposite ? addScaled(*opposite, y, -1) : std::nullopt;
  if (!above || !under)
    return {};
  return conjoin(solve(predicate, *above), solve(predicate, *under));
}

void Analysis::visit(Operation &op) {
  if (op.getNumResults() != 1)
    return;
  Value result = op.getResult(0);
  if (!result.getType().isInteger(1)) {
    if (std::optional<Position> position = evaluate(op))
      positions[result] = *position;
    return;
  }
  APInt number;
  if (matchPattern(&op, m_ConstantInt(&number)))
    truths[result] = Truth::always(number.isOne());
  else if (auto cmp = dyn_cast<arith::CmpIOp>(op)) {
    auto x = positionOf(cmp.getLhs()), y = positionOf(cmp.getRhs());
    if (x && y)
      truths[result] = compareWith(cmp.getPredicate(), *x, *y);
  } else if (isa<arith::AndIOp>(op))
    truths[result] =
        conjoin(truthOf(op.getOperand(0)), truthOf(op.getOperand(1)));
  else if (isa<arith::OrIOp>(op))
    truths[result] =
        disjoin(truthOf(op.getOperand(0)), truthOf(op.getOperand(1)));
  else if (isa<arith::XOrIOp>(op)) {
    Truth x = truthOf(op.getOperand(0)), y = truthOf(op.getOperand(1));
    truths[result] = disjoin(conjoin(x, negate(y)), conjoin(negate(x), y));
  } else if (isa<arith::SelectOp>(op)) {
    Truth c = truthOf(op.getOperand(0));
    truths[result] = disjoin(conjoin(c, truthOf(op.getOperand(1))),
                             conjoin(negate(c), truthOf(op.getOperand(2))));
  }
}

//===----------------------------------------------------------------------===//
// The attribute
//===----------------------------------------------------------------------===//

/// Whether the expression never decreases from row to row.
bool isMonotone(AffineExpr e) {
  auto binary = dyn_cast<AffineBinaryOpExpr>(e);
  if (!binary)
    return true;
  auto number = dyn_cast<AffineConstantExpr>(binary.getRHS());
  switch (binary.getKind()) {
  case AffineExprKind::Add:
    return isMonotone(binary.getLHS()) && isMonotone(binary.getRHS());
  case AffineExprKind::Mul:
  case AffineExprKind::FloorDiv:
  case AffineExprKind::CeilDiv:
    return number && number.getValue() >= 0 && isMonotone(binary.getLHS());
  default:
    return false;
  }
}

} // namespace

BlocksAttr classifyBlocks(Block &mask, Value query, Value key) {
  Analysis analysis(query, key);
  for (Operation &op : mask.without_terminator())
    analysis.visit(op);
  Truth shown = analysis.truthOf(mask.getTerminator()->getOperand(0));
  MLIRContext *context = query.getContext();
  AffineExpr zero = getAffineConstantExpr(0, context);
  AffineExpr keys = getAffineSymbolExpr(0, context);
  auto makeMap = [&](AffineExpr low, AffineExpr high) {
    return simplifyAffineMap(AffineMap::get(1, 1, {low, high}, context));
  };
  AffineMap nothing = makeMap(zero, zero);

  Interval maybe = shown.maybe[1], surely = shown.surely[1];
  AffineMap range = nothing, full = nothing;
  if (!maybe.isEmpty)
    range = makeMap(maybe.low && isMonotone(maybe.low) ? maybe.low : zero,
                    maybe.high && isMonotone(maybe.high) ? maybe.high : keys);
  if (!surely.isEmpty && (!surely.low || isMonotone(surely.low)) &&
      (!surely.high || isMonotone(surely.high)))
    full = makeMap(surely.low ? surely.low : zero,
                   surely.high ? surely.high : keys);
  if (range == makeMap(zero, keys) && full == nothing)
    return {};
  return BlocksAttr::get(context, range, full);
}

} // namespace lamina::mask
