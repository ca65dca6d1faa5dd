// SPDX-License-Identifier: Apache-2.0
//
// What the fake driver says of itself and of its devices.

#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <map>

#include "FakeCuda.h"
#include "test/fakes/Requests.h"

namespace fakecuda {

Result broken = Success;

int64_t setting(const char *name, int64_t otherwise) {
  return lamina::fakes::numberIn("LAMINA_FAKE_CUDA", name, otherwise);
}

void count(const char *what, int64_t by) {
  static lamina::fakes::Counts counts{"LAMINA_FAKE_CUDA_LOG"};
  counts.all[what] += by;
}

struct ErrorText {
  Result result;
  const char *name, *text;
};
static const ErrorText errors[] = {
    {InvalidValue, "CUDA_ERROR_INVALID_VALUE", "invalid argument"},
    {OutOfMemory, "CUDA_ERROR_OUT_OF_MEMORY", "out of memory"},
    {NoDevice, "CUDA_ERROR_NO_DEVICE", "no CUDA-capable device is detected"},
    {InvalidDevice, "CUDA_ERROR_INVALID_DEVICE", "invalid device ordinal"},
    {NoBinaryForGpu, "CUDA_ERROR_NO_BINARY_FOR_GPU",
     "no kernel image is available for execution on the device"},
    {InvalidPtx, "CUDA_ERROR_INVALID_PTX", "a PTX JIT compilation failed"},
    {UnsupportedPtx, "CUDA_ERROR_UNSUPPORTED_PTX_VERSION",
     "the provided PTX was compiled with an unsupported toolchain."},
    {NotFound, "CUDA_ERROR_NOT_FOUND", "named symbol not found"},
    {IllegalAddress, "CUDA_ERROR_ILLEGAL_ADDRESS",
     "an illegal memory access was encountered"},
    {LaunchFailed, "CUDA_ERROR_LAUNCH_FAILED", "unspecified launch failure"},
    {CaptureUnsupported, "CUDA_ERROR_STREAM_CAPTURE_UNSUPPORTED",
     "operation not permitted when stream is capturing"},
};

} // namespace fakecuda

using namespace fakecuda;

extern "C" {

Result cuInit(unsigned) {
  return setting("devices", 1) > 0 ? Success : NoDevice;
}

Result cuDriverGetVersion(int *version) {
  *version = int(setting("version", 13000));
  return Success;
}

Result cuGetErrorName(Result result, const char **name) {
  for (const ErrorText &error : errors)
    if (error.result == result)
      return *name = error.name, Success;
  return InvalidValue;
}

Result cuGetErrorString(Result result, const char **text) {
  for (const ErrorText &error : errors)
    if (error.result == result)
      return *text = error.text, Success;
  return InvalidValue;
}

Result cuDeviceGetCount(int *devices) {
  *devices = int(setting("devices", 1));
  return Success;
}

Result cuDeviceGet(int *device, int number) {
  if (number < 0 || number >= setting("devices", 1))
    return InvalidDevice;
  *device = number;
  return Success;
}

Result cuDeviceGetName(char *name, int bytes, int) {
  std::snprintf(name, size_t(bytes), "Fake GPU");
  return Success;
}

Result cuDeviceGetAttribute(int *value, int attribute, int) {
  int capability = int(setting("capability", 80));
  // Units and clocks are those of an A100 with 40 GB.
  const std::map<int, int> attributes = {
      {13, 1410000},         {16, 108},
      {36, 1215000},         {37, 5120},
      {75, capability / 10}, {76, capability % 10}};
  auto found = attributes.find(attribute);
  if (found == attributes.end())
    return InvalidValue;
  *value = found->second;
  return Success;
}

Result cuDevicePrimaryCtxRetain(void **context, int) {
  static char only;
  *context = &only;
  return Success;
}

Result cuDevicePrimaryCtxRelease_v2(int) { return Success; }
Result cuCtxSetCurrent(void *) { return Success; }

} // extern "C"
