// SPDX-License-Identifier: Apache-2.0
//
// Functions read backwards.
//
// Makes the inverse and the log-determinant of functions of layers, as
// functions beside them, each once.

#ifndef LAMINA_PASSES_MODEL_INVERSEDERIVATION_H
#define LAMINA_PASSES_MODEL_INVERSEDERIVATION_H

#include "passes/Model/InversePlan.h"

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/IR/IRMapping.h"

#include <map>

namespace lamina {

class InverseDerivation {
public:
  explicit InverseDerivation(mlir::ModuleOp module)
      : module(module), b(module.getContext()) {}

  mlir::LogicalResult replace(mlir::Operation *op, bool isInverse);

private:
  enum Form { Inverse, LogDet };
  mlir::FailureOr<mlir::func::FuncOp> get(mlir::Operation *asked,
                                          model::TreeType tree,
                                          llvm::StringRef callee, Form form);
  mlir::func::FuncOp declare(mlir::func::FuncOp from, Form form);
  mlir::LogicalResult writeInverse(mlir::Operation *asked, mlir::Block &from,
                                   unsigned unknown, mlir::IRMapping &map);
  mlir::LogicalResult solve(mlir::Operation *asked, const InverseStep &step,
                            mlir::IRMapping &map);
  mlir::Value solveElementwise(mlir::Operation *op, unsigned operand,
                               mlir::Value result, mlir::IRMapping &map);
  mlir::Value solveView(mlir::Operation *op, unsigned operand,
                        mlir::Value result, mlir::IRMapping &map);
  mlir::Value solveProduct(graph::ContractOp op, mlir::Value result,
                           mlir::Value weight);
  mlir::LogicalResult solveScan(mlir::Operation *asked, graph::ScanOp op,
                                mlir::IRMapping &map);

  mlir::LogicalResult writeLogDet(mlir::Operation *asked, mlir::Block &from,
                                  unsigned unknown, mlir::IRMapping &map,
                                  mlir::Value &sum);
  mlir::LogicalResult addTerm(mlir::Operation *asked, const InverseStep &step,
                              mlir::IRMapping &map, mlir::Value &sum);
  mlir::Value getElementwiseTerm(mlir::Operation *op, unsigned operand,
                                 mlir::IRMapping &map);
  mlir::Value getProductTerm(graph::ContractOp op, mlir::Value weight,
                             mlir::Type sum);
  mlir::LogicalResult addScanTerm(mlir::Operation *asked, graph::ScanOp op,
                                  mlir::IRMapping &map, mlir::Value &sum);

  mlir::Value constant(mlir::Location loc, mlir::Type type, double value);
  mlir::Value log(mlir::Location loc, mlir::Value x, double factor);
  graph::LuOp factorise(graph::ContractOp op, mlir::Value weight);

  mlir::ModuleOp module;
  mlir::OpBuilder b;
  std::map<std::pair<mlir::Operation *, int>, mlir::func::FuncOp> made;
};

} // namespace lamina

#endif // LAMINA_PASSES_MODEL_INVERSEDERIVATION_H
