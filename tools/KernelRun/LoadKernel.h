// SPDX-License-Identifier: Apache-2.0
//
// What a backend compiled, ready to run.

#ifndef LAMINA_TOOLS_KERNELRUN_LOADKERNEL_H
#define LAMINA_TOOLS_KERNELRUN_LOADKERNEL_H

#include "backends/Backend.h"
#include "tools/KernelRun/KernelRun.h"

namespace lamina::tools {

/// A run of `kernel` as `compiled`: here, or on a device of OpenCL where it is
/// for one. Null after a message if there is no such device or it refuses the
/// code.
std::unique_ptr<KernelRun> loadKernel(kernel::FuncOp kernel,
                                      const CompiledKernel &compiled,
                                      std::vector<int64_t> dims,
                                      const Contents &contents);

} // namespace lamina::tools

#endif // LAMINA_TOOLS_KERNELRUN_LOADKERNEL_H
