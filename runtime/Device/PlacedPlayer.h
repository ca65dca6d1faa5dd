// SPDX-License-Identifier: Apache-2.0
//
// Plays entries whose tensors stand on a device.
//
// What is the same for every device: where variables, constants, the arena,
// arguments and results are. One block has the arena, behind it what is read
// and then what is given by an entry and is no variable.

#ifndef LAMINA_RUNTIME_DEVICE_PLACEDPLAYER_H
#define LAMINA_RUNTIME_DEVICE_PLACEDPLAYER_H

#include "runtime/ABI/Kernel.h"
#include "runtime/Device/Mirror.h"
#include "runtime/Executor/TapeWalk.h"

namespace lamina {
namespace runtime {

class PlacedPlayer : public TapeWalk {
public:
  /// `held` is where variables are; it may change between calls.
  PlacedPlayer(const DeviceMemory &device, const LaminaImage &image,
               const HeldStorage &held);

  /// Whether an entry runs on the device.
  virtual bool takes(size_t entry) const = 0;
  /// What it plays of an entry: its form for the device, if there is one.
  virtual const TapeEntry &played(size_t entry) const = 0;
  /// Bytes of device memory that a run of `instance` needs and that are not
  /// allocated yet.
  int64_t missingBytes(const TapeEntry &entry, const Instance &instance,
                       const SizeValues &sizes) const;

  /// Throws an `Error` if a check fails or the device does not answer.
  virtual void play(size_t entry, const Instance &instance,
                    const EntryCall &call) = 0;

  /// As `Engine` has it.
  virtual void copyAhead(const void *from, int64_t bytes) {}

  Mirror &variables() { return mirror; }
  LaunchWatcher *watcher = nullptr;

protected:
  /// Makes `block` larger, when nothing of the device is at work on it.
  virtual void reserve(DeviceBlock &block, int64_t bytes) = 0;
  /// Bytes that the next play sends, and that it receives.
  virtual void prepareInputs(int64_t bytes) {}
  virtual void prepareOutputs(int64_t bytes) {}
  /// Copies an argument, whose bytes begin at `at` of all that are sent.
  virtual void sendInput(const void *from, int64_t bytes, int64_t at,
                         DeviceAddress to) = 0;

  /// Fills `bases`, sends the arguments and reads registers.
  void place(const TapeEntry &entry, const Instance &instance,
             const EntryCall &call);
  /// All results at once, as `Player` does it, on the device.
  void moveResults(const TapeEntry &entry, const Instance &instance);
  /// To the caller: `received` is what stood at `outputArea`.
  void handResults(const TapeEntry &entry, const Instance &instance,
                   const EntryCall &call, const char *received);
  /// Those of `all` that copy something, and the bytes of all. True if one
  /// would overwrite what is still to be read: then they go by a third place.
  static bool plan(const std::vector<Move> &all, std::vector<Move> &moves,
                   int64_t &total);
  DeviceAddress outputArea() const {
    return work.address() + uint64_t(outputsAt);
  }

  Mirror mirror;
  DeviceBlock constants, work;
  int64_t outputsAt = 0, outputBytes = 0; ///< in `work`

private:
  int64_t sentBytes(const TapeEntry &entry, const Instance &instance,
                    const EntryCall &call) const;
  int64_t placeArguments(const TapeEntry &entry, const Instance &instance,
                         const EntryCall &call);
  void placeResults(const TapeEntry &entry, const Instance &instance,
                    const EntryCall &call);
};

/// Addresses of a device as the walk carries them.
inline char *devicePointer(DeviceAddress address) {
  return reinterpret_cast<char *>(address);
}
inline DeviceAddress deviceAddress(const char *pointer) {
  return reinterpret_cast<DeviceAddress>(pointer);
}

} // namespace runtime
} // namespace lamina

#endif // LAMINA_RUNTIME_DEVICE_PLACEDPLAYER_H
