// SPDX-License-Identifier: Apache-2.0
//
// The kernel dialect, kinds and places.

#ifndef LAMINA_DIALECTS_KERNEL_KERNELDIALECT
#define LAMINA_DIALECTS_KERNEL_KERNELDIALECT

include "mlir/IR/AttrTypeBase.td"
include "mlir/IR/EnumAttr.td"
include "mlir/IR/OpBase.td"

def Kernel_Dialect : Dialect {
  let name = "kernel";
  let cppNamespace = "::lamina::kernel";
  let summary = "kernels, and the launches of an entry in order";
  let description = [{
    A `kernel.func` computes its `outs` from its `ins`; its body is `linalg`,
    `tensor`, `arith` and `math` in destination style, or one structured op of
    `graph`. An entry is a function of launches, loops and choices on tensors
    with named sizes. Two stages use it: KERNEL, where values are values, and
    PLANNED, where each has a place in memory.
  }];
  let dependentDialects = [
    "::lamina::graph::GraphDialect", "::mlir::linalg::LinalgDialect",
    "::mlir::tensor::TensorDialect", "::mlir::arith::ArithDialect",
    "::mlir::math::MathDialect"
  ];
  let useDefaultAttributePrinterParser = 1;
}

class Kernel_Op<string mnemonic, list<Trait> traits = []>
    : Op<Kernel_Dialect, mnemonic, traits>;

def Kernel_Kind : I32EnumAttr<"Kind", "what a kernel is like", [
  I32EnumAttrCase<"Map", 0, "map">,
  I32EnumAttrCase<"Row", 1, "row">,
  I32EnumAttrCase<"Columns", 2, "columns">,
  I32EnumAttrCase<"Contract", 3, "contract">,
  I32EnumAttrCase<"Online", 4, "online">,
  I32EnumAttrCase<"Attend", 5, "attend">,
  I32EnumAttrCase<"AttendGrad", 6, "attend_grad">,
  I32EnumAttrCase<"Scatter", 7, "scatter">,
  I32EnumAttrCase<"Sort", 8, "sort">,
  I32EnumAttrCase<"Cumulative", 9, "cumulative">,
  I32EnumAttrCase<"LinearAlgebra", 10, "linear_algebra">,
]> {
  let cppNamespace = "::lamina::kernel";
}

def Kernel_Base : I32EnumAttr<"PlaceBase", "what an address is relative to", [
  I32EnumAttrCase<"Slot", 0, "slot">,
  I32EnumAttrCase<"Argument", 1, "argument">,
  I32EnumAttrCase<"Result", 2, "result">,
  I32EnumAttrCase<"Constant", 3, "constant">,
  I32EnumAttrCase<"Register", 4, "register">,
]> {
  let cppNamespace = "::lamina::kernel";
}

def Kernel_PlaceAttr : AttrDef<Kernel_Dialect, "Place"> {
  let mnemonic = "place";
  let summary = "where a value stands in memory";
  let description = [{
    A base, its number, an offset in bytes, and for each enclosing loop that
    moves the value the bytes it moves by a round; both are sizes. A value that
    the host computes has a register.

    ```mlir
    #kernel.place<slot 3 offset "b*64" rounds [0] strides ["b*1536"]>
    ```
  }];
  let parameters = (ins "PlaceBase":$base, "int64_t":$index,
                        OptionalParameter<"::mlir::StringAttr">:$offset,
                        OptionalArrayRefParameter<"int64_t">:$loops,
                        OptionalArrayRefParameter<"::mlir::StringAttr">:$strides);
  let assemblyFormat = [{
    `<` $base $index (`offset` $offset^)? (`rounds` `[` $loops^ `]` `strides` `[` $strides `]`)? `>`
  }];
}

#endif // LAMINA_DIALECTS_KERNEL_KERNELDIALECT
