// SPDX-License-Identifier: Apache-2.0
//
// What Halide makes of a step for a GPU.

#ifndef LAMINA_BACKENDS_HALIDE_GROUPCODE_H
#define LAMINA_BACKENDS_HALIDE_GROUPCODE_H

#include "backends/Halide/Algorithm.h"

#include "llvm/IR/Module.h"

namespace lamina::halide {

/// Takes the OpenCL C out of `module`, the host's code of a step, and returns
/// it. Kernels are named `<prefix>0`, … from
/// `count` on, and each pointer is followed by its offset in bytes; the host's
/// code calls runtime/ABI/Commands.h. Empty if that code calls what is not
/// there, because the host would compute a part, and `why` says what.
std::string takeOpenCL(llvm::Module &module, const std::string &prefix,
                       unsigned &count, std::string &why);

} // namespace lamina::halide

#endif // LAMINA_BACKENDS_HALIDE_GROUPCODE_H
