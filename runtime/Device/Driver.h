// SPDX-License-Identifier: Apache-2.0
//
// NVIDIA's driver, as far as we call it.
//
// The functions of `libcuda.so.1`, found when a program first asks for a GPU: a
// program needs neither the library nor its headers to be built or to start.
// Names and numbers are those of the driver's public interface.

#ifndef LAMINA_RUNTIME_DEVICE_DRIVER_H
#define LAMINA_RUNTIME_DEVICE_DRIVER_H

#include <cstddef>
#include <cstdint>
#include <string>

namespace lamina {
namespace runtime {
namespace cuda {

using Result = int;
using Device = int;
using Address = uint64_t; ///< in the device's memory
using Context = struct ContextObject *;
using Stream = struct StreamObject *;
using Event = struct EventObject *;
using Module = struct ModuleObject *;
using Function = struct FunctionObject *;
using Graph = struct GraphObject *;
using GraphExec = struct GraphExecObject *;

constexpr Result success = 0, outOfMemory = 2, noDevice = 100;
/// Attributes of devices and functions.
constexpr int capabilityMajor = 75, capabilityMinor = 76;
constexpr int multiprocessors = 16, kilohertz = 13, memoryKilohertz = 36,
              memoryBits = 37;
constexpr int maxDynamicSharedBytes = 8;
/// Flags of streams and events, modes of a capture.
constexpr unsigned nonBlocking = 1, withoutTiming = 2;
constexpr int captureRelaxed = 2;
/// Options of `loadModule`.
constexpr int errorLog = 5, errorLogBytes = 6;

// name here, name in the library, arguments
#define LAMINA_CUDA_FUNCTIONS(X)                                               \
  X(init, "cuInit", (unsigned flags))                                          \
  X(driverVersion, "cuDriverGetVersion", (int *version))                       \
  X(errorName, "cuGetErrorName", (Result result, const char **name))           \
  X(errorText, "cuGetErrorString", (Result result, const char **text))         \
  X(deviceCount, "cuDeviceGetCount", (int *count))                             \
  X(getDevice, "cuDeviceGet", (Device * device, int number))                   \
  X(deviceName, "cuDeviceGetName", (char *name, int bytes, Device device))     \
  X(deviceAttribute, "cuDeviceGetAttribute",                                   \
    (int *value, int attribute, Device device))                                \
  X(retainContext, "cuDevicePrimaryCtxRetain",                                 \
    (Context * context, Device device))                                        \
  X(releaseContext, "cuDevicePrimaryCtxRelease_v2", (Device device))           \
  X(setContext, "cuCtxSetCurrent", (Context context))                          \
  X(memoryInfo, "cuMemGetInfo_v2", (size_t *free, size_t *total))              \
  X(allocate, "cuMemAlloc_v2", (Address * address, size_t bytes))              \
  X(release, "cuMemFree_v2", (Address address))                                \
  X(allocateHost, "cuMemHostAlloc",                                            \
    (void **memory, size_t bytes, unsigned flags))                             \
  X(releaseHost, "cuMemFreeHost", (void *memory))                              \
  X(copyToDevice, "cuMemcpyHtoDAsync_v2",                                      \
    (Address to, const void *from, size_t bytes, Stream stream))               \
  X(copyToHost, "cuMemcpyDtoHAsync_v2",                                        \
    (void *to, Address from, size_t bytes, Stream stream))                     \
  X(copyOnDevice, "cuMemcpyDtoDAsync_v2",                                      \
    (Address to, Address from, size_t bytes, Stream stream))                   \
  X(setBytes, "cuMemsetD8Async",                                               \
    (Address to, unsigned char value, size_t bytes, Stream stream))            \
  X(createStream, "cuStreamCreate", (Stream * stream, unsigned flags))         \
  X(destroyStream, "cuStreamDestroy_v2", (Stream stream))                      \
  X(waitForStream, "cuStreamSynchronize", (Stream stream))                     \
  X(streamWaitsFor, "cuStreamWaitEvent",                                       \
    (Stream stream, Event event, unsigned flags))                              \
  X(beginCapture, "cuStreamBeginCapture_v2", (Stream stream, int mode))        \
  X(endCapture, "cuStreamEndCapture", (Stream stream, Graph * graph))          \
  X(instantiate, "cuGraphInstantiateWithFlags",                                \
    (GraphExec * exec, Graph graph, unsigned long long flags))                 \
  X(launchGraph, "cuGraphLaunch", (GraphExec exec, Stream stream))             \
  X(destroyGraph, "cuGraphDestroy", (Graph graph))                             \
  X(destroyGraphExec, "cuGraphExecDestroy", (GraphExec exec))                  \
  X(createEvent, "cuEventCreate", (Event * event, unsigned flags))             \
  X(destroyEvent, "cuEventDestroy_v2", (Event event))                          \
  X(recordEvent, "cuEventRecord", (Event event, Stream stream))                \
  X(waitForEvent, "cuEventSynchronize", (Event event))                         \
  X(milliseconds, "cuEventElapsedTime",                                        \
    (float *between, Event first, Event last))                                 \
  X(loadModule, "cuModuleLoadDataEx",                                          \
    (Module * module, const void *code, unsigned count, int *options,          \
     void **values))                                                           \
  X(unloadModule, "cuModuleUnload", (Module module))                           \
  X(getFunction, "cuModuleGetFunction",                                        \
    (Function * function, Module module, const char *name))                    \
  X(setFunctionAttribute, "cuFuncSetAttribute",                                \
    (Function function, int attribute, int value))                             \
  X(launch, "cuLaunchKernel",                                                  \
    (Function function, unsigned gridX, unsigned gridY, unsigned gridZ,        \
     unsigned blockX, unsigned blockY, unsigned blockZ, unsigned sharedBytes,  \
     Stream stream, void **parameters, void **extra))

/// Functions that came with CUDA 12.0, like the code that needs them.
#define LAMINA_CUDA_LATER_FUNCTIONS(X)                                         \
  X(encodeTensorMap, "cuTensorMapEncodeTiled",                                 \
    (void *map, int type, unsigned rank, Address tensor,                       \
     const uint64_t *sizes, const uint64_t *strides, const unsigned *box,      \
     const unsigned *elementStrides, int interleave, int swizzle,              \
     int promotion, int outside))

struct Driver {
#define LAMINA_CUDA_POINTER(name, symbol, arguments) Result(*name) arguments;
  LAMINA_CUDA_FUNCTIONS(LAMINA_CUDA_POINTER)
  LAMINA_CUDA_LATER_FUNCTIONS(LAMINA_CUDA_POINTER)
#undef LAMINA_CUDA_POINTER

  int version = 0; ///< 12040 for CUDA 12.4

  /// The driver of this machine, initialised. Throws a sentence if there is
  /// none, or if it is too old.
  static const Driver &get();
};

/// "CUDA_ERROR_LAUNCH_FAILED, unspecified launch failure".
std::string describe(const Driver &driver, Result result);

} // namespace cuda
} // namespace runtime
} // namespace lamina

#endif // LAMINA_RUNTIME_DEVICE_DRIVER_H
