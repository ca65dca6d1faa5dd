// SPDX-License-Identifier: Apache-2.0
//
// What persists and what the user calls.
//
// Verifiers of the program ops. What entries say of their arguments and
// results is checked in EntryAttributes.cpp.

#include "dialects/Program/ProgramOps.h"

#include "mlir/IR/Builders.h"
#include "mlir/IR/DialectImplementation.h"

using namespace mlir;
using namespace lamina::program;

#include "dialects/Program/ProgramDialect.cpp.inc"

#define GET_OP_CLASSES
#include "dialects/Program/ProgramOps.cpp.inc"

void ProgramDialect::initialize() {
  addOperations<
#define GET_OP_LIST
#include "dialects/Program/ProgramOps.cpp.inc"
      >();
}

LogicalResult DimOp::verify() {
  int64_t lower = getLower(), usual = getUsual(), upper = getUpper();
  constexpr int64_t limit = (int64_t(1) << 31) - 1;
  if (lower < 0 || lower > usual || usual > upper || upper > limit)
    return emitOpError("has bounds ")
           << lower << " to " << upper << " and the usual value " << usual
           << "; it needs 0 <= lower <= usual <= upper < 2^31";
  return success();
}

LogicalResult VariableOp::verify() {
  auto type = dyn_cast<RankedTensorType>(getType());
  if (!type)
    return emitOpError("has the type ") << getType() << ", which is no tensor";
  constexpr StringRef roles[] = {"param",   "state",    "slot",
                                 "counter", "gradient", "derived"};
  if (!llvm::is_contained(roles, getRole()))
    return emitOpError("has the role '")
           << getRole()
           << "'; roles are param, state, slot, counter, gradient, derived";
  if (!isa<FloatAttr, IntegerAttr, FlatSymbolRefAttr>(getInit()))
    return emitOpError("has the initial value ")
           << getInit() << ", which is neither a number nor a function";
  auto number = dyn_cast<TypedAttr>(getInit());
  if (number && number.getType() != type.getElementType())
    return emitOpError("has elements of ")
           << type.getElementType() << ", but the initial value " << number;
  return success();
}

/// Attributes are plain, so that the tape can hold them as JSON.
static bool isPlain(Attribute attr) {
  if (auto array = dyn_cast<ArrayAttr>(attr))
    return llvm::all_of(array, isPlain);
  if (auto dictionary = dyn_cast<DictionaryAttr>(attr))
    return llvm::all_of(dictionary, [](NamedAttribute entry) {
      return isPlain(entry.getValue());
    });
  return isa<StringAttr, IntegerAttr, FloatAttr, UnitAttr, TypeAttr,
             SymbolRefAttr, DenseArrayAttr>(attr);
}

/// All attributes are plain and those named are there.
static LogicalResult verifyPlan(Operation *op,
                                ArrayRef<StringRef> required = {}) {
  for (NamedAttribute attr : op->getAttrs())
    if (!isPlain(attr.getValue()))
      return op->emitOpError("has the attribute '")
             << attr.getName().getValue()
             << "', which is no text, number, type, symbol or list of these";
  for (StringRef name : required)
    if (!op->hasAttr(name))
      return op->emitOpError("lacks the attribute '") << name << "'";
  return success();
}

LogicalResult ScalarOp::verify() { return verifyPlan(*this, {"type"}); }
LogicalResult SourceOp::verify() { return verifyPlan(*this, {"kind"}); }
LogicalResult DatasetOp::verify() { return verifyPlan(*this, {"source"}); }
LogicalResult TrainOp::verify() { return verifyPlan(*this, {"stages"}); }
LogicalResult ReportOp::verify() { return verifyPlan(*this, {"name"}); }
LogicalResult SampleOp::verify() { return verifyPlan(*this, {"entry"}); }
LogicalResult TestOp::verify() { return verifyPlan(*this, {"entry"}); }
LogicalResult ProvenanceOp::verify() { return verifyPlan(*this); }
