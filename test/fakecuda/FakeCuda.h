// SPDX-License-Identifier: Apache-2.0
//
// A driver of GPUs without a GPU.
//
// The functions of runtime/Device/Driver.h over this machine's memory. Work is
// done as late as a real driver may: when somebody waits for it. Addresses of
// device memory are none that a processor can read, so that a copy which was
// forgotten ends the program. Kernels are those of a library that is built from
// the same program with --backend=emulator,cpu --emit=lib; where the device
// poses as capability 90 and the driver is one for CUDA 12, with
// --backend=emulator-sm_90a,cpu, since programs then launch other kernels.
//
//   LAMINA_FAKE_CUDA_KERNELS=FILE   that library
//   LAMINA_FAKE_CUDA=a=1,b=2        version, devices, capability (80), memory
//                                   (bytes), lost (at the n-th launch), refuse
//                                   (all code), refuse_cubins
//   LAMINA_FAKE_CUDA_LOG=FILE       counts of what was asked for, at the end

#ifndef LAMINA_TEST_FAKECUDA_FAKECUDA_H
#define LAMINA_TEST_FAKECUDA_FAKECUDA_H

#include "runtime/ABI/Emulator.h"
#include "runtime/ABI/Kernel.h"

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

namespace fakecuda {

using Result = int;
enum : Result {
  Success = 0,
  InvalidValue = 1,
  OutOfMemory = 2,
  NoDevice = 100,
  InvalidDevice = 101,
  NoBinaryForGpu = 209,
  InvalidPtx = 218,
  UnsupportedPtx = 222,
  NotFound = 500,
  IllegalAddress = 700,
  LaunchFailed = 719,
  CaptureUnsupported = 900
};

/// A number that LAMINA_FAKE_CUDA gives.
int64_t setting(const char *name, int64_t otherwise);

/// Adds to a count that the log will have.
void count(const char *what, int64_t by = 1);

/// Once something failed on the device, everything fails.
extern Result broken;

/// The host's address of `bytes` of device memory; null if they are not there.
char *hostAddress(uint64_t device, uint64_t bytes);
/// Whether the host's memory is pinned: only then may a copy wait.
bool isPinned(const void *memory);

struct Function {
  std::string name;
  // Its parameters: buffers, sizes, scalars and scratch, maps of tensors.
  size_t pointers = 0, dims = 0, maps = 0;
  LaminaKernel kernel{};
  const LaminaEmulatedKernel *grid = nullptr; ///< null: not to be launched
  bool hasFinish = false;                     ///< whether a second grid follows
  bool isFinish = false;                      ///< whether it is one
};

/// A function of the library of emulated kernels.
void *libraryFunction(const char *name);

/// A step of a stream.
using Work = std::function<Result()>;
struct Stream;
/// Puts `work` at the end of `stream`, or into the graph that it records.
Result enqueue(Stream *stream, Work work);
/// Does all work of all streams.
Result finishAll();

} // namespace fakecuda

#endif // LAMINA_TEST_FAKECUDA_FAKECUDA_H
