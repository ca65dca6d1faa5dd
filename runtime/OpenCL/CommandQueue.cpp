// SPDX-License-Identifier: Apache-2.0
//
// A program's kernels on one device of OpenCL.

#include "runtime/OpenCL/CommandQueue.h"

#include "runtime/Files/Files.h"

#include <algorithm>
#include <cstring>

using namespace lamina::runtime;
using namespace lamina::runtime::opencl;

LaminaQueue::LaminaQueue(const LaminaImage &image, const OpenCLDevice &device)
    : device(device), library(device.library), commands(image.kernel_count) {
  for (size_t i = 0; i < image.device_variant_count; ++i)
    if (takes(image.device_variants[i]))
      build(image.device_variants[i]);
}

bool LaminaQueue::takes(const LaminaDeviceVariant &variant) const {
  if (std::strcmp(variant.chip, "opencl_f64") == 0)
    return device.info<uint64_t>(doubleConfig) != 0;
  return std::strcmp(variant.chip, "opencl") == 0;
}

LaminaQueue::~LaminaQueue() {
  for (const auto &[name, kernel] : entries)
    library.releaseKernel(kernel);
  for (Program program : programs)
    library.releaseProgram(program);
}

/// The first line of a compiler's log that is an error.
static std::string firstError(const std::string &log) {
  size_t at = log.find("error");
  at = at == std::string::npos ? 0 : log.rfind('\n', at) + 1;
  return log.substr(at, log.find('\n', at) - at);
}

void LaminaQueue::build(const LaminaDeviceVariant &variant) {
  const LaminaDeviceCode &code = variant.codes[0];
  std::vector<char> text =
      inflateZlib(static_cast<const char *>(code.packed), code.packed_size,
                  code.size, "the program's code for opencl");
  const char *start = text.data();
  size_t length = text.size();
  Result result = success;
  Program program =
      library.createProgram(device.context, 1, &start, &length, &result);
  device.check(result);
  programs.push_back(program);
  bool rounds = device.info<uint64_t>(floatConfig) & roundsDivisions;
  result = library.buildProgram(
      program, 1, &device.device,
      rounds ? "-cl-fp32-correctly-rounded-divide-sqrt" : "", nullptr, nullptr);
  if (result != success) {
    std::vector<char> log(1 << 16);
    library.buildInfo(program, device.device, buildLog, log.size() - 1,
                      log.data(), nullptr);
    std::string why = firstError(log.data());
    throw Error(join(device.title(), ", refuses the program's code: ",
                     why.empty() ? describe(result) : why));
  }
  for (size_t i = 0; i < commands.size(); ++i)
    if (variant.kernels[i].command)
      commands[i] = variant.kernels[i].command;
}

void LaminaQueue::command(size_t kernel, const std::vector<uint64_t> &buffers,
                          const std::vector<int64_t> &dims,
                          const std::vector<uint64_t> &scalars) {
  failure.reset();
  commandOf(kernel)(this, buffers.data(), dims.data(), scalars.data());
  if (failure)
    throw Error(*failure);
}

Kernel LaminaQueue::kernelNamed(const char *entry) {
  auto [found, isNew] = entries.emplace(entry, nullptr);
  if (!isNew)
    return found->second;
  Result result = success;
  for (Program program : programs) {
    found->second = library.createKernel(program, entry, &result);
    if (found->second)
      break;
  }
  device.check(result);
  return found->second;
}

int32_t LaminaQueue::run(const char *entry, const int32_t *groups,
                         const int32_t *threads, int32_t localBytes,
                         const size_t *sizes, void *const *arguments,
                         const int8_t *areBuffers) try {
  if (failure)
    return 1;
  Kernel kernel = kernelNamed(entry);
  uint32_t number = 0;
  auto pass = [&](size_t bytes, const void *value) {
    device.check(library.setArgument(kernel, number++, bytes, value));
  };
  for (size_t i = 0; sizes[i]; ++i) {
    if (!areBuffers[i]) {
      pass(sizes[i], arguments[i]);
      continue;
    }
    auto *buffer = static_cast<const LaminaDeviceBuffer *>(arguments[i]);
    OpenCLDevice::Place place = device.placeOf(buffer->device);
    pass(sizeof place.memory, &place.memory);
    pass(sizeof place.offset, &place.offset);
  }
  // Memory of a group is the last argument, whether a kernel has some or not.
  pass(size_t(std::max(localBytes, 1)), nullptr);
  size_t all[3], each[3];
  for (int axis = 0; axis < 3; ++axis) {
    if (groups[axis] <= 0 || threads[axis] <= 0)
      return 0;
    each[axis] = size_t(threads[axis]);
    all[axis] = size_t(groups[axis]) * each[axis];
  }
  device.check(library.run(device.queue, kernel, 3, nullptr, all, each, 0,
                           nullptr, nullptr));
  return 0;
} catch (const Error &error) {
  failure = error;
  return 1;
}

//===----------------------------------------------------------------------===//
// Memory of stages
//===----------------------------------------------------------------------===//

static int64_t bytesOf(const LaminaDeviceBuffer &buffer) {
  int64_t elements = 1;
  for (int axis = 0; axis < buffer.dimensions; ++axis)
    elements += int64_t(std::max(buffer.axes[axis].extent - 1, 0)) *
                buffer.axes[axis].stride;
  return elements * ((buffer.type_bits + 7) / 8) * buffer.type_lanes;
}

/// The smallest that is large enough, or a new one. The queue is in order, so
/// what was freed may be used while its last kernel still waits.
int32_t LaminaQueue::allocate(LaminaDeviceBuffer *buffer) try {
  if (failure)
    return 1;
  if (buffer->device)
    return 0;
  int64_t bytes = std::max<int64_t>(bytesOf(*buffer), 1);
  Stage *best = nullptr;
  for (Stage &stage : stages)
    if (!stage.isUsed && stage.block.size() >= bytes &&
        (!best || stage.block.size() < best->block.size()))
      best = &stage;
  if (!best) {
    best = &stages.emplace_back(device);
    best->block.reserve(paddedBytes(bytes));
  }
  best->isUsed = true;
  buffer->device = best->block.address();
  return 0;
} catch (const Error &error) {
  failure = error;
  return 1;
}

void LaminaQueue::free(LaminaDeviceBuffer *buffer) {
  for (Stage &stage : stages)
    if (stage.block.address() == buffer->device)
      stage.isUsed = false;
  buffer->device = 0;
}

//===----------------------------------------------------------------------===//
// What code of kernels calls
//===----------------------------------------------------------------------===//

extern "C" int32_t lamina_queue_run(LaminaQueue *queue, void *,
                                    const char *entry, int32_t groupsX,
                                    int32_t groupsY, int32_t groupsZ,
                                    int32_t threadsX, int32_t threadsY,
                                    int32_t threadsZ, int32_t localBytes,
                                    const size_t *sizes, void *const *arguments,
                                    const int8_t *areBuffers) {
  int32_t groups[] = {groupsX, groupsY, groupsZ};
  int32_t threads[] = {threadsX, threadsY, threadsZ};
  return queue->run(entry, groups, threads, localBytes, sizes, arguments,
                    areBuffers);
}

extern "C" int32_t lamina_queue_allocate(LaminaQueue *queue,
                                         LaminaDeviceBuffer *buffer,
                                         const void *) {
  return queue->allocate(buffer);
}

extern "C" int32_t lamina_queue_free(LaminaQueue *queue,
                                     LaminaDeviceBuffer *buffer) {
  queue->free(buffer);
  return 0;
}

extern "C" void lamina_queue_drop(LaminaQueue *queue,
                                  LaminaDeviceBuffer *buffer) {
  queue->free(buffer);
}
