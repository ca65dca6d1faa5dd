// SPDX-License-Identifier: Apache-2.0
//
// Plays an entry on a device of OpenCL.
//
// Everything goes out in the order of the walk; the host waits where it reads.
// A kernel without a form for the device runs on the host, on the device's
// memory, which is mapped for as long.

#ifndef LAMINA_RUNTIME_OPENCL_OPENCLPLAYER_H
#define LAMINA_RUNTIME_OPENCL_OPENCLPLAYER_H

#include "runtime/Device/PlacedPlayer.h"
#include "runtime/Executor/Player.h"
#include "runtime/OpenCL/CommandQueue.h"

namespace lamina {
namespace runtime {

class OpenCLPlayer : public PlacedPlayer {
public:
  /// `hostKernels` are the image's for this processor, and `pool`, which may
  /// change between calls, runs them. Throws if the device refuses the code.
  OpenCLPlayer(const Tape &tape, const LaminaImage &image,
               const LaminaKernel *hostKernels, const OpenCLDevice &device,
               const HeldStorage &held,
               const std::unique_ptr<ThreadPool> &pool);

  bool takes(size_t entry) const override {
    return !tape.entries[entry].onHost;
  }
  const TapeEntry &played(size_t entry) const override {
    return tape.entries[entry].formFor("opencl");
  }
  void play(size_t entry, const Instance &instance,
            const EntryCall &call) override;

private:
  /// A buffer object while the host reads and writes it.
  class Mapping;

  void reserve(DeviceBlock &block, int64_t bytes) override;
  void sendInput(const void *from, int64_t bytes, int64_t at,
                 DeviceAddress to) override;

  void launch(const Record<N> &record) override;
  void move(const std::vector<Move> &moves) override;
  void copy(const Move &move) override;
  void zero(char *to, N bytes) override;
  void put(Element element, char *to, const HostValue &value) override;
  bool isSet(const char *word) override;
  N numberAt(const char *number) override;

  void fill(DeviceAddress to, const void *pattern, size_t patternBytes,
            int64_t bytes);
  void launchParts(const Record<N> &record);
  void runOnHost(const LaminaKernel &kernel);

  const Tape &tape;
  const OpenCLDevice &device;
  LaminaQueue queue;
  const LaminaKernel *hostKernels;
  const std::unique_ptr<ThreadPool> &pool;
  DeviceBlock moved;
  std::vector<char> outputs; ///< results that are no variables

  // Of the part of a launch that is in progress, kept for its memory.
  std::vector<uint64_t> buffers, scalars;
  std::vector<int64_t> dims;
  std::vector<AlignedBlock> scratch; ///< one for each worker
  const SizeValues *sizes = nullptr;
};

} // namespace runtime
} // namespace lamina

#endif // LAMINA_RUNTIME_OPENCL_OPENCLPLAYER_H
