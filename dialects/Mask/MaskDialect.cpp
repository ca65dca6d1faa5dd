// SPDX-License-Identifier: Apache-2.0
//
// Block structure of attention masks.
//
// Registration, text and verifier of `#mask.blocks`.

#include "dialects/Mask/MaskDialect.h"

#include "llvm/ADT/TypeSwitch.h"
#include "mlir/IR/Builders.h"
#include "mlir/IR/BuiltinAttributes.h"
#include "mlir/IR/DialectImplementation.h"

using namespace mlir;
using namespace lamina::mask;

#include "dialects/Mask/MaskDialect.cpp.inc"

static ParseResult parseRowMap(AsmParser &parser, AffineMap &map) {
  return parser.parseAffineMap(map);
}

static void printRowMap(AsmPrinter &printer, AffineMap map) { printer << map; }

#define GET_ATTRDEF_CLASSES
#include "dialects/Mask/MaskAttrs.cpp.inc"

void MaskDialect::initialize() {
  addAttributes<
#define GET_ATTRDEF_LIST
#include "dialects/Mask/MaskAttrs.cpp.inc"
      >();
}

LogicalResult BlocksAttr::verify(function_ref<InFlightDiagnostic()> emitError,
                                 AffineMap range, AffineMap full) {
  for (AffineMap map : {range, full})
    if (map.getNumDims() != 1 || map.getNumSymbols() > 1 ||
        map.getNumResults() != 2)
      return emitError() << "needs maps from a row, and the number of keys, to "
                            "where it begins and ends, but has "
                         << AffineMapAttr::get(map);
  return success();
}
