// SPDX-License-Identifier: Apache-2.0
//
// Barriers with phases in emulated shared memory.

#include "runtime/Emulator/PhaseBarriers.h"

namespace lamina::emulator {

void PhaseBarriers::make(int64_t offset, int arrivals) {
  barriers[offset] = {arrivals, arrivals, 0, 0};
}

void PhaseBarriers::endPhase(Barrier &barrier) {
  if (barrier.missing > 0 || barrier.bytes != 0)
    return;
  barrier.missing = barrier.arrivals;
  ++barrier.phase;
}

std::string PhaseBarriers::arrive(int64_t offset) {
  Barrier &barrier = barriers.at(offset);
  if (barrier.missing == 0)
    return "arrives at the barrier at " + std::to_string(offset) +
           " of shared memory, where all " + std::to_string(barrier.arrivals) +
           " of phase " + std::to_string(barrier.phase) + " have arrived";
  --barrier.missing;
  endPhase(barrier);
  return "";
}

void PhaseBarriers::expect(int64_t offset, int64_t bytes) {
  Barrier &barrier = barriers.at(offset);
  barrier.bytes += bytes;
  endPhase(barrier);
}

bool PhaseBarriers::isOver(int64_t offset, uint32_t parity) const {
  return barriers.at(offset).phase % 2 != parity;
}

std::string PhaseBarriers::describe(int64_t offset) const {
  const Barrier &barrier = barriers.at(offset);
  return "waits for the barrier at " + std::to_string(offset) +
         " of shared memory, which in phase " + std::to_string(barrier.phase) +
         " lacks " + std::to_string(barrier.missing) + " of " +
         std::to_string(barrier.arrivals) + " arrivals and " +
         std::to_string(barrier.bytes) + " bytes";
}

} // namespace lamina::emulator
