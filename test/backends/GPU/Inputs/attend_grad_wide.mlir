// The adjoint for the widest heads, a causal mask without data, no score, and batches in two axes.
#blocks = #mask.blocks<range (i)[n] -> (0, i + 1), full (i)[n] -> (0, i + 1)>
kernel.func attend_grad @attend_grad_wide outs(3) attributes {dims = ["t"],
    shapes = [array<i64: 0>, array<i64: 0>, array<i64: 0>, array<i64: 0>, array<i64: 0>, array<i64: 0>, array<i64: 0>,
              array<i64: 0>, array<i64: 0>]} {
^bb0(%q: tensor<2x2x1x?x128xf32>, %k: tensor<2x2x1x?x128xf32>, %v: tensor<2x2x1x?x128xf32>,
     %mean: tensor<2x2x1x?xf32>, %stats: tensor<2x2x1x?xf32>, %adjoint: tensor<2x2x1x?x128xf32>,
     %outq: tensor<2x2x1x?x128xf32>, %outk: tensor<2x2x1x?x128xf32>, %outv: tensor<2x2x1x?x128xf32>):
  %dq, %dk, %dv = graph.attend_grad softmax %q, %k, %v, %mean, %stats, %adjoint {blocks = #blocks}
      : (tensor<2x2x1x?x128xf32>, tensor<2x2x1x?x128xf32>, tensor<2x2x1x?x128xf32>,
         tensor<2x2x1x?xf32>, tensor<2x2x1x?xf32>, tensor<2x2x1x?x128xf32>)
        -> (tensor<2x2x1x?x128xf32>, tensor<2x2x1x?x128xf32>, tensor<2x2x1x?x128xf32>)
  mask {
  ^bb0(%a: index, %b: index, %h: index, %i: index, %j: index):
    %causal = arith.cmpi sle, %j, %i : index
    graph.yield %causal : i1
  }
  kernel.return %dq, %dk, %dv : tensor<2x2x1x?x128xf32>, tensor<2x2x1x?x128xf32>, tensor<2x2x1x?x128xf32>
}
