// RUN: lamina-opt %s | lamina-opt | FileCheck %s

// CHECK-LABEL: func @blocks
// CHECK:         graph.scan %{{.*}} < 6 init(
// CHECK:         graph.scan %{{.*}} < 6 reverse init(
#h = affine_map<(b, t, n, k) -> (b, t, k)>   #w = affine_map<(b, t, n, k) -> (k, n)>   #y = affine_map<(b, t, n, k) -> (b, t, n)>
!x = tensor<?x256x384xf32, #graph.dims<b>>   !xs = tensor<6x?x256x384xf32, #graph.dims<b>>   !w = tensor<384x384xf32>   !ws = tensor<6x384x384xf32>
func.func @blocks(%x: !x, %ws: !ws, %dy: !x) -> (!x, !ws) {
  %out, %hs, %us = graph.scan %layer < 6 init(%h = %x : !x) over(%w = %ws : !ws) stacks(!xs, !xs) {
    %a = graph.contract %h, %w maps [#h, #w, #y] : !x, !w -> !x
    %u = math.tanh %a : !x
    %next = arith.addf %h, %u : !x
    graph.yield %next : !x stack %h, %u : !x, !x
  }
  %dx, %dws = graph.scan %layer < 6 reverse init(%g = %dy : !x) over(%w = %ws : !ws, %h = %hs : !xs, %u = %us : !xs) stacks(!ws) {
    %uu = arith.mulf %u, %u : !x
    %gu = arith.mulf %g, %uu : !x
    %da = arith.subf %g, %gu : !x
    %dw = graph.contract %h, %da maps [#h, #y, #w] : !x, !x -> !w
    %dh = graph.contract %da, %w maps [#y, #w, #h] : !x, !w -> !x
    %dprev = arith.addf %g, %dh : !x
    graph.yield %dprev : !x stack %dw : !w
  }
  return %dx, %dws : !x, !ws
}
