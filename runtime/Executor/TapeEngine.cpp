// SPDX-License-Identifier: Apache-2.0
//
// Computes with compiled kernels.
//
// Calls of entries in; the entry at those sizes, made once, played.

#include "runtime/Executor/TapeEngine.h"

#include "runtime/ABI/Emulator.h"
#include "runtime/Device/DevicePlayer.h"
#include "runtime/Executor/ChooseVariant.h"
#include "runtime/OpenCL/OpenCLPlayer.h"
#include "runtime/Profile/Peak.h"

#include <cstdio>
#include <cstring>

// The emulator is in the program only if a kernel asks for it.
extern "C" __attribute__((weak)) void
lamina_emulator_describe(const void *run, const char *title,
                         const char *const *lines, int32_t count);

namespace lamina {
namespace runtime {

/// A split whose batches all differ in size must not fill the memory with
/// instances; a run meets a handful of sizes.
static constexpr size_t keptInstances = 64;

/// Faults of emulated kernels then name lines of the source.
static void describeKernels(const Program &program,
                            const LaminaKernel *kernels) {
  if (!lamina_emulator_describe)
    return;
  for (size_t i = 0; i < program.kernels.size(); ++i) {
    const KernelInfo &kernel = program.kernels[i];
    if (!kernels[i].run)
      continue;
    std::vector<const char *> lines;
    for (const std::string &line : kernel.opLines)
      lines.push_back(line.c_str());
    lamina_emulator_describe(reinterpret_cast<const void *>(kernels[i].run),
                             kernel.name.c_str(), lines.data(),
                             int32_t(lines.size()));
  }
}

TapeEngine::TapeEngine(const Json &json, const Program &program,
                       const LaminaImage &image)
    : tape(Tape::read(json, program)), kernelCount(image.kernel_count),
      image(image) {
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
  describeKernels(program, kernels);
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

const TapeEntry &TapeEngine::playedEntry(size_t entry) const {
  return isOnDevice(entry) ? device->played(entry) : tape.entries[entry];
}

std::shared_ptr<const Instance>
TapeEngine::instanceOf(const TapeEntry &entry, const SizeValues &sizes) {
  auto key = std::make_pair(&entry, sizes);
  auto it = instances.find(key);
  if (it != instances.end())
    return it->second;
  if (instances.size() >= keptInstances)
    instances.clear();
  auto made = std::make_shared<const Instance>(Instance::make(entry, sizes));
  return instances.emplace(key, std::move(made)).first->second;
}

int64_t TapeEngine::workspaceBytes(size_t entry, const SizeValues &sizes) {
  const TapeEntry &played = playedEntry(entry);
  std::shared_ptr<const Instance> instance = instanceOf(played, sizes);
  return isOnDevice(entry) ? device->missingBytes(played, *instance, sizes)
                           : instance->arenaBytes;
}

/// What a device holds newer values of comes here first.
void TapeEngine::runOnHost(const EntryCall &call, const Instance &instance) {
  const TapeEntry &entry = tape.entries[call.entry];
  for (size_t i = 0; i < entry.argumentTypes.size(); ++i)
    toHost(call.arguments[i]);
  player->play(entry, instance, call, arena.reserve(instance.arenaBytes),
               image.constants);
  for (size_t i = 0; i < entry.results.size(); ++i)
    hostWrote(call.results[i]);
}

bool TapeEngine::run(const EntryCall &call, std::string &) {
  start();
  std::shared_ptr<const Instance> instance =
      instanceOf(playedEntry(call.entry), *call.sizes);
  if (isOnDevice(call.entry))
    device->play(call.entry, *instance, call);
  else
    runOnHost(call, *instance);
  return true;
}

void TapeEngine::watch(LaunchWatcher *next) {
  watcher = next;
  if (player)
    player->watcher = next;
  if (device)
    device->watcher = next;
}

DevicePeak TapeEngine::measurePeak() {
  start();
  if (memory)
    return memory->peak();
  return runtime::measurePeak(*pool);
}

//===----------------------------------------------------------------------===//
// Devices
//===----------------------------------------------------------------------===//

/// Whether the program has code for "gpu" or "opencl".
bool TapeEngine::hasCode(const std::string &kind) const {
  for (size_t i = 0; i < image.device_variant_count; ++i)
    if ((std::strncmp(image.device_variants[i].chip, "opencl", 6) == 0) ==
        (kind == "opencl"))
      return true;
  return false;
}

static std::string listOf(const std::vector<std::string> &words) {
  std::string text;
  for (size_t i = 0; i < words.size(); ++i)
    text += (i == 0 ? "" : i + 1 < words.size() ? ", " : " or ") + words[i];
  return text;
}

std::string TapeEngine::devices() const {
  std::vector<std::string> names{"cpu"};
  for (const char *kind : {"gpu", "opencl"})
    if (hasCode(kind))
      names.insert(names.end(), {kind, join(kind, ":N")});
  return listOf(names);
}

/// "gpu" is 0, "gpu:1" is 1, another word -1.
static int deviceNumber(const std::string &name, const std::string &kind) {
  if (name == kind)
    return 0;
  size_t start = kind.size() + 1;
  bool hasNumber =
      name.compare(0, start, kind + ":") == 0 && name.size() > start &&
      name.size() < start + 4 &&
      name.find_first_not_of("0123456789", start) == std::string::npos;
  return hasNumber ? std::stoi(name.substr(start)) : -1;
}

void TapeEngine::setDevice(const std::string &name) {
  if (name == deviceName)
    return;
  for (const char *kind : {"gpu", "opencl"})
    if (hasCode(kind) && deviceNumber(name, kind) >= 0) {
      openDevice(kind, deviceNumber(name, kind));
      deviceName = name;
      return;
    }
  if (!name.empty() && name != "cpu") {
    std::vector<std::string> names{quote("cpu")};
    for (const char *kind : {"gpu", "opencl"})
      if (hasCode(kind))
        names.insert(names.end(), {quote(kind), quote(join(kind, ":N"))});
    throw Error(
        join("this program runs on ", listOf(names), ", not on ", quote(name)),
        ExitMisuse);
  }
  closeDevice();
  if (name.empty())
    openBest();
  deviceName = name;
}

/// Without a word, the first kind that there is code for, if this machine has
/// one.
void TapeEngine::openBest() {
  try {
    if (hasCode("gpu"))
      openDevice("gpu", 0);
    else if (hasCode("opencl"))
      openDevice("opencl", 0);
  } catch (const Error &error) {
    std::fprintf(stderr, "running on the cpu: %s\n", error.message.c_str());
  }
}

void TapeEngine::closeDevice() {
  for (const auto &variable : held)
    toHost(variable.first);
  device.reset();
  memory.reset();
}

void TapeEngine::openDevice(const std::string &kind, int number) {
  closeDevice();
  if (kind == "opencl") {
    auto opened = std::make_unique<OpenCLDevice>(number);
    device = std::make_unique<OpenCLPlayer>(tape, image, kernels, *opened, held,
                                            pool);
    memory = std::move(opened);
  } else {
    auto opened = std::make_unique<Gpu>(number);
    device = std::make_unique<DevicePlayer>(tape, image, *opened, held);
    memory = std::move(opened);
  }
  device->watcher = watcher;
}

Engine::Memory TapeEngine::memoryOf(size_t entry) const {
  if (!isOnDevice(entry))
    return {};
  return {memory->freeBytes(), memory->title()};
}

void TapeEngine::hold(void *storage, int64_t bytes) { held[storage] = bytes; }

void TapeEngine::release(void *storage) {
  held.erase(storage);
  if (device)
    device->variables().forget(storage);
}

void TapeEngine::toHost(void *storage) {
  if (device)
    device->variables().toHost(storage);
}

void TapeEngine::copyAhead(const void *from, int64_t bytes) {
  if (device)
    device->copyAhead(from, bytes);
}

void TapeEngine::hostWrote(void *storage) {
  if (device)
    device->variables().hostWrote(storage);
}

} // namespace runtime
} // namespace lamina
