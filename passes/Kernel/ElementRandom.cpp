// SPDX-License-Identifier: Apache-2.0
//
// Random elements as scalar code.
//
// Philox4x32-10 of a key and the position of an element (docs/random.md),
// written inline: a draw is never stored, and what reads it twice makes it
// twice.

#include "passes/Kernel/ElementCode.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Math/IR/Math.h"

#include <array>

using namespace mlir;
using namespace lamina;

namespace {
/// Integer code on words of 32 bits.
struct Philox {
  OpBuilder &b;
  Location loc;

  Value number(int64_t value, unsigned width = 32) {
    return arith::ConstantOp::create(
        b, loc, b.getIntegerAttr(b.getIntegerType(width), value));
  }
  Value low(Value word) {
    return arith::TruncIOp::create(b, loc, b.getI32Type(), word);
  }
  Value high(Value word) {
    return low(arith::ShRUIOp::create(b, loc, word, number(32, 64)));
  }
  Value join(Value low, Value high) {
    Value upper = arith::ShLIOp::create(
        b, loc, arith::ExtUIOp::create(b, loc, b.getI64Type(), high),
        number(32, 64));
    return arith::OrIOp::create(
        b, loc, arith::ExtUIOp::create(b, loc, b.getI64Type(), low), upper);
  }
  Value exclusive(Value x, Value y) {
    return arith::XOrIOp::create(b, loc, x, y);
  }

  std::array<Value, 4> run(Value key, std::array<Value, 4> c) {
    Value k0 = low(key), k1 = high(key);
    for (int round = 0; round < 10; ++round) {
      auto first = arith::MulUIExtendedOp::create(b, loc, c[0],
                                                  number(int32_t(0xD2511F53)));
      auto second = arith::MulUIExtendedOp::create(b, loc, c[2],
                                                   number(int32_t(0xCD9E8D57)));
      c = {exclusive(exclusive(second.getHigh(), c[1]), k0), second.getLow(),
           exclusive(exclusive(first.getHigh(), c[3]), k1), first.getLow()};
      k0 = arith::AddIOp::create(b, loc, k0, number(int32_t(0x9E3779B9)));
      k1 = arith::AddIOp::create(b, loc, k1, number(int32_t(0xBB67AE85)));
    }
    return c;
  }

  Value isOne(Value bit) {
    return arith::CmpIOp::create(b, loc, arith::CmpIPredicate::ne, bit,
                                 number(0));
  }
  Value pick(Value bit, Value set, Value clear) {
    return arith::SelectOp::create(b, loc, isOne(bit), set, clear);
  }
  Value real(double value) {
    return arith::ConstantOp::create(b, loc, b.getF32FloatAttr(value));
  }
  /// The upper 24 bits plus `more`, times 2^-24.
  Value fraction(Value word, int64_t more) {
    Value bits = arith::ShRUIOp::create(b, loc, word, number(8));
    if (more)
      bits = arith::AddIOp::create(b, loc, bits, number(more));
    Value whole = arith::SIToFPOp::create(b, loc, b.getF32Type(), bits);
    return arith::MulFOp::create(b, loc, whole, real(0x1p-24));
  }
  /// Box-Muller: the cosine for an even lane, the sine for an odd one.
  Value normal(Value even, Value odd, Value lane) {
    Value u = fraction(even, 1), v = fraction(odd, 0);
    Value log = math::LogOp::create(b, loc, u);
    Value radius = math::SqrtOp::create(
        b, loc, arith::MulFOp::create(b, loc, real(-2), log));
    Value angle = arith::MulFOp::create(b, loc, v, real(6.283185307179586));
    Value sine = math::SinOp::create(b, loc, angle);
    Value cosine = math::CosOp::create(b, loc, angle);
    Value direction = pick(lane, sine, cosine);
    return arith::MulFOp::create(b, loc, radius, direction);
  }
};
} // namespace

std::pair<Value, Value> ElementCode::getKey(Value key, const Index &place) {
  if (body.host.contains(key)) {
    auto words = body.getScalar(key);
    return {words[0], words[1]};
  }
  SmallVector<Value> words;
  for (int64_t half : {0, 1}) {
    AxisIndex word;
    word.extent = SizeExpr(2);
    word.digits = {{-1, half, SizeExpr(2), false}};
    Index at = place;
    at.push_back(word);
    words.push_back(get(key, at));
  }
  return {words[0], words[1]};
}

/// derive(key, n): one block at counter n, with a key that no draw has.
Value ElementCode::key(graph::KeyOp op, const Index &index) {
  Philox philox{builder, loc};
  Index place(index.begin(), index.end() - 1);
  auto [a, b] = getKey(op.getKey(), place);
  Value n = get(op.getNumber(), place);
  Value other = philox.exclusive(a, philox.number(0x4C616D696E616B79, 64));
  auto words = philox.run(
      other, {philox.low(n), philox.high(n), philox.low(b), philox.high(b)});
  Value first = philox.join(words[0], words[1]);
  Value second = philox.join(words[2], words[3]);
  const AxisIndex &half = index.back();
  if (half.digits.size() == 1 && half.digits[0].loop < 0)
    return half.digits[0].value ? second : first;
  Value isFirst = arith::CmpIOp::create(builder, loc, arith::CmpIPredicate::eq,
                                        getValue(half), indexConstant(0));
  return arith::SelectOp::create(builder, loc, isFirst, first, second);
}

/// The number of an element among those that the key at its `leading` axes
/// draws, as i64.
Value ElementCode::randomPosition(graph::RandomOp op, const Index &index,
                                  unsigned leading) {
  Value position = indexConstant(0);
  for (unsigned axis = leading; axis < index.size(); ++axis) {
    int64_t count = op.getCount() ? (*op.getCount())[axis - leading] : 0;
    Value size = count ? indexConstant(count) : sizeValue(index[axis].extent);
    position = arith::MulIOp::create(builder, loc, position, size);
    position =
        arith::AddIOp::create(builder, loc, position, getValue(index[axis]));
  }
  position =
      arith::IndexCastOp::create(builder, loc, builder.getI64Type(), position);
  if (!op.getOffset())
    return position;
  Index place(index.begin(), index.begin() + leading);
  unsigned rank = cast<RankedTensorType>(op.getOffset().getType()).getRank();
  place.resize(rank);
  return arith::AddIOp::create(builder, loc, position,
                               get(op.getOffset(), place));
}

Value ElementCode::random(graph::RandomOp op, const Index &index) {
  Philox philox{builder, loc};
  auto keyType = cast<RankedTensorType>(op.getKey().getType());
  unsigned leading = keyType.getRank() - 1;
  auto [a, b] =
      getKey(op.getKey(), Index(index.begin(), index.begin() + leading));
  Value position = randomPosition(op, index, leading);
  Value block =
      arith::ShRUIOp::create(builder, loc, position, philox.number(2, 64));
  auto words = philox.run(a, {philox.low(block), philox.high(block),
                              philox.low(b), philox.high(b)});
  Value place = philox.low(position);
  Value lane = arith::AndIOp::create(builder, loc, place, philox.number(1));
  Value pair = arith::AndIOp::create(builder, loc, place, philox.number(2));
  Value even = philox.pick(pair, words[2], words[0]);
  Value odd = philox.pick(pair, words[3], words[1]);
  Type element = cast<RankedTensorType>(op.getType()).getElementType();
  if (op.getDistribution() == graph::Distribution::Bits)
    return philox.pick(lane, odd, even);
  Value result = op.getDistribution() == graph::Distribution::Uniform
                     ? philox.fraction(philox.pick(lane, odd, even), 0)
                     : philox.normal(even, odd, lane);
  unsigned width = element.getIntOrFloatBitWidth();
  if (width > 32)
    return arith::ExtFOp::create(builder, loc, element, result);
  if (width < 32)
    return arith::TruncFOp::create(builder, loc, element, result);
  return result;
}
