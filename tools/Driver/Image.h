// SPDX-License-Identifier: Apache-2.0
//
// The object that ties a program together.

#ifndef LAMINA_TOOLS_DRIVER_IMAGE_H
#define LAMINA_TOOLS_DRIVER_IMAGE_H

#include "backends/TargetModel.h"
#include "tools/Driver/KernelCompiler.h"

#include "llvm/Support/Error.h"

namespace lamina::driver {

/// What a program is, besides the code of its kernels.
struct Image {
  std::string tape;      ///< JSON, docs/tape.md
  std::string constants; ///< bytes that constant addresses point into
  const LinkableKernels &kernels;
  std::vector<std::string> levels; ///< of the processor, one for each target
  bool library = false;            ///< exports `lamina_image` instead of `main`
};

/// An object file for `target` with the tape, the constants, the tables of
/// kernels, and `main` (or, for a library, `lamina_image`).
llvm::Expected<llvm::SmallVector<char, 0>>
buildImage(const Image &image, const TargetModel &target);

} // namespace lamina::driver

#endif // LAMINA_TOOLS_DRIVER_IMAGE_H
