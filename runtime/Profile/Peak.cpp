// SPDX-License-Identifier: Apache-2.0
//
// The fastest that this machine computes.
//
// The best of several short runs: a machine that others use too is slower at
// times, never faster.

#include "runtime/Profile/Peak.h"

#include <algorithm>
#include <chrono>
#include <cstring>
#include <memory>
#include <vector>

namespace lamina {
namespace runtime {

/// Independent chains: enough to hide the latency of a product and few enough
/// for the registers of every machine.
static constexpr int chains = 12;
static constexpr int64_t rounds = 200000;
/// Of each worker; larger than its share of any cache.
static constexpr size_t copiedBytes = 24 << 20;
static constexpr int attempts = 5;

namespace {
typedef float Lanes4 __attribute__((vector_size(16)));
typedef float Lanes8 __attribute__((vector_size(32)));
typedef float Lanes16 __attribute__((vector_size(64)));
} // namespace

/// Inlined, so that it has the registers of the function around it.
template <typename Lanes>
__attribute__((always_inline)) static inline float runChains(float x) {
  Lanes sums[chains] = {}, factor = Lanes{} + x;
  for (int64_t round = 0; round < rounds; ++round)
    for (Lanes &sum : sums)
      sum = sum * factor + factor;
  Lanes total = sums[0];
  for (int i = 1; i < chains; ++i)
    total += sums[i];
  return total[0];
}

static float runPlain(float x) { return runChains<Lanes4>(x); }

#if defined(__x86_64__)
__attribute__((target("avx2,fma"))) static float runAVX2(float x) {
  return runChains<Lanes8>(x);
}

__attribute__((target("avx512f"))) static float runAVX512(float x) {
  return runChains<Lanes16>(x);
}
#endif

namespace {
struct Chains {
  float (*run)(float);
  int lanes;
};
} // namespace

static Chains widestChains() {
#if defined(__x86_64__)
  if (__builtin_cpu_supports("avx512f"))
    return {runAVX512, 16};
  if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma"))
    return {runAVX2, 8};
#endif
  return {runPlain, 4};
}

/// Seconds of the fastest of several runs of `work` by every worker.
template <typename Work>
static double bestSeconds(ThreadPool &pool, Work work) {
  double best = 1e9;
  for (int attempt = 0; attempt < attempts; ++attempt) {
    auto start = std::chrono::steady_clock::now();
    pool.run(pool.size(), [&](int64_t, int64_t, int worker) { work(worker); });
    std::chrono::duration<double> taken =
        std::chrono::steady_clock::now() - start;
    best = std::min(best, taken.count());
  }
  return best;
}

DevicePeak measurePeak(ThreadPool &pool) {
  Chains widest = widestChains();
  volatile float half = 0.5f;
  std::vector<float> sums(size_t(pool.size()));
  double computing = bestSeconds(
      pool, [&](int worker) { sums[size_t(worker)] = widest.run(half); });

  struct Buffers {
    std::unique_ptr<char[]> from{new char[copiedBytes]()},
        to{new char[copiedBytes]()};
  };
  std::vector<Buffers> buffers(size_t(pool.size()));
  double copying = bestSeconds(pool, [&](int worker) {
    Buffers &own = buffers[size_t(worker)];
    std::memcpy(own.to.get(), own.from.get(), copiedBytes);
  });
  DevicePeak peak;
  peak.flops = 2.0 * chains * double(rounds) * widest.lanes * pool.size() /
               std::max(computing, 1e-9);
  peak.bytes =
      2.0 * double(copiedBytes) * pool.size() / std::max(copying, 1e-9);
  return peak;
}

} // namespace runtime
} // namespace lamina
