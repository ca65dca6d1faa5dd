// The adjoint for the widest heads in bf16, a causal mask without data, no score, and batches in two axes.
#blocks = #mask.blocks<range (i)[n] -> (0, i + 1), full (i)[n] -> (0, i + 1)>
kernel.func attend_grad @attend_grad_wide_bf16 outs(3) attributes {dims = ["t"],
    shapes = [array<i64: 0>, array<i64: 0>, array<i64: 0>, array<i64: 0>, array<i64: 0>, array<i64: 0>, array<i64: 0>,
              array<i64: 0>, array<i64: 0>]} {
^bb0(%q: tensor<2x2x1x?x128xbf16>, %k: tensor<2x2x1x?x128xbf16>, %v: tensor<2x2x1x?x128xbf16>,
     %mean: tensor<2x2x1x?xf32>, %stats: tensor<2x2x1x?xf32>, %adjoint: tensor<2x2x1x?x128xbf16>,
     %outq: tensor<2x2x1x?x128xbf16>, %outk: tensor<2x2x1x?x128xbf16>, %outv: tensor<2x2x1x?x128xbf16>):
  %dq, %dk, %dv = graph.attend_grad softmax %q, %k, %v, %mean, %stats, %adjoint {blocks = #blocks}
      : (tensor<2x2x1x?x128xbf16>, tensor<2x2x1x?x128xbf16>, tensor<2x2x1x?x128xbf16>,
         tensor<2x2x1x?xf32>, tensor<2x2x1x?xf32>, tensor<2x2x1x?x128xbf16>)
        -> (tensor<2x2x1x?x128xbf16>, tensor<2x2x1x?x128xbf16>, tensor<2x2x1x?x128xbf16>)
  mask {
  ^bb0(%a: index, %b: index, %h: index, %i: index, %j: index):
    %causal = arith.cmpi sle, %j, %i : index
    graph.yield %causal : i1
  }
  kernel.return %dq, %dk, %dv : tensor<2x2x1x?x128xbf16>, tensor<2x2x1x?x128xbf16>, tensor<2x2x1x?x128xbf16>
}
