// RUN: lamina-opt %s | lamina-opt | FileCheck %s
// RUN: lamina-opt %s --mlir-print-op-generic | lamina-opt | FileCheck %s
// RUN: lamina-opt %s --emit-bytecode | lamina-opt | FileCheck %s

// CHECK-LABEL: func private @sizes(
// CHECK-SAME:  tensor<?x?x384xf32, #graph.dims<b, t*2 - 1>>
// CHECK-SAME:  tensor<?xf32, #graph.dims<b*t*2 + b>>
// CHECK-SAME:  tensor<?xf32, #graph.dims<((t + 1) floordiv 2) + t>>
// CHECK-SAME:  tensor<?xf32, #graph.dims<t>>
func.func private @sizes(tensor<?x?x384xf32, #graph.dims<b, 2 * t - 1>>,
    tensor<?xf32, #graph.dims<(2 * t + 1) * b>>, tensor<?xf32, #graph.dims<(3 * t + 1) floordiv 2>>,
    tensor<?xf32, #graph.dims<(b * t) floordiv b>>)

// CHECK-LABEL: func @sources
func.func @sources(%key: tensor<2xi64>, %n: tensor<i64>) {
  // CHECK: graph.iota axis 1 : tensor<?x4xi32, #graph.dims<b>>
  %0 = graph.iota axis 1 : tensor<?x4xi32, #graph.dims<b>>
  // CHECK: graph.size <b*t> : tensor<f32>
  %1 = graph.size <b * t> : tensor<f32>
  // CHECK: %[[K:.*]] = graph.key %{{.*}}, %{{.*}} : tensor<2xi64>, tensor<i64>
  %2 = graph.key %key, %n : tensor<2xi64>, tensor<i64>
  // CHECK: graph.random normal %[[K]] : tensor<2xi64> -> tensor<4xf32>
  %3 = graph.random normal %2 : tensor<2xi64> -> tensor<4xf32>
  // CHECK: graph.random uniform %[[K]] offset %{{.*}} count [0, 1048576] : tensor<2xi64>, tensor<i64> -> tensor<4x?xf32, #graph.dims<t>>
  %4 = graph.random uniform %2 offset %n count [0, 1048576] : tensor<2xi64>, tensor<i64> -> tensor<4x?xf32, #graph.dims<t>>
  // CHECK: graph.random bits
  %5 = graph.random bits %2 : tensor<2xi64> -> tensor<4xi32>
  return
}

!x = tensor<?x8xf32, #graph.dims<b>>
// CHECK-LABEL: func @views
func.func @views(%x: !x, %v: tensor<8xf32>, %zero: tensor<f32>, %i: tensor<i64>, %u: tensor<?x2xf32, #graph.dims<b>>) {
  // CHECK: graph.broadcast %{{.*}} axes [1] : tensor<8xf32> -> tensor<?x8xf32, #graph.dims<b>>
  %0 = graph.broadcast %v axes [1] : tensor<8xf32> -> !x
  // CHECK: graph.broadcast %{{.*}} axes []
  %1 = graph.broadcast %zero axes [] : tensor<f32> -> !x
  // CHECK: graph.transpose %{{.*}} order [1, 0]
  %2 = graph.transpose %x order [1, 0] : !x -> tensor<8x?xf32, #graph.dims<b>>
  // CHECK: graph.reverse %{{.*}} axes [0] : tensor<?x8xf32, #graph.dims<b>>
  %3 = graph.reverse %x axes [0] : !x
  // CHECK: graph.reshape %{{.*}} : tensor<?x8xf32, #graph.dims<b>> -> tensor<?xf32, #graph.dims<b*8>>
  %4 = graph.reshape %x : !x -> tensor<?xf32, #graph.dims<8 * b>>
  // CHECK: graph.slice %{{.*}} start [1, 0] step [1, 2]
  %5 = graph.slice %x start [1, 0] step [1, 2] : !x -> tensor<?x4xf32, #graph.dims<b - 1>>
  // CHECK: graph.pad %{{.*}}, %{{.*}} low [1, 0] interior [0, 1]
  %6 = graph.pad %x, %zero low [1, 0] interior [0, 1] : !x, tensor<f32> -> tensor<?x16xf32, #graph.dims<b + 1>>
  // CHECK: graph.concat %{{.*}}, %{{.*}} axis 0
  %7 = graph.concat %x, %x axis 0 : !x, !x -> tensor<?x8xf32, #graph.dims<2 * b>>
  // CHECK: graph.window %{{.*}} axes [1] size [3] stride [1] dilation [1] low [1] outside 0.000000e+00 : f32
  %8 = graph.window %x axes [1] size [3] stride [1] dilation [1] low [1] outside 0.0 : f32 : !x -> tensor<?x8x3xf32, #graph.dims<b>>
  // CHECK: graph.unwindow %{{.*}} axes [1] size [3] stride [1] dilation [1] low [1]
  %9 = graph.unwindow %8 axes [1] size [3] stride [1] dilation [1] low [1] : tensor<?x8x3xf32, #graph.dims<b>> -> !x
  // CHECK: graph.dynamic_slice %{{.*}} at %{{.*}} axes [1]
  %10 = graph.dynamic_slice %x at %i axes [1] : !x, tensor<i64> -> tensor<?x2xf32, #graph.dims<b>>
  // CHECK: graph.dynamic_update %{{.*}}, %{{.*}} at %{{.*}} axes [1]
  %11 = graph.dynamic_update %x, %u at %i axes [1] : !x, tensor<?x2xf32, #graph.dims<b>>, tensor<i64>
  return
}

!ids = tensor<?xi32, #graph.dims<b>>
!row = tensor<?xf32, #graph.dims<b>>
// CHECK-LABEL: func @algebra
func.func @algebra(%x: !x, %w: tensor<8x4xf32>, %ids: !ids, %u: !row, %p: tensor<?x8xi1, #graph.dims<b>>) {
  // CHECK: graph.contract %{{.*}}, %{{.*}} maps [#{{.*}}, #{{.*}}, #{{.*}}] accumulate f64
  %0 = graph.contract %x, %w maps [affine_map<(m, n, k) -> (m, k)>, affine_map<(m, n, k) -> (k, n)>, affine_map<(m, n, k) -> (m, n)>] accumulate f64
      : !x, tensor<8x4xf32> -> tensor<?x4xf32, #graph.dims<b>>
  // CHECK: graph.reduce logsumexp %{{.*}} axes [1]
  %1 = graph.reduce logsumexp %x axes [1] : !x -> !row
  // CHECK: graph.reduce any %{{.*}} axes [0, 1]
  %2 = graph.reduce any %p axes [0, 1] : tensor<?x8xi1, #graph.dims<b>> -> tensor<i1>
  // CHECK: graph.arg_reduce max %{{.*}} axis 1
  %3 = graph.arg_reduce max %x axis 1 : !x -> !ids
  // CHECK: graph.cumulative sum %{{.*}} axis 1 reverse exclusive
  %4 = graph.cumulative sum %x axis 1 reverse exclusive : !x
  // CHECK: graph.gather %{{.*}} at %{{.*}} axis 1 batch 1 outside zero
  %5 = graph.gather %x at %ids axis 1 batch 1 outside zero : !x, !ids -> !row
  // CHECK: graph.scatter sum %{{.*}} at %{{.*}} with %{{.*}} axis 1 batch 1
  %6 = graph.scatter sum %x at %ids with %u axis 1 batch 1 : !x, !ids, !row -> !x
  // CHECK: graph.sort %{{.*}}, %{{.*}} axis 1 descending
  %7:2 = graph.sort %x, %p axis 1 descending : !x, tensor<?x8xi1, #graph.dims<b>> -> !x, tensor<?x8xi1, #graph.dims<b>>
  // CHECK: graph.top_k %{{.*}} k 3 axis 1
  %8:2 = graph.top_k %x k 3 axis 1 : !x -> tensor<?x3xf32, #graph.dims<b>>, tensor<?x3xi32, #graph.dims<b>>
  return
}

!m = tensor<?x4x4xf32, #graph.dims<b>>
// CHECK-LABEL: func @linear_algebra
func.func @linear_algebra(%a: !m, %b: tensor<?x4x2xf32, #graph.dims<b>>, %tall: tensor<6x4xf32>) {
  // CHECK: graph.triangular_solve left %{{.*}}, %{{.*}} lower transposed unit
  %0 = graph.triangular_solve left %a, %b lower transposed unit : !m, tensor<?x4x2xf32, #graph.dims<b>>
  // CHECK: graph.cholesky
  %1 = graph.cholesky %a : !m
  // CHECK: graph.lu
  %2:2 = graph.lu %a : !m -> tensor<?x4xi32, #graph.dims<b>>
  // CHECK: graph.qr
  %3:2 = graph.qr %tall : tensor<6x4xf32> -> tensor<6x4xf32>, tensor<4x4xf32>
  return
}

!c = tensor<?xf32, #graph.dims<b>>
!cs = tensor<?x?xf32, #graph.dims<t, b>>
// CHECK-LABEL: func @loops
func.func @loops(%x: !c, %in: !cs, %limit: tensor<f32>) -> (!c, !c) {
  // CHECK: %[[CARRY:.*]], %{{.*}}, %[[ROUNDS:.*]] = graph.scan %[[I:.*]] < t init(%[[H:.*]] = %{{.*}} : {{.*}}) over(%{{.*}} = %{{.*}}) with(%{{.*}} = %{{.*}} : tensor<f32>) stacks(tensor<?x?xf32, #graph.dims<t, b>>) {
  // CHECK: graph.yield %{{.*}} : tensor<?xf32, #graph.dims<b>> stack %{{.*}} : tensor<?xf32, #graph.dims<b>>
  // CHECK: } until(%{{.*}}, %{{.*}}, %{{.*}}) {
  // CHECK: graph.yield %{{.*}} : tensor<i1>
  %last, %all, %rounds = graph.scan %i < t init(%h = %x : !c) over(%u = %in : !cs) with(%most = %limit : tensor<f32>) stacks(!cs) {
    %p = arith.mulf %h, %u : !c
    graph.yield %p : !c stack %p : !c
  } until(%i, %h, %most) {
    %s = graph.reduce sum %h axes [0] : !c -> tensor<f32>
    %done = arith.cmpf ogt, %s, %most : tensor<f32>
    graph.yield %done : tensor<i1>
  }
  // CHECK: graph.scan %{{.*}} < t reverse init({{.*}}) over({{.*}}) rounds(%[[ROUNDS]]) {
  %0 = graph.scan %i < t reverse init(%a = %last : !c) over(%u = %in : !cs) rounds(%rounds) {
    %b = arith.mulf %a, %u : !c
    graph.yield %b : !c
  }
  // A name inside may repeat one outside.
  // CHECK: graph.scan %{{.*}} < 3 {
  graph.scan %x < 3 {
    graph.yield
  }
  return %last, %0 : !c, !c
}

// CHECK-LABEL: func @branches
func.func @branches(%p: tensor<i1>, %x: !c, %y: !c) -> !c {
  // CHECK: graph.cond %{{.*}} with(%{{.*}} = %{{.*}} : {{.*}}, %{{.*}} = {{.*}}) -> tensor<?xf32, #graph.dims<b>> {
  // CHECK: } else(%{{.*}}, %{{.*}}) {
  %0 = graph.cond %p with(%a = %x : !c, %b = %y : !c) -> !c {
    %s = arith.addf %a, %b : !c
    graph.yield %s : !c
  } else(%a, %b) {
    graph.yield %b : !c
  }
  // CHECK: graph.cond %{{.*}} {
  // CHECK: } else {
  graph.cond %p {
    graph.yield
  } else {
    graph.yield
  }
  return %0 : !c
}

// CHECK-LABEL: func @derivatives
func.func @derivatives(%x: !c, %y: !c, %p: tensor<i1>) {
  // CHECK: graph.gradient %{{.*}} seed %{{.*}} wrt %{{.*}} :
  %0 = graph.gradient %y seed %x wrt %x : (!c, !c, !c) -> !c
  // CHECK: graph.gradient %{{.*}} wrt %{{.*}} each 1 :
  %1 = graph.gradient %y wrt %x each 1 : (!c, !c) -> tensor<?x?xf32, #graph.dims<b, b>>
  // CHECK: graph.pushforward %{{.*}} wrt %{{.*}} tangents %{{.*}}
  %2 = graph.pushforward %y wrt %x tangents %x : (!c, !c, !c) -> !c
  // CHECK: graph.barrier
  %3:2 = graph.barrier %x, %y : !c, !c -> !c, !c
  // CHECK: graph.stop
  %4 = graph.stop %x : !c
  // CHECK: graph.check %{{.*}} "must hold" : tensor<i1>
  graph.check %p "must hold" : tensor<i1>
  // CHECK: graph.custom
  // CHECK: value {
  %5 = graph.custom %x : (!c) -> !c value {
  ^bb0(%a: !c):
    // CHECK: graph.extern "f"(%{{.*}})
    %f = graph.extern "f"(%a) : (!c) -> !c
    graph.yield %f : !c
  // CHECK: pullback {
  } pullback {
  ^bb0(%a: !c, %f: !c, %d: !c):
    graph.yield %d : !c
  }
  return
}
