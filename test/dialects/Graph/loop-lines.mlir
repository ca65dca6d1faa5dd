// RUN: lamina-opt %s --mlir-print-debuginfo --mlir-print-local-scope | FileCheck %s
// RUN: lamina-opt %s --mlir-print-debuginfo | lamina-opt --mlir-print-debuginfo --mlir-print-local-scope | FileCheck %s

// Arguments of loops and branches keep their lines: a copy of one has no other.

// CHECK: graph.scan %{{.*}} loc("a.lam":3:1) < t init(%{{.*}} loc("a.lam":3:2) = %{{.*}}) over(%{{.*}} loc("a.lam":3:3) = %{{.*}})
// CHECK: until(%{{.*}} loc("a.lam":3:4), %{{.*}} loc("a.lam":3:5)) {
func.func @loop(%x: tensor<f32>, %xs: tensor<?xf32, #graph.dims<t>>) -> tensor<f32> {
  %last, %rounds = graph.scan %i loc("a.lam":3:1) < t init(%h loc("a.lam":3:2) = %x : tensor<f32>) over(%u loc("a.lam":3:3) = %xs : tensor<?xf32, #graph.dims<t>>) {
    graph.yield %u : tensor<f32>
  } until(%i loc("a.lam":3:4), %h loc("a.lam":3:5)) {
    %done = arith.cmpf ogt, %h, %h : tensor<f32>
    graph.yield %done : tensor<i1>
  }
  return %last : tensor<f32>
}

// CHECK: graph.cond %{{.*}} with(%{{.*}} loc("a.lam":7:1) = %{{.*}})
// CHECK: else(%{{.*}} loc("a.lam":7:2)) {
func.func @branch(%p: tensor<i1>, %x: tensor<f32>) -> tensor<f32> {
  %0 = graph.cond %p with(%a loc("a.lam":7:1) = %x : tensor<f32>) -> tensor<f32> {
    graph.yield %a : tensor<f32>
  } else(%b loc("a.lam":7:2)) {
    graph.yield %b : tensor<f32>
  }
  return %0 : tensor<f32>
}
