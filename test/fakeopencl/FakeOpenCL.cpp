// SPDX-License-Identifier: Apache-2.0
//
// A library of OpenCL that fails when it is asked to.
//
// The functions of runtime/OpenCL/Library.h, handed on to the library of this
// machine: kernels really run. Memory that a program gets is full of 0xFF, so
// that nothing which is read before it was written looks like a number.
//
//   LAMINA_FAKE_OPENCL_LIBRARY=FILE   the library of this machine
//   LAMINA_FAKE_OPENCL=a=1,b=2        platforms, devices (of each), memory and
//                                     piece (bytes), doubles (0: none), taken
//                                     (1: no context), refuse (1: all code),
//                                     full (at the n-th buffer), denied (the
//                                     n-th launch), lost (at the n-th launch)
//   LAMINA_FAKE_OPENCL_LOG=FILE       counts of what was asked for, at the end

#include "runtime/OpenCL/Library.h"

#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <dlfcn.h>
#include <vector>

#include "test/fakes/Requests.h"

using namespace lamina::runtime::opencl;

namespace {

constexpr Result deviceNotAvailable = -2, buildFailed = -11, badQueue = -36;
constexpr uint64_t copyOfHostMemory = 1 << 5; ///< of a new buffer
constexpr int poison = 0xFF;

/// A number that LAMINA_FAKE_OPENCL gives.
int64_t setting(const char *name, int64_t otherwise) {
  return lamina::fakes::numberIn("LAMINA_FAKE_OPENCL", name, otherwise);
}

int64_t count(const char *what, int64_t by = 1) {
  static lamina::fakes::Counts counts{"LAMINA_FAKE_OPENCL_LOG"};
  return counts.all[what] += by;
}

Library load() {
  const char *path = std::getenv("LAMINA_FAKE_OPENCL_LIBRARY");
  void *library = path ? ::dlopen(path, RTLD_NOW | RTLD_LOCAL) : nullptr;
  if (!library) {
    std::fprintf(stderr, "fake OpenCL: no library to hand on to: %s\n",
                 path ? ::dlerror() : "LAMINA_FAKE_OPENCL_LIBRARY is not set");
    std::abort();
  }
  Library found{};
#define FIND(name, symbol, result, arguments)                                  \
  found.name = reinterpret_cast<result(*) arguments>(::dlsym(library, #symbol));
  LAMINA_OPENCL_FUNCTIONS(FIND)
#undef FIND
  return found;
}

const Library &real() {
  static const Library library = load();
  return library;
}

/// Once a launch was lost, everything fails that is asked of the queue.
bool isLost = false;

Result lostOr(Result result) { return isLost ? Result(badQueue) : result; }

template <typename Object>
Object *fail(Result *result, Result with) {
  *result = with;
  return nullptr;
}

/// Answers with `bytes` at `value` as clGetDeviceInfo does.
Result answer(const void *value, size_t bytes, size_t room, void *to,
              size_t *needed) {
  if (needed)
    *needed = bytes;
  if (to)
    std::memcpy(to, value, bytes < room ? bytes : room);
  return success;
}

} // namespace

extern "C" {

//===----------------------------------------------------------------------===//
// Devices
//===----------------------------------------------------------------------===//

Result clGetPlatformIDs(uint32_t room, Platform *list, uint32_t *number) {
  if (setting("platforms", 1) == 0)
    return noPlatform;
  return real().platforms(room, list, number);
}

Result clGetDeviceIDs(Platform platform, uint64_t type, uint32_t room,
                      Device *list, uint32_t *number) {
  int64_t devices = setting("devices", 1);
  if (devices == 0)
    return deviceNotFound;
  Result result = real().devices(platform, type, room, list, number);
  for (int64_t i = 1; result == success && i < devices; ++i)
    list[i] = list[0];
  *number = uint32_t(devices);
  return result;
}

Result clGetDeviceInfo(Device device, uint32_t what, size_t room, void *value,
                       size_t *bytes) {
  static const char name[] = "Fake device";
  uint64_t number = 0;
  Result result = real().deviceInfo(device, what, room, value, bytes);
  if (what == deviceName)
    return answer(name, sizeof name, room, value, bytes);
  if (result != success || room != sizeof number)
    return result;
  std::memcpy(&number, value, sizeof number);
  if (what == globalMemory)
    number = uint64_t(setting("memory", int64_t(1) << 30));
  else if (what == maxAllocation)
    number = uint64_t(setting("piece", int64_t(1) << 30));
  else if (what == doubleConfig && !setting("doubles", 1))
    number = 0;
  return answer(&number, sizeof number, room, value, bytes);
}

Context clCreateContext(const intptr_t *properties, uint32_t number,
                        const Device *devices,
                        void (*notify)(const char *, const void *, size_t,
                                       void *),
                        void *data, Result *result) {
  if (setting("taken", 0))
    return fail<ContextObject>(result, deviceNotAvailable);
  return real().createContext(properties, number, devices, notify, data,
                              result);
}

Result clReleaseContext(Context context) {
  return real().releaseContext(context);
}

//===----------------------------------------------------------------------===//
// Memory
//===----------------------------------------------------------------------===//

Memory clCreateBuffer(Context context, uint64_t flags, size_t bytes, void *host,
                      Result *result) {
  if (count("buffers") == setting("full", -1))
    return fail<MemoryObject>(result, noAllocation);
  std::vector<char> content(bytes, char(poison));
  return real().createBuffer(context, flags | copyOfHostMemory, bytes,
                             content.data(), result);
}

Result clReleaseMemObject(Memory memory) {
  return real().releaseBuffer(memory);
}

Result clEnqueueWriteBuffer(Queue queue, Memory memory, uint32_t waits,
                            size_t offset, size_t bytes, const void *from,
                            uint32_t eventCount, const Event *events,
                            Event *event) {
  count("bytes to the device", int64_t(bytes));
  return lostOr(real().write(queue, memory, waits, offset, bytes, from,
                             eventCount, events, event));
}

Result clEnqueueReadBuffer(Queue queue, Memory memory, uint32_t waits,
                           size_t offset, size_t bytes, void *to,
                           uint32_t eventCount, const Event *events,
                           Event *event) {
  count("bytes to the host", int64_t(bytes));
  return lostOr(real().read(queue, memory, waits, offset, bytes, to, eventCount,
                            events, event));
}

Result clEnqueueCopyBuffer(Queue queue, Memory from, Memory to,
                           size_t fromOffset, size_t toOffset, size_t bytes,
                           uint32_t eventCount, const Event *events,
                           Event *event) {
  return lostOr(real().copy(queue, from, to, fromOffset, toOffset, bytes,
                            eventCount, events, event));
}

Result clEnqueueFillBuffer(Queue queue, Memory memory, const void *pattern,
                           size_t patternBytes, size_t offset, size_t bytes,
                           uint32_t eventCount, const Event *events,
                           Event *event) {
  return lostOr(real().fill(queue, memory, pattern, patternBytes, offset, bytes,
                            eventCount, events, event));
}

void *clEnqueueMapBuffer(Queue queue, Memory memory, uint32_t waits,
                         uint64_t flags, size_t offset, size_t bytes,
                         uint32_t eventCount, const Event *events, Event *event,
                         Result *result) {
  if (isLost)
    return fail<void>(result, badQueue);
  if (flags & mapForReading)
    count("bytes mapped for reading", int64_t(bytes));
  if (flags & mapForWriting)
    count("bytes mapped for writing", int64_t(bytes));
  return real().map(queue, memory, waits, flags, offset, bytes, eventCount,
                    events, event, result);
}

Result clEnqueueUnmapMemObject(Queue queue, Memory memory, void *mapped,
                               uint32_t eventCount, const Event *events,
                               Event *event) {
  return lostOr(real().unmap(queue, memory, mapped, eventCount, events, event));
}

//===----------------------------------------------------------------------===//
// Programs
//===----------------------------------------------------------------------===//

Program clCreateProgramWithSource(Context context, uint32_t number,
                                  const char **texts, const size_t *lengths,
                                  Result *result) {
  return real().createProgram(context, number, texts, lengths, result);
}

Result clBuildProgram(Program program, uint32_t number, const Device *devices,
                      const char *options, void (*notify)(Program, void *),
                      void *data) {
  count("programs");
  if (setting("refuse", 0))
    return buildFailed;
  return real().buildProgram(program, number, devices, options, notify, data);
}

Result clGetProgramBuildInfo(Program program, Device device, uint32_t what,
                             size_t room, void *value, size_t *bytes) {
  static const char log[] = "warning: unknown pragma\n"
                            "<source>:9:3: error: no half8\n"
                            "1 error generated.\n";
  if (what == buildLog && setting("refuse", 0) == 1)
    return answer(log, sizeof log, room, value, bytes);
  return real().buildInfo(program, device, what, room, value, bytes);
}

Result clReleaseProgram(Program program) {
  return real().releaseProgram(program);
}

Kernel clCreateKernel(Program program, const char *name, Result *result) {
  return real().createKernel(program, name, result);
}

Result clReleaseKernel(Kernel kernel) { return real().releaseKernel(kernel); }

Result clSetKernelArg(Kernel kernel, uint32_t number, size_t bytes,
                      const void *value) {
  return real().setArgument(kernel, number, bytes, value);
}

//===----------------------------------------------------------------------===//
// The queue
//===----------------------------------------------------------------------===//

Queue clCreateCommandQueue(Context context, Device device, uint64_t properties,
                           Result *result) {
  return real().createQueue(context, device, properties, result);
}

Result clReleaseCommandQueue(Queue queue) { return real().releaseQueue(queue); }

Result clFinish(Queue queue) { return lostOr(real().finish(queue)); }

/// A device that goes says so as late as it may: not at the launch itself.
Result clEnqueueNDRangeKernel(Queue queue, Kernel kernel, uint32_t axes,
                              const size_t *first, const size_t *threads,
                              const size_t *groupThreads, uint32_t eventCount,
                              const Event *events, Event *event) {
  if (isLost)
    return badQueue;
  int64_t number = count("launches");
  if (number == setting("denied", -1))
    return outOfResources;
  isLost = number == setting("lost", -1);
  if (isLost)
    return success;
  return real().run(queue, kernel, axes, first, threads, groupThreads,
                    eventCount, events, event);
}

} // extern "C"
