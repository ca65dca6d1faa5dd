// SPDX-License-Identifier: Apache-2.0
//
// Computes with compiled kernels.
//
// The engine of a built program: the tape's entries, its table of kernels, one
// arena that all entries share, one pool of threads.

#ifndef LAMINA_RUNTIME_EXECUTOR_TAPEENGINE_H
#define LAMINA_RUNTIME_EXECUTOR_TAPEENGINE_H

#include "runtime/Device/PlacedPlayer.h"
#include "runtime/Executor/Player.h"

#include <map>

namespace lamina {
namespace runtime {

class TapeEngine : public Engine {
public:
  /// Throws if the tape is broken or was made for other kernels, or if none of
  /// the image's variants runs on this processor.
  TapeEngine(const Json &tape, const Program &program,
             const LaminaImage &image);

  int64_t workspaceBytes(size_t entry, const SizeValues &sizes) override;
  bool run(const EntryCall &call, std::string &message) override;
  void setThreads(int count) override;
  void watch(LaunchWatcher *watcher) override;
  DevicePeak measurePeak() override;
  std::string devices() const override;
  void setDevice(const std::string &name) override;
  Memory memoryOf(size_t entry) const override;
  void hold(void *storage, int64_t bytes) override;
  void release(void *storage) override;
  void toHost(void *storage) override;
  void hostWrote(void *storage) override;
  void copyAhead(const void *from, int64_t bytes) override;
  std::string processor() const override { return level; }

private:
  void start();
  void openDevice(const std::string &kind, int number);
  void openBest();
  void closeDevice();
  bool hasCode(const std::string &kind) const;
  void runOnHost(const EntryCall &call, const Instance &instance);
  bool isOnDevice(size_t entry) const { return device && device->takes(entry); }
  /// The entry as it is played now.
  const TapeEntry &playedEntry(size_t entry) const;
  std::shared_ptr<const Instance> instanceOf(const TapeEntry &entry,
                                             const SizeValues &sizes);

  Tape tape;
  std::string level; ///< of the processor that `kernels` are for
  const LaminaKernel *kernels;
  size_t kernelCount;
  const LaminaImage &image;
  std::unique_ptr<ThreadPool> pool;
  std::unique_ptr<Player> player;
  AlignedBlock arena;
  /// A run keeps its own while another run makes some.
  std::map<std::pair<const TapeEntry *, SizeValues>,
           std::shared_ptr<const Instance>>
      instances;
  LaunchWatcher *watcher = nullptr;

  HeldStorage held;
  std::string deviceName = "cpu";
  std::unique_ptr<DeviceMemory> memory;
  std::unique_ptr<PlacedPlayer> device; ///< null: everything runs here
};

} // namespace runtime
} // namespace lamina

#endif // LAMINA_RUNTIME_EXECUTOR_TAPEENGINE_H
