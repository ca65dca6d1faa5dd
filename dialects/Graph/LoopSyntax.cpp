// SPDX-License-Identifier: Apache-2.0
//
// The text of loops and branches.
//
// Types of region arguments follow from the operands, so the text names each
// argument beside the operand it stands for and repeats no type.

#include "dialects/Graph/LoopSyntax.h"

#include "dialects/Graph/StackType.h"

using namespace mlir;
using namespace lamina::graph;

namespace {

using Argument = OpAsmParser::Argument;

/// `%arg = %operand : type, ...` of one group.
struct Bindings {
  SmallVector<Argument> args;
  SmallVector<OpAsmParser::UnresolvedOperand> operands;
  SmallVector<Type> types;
};

struct LoopParts {
  Argument index;
  Bindings init, over, with;
  std::optional<OpAsmParser::UnresolvedOperand> rounds;
  SmallVector<Type> stacks;
  bool hasUntil = false;
};

} // namespace

/// Reads `keyword(%arg = %operand : type, ...)` if the keyword is there.
static ParseResult parseBindings(OpAsmParser &parser, StringRef keyword,
                                 Bindings &bindings) {
  if (failed(parser.parseOptionalKeyword(keyword)))
    return success();
  auto parseBinding = [&]() -> ParseResult {
    Argument &arg = bindings.args.emplace_back();
    if (parser.parseArgument(arg) || parser.parseEqual() ||
        parser.parseOperand(bindings.operands.emplace_back()) ||
        parser.parseColonType(bindings.types.emplace_back()))
      return failure();
    arg.type = bindings.types.back();
    return success();
  };
  return parser.parseCommaSeparatedList(AsmParser::Delimiter::Paren,
                                        parseBinding);
}

static ParseResult resolve(OpAsmParser &parser, Bindings &bindings,
                           OperationState &result) {
  return parser.resolveOperands(bindings.operands, bindings.types,
                                parser.getCurrentLocation(), result.operands);
}

/// The arguments of `over` see rows.
static ParseResult takeRows(OpAsmParser &parser, Bindings &over) {
  for (auto [arg, type] : llvm::zip_equal(over.args, over.types)) {
    arg.type = getRowType(type);
    if (!arg.type)
      return parser.emitError(arg.ssaName.location)
             << "takes rows of " << type << ", which is no stack";
  }
  return success();
}

/// Reads `(%a, %b)` as arguments with the types of `like`.
static ParseResult parseArguments(OpAsmParser &parser, ArrayRef<Argument> like,
                                  SmallVectorImpl<Argument> &args) {
  SMLoc loc = parser.getCurrentLocation();
  if (parser.parseArgumentList(args, AsmParser::Delimiter::Paren))
    return failure();
  if (args.size() != like.size())
    return parser.emitError(loc)
           << "expected " << like.size() << " arguments, found " << args.size();
  for (auto [arg, model] : llvm::zip_equal(args, like))
    arg.type = model.type;
  return success();
}

static Type getRoundType(Builder &builder) {
  return RankedTensorType::get({}, builder.getI64Type());
}

/// Reads `%i < trip [reverse]`.
static ParseResult parseTrip(OpAsmParser &parser, OperationState &result,
                             Argument &index) {
  Builder &builder = parser.getBuilder();
  if (parser.parseArgument(index) || parser.parseLess())
    return failure();
  std::optional<SizeExpr> trip = SizeExpr::parse(parser);
  if (!trip)
    return failure();
  index.type = getRoundType(builder);
  result.addAttribute("trip", DimsAttr::get(builder.getContext(), {*trip}));
  if (succeeded(parser.parseOptionalKeyword("reverse")))
    result.addAttribute("reverse", builder.getUnitAttr());
  return success();
}

static ParseResult
parseRounds(OpAsmParser &parser,
            std::optional<OpAsmParser::UnresolvedOperand> &rounds) {
  if (failed(parser.parseOptionalKeyword("rounds")))
    return success();
  return failure(parser.parseLParen() ||
                 parser.parseOperand(rounds.emplace()) || parser.parseRParen());
}

/// Reads everything in front of the body.
static ParseResult parseHeader(OpAsmParser &parser, OperationState &result,
                               LoopParts &loop) {
  if (parseTrip(parser, result, loop.index) ||
      parseBindings(parser, "init", loop.init) ||
      parseBindings(parser, "over", loop.over) ||
      parseBindings(parser, "with", loop.with) ||
      parseRounds(parser, loop.rounds))
    return failure();
  if (succeeded(parser.parseOptionalKeyword("stacks")) &&
      parser.parseCommaSeparatedList(AsmParser::Delimiter::Paren, [&]() {
        return parser.parseType(loop.stacks.emplace_back());
      }))
    return failure();
  return failure(takeRows(parser, loop.over) ||
                 parser.parseOptionalAttrDictWithKeyword(result.attributes));
}

/// Reads the body, and the condition after `until`.
static ParseResult parseRegions(OpAsmParser &parser, OperationState &result,
                                LoopParts &loop) {
  SmallVector<Argument> bodyArgs{loop.index};
  for (const Bindings *group : {&loop.init, &loop.over, &loop.with})
    llvm::append_range(bodyArgs, group->args);
  if (parser.parseRegion(*result.addRegion(), bodyArgs,
                         /*enableNameShadowing=*/true))
    return failure();
  Region *until = result.addRegion();
  loop.hasUntil = succeeded(parser.parseOptionalKeyword("until"));
  if (!loop.hasUntil)
    return success();
  SmallVector<Argument> like{loop.index}, args;
  llvm::append_range(like, loop.init.args);
  llvm::append_range(like, loop.with.args);
  return failure(
      parseArguments(parser, like, args) ||
      parser.parseRegion(*until, args, /*enableNameShadowing=*/true));
}

ParseResult lamina::graph::parseLoop(OpAsmParser &parser,
                                     OperationState &result) {
  Builder &builder = parser.getBuilder();
  LoopParts loop;
  if (parseHeader(parser, result, loop) || parseRegions(parser, result, loop))
    return failure();

  Type round = getRoundType(builder);
  if (resolve(parser, loop.init, result) ||
      resolve(parser, loop.over, result) ||
      resolve(parser, loop.with, result) ||
      (loop.rounds &&
       parser.resolveOperand(*loop.rounds, round, result.operands)))
    return failure();
  auto count = [](const auto &list) {
    return static_cast<int32_t>(list.size());
  };
  result.addTypes(loop.init.types);
  result.addTypes(loop.stacks);
  if (loop.hasUntil)
    result.addTypes(round);
  result.addAttribute("operandSegmentSizes",
                      builder.getDenseI32ArrayAttr(
                          {count(loop.init.args), count(loop.over.args),
                           count(loop.with.args), loop.rounds ? 1 : 0}));
  result.addAttribute(
      "resultSegmentSizes",
      builder.getDenseI32ArrayAttr(
          {count(loop.init.args), count(loop.stacks), loop.hasUntil ? 1 : 0}));
  return success();
}

/// With its line, where lines are printed: what it is may have no other.
static void printArgument(OpAsmPrinter &printer, BlockArgument arg) {
  printer.printRegionArgument(arg, {}, /*omitType=*/true);
}

static void printArguments(OpAsmPrinter &printer, Region &region) {
  llvm::interleaveComma(region.getArguments(), printer, [&](BlockArgument arg) {
    printArgument(printer, arg);
  });
}

static void printBindings(OpAsmPrinter &printer, StringRef keyword,
                          ArrayRef<BlockArgument> args, OperandRange operands) {
  if (operands.empty())
    return;
  printer << ' ' << keyword << '(';
  llvm::interleaveComma(
      llvm::zip_equal(args, operands), printer, [&](auto binding) {
        auto [arg, operand] = binding;
        printArgument(printer, arg);
        printer << " = " << operand << " : " << operand.getType();
      });
  printer << ')';
}

void lamina::graph::printLoop(OpAsmPrinter &printer, Operation *op,
                              const LoopText &loop) {
  ArrayRef<BlockArgument> args = loop.body.getArguments();
  printer << ' ';
  printArgument(printer, args.front());
  printer << " < " << loop.trip.str();
  if (loop.reverse)
    printer << " reverse";
  args = args.drop_front();
  printBindings(printer, "init", args.take_front(loop.init.size()), loop.init);
  args = args.drop_front(loop.init.size());
  printBindings(printer, "over", args.take_front(loop.over.size()), loop.over);
  printBindings(printer, "with", args.drop_front(loop.over.size()), loop.with);
  if (loop.rounds)
    printer << " rounds(" << loop.rounds << ')';
  if (!loop.stacks.empty()) {
    printer << " stacks(";
    llvm::interleaveComma(loop.stacks, printer);
    printer << ')';
  }
  printer.printOptionalAttrDictWithKeyword(
      op->getAttrs(),
      {"trip", "reverse", "operandSegmentSizes", "resultSegmentSizes"});
  printer << ' ';
  printer.printRegion(loop.body, /*printEntryBlockArgs=*/false);
  if (loop.until.empty())
    return;
  printer << " until(";
  printArguments(printer, loop.until);
  printer << ") ";
  printer.printRegion(loop.until, /*printEntryBlockArgs=*/false);
}

ParseResult lamina::graph::parseBranch(OpAsmParser &parser,
                                       OperationState &result) {
  Builder &builder = parser.getBuilder();
  OpAsmParser::UnresolvedOperand predicate;
  Type predicateType = RankedTensorType::get({}, builder.getI1Type());
  Bindings with;
  if (parser.parseOperand(predicate) ||
      (succeeded(parser.parseOptionalColon()) &&
       parser.parseType(predicateType)) ||
      parseBindings(parser, "with", with) ||
      parser.parseOptionalArrowTypeList(result.types) ||
      parser.parseOptionalAttrDictWithKeyword(result.attributes) ||
      parser.parseRegion(*result.addRegion(), with.args,
                         /*enableNameShadowing=*/true) ||
      parser.parseKeyword("else"))
    return failure();
  SmallVector<Argument> args;
  if (!with.args.empty() && parseArguments(parser, with.args, args))
    return failure();
  return failure(
      parser.parseRegion(*result.addRegion(), args,
                         /*enableNameShadowing=*/true) ||
      parser.resolveOperand(predicate, predicateType, result.operands) ||
      resolve(parser, with, result));
}

void lamina::graph::printBranch(OpAsmPrinter &printer, Operation *op,
                                Value predicate, OperandRange with,
                                Region &taken, Region &otherwise) {
  printer << ' ' << predicate;
  auto tensor = dyn_cast<RankedTensorType>(predicate.getType());
  if (!tensor || tensor.getRank() != 0)
    printer << " : " << predicate.getType();
  printBindings(printer, "with", taken.getArguments(), with);
  printer.printOptionalArrowTypeList(op->getResultTypes());
  printer.printOptionalAttrDictWithKeyword(
      op->getAttrs(), {"operandSegmentSizes", "resultSegmentSizes"});
  printer << ' ';
  printer.printRegion(taken, /*printEntryBlockArgs=*/false);
  printer << " else";
  if (!with.empty()) {
    printer << '(';
    printArguments(printer, otherwise);
    printer << ')';
  }
  printer << ' ';
  printer.printRegion(otherwise, /*printEntryBlockArgs=*/false);
}
