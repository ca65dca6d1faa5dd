// SPDX-License-Identifier: Apache-2.0
//
// Computes with compiled kernels.
//
// Calls of entries in; the entry at those sizes, made once, played.

#include "runtime/Executor/TapeEngine.h"

#include "runtime/Executor/ChooseVariant.h"
#include "runtime/Profile/Peak.h"

namespace lamina {
namespace runtime {

/// A split whose batches all differ in size must not fill the memory with
/// instances; a run meets a handful of sizes.
static constexpr size_t keptInstances = 64;

TapeEngine::TapeEngine(const Json &json, const Program &program,
                       const LaminaImage &image)
    : tape(Tape::read(json, program)), kernelCount(image.kernel_count),
      constants(image.constants) {
  const LaminaVariant &variant = chooseVariant(image);
  level = variant.level;
  kernels = variant.kernels;
  if (program.kernels.size() != kernelCount)
    throw Error(join("tape: it is for ",
                     counted(int64_t(program.kernels.size()), "kernel"),
                     ", this program has ", int64_t(kernelCount)));
  for (size_t i = 0; i < kernelCount; ++i)
    if (program.kernels[i].name != kernels[i].name)
      throw Error(join("tape: kernel ", int64_t(i), " is ",
                       quote(program.kernels[i].name), ", this program has ",
                       quote(kernels[i].name), " there"));
}

void TapeEngine::setThreads(int count) {
  player.reset();
  pool = std::make_unique<ThreadPool>(count);
  player = std::make_unique<Player>(tape, kernels, *pool);
  player->watcher = watcher;
}

void TapeEngine::start() {
  if (!player)
    setThreads(ThreadPool::availableProcessors());
}

const Instance &TapeEngine::instanceOf(size_t entry, const SizeValues &sizes) {
  auto key = std::make_pair(entry, sizes);
  auto it = instances.find(key);
  if (it != instances.end())
    return it->second;
  if (instances.size() >= keptInstances)
    instances.clear();
  return instances.emplace(key, Instance::make(tape.entries[entry], sizes))
      .first->second;
}

int64_t TapeEngine::workspaceBytes(size_t entry, const SizeValues &sizes) {
  return instanceOf(entry, sizes).arenaBytes;
}

bool TapeEngine::run(const EntryCall &call, std::string &message) {
  start();
  try {
    const Instance &instance = instanceOf(call.entry, *call.sizes);
    player->play(tape.entries[call.entry], instance, call,
                 arena.reserve(instance.arenaBytes), constants);
  } catch (const Error &error) {
    message = error.message;
    return false;
  }
  return true;
}

void TapeEngine::watch(LaunchWatcher *next) {
  watcher = next;
  if (player)
    player->watcher = next;
}

DevicePeak TapeEngine::measurePeak() {
  start();
  return runtime::measurePeak(*pool);
}

} // namespace runtime
} // namespace lamina
