// SPDX-License-Identifier: Apache-2.0
//
// The code for devices that a program carries.

#ifndef LAMINA_TOOLS_DRIVER_DEVICEIMAGE_H
#define LAMINA_TOOLS_DRIVER_DEVICEIMAGE_H

#include <functional>
#include <string>
#include <vector>

namespace lamina::driver {

/// As `LaminaDeviceCode` of runtime/ABI/Kernel.h.
struct PackedCode {
  std::string chip;
  bool isBinary;
  std::string packed;
  size_t size;
};

/// The kernels of one kind of device as one module: its OpenCL C, or its PTX
/// and, where a `ptxas` is found ($LAMINA_PTXAS, which if empty means none,
/// PATH, $CUDA_HOME, $CUDA_PATH, /usr/local/cuda), what that makes of it for
/// the processors in use. A `ptxas` that does not know one is no error: the
/// driver compiles the PTX when the program starts.
class DeviceImage {
public:
  /// `texts`: PTX or OpenCL C, a module a kernel.
  DeviceImage(std::string chip, const std::vector<std::string> &texts,
              std::string cacheFolder);

  /// The runs of `ptxas`, the longest first. They, and `packText`, may be done
  /// in any order and beside each other, while the image stays where it is.
  std::vector<std::function<void()>> longTasks();
  void packText();

  /// What was made: first the text. Says what a `ptxas` refused.
  std::vector<PackedCode> take();

private:
  struct Cubin {
    std::string processor, message;
    PackedCode code = {};
  };
  void assemble(Cubin &cubin) const;

  std::string chip, text, cacheFolder, assembler;
  PackedCode packedText;
  std::vector<Cubin> cubins; ///< the slowest to assemble first
};

} // namespace lamina::driver

#endif // LAMINA_TOOLS_DRIVER_DEVICEIMAGE_H
