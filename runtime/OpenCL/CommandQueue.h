// SPDX-License-Identifier: Apache-2.0
//
// A program's kernels on one device of OpenCL.

#ifndef LAMINA_RUNTIME_OPENCL_COMMANDQUEUE_H
#define LAMINA_RUNTIME_OPENCL_COMMANDQUEUE_H

#include "runtime/ABI/Kernel.h"
#include "runtime/OpenCL/OpenCLDevice.h"
#include "runtime/include/Error.h"

#include <deque>
#include <map>
#include <optional>
#include <vector>

/// Takes the commands of runtime/ABI/Commands.h. These come from C, through
/// which no exception may go, and which does not look at what it is given back:
/// what fails is kept until the kernel is back, and until then nothing is done.
struct LaminaQueue {
public:
  /// Compiles the program's code. Throws if the device's compiler refuses it.
  LaminaQueue(const LaminaImage &image,
              const lamina::runtime::OpenCLDevice &device);
  ~LaminaQueue();
  LaminaQueue(const LaminaQueue &) = delete;

  /// Null: it has no form for OpenCL.
  LaminaCommand commandOf(size_t kernel) const { return commands[kernel]; }
  /// Puts a kernel on the device. Throws a sentence if that fails.
  void command(size_t kernel, const std::vector<uint64_t> &buffers,
               const std::vector<int64_t> &dims,
               const std::vector<uint64_t> &scalars);

  // What code of kernels calls; not 0 if it failed.
  int32_t run(const char *entry, const int32_t *groups, const int32_t *threads,
              int32_t localBytes, const size_t *sizes, void *const *arguments,
              const int8_t *areBuffers);
  int32_t allocate(LaminaDeviceBuffer *buffer);
  void free(LaminaDeviceBuffer *buffer);

private:
  struct Stage {
    lamina::runtime::DeviceBlock block;
    bool isUsed = false;
    explicit Stage(const lamina::runtime::DeviceMemory &device)
        : block(device) {}
  };

  void build(const LaminaDeviceVariant &variant);
  bool takes(const LaminaDeviceVariant &variant) const;
  lamina::runtime::opencl::Kernel kernelNamed(const char *entry);

  const lamina::runtime::OpenCLDevice &device;
  const lamina::runtime::opencl::Library &library;
  std::vector<LaminaCommand> commands; ///< by kernel
  std::vector<lamina::runtime::opencl::Program> programs;
  /// By the address of the name, of which a kernel has one.
  std::map<const char *, lamina::runtime::opencl::Kernel> entries;
  std::deque<Stage> stages; ///< memory of stages, kept for the next ones
  std::optional<lamina::runtime::Error> failure; ///< of this command
};

#endif // LAMINA_RUNTIME_OPENCL_COMMANDQUEUE_H
