// SPDX-License-Identifier: Apache-2.0
//
// Meaning of arith and math on scalars.
//
// One table says what each operation of `arith` and `math` does to elements.
// Ops on tensors, bodies of kernels and the regions of attention all look it
// up.

#ifndef LAMINA_BACKENDS_REFERENCE_SCALARTABLE_H
#define LAMINA_BACKENDS_REFERENCE_SCALARTABLE_H

#include "backends/Reference/Tensor.h"

#include "mlir/IR/Operation.h"

#include <functional>

namespace lamina::reference {

/// Computes the results of one operation from its operands, element by element.
using ScalarFunction =
    std::function<void(const Scalar *operands, Scalar *results)>;

/// What `op` does to elements, rounded to the types of its results; null if the
/// table does not have it. Works for scalars and for tensors alike.
ScalarFunction getScalarFunction(mlir::Operation *op, Rounding rounding);

} // namespace lamina::reference

#endif // LAMINA_BACKENDS_REFERENCE_SCALARTABLE_H
