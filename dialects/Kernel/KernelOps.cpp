// SPDX-License-Identifier: Apache-2.0
//
// The kernel dialect.
//
// Registration, printing and accessors of the kernel dialect. What its ops ask
// of their operands is in KernelVerify.cpp.

#include "dialects/Kernel/KernelOps.h"

#include "llvm/ADT/TypeSwitch.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/IR/Builders.h"
#include "mlir/IR/DialectImplementation.h"

using namespace mlir;
using namespace lamina;
using namespace lamina::kernel;

bool kernel::isHostType(Type type) {
  auto tensor = dyn_cast<RankedTensorType>(type);
  if (!tensor)
    return false;
  Type element = tensor.getElementType();
  if (tensor.getRank() == 0)
    return !element.isFloat() || element.getIntOrFloatBitWidth() >= 32;
  return tensor.getRank() == 1 && tensor.getDimSize(0) == 2 &&
         element.isInteger(64);
}

unsigned kernel::getNumScalars(Type type) {
  return cast<RankedTensorType>(type).getRank() == 0 ? 1 : 2;
}

static ParseResult parseCount(OpAsmParser &parser, IntegerAttr &count) {
  int64_t value;
  if (parser.parseInteger(value))
    return failure();
  count = parser.getBuilder().getI64IntegerAttr(value);
  return success();
}

static void printCount(OpAsmPrinter &printer, Operation *, IntegerAttr count) {
  printer << count.getInt();
}

//===----------------------------------------------------------------------===//
// Accessors
//===----------------------------------------------------------------------===//

ReturnOp FuncOp::getReturn() {
  return cast<ReturnOp>(getBlock()->getTerminator());
}

/// The arguments before the outs: tensors, then scalars.
static unsigned countTensors(ArrayRef<BlockArgument> inputs) {
  return llvm::count_if(
      inputs, [](BlockArgument a) { return isa<TensorType>(a.getType()); });
}

MutableArrayRef<BlockArgument> FuncOp::getInArgs() {
  auto all = getBlock()->getArguments().drop_back(getNumOuts());
  return all.take_front(countTensors(all));
}

MutableArrayRef<BlockArgument> FuncOp::getScalarArgs() {
  auto all = getBlock()->getArguments().drop_back(getNumOuts());
  return all.drop_front(countTensors(all));
}

MutableArrayRef<BlockArgument> FuncOp::getOutArgs() {
  return getBlock()->getArguments().take_back(getNumOuts());
}

ArrayRef<int64_t> FuncOp::getShape(unsigned index) {
  return cast<DenseI64ArrayAttr>(getShapes()[index]);
}

MutableArrayRef<BlockArgument> LoopOp::getCarryArgs() {
  return getBody().getArguments().slice(1, getInit().size());
}

MutableArrayRef<BlockArgument> LoopOp::getOverArgs() {
  return getBody().getArguments().slice(1 + getInit().size(), getOver().size());
}

MutableArrayRef<BlockArgument> LoopOp::getWithArgs() {
  return getBody().getArguments().take_back(getWith().size());
}

YieldOp LoopOp::getBodyYield() {
  return cast<YieldOp>(getBodyBlock()->getTerminator());
}

//===----------------------------------------------------------------------===//
// Dialect
//===----------------------------------------------------------------------===//

#include "dialects/Kernel/KernelDialect.cpp.inc"
#include "dialects/Kernel/KernelEnums.cpp.inc"
#define GET_ATTRDEF_CLASSES
#include "dialects/Kernel/KernelAttrs.cpp.inc"
#define GET_OP_CLASSES
#include "dialects/Kernel/KernelOps.cpp.inc"

void KernelDialect::initialize() {
  addOperations<
#define GET_OP_LIST
#include "dialects/Kernel/KernelOps.cpp.inc"
      >();
  addAttributes<
#define GET_ATTRDEF_LIST
#include "dialects/Kernel/KernelAttrs.cpp.inc"
      >();
}
