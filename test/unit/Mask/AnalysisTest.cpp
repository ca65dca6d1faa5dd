// SPDX-License-Identifier: Apache-2.0
//
// The closed form of a mask against the mask itself.
//
// Random masks, asked at every element: what the closed form calls hidden is
// hidden, what it calls shown is shown, and its bounds never decrease.

#include "backends/Reference/ScalarProgram.h"
#include "dialects/Graph/GraphOps.h"
#include "dialects/Mask/MaskAnalysis.h"
#include "dialects/RegisterAll.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Math/IR/Math.h"

#include <gtest/gtest.h>
#include <random>

using namespace mlir;
using namespace lamina;

namespace {

/// A mask drawn from what masks are made of, on i32 positions.
class RandomMask {
public:
  RandomMask(MLIRContext *context, unsigned seed)
      : random(seed), b(context), loc(b.getUnknownLoc()) {
    block.addArgument(b.getIndexType(), loc);
    block.addArgument(b.getIndexType(), loc);
    b.setInsertionPointToEnd(&block);
    for (Value index : block.getArguments())
      positions.push_back(
          arith::IndexCastOp::create(b, loc, b.getI32Type(), index));
    graph::YieldOp::create(b, loc, ValueRange{truth(3)});
  }

  Block block;

private:
  unsigned draw(unsigned count) { return unsigned(random() % count); }
  Value number(int32_t value) {
    return arith::ConstantOp::create(b, loc, b.getI32IntegerAttr(value));
  }

  Value position(unsigned depth) {
    if (depth == 0 || draw(4) == 0)
      return draw(4) ? positions[draw(2)] : number(int32_t(draw(9)) - 2);
    Value x = position(depth - 1), y = position(depth - 1);
    switch (draw(8)) {
    case 0:
    case 1:
      return arith::AddIOp::create(b, loc, x, y);
    case 2:
    case 3:
      return arith::SubIOp::create(b, loc, x, y);
    case 4:
      return arith::MulIOp::create(b, loc, x, number(int32_t(draw(7)) - 3));
    case 5:
      return math::AbsIOp::create(b, loc, x);
    case 6:
      return arith::FloorDivSIOp::create(b, loc, x,
                                         number(int32_t(draw(4)) + 1));
    default:
      // Rounds towards zero, which is another thing below zero.
      return arith::DivSIOp::create(b, loc, x, number(int32_t(draw(4)) + 1));
    }
  }

  Value truth(unsigned depth) {
    if (depth == 0 || draw(3) == 0)
      return arith::CmpIOp::create(b, loc,
                                   static_cast<arith::CmpIPredicate>(draw(6)),
                                   position(2), position(2));
    Value x = truth(depth - 1), y = truth(depth - 1);
    switch (draw(5)) {
    case 0:
    case 1:
      return arith::AndIOp::create(b, loc, x, y);
    case 2:
      return arith::OrIOp::create(b, loc, x, y);
    case 3:
      return arith::XOrIOp::create(
          b, loc, x, arith::ConstantOp::create(b, loc, b.getBoolAttr(true)));
    default:
      return arith::SelectOp::create(b, loc, truth(0), x, y);
    }
  }

  std::mt19937 random;
  OpBuilder b;
  Location loc;
  SmallVector<Value> positions;
};

/// What an affine expression is at a row, for this many keys.
int64_t valueOf(AffineMap map, unsigned bound, int64_t row, int64_t keys) {
  MLIRContext *context = map.getContext();
  AffineExpr value = map.getResult(bound).replaceDimsAndSymbols(
      {getAffineConstantExpr(row, context)},
      {getAffineConstantExpr(keys, context)});
  return cast<AffineConstantExpr>(simplifyAffineExpr(value, 0, 0)).getValue();
}

/// A row shows nothing outside of the first two bounds, and everything between
/// the other two.
void checkRow(reference::ScalarProgram &program, int64_t row, int64_t keys,
              const int64_t (&bounds)[4]) {
  for (int64_t key = 0; key < keys; ++key) {
    reference::Scalar at[2];
    at[0].i = row;
    at[1].i = key;
    bool shown = program.run(at)[0].i;
    ASSERT_TRUE(!shown || (key >= bounds[0] && key < bounds[1]))
        << "hides (" << row << ", " << key << ")";
    ASSERT_TRUE(shown || key < bounds[2] || key >= bounds[3])
        << "shows (" << row << ", " << key << ")";
  }
}

TEST(MaskAnalysis, HoldsAtEveryElement) {
  DialectRegistry registry;
  registerAllDialects(registry);
  MLIRContext context(registry);
  context.loadAllAvailableDialects();
  constexpr int64_t rows = 13, keys = 11;
  unsigned known = 0;
  for (unsigned seed = 0; seed < 4000; ++seed) {
    RandomMask mask(&context, seed);
    auto blocks = mask::classifyBlocks(mask.block, mask.block.getArgument(0),
                                       mask.block.getArgument(1));
    if (!blocks)
      continue;
    ++known;
    reference::ScalarProgram program;
    ASSERT_TRUE(succeeded(
        program.compile(mask.block, {}, reference::Rounding::Float64)));
    int64_t before[4] = {INT64_MIN, INT64_MIN, INT64_MIN, INT64_MIN};
    for (int64_t i = 0; i < rows; ++i) {
      int64_t now[4];
      for (unsigned bound = 0; bound < 4; ++bound) {
        AffineMap map = bound < 2 ? blocks.getRange() : blocks.getFull();
        now[bound] = valueOf(map, bound % 2, i, keys);
        ASSERT_GE(now[bound], before[bound]) << "seed " << seed;
        before[bound] = now[bound];
      }
      SCOPED_TRACE("seed " + std::to_string(seed));
      ASSERT_NO_FATAL_FAILURE(checkRow(program, i, keys, now));
    }
  }
  // Else nothing was tested.
  EXPECT_GT(known, 1000u);
}

} // namespace
