// SPDX-License-Identifier: Apache-2.0
//
// Variables on a device.

#include "runtime/Device/Mirror.h"

namespace lamina {
namespace runtime {

/// As the driver aligns what it allocates.
static int64_t padded(int64_t bytes) { return (bytes + 255) / 256 * 256; }

int64_t Mirror::missingBytes() const {
  int64_t bytes = 0;
  for (const auto &[storage, size] : held)
    if (!copies.count(storage))
      bytes += padded(size);
  return bytes;
}

/// One block for all that have no copy: there are few points in a program
/// where variables are made.
void Mirror::allocate() {
  if (copies.empty())
    blocks.clear();
  blocks.emplace_back(gpu).reserve(missingBytes());
  cuda::Address next = blocks.back().address();
  for (const auto &[storage, size] : held)
    if (copies.emplace(storage, Copy{next, Side::Host}).second)
      next += uint64_t(padded(size));
}

cuda::Address Mirror::onDevice(void *storage) {
  if (!copies.count(storage))
    allocate();
  Copy &copy = copies.at(storage);
  if (copy.newest == Side::Host) {
    gpu.check(gpu.driver.copyToDevice(copy.address, storage,
                                      size_t(held.at(storage)), gpu.stream));
    copy.newest = Side::Both;
  }
  return copy.address;
}

void Mirror::toHost(void *storage) {
  auto found = copies.find(storage);
  if (found == copies.end() || found->second.newest != Side::Device)
    return;
  gpu.check(gpu.driver.copyToHost(storage, found->second.address,
                                  size_t(held.at(storage)), gpu.stream));
  gpu.wait();
  found->second.newest = Side::Both;
}

void Mirror::hostWrote(void *storage) {
  auto found = copies.find(storage);
  if (found != copies.end())
    found->second.newest = Side::Host;
}

} // namespace runtime
} // namespace lamina
