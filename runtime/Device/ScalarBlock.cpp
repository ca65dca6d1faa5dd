// SPDX-License-Identifier: Apache-2.0
//
// Scalars on their way to a device.

#include "runtime/Device/ScalarBlock.h"

#include <algorithm>
#include <cstring>

namespace lamina {
namespace runtime {

static constexpr size_t wordBytes = sizeof(uint64_t);
/// Words that are sent as they come, until the device is waited for.
static constexpr size_t looseWords = 1 << 15;

void ScalarBlock::set(const std::vector<uint64_t> &words) {
  count = words.size();
  next = 0;
  int64_t bytes = int64_t(std::max<size_t>(count, 1) * wordBytes);
  host.reserve(bytes);
  device.reserve(bytes);
  if (count > 0)
    std::memcpy(host.data(), words.data(), count * wordBytes);
}

void ScalarBlock::send() {
  if (count > 0)
    gpu.check(gpu.driver.copyToDevice(device.address(), host.data(),
                                      count * wordBytes, gpu.stream));
}

cuda::Address ScalarBlock::take(size_t words) {
  cuda::Address address = device.address() + next * wordBytes;
  next += words;
  return address;
}

cuda::Address ScalarBlock::sendNow(const std::vector<uint64_t> &words) {
  size_t room = std::max(looseWords, words.size());
  if (host.size() < int64_t(room * wordBytes) || next + words.size() > room) {
    gpu.wait(); // what was sent before may still be read
    host.reserve(int64_t(room * wordBytes));
    device.reserve(int64_t(room * wordBytes));
    next = 0;
  }
  char *from = host.data() + next * wordBytes;
  cuda::Address to = take(words.size());
  if (words.empty())
    return to;
  std::memcpy(from, words.data(), words.size() * wordBytes);
  gpu.check(
      gpu.driver.copyToDevice(to, from, words.size() * wordBytes, gpu.stream));
  return to;
}

} // namespace runtime
} // namespace lamina
