// SPDX-License-Identifier: Apache-2.0
//
// One device of OpenCL, and memory for it.

#include "runtime/OpenCL/OpenCLDevice.h"

#include "runtime/include/Error.h"

#include <algorithm>

namespace lamina {
namespace runtime {

using namespace opencl;

/// An address has so many bits for the offset.
static constexpr int offsetBits = 44;

static std::string nameOf(const Library &library, Device device) {
  char text[256] = "";
  library.deviceInfo(device, deviceName, sizeof text - 1, text, nullptr);
  return text;
}

static std::vector<Device> findDevices(const Library &library) {
  std::vector<Device> all;
  Platform platforms[16];
  uint32_t count = 0;
  if (library.platforms(16, platforms, &count) != success)
    return all;
  for (uint32_t i = 0; i < std::min<uint32_t>(count, 16); ++i) {
    Device devices[64];
    uint32_t found = 0;
    if (library.devices(platforms[i], allDevices, 64, devices, &found) ==
        success)
      all.insert(all.end(), devices, devices + std::min<uint32_t>(found, 64));
  }
  return all;
}

static std::string listOf(const Library &library,
                          const std::vector<Device> &devices) {
  std::string list;
  for (size_t i = 0; i < devices.size(); ++i)
    list += join(i ? ", " : "", int64_t(i), " is ",
                 quote(nameOf(library, devices[i])));
  return list;
}

OpenCLDevice::OpenCLDevice(int number) : library(Library::get()) {
  std::vector<Device> devices = findDevices(library);
  if (devices.empty())
    throw Error("there is no device for OpenCL on this machine");
  if (size_t(number) >= devices.size())
    throw Error(join("there is no opencl ", number,
                     " on this machine: ", listOf(library, devices)));
  device = devices[size_t(number)];
  name = join("opencl ", number, ", ", quote(nameOf(library, device)));
  Result result = success;
  context =
      library.createContext(nullptr, 1, &device, nullptr, nullptr, &result);
  if (result == success)
    queue = library.createQueue(context, device, 0, &result);
  if (result != success)
    throw Error(join(name, ", does not take this run: ", describe(result)));
}

OpenCLDevice::~OpenCLDevice() {
  // A run that failed leaves commands behind; a driver that still compiles one
  // while the process ends breaks.
  if (queue) {
    library.finish(queue);
    library.releaseQueue(queue);
  }
  if (context)
    library.releaseContext(context);
}

void OpenCLDevice::check(Result result) const {
  if (result != success)
    throw Error(join(name, ", is lost to this run: ", describe(result)));
}

//===----------------------------------------------------------------------===//
// Memory
//===----------------------------------------------------------------------===//

/// OpenCL does not say what others use.
int64_t OpenCLDevice::freeBytes() const {
  int64_t used = 0;
  for (const Object &object : objects)
    used += object.bytes;
  return std::max<int64_t>(int64_t(info<uint64_t>(globalMemory)) - used, 0);
}

void OpenCLDevice::refuse(int64_t bytes) const {
  int64_t most = int64_t(info<uint64_t>(maxAllocation)), free = freeBytes();
  std::string why = bytes > most ? byteSize(most) + " are the most in one piece"
                    : bytes > free ? byteSize(free) + " are free"
                                   : "it gives no more";
  throw Error(join("this run takes ", byteSize(bytes), " more of memory on ",
                   name, ", but ", why))
      .note("a smaller --batch takes less");
}

DeviceAddress OpenCLDevice::allocate(int64_t bytes) const {
  Result result = success;
  if (bytes > int64_t(info<uint64_t>(maxAllocation)) || bytes > freeBytes())
    refuse(bytes);
  Memory memory =
      library.createBuffer(context, readWrite, size_t(bytes), nullptr, &result);
  if (result == noAllocation || result == outOfResources ||
      result == outOfHostMemory || result == badBufferSize)
    refuse(bytes);
  check(result);
  auto unused = std::find_if(objects.begin(), objects.end(),
                             [](const Object &it) { return !it.memory; });
  if (unused == objects.end())
    unused = objects.emplace(objects.end());
  *unused = {memory, bytes};
  return DeviceAddress(unused - objects.begin() + 1) << offsetBits;
}

void OpenCLDevice::release(DeviceAddress address) const {
  Object &object = objects[size_t(address >> offsetBits) - 1];
  library.releaseBuffer(object.memory);
  object = {};
}

OpenCLDevice::Place OpenCLDevice::placeOf(DeviceAddress address) const {
  const Object &object = objects[size_t(address >> offsetBits) - 1];
  return {object.memory, address & ((uint64_t(1) << offsetBits) - 1),
          object.bytes};
}

void OpenCLDevice::copyToDevice(DeviceAddress to, const void *from,
                                int64_t bytes) const {
  if (bytes <= 0)
    return;
  Place place = placeOf(to);
  check(library.write(queue, place.memory, true, place.offset, size_t(bytes),
                      from, 0, nullptr, nullptr));
}

void OpenCLDevice::copyToHost(void *to, DeviceAddress from,
                              int64_t bytes) const {
  if (bytes <= 0)
    return;
  Place place = placeOf(from);
  check(library.read(queue, place.memory, true, place.offset, size_t(bytes), to,
                     0, nullptr, nullptr));
}

void OpenCLDevice::copyOnDevice(DeviceAddress to, DeviceAddress from,
                                int64_t bytes) const {
  Place source = placeOf(from), place = placeOf(to);
  check(library.copy(queue, source.memory, place.memory, source.offset,
                     place.offset, size_t(bytes), 0, nullptr, nullptr));
}

void OpenCLDevice::wait() const { check(library.finish(queue)); }

} // namespace runtime
} // namespace lamina
