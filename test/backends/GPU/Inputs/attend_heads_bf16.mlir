// Heads behind positions in memory, o in f32, a window of 40 keys on both sides, widths that are multiples of 8 and 16.
#blocks = #mask.blocks<range (i)[n] -> (i - 40, i + 41), full (i)[n] -> (i - 40, i + 41)>
#heads = affine_map<(b, h, t, c) -> (b, t, h, c)>
#same = affine_map<(b, h, t, c) -> (b, h, t, c)>
kernel.func attend @attend_heads_bf16 outs(2) attributes {dims = ["b", "t"],
    shapes = [array<i64: 0, 1>, array<i64: 0, 1>, array<i64: 0, 1>, array<i64: 0, 1>, array<i64: 0, 1>]} {
^bb0(%q: tensor<?x?x3x24xbf16>, %k: tensor<?x?x3x24xbf16>, %v: tensor<?x3x?x32xbf16>,
     %out: tensor<?x3x?x32xf32>, %rows: tensor<?x3x?xf32>):
  %b = kernel.size 0
  %t = kernel.size 1
  %empty = tensor.empty(%b, %t) : tensor<?x3x?x24xbf16>
  %queries = linalg.generic {indexing_maps = [#heads, #same], iterator_types = ["parallel", "parallel", "parallel", "parallel"]}
      ins(%q : tensor<?x?x3x24xbf16>) outs(%empty : tensor<?x3x?x24xbf16>) {
  ^bb0(%in: bf16, %before: bf16):
    linalg.yield %in : bf16
  } -> tensor<?x3x?x24xbf16>
  %keys = linalg.generic {indexing_maps = [#heads, #same], iterator_types = ["parallel", "parallel", "parallel", "parallel"]}
      ins(%k : tensor<?x?x3x24xbf16>) outs(%empty : tensor<?x3x?x24xbf16>) {
  ^bb0(%in: bf16, %before: bf16):
    linalg.yield %in : bf16
  } -> tensor<?x3x?x24xbf16>
  %o, %stats = graph.attend softmax %queries, %keys, %v {blocks = #blocks}
      : (tensor<?x3x?x24xbf16>, tensor<?x3x?x24xbf16>, tensor<?x3x?x32xbf16>) -> (tensor<?x3x?x32xf32>, tensor<?x3x?xf32>)
  mask {
  ^bb0(%n: index, %h: index, %i: index, %j: index):
    %c40 = arith.constant 40 : index
    %behind = arith.subi %i, %j : index
    %ahead = arith.subi %j, %i : index
    %near = arith.cmpi sle, %behind, %c40 : index
    %soon = arith.cmpi sle, %ahead, %c40 : index
    %seen = arith.andi %near, %soon : i1
    graph.yield %seen : i1
  } score {
  ^bb0(%s: f32, %n: index, %h: index, %i: index, %j: index):
    %scale = arith.constant 0.2 : f32
    %scaled = arith.mulf %s, %scale : f32
    graph.yield %scaled : f32
  }
  kernel.return %o, %stats : tensor<?x3x?x32xf32>, tensor<?x3x?xf32>
}
