// SPDX-License-Identifier: Apache-2.0
//
// Reductions, contractions, gathers, factorisations.

#ifndef LAMINA_DIALECTS_GRAPH_GRAPHALGEBRA
#define LAMINA_DIALECTS_GRAPH_GRAPHALGEBRA

include "dialects/Graph/GraphDialect.td"
include "mlir/Interfaces/InferTypeOpInterface.td"
include "mlir/Interfaces/SideEffectInterfaces.td"

def Graph_ContractOp : Graph_Op<"contract", [Pure]> {
  let summary = "sum over loop dimensions of a product";
  let description = [{
    The maps go from the loop dimensions to the indices of `a`, of `b` and of
    the result. Loop dimensions that the result lacks are summed over. One index
    of `a` or `b` may be `(i*A + j*B + C) floordiv D` with constants: it reads 0
    where it is outside, or where the division has a remainder. So convolutions,
    strided, dilated and transposed, are contractions, and so are all their
    adjoints. `accumulate` is the type of the sum; f32 for bf16 and f16, else
    the element type. The result is of the type of the operands or of the sum.

    ```mlir
    %y = graph.contract %x, %w maps [affine_map<(m, n, k) -> (m, k)>,
         affine_map<(m, n, k) -> (k, n)>, affine_map<(m, n, k) -> (m, n)>] : !x, !w -> !y
    ```
  }];
  let arguments = (ins Graph_FloatTensor:$a, Graph_FloatTensor:$b,
                       AffineMapArrayAttr:$maps,
                       OptionalAttr<TypeAttr>:$accumulate);
  let results = (outs Graph_FloatTensor:$result);
  let assemblyFormat = [{
    $a `,` $b `maps` $maps (`accumulate` $accumulate^)? attr-dict
    `:` type($a) `,` type($b) `->` type($result)
  }];
  let extraClassDeclaration = [{
    ::mlir::AffineMap getMap(unsigned index) {
      return ::llvm::cast<::mlir::AffineMapAttr>(getMaps()[index]).getValue();
    }
    unsigned getNumLoops() { return getMap(2).getNumDims(); }
    /// The size of each loop dimension. A dimension that no operand or result
    /// has as a plain index has none; the verifier refuses such an op.
    ::llvm::SmallVector<std::optional<SizeExpr>> getLoopSizes();
    /// The type the sum is kept in.
    ::mlir::Type getAccumulatorType();
  }];
  // contract.c1: three maps of one domain, ranks agree
  // contract.c2: indices of the result are plain and different
  // contract.c3: indices of operands are plain or windowed
  // contract.c4: sizes agree
  // contract.c5: element types agree
  let hasVerifier = 1;
  let hasCanonicalizer = 1;
}

def Graph_ReduceOp : Graph_Op<"reduce", [Pure]> {
  let summary = "one value for all of some axes";
  let description = [{
    Over nothing it is the neutral value of its kind. `any` and `all` are of i1.
  }];
  let arguments = (ins Graph_ReduceKind:$kind, Graph_Tensor:$x,
                       DenseI64ArrayAttr:$axes);
  let results = (outs Graph_Tensor:$result);
  let assemblyFormat = "$kind $x `axes` $axes attr-dict `:` type($x) `->` type($result)";
  let hasVerifier = 1; // reduce.c1: axes ascend; reduce.c2: sizes; reduce.c3: element
  let hasFolder = 1;
}

def Graph_ArgReduceOp : Graph_Op<"arg_reduce", [Pure]> {
  let summary = "lowest index of the largest or smallest value along an axis";
  let description = "NaNs are passed over; a row of nothing else has 0.";
  let arguments = (ins Graph_Extremum:$kind, Graph_Tensor:$x, I64Attr:$axis);
  let results = (outs RankedTensorOf<[I32]>:$result);
  let assemblyFormat = "$kind $x `axis` $axis attr-dict `:` type($x) `->` type($result)";
  let hasVerifier = 1;
}

def Graph_CumulativeOp
    : Graph_Op<"cumulative", [Pure, SameOperandsAndResultType]> {
  let summary = "running sum, product, maximum, minimum or logsumexp";
  let description = [{
    Element i along the axis is the reduction of the elements up to i; with
    `exclusive` without i itself, beginning at the neutral value; with `reverse`
    of those from i to the end.
  }];
  let arguments = (ins Graph_ReduceKind:$kind, Graph_Tensor:$x, I64Attr:$axis,
                       UnitAttr:$reverse, UnitAttr:$exclusive);
  let results = (outs Graph_Tensor:$result);
  let assemblyFormat = [{
    $kind $x `axis` $axis (`reverse` $reverse^)? (`exclusive` $exclusive^)?
    attr-dict `:` type($x)
  }];
  let hasVerifier = 1;
}

def Graph_GatherOp : Graph_Op<"gather", [Pure]> {
  let summary = "rows of a tensor at run-time ids";
  let description = [{
    The first `batch` axes are those of `x` and `ids` alike. Of `x`, `axis` is
    replaced by the further axes of `ids`. An id outside the axis reads 0 with
    `outside zero`; without it all ids have been proved inside.

    ```mlir
    // result[b, d...] = x[b, ids[b], d...]
    %r = graph.gather %x at %ids axis 1 batch 1 : !x, !ids -> !r
    ```
  }];
  let arguments = (ins Graph_Tensor:$x, Graph_IntTensor:$ids, I64Attr:$axis,
                       I64Attr:$batch, UnitAttr:$outside);
  let results = (outs Graph_Tensor:$result);
  let assemblyFormat = [{
    $x `at` $ids `axis` $axis `batch` $batch (`outside` `zero` $outside^)?
    attr-dict `:` type($x) `,` type($ids) `->` type($result)
  }];
  let hasVerifier = 1; // gather.c1: axis and batch; gather.c2: shape
}

def Graph_ScatterOp
    : Graph_Op<"scatter", [Pure, AllTypesMatch<["x", "result"]>]> {
  let summary = "add to or replace rows at run-time ids";
  let description = [{
    Ids and axes as in `gather`; `updates` has the shape that the gather would
    give. Repeated ids are applied in order of position, so the result is
    defined. With `outside zero` an id outside the axis is dropped.
  }];
  let arguments = (ins Graph_ScatterKind:$kind, Graph_Tensor:$x,
                       Graph_IntTensor:$ids, Graph_Tensor:$updates,
                       I64Attr:$axis, I64Attr:$batch, UnitAttr:$outside);
  let results = (outs Graph_Tensor:$result);
  let assemblyFormat = [{
    $kind $x `at` $ids `with` $updates `axis` $axis `batch` $batch
    (`outside` `zero` $outside^)? attr-dict
    `:` type($x) `,` type($ids) `,` type($updates) `->` type($result)
  }];
  let hasVerifier = 1;
}

def Graph_SortOp : Graph_Op<"sort", [Pure]> {
  let summary = "sort along an axis, stable, with payloads";
  let description = [{
    The first input holds the keys; the others are put in the same order.
    Results have the types of the inputs. NaN stands last.
  }];
  let arguments = (ins Variadic<Graph_Tensor>:$inputs, I64Attr:$axis,
                       UnitAttr:$descending);
  let results = (outs Variadic<Graph_Tensor>:$results);
  let assemblyFormat = [{
    $inputs `axis` $axis (`descending` $descending^)? attr-dict
    `:` type($inputs) `->` type($results)
  }];
  let hasVerifier = 1;
}

def Graph_TopKOp : Graph_Op<"top_k", [Pure]> {
  let summary = "the k largest along an axis, in order, and their ids";
  let description = "Of equal values the one with the lowest index comes first.";
  let arguments = (ins Graph_Tensor:$x, I64Attr:$k, I64Attr:$axis);
  let results = (outs Graph_Tensor:$values, RankedTensorOf<[I32]>:$ids);
  let assemblyFormat = [{
    $x `k` $k `axis` $axis attr-dict `:` type($x) `->` type($values) `,` type($ids)
  }];
  let hasVerifier = 1;
}

//===----------------------------------------------------------------------===//
// Linear algebra: matrices are the last two axes
//===----------------------------------------------------------------------===//

def Graph_TriangularSolveOp
    : Graph_Op<"triangular_solve", [Pure, AllTypesMatch<["b", "result"]>]> {
  let summary = "solve a x = b or x a = b for triangular a";
  let description = [{
    Only the triangle that `lower` names is read; with `unit` its diagonal is 1.
    `transposed` solves with the transpose of `a`.
  }];
  let arguments = (ins Graph_Side:$side, Graph_FloatTensor:$a,
                       Graph_FloatTensor:$b, UnitAttr:$lower,
                       UnitAttr:$transposed, UnitAttr:$unit);
  let results = (outs Graph_FloatTensor:$result);
  let assemblyFormat = [{
    $side $a `,` $b (`lower` $lower^)? (`transposed` $transposed^)?
    (`unit` $unit^)? attr-dict `:` type($a) `,` type($b)
  }];
  let hasVerifier = 1;
}

def Graph_CholeskyOp
    : Graph_Op<"cholesky", [Pure, SameOperandsAndResultType]> {
  let summary = "lower factor l with l transpose(l) = x; zeros above";
  let description = [{
    For each matrix of the last two axes. Both triangles count, so that the
    derivative is that of a symmetric matrix: of another one it factors the mean
    of it and its transpose. Of a matrix that is not positive the factor holds
    NaN.
  }];
  let arguments = (ins Graph_FloatTensor:$x);
  let results = (outs Graph_FloatTensor:$result);
  let assemblyFormat = "$x attr-dict `:` type($x)";
  let hasVerifier = 1;
}

def Graph_LuOp : Graph_Op<"lu", [Pure, AllTypesMatch<["x", "factors"]>]> {
  let summary = "lu factors in one matrix, rows exchanged by pivots";
  let description = [{
    `permutation[i]` is the row of `x` that stands as row i of the product.
  }];
  let arguments = (ins Graph_FloatTensor:$x);
  let results = (outs Graph_FloatTensor:$factors,
                      RankedTensorOf<[I32]>:$permutation);
  let assemblyFormat = "$x attr-dict `:` type($x) `->` type($permutation)";
  let hasVerifier = 1;
}

def Graph_QrOp : Graph_Op<"qr", [Pure]> {
  let summary = "q with orthonormal columns and upper r, q r = x";
  let description = "The diagonal of r is not negative, so the factors are unique.";
  let arguments = (ins Graph_FloatTensor:$x);
  let results = (outs Graph_FloatTensor:$q, Graph_FloatTensor:$r);
  let assemblyFormat = "$x attr-dict `:` type($x) `->` type($q) `,` type($r)";
  let hasVerifier = 1;
}

#endif // LAMINA_DIALECTS_GRAPH_GRAPHALGEBRA
