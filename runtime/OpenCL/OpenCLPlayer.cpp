// SPDX-License-Identifier: Apache-2.0
//
// Plays an entry on a device of OpenCL.

#include "runtime/OpenCL/OpenCLPlayer.h"

#include "runtime/Executor/LaunchTimes.h"
#include "runtime/include/Error.h"

#include <cstring>
#include <map>

namespace lamina {
namespace runtime {

OpenCLPlayer::OpenCLPlayer(const Tape &tape, const LaminaImage &image,
                           const LaminaKernel *hostKernels,
                           const OpenCLDevice &device, const HeldStorage &held,
                           const std::unique_ptr<ThreadPool> &pool)
    : PlacedPlayer(device, image, held), tape(tape), device(device),
      queue(image, device), hostKernels(hostKernels), pool(pool),
      moved(device) {}

void OpenCLPlayer::reserve(DeviceBlock &block, int64_t bytes) {
  if (bytes <= block.size())
    return;
  device.wait();
  block.reserve(bytes);
}

void OpenCLPlayer::sendInput(const void *from, int64_t bytes, int64_t,
                             DeviceAddress to) {
  device.copyToDevice(to, from, bytes);
}

void OpenCLPlayer::play(size_t index, const Instance &instance,
                        const EntryCall &call) {
  const TapeEntry &entry = played(index);
  sizes = call.sizes;
  place(entry, instance, call);
  rounds.assign(entry.loops, 0);
  playAll(instance.body);
  moveResults(entry, instance);
  if (call.meanwhile)
    (*call.meanwhile)();
  outputs.resize(size_t(outputBytes));
  device.copyToHost(outputs.data(), outputArea(), outputBytes);
  device.wait();
  handResults(entry, instance, call, outputs.data());
}

//===----------------------------------------------------------------------===//
// Launches
//===----------------------------------------------------------------------===//

/// A launch that is watched is alone on the device.
void OpenCLPlayer::launch(const Record<N> &record) {
  if (!watcher)
    return launchParts(record);
  device.wait();
  LaunchTime time = launchAt(*record.site, *sizes);
  time.span.begin = nanoseconds();
  launchParts(record);
  device.wait();
  time.span.end = nanoseconds();
  watcher->launched(time);
}

void OpenCLPlayer::launchParts(const Record<N> &record) {
  for (const LaunchPart<N> &part : record.parts) {
    buffers.clear();
    dims.clear();
    for (const Address<N> &buffer : part.buffers)
      buffers.push_back(deviceAddress(at(buffer)));
    for (const Operand<N> &dim : part.dims)
      dims.push_back(read(dim).asWhole());
    writeScalars(part, tape.kernelScalars[record.index], scalars);
    if (queue.commandOf(record.index))
      queue.command(record.index, buffers, dims, scalars);
    else
      runOnHost(hostKernels[record.index]);
  }
}

class OpenCLPlayer::Mapping {
public:
  Mapping(const OpenCLDevice &device, const OpenCLDevice::Place &place)
      : device(device), memory(place.memory) {
    opencl::Result result = opencl::success;
    mapped =
        device.library.map(device.queue, memory, true,
                           opencl::mapForReading | opencl::mapForWriting, 0,
                           size_t(place.bytes), 0, nullptr, nullptr, &result);
    device.check(result);
  }
  Mapping(const Mapping &) = delete;
  ~Mapping() {
    device.library.unmap(device.queue, memory, mapped, 0, nullptr, nullptr);
  }
  char *data() const { return static_cast<char *>(mapped); }

private:
  const OpenCLDevice &device;
  opencl::Memory memory;
  void *mapped = nullptr;
};

void OpenCLPlayer::runOnHost(const LaminaKernel &kernel) {
  std::map<opencl::Memory, Mapping> mappings;
  std::vector<void *> pointers;
  for (uint64_t address : buffers) {
    OpenCLDevice::Place place = device.placeOf(address);
    auto mapping = mappings.try_emplace(place.memory, device, place).first;
    pointers.push_back(mapping->second.data() + place.offset);
  }
  scratch.resize(size_t(pool->size()));
  int64_t scratchBytes = kernel.scratch(dims.data());
  for (AlignedBlock &block : scratch)
    block.reserve(scratchBytes);
  pool->run(kernel.items(dims.data()),
            [&](int64_t first, int64_t last, int worker) {
              kernel.run(pointers.data(), dims.data(), scalars.data(), first,
                         last, scratch[size_t(worker)].data());
            });
}

//===----------------------------------------------------------------------===//
// Memory
//===----------------------------------------------------------------------===//

void OpenCLPlayer::move(const std::vector<Move> &all) {
  std::vector<Move> moves;
  N total = 0;
  bool clash = plan(all, moves, total);
  if (clash)
    reserve(moved, total);
  DeviceAddress kept = moved.address();
  for (Move &each : moves) {
    if (!clash) {
      device.copyOnDevice(deviceAddress(each.to), deviceAddress(each.from),
                          each.bytes);
      continue;
    }
    device.copyOnDevice(kept, deviceAddress(each.from), each.bytes);
    each.from = devicePointer(kept);
    kept += uint64_t(paddedBytes(each.bytes));
  }
  for (const Move &each : moves)
    if (clash)
      device.copyOnDevice(deviceAddress(each.to), deviceAddress(each.from),
                          each.bytes);
}

void OpenCLPlayer::copy(const Move &one) { move({one}); }

void OpenCLPlayer::fill(DeviceAddress to, const void *pattern,
                        size_t patternBytes, int64_t bytes) {
  OpenCLDevice::Place place = device.placeOf(to);
  device.check(device.library.fill(device.queue, place.memory, pattern,
                                   patternBytes, place.offset, size_t(bytes), 0,
                                   nullptr, nullptr));
}

void OpenCLPlayer::zero(char *to, N bytes) {
  char nothing = 0;
  if (bytes > 0)
    fill(deviceAddress(to), &nothing, 1, bytes);
}

/// A pattern is taken when it is given, so nobody waits.
void OpenCLPlayer::put(Element element, char *to, const HostValue &value) {
  char words[16] = {};
  size_t bytes = size_t(bytesOf(element));
  storeValue(element, words, value);
  fill(deviceAddress(to), words, bytes, int64_t(bytes));
  if (value.kind == RegisterKind::Key)
    fill(deviceAddress(to) + bytes, words + bytes, bytes, int64_t(bytes));
}

bool OpenCLPlayer::isSet(const char *word) {
  char value = 0;
  device.copyToHost(&value, deviceAddress(word), 1);
  return value != 0;
}

int64_t OpenCLPlayer::numberAt(const char *number) {
  N value = 0;
  device.copyToHost(&value, deviceAddress(number), sizeof value);
  return value;
}

} // namespace runtime
} // namespace lamina
