// SPDX-License-Identifier: Apache-2.0
//
// The object that ties a program together.

#ifndef LAMINA_TOOLS_DRIVER_IMAGE_H
#define LAMINA_TOOLS_DRIVER_IMAGE_H

#include "tools/Driver/KernelCompiler.h"

#include "llvm/Support/Error.h"

namespace lamina::driver {

/// What a program carries besides its kernels.
struct Image {
  std::string tape;      ///< JSON, docs/tape.md
  std::string constants; ///< bytes that constant addresses point into
  std::vector<LinkableKernel> kernels;
  bool library = false; ///< exports accessors instead of `main`
};

/// An object file for `target` with the tape, the constants, the table of
/// kernels, and `main` (or, for a library, `lamina_image`).
llvm::Expected<llvm::SmallVector<char, 0>>
buildImage(const Image &image, const TargetModel &target);

} // namespace lamina::driver

#endif // LAMINA_TOOLS_DRIVER_IMAGE_H
