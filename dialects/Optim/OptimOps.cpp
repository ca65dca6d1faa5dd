// SPDX-License-Identifier: Apache-2.0
//
// Stages of optimizers.
//
// Registration, text and verifiers of the optim dialect.

#include "dialects/Optim/OptimOps.h"

#include "dialects/Graph/GraphOps.h"
#include "dialects/Optim/Counters.h"

#include "mlir/IR/Builders.h"
#include "mlir/IR/DialectImplementation.h"

using namespace mlir;
using namespace lamina::optim;

#include "dialects/Optim/OptimDialect.cpp.inc"

#define GET_OP_CLASSES
#include "dialects/Optim/OptimOps.cpp.inc"

void OptimDialect::initialize() {
  addOperations<
#define GET_OP_LIST
#include "dialects/Optim/OptimOps.cpp.inc"
      >();
}

//===----------------------------------------------------------------------===//
// Stage
//===----------------------------------------------------------------------===//

namespace {

/// The attributes of a stage while they are read.
struct StageText {
  SmallVector<Attribute> slotNames, slotInits, slotTypes;
  SmallVector<Attribute> scalarNames, scalarTypes;
};

} // namespace

/// Reads `name = init : type`.
static ParseResult parseSlot(OpAsmParser &parser, StageText &text) {
  StringRef name;
  Attribute init;
  Type type;
  if (parser.parseKeyword(&name) || parser.parseEqual() ||
      parser.parseAttribute(init) || parser.parseColonType(type))
    return failure();
  text.slotNames.push_back(parser.getBuilder().getStringAttr(name));
  text.slotInits.push_back(init);
  text.slotTypes.push_back(TypeAttr::get(type));
  return success();
}

/// Reads `name : type`.
static ParseResult parseScalar(OpAsmParser &parser, StageText &text) {
  std::string name;
  Type type;
  if (parser.parseKeywordOrString(&name) || parser.parseColonType(type))
    return failure();
  text.scalarNames.push_back(parser.getBuilder().getStringAttr(name));
  text.scalarTypes.push_back(TypeAttr::get(type));
  return success();
}

static ParseResult
parseList(OpAsmParser &parser, StringRef keyword, StageText &text,
          ParseResult (*parseItem)(OpAsmParser &, StageText &)) {
  if (failed(parser.parseOptionalKeyword(keyword)))
    return success();
  return parser.parseCommaSeparatedList(
      AsmParser::Delimiter::Paren, [&]() { return parseItem(parser, text); });
}

ParseResult StageOp::parse(OpAsmParser &parser, OperationState &result) {
  Builder &builder = parser.getBuilder();
  StringAttr name;
  Type weight;
  StageText text;
  if (parser.parseSymbolName(name, getSymNameAttrName(result.name),
                             result.attributes) ||
      parser.parseKeyword("for") || parser.parseType(weight) ||
      parseList(parser, "slots", text, parseSlot) ||
      parseList(parser, "scalars", text, parseScalar) ||
      parser.parseOptionalAttrDictWithKeyword(result.attributes))
    return failure();
  result.addAttribute("weight", TypeAttr::get(weight));
  result.addAttribute("slotNames", builder.getArrayAttr(text.slotNames));
  result.addAttribute("slotInits", builder.getArrayAttr(text.slotInits));
  result.addAttribute("slotTypes", builder.getArrayAttr(text.slotTypes));
  result.addAttribute("scalarNames", builder.getArrayAttr(text.scalarNames));
  result.addAttribute("scalarTypes", builder.getArrayAttr(text.scalarTypes));
  Region *step = result.addRegion(), *after = result.addRegion(),
         *final = result.addRegion();
  if (parser.parseKeyword("step") || parser.parseRegion(*step))
    return failure();
  if (succeeded(parser.parseOptionalKeyword("after")) &&
      parser.parseRegion(*after))
    return failure();
  if (succeeded(parser.parseOptionalKeyword("final")) &&
      parser.parseRegion(*final))
    return failure();
  return success();
}

static void printScalars(StageOp op, OpAsmPrinter &printer) {
  printer << " scalars(";
  llvm::interleaveComma(
      llvm::zip_equal(op.getScalarNames().getAsRange<StringAttr>(),
                      op.getScalarTypes().getAsValueRange<TypeAttr>()),
      printer, [&](auto scalar) {
        auto [name, type] = scalar;
        printer.printKeywordOrString(name.getValue());
        printer << " : " << type;
      });
  printer << ')';
}

void StageOp::print(OpAsmPrinter &printer) {
  printer << ' ';
  printer.printSymbolName(getSymName());
  printer << " for " << getWeight();
  if (getNumSlots() != 0) {
    printer << " slots(";
    llvm::interleaveComma(
        llvm::zip_equal(getSlotNames().getAsRange<StringAttr>(), getSlotInits(),
                        getSlotTypes().getAsValueRange<TypeAttr>()),
        printer, [&](auto slot) {
          auto [name, init, type] = slot;
          printer << name.getValue() << " = " << init << " : " << type;
        });
    printer << ')';
  }
  if (!getScalarNames().empty())
    printScalars(*this, printer);
  printer.printOptionalAttrDictWithKeyword(
      (*this)->getAttrs(), {"sym_name", "weight", "slotNames", "slotInits",
                            "slotTypes", "scalarNames", "scalarTypes"});
  printer << " step ";
  printer.printRegion(getStep());
  if (!getAfter().empty()) {
    printer << " after ";
    printer.printRegion(getAfter());
  }
  if (!getFinal().empty()) {
    printer << " final ";
    printer.printRegion(getFinal());
  }
}

static YieldOp getYield(Block *block) {
  return block ? cast<YieldOp>(block->getTerminator()) : YieldOp();
}

YieldOp StageOp::getStepYield() { return getYield(getStepBlock()); }
YieldOp StageOp::getAfterYield() { return getYield(getAfterBlock()); }
YieldOp StageOp::getFinalYield() { return getYield(getFinalBlock()); }

/// Checks the arguments of one region and what it yields.
static LogicalResult verifyStageRegion(StageOp op, StringRef what,
                                       Region &region, ArrayRef<Type> arguments,
                                       bool yieldsSlots) {
  Block &block = region.front();
  if (!llvm::equal(block.getArgumentTypes(), arguments)) {
    InFlightDiagnostic diag = op.emitOpError()
                              << "'" << what << "' has arguments of types (";
    llvm::interleaveComma(block.getArgumentTypes(), diag);
    diag << "), but they should be (";
    llvm::interleaveComma(arguments, diag);
    return diag << ')';
  }
  auto yield =
      dyn_cast_or_null<YieldOp>(block.empty() ? nullptr : &block.back());
  if (!yield)
    return op.emitOpError()
           << "'" << what << "' does not end with 'optim.yield'";
  if (yield.getValue().getType() != op.getWeight())
    return yield.emitOpError("gives ")
           << yield.getValue().getType() << " for a weight of type "
           << op.getWeight();
  bool isStep = what == "step";
  if (!isStep && (yield.getRate() || yield.getPass()))
    return yield.emitOpError("of '") << what << "' sets a rate or a pass";
  size_t slots = yieldsSlots ? op.getNumSlots() : 0;
  if (yield.getSlots().size() != slots)
    return yield.emitOpError("gives ")
           << yield.getSlots().size() << " slots, the stage has " << slots;
  for (auto [index, type] : llvm::enumerate(yield.getSlots().getTypes()))
    if (type != op.getSlotType(index))
      return yield.emitOpError("gives ")
             << type << " for a slot of type " << op.getSlotType(index);
  return success();
}

LogicalResult StageOp::verifyRegions() {
  auto weight = dyn_cast<RankedTensorType>(getWeight());
  if (!weight)
    return emitOpError("is for ") << getWeight() << ", which is no tensor";
  if (getSlotInits().size() != getSlotNames().size() ||
      getSlotTypes().size() != getSlotNames().size() ||
      getScalarTypes().size() != getScalarNames().size())
    return emitOpError("has lists of different lengths");
  Type rate = RankedTensorType::get({}, weight.getElementType());
  Type t = RankedTensorType::get({}, IntegerType::get(getContext(), 64));
  SmallVector<Type> after{weight, rate, t};
  for (Type type : getSlotTypes().getAsValueRange<TypeAttr>())
    after.push_back(type);
  for (Type type : getScalarTypes().getAsValueRange<TypeAttr>())
    after.push_back(type);
  SmallVector<Type> step{weight};
  llvm::append_range(step, after);
  if (failed(verifyStageRegion(*this, "step", getStep(), step, true)))
    return failure();
  if (!getAfter().empty() &&
      failed(verifyStageRegion(*this, "after", getAfter(), after, true)))
    return failure();
  if (getFinal().empty())
    return success();
  return verifyStageRegion(*this, "final", getFinal(), after, false);
}

//===----------------------------------------------------------------------===//
// Pipeline and its application
//===----------------------------------------------------------------------===//

LogicalResult PipelineOp::verify() {
  if (getStacked().size() != getLeaves().size())
    return emitOpError("says of ")
           << getStacked().size() << " of " << getLeaves().size()
           << " leaves whether they are stacked";
  for (Attribute row : getStages()) {
    auto stages = dyn_cast<ArrayAttr>(row);
    if (!stages || stages.size() != getLeaves().size())
      return emitOpError("has a row that is not one stage or unit for each of "
                         "the ")
             << getLeaves().size() << " leaves";
    for (Attribute stage : stages)
      if (!isa<FlatSymbolRefAttr, UnitAttr>(stage))
        return emitOpError("has ") << stage << " where a stage or unit stands";
  }
  return success();
}

LogicalResult ApplyOp::verify() {
  if (getWeights().getTypes() != getGradients().getTypes() ||
      getWeights().getTypes() != getNewWeights().getTypes() ||
      getSlots().getTypes() != getNewSlots().getTypes() ||
      getCounters().getTypes() != getNewCounters().getTypes())
    return emitOpError("gives weights, slots and counters of other types than "
                       "it takes");
  if (getScalarNames().size() != getScalars().size())
    return emitOpError("has ") << getScalarNames().size() << " names for "
                               << getScalars().size() << " scalars";
  return success();
}

LogicalResult FinalOp::verify() {
  if (getWeights().getTypes() != getResults().getTypes())
    return emitOpError("gives weights of other types than it takes");
  if (getScalarNames().size() != getScalars().size())
    return emitOpError("has ") << getScalarNames().size() << " names for "
                               << getScalars().size() << " scalars";
  return success();
}

/// The numbers of weights, slots and counters and the types of the weights fit
/// the pipeline and its stages.
template <class Op>
static LogicalResult verifyPipelineUse(Op op, SymbolTableCollection &symbols) {
  auto pipeline =
      symbols.lookupNearestSymbolFrom<PipelineOp>(op, op.getPipelineAttr());
  if (!pipeline)
    return op.emitOpError("applies ")
           << op.getPipelineAttr() << ", which is no 'optim.pipeline'";
  if (op.getWeights().size() != pipeline.getLeaves().size())
    return op.emitOpError("has ")
           << op.getWeights().size() << " weights for a pipeline of "
           << pipeline.getLeaves().size();
  size_t slots = 0;
  for (auto row : pipeline.getStages().template getAsRange<ArrayAttr>())
    for (Attribute symbol : row) {
      if (isa<UnitAttr>(symbol))
        continue;
      auto stage = symbols.lookupNearestSymbolFrom<StageOp>(
          op, cast<FlatSymbolRefAttr>(symbol));
      if (!stage)
        return op.emitOpError("uses ")
               << symbol << ", which is no 'optim.stage'";
      slots += stage.getNumSlots();
    }
  if (op.getSlots().size() != slots)
    return op.emitOpError("has ") << op.getSlots().size() << " slots, its "
                                  << "stages have " << slots;
  size_t counters =
      getCounters(pipeline, [&](FlatSymbolRefAttr symbol) {
        return symbols.lookupNearestSymbolFrom<StageOp>(op, symbol);
      }).size();
  if (op.getCounters().size() != counters)
    return op.emitOpError("has ") << op.getCounters().size()
                                  << " counters, its pipeline has " << counters;
  return success();
}

LogicalResult ApplyOp::verifySymbolUses(SymbolTableCollection &symbols) {
  return verifyPipelineUse(*this, symbols);
}

LogicalResult FinalOp::verifySymbolUses(SymbolTableCollection &symbols) {
  return verifyPipelineUse(*this, symbols);
}
