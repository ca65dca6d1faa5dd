// RUN: lamina-opt %s --verify-model --convert-model-to-graph --canonicalize --split-input-file | FileCheck %s

// A tree is its leaves: one argument for each, bound to the variable of its path, in order of declaration. Arguments
// that follow keep their attributes. What is stored as it was loaded is no result.
// CHECK-LABEL: func.func @step
// CHECK-SAME:    %[[UP:[^:]*]]: tensor<4x4xf32> {program.load = @net.up.kernel}
// CHECK-SAME:    %[[CALLS:[^:]*]]: tensor<f32> {program.load = @net.up.calls}
// CHECK-SAME:    %[[GAIN:[^:]*]]: tensor<4xf32> {program.load = @net.gain}
// CHECK-SAME:    %[[X:[^:]*]]: tensor<?x4xf32, #graph.dims<b>> {program.batch = "x"}
// CHECK-SAME:    -> (tensor<f32> {program.store = @net.up.calls}, tensor<?x4xf32, #graph.dims<b>> {program.output = "y"})
// CHECK:         %[[C:.*]] = graph.contract %[[X]], %[[UP]]
// CHECK:         %[[N:.*]] = arith.addf %[[CALLS]]
// CHECK:         %[[G:.*]] = graph.broadcast %[[GAIN]]
// CHECK:         %[[Y:.*]] = arith.mulf %[[C]], %[[G]]
// CHECK:         return %[[N]], %[[Y]]
// CHECK-NOT:   model.
!x = tensor<?x4xf32, #graph.dims<b>>
model.layer @Up {
  model.param @kernel : tensor<4x4xf32> init 0.0 : f32
  model.state @calls : tensor<f32> init 0.0 : f32
  func.func @call(%self: !model.tree<@Up>, %x: !x) -> (!x, !model.tree<@Up>) {
    %w = model.leaf %self "kernel" : !model.tree<@Up> -> tensor<4x4xf32>
    %y = graph.contract %x, %w maps [affine_map<(m, n, k) -> (m, k)>, affine_map<(m, n, k) -> (k, n)>, affine_map<(m, n, k) -> (m, n)>] : !x, tensor<4x4xf32> -> !x
    %n = model.leaf %self "calls" : !model.tree<@Up> -> tensor<f32>
    %one = arith.constant dense<1.0> : tensor<f32>
    %m = arith.addf %n, %one : tensor<f32>
    %new = model.with %self "calls" = %m : !model.tree<@Up>, tensor<f32>
    return %y, %new : !x, !model.tree<@Up>
  }
}
model.layer @Net {
  model.field @up : !model.tree<@Up>
  model.param @gain : tensor<4xf32> init 1.0 : f32
  func.func @call(%self: !model.tree<@Net>, %x: !x) -> (!x, !model.tree<@Net>) {
    %up = model.part %self @up : !model.tree<@Net> -> !model.tree<@Up>
    %h, %new = model.call %up @call(%x) : !model.tree<@Up>, (!x) -> (!x, !model.tree<@Up>)
    %self2 = model.with %self "up" = %new : !model.tree<@Net>, !model.tree<@Up>
    %g = model.leaf %self "gain" : !model.tree<@Net> -> tensor<4xf32>
    %b = graph.broadcast %g axes [1] : tensor<4xf32> -> !x
    %y = arith.mulf %h, %b : !x
    return %y, %self2 : !x, !model.tree<@Net>
  }
}
program.variable @net.up.kernel : tensor<4x4xf32> {role = "param", init = 0.0 : f32}
program.variable @net.up.calls : tensor<f32> {role = "state", init = 0.0 : f32}
program.variable @net.gain : tensor<4xf32> {role = "param", init = 1.0 : f32}
func.func @step(%net: !model.tree<@Net> {program.load = @net}, %x: !x {program.batch = "x"})
    -> (!model.tree<@Net> {program.store = @net}, !x {program.output = "y"}) attributes {program.entry = "step"} {
  %y, %new = model.call %net @call(%x) : !model.tree<@Net>, (!x) -> (!x, !model.tree<@Net>)
  return %new, %y : !model.tree<@Net>, !x
}

// -----

// The key of a draw: its path without numbers (FNV-1a of "blocks.noise"), the number of the copy, the round.
// CHECK-LABEL: func.func @noisy
// CHECK-SAME:    %[[KEY:[^:]*]]: tensor<2xi64> {program.scalar = "key"}
// CHECK:         graph.scan %{{.*}} < 5 {{.*}} with(%{{.*}} = %[[KEY]] : tensor<2xi64>
// CHECK:           graph.scan %[[COPY:.*]] < 3 init({{.*}}) with(%[[ROUND:.*]] = %{{.*}} : tensor<i64>, %[[K:.*]] = %{{.*}} : tensor<2xi64>)
// CHECK:             %[[HASH:.*]] = arith.constant dense<-4738177975558138717> : tensor<i64>
// CHECK:             %[[K1:.*]] = graph.key %[[K]], %[[HASH]]
// CHECK:             %[[K2:.*]] = graph.key %[[K1]], %[[COPY]]
// CHECK:             %[[K3:.*]] = graph.key %[[K2]], %[[ROUND]]
// CHECK:             graph.random normal %[[K3]]
!v = tensor<4xf32>
model.layer @Block {
  func.func @call(%self: !model.tree<@Block>, %x: !v) -> !v {
    %k = model.key "noise" : tensor<2xi64>
    %n = graph.random normal %k : tensor<2xi64> -> !v
    %y = arith.addf %x, %n : !v
    return %y : !v
  }
}
model.layer @Net {
  model.field @blocks : !model.tree<@Block * 3>
  func.func @call(%self: !model.tree<@Net>, %x: !v) -> !v {
    %blocks = model.part %self @blocks : !model.tree<@Net> -> !model.tree<@Block * 3>
    %y = graph.scan %i < 3 init(%h = %x : !v) over(%b = %blocks : !model.tree<@Block * 3>) {
      %o = model.call %b @call(%h) : !model.tree<@Block>, (!v) -> !v
      graph.yield %o : !v
    }
    return %y : !v
  }
}
func.func @noisy(%net: !model.tree<@Net> {program.load = @""}, %x: !v) -> !v {
  %y = graph.scan %i < 5 init(%h = %x : !v) with(%n = %net : !model.tree<@Net>) {
    %o = model.call %n @call(%h) : !model.tree<@Net>, (!v) -> !v
    graph.yield %o : !v
  }
  return %y : !v
}

// -----

// A gradient by a tree is by its params; states come from the tree itself. A branch hands on what it leaves alone.
// CHECK-LABEL: func.func @learn
// CHECK-SAME:    %[[P:[^:]*]]: tensor<4xf32>, %[[W:[^:]*]]: tensor<f32>, %[[S:[^:]*]]: tensor<4xf32>
// CHECK:         graph.gradient %{{.*}} wrt %[[W]], %[[S]] : (tensor<f32>, tensor<f32>, tensor<4xf32>)
// CHECK:         %[[NEW:.*]] = graph.cond
// CHECK:         return %[[P]], %[[NEW]], %{{.*}}
!v = tensor<4xf32>
!net = !model.tree<@Net>
model.layer @Net {
  model.state @seen : !v init 0.0 : f32
  model.param @scale : tensor<f32> init 1.0 : f32
  model.param @shift : !v init 0.0 : f32
}
func.func @learn(%net: !net, %loss: tensor<f32>, %p: tensor<i1>) -> (!net, tensor<f32>) {
  %g = graph.gradient %loss wrt %net : (tensor<f32>, !net) -> !net
  %d = model.leaf %g "scale" : !net -> tensor<f32>
  %new = graph.cond %p with(%n = %net : !net, %s = %d : tensor<f32>) -> !net {
    %m = model.with %n "scale" = %s : !net, tensor<f32>
    graph.yield %m : !net
  } else(%n, %s) {
    graph.yield %n : !net
  }
  return %new, %d : !net, tensor<f32>
}
