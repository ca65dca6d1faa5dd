// SPDX-License-Identifier: Apache-2.0
//
// Variables on a device.

#include "runtime/Device/Mirror.h"

namespace lamina {
namespace runtime {

int64_t Mirror::missingBytes() const {
  int64_t bytes = 0;
  for (const auto &[storage, size] : held)
    if (!copies.count(storage))
      bytes += paddedBytes(size);
  return bytes;
}

/// One block for all that have no copy: there are few points in a program
/// where variables are made.
void Mirror::allocate() {
  if (copies.empty())
    blocks.clear();
  blocks.emplace_back(device).reserve(missingBytes());
  DeviceAddress next = blocks.back().address();
  for (const auto &[storage, size] : held)
    if (copies.emplace(storage, Copy{next, Side::Host}).second)
      next += uint64_t(paddedBytes(size));
}

DeviceAddress Mirror::onDevice(void *storage) {
  if (!copies.count(storage))
    allocate();
  Copy &copy = copies.at(storage);
  if (copy.newest == Side::Host) {
    device.copyToDevice(copy.address, storage, held.at(storage));
    copy.newest = Side::Both;
  }
  return copy.address;
}

void Mirror::toHost(void *storage) {
  auto found = copies.find(storage);
  if (found == copies.end() || found->second.newest != Side::Device)
    return;
  device.copyToHost(storage, found->second.address, held.at(storage));
  device.wait();
  found->second.newest = Side::Both;
}

void Mirror::hostWrote(void *storage) {
  auto found = copies.find(storage);
  if (found != copies.end())
    found->second.newest = Side::Host;
}

} // namespace runtime
} // namespace lamina
