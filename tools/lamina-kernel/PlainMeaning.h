// SPDX-License-Identifier: Apache-2.0
//
// What a kernel should compute, and whether it did.
//
// The body of a kernel, evaluated op by op in double precision, is what code
// for it is compared with. Only numbers of types shorter than f32 are rounded.

#ifndef LAMINA_TOOLS_LAMINAKERNEL_PLAINMEANING_H
#define LAMINA_TOOLS_LAMINAKERNEL_PLAINMEANING_H

#include "tools/KernelRun/KernelRun.h"

namespace lamina::tools {

using Tensors = llvm::SmallVector<reference::Tensor>;

/// The outs of `kernel` on the arguments of `run`; nothing after a diagnostic.
std::optional<Tensors> evaluatePlainly(kernel::FuncOp kernel,
                                       const KernelRun &run);

/// How far an element may be off.
struct Tolerance {
  double share; ///< of the element and of the tensor's root mean square
  bool ofElement = false; ///< of the element only
};

/// Runs all items at once. True if the outs are close to `expected`; else
/// `messages` gets the worst element of each that is not.
bool isRight(KernelRun &run, const Tensors &expected, Tolerance tolerance,
             llvm::raw_ostream &messages);

/// Runs the items one by one, the last one first. True if this gives the bits
/// that the outs hold now.
bool isSteady(KernelRun &run, llvm::raw_ostream &messages);

/// The same for buffers that begin an element later, items in order.
bool isSteadyElsewhere(KernelRun &run, llvm::raw_ostream &messages);

} // namespace lamina::tools

#endif // LAMINA_TOOLS_LAMINAKERNEL_PLAINMEANING_H
