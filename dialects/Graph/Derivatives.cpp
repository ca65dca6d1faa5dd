// SPDX-License-Identifier: Apache-2.0
//
// Registration of the derivative rules.

#include "dialects/Graph/Derivatives.h"

#include "dialects/Graph/Differentiable.h"
#include "dialects/Graph/GraphDialect.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/IR/DialectRegistry.h"

using namespace mlir;

// Last, and apart from the others: the sorter of includes would put it before
// the header it needs.
#include "dialects/Graph/Differentiable.cpp.inc"

namespace lamina::graph {

void registerDerivatives(DialectRegistry &registry) {
  registry.addExtension(+[](MLIRContext *context, arith::ArithDialect *,
                            math::MathDialect *, GraphDialect *) {
    attachArithDerivatives(context);
    attachMathDerivatives(context);
    attachViewDerivatives(context);
    attachReductionDerivatives(context);
    attachContractDerivatives(context);
    attachGatherDerivatives(context);
    attachLinearAlgebraDerivatives(context);
    attachStructuredDerivatives(context);
    attachAttendDerivatives(context);
  });
}

} // namespace lamina::graph
