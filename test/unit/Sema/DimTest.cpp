// SPDX-License-Identifier: Apache-2.0
//
// Canonical polynomials.

#include "frontend/Core/Dim.h"

#include <gtest/gtest.h>

using namespace lamina::core;

namespace {

class DimTest : public testing::Test {
protected:
  Dim size(const char *name) {
    return dims.size(name, dims.constant(1), Dim(), 0, {});
  }
  DimContext dims;
};

TEST_F(DimTest, EqualPolynomialsAreOne) {
  Dim n = size("n"), m = size("m");
  EXPECT_EQ((n + m) * (n - m), n * n - m * m);
  EXPECT_EQ(n + n, n * 2);
  EXPECT_NE(n, m);
  EXPECT_EQ(n - n, dims.constant(0));
}

TEST_F(DimTest, ExactDivision) {
  Dim n = size("n"), m = size("m");
  EXPECT_EQ(dims.divideExactly(n * m * 6, m * 2), n * 3);
  EXPECT_EQ(dims.divideExactly(n * n - m * m, n + m), n - m);
  EXPECT_FALSE(dims.divideExactly(n, dims.constant(2)));
  EXPECT_FALSE(dims.divideExactly(n + 1, n));
  EXPECT_FALSE(dims.divideExactly(n, dims.constant(0)));
}

TEST_F(DimTest, QuotientsAndRestsFold) {
  Dim n = size("n");
  EXPECT_EQ(dims.div(n * 4 + 6, dims.constant(2)), n * 2 + 3);
  EXPECT_EQ(dims.mod(n * 4 + 6, dims.constant(4)), dims.constant(2));
  EXPECT_EQ(dims.div(dims.constant(-1), dims.constant(2)), dims.constant(-1));
  EXPECT_EQ(dims.mod(dims.constant(-1), dims.constant(5)), dims.constant(4));
  EXPECT_EQ(dims.div(n, dims.constant(2)), dims.div(n, dims.constant(2)));
}

TEST_F(DimTest, ExtremesFold) {
  Dim n = size("n");
  EXPECT_EQ(dims.min(n, n + 3), n);
  EXPECT_EQ(dims.max(n, n + 3), n + 3);
  EXPECT_EQ(dims.min(n, size("m")).monomials().size(), 1u);
}

TEST_F(DimTest, SizesOfNames) {
  Dim n = dims.name("n", dims.constant(384), {});
  Dim units = dims.setting("units", n * 4, {});
  EXPECT_EQ(units.size(), dims.constant(1536));
  EXPECT_EQ(units.comparable(), n * 4);
  EXPECT_NE(units, n * 4);
  // A size inside a quotient is replaced too.
  EXPECT_EQ(dims.div(n, dims.constant(6)).size(), dims.constant(64));
}

TEST_F(DimTest, CellsAreFilledOnce) {
  Dim cell = dims.cell("n", nullptr, {});
  Dim twice = cell * 2;
  EXPECT_EQ(twice.size(), twice);
  dims.fillCell(cell, dims.constant(5));
  EXPECT_EQ(twice.size(), dims.constant(10));
}

TEST_F(DimTest, LinearIn) {
  Dim n = size("n"), m = size("m");
  auto linear = dims.linearIn(n * m * 2 + m + 7, n.atom());
  ASSERT_TRUE(linear);
  EXPECT_EQ(linear->first, m * 2);
  EXPECT_EQ(linear->second, m + 7);
  EXPECT_FALSE(dims.linearIn(n * n, n.atom()));
}

TEST_F(DimTest, Spelling) {
  Dim n = size("n"), m = size("m");
  EXPECT_EQ((n * 2 + 1).str(), "2 * n + 1");
  EXPECT_EQ((n - 1).str(), "n - 1");
  EXPECT_EQ((n * n * m).str(), "n^2 * m");
  EXPECT_EQ(dims.div(n, dims.constant(2)).str(), "n div 2");
  EXPECT_EQ((dims.div(n + 1, m) * 3).str(), "3 * ((n + 1) div m)");
  EXPECT_EQ(dims.constant(0).str(), "0");
}

} // namespace
