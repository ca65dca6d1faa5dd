// SPDX-License-Identifier: Apache-2.0
//
// All dialects of Lamina.

#include "dialects/RegisterAll.h"

#include "dialects/Graph/Derivatives.h"
#include "dialects/Graph/GraphDialect.h"
#include "dialects/Kernel/KernelDialect.h"
#include "dialects/Mask/MaskDialect.h"
#include "dialects/Model/ModelDialect.h"
#include "dialects/Optim/OptimDialect.h"
#include "dialects/Program/ProgramDialect.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Func/Extensions/InlinerExtension.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/IR/DialectRegistry.h"

void lamina::registerAllDialects(mlir::DialectRegistry &registry) {
  registry.insert<graph::GraphDialect, kernel::KernelDialect, mask::MaskDialect,
                  model::ModelDialect, optim::OptimDialect,
                  program::ProgramDialect>();
  registry.insert<mlir::arith::ArithDialect, mlir::func::FuncDialect,
                  mlir::linalg::LinalgDialect, mlir::math::MathDialect,
                  mlir::scf::SCFDialect, mlir::tensor::TensorDialect>();
  graph::registerDerivatives(registry);
  mlir::func::registerInlinerExtension(registry);
}
