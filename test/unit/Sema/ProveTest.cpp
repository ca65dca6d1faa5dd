// SPDX-License-Identifier: Apache-2.0
//
// The prover against brute force.
//
// Soundness: whatever is proved holds for every value of the atoms within small
// ranges. Strength: a table of accesses that programs have.

#include "frontend/Sema/Prove.h"

#include <gtest/gtest.h>
#include <map>
#include <random>

using namespace lamina::core;
using lamina::sema::extreme;
using lamina::sema::Prover;

namespace {

class ProveTest : public testing::Test {
protected:
  Dim size(const char *name, int64_t low = 1) {
    return dims.size(name, dims.constant(low), Dim(), 0, {});
  }
  Dim index(const char *name, Dim extent) {
    return dims.index(name, nullptr, dims.constant(0), extent - 1, {});
  }
  bool proves(Dim goal, llvm::ArrayRef<Dim> facts = {}) {
    return Prover(dims, facts).notNegative(goal);
  }
  /// Is `x[at]` in range for a dimension of `extent`?
  bool inRange(Dim at, Dim extent, llvm::ArrayRef<Dim> facts = {}) {
    return proves(at, facts) && proves(extent - 1 - at, facts);
  }
  Dim number(int64_t value) { return dims.constant(value); }
  DimContext dims;
};

TEST_F(ProveTest, Ranges) {
  Dim n = size("n"), i = index("i", n);
  EXPECT_TRUE(inRange(i, n));
  EXPECT_FALSE(inRange(i + 1, n));
  EXPECT_FALSE(inRange(i - 1, n));
  EXPECT_TRUE(inRange(n - 1 - i, n));
}

TEST_F(ProveTest, Conditions) {
  Dim n = size("n"), i = index("i", n);
  EXPECT_TRUE(inRange(i - 1, n, {i - 1}));
  EXPECT_TRUE(inRange(i + 1, n, {n - 2 - i}));
  EXPECT_FALSE(inRange(i + 2, n, {n - 2 - i}));
}

TEST_F(ProveTest, StridesAndWindows) {
  Dim t = size("t"), s = index("s", dims.div(t, number(2)));
  Dim j = index("j", number(2));
  EXPECT_TRUE(inRange(s * 2 + j, t));
  EXPECT_FALSE(inRange(s * 2 + j + 1, t));
  Dim bad = index("s", dims.div(t, number(2)) + 1);
  EXPECT_FALSE(inRange(bad * 2 + 1, t));
}

TEST_F(ProveTest, JoinedIndices) {
  Dim h = size("h"), d = size("d");
  Dim i = index("i", h), k = index("k", d);
  EXPECT_TRUE(inRange(i * d + k, h * d));
  EXPECT_TRUE(inRange(dims.div(i * d + k, d), h));
  EXPECT_TRUE(inRange(dims.mod(i * d + k, d), d));
}

TEST_F(ProveTest, GroupsOfHeads) {
  Dim h = index("h", number(8));
  EXPECT_TRUE(inRange(dims.div(h, number(4)), number(2)));
  EXPECT_FALSE(inRange(dims.div(h, number(3)), number(2)));
}

TEST_F(ProveTest, Clamps) {
  Dim n = size("n"), i = index("i", n);
  Dim clamped = dims.max(number(0), dims.min(i + 5, n - 1));
  EXPECT_TRUE(inRange(clamped, n));
}

TEST_F(ProveTest, StepsOfASchedule) {
  Dim steps = size("steps");
  Dim i = dims.index("i", nullptr, number(1), steps, {});
  Dim at = dims.div(i * 100, steps);
  EXPECT_TRUE(inRange(at, number(101)));
  EXPECT_TRUE(inRange(dims.div(i * 100 - 100, steps), number(101)));
}

TEST_F(ProveTest, Extremes) {
  Dim n = size("n"), i = index("i", n);
  EXPECT_EQ(extreme(dims, i * 2 + 1, true), n * 2 - 1);
  EXPECT_EQ(extreme(dims, i * 2 + 1, false), number(1));
}

//===-- Soundness ---------------------------------------------------------===//

/// Values of atoms, and of dims over them.
struct Assignment {
  std::map<const Atom *, int64_t> values;

  int64_t of(Dim dim) const {
    Rational sum = 0;
    for (const Monomial &m : dim.monomials()) {
      Rational term = m.coefficient;
      for (auto &p : m.powers)
        for (unsigned e = 0; e < p.exponent; ++e)
          term = term * Rational(ofAtom(*p.atom));
      sum = sum + term;
    }
    return sum.num; // goals have whole coefficients
  }
  static int64_t floorDiv(int64_t a, int64_t b) {
    return a / b - (a % b != 0 && (a < 0) != (b < 0));
  }
  int64_t ofAtom(const Atom &atom) const {
    auto known = values.find(&atom);
    if (known != values.end())
      return known->second;
    int64_t x = of(atom.x), y = of(atom.y);
    switch (atom.kind) {
    case Atom::Div:
      return y ? floorDiv(x, y) : 0;
    case Atom::Mod:
      return y ? x - floorDiv(x, y) * y : 0;
    case Atom::Min:
      return std::min(x, y);
    default:
      return std::max(x, y);
    }
  }
};

/// Random expressions over two sizes, two indices and a bounded value.
class Soundness : public ProveTest {
protected:
  Dim n = size("n"), m = size("m", 0);
  Dim i = index("i", n), j = index("j", n + m);
  Dim v = dims.value("v", nullptr, number(-2), n, {});
  std::mt19937 random{7};

  int pick(int count) {
    return std::uniform_int_distribution<int>(0, count - 1)(random);
  }
  Dim expression(int depth) {
    if (depth == 0 || pick(4) == 0) {
      Dim leaves[] = {n, m, i, j, v, number(pick(7) - 2)};
      return leaves[pick(6)];
    }
    Dim a = expression(depth - 1), b = expression(depth - 1);
    switch (pick(8)) {
    case 0:
    case 1:
      return a + b;
    case 2:
    case 3:
      return a - b;
    case 4:
      return a * (pick(5) - 2);
    case 5:
      return dims.div(a, pick(2) ? number(1 + pick(3)) : n);
    case 6:
      return dims.mod(a, pick(2) ? number(1 + pick(3)) : n);
    default:
      return pick(2) ? dims.min(a, b) : dims.max(a, b);
    }
  }

  /// Does `goal` hold wherever the facts do?
  bool holds(Dim goal, llvm::ArrayRef<Dim> facts) {
    for (int64_t vn = 1; vn <= 4; ++vn)
      for (int64_t vm = 0; vm <= 3; ++vm)
        for (int64_t vi = 0; vi < vn; ++vi)
          for (int64_t vj = 0; vj < vn + vm; ++vj)
            for (int64_t vv = -2; vv <= vn; ++vv) {
              Assignment at{{{n.atom(), vn},
                             {m.atom(), vm},
                             {i.atom(), vi},
                             {j.atom(), vj},
                             {v.atom(), vv}}};
              bool given = true;
              for (Dim fact : facts)
                given &= at.of(fact) >= 0;
              if (given && at.of(goal) < 0)
                return false;
            }
    return true;
  }
};

TEST_F(Soundness, NothingWrongIsProved) {
  unsigned proved = 0, trueOnes = 0;
  for (int round = 0; round < 3000; ++round) {
    Dim goal = expression(3);
    llvm::SmallVector<Dim, 2> facts;
    for (int k = pick(3); k > 0; --k)
      facts.push_back(expression(1));
    bool says = proves(goal, facts), is = holds(goal, facts);
    ASSERT_TRUE(!says || is) << goal.str();
    proved += says;
    trueOnes += is;
  }
  // Weaker than half of what holds would be a change worth looking at.
  EXPECT_GT(proved * 2, trueOnes);
}

} // namespace
