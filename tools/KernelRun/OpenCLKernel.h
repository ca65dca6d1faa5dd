// SPDX-License-Identifier: Apache-2.0
//
// One kernel on a device of OpenCL.
//
// Its source and the function that commands it in; the host's buffers are
// copied to the device, and back when it is done. The runtime's own queue does
// the work, as in a program. What fails is a sentence, for tools that are built
// without exceptions.

#ifndef LAMINA_TOOLS_KERNELRUN_OPENCLKERNEL_H
#define LAMINA_TOOLS_KERNELRUN_OPENCLKERNEL_H

#include "runtime/ABI/Kernel.h"

#include <memory>
#include <string>
#include <vector>

namespace lamina::tools {

/// Bytes of the host, of which the kernel's buffer begins behind `lead`.
struct HostBuffer {
  char *bytes;
  size_t size, lead;
};

class OpenCLKernel {
public:
  /// The first device compiles the source, which stands in `packed` as in a
  /// program. Null, and `why` is a sentence, if it has no such code.
  static std::unique_ptr<OpenCLKernel>
  load(const LaminaDeviceCode &packed, LaminaCommand command, std::string &why);
  ~OpenCLKernel();

  /// False, and `why` is a sentence, if the device fails.
  bool run(const std::vector<HostBuffer> &buffers,
           const std::vector<int64_t> &dims,
           const std::vector<uint64_t> &scalars, std::string &why);

private:
  struct Parts;
  explicit OpenCLKernel(std::unique_ptr<Parts> parts);

  std::unique_ptr<Parts> parts;
};

} // namespace lamina::tools

#endif // LAMINA_TOOLS_KERNELRUN_OPENCLKERNEL_H
