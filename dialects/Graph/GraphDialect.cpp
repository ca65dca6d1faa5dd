// SPDX-License-Identifier: Apache-2.0
//
// The graph dialect and its sizes.
//
// Registration, `#graph.dims`, and how functions of graph ops are inlined.

#include "dialects/Graph/GraphDialect.h"

#include "dialects/Graph/GraphOps.h"
#include "dialects/Graph/StackType.h"

#include "llvm/ADT/TypeSwitch.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/IR/DialectImplementation.h"
#include "mlir/Transforms/InliningUtils.h"

using namespace mlir;
using namespace lamina::graph;

#include "dialects/Graph/GraphDialect.cpp.inc"
#include "dialects/Graph/GraphEnums.cpp.inc"

#define GET_ATTRDEF_CLASSES
#include "dialects/Graph/GraphAttrs.cpp.inc"
#include "dialects/Graph/StackType.cpp.inc"

namespace {

/// Every op may go anywhere: regions are isolated, so what is inlined into one
/// was in one before.
struct GraphInliner : DialectInlinerInterface {
  using DialectInlinerInterface::DialectInlinerInterface;
  bool isLegalToInline(Operation *, Region *, bool, IRMapping &) const final {
    return true;
  }
  bool isLegalToInline(Region *, Region *, bool, IRMapping &) const final {
    return true;
  }
};

} // namespace

void GraphDialect::initialize() {
  addAttributes<
#define GET_ATTRDEF_LIST
#include "dialects/Graph/GraphAttrs.cpp.inc"
      >();
  addOperations<
#define GET_OP_LIST
#include "dialects/Graph/GraphOps.cpp.inc"
      >();
  addInterfaces<GraphInliner>();
}

Operation *GraphDialect::materializeConstant(OpBuilder &builder,
                                             Attribute value, Type type,
                                             Location loc) {
  return arith::ConstantOp::materialize(builder, value, type, loc);
}

//===----------------------------------------------------------------------===//
// #graph.dims
//===----------------------------------------------------------------------===//

DimsAttr DimsAttr::get(MLIRContext *context, ArrayRef<SizeExpr> sizes) {
  SmallVector<StringAttr> texts;
  for (const SizeExpr &size : sizes)
    texts.push_back(StringAttr::get(context, size.str()));
  return Base::get(context, texts);
}

SizeExpr DimsAttr::getSize(unsigned index) const {
  StringRef text = getTexts()[index].getValue();
  std::optional<SizeExpr> size = SizeExpr::parse(text);
  assert(size && "the text of a size is its own");
  return *size;
}

SmallVector<SizeExpr> DimsAttr::getSizes() const {
  SmallVector<SizeExpr> sizes;
  for (unsigned i = 0, e = size(); i < e; ++i)
    sizes.push_back(getSize(i));
  return sizes;
}

Attribute DimsAttr::parse(AsmParser &parser, Type) {
  SmallVector<SizeExpr> sizes;
  auto parseSize = [&]() -> ParseResult {
    std::optional<SizeExpr> size = SizeExpr::parse(parser);
    if (size)
      sizes.push_back(*size);
    return success(size.has_value());
  };
  if (parser.parseCommaSeparatedList(AsmParser::Delimiter::LessGreater,
                                     parseSize))
    return {};
  return DimsAttr::get(parser.getContext(), sizes);
}

void DimsAttr::print(AsmPrinter &printer) const {
  printer << '<';
  llvm::interleaveComma(getTexts(), printer.getStream(),
                        [&](StringAttr text) { printer << text.getValue(); });
  printer << '>';
}

LogicalResult
DimsAttr::verifyEncoding(ArrayRef<int64_t> shape, Type,
                         function_ref<InFlightDiagnostic()> emitError) const {
  size_t dynamic = llvm::count_if(shape, ShapedType::isDynamic);
  if (dynamic != size())
    return emitError() << "has " << size() << " named sizes for " << dynamic
                       << " '?'";
  for (const SizeExpr &named : getSizes())
    if (named.isConstant())
      return emitError() << "names the size " << named.str()
                         << ", which belongs into the shape";
  return success();
}
