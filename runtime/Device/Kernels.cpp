// SPDX-License-Identifier: Apache-2.0
//
// A program's kernels on one GPU.

#include "runtime/Device/Kernels.h"

#include "runtime/Files/Files.h"
#include "runtime/include/Error.h"

#include <cstdlib>
#include <cstring>
#include <string>

namespace lamina {
namespace runtime {

using namespace cuda;

/// CUDA 12.0 is the first with PTX 8.0, which `sm_90a` is written in.
static constexpr int versionOfSpecialText = 12000;

/// "sm_90a" is 90, and for that device alone.
static int capabilityOf(const char *chip) { return std::atoi(chip + 3); }
static bool isForOne(const char *chip) {
  return chip[std::strlen(chip) - 1] == 'a';
}

static bool runs(const LaminaDeviceVariant &variant, const Gpu &gpu) {
  if (std::strncmp(variant.chip, "sm_", 3) != 0)
    return false;
  int least = capabilityOf(variant.chip);
  if (isForOne(variant.chip))
    return gpu.capability() == least &&
           gpu.driver.version >= versionOfSpecialText;
  return gpu.capability() >= least;
}

/// A cubin runs on its own generation, from its own number on.
static bool isCompiledFor(const LaminaDeviceCode &code, const Gpu &gpu) {
  int chip = capabilityOf(code.chip);
  return code.is_binary && chip / 10 == gpu.capability() / 10 &&
         chip <= gpu.capability();
}

DeviceKernels::DeviceKernels(const LaminaImage &image, const Gpu &gpu)
    : gpu(gpu), kernels(image.kernel_count) {
  for (size_t i = 0; i < image.device_variant_count; ++i)
    if (runs(image.device_variants[i], gpu))
      add(image.device_variants[i]);
}

DeviceKernels::~DeviceKernels() {
  for (Module module : modules)
    gpu.driver.unloadModule(module);
}

void DeviceKernels::add(const LaminaDeviceVariant &variant) {
  Module module = load(variant);
  modules.push_back(module);
  for (size_t i = 0; i < kernels.size(); ++i) {
    const LaminaDeviceKernel &code = variant.kernels[i];
    if (!code.entry)
      continue;
    kernels[i].code = &code;
    gpu.check(gpu.driver.getFunction(&kernels[i].function, module, code.entry));
    kernels[i].finish = nullptr;
    if (code.launch->finish)
      gpu.check(gpu.driver.getFunction(
          &kernels[i].finish, module,
          (std::string(code.entry) + "_finish").c_str()));
    if (code.launch->shared_bytes > 0)
      gpu.check(gpu.driver.setFunctionAttribute(kernels[i].function,
                                                maxDynamicSharedBytes,
                                                code.launch->shared_bytes));
  }
}

Module DeviceKernels::load(const LaminaDeviceVariant &variant) {
  Module module = nullptr;
  char log[2048] = "";
  Result result = success;
  // What is compiled comes first; a driver that will not have it takes the
  // text.
  for (bool binary : {true, false})
    for (size_t i = 0; i < variant.code_count; ++i) {
      const LaminaDeviceCode &code = variant.codes[i];
      if (binary ? !isCompiledFor(code, gpu) : code.is_binary != 0)
        continue;
      std::vector<char> bytes =
          inflateZlib(static_cast<const char *>(code.packed), code.packed_size,
                      code.size, "the program's code for the gpu");
      bytes.push_back(0);
      int options[] = {errorLog, errorLogBytes};
      void *values[] = {log, reinterpret_cast<void *>(sizeof log - 1)};
      result = gpu.driver.loadModule(&module, bytes.data(), 2, options, values);
      if (result == success)
        return module;
    }
  std::string why(log, std::strcspn(log, "\n"));
  throw Error(join("the driver refuses the program's code for ", gpu.title(),
                   ": ", why.empty() ? describe(gpu.driver, result) : why));
}

} // namespace runtime
} // namespace lamina
