// SPDX-License-Identifier: Apache-2.0
//
// NVIDIA's driver, as far as we call it.

#include "runtime/Device/Driver.h"

#include "runtime/include/Error.h"

#include <dlfcn.h>

namespace lamina {
namespace runtime {
namespace cuda {

/// What the PTX in programs needs: version 7.8 came with CUDA 11.8.
static constexpr int oldestVersion = 11080;

static std::string versionText(int version) {
  return join(version / 1000, ".", version % 1000 / 10);
}

std::string describe(const Driver &driver, Result result) {
  const char *name = nullptr, *text = nullptr;
  if (driver.errorName(result, &name) != success || !name)
    return join("error ", result);
  driver.errorText(result, &text);
  return text ? join(name, ", ", text) : std::string(name);
}

template <typename Pointer>
static bool find(void *library, const char *symbol, Pointer &pointer) {
  pointer = reinterpret_cast<Pointer>(::dlsym(library, symbol));
  return pointer != nullptr;
}

static Driver load() {
  void *library = ::dlopen("libcuda.so.1", RTLD_NOW | RTLD_LOCAL);
  if (!library)
    throw Error("there is no NVIDIA driver on this machine: 'libcuda.so.1' is "
                "not found");
  Driver driver{};
  Error tooOld(join("the NVIDIA driver of this machine is too old: this "
                    "program needs one for CUDA ",
                    versionText(oldestVersion), " or newer"));
  if (!find(library, "cuDriverGetVersion", driver.driverVersion) ||
      driver.driverVersion(&driver.version) != success)
    throw tooOld;
  if (driver.version < oldestVersion)
    throw Error(join("the NVIDIA driver of this machine is for CUDA ",
                     versionText(driver.version), ", but this program needs ",
                     versionText(oldestVersion), " or newer"));
#define LAMINA_CUDA_FIND(name, symbol, arguments)                              \
  if (!find(library, symbol, driver.name))                                     \
    throw tooOld;
  LAMINA_CUDA_FUNCTIONS(LAMINA_CUDA_FIND)
#undef LAMINA_CUDA_FIND
#define LAMINA_CUDA_FIND(name, symbol, arguments)                              \
  find(library, symbol, driver.name);
  LAMINA_CUDA_LATER_FUNCTIONS(LAMINA_CUDA_FIND)
#undef LAMINA_CUDA_FIND
  if (Result result = driver.init(0); result != success && result != noDevice)
    throw Error(join("the NVIDIA driver of this machine does not start: ",
                     describe(driver, result)));
  return driver;
}

const Driver &Driver::get() {
  static const Driver driver = load();
  return driver;
}

} // namespace cuda
} // namespace runtime
} // namespace lamina
