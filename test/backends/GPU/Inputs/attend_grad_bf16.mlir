// The adjoint of attention in bf16, of rows that are given: as in attend_bf16.mlir.
#blocks = #mask.blocks<range (i)[n] -> (i - 36, i + 1), full (i)[n] -> (0, 0)>
kernel.func attend_grad @attend_grad_bf16 outs(3) attributes {dims = ["b", "t", "s"],
    shapes = [array<i64: 0, 1>, array<i64: 0, 2>, array<i64: 0, 2>, array<i64: 0, 1>, array<i64: 0, 1>, array<i64: 0, 1>,
              array<i64: 0>, array<i64>, array<i64>, array<i64: 0, 1>, array<i64: 0, 2>, array<i64: 0, 2>]} {
^bb0(%q: tensor<?x4x?x18xbf16>, %k: tensor<?x2x?x18xbf16>, %v: tensor<?x2x?x70xbf16>, %mean: tensor<?x4x?xf32>,
     %stats: tensor<?x4x?xf32>, %adjoint: tensor<?x4x?x70xbf16>, %length: tensor<?xi32>,
     %slope: tensor<4xf32>, %bias: tensor<16xf32>, %outq: tensor<?x4x?x18xbf16>, %outk: tensor<?x2x?x18xbf16>,
     %outv: tensor<?x2x?x70xbf16>):
  %dq, %dk, %dv, %dslope, %dbias = graph.attend_grad softmax %q, %k, %v, %mean, %stats, %adjoint with %length, %slope, %bias {blocks = #blocks}
      : (tensor<?x4x?x18xbf16>, tensor<?x2x?x18xbf16>, tensor<?x2x?x70xbf16>, tensor<?x4x?xf32>,
         tensor<?x4x?xf32>, tensor<?x4x?x70xbf16>, tensor<?xi32>, tensor<4xf32>, tensor<16xf32>)
        -> (tensor<?x4x?x18xbf16>, tensor<?x2x?x18xbf16>, tensor<?x2x?x70xbf16>, tensor<4xf32>, tensor<16xf32>)
  mask {
  ^bb0(%b: index, %h: index, %i: index, %j: index, %len: tensor<?xi32>, %sl: tensor<4xf32>, %bi: tensor<16xf32>):
    %n = tensor.extract %len[%b] : tensor<?xi32>
    %nine = arith.constant 9 : i32
    %size = arith.muli %n, %nine : i32
    %j32 = arith.index_cast %j : index to i32
    %inside = arith.cmpi slt, %j32, %size : i32
    %causal = arith.cmpi sle, %j, %i : index
    %c37 = arith.constant 37 : index
    %back = arith.subi %i, %j : index
    %near = arith.cmpi slt, %back, %c37 : index
    %some = arith.andi %inside, %causal : i1
    %seen = arith.andi %some, %near : i1
    graph.yield %seen : i1
  } score {
  ^bb0(%s: f32, %b: index, %h: index, %i: index, %j: index, %len: tensor<?xi32>, %sl: tensor<4xf32>, %bi: tensor<16xf32>):
    %scale = arith.constant 0.3 : f32
    %scaled = arith.mulf %s, %scale : f32
    %back = arith.subi %i, %j : index
    %back32 = arith.index_cast %back : index to i32
    %distance = arith.sitofp %back32 : i32 to f32
    %slope_h = tensor.extract %sl[%h] : tensor<4xf32>
    %linear = arith.mulf %slope_h, %distance : f32
    %four = arith.constant 4 : index
    %bucket = arith.divsi %back, %four : index
    %b_h = tensor.extract %bi[%bucket] : tensor<16xf32>
    %sum = arith.subf %scaled, %linear : f32
    %biased = arith.addf %sum, %b_h : f32
    %cap = math.tanh %biased : f32
    graph.yield %cap : f32
  }
  kernel.return %dq, %dk, %dv : tensor<?x4x?x18xbf16>, tensor<?x2x?x18xbf16>, tensor<?x2x?x70xbf16>
}
