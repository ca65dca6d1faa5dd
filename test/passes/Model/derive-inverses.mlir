// RUN: lamina-opt %s --model-derive-inverses --verify-model --convert-model-to-graph --canonicalize --cse --split-input-file | FileCheck %s

// h = (c + exp(a), a): the parts of the result are split, the known half is computed, the other solved, x joined. The
// loop over copies runs backwards; the scale behind it is divided out first.
// CHECK-LABEL: func.func @back
// CHECK-SAME:    %[[SCALE:[^:]*]]: tensor<2xf32>, %[[Z:[^:]*]]: tensor<?x2xf32, #graph.dims<b>>
// CHECK:         %[[S:.*]] = graph.broadcast %[[SCALE]] axes [1]
// CHECK:         %[[H:.*]] = arith.divf %[[Z]], %[[S]]
// CHECK:         %[[X:.*]] = graph.scan %{{.*}} < 3 reverse init(%[[Y:.*]] = %[[H]]
// CHECK-DAG:       %[[A:.*]] = graph.slice %[[Y]] start [0, 1] step [1, 1]
// CHECK-DAG:       %[[SUM:.*]] = graph.slice %[[Y]] start [0, 0] step [1, 1]
// CHECK-DAG:       %[[E:.*]] = math.exp %[[A]]
// CHECK:           %[[C:.*]] = arith.subf %[[SUM]], %[[E]]
// CHECK:           %[[W:.*]] = graph.concat %[[A]], %[[C]] axis 1
// CHECK:           graph.yield %[[W]]
// CHECK:         return %[[X]]

// The couplings contribute nothing; the scale log |s| for each element.
// CHECK-LABEL: func.func @volume
// CHECK:         %[[S:.*]] = graph.broadcast %arg0 axes [1]
// CHECK:         %[[ABS:.*]] = math.absf %[[S]]
// CHECK:         %[[LOG:.*]] = math.log %[[ABS]]
// CHECK:         graph.reduce sum %[[LOG]] axes [1] : {{.*}} -> tensor<?xf32, #graph.dims<b>>
!x = tensor<?x2xf32, #graph.dims<b>>   !h = tensor<?x1xf32, #graph.dims<b>>
model.layer @Additive {
  func.func @call(%self: !model.tree<@Additive>, %x: !x) -> !x {
    %a = graph.slice %x start [0, 0] step [1, 1] : !x -> !h
    %c = graph.slice %x start [0, 1] step [1, 1] : !x -> !h
    %m = math.exp %a : !h
    %s = arith.addf %c, %m : !h
    %y = graph.concat %s, %a axis 1 : !h, !h -> !x
    return %y : !x
  }
}
model.layer @Net {
  model.field @flow : !model.tree<@Additive * 3>
  model.param @scale : tensor<2xf32> init 1.0 : f32
  func.func @call(%self: !model.tree<@Net>, %x: !x) -> !x {
    %flow = model.part %self @flow : !model.tree<@Net> -> !model.tree<@Additive * 3>
    %h = graph.scan %i < 3 init(%u = %x : !x) over(%f = %flow : !model.tree<@Additive * 3>) {
      %v = model.call %f @call(%u) : !model.tree<@Additive>, (!x) -> !x
      graph.yield %v : !x
    }
    %s = model.leaf %self "scale" : !model.tree<@Net> -> tensor<2xf32>
    %w = graph.broadcast %s axes [1] : tensor<2xf32> -> !x
    %y = arith.mulf %h, %w : !x
    return %y : !x
  }
}
func.func @back(%net: !model.tree<@Net>, %z: !x) -> !x {
  %x = model.inverse %net @call(%z) : !model.tree<@Net>, (!x) -> !x
  return %x : !x
}
func.func @volume(%net: !model.tree<@Net>, %x: !x) -> tensor<?xf32, #graph.dims<b>> {
  %d = model.log_det %net @call(%x) : !model.tree<@Net>, (!x) -> tensor<?xf32, #graph.dims<b>>
  return %d : tensor<?xf32, #graph.dims<b>>
}

// -----

// A product with a square matrix is undone by two substitutions; its determinant counts once for each position.
// CHECK-LABEL: func.func @mix
// CHECK:         %[[F:.*]], %[[P:.*]] = graph.lu
// CHECK:         %[[Y:.*]] = graph.gather %{{.*}} at %[[P]] axis 0 batch 0
// CHECK:         %[[V:.*]] = graph.triangular_solve left %[[F]], %[[Y]] lower unit
// CHECK:         graph.triangular_solve left %[[F]], %[[V]] :
// CHECK-LABEL: func.func @mix_volume
// CHECK:         graph.lu
// CHECK:         %[[N:.*]] = graph.size <t> : tensor<f32>
// CHECK:         arith.mulf %{{.*}}, %[[N]]
!x = tensor<?x?x4xf32, #graph.dims<b, t>>
model.layer @Mix {
  model.param @kernel : tensor<4x4xf32> init 1.0 : f32
  func.func @call(%self: !model.tree<@Mix>, %x: !x) -> !x {
    %w = model.leaf %self "kernel" : !model.tree<@Mix> -> tensor<4x4xf32>
    %y = graph.contract %x, %w maps [affine_map<(b, t, n, k) -> (b, t, k)>, affine_map<(b, t, n, k) -> (k, n)>, affine_map<(b, t, n, k) -> (b, t, n)>] : !x, tensor<4x4xf32> -> !x
    return %y : !x
  }
}
func.func @mix(%net: !model.tree<@Mix>, %z: !x) -> !x {
  %x = model.inverse %net @call(%z) : !model.tree<@Mix>, (!x) -> !x
  return %x : !x
}
func.func @mix_volume(%net: !model.tree<@Mix>, %x: !x) -> tensor<?xf32, #graph.dims<b>> {
  %d = model.log_det %net @call(%x) : !model.tree<@Mix>, (!x) -> tensor<?xf32, #graph.dims<b>>
  return %d : tensor<?xf32, #graph.dims<b>>
}
