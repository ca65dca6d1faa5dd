// The widest heads in bf16, a causal mask without data, no score, and batches in two axes: copied beside the threads.
#blocks = #mask.blocks<range (i)[n] -> (0, i + 1), full (i)[n] -> (0, i + 1)>
kernel.func attend @attend_wide_bf16 outs(2) attributes {dims = ["t"],
    shapes = [array<i64: 0>, array<i64: 0>, array<i64: 0>, array<i64: 0>, array<i64: 0>]} {
^bb0(%q: tensor<2x2x1x?x128xbf16>, %k: tensor<2x2x1x?x128xbf16>, %v: tensor<2x2x1x?x128xbf16>,
     %out: tensor<2x2x1x?x128xbf16>, %rows: tensor<2x2x1x?xf32>):
  %o, %stats = graph.attend softmax %q, %k, %v {blocks = #blocks}
      : (tensor<2x2x1x?x128xbf16>, tensor<2x2x1x?x128xbf16>, tensor<2x2x1x?x128xbf16>)
        -> (tensor<2x2x1x?x128xbf16>, tensor<2x2x1x?xf32>)
  mask {
  ^bb0(%a: index, %b: index, %h: index, %i: index, %j: index):
    %causal = arith.cmpi sle, %j, %i : index
    graph.yield %causal : i1
  }
  kernel.return %o, %stats : tensor<2x2x1x?x128xbf16>, tensor<2x2x1x?xf32>
}
