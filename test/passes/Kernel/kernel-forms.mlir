// RUN: lamina-opt %s --split-input-file --pass-pipeline='builtin.module(func.func(kernel-place-scalars,kernel-form-clusters),convert-graph-to-kernel)' | FileCheck %s

// A part that is read by the digits of one of its axes is written by them.
// CHECK-LABEL: func @turned_part
// CHECK: kernel.func map @turned_part.map
// CHECK: %[[S:.*]] = tensor.extract_slice {{.*}} to tensor<4x6xf32>
// CHECK: %[[E:.*]] = tensor.expand_shape %[[S]] {{.*}} : tensor<4x6xf32> into tensor<4x3x2xf32>
// CHECK: %[[G:.*]] = linalg.generic {{.*}} outs(%[[E]]
// CHECK: %[[C:.*]] = tensor.collapse_shape %[[G]]
// CHECK: tensor.insert_slice %[[C]]
func.func @turned_part(%x: tensor<4x2x3xf32>, %y: tensor<4x5xf32>) -> tensor<4x11xf32> {
  %t = graph.transpose %x order [0, 2, 1] : tensor<4x2x3xf32> -> tensor<4x3x2xf32>
  %r = graph.reshape %t : tensor<4x3x2xf32> -> tensor<4x6xf32>
  %z = graph.concat %y, %r axis 1 : tensor<4x5xf32>, tensor<4x6xf32> -> tensor<4x11xf32>
  return %z : tensor<4x11xf32>
}

// -----

// How many positions lie below a length: no tensor has the axis they run along.
// CHECK-LABEL: func @count
// CHECK: kernel.func row @count.row
// CHECK: %[[T:.*]] = kernel.size
// CHECK: tensor.empty(%[[T]])
func.func @count(%length: tensor<?xi32, #graph.dims<b>>) -> tensor<?xf32, #graph.dims<b>> {
  %place = graph.iota axis 1 : tensor<?x?xi32, #graph.dims<b, t>>
  %end = graph.broadcast %length axes [0] : tensor<?xi32, #graph.dims<b>> -> tensor<?x?xi32, #graph.dims<b, t>>
  %inside = arith.cmpi slt, %place, %end : tensor<?x?xi32, #graph.dims<b, t>>
  %one = arith.uitofp %inside : tensor<?x?xi1, #graph.dims<b, t>> to tensor<?x?xf32, #graph.dims<b, t>>
  %n = graph.reduce sum %one axes [1] : tensor<?x?xf32, #graph.dims<b, t>> -> tensor<?xf32, #graph.dims<b>>
  return %n : tensor<?xf32, #graph.dims<b>>
}

// -----

// A table that a loop reads row by row gets a place.
// CHECK-LABEL: func @table
// CHECK: %[[T:.*]] = kernel.launch @table.map
// CHECK: kernel.loop {{.*}}over(%[[T]]
func.func @table(%x: tensor<4xf32>) -> tensor<4xf32> {
  %table = arith.constant dense<[[1.0, 2.0, 3.0, 4.0], [5.0, 6.0, 7.0, 8.0]]> : tensor<2x4xf32>
  %y = graph.scan %i < 2 init(%h = %x : tensor<4xf32>) over(%row = %table : tensor<2x4xf32>) {
    %s = arith.mulf %h, %row : tensor<4xf32>
    graph.yield %s : tensor<4xf32>
  }
  return %y : tensor<4xf32>
}

// -----

// A row that data decides, of axes that are split otherwise in memory: the
// place is divided.
// CHECK-LABEL: func @regrouped
// CHECK: kernel.func map @regrouped.map
// CHECK: %[[P:.*]] = arith.addi
// CHECK: %[[I:.*]] = arith.remsi %[[P]]
// CHECK: %[[O:.*]] = arith.floordivsi %[[P]]
// CHECK: tensor.extract %{{.*}}[%{{.*}}, %[[I]]] : tensor<2x12xf32>
func.func @regrouped(%x: tensor<2x12xf32>, %ids: tensor<5xi32>) -> tensor<5x3xf32> {
  %r = graph.reshape %x : tensor<2x12xf32> -> tensor<8x3xf32>
  %y = graph.gather %r at %ids axis 0 batch 0 : tensor<8x3xf32>, tensor<5xi32> -> tensor<5x3xf32>
  return %y : tensor<5x3xf32>
}

// -----

// A window has zeros around its operand; the residual behind it reads the
// operand without. What the other operand is a view of is copied.
// CHECK-LABEL: func @residual_window
// CHECK: kernel.launch @residual_window.map
// CHECK: kernel.launch @residual_window.contract
// CHECK: kernel.func contract @residual_window.contract
// CHECK: ^bb0(%[[X:.*]]: tensor<?x7xf32>, %[[W:.*]]: tensor<3xf32>, %[[Y:.*]]: tensor<?x7xf32>, %{{.*}}: tensor<?x7xf32>)
// CHECK: %[[P:.*]] = tensor.pad %[[X]]
// CHECK: %[[S:.*]] = linalg.generic {{.*}} ins(%[[P]], %[[W]]
// CHECK: linalg.generic {{.*}} ins(%[[Y]] : {{.*}}) outs(%[[S]]
func.func @residual_window(%x: tensor<?x7xf32, #graph.dims<b>>, %v: tensor<f32>) -> tensor<?x7xf32, #graph.dims<b>> {
  %w = graph.broadcast %v axes [] : tensor<f32> -> tensor<3xf32>
  %y = graph.contract %x, %w maps [affine_map<(b, t, u) -> (b, t + u - 1)>, affine_map<(b, t, u) -> (u)>, affine_map<(b, t, u) -> (b, t)>] : tensor<?x7xf32, #graph.dims<b>>, tensor<3xf32> -> tensor<?x7xf32, #graph.dims<b>>
  %r = arith.addf %y, %x : tensor<?x7xf32, #graph.dims<b>>
  return %r : tensor<?x7xf32, #graph.dims<b>>
}

// -----

// A row that is walked twice keeps no element that it reads at another place
// than its own: it is computed again there.
// CHECK-LABEL: func @read_elsewhere
// CHECK: %[[S:.*]] = kernel.launch @read_elsewhere.row ins(
// CHECK-NEXT: return %[[S]]
// CHECK: kernel.func row @read_elsewhere.row
// CHECK-COUNT-2: math.exp
func.func @read_elsewhere(%x: tensor<?x3xf32, #graph.dims<b>>, %ids: tensor<3xi32>) -> tensor<?xf32, #graph.dims<b>> {
  %e = math.exp %x : tensor<?x3xf32, #graph.dims<b>>
  %g = graph.gather %e at %ids axis 1 batch 0 : tensor<?x3xf32, #graph.dims<b>>, tensor<3xi32> -> tensor<?x3xf32, #graph.dims<b>>
  %m = graph.reduce max %g axes [1] : tensor<?x3xf32, #graph.dims<b>> -> tensor<?xf32, #graph.dims<b>>
  %mb = graph.broadcast %m axes [0] : tensor<?xf32, #graph.dims<b>> -> tensor<?x3xf32, #graph.dims<b>>
  %h = arith.mulf %g, %mb : tensor<?x3xf32, #graph.dims<b>>
  %s = graph.reduce sum %h axes [1] : tensor<?x3xf32, #graph.dims<b>> -> tensor<?xf32, #graph.dims<b>>
  return %s : tensor<?xf32, #graph.dims<b>>
}

// -----

// Of the padded operand only the axis that one place walks is cut: the other
// one keeps its zeros.
// CHECK-LABEL: func @one_place
// CHECK: kernel.func contract @one_place.contract
// CHECK: %[[P:.*]] = tensor.pad
// CHECK: } : tensor<?x4x11xf32> to tensor<?x5x15xf32>
// CHECK: tensor.extract_slice %[[P]][0, 0, 0] [%{{.*}}, %{{.*}}, 15] [1, 1, 1]
func.func @one_place(%x: tensor<?x4x11xf32, #graph.dims<b>>, %w: tensor<5x3x5xf32>) -> tensor<?x1x7x5xf32, #graph.dims<b>> {
  %y = graph.contract %x, %w maps [affine_map<(b, p, q, o, u, v) -> (b, p + u - 1, q * 2 + v - 2)>, affine_map<(b, p, q, o, u, v) -> (u, v, o)>, affine_map<(b, p, q, o, u, v) -> (b, p, q, o)>] : tensor<?x4x11xf32, #graph.dims<b>>, tensor<5x3x5xf32> -> tensor<?x1x7x5xf32, #graph.dims<b>>
  return %y : tensor<?x1x7x5xf32, #graph.dims<b>>
}
