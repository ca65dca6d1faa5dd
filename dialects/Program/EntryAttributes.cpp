// SPDX-License-Identifier: Apache-2.0
//
// Where arguments come from.
//
// Verifies the `program.*` attributes of entries: the names, their kinds, and
// that a variable has the type that is loaded or stored.

#include "dialects/Program/ProgramOps.h"

#include "mlir/IR/SymbolTable.h"
#include "mlir/Interfaces/FunctionInterfaces.h"

using namespace mlir;
using namespace lamina::program;

/// A tensor must have the type of its variable. The leaves of a tree are
/// checked by `convert-model-to-graph`, which knows them.
static LogicalResult verifyVariable(Operation *op, NamedAttribute attribute,
                                    Type type) {
  auto symbol = dyn_cast<FlatSymbolRefAttr>(attribute.getValue());
  if (!symbol)
    return op->emitError() << "'" << attribute.getName().getValue() << "' is "
                           << attribute.getValue()
                           << ", but it names a variable";
  auto tensor = dyn_cast<RankedTensorType>(type);
  if (!tensor)
    return success();
  auto variable = SymbolTable::lookupNearestSymbolFrom<VariableOp>(op, symbol);
  if (!variable)
    return op->emitError() << "'" << attribute.getName().getValue()
                           << "' names " << symbol
                           << ", which is no 'program.variable'";
  if (variable.getType() == type)
    return success();
  InFlightDiagnostic diag = op->emitError()
                            << symbol << " is " << variable.getType()
                            << ", but '" << attribute.getName().getValue()
                            << "' is on a value of type " << type;
  diag.attachNote(variable.getLoc()) << "the variable is declared here";
  return diag;
}

static LogicalResult verifyName(Operation *op, NamedAttribute attribute,
                                ArrayRef<StringRef> names) {
  StringRef name = attribute.getName().getValue();
  if (!llvm::is_contained(names, name))
    return op->emitError() << "'" << name << "' does not stand here";
  if (!isa<StringAttr>(attribute.getValue()))
    return op->emitError() << "'" << name << "' is " << attribute.getValue()
                           << ", but it is a text";
  return success();
}

LogicalResult ProgramDialect::verifyRegionArgAttribute(
    Operation *op, unsigned region, unsigned index, NamedAttribute attribute) {
  auto function = dyn_cast<FunctionOpInterface>(op);
  if (!function || region != 0)
    return op->emitError("'") << attribute.getName().getValue()
                              << "' belongs to an argument of a function";
  if (attribute.getName() == "program.load")
    return verifyVariable(op, attribute, function.getArgumentTypes()[index]);
  return verifyName(op, attribute,
                    {"program.batch", "program.lengths", "program.scalar",
                     "program.input", "program.add", "program.append"});
}

LogicalResult ProgramDialect::verifyRegionResultAttribute(
    Operation *op, unsigned, unsigned index, NamedAttribute attribute) {
  auto function = dyn_cast<FunctionOpInterface>(op);
  if (!function)
    return op->emitError("'") << attribute.getName().getValue()
                              << "' belongs to a result of a function";
  if (attribute.getName() == "program.store")
    return verifyVariable(op, attribute, function.getResultTypes()[index]);
  return verifyName(op, attribute,
                    {"program.metric", "program.add", "program.append",
                     "program.field", "program.output", "program.lengths"});
}

LogicalResult
ProgramDialect::verifyOperationAttribute(Operation *op,
                                         NamedAttribute attribute) {
  if (attribute.getName() != "program.entry")
    return success();
  constexpr StringRef kinds[] = {"step",   "init",    "batch_init", "report",
                                 "finish", "final",   "sample",     "test",
                                 "record", "function"};
  auto kind = dyn_cast<StringAttr>(attribute.getValue());
  if (!kind || !llvm::is_contained(kinds, kind.getValue()))
    return op->emitError("'program.entry' is ")
           << attribute.getValue() << ", which is no kind of entry";
  if (!isa<FunctionOpInterface>(op))
    return op->emitError("'program.entry' belongs to a function");
  return success();
}
