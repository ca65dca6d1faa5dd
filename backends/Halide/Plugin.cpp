// SPDX-License-Identifier: Apache-2.0
//
// Halide's entry in the list of backends.
//
// libHalide is larger than all the rest of the compiler, so the backend is a
// library of its own, which is loaded when it is asked for.

#include "backends/Plugin.h"

#include "backends/Halide/HalideBackend.h"
#include "backends/Halide/OpenCLBackend.h"

#include "llvm/Config/llvm-config.h"

extern "C" lamina::BackendPlugin laminaGetBackendPlugin() {
  return {LAMINA_BACKEND_API_VERSION, LLVM_VERSION_STRING, "halide",
          [](lamina::BackendRegistry &registry) {
            registry.add("halide", lamina::createHalideBackend);
            registry.add("opencl", lamina::createOpenCLBackend);
          }};
}
