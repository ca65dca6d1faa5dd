// SPDX-License-Identifier: Apache-2.0
//
// Contractions on the host.

#ifndef LAMINA_BACKENDS_REFERENCE_CONTRACT_H
#define LAMINA_BACKENDS_REFERENCE_CONTRACT_H

#include "backends/Reference/Tensor.h"

#include "mlir/IR/AffineMap.h"

namespace lamina::reference {

/// The sum of products that `maps` (of a, b and the result) describe over loops
/// of these sizes, added up in double; `Typed` rounds the sum to `sumType`,
/// then to the element type.
Tensor contract(const Tensor &a, const Tensor &b,
                llvm::ArrayRef<mlir::AffineMap> maps,
                llvm::ArrayRef<int64_t> sizes, mlir::Type sumType,
                mlir::Type elementType, Rounding rounding);

} // namespace lamina::reference

#endif // LAMINA_BACKENDS_REFERENCE_CONTRACT_H
