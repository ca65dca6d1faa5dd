// SPDX-License-Identifier: Apache-2.0
//
// The graph dialect, its enums and attribute.

#ifndef LAMINA_DIALECTS_GRAPH_GRAPHDIALECT
#define LAMINA_DIALECTS_GRAPH_GRAPHDIALECT

include "mlir/IR/AttrTypeBase.td"
include "mlir/IR/EnumAttr.td"
include "mlir/IR/OpBase.td"
include "mlir/IR/BuiltinAttributeInterfaces.td"
include "mlir/IR/TensorEncoding.td"

def Graph_Dialect : Dialect {
  let name = "graph";
  let cppNamespace = "::lamina::graph";
  let summary = "pure functions on tensors with named run-time sizes";
  let description = [{
    One function an entry, in SSA form on ranked tensors, without destinations.
    Whatever is elementwise is `arith` and `math`; here stand the other ops.
    The `?`s of a type have their sizes in its encoding, `#graph.dims<b, t>`, so
    equal types are equal shapes and no op carries sizes as operands.

    Batch law: every op is elementwise or takes further leading axes, and on
    `[k, ...]` it is the stack of itself on each of the k.
  }];
  let dependentDialects = [
    "::mlir::arith::ArithDialect", "::mlir::tensor::TensorDialect"
  ];
  let useDefaultAttributePrinterParser = 1;
  let hasConstantMaterializer = 1;
}

class Graph_Op<string mnemonic, list<Trait> traits = []>
    : Op<Graph_Dialect, mnemonic, traits>;

//===----------------------------------------------------------------------===//
// Sizes
//===----------------------------------------------------------------------===//

def Graph_DimsAttr
    : AttrDef<Graph_Dialect, "Dims",
              [DeclareAttrInterfaceMethods<VerifiableTensorEncoding>]> {
  let mnemonic = "dims";
  let summary = "sizes, one for each `?` of a tensor type";
  let description = [{
    Each size is a polynomial with integer coefficients over named sizes and
    `floordiv` quotients, kept as its canonical text: two equal sizes are one
    attribute. As the encoding of a tensor the i-th size is that of the i-th
    `?`, and none is a constant. `graph.size` and the trip of `graph.scan` hold
    exactly one size, which may be a constant.

    ```mlir
    tensor<?x?x384xf32, #graph.dims<b, t*2 - 1>>
    ```
  }];
  let parameters = (ins ArrayRefParameter<"::mlir::StringAttr">:$texts);
  let builders = [
    AttrBuilder<(ins "::llvm::ArrayRef<::lamina::graph::SizeExpr>":$sizes)>,
  ];
  let extraClassDeclaration = [{
    unsigned size() const { return getTexts().size(); }
    SizeExpr getSize(unsigned index) const;
    ::llvm::SmallVector<SizeExpr> getSizes() const;
  }];
  let skipDefaultBuilders = 1;
  let hasCustomAssemblyFormat = 1;
}

//===----------------------------------------------------------------------===//
// Enums
//===----------------------------------------------------------------------===//

class Graph_Enum<string name, string summary, list<I32EnumAttrCase> cases>
    : I32EnumAttr<name, summary, cases> {
  let cppNamespace = "::lamina::graph";
}

def Graph_ReduceKind
    : Graph_Enum<"ReduceKind", "how values of an axis become one", [
  I32EnumAttrCase<"Sum", 0, "sum">, I32EnumAttrCase<"Prod", 1, "prod">,
  I32EnumAttrCase<"Max", 2, "max">, I32EnumAttrCase<"Min", 3, "min">,
  I32EnumAttrCase<"LogSumExp", 4, "logsumexp">,
  I32EnumAttrCase<"Any", 5, "any">, I32EnumAttrCase<"All", 6, "all">,
]>;

def Graph_Extremum : Graph_Enum<"Extremum", "largest or smallest", [
  I32EnumAttrCase<"Max", 0, "max">, I32EnumAttrCase<"Min", 1, "min">,
]>;

def Graph_ScatterKind
    : Graph_Enum<"ScatterKind", "what a scatter does with the old value", [
  I32EnumAttrCase<"Sum", 0, "sum">, I32EnumAttrCase<"Set", 1, "set">,
]>;

def Graph_Distribution
    : Graph_Enum<"Distribution", "what random elements are", [
  I32EnumAttrCase<"Bits", 0, "bits">, I32EnumAttrCase<"Uniform", 1, "uniform">,
  I32EnumAttrCase<"Normal", 2, "normal">,
]>;

def Graph_Normaliser
    : Graph_Enum<"Normaliser", "what weights of a row are divided by", [
  I32EnumAttrCase<"Softmax", 0, "softmax">, I32EnumAttrCase<"Count", 1, "count">,
  I32EnumAttrCase<"Sum", 2, "sum">, I32EnumAttrCase<"None", 3, "none">,
]>;

def Graph_Side : Graph_Enum<"Side", "on which side of x a matrix stands", [
  I32EnumAttrCase<"Left", 0, "left">, I32EnumAttrCase<"Right", 1, "right">,
]>;

//===----------------------------------------------------------------------===//
// Operand types
//===----------------------------------------------------------------------===//

def Graph_Tensor : RankedTensorOf<[AnyType]>;
def Graph_IntTensor : RankedTensorOf<[AnySignlessInteger, Index]>;
def Graph_BoolTensor : RankedTensorOf<[I1]>;
def Graph_FloatTensor : RankedTensorOf<[AnyFloat]>;

/// A tensor, or in MODEL a tree of weights.
def Graph_Value : Type<CPred<"true">, "tensor or tree of weights">;

#endif // LAMINA_DIALECTS_GRAPH_GRAPHDIALECT
