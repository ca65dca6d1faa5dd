// SPDX-License-Identifier: Apache-2.0
//
// Layers, trees of weights, calls.
//
// Registration, types and verifiers. Paths and callees reach into other ops,
// so they are checked by `verify-model`, not here.

#include "dialects/Model/ModelOps.h"

#include "llvm/ADT/TypeSwitch.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/IR/Builders.h"
#include "mlir/IR/DialectImplementation.h"

using namespace mlir;
using namespace lamina::model;

#include "dialects/Model/ModelDialect.cpp.inc"

#define GET_TYPEDEF_CLASSES
#include "dialects/Model/ModelTypes.cpp.inc"

#define GET_OP_CLASSES
#include "dialects/Model/ModelOps.cpp.inc"

void ModelDialect::initialize() {
  addTypes<
#define GET_TYPEDEF_LIST
#include "dialects/Model/ModelTypes.cpp.inc"
      >();
  addOperations<
#define GET_OP_LIST
#include "dialects/Model/ModelOps.cpp.inc"
      >();
}

Type TreeType::getRow() const {
  return isStack() ? TreeType::get(getLayer()) : TreeType();
}

int64_t TreeType::getRowCount() const { return getCopies(); }

LogicalResult TreeType::verify(function_ref<InFlightDiagnostic()> emitError,
                               FlatSymbolRefAttr, int64_t copies) {
  if (copies < 0)
    return emitError() << "a tree cannot have " << copies << " copies";
  return success();
}

/// `init` is a number or the function that makes the value.
static LogicalResult verifyInit(Operation *op, Attribute init) {
  if (isa<FloatAttr, IntegerAttr, SymbolRefAttr>(init))
    return success();
  return op->emitOpError("has the initial value ")
         << init << ", which is neither a number nor a function";
}

LogicalResult ParamOp::verify() { return verifyInit(*this, getInit()); }
LogicalResult StateOp::verify() { return verifyInit(*this, getInit()); }

LogicalResult LayerOp::verifyRegions() {
  for (Operation &op : getBody().front())
    if (!isa<ParamOp, StateOp, FieldOp, func::FuncOp>(op))
      return op.emitError("'")
             << op.getName()
             << "' does not stand in a layer; params, states, fields and "
                "functions do";
  return success();
}
