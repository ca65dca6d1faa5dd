// SPDX-License-Identifier: Apache-2.0
//
// Where arguments come from.
//
// Verifies the `program.*` attributes of entries: the names, their kinds, and
// that a variable has the type that is loaded or stored.

#include "dialects/Program/EntryForms.h"
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

/// A form stands beside its entry and takes and gives what that does.
static LogicalResult verifyForm(Operation *op, NamedAttribute attribute) {
  auto symbol = dyn_cast<FlatSymbolRefAttr>(attribute.getValue());
  auto entry =
      symbol ? SymbolTable::lookupNearestSymbolFrom<FunctionOpInterface>(op,
                                                                         symbol)
             : FunctionOpInterface();
  if (!entry || !entry->hasAttr("program.entry"))
    return op->emitError("'program.form_of' is ")
           << attribute.getValue() << ", which is no entry";
  auto form = dyn_cast<FunctionOpInterface>(op);
  if (!form || !op->getAttrOfType<StringAttr>("program.device"))
    return op->emitError("'program.form_of' belongs to a function that says "
                         "which 'program.device' it is for");
  if (form.getArgumentTypes() == entry.getArgumentTypes() &&
      form.getResultTypes() == entry.getResultTypes())
    return success();
  InFlightDiagnostic diag =
      op->emitError("is of another type than what it is a form of");
  diag.attachNote(entry.getLoc()) << symbol << " stands here";
  return diag;
}

LogicalResult
ProgramDialect::verifyOperationAttribute(Operation *op,
                                         NamedAttribute attribute) {
  if (attribute.getName() == "program.form_of")
    return verifyForm(op, attribute);
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

StringRef lamina::program::getEntryName(FunctionOpInterface function) {
  auto entry = function->getAttrOfType<FlatSymbolRefAttr>("program.form_of");
  return entry ? entry.getValue() : SymbolTable::getSymbolName(function);
}

std::optional<StringRef>
lamina::program::getDevice(FunctionOpInterface function) {
  if (!function->hasAttr("program.form_of"))
    return std::nullopt;
  return function->getAttrOfType<StringAttr>("program.device").getValue();
}

void lamina::program::setForm(FunctionOpInterface function,
                              FunctionOpInterface entry, StringRef device) {
  Builder b(function.getContext());
  function->setAttr("program.form_of",
                    FlatSymbolRefAttr::get(SymbolTable::getSymbolName(entry)));
  function->setAttr("program.device", b.getStringAttr(device));
}

bool lamina::program::isOfHost(FunctionOpInterface entry) {
  if (auto place = entry->getAttrOfType<StringAttr>("program.place"))
    return place.getValue() == "host";
  auto kind = entry->getAttrOfType<StringAttr>("program.entry");
  return kind && (kind.getValue() == "init" || kind.getValue() == "record");
}
