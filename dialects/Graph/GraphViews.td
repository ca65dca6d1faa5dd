// SPDX-License-Identifier: Apache-2.0
//
// Ops that make or move elements.

#ifndef LAMINA_DIALECTS_GRAPH_GRAPHVIEWS
#define LAMINA_DIALECTS_GRAPH_GRAPHVIEWS

include "dialects/Graph/GraphDialect.td"
include "mlir/Interfaces/InferTypeOpInterface.td"
include "mlir/Interfaces/SideEffectInterfaces.td"

//===----------------------------------------------------------------------===//
// Sources
//===----------------------------------------------------------------------===//

def Graph_IotaOp : Graph_Op<"iota", [Pure]> {
  let summary = "index along an axis";
  let description = [{
    Every element is its own index along `axis`, in the element type of the
    result. Positions, masks and one-hot rows are made of it; it takes no memory
    once a kernel reads it.
  }];
  let arguments = (ins I64Attr:$axis);
  let results = (outs RankedTensorOf<[AnySignlessInteger, Index, AnyFloat]>:$result);
  let assemblyFormat = "`axis` $axis attr-dict `:` type($result)";
  let hasVerifier = 1; // iota.c1: the axis exists
}

def Graph_SizeOp : Graph_Op<"size", [Pure]> {
  let summary = "value of a size, as a tensor of rank 0";
  let description = [{
    ```mlir
    %n = graph.size #graph.dims<b*t> : tensor<f32>
    ```
  }];
  let arguments = (ins Graph_DimsAttr:$dims);
  let results = (outs 0DTensorOf<[AnySignlessInteger, Index, AnyFloat]>:$result);
  let assemblyFormat = "custom<Dims>($dims) attr-dict `:` type($result)";
  let extraClassDeclaration = "SizeExpr getSize() { return getDims().getSize(0); }";
  let hasVerifier = 1; // size.c1: exactly one size
  let hasFolder = 1;
}

def Graph_KeyOp
    : Graph_Op<"key", [Pure, AllTypesMatch<["key", "result"]>]> {
  let summary = "derive a random key from a key and a number";
  let description = [{
    A key is `tensor<2xi64>`, with leading axes a stack of keys. A draw's key is
    a chain: from the entry's key (seed and step) by the hash of the draw's
    dotted path with its numbers taken out, by each of those numbers, by each
    round of the loops around it.
  }];
  let arguments = (ins RankedTensorOf<[I64]>:$key, RankedTensorOf<[I64]>:$number);
  let results = (outs RankedTensorOf<[I64]>:$result);
  let assemblyFormat = "$key `,` $number attr-dict `:` type($key) `,` type($number)";
  let hasVerifier = 1; // key.c1: last axis is 2; key.c2: number has the leading axes
}

def Graph_RandomOp : Graph_Op<"random", [Pure]> {
  let summary = "random elements as a function of a key and the index";
  let description = [{
    Philox4x32-10 of (key, index + offset). The index is linear in row-major
    order, where axis i counts as `count[i]` elements; 0 stands for the size of
    the axis. Axes of ragged size have 2^20, so padding changes no draw.
    `bits` gives integers, `uniform` numbers in [0, 1), `normal` Box-Muller
    pairs. Leading axes of the key are leading axes of the result.
  }];
  let arguments = (ins Graph_Distribution:$distribution,
                       RankedTensorOf<[I64]>:$key,
                       Optional<RankedTensorOf<[I64]>>:$offset,
                       OptionalAttr<DenseI64ArrayAttr>:$count);
  let results = (outs RankedTensorOf<[AnySignlessInteger, AnyFloat]>:$result);
  let assemblyFormat = [{
    $distribution $key (`offset` $offset^)? (`count` $count^)? attr-dict
    `:` type($key) (`,` type($offset)^)? `->` type($result)
  }];
  let hasVerifier = 1;
}

//===----------------------------------------------------------------------===//
// Views
//===----------------------------------------------------------------------===//

def Graph_BroadcastOp : Graph_Op<"broadcast", [Pure]> {
  let summary = "repeat a tensor along new axes";
  let description = [{
    Axis i of `x` becomes axis `axes[i]` of the result; along all others the
    elements repeat. `axes` ascend.
  }];
  let arguments = (ins Graph_Tensor:$x, DenseI64ArrayAttr:$axes);
  let results = (outs Graph_Tensor:$result);
  let assemblyFormat = "$x `axes` $axes attr-dict `:` type($x) `->` type($result)";
  let hasVerifier = 1; // broadcast.c1: axes ascend; broadcast.c2: sizes agree
  let hasFolder = 1;
  let hasCanonicalizer = 1;
}

def Graph_TransposeOp : Graph_Op<"transpose", [Pure]> {
  let summary = "permute axes";
  let description = "Axis i of the result is axis `order[i]` of `x`.";
  let arguments = (ins Graph_Tensor:$x, DenseI64ArrayAttr:$order);
  let results = (outs Graph_Tensor:$result);
  let assemblyFormat = "$x `order` $order attr-dict `:` type($x) `->` type($result)";
  let hasVerifier = 1; // transpose.c1: a permutation; transpose.c2: sizes agree
  let hasFolder = 1;
  let hasCanonicalizer = 1;
}

def Graph_ReverseOp : Graph_Op<"reverse", [Pure, SameOperandsAndResultType]> {
  let summary = "reverse the order along axes";
  let description = [{
    Along each of `axes` the last element comes first. On memory it is a view,
    read with a negative stride.
  }];
  let arguments = (ins Graph_Tensor:$x, DenseI64ArrayAttr:$axes);
  let results = (outs Graph_Tensor:$result);
  let assemblyFormat = "$x `axes` $axes attr-dict `:` type($x)";
  let hasVerifier = 1;
  let hasFolder = 1;
}

def Graph_ReshapeOp : Graph_Op<"reshape", [Pure]> {
  let summary = "split or join neighbouring axes, row-major";
  let description = [{
    The same elements in the same order under another shape, with as many
    elements. On memory it is nothing: kernels read the digits of an index.
  }];
  let arguments = (ins Graph_Tensor:$x);
  let results = (outs Graph_Tensor:$result);
  let assemblyFormat = "$x attr-dict `:` type($x) `->` type($result)";
  let hasVerifier = 1; // reshape.c1: as many elements; reshape.c2: same elements
  let hasFolder = 1;
}

def Graph_SliceOp : Graph_Op<"slice", [Pure]> {
  let summary = "strided part with a start known while compiling";
  let description = [{
    Along axis i the elements `start[i] + n * step[i]`, as many as the result's
    type says.
  }];
  let arguments = (ins Graph_Tensor:$x, DenseI64ArrayAttr:$start,
                       DenseI64ArrayAttr:$step);
  let results = (outs Graph_Tensor:$result);
  let assemblyFormat = "$x `start` $start `step` $step attr-dict `:` type($x) `->` type($result)";
  let hasVerifier = 1; // slice.c1: stays inside where sizes are known
  let hasFolder = 1;
}

def Graph_PadOp : Graph_Op<"pad", [Pure]> {
  let summary = "put a value around and between elements";
  let description = [{
    `low[i]` values before axis i, `interior[i]` between two neighbours, and
    behind as many as the result's type has room for (`getHigh`).
  }];
  let arguments = (ins Graph_Tensor:$x, Graph_Tensor:$value,
                       DenseI64ArrayAttr:$low, DenseI64ArrayAttr:$interior);
  let results = (outs Graph_Tensor:$result);
  let assemblyFormat = [{
    $x `,` $value `low` $low `interior` $interior attr-dict
    `:` type($x) `,` type($value) `->` type($result)
  }];
  let extraClassDeclaration = [{
    /// How many values stand behind the last element, for each axis.
    ::llvm::SmallVector<SizeExpr> getHigh();
  }];
  let hasVerifier = 1; // pad.c1: nothing is cut off where sizes are known
  let hasFolder = 1;
}

def Graph_ConcatOp : Graph_Op<"concat", [Pure]> {
  let summary = "join tensors along an axis";
  let description = [{
    The inputs stand one behind the other along the axis, in order, and agree in
    all others. The sizes may be named: `t` and `room` give `t + room`.

    ```mlir
    %all = graph.concat %seen, %next axis 1 : !seen, !next -> !all
    ```
  }];
  let arguments = (ins Variadic<Graph_Tensor>:$inputs, I64Attr:$axis);
  let results = (outs Graph_Tensor:$result);
  let assemblyFormat = "$inputs `axis` $axis attr-dict `:` type($inputs) `->` type($result)";
  let hasVerifier = 1; // concat.c1: sizes along the axis add up
  let hasFolder = 1;
}

class Graph_WindowBase<string mnemonic> : Graph_Op<mnemonic, [Pure]> {
  code windowDeclarations = [{
    /// The axis of the tensor with windows where the pair of windowed axis
    /// `axes[index]` begins: (position, place in the window).
    unsigned getPairAxis(unsigned index) { return getAxes()[index] + index; }
  }];
}

def Graph_WindowOp : Graph_WindowBase<"window"> {
  let summary = "sliding windows along axes";
  let description = [{
    Each axis `axes[i]` of `x` is replaced by two, (position p, place j):
    element `stride*p + dilation*j - low` along it. The numbers of positions and
    places stand in the result's type, places also in `size`. Reading outside
    `x` gives `outside`; without it every access has been proved inside.
  }];
  let arguments = (ins Graph_Tensor:$x, DenseI64ArrayAttr:$axes,
                       DenseI64ArrayAttr:$size, DenseI64ArrayAttr:$stride,
                       DenseI64ArrayAttr:$dilation, DenseI64ArrayAttr:$low,
                       OptionalAttr<TypedAttrInterface>:$outside);
  let results = (outs Graph_Tensor:$result);
  let assemblyFormat = [{
    $x `axes` $axes `size` $size `stride` $stride `dilation` $dilation
    `low` $low (`outside` $outside^)? attr-dict `:` type($x) `->` type($result)
  }];
  let extraClassDeclaration = windowDeclarations;
  let hasVerifier = 1;
}

def Graph_UnwindowOp : Graph_WindowBase<"unwindow"> {
  let summary = "sum of overlapping windows: the adjoint of `window`";
  let description = [{
    Numbers as those of the `window` whose operand has the result's type. What
    falls outside the result is dropped.
  }];
  let arguments = (ins Graph_Tensor:$x, DenseI64ArrayAttr:$axes,
                       DenseI64ArrayAttr:$size, DenseI64ArrayAttr:$stride,
                       DenseI64ArrayAttr:$dilation, DenseI64ArrayAttr:$low);
  let results = (outs Graph_Tensor:$result);
  let assemblyFormat = [{
    $x `axes` $axes `size` $size `stride` $stride `dilation` $dilation
    `low` $low attr-dict `:` type($x) `->` type($result)
  }];
  let extraClassDeclaration = windowDeclarations;
  let hasVerifier = 1;
}

def Graph_DynamicSliceOp : Graph_Op<"dynamic_slice", [Pure]> {
  let summary = "part at run-time offsets, proved in range";
  let description = [{
    Along `axes[i]` the part begins at `starts[i]`, along the others it is the
    whole axis. Starts are tensors of rank 0; under further axes this op is a
    `gather`.
  }];
  let arguments = (ins Graph_Tensor:$x, Variadic<0DTensorOf<[AnySignlessInteger, Index]>>:$starts,
                       DenseI64ArrayAttr:$axes);
  let results = (outs Graph_Tensor:$result);
  let assemblyFormat = [{
    $x `at` $starts `axes` $axes attr-dict
    `:` type($x) `,` type($starts) `->` type($result)
  }];
  let hasVerifier = 1;
}

def Graph_DynamicUpdateOp
    : Graph_Op<"dynamic_update", [Pure, AllTypesMatch<["x", "result"]>]> {
  let summary = "tensor with the part at run-time offsets replaced";
  let description = [{
    Where `dynamic_slice` of the same size at the same `starts` would read, the
    result holds `update`; elsewhere x. Where x dies here `kernel-plan-memory`
    may write the new part into it in place.

    ```mlir
    %new = graph.dynamic_update %cache, %row at %t axes [1] : !cache, !row, tensor<i64>
    ```
  }];
  let arguments = (ins Graph_Tensor:$x, Graph_Tensor:$update,
                       Variadic<0DTensorOf<[AnySignlessInteger, Index]>>:$starts,
                       DenseI64ArrayAttr:$axes);
  let results = (outs Graph_Tensor:$result);
  let assemblyFormat = [{
    $x `,` $update `at` $starts `axes` $axes attr-dict
    `:` type($x) `,` type($update) `,` type($starts)
  }];
  let hasVerifier = 1;
}

#endif // LAMINA_DIALECTS_GRAPH_GRAPHVIEWS
