// SPDX-License-Identifier: Apache-2.0
//
// Which of a program's tables of kernels this processor runs.
//
// The levels are those of the x86-64 psABI. The compiler may use any
// instruction of a level, so each bit of it is asked for, and whether the
// system saves the registers.

#include "runtime/Executor/ChooseVariant.h"

#include "runtime/include/Error.h"

#include <cstdlib>

#if defined(__x86_64__)
#include <cpuid.h>
#endif

namespace lamina {
namespace runtime {

static const char *const levels[] = {"x86-64", "x86-64-v2", "x86-64-v3",
                                     "x86-64-v4"};
static constexpr int levelCount = sizeof levels / sizeof *levels;

/// The position of an x86-64 level, or -1.
static int numberOf(const std::string &level) {
  for (int i = 0; i < levelCount; ++i)
    if (level == levels[i])
      return i;
  return -1;
}

#if defined(__x86_64__)

namespace {
struct Registers {
  unsigned eax = 0, ebx = 0, ecx = 0, edx = 0;
};
} // namespace

static Registers cpuid(unsigned leaf) {
  Registers r;
  // Leaves that the processor does not have stay 0.
  (void)__get_cpuid_count(leaf, 0, &r.eax, &r.ebx, &r.ecx, &r.edx);
  return r;
}

static bool hasAll(unsigned word, unsigned bits) {
  return (word & bits) == bits;
}

/// Which registers the system saves when it switches threads.
static unsigned savedRegisters() {
  if (!(cpuid(1).ecx & bit_OSXSAVE))
    return 0;
  unsigned low, high;
  __asm__("xgetbv" : "=a"(low), "=d"(high) : "c"(0));
  return low;
}

static int processorLevel() {
  constexpr unsigned lahf = 1u << 0, lzcnt = 1u << 5; // of leaf 0x80000001
  constexpr unsigned avxState = 0x6, avx512State = 0xe6;
  unsigned basic = cpuid(1).ecx, extended = cpuid(7).ebx;
  unsigned more = cpuid(0x80000001).ecx, saved = savedRegisters();
  if (!hasAll(basic, bit_CMPXCHG16B | bit_POPCNT | bit_SSE3 | bit_SSSE3 |
                         bit_SSE4_1 | bit_SSE4_2) ||
      !hasAll(more, lahf))
    return 0;
  if (!hasAll(basic, bit_AVX | bit_F16C | bit_FMA | bit_MOVBE) ||
      !hasAll(extended, bit_AVX2 | bit_BMI | bit_BMI2) ||
      !hasAll(more, lzcnt) || !hasAll(saved, avxState))
    return 1;
  if (!hasAll(extended, bit_AVX512F | bit_AVX512BW | bit_AVX512CD |
                            bit_AVX512DQ | bit_AVX512VL) ||
      !hasAll(saved, avx512State))
    return 2;
  return 3;
}

#else

// A program for another architecture has one variant, which is no x86-64 level.
static int processorLevel() { return -1; }

#endif

static std::string listOf(const LaminaImage &image) {
  std::string text;
  for (size_t i = 0; i < image.variant_count; ++i)
    text += join(i ? ", " : "", image.variants[i].level);
  return text;
}

/// The level that the user allows at most; the best one if he says nothing.
static int allowedLevel() {
  const char *text = std::getenv("LAMINA_CPU_LEVEL");
  if (!text || !*text)
    return levelCount - 1;
  int level = numberOf(text);
  if (level < 0)
    throw Error(join("LAMINA_CPU_LEVEL is ", quote(text),
                     ", which is no level of a processor"),
                ExitMisuse)
        .note("the levels are x86-64, x86-64-v2, x86-64-v3 and x86-64-v4");
  return level;
}

const LaminaVariant &chooseVariant(const LaminaImage &image) {
  int own = processorLevel(), allowed = allowedLevel();
  const LaminaVariant *best = nullptr;
  for (size_t i = 0; i < image.variant_count; ++i)
    if (numberOf(image.variants[i].level) <= std::min(own, allowed))
      best = &image.variants[i];
  if (best)
    return *best;
  if (allowed < own)
    throw Error(join("LAMINA_CPU_LEVEL allows ", levels[allowed],
                     " at most, and this program has code for ", listOf(image)))
        .note("build it with --mcpu=portable, which carries several levels");
  throw Error(join("this program has code for ", listOf(image),
                   ", and this processor is ", levels[own]))
      .note("build it with --mcpu=portable, or on this machine");
}

} // namespace runtime
} // namespace lamina
