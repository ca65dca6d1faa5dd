// SPDX-License-Identifier: Apache-2.0
//
// Barriers with phases in emulated shared memory.
//
// mbarrier: a phase ends when all arrivals have come and all bytes that were
// expected. A barrier is known by its offset in shared memory.

#ifndef LAMINA_RUNTIME_EMULATOR_PHASEBARRIERS_H
#define LAMINA_RUNTIME_EMULATOR_PHASEBARRIERS_H

#include <cstdint>
#include <map>
#include <string>

namespace lamina::emulator {

class PhaseBarriers {
public:
  void clear() { barriers.clear(); }
  void make(int64_t offset, int arrivals);
  bool has(int64_t offset) const { return barriers.count(offset) != 0; }
  /// What is wrong with an arrival now; empty if nothing is.
  std::string arrive(int64_t offset);
  void expect(int64_t offset, int64_t bytes);
  void complete(int64_t offset, int64_t bytes) { expect(offset, -bytes); }
  /// Whether the phase with this parity is over: the current one has the other.
  bool isOver(int64_t offset, uint32_t parity) const;
  /// What the current phase waits for.
  std::string describe(int64_t offset) const;

private:
  struct Barrier {
    int arrivals = 0, missing = 0;
    int64_t bytes = 0;
    uint32_t phase = 0;
  };

  void endPhase(Barrier &barrier);

  std::map<int64_t, Barrier> barriers;
};

} // namespace lamina::emulator

#endif // LAMINA_RUNTIME_EMULATOR_PHASEBARRIERS_H
