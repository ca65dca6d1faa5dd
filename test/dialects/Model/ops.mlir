// RUN: lamina-opt %s | lamina-opt | FileCheck %s

// CHECK-LABEL: model.layer @Dense.384 {
// CHECK:         model.param @kernel : tensor<384x384xf32> init @glorot_uniform.384.384
// CHECK:         model.param @offset : tensor<384xf32> init 0.000000e+00 : f32
// CHECK:         model.leaf %{{.*}} "kernel" : <@Dense.384> -> tensor<384x384xf32>
// CHECK-LABEL: model.layer @Block {
// CHECK:         model.field @up : !model.tree<@Dense.384>
// CHECK:         model.state @calls : tensor<f32> init 0.000000e+00 : f32
// CHECK:         model.part %{{.*}} @up : <@Block> -> <@Dense.384>
// CHECK:         model.call %{{.*}} @call(%{{.*}}) : <@Dense.384>,
// CHECK:         model.with %{{.*}} "calls" = %{{.*}} : <@Block>, tensor<f32>
// CHECK-LABEL: model.layer @Net {
// CHECK:         model.field @blocks : !model.tree<@Block * 6>
// CHECK:         graph.scan %{{.*}} < 6 init({{.*}}) over(%{{.*}} = %{{.*}} : !model.tree<@Block * 6>) stacks(!model.tree<@Block * 6>)
// CHECK:         graph.yield %{{.*}} : tensor<{{.*}}> stack %{{.*}} : !model.tree<@Block>
// CHECK:       graph.gradient %{{.*}} wrt %{{.*}} : (tensor<f32>, !model.tree<@Net>) -> !model.tree<@Net>
#x = affine_map<(b, n, k) -> (b, k)>   #w = affine_map<(b, n, k) -> (k, n)>   #y = affine_map<(b, n, k) -> (b, n)>
!x = tensor<?x384xf32, #graph.dims<b>>   !w = tensor<384x384xf32>   !v = tensor<384xf32>
!dense = !model.tree<@Dense.384>   !block = !model.tree<@Block>   !blocks = !model.tree<@Block * 6>   !net = !model.tree<@Net>
model.layer @Dense.384 {
  model.param @kernel : !w init @glorot_uniform.384.384
  model.param @offset : !v init 0.0 : f32
  func.func @call(%self: !dense, %x: !x) -> !x {
    %kernel = model.leaf %self "kernel" : !dense -> !w
    %offset = model.leaf %self "offset" : !dense -> !v
    %0 = graph.contract %x, %kernel maps [#x, #w, #y] : !x, !w -> !x
    %1 = graph.broadcast %offset axes [1] : !v -> !x
    %2 = arith.addf %0, %1 : !x
    return %2 : !x
  }
}
model.layer @Block {
  model.field @up : !dense
  model.field @down : !dense
  model.state @calls : tensor<f32> init 0.0 : f32
  func.func @call(%self: !block, %x: !x) -> (!x, !block) {
    %up = model.part %self @up : !block -> !dense
    %down = model.part %self @down : !block -> !dense
    %a = model.call %up @call(%x) : !dense, (!x) -> !x
    %t = math.tanh %a : !x
    %b = model.call %down @call(%t) : !dense, (!x) -> !x
    %y = arith.addf %x, %b : !x
    %n = model.leaf %self "calls" : !block -> tensor<f32>
    %one = arith.constant dense<1.0> : tensor<f32>
    %n1 = arith.addf %n, %one : tensor<f32>
    %new = model.with %self "calls" = %n1 : !block, tensor<f32>      // calls <- calls + 1
    return %y, %new : !x, !block
  }
}
model.layer @Net {
  model.field @blocks : !blocks
  model.field @head : !dense
  func.func @call(%self: !net, %x: !x) -> (!x, !net) {
    %blocks = model.part %self @blocks : !net -> !blocks
    %h, %new = graph.scan %layer < 6 init(%h = %x : !x) over(%block = %blocks : !blocks) stacks(!blocks) {
      %o, %b = model.call %block @call(%h) : !block, (!x) -> (!x, !block)
      graph.yield %o : !x stack %b : !block
    }
    %self2 = model.with %self "blocks" = %new : !net, !blocks
    %head = model.part %self @head : !net -> !dense
    %y = model.call %head @call(%h) : !dense, (!x) -> !x
    return %y, %self2 : !x, !net
  }
}
func.func private @cost(%y: !x) -> tensor<f32> {
  %sq = arith.mulf %y, %y : !x
  %l = graph.reduce sum %sq axes [0, 1] : !x -> tensor<f32>
  return %l : tensor<f32>
}
// (net - 0.1 * grad(cost, net))(x), one leaf of it: a path reaches through fields, a stacked field gives a stacked leaf
func.func @adapted(%net: !net, %x: !x) -> tensor<f32> {
  %y, %n1 = model.call %net @call(%x) : !net, (!x) -> (!x, !net)
  %l = func.call @cost(%y) : (!x) -> tensor<f32>
  %g = graph.gradient %l wrt %net : (tensor<f32>, !net) -> !net
  %w = model.leaf %net "blocks.up.kernel" : !net -> tensor<6x384x384xf32>
  %d = model.leaf %g "blocks.up.kernel" : !net -> tensor<6x384x384xf32>
  %rate = arith.constant dense<0.1> : tensor<6x384x384xf32>
  %s = arith.mulf %rate, %d : tensor<6x384x384xf32>
  %w1 = arith.subf %w, %s : tensor<6x384x384xf32>
  %net1 = model.with %net "blocks.up.kernel" = %w1 : !net, tensor<6x384x384xf32>
  %y1, %n2 = model.call %net1 @call(%x) : !net, (!x) -> (!x, !net)
  %l1 = func.call @cost(%y1) : (!x) -> tensor<f32>
  return %l1 : tensor<f32>
}

// CHECK-LABEL: func @other_ops
func.func @other_ops(%net: !net, %x: !x, %i: tensor<i64>, %rows: tensor<?xi32, #graph.dims<b>>) {
  // CHECK: model.phase : tensor<i1>
  %0 = model.phase : tensor<i1>
  // CHECK: model.key "noise" rounds(%{{.*}} : tensor<i64>) : tensor<2xi64>
  %1 = model.key "noise" rounds(%i : tensor<i64>) : tensor<2xi64>
  // CHECK: model.key "noise" : tensor<2xi64>
  %2 = model.key "noise" : tensor<2xi64>
  // CHECK: model.call %{{.*}} @call(%{{.*}}) path "2"
  %3:2 = model.call %net @call(%x) path "2" : !net, (!x) -> (!x, !net)
  // CHECK: model.inverse
  %4 = model.inverse %net @call(%x) : !net, (!x) -> !x
  // CHECK: model.log_det
  %5 = model.log_det %net @call(%x) : !net, (!x) -> tensor<?xf32, #graph.dims<b>>
  // CHECK: model.begin %{{.*}} @call(%{{.*}}) growing 0 axis 0 result_axis 0
  %run, %last = model.begin %net @call(%x) growing 0 axis 0 result_axis 0
      : !net, (!x) -> (!model.run<@Net, tensor<?x384xf32, #graph.dims<b + n>>>, !v)
  // CHECK: model.next %{{.*}} @call %{{.*}}, %{{.*}}() growing 0 axis 0 result_axis 0
  %run2, %last2 = model.next %net @call %run, %last() growing 0 axis 0 result_axis 0
      : !net, !model.run<@Net, tensor<?x384xf32, #graph.dims<b + n>>>, !v, () -> (!model.run<@Net, tensor<?x384xf32, #graph.dims<b + n>>>, !v)
  // CHECK: model.rows %{{.*}} at %{{.*}}
  %run3 = model.rows %run2 at %rows : !model.run<@Net, tensor<?x384xf32, #graph.dims<b + n>>>, tensor<?xi32, #graph.dims<b>> -> !model.run<@Net, tensor<?x384xf32, #graph.dims<b + n>>>
  return
}
