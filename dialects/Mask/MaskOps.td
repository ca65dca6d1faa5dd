// SPDX-License-Identifier: Apache-2.0
//
// Which blocks of an attention a mask hides.

#ifndef LAMINA_DIALECTS_MASK_MASKOPS
#define LAMINA_DIALECTS_MASK_MASKOPS

include "mlir/IR/AttrTypeBase.td"
include "mlir/IR/OpBase.td"
include "mlir/IR/BuiltinAttributes.td"
include "mlir/Interfaces/SideEffectInterfaces.td"

def Mask_Dialect : Dialect {
  let name = "mask";
  let cppNamespace = "::lamina::mask";
  let summary = "block structure of attention masks";
  let description = [{
    What is known of a mask while compiling, so that an attention walks only
    what the mask shows. The mask itself is a region of `graph.attend` and
    stays what decides: without this attribute every element is asked.
  }];
  let useDefaultAttributePrinterParser = 1;
}

def Mask_BlocksAttr : AttrDef<Mask_Dialect, "Blocks"> {
  let mnemonic = "blocks";
  let summary = "for each row i, which j a mask can show and which it shows all";
  let description = [{
    Maps of the row i and of the number of keys. Outside `[lo(i), hi(i))` the
    mask hides everything; inside `[full_lo(i), full_hi(i))` it hides nothing;
    elsewhere it has to be asked. Bounds may lie outside of the keys there are.
    All four maps do not decrease, so that a block of rows from i0 to i1 needs
    only their values at i0 and i1.

    ```mlir
    #mask.blocks<range (i)[keys] -> (0, i + 1), full (i)[keys] -> (0, i + 1)>  // causal
    ```
  }];
  let parameters = (ins "::mlir::AffineMap":$range, "::mlir::AffineMap":$full);
  let assemblyFormat = "`<` `range` custom<RowMap>($range) `,` `full` custom<RowMap>($full) `>`";
  let genVerifyDecl = 1;
}

#endif // LAMINA_DIALECTS_MASK_MASKOPS
