// SPDX-License-Identifier: Apache-2.0
//
// Plays entries whose tensors stand on a device.
//
// The host's pointers of a call in, addresses of the device out, and values of
// results back.

#include "runtime/Device/PlacedPlayer.h"

#include <algorithm>
#include <cstring>

namespace lamina {
namespace runtime {

PlacedPlayer::PlacedPlayer(const DeviceMemory &device, const LaminaImage &image,
                           const HeldStorage &held)
    : mirror(device, held), constants(device), work(device) {
  int64_t bytes = int64_t(image.constants_size);
  if (bytes == 0)
    return;
  constants.reserve(bytes);
  device.copyToDevice(constants.address(), image.constants, bytes);
}

static int64_t inputBytesOf(const TapeEntry &entry, const Instance &instance,
                            const SizeValues &sizes) {
  int64_t bytes = 0;
  for (size_t i = 0; i < entry.argumentTypes.size(); ++i)
    if (instance.used[firstArgumentBase + i])
      bytes += paddedBytes(entry.argumentTypes[i].bytesAt(sizes));
  return bytes;
}

static int64_t outputBytesOf(const Instance &instance) {
  int64_t bytes = 0;
  for (int64_t each : instance.resultBytes)
    bytes += paddedBytes(each);
  return bytes;
}

int64_t PlacedPlayer::missingBytes(const TapeEntry &entry,
                                   const Instance &instance,
                                   const SizeValues &sizes) const {
  int64_t needs = paddedBytes(instance.arenaBytes) +
                  inputBytesOf(entry, instance, sizes) +
                  outputBytesOf(instance);
  return mirror.missingBytes() + std::max<int64_t>(needs - work.size(), 0);
}

void PlacedPlayer::place(const TapeEntry &entry, const Instance &instance,
                         const EntryCall &call) {
  reserve(work,
          std::max<int64_t>(paddedBytes(instance.arenaBytes) +
                                inputBytesOf(entry, instance, *call.sizes) +
                                outputBytesOf(instance),
                            256));
  prepareInputs(sentBytes(entry, instance, call));
  outputsAt = placeArguments(entry, instance, call);
  placeResults(entry, instance, call);
  prepareOutputs(outputBytes);
  readArguments(entry, call);
}

int64_t PlacedPlayer::sentBytes(const TapeEntry &entry,
                                const Instance &instance,
                                const EntryCall &call) const {
  int64_t bytes = 0;
  for (size_t i = 0; i < entry.argumentTypes.size(); ++i)
    if (instance.used[firstArgumentBase + i] && !mirror.has(call.arguments[i]))
      bytes += paddedBytes(entry.argumentTypes[i].bytesAt(*call.sizes));
  return bytes;
}

/// Variables where they are, others copied behind the arena; where these end.
int64_t PlacedPlayer::placeArguments(const TapeEntry &entry,
                                     const Instance &instance,
                                     const EntryCall &call) {
  int64_t arena = paddedBytes(instance.arenaBytes), at = 0;
  bases.assign(
      {devicePointer(work.address()), devicePointer(constants.address())});
  for (size_t i = 0; i < entry.argumentTypes.size(); ++i) {
    void *from = call.arguments[i];
    bool isVariable = mirror.has(from);
    if (isVariable && entry.argumentRegisters[i] >= 0)
      mirror.toHost(from);
    if (!instance.used[firstArgumentBase + i]) {
      bases.push_back(nullptr);
    } else if (isVariable) {
      bases.push_back(devicePointer(mirror.onDevice(from)));
    } else {
      DeviceAddress to = work.address() + uint64_t(arena + at);
      bases.push_back(devicePointer(to));
      int64_t bytes = entry.argumentTypes[i].bytesAt(*call.sizes);
      sendInput(from, bytes, at, to);
      at += paddedBytes(bytes);
    }
  }
  return arena + at;
}

void PlacedPlayer::placeResults(const TapeEntry &entry,
                                const Instance &instance,
                                const EntryCall &call) {
  int64_t at = outputsAt;
  for (size_t i = 0; i < entry.resultTypes.size(); ++i) {
    void *to = call.results[i];
    if (entry.results[i].inRegister) {
      bases.push_back(nullptr);
    } else if (mirror.has(to)) {
      bases.push_back(devicePointer(mirror.onDevice(to)));
    } else {
      bases.push_back(devicePointer(work.address() + uint64_t(at)));
      at += paddedBytes(instance.resultBytes[i]);
    }
  }
  outputBytes = at - outputsAt;
}

void PlacedPlayer::moveResults(const TapeEntry &entry,
                               const Instance &instance) {
  size_t firstResult = firstArgumentBase + entry.argumentTypes.size();
  std::vector<Move> moves;
  for (size_t i = 0; i < entry.results.size(); ++i)
    if (!entry.results[i].inRegister)
      moves.push_back({bases[firstResult + i], at(instance.resultAddresses[i]),
                       instance.resultBytes[i]});
  move(moves);
}

void PlacedPlayer::handResults(const TapeEntry &entry, const Instance &instance,
                               const EntryCall &call, const char *received) {
  size_t firstResult = firstArgumentBase + entry.argumentTypes.size();
  const char *area = devicePointer(outputArea());
  for (size_t i = 0; i < entry.results.size(); ++i) {
    void *to = call.results[i];
    if (entry.results[i].inRegister) {
      storeValue(entry.resultTypes[i].element, static_cast<char *>(to),
                 registers[entry.results[i].reg]);
      mirror.hostWrote(to);
    } else if (mirror.has(to)) {
      mirror.deviceWrote(to);
    } else if (instance.resultBytes[i] > 0) {
      std::memcpy(to, received + (bases[firstResult + i] - area),
                  size_t(instance.resultBytes[i]));
    }
  }
}

//===----------------------------------------------------------------------===//
// Copies as one
//===----------------------------------------------------------------------===//

/// Whether a copy would overwrite what another, or it itself, has yet to read.
static bool overlap(const std::vector<std::pair<const char *, int64_t>> &reads,
                    int64_t longest, const char *to, int64_t bytes) {
  auto after = std::lower_bound(reads.begin(), reads.end(),
                                std::make_pair(to + bytes, int64_t(0)));
  while (after != reads.begin()) {
    --after;
    if (after->first + after->second > to)
      return true;
    if (after->first + longest <= to)
      return false;
  }
  return false;
}

bool PlacedPlayer::plan(const std::vector<Move> &all, std::vector<Move> &moves,
                        int64_t &total) {
  std::vector<std::pair<const char *, int64_t>> reads;
  N longest = 0;
  for (const Move &each : all)
    if (each.bytes > 0 && each.to != each.from) {
      moves.push_back(each);
      reads.emplace_back(each.from, each.bytes);
      total += paddedBytes(each.bytes);
      longest = std::max(longest, each.bytes);
    }
  std::sort(reads.begin(), reads.end());
  return std::any_of(moves.begin(), moves.end(), [&](const Move &each) {
    return overlap(reads, longest, each.to, each.bytes);
  });
}

} // namespace runtime
} // namespace lamina
