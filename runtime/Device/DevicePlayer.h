// SPDX-License-Identifier: Apache-2.0
//
// Plays an entry on a device.
//
// Before anything is launched a walk over the entry computes all that the host
// decides: the scalars of every launch, which go to the device in one block,
// and the pattern of choices. A pattern that comes again is recorded as one
// graph, with loops written out, and is one launch from then on. Where the
// device itself decides (a loop that ends by a word in its memory) launches go
// out one by one, and the host reads the word.

#ifndef LAMINA_RUNTIME_DEVICE_DEVICEPLAYER_H
#define LAMINA_RUNTIME_DEVICE_DEVICEPLAYER_H

#include "runtime/Device/Ahead.h"
#include "runtime/Device/Kernels.h"
#include "runtime/Device/LaunchClock.h"
#include "runtime/Device/PlacedPlayer.h"
#include "runtime/Device/ScalarBlock.h"

#include <list>
#include <set>

namespace lamina {
namespace runtime {

class DevicePlayer : public PlacedPlayer {
public:
  /// `held` is where variables are; it may change between calls. Throws if the
  /// driver refuses the image's code.
  DevicePlayer(const Tape &tape, const LaminaImage &image, const Gpu &gpu,
               const HeldStorage &held);
  ~DevicePlayer() override;

  bool takes(size_t entry) const override { return areTaken[entry]; }
  const TapeEntry &played(size_t entry) const override {
    return entryOf(entry);
  }
  void play(size_t entry, const Instance &instance,
            const EntryCall &call) override;
  void copyAhead(const void *from, int64_t bytes) override {
    ahead.add(from, bytes);
  }

private:
  const TapeEntry &entryOf(size_t entry) const {
    return tape.entries[entry].formFor("gpu");
  }

  /// What the walk over the records does: collect scalars and choices, launch
  /// with the scalars collected, or both at once.
  enum class Mode { Plan, Issue, Direct };
  using Key = std::vector<int64_t>;

  struct Recording {
    Key key;
    cuda::GraphExec exec = nullptr;
    std::unique_ptr<ScalarBlock> scalars;
  };

  void launch(const Record<N> &record) override;
  void move(const std::vector<Move> &moves) override;
  void copy(const Move &move) override;
  void zero(char *to, N bytes) override;
  void put(Element element, char *to, const HostValue &value) override;
  bool isSet(const char *word) override;
  N numberAt(const char *number) override;
  void decided(bool value) override {
    if (mode == Mode::Plan)
      key.push_back(value);
  }

  void launchPart(const Record<N> &record, const LaunchPart<N> &part);
  std::vector<N> sizesOf(const LaunchPart<N> &part);
  void launchGrids(const DeviceKernels::Kernel &kernel, N blocks,
                   const std::vector<N> &dims,
                   std::vector<cuda::Address> &arguments);
  cuda::Address scalarsFor(const std::vector<uint64_t> &words);

  void prepareInputs(int64_t bytes) override;
  void prepareOutputs(int64_t bytes) override;
  void sendInput(const void *from, int64_t bytes, int64_t at,
                 DeviceAddress to) override;
  void walk(const TapeEntry &entry, const Instance &instance, Mode mode);
  void playPlanned(const TapeEntry &entry, const Instance &instance);
  Recording record(const TapeEntry &entry, const Instance &instance);
  void storeResults(const TapeEntry &entry, const Instance &instance);
  void reserve(DeviceBlock &block, int64_t bytes) override;
  void forgetRecordings();

  const Tape &tape;
  const Gpu &gpu;
  DeviceKernels kernels;
  LaunchClock clock;
  Ahead ahead;
  std::vector<bool> areTaken; ///< by entry

  DeviceBlock scratch, moved;
  PinnedBlock inputs, outputs; ///< what is no variable

  // Of the entry that is played.
  Mode mode = Mode::Plan;
  Key key; ///< entry, addresses, sizes, and what the host decided
  std::vector<HostValue> initial; ///< registers before the first record
  std::vector<uint64_t> words;    ///< scalars of all launches
  ScalarBlock loose;              ///< scalars of what is not recorded
  ScalarBlock *scalars = nullptr;
  int64_t scratchBytes = 0, movedBytes = 0;
  std::vector<uint64_t> launchWords;
  const SizeValues *sizes = nullptr;

  std::list<Recording> recordings; ///< the latest first
  std::set<Key> seen;              ///< played once
};

} // namespace runtime
} // namespace lamina

#endif // LAMINA_RUNTIME_DEVICE_DEVICEPLAYER_H
