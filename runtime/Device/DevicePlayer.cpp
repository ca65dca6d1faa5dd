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
    : PlacedPlayer(gpu, image, held), tape(tape), gpu(gpu), kernels(image, gpu),
      clock(gpu), ahead(gpu), scratch(gpu), moved(gpu), inputs(gpu),
      outputs(gpu), loose(gpu) {
  for (size_t i = 0; i < tape.entries.size(); ++i)
    areTaken.push_back(!tape.entries[i].onHost &&
                       areCompiled(entryOf(i).body, kernels));
}

DevicePlayer::~DevicePlayer() { forgetRecordings(); }

//===----------------------------------------------------------------------===//
// Places
//===----------------------------------------------------------------------===//

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

void DevicePlayer::prepareInputs(int64_t bytes) {
  inputs.reserve(std::max<int64_t>(bytes, 1));
}

void DevicePlayer::prepareOutputs(int64_t bytes) {
  if (outputs.reserve(std::max<int64_t>(bytes, 1)))
    forgetRecordings();
}

/// By `inputs` at `at`, unless it is there already.
void DevicePlayer::sendInput(const void *from, int64_t bytes, int64_t at,
                             DeviceAddress to) {
  if (bytes <= 0 || ahead.take(from, bytes, to))
    return;
  std::memcpy(inputs.data() + at, from, size_t(bytes));
  gpu.copyToDevice(to, inputs.data() + at, bytes);
}

//===----------------------------------------------------------------------===//
// Playing
//===----------------------------------------------------------------------===//

void DevicePlayer::play(size_t index, const Instance &instance,
                        const EntryCall &call) {
  const TapeEntry &entry = entryOf(index);
  sizes = call.sizes;
  place(entry, instance, call);
  ahead.clear();
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
  gpu.wait();
  handResults(entry, instance, call, outputs.data());
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

/// All results, then those that are no variables to the host.
void DevicePlayer::storeResults(const TapeEntry &entry,
                                const Instance &instance) {
  moveResults(entry, instance);
  if (mode != Mode::Plan && outputBytes > 0)
    gpu.copyToHost(outputs.data(), outputArea(), outputBytes);
}

} // namespace runtime
} // namespace lamina
