// RUN: lamina-opt %s | lamina-opt | FileCheck %s

// CHECK-LABEL: func @causal_window_alibi
// CHECK:         graph.attend softmax %{{.*}}, %{{.*}}, %{{.*}} with %{{.*}}, %{{.*}} :
// CHECK:         mask {
// CHECK:         ^bb0(%{{.*}}: index, %{{.*}}: index, %{{.*}}: index, %{{.*}}: index,
// CHECK:         graph.yield %{{.*}} : i1
// CHECK:         } score {
// CHECK:         graph.yield %{{.*}} : f32
#bt = #graph.dims<b, t>   !h = tensor<?x6x?x64xf32, #bt>   !n = tensor<?xi32, #graph.dims<b>>   !s = tensor<6xf32>
func.func @causal_window_alibi(%q: !h, %k: !h, %v: !h, %length: !n, %slope: !s) -> !h {
  %o, %stats = graph.attend softmax %q, %k, %v with %length, %slope
      : (!h, !h, !h, !n, !s) -> (!h, tensor<?x6x?xf32, #bt>)
  mask {                                       // causal and window(128) and j < length[b]
  ^bb0(%b: index, %head: index, %i: index, %j: index, %len: !n, %sl: !s):
    %c128 = arith.constant 128 : index
    %causal = arith.cmpi sle, %j, %i : index
    %back = arith.subi %i, %j : index
    %near = arith.cmpi slt, %back, %c128 : index
    %l32 = tensor.extract %len[%b] : !n
    %l = arith.index_cast %l32 : i32 to index
    %inside = arith.cmpi slt, %j, %l : index
    %cn = arith.andi %causal, %near : i1
    %seen = arith.andi %cn, %inside : i1
    graph.yield %seen : i1
  } score {
  ^bb0(%s: f32, %b: index, %head: index, %i: index, %j: index, %len: !n, %sl: !s):
    %scale = arith.constant 0.125 : f32
    %scaled = arith.mulf %s, %scale : f32
    %forward = arith.subi %j, %i : index
    %f32i = arith.index_cast %forward : index to i32
    %distance = arith.sitofp %f32i : i32 to f32
    %slope_h = tensor.extract %sl[%head] : !s
    %bias = arith.mulf %slope_h, %distance : f32
    %sum = arith.addf %scaled, %bias : f32
    graph.yield %sum : f32
  }
  return %o : !h
}
