// SPDX-License-Identifier: Apache-2.0
//
// One GPU, and memory for it.

#include "runtime/Device/Gpu.h"

#include "runtime/include/Error.h"

namespace lamina {
namespace runtime {

using namespace cuda;

/// What the code in programs needs, times ten.
static constexpr int oldestCapability = 80;

static std::string listOf(const Driver &driver, int count) {
  std::string list;
  for (int i = 0; i < count; ++i) {
    char name[128] = "";
    Device device;
    if (driver.getDevice(&device, i) == success)
      driver.deviceName(name, sizeof name, device);
    list += join(list.empty() ? "" : ", ", i, " is ", quote(name));
  }
  return list;
}

Gpu::Gpu(int number) : driver(Driver::get()) {
  int count = 0;
  if (driver.deviceCount(&count) != success || count == 0)
    throw Error("there is no NVIDIA GPU on this machine");
  if (number >= count)
    throw Error(join("there is no gpu ", number,
                     " on this machine: ", listOf(driver, count)));
  check(driver.getDevice(&device, number));
  char text[128] = "";
  check(driver.deviceName(text, sizeof text, device));
  name = join("gpu ", number, ", ", quote(text));
  int major = 0, minor = 0;
  check(driver.deviceAttribute(&major, capabilityMajor, device));
  check(driver.deviceAttribute(&minor, capabilityMinor, device));
  version = 10 * major + minor;
  if (version < oldestCapability)
    throw Error(join(name, ", has compute capability ", major, ".", minor,
                     ", but this program needs ", oldestCapability / 10, ".",
                     oldestCapability % 10, " or newer"));
  Context context;
  check(driver.retainContext(&context, device));
  check(driver.setContext(context));
  check(driver.createStream(&stream, nonBlocking));
  check(driver.createStream(&aside, nonBlocking));
}

// A device that was lost answers nothing any more, and need not.
Gpu::~Gpu() {
  if (aside)
    driver.destroyStream(aside);
  if (stream)
    driver.destroyStream(stream);
  driver.releaseContext(device);
}

DevicePeak Gpu::peak() const {
  auto attribute = [&](int number) -> double {
    int value = 0;
    return driver.deviceAttribute(&value, number, device) == success ? value
                                                                     : 0;
  };
  // A multiplication and an addition at once; memory moves twice in a cycle.
  int lanes = version == 80 ? 64 : 128; // of float32, in a multiprocessor
  DevicePeak peak;
  peak.flops =
      2.0 * lanes * attribute(multiprocessors) * attribute(kilohertz) * 1e3;
  peak.bytes =
      2.0 * attribute(memoryBits) / 8 * attribute(memoryKilohertz) * 1e3;
  peak.isMeasured = false;
  return peak;
}

int64_t Gpu::freeBytes() const {
  size_t free = 0, total = 0;
  check(driver.memoryInfo(&free, &total));
  return int64_t(free);
}

void Gpu::check(Result result) const {
  if (result != success)
    throw Error(
        join(name, ", is lost to this run: ", describe(driver, result)));
}

DeviceAddress Gpu::allocate(int64_t bytes) const {
  DeviceAddress memory = 0;
  Result result = driver.allocate(&memory, size_t(bytes));
  if (result == outOfMemory)
    throw Error(join("this run takes ", byteSize(bytes), " more of memory on ",
                     title(), ", but ", byteSize(freeBytes()), " are free"))
        .note("a smaller --batch takes less");
  check(result);
  return memory;
}

bool PinnedBlock::reserve(int64_t bytes) {
  if (bytes <= capacity)
    return false;
  free();
  Result result = gpu.driver.allocateHost(&memory, size_t(bytes), 0);
  if (result == outOfMemory)
    throw Error(join("this run takes ", byteSize(bytes), " of memory that ",
                     gpu.title(), ", reads from, which is not there"));
  gpu.check(result);
  capacity = bytes;
  return true;
}

void PinnedBlock::free() {
  if (memory)
    gpu.driver.releaseHost(memory);
  memory = nullptr;
  capacity = 0;
}

} // namespace runtime
} // namespace lamina
