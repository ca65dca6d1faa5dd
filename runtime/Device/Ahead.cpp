// SPDX-License-Identifier: Apache-2.0
//
// Copies to a device that go beside its work.

#include "runtime/Device/Ahead.h"

#include <cstring>

namespace lamina {
namespace runtime {

Ahead::~Ahead() {
  for (const auto &place : kept)
    for (cuda::Event event : {place->ready, place->taken})
      if (event)
        gpu.driver.destroyEvent(event);
}

void Ahead::add(const void *from, int64_t bytes) {
  if (bytes == 0)
    return;
  size_t number = places.size();
  if (number == kept.size())
    kept.push_back(std::make_unique<Place>(gpu));
  Place &place = *kept[number];
  for (cuda::Event *event : {&place.ready, &place.taken})
    if (!*event)
      gpu.check(gpu.driver.createEvent(event, cuda::withoutTiming));
  // What stood here has left the host, and leaves the device before the rest.
  gpu.check(gpu.driver.waitForEvent(place.ready));
  gpu.check(gpu.driver.streamWaitsFor(gpu.aside, place.taken, 0));
  place.host.reserve(bytes);
  place.device.reserve(bytes);
  std::memcpy(place.host.data(), from, size_t(bytes));
  gpu.check(gpu.driver.copyToDevice(place.device.address(), place.host.data(),
                                    size_t(bytes), gpu.aside));
  gpu.check(gpu.driver.recordEvent(place.ready, gpu.aside));
  places[from] = {number, bytes};
}

bool Ahead::take(const void *from, int64_t bytes, cuda::Address to) {
  auto found = places.find(from);
  if (found == places.end() || found->second.second < bytes)
    return false;
  const Place &place = *kept[found->second.first];
  gpu.check(gpu.driver.streamWaitsFor(gpu.stream, place.ready, 0));
  gpu.check(gpu.driver.copyOnDevice(to, place.device.address(), size_t(bytes),
                                    gpu.stream));
  gpu.check(gpu.driver.recordEvent(place.taken, gpu.stream));
  return true;
}

} // namespace runtime
} // namespace lamina
