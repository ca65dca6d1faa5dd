// SPDX-License-Identifier: Apache-2.0
//
// Which table of kernels a program takes.

#include "runtime/Executor/ChooseVariant.h"

#include <cstdlib>

#include "test/unit/Runtime/Testing.h"

using namespace lamina::runtime;
using namespace testing_support;

/// The level of the variant chosen from `levels` when `allowed` is the best.
static std::string chosen(const std::vector<LaminaVariant> &levels,
                          const char *allowed) {
  ::setenv("LAMINA_CPU_LEVEL", allowed, 1);
  LaminaImage image = {nullptr,       0,       nullptr, 0, 0, levels.data(),
                       levels.size(), nullptr, 0};
  std::string level;
  std::string message = messageOf([&] { level = chooseVariant(image).level; });
  ::unsetenv("LAMINA_CPU_LEVEL");
  return level.empty() ? message : level;
}

TEST(Variant, TakesTheBestThatIsAllowed) {
  std::vector<LaminaVariant> levels = {{"x86-64", nullptr}, {"any", nullptr}};
  EXPECT_EQ(chosen(levels, ""), "any");
#if defined(__x86_64__)
  levels[1].level = "x86-64-v2";
  EXPECT_EQ(chosen(levels, "x86-64-v4"), chosen(levels, ""));
  EXPECT_EQ(chosen(levels, "x86-64"), "x86-64");
#endif
}

#if defined(__x86_64__)
TEST(Variant, SaysWhyThereIsNone) {
  EXPECT_EQ(chosen({{"x86-64-v3", nullptr}, {"x86-64-v4", nullptr}}, "x86-64"),
            "error: LAMINA_CPU_LEVEL allows x86-64 at most, and this program "
            "has code for x86-64-v3, x86-64-v4\n"
            "note: build it with --mcpu=portable, which carries several "
            "levels\n");
}
#endif

TEST(Variant, RefusesAnUnknownLevel) {
  EXPECT_EQ(chosen({{"any", nullptr}}, "avx2"),
            "error: LAMINA_CPU_LEVEL is 'avx2', which is no level of a "
            "processor\n"
            "note: the levels are x86-64, x86-64-v2, x86-64-v3 and "
            "x86-64-v4\n");
}
