// SPDX-License-Identifier: Apache-2.0
//
// OpenCL, as far as we call it.
//
// The functions of `libOpenCL.so.1`, found when a program first asks for a
// device: a program needs neither the library nor its headers to be built or to
// start. Names and numbers are those of the public interface, version 1.2.

#ifndef LAMINA_RUNTIME_OPENCL_LIBRARY_H
#define LAMINA_RUNTIME_OPENCL_LIBRARY_H

#include <cstddef>
#include <cstdint>
#include <string>

namespace lamina {
namespace runtime {
namespace opencl {

using Result = int32_t;
using Platform = struct PlatformObject *;
using Device = struct DeviceObject *;
using Context = struct ContextObject *;
using Queue = struct QueueObject *;
using Memory = struct MemoryObject *;
using Program = struct ProgramObject *;
using Kernel = struct KernelObject *;
using Event = struct EventObject *;

constexpr Result success = 0, deviceNotFound = -1, noAllocation = -4,
                 outOfResources = -5, outOfHostMemory = -6, badBufferSize = -61,
                 noPlatform = -1001;
/// What a device and a program say of themselves.
constexpr uint32_t deviceName = 0x102B, globalMemory = 0x101F,
                   maxAllocation = 0x1010, floatConfig = 0x101B,
                   doubleConfig = 0x1032, buildLog = 0x1183;
constexpr uint64_t roundsDivisions = 1 << 7; ///< of `floatConfig`
constexpr uint64_t allDevices = 0xFFFFFFFF, readWrite = 1;
constexpr uint64_t mapForReading = 1, mapForWriting = 2;

// name here, name in the library, result, arguments
#define LAMINA_OPENCL_FUNCTIONS(X)                                             \
  X(platforms, clGetPlatformIDs, Result,                                       \
    (uint32_t room, Platform *list, uint32_t *count))                          \
  X(devices, clGetDeviceIDs, Result,                                           \
    (Platform platform, uint64_t type, uint32_t room, Device *list,            \
     uint32_t *count))                                                         \
  X(deviceInfo, clGetDeviceInfo, Result,                                       \
    (Device device, uint32_t what, size_t room, void *value, size_t *bytes))   \
  X(createContext, clCreateContext, Context,                                   \
    (const intptr_t *properties, uint32_t count, const Device *devices,        \
     void (*notify)(const char *, const void *, size_t, void *), void *data,   \
     Result *result))                                                          \
  X(releaseContext, clReleaseContext, Result, (Context context))               \
  X(createQueue, clCreateCommandQueue, Queue,                                  \
    (Context context, Device device, uint64_t properties, Result *result))     \
  X(releaseQueue, clReleaseCommandQueue, Result, (Queue queue))                \
  X(finish, clFinish, Result, (Queue queue))                                   \
  X(createBuffer, clCreateBuffer, Memory,                                      \
    (Context context, uint64_t flags, size_t bytes, void *host,                \
     Result *result))                                                          \
  X(releaseBuffer, clReleaseMemObject, Result, (Memory memory))                \
  X(write, clEnqueueWriteBuffer, Result,                                       \
    (Queue queue, Memory memory, uint32_t waits, size_t offset, size_t bytes,  \
     const void *from, uint32_t eventCount, const Event *events,               \
     Event *event))                                                            \
  X(read, clEnqueueReadBuffer, Result,                                         \
    (Queue queue, Memory memory, uint32_t waits, size_t offset, size_t bytes,  \
     void *to, uint32_t eventCount, const Event *events, Event *event))        \
  X(copy, clEnqueueCopyBuffer, Result,                                         \
    (Queue queue, Memory from, Memory to, size_t fromOffset, size_t toOffset,  \
     size_t bytes, uint32_t eventCount, const Event *events, Event *event))    \
  X(fill, clEnqueueFillBuffer, Result,                                         \
    (Queue queue, Memory memory, const void *pattern, size_t patternBytes,     \
     size_t offset, size_t bytes, uint32_t eventCount, const Event *events,    \
     Event *event))                                                            \
  X(map, clEnqueueMapBuffer, void *,                                           \
    (Queue queue, Memory memory, uint32_t waits, uint64_t flags,               \
     size_t offset, size_t bytes, uint32_t eventCount, const Event *events,    \
     Event *event, Result *result))                                            \
  X(unmap, clEnqueueUnmapMemObject, Result,                                    \
    (Queue queue, Memory memory, void *mapped, uint32_t eventCount,            \
     const Event *events, Event *event))                                       \
  X(createProgram, clCreateProgramWithSource, Program,                         \
    (Context context, uint32_t count, const char **texts,                      \
     const size_t *lengths, Result *result))                                   \
  X(buildProgram, clBuildProgram, Result,                                      \
    (Program program, uint32_t count, const Device *devices,                   \
     const char *options, void (*notify)(Program, void *), void *data))        \
  X(buildInfo, clGetProgramBuildInfo, Result,                                  \
    (Program program, Device device, uint32_t what, size_t room, void *value,  \
     size_t *bytes))                                                           \
  X(releaseProgram, clReleaseProgram, Result, (Program program))               \
  X(createKernel, clCreateKernel, Kernel,                                      \
    (Program program, const char *name, Result *result))                       \
  X(releaseKernel, clReleaseKernel, Result, (Kernel kernel))                   \
  X(setArgument, clSetKernelArg, Result,                                       \
    (Kernel kernel, uint32_t number, size_t bytes, const void *value))         \
  X(run, clEnqueueNDRangeKernel, Result,                                       \
    (Queue queue, Kernel kernel, uint32_t axes, const size_t *first,           \
     const size_t *threads, const size_t *groupThreads, uint32_t eventCount,   \
     const Event *events, Event *event))

struct Library {
#define LAMINA_OPENCL_POINTER(name, symbol, result, arguments)                 \
  result(*name) arguments;
  LAMINA_OPENCL_FUNCTIONS(LAMINA_OPENCL_POINTER)
#undef LAMINA_OPENCL_POINTER

  /// The library of this machine. Throws a sentence if there is none, or if it
  /// is too old.
  static const Library &get();
};

/// "CL_OUT_OF_RESOURCES", or "error -9999".
std::string describe(Result result);

} // namespace opencl
} // namespace runtime
} // namespace lamina

#endif // LAMINA_RUNTIME_OPENCL_LIBRARY_H
