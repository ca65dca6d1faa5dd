// SPDX-License-Identifier: Apache-2.0
//
// One kernel on a device of OpenCL.

#include "tools/KernelRun/OpenCLKernel.h"

#include "runtime/OpenCL/CommandQueue.h"
#include "runtime/include/Error.h"

namespace lamina::tools {

using runtime::DeviceBlock;
using runtime::Error;
using runtime::OpenCLDevice;

/// Buffers stand one behind the other, so that most begin at no multiple of a
/// vector, as rows of a tensor in a program do.
static constexpr size_t alignment = 8;

/// All kernels have one: its compiler reads all that is built into OpenCL C for
/// each. It stays, as a library may be gone before what is static here.
static OpenCLDevice &firstDevice() {
  static auto *const device = new OpenCLDevice(0);
  return *device;
}

struct OpenCLKernel::Parts {
  explicit Parts(const LaminaImage &image)
      : device(firstDevice()), queue(image, device), memory(device) {}

  OpenCLDevice &device;
  LaminaQueue queue;
  DeviceBlock memory; ///< of all buffers
};

OpenCLKernel::OpenCLKernel(std::unique_ptr<Parts> parts)
    : parts(std::move(parts)) {}
OpenCLKernel::~OpenCLKernel() = default;

std::unique_ptr<OpenCLKernel> OpenCLKernel::load(const LaminaDeviceCode &packed,
                                                 LaminaCommand command,
                                                 std::string &why) try {
  LaminaDeviceKernel kernel{};
  kernel.command = command;
  LaminaDeviceVariant variant{packed.chip, &kernel, &packed, 1};
  LaminaImage image{};
  image.kernel_count = 1;
  image.device_variants = &variant;
  image.device_variant_count = 1;
  auto parts = std::make_unique<Parts>(image);
  if (!parts->queue.commandOf(0)) {
    why = parts->device.title() + ", has no numbers of 64 bits";
    return nullptr;
  }
  return std::unique_ptr<OpenCLKernel>(new OpenCLKernel(std::move(parts)));
} catch (const Error &error) {
  why = error.message;
  return nullptr;
}

bool OpenCLKernel::run(const std::vector<HostBuffer> &buffers,
                       const std::vector<int64_t> &dims,
                       const std::vector<uint64_t> &scalars,
                       std::string &why) try {
  std::vector<uint64_t> places;
  uint64_t total = 0;
  for (const HostBuffer &buffer : buffers) {
    places.push_back(total);
    total += (buffer.size + alignment - 1) / alignment * alignment;
  }
  parts->memory.reserve(int64_t(total));
  std::vector<uint64_t> addresses;
  for (size_t i = 0; i < buffers.size(); ++i) {
    uint64_t begin = parts->memory.address() + places[i];
    parts->device.copyToDevice(begin, buffers[i].bytes,
                               int64_t(buffers[i].size));
    addresses.push_back(begin + buffers[i].lead);
  }
  parts->queue.command(0, addresses, dims, scalars);
  for (size_t i = 0; i < buffers.size(); ++i)
    parts->device.copyToHost(buffers[i].bytes,
                             parts->memory.address() + places[i],
                             int64_t(buffers[i].size));
  return true;
} catch (const Error &error) {
  why = error.message;
  return false;
}

} // namespace lamina::tools
