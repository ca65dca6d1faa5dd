// SPDX-License-Identifier: Apache-2.0
//
// Plays an entry on a device.
//
// An entry at its sizes and the host's pointers in; launches, copies and graphs
// out. What the walk asks for stands in DeviceRecords.cpp.

#include "runtime/Device/DevicePlayer.h"

#include "runtime/include/Error.h"

#include <algorithm>
#include <cstring>

namespace lamina {
namespace runtime {

/// Graphs that are kept; a run meets a handful of sizes and choices.
static constexpr size_t keptRecordings = 16;
/// Patterns that are remembered as played once.
static constexpr size_t keptPatterns = 256;

static int64_t padded(int64_t bytes) { return (bytes + 255) / 256 * 256; }

static char *pointer(cuda::Address address) {
  return reinterpret_cast<char *>(address);
}

static cuda::Address address(const char *pointer) {
  return reinterpret_cast<cuda::Address>(pointer);
}

//===----------------------------------------------------------------------===//
// What the device takes
//===----------------------------------------------------------------------===//

static bool areCompiled(const std::vector<Record<Expression>> &records,
                        const DeviceKernels &kernels) {
  for (const Record<Expression> &record : records) {
    if (record.kind == RecordKind::Launch && !kernels[record.index].code)
      return false;
    if (!areCompiled(record.body, kernels) ||
        !areCompiled(record.otherwise, kernels) ||
        !areCompiled(record.until, kernels))
      return false;
  }
  return true;
}

DevicePlayer::DevicePlayer(const Tape &tape, const LaminaImage &image,
                           const Gpu &gpu, const HeldStorage &held)
    : tape(tape), gpu(gpu), kernels(image, gpu), mirror(gpu, held), clock(gpu),
      ahead(gpu), constants(gpu), work(gpu), scratch(gpu), moved(gpu),
      inputs(gpu), outputs(gpu), loose(gpu) {
  for (const TapeEntry &entry : tape.entries)
    areTaken.push_back(!entry.onHost && areCompiled(entry.body, kernels));
  if (image.constants_size == 0)
    return;
  constants.reserve(int64_t(image.constants_size));
  gpu.check(gpu.driver.copyToDevice(constants.address(), image.constants,
                                    image.constants_size, gpu.stream));
}

DevicePlayer::~DevicePlayer() { forgetRecordings(); }

//===----------------------------------------------------------------------===//
// Places
//===----------------------------------------------------------------------===//

/// What stands in `work` behind the arena: arguments that are no variables,
/// then results that are none.
static int64_t inputBytesOf(const TapeEntry &entry, const Instance &instance,
                            const SizeValues &sizes) {
  int64_t bytes = 0;
  for (size_t i = 0; i < entry.argumentTypes.size(); ++i)
    if (instance.used[firstArgumentBase + i])
      bytes += padded(entry.argumentTypes[i].bytesAt(sizes));
  return bytes;
}

static int64_t outputBytesOf(const Instance &instance) {
  int64_t bytes = 0;
  for (int64_t each : instance.resultBytes)
    bytes += padded(each);
  return bytes;
}

int64_t DevicePlayer::missingBytes(const TapeEntry &entry,
                                   const Instance &instance,
                                   const SizeValues &sizes) const {
  int64_t needs = padded(instance.arenaBytes) +
                  inputBytesOf(entry, instance, sizes) +
                  outputBytesOf(instance);
  return mirror.missingBytes() + std::max<int64_t>(needs - work.size(), 0);
}

void DevicePlayer::reserve(DeviceBlock &block, int64_t bytes) {
  if (bytes <= block.size())
    return;
  gpu.wait();
  forgetRecordings(); // they hold the address that goes
  block.reserve(bytes);
}

void DevicePlayer::forgetRecordings() {
  for (Recording &recording : recordings)
    gpu.driver.destroyGraphExec(recording.exec);
  recordings.clear();
  seen.clear();
}

/// Arguments on the device: variables where they are, others copied behind the
/// arena.
void DevicePlayer::placeArguments(const TapeEntry &entry,
                                  const Instance &instance,
                                  const EntryCall &call) {
  int64_t arena = padded(instance.arenaBytes);
  int64_t inputBytes = inputBytesOf(entry, instance, *call.sizes);
  reserve(work,
          std::max<int64_t>(arena + inputBytes + outputBytesOf(instance), 256));
  inputs.reserve(std::max<int64_t>(inputBytes, 1));
  bases.assign({pointer(work.address()), pointer(constants.address())});
  int64_t at = 0;
  for (size_t i = 0; i < entry.argumentTypes.size(); ++i) {
    void *from = call.arguments[i];
    bool isVariable = mirror.has(from);
    if (isVariable && entry.argumentRegisters[i] >= 0)
      mirror.toHost(from);
    if (!instance.used[firstArgumentBase + i]) {
      bases.push_back(nullptr);
    } else if (isVariable) {
      bases.push_back(pointer(mirror.onDevice(from)));
    } else {
      bases.push_back(pointer(work.address()) + arena + at);
      at += sendInput(from, entry.argumentTypes[i].bytesAt(*call.sizes), at,
                      address(bases.back()));
    }
  }
  ahead.clear();
  outputsAt = arena + at;
}

/// Copies an argument to the device, by `inputs` at `at` unless it is there
/// already. Returns the bytes that it takes.
int64_t DevicePlayer::sendInput(const void *from, int64_t bytes, int64_t at,
                                cuda::Address to) {
  if (bytes > 0 && !ahead.take(from, bytes, to)) {
    std::memcpy(inputs.data() + at, from, size_t(bytes));
    gpu.check(gpu.driver.copyToDevice(to, inputs.data() + at, size_t(bytes),
                                      gpu.stream));
  }
  return padded(bytes);
}

void DevicePlayer::placeResults(const TapeEntry &entry,
                                const Instance &instance,
                                const EntryCall &call) {
  int64_t at = outputsAt;
  for (size_t i = 0; i < entry.resultTypes.size(); ++i) {
    void *to = call.results[i];
    if (entry.results[i].inRegister) {
      bases.push_back(nullptr);
    } else if (mirror.has(to)) {
      bases.push_back(pointer(mirror.onDevice(to)));
    } else {
      bases.push_back(pointer(work.address()) + at);
      at += padded(instance.resultBytes[i]);
    }
  }
  outputBytes = at - outputsAt;
  if (outputs.reserve(std::max<int64_t>(outputBytes, 1)))
    forgetRecordings();
}

//===----------------------------------------------------------------------===//
// Playing
//===----------------------------------------------------------------------===//

void DevicePlayer::play(size_t index, const Instance &instance,
                        const EntryCall &call) {
  const TapeEntry &entry = tape.entries[index];
  sizes = call.sizes;
  placeArguments(entry, instance, call);
  placeResults(entry, instance, call);
  readArguments(entry, call);
  initial = registers;
  if (watcher)
    clock.start();
  key = {int64_t(index)};
  for (char *base : bases)
    key.push_back(reinterpret_cast<int64_t>(base));
  key.insert(key.end(), call.sizes->begin(), call.sizes->end());
  if (instance.readsWords)
    walk(entry, instance, Mode::Direct);
  else
    playPlanned(entry, instance);
  if (call.meanwhile)
    (*call.meanwhile)();
  handResults(entry, instance, call);
  if (watcher)
    clock.tell(*watcher, *sizes);
}

void DevicePlayer::walk(const TapeEntry &entry, const Instance &instance,
                        Mode how) {
  mode = how;
  registers = initial;
  rounds.assign(entry.loops, 0);
  playAll(instance.body);
  storeResults(entry, instance);
}

/// Scalars and choices first. A pattern that comes for the second time is
/// recorded: most come once (a sample, a last batch) or very often.
void DevicePlayer::playPlanned(const TapeEntry &entry,
                               const Instance &instance) {
  words.clear();
  scratchBytes = movedBytes = 0;
  walk(entry, instance, Mode::Plan);
  reserve(scratch, scratchBytes);
  reserve(moved, movedBytes);
  auto known = std::find_if(
      recordings.begin(), recordings.end(),
      [&](const Recording &recording) { return recording.key == key; });
  if (known != recordings.end()) {
    recordings.splice(recordings.begin(), recordings, known);
    known->scalars->set(words);
  } else if (!watcher) {
    if (seen.size() == keptPatterns)
      seen.clear();
    if (!seen.insert(key).second)
      known = recordings.emplace(recordings.begin(), record(entry, instance));
  }
  if (known != recordings.end() && !watcher) {
    gpu.check(gpu.driver.launchGraph(known->exec, gpu.stream));
    return;
  }
  scalars = &loose;
  loose.set(words);
  loose.send();
  walk(entry, instance, Mode::Issue);
}

DevicePlayer::Recording DevicePlayer::record(const TapeEntry &entry,
                                             const Instance &instance) {
  if (recordings.size() == keptRecordings) {
    gpu.driver.destroyGraphExec(recordings.back().exec);
    recordings.pop_back();
  }
  Recording recording{key, nullptr, std::make_unique<ScalarBlock>(gpu)};
  scalars = recording.scalars.get();
  scalars->set(words);
  cuda::Graph graph = nullptr;
  gpu.check(gpu.driver.beginCapture(gpu.stream, cuda::captureRelaxed));
  try {
    scalars->send();
    walk(entry, instance, Mode::Issue);
  } catch (const Error &) {
    gpu.driver.endCapture(gpu.stream, &graph);
    throw;
  }
  gpu.check(gpu.driver.endCapture(gpu.stream, &graph));
  cuda::Result made = gpu.driver.instantiate(&recording.exec, graph, 0);
  gpu.driver.destroyGraph(graph);
  gpu.check(made);
  return recording;
}

//===----------------------------------------------------------------------===//
// Results
//===----------------------------------------------------------------------===//

/// All results at once, as `Player` does it; then those that are no variables
/// to the host.
void DevicePlayer::storeResults(const TapeEntry &entry,
                                const Instance &instance) {
  size_t firstResult = firstArgumentBase + entry.argumentTypes.size();
  std::vector<Move> moves;
  for (size_t i = 0; i < entry.results.size(); ++i)
    if (!entry.results[i].inRegister)
      moves.push_back({bases[firstResult + i], at(instance.resultAddresses[i]),
                       instance.resultBytes[i]});
  move(moves);
  if (mode != Mode::Plan && outputBytes > 0)
    gpu.check(gpu.driver.copyToHost(outputs.data(),
                                    work.address() + uint64_t(outputsAt),
                                    size_t(outputBytes), gpu.stream));
}

void DevicePlayer::handResults(const TapeEntry &entry, const Instance &instance,
                               const EntryCall &call) {
  gpu.wait();
  size_t firstResult = firstArgumentBase + entry.argumentTypes.size();
  const char *area = pointer(work.address()) + outputsAt;
  for (size_t i = 0; i < entry.results.size(); ++i) {
    void *to = call.results[i];
    if (entry.results[i].inRegister) {
      storeValue(entry.resultTypes[i].element, static_cast<char *>(to),
                 registers[entry.results[i].reg]);
      mirror.hostWrote(to);
    } else if (mirror.has(to)) {
      mirror.deviceWrote(to);
    } else if (instance.resultBytes[i] > 0) {
      std::memcpy(to, outputs.data() + (bases[firstResult + i] - area),
                  size_t(instance.resultBytes[i]));
    }
  }
}

} // namespace runtime
} // namespace lamina
