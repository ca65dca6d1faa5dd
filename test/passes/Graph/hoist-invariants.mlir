// RUN: lamina-opt %s --graph-hoist-invariants --split-input-file | FileCheck %s

// CHECK-LABEL: func @moves_what_all_rounds_compute
// CHECK:         %[[S:.*]] = math.sqrt %arg1 : tensor<f32>
// CHECK:         graph.scan {{.*}} with({{.*}}%[[W:.*]] = %[[S]] : tensor<f32>)
// CHECK-NEXT:      graph.broadcast %[[W]]
// CHECK-NOT:       math.sqrt
func.func @moves_what_all_rounds_compute(%x: tensor<4xf32>, %r: tensor<f32>) -> tensor<4xf32> {
  %0 = graph.scan %i < 6 init(%a = %x : tensor<4xf32>) with(%w = %r : tensor<f32>) {
    %s = math.sqrt %w : tensor<f32>
    %b = graph.broadcast %s axes [] : tensor<f32> -> tensor<4xf32>
    %e = arith.mulf %a, %b : tensor<4xf32>
    graph.yield %e : tensor<4xf32>
  }
  return %0 : tensor<4xf32>
}

// -----

// Out of both loops.
// CHECK-LABEL: func @moves_out_of_several_loops
// CHECK-NEXT:    math.exp
// CHECK-NEXT:    graph.scan
func.func @moves_out_of_several_loops(%x: tensor<4xf32>, %r: tensor<4xf32>) -> tensor<4xf32> {
  %0 = graph.scan %i < 6 init(%a = %x : tensor<4xf32>) with(%w = %r : tensor<4xf32>) {
    %1 = graph.scan %j < 6 init(%c = %a : tensor<4xf32>) with(%v = %w : tensor<4xf32>) {
      %s = math.exp %v : tensor<4xf32>
      %e = arith.mulf %c, %s : tensor<4xf32>
      graph.yield %e : tensor<4xf32>
    }
    graph.yield %1 : tensor<4xf32>
  }
  return %0 : tensor<4xf32>
}

// -----

// What is larger than what it is made of is made again.
// CHECK-LABEL: func @keeps_what_would_cost_memory
// CHECK-NEXT:    graph.scan
func.func @keeps_what_would_cost_memory(%x: tensor<40x40xf32>, %r: tensor<40xf32>) -> tensor<40x40xf32> {
  %0 = graph.scan %i < 6 init(%a = %x : tensor<40x40xf32>) with(%w = %r : tensor<40xf32>) {
    %p = graph.broadcast %w axes [0] : tensor<40xf32> -> tensor<40x40xf32>
    %q = graph.broadcast %w axes [1] : tensor<40xf32> -> tensor<40x40xf32>
    %m = arith.mulf %p, %q : tensor<40x40xf32>
    %e = arith.mulf %a, %m : tensor<40x40xf32>
    graph.yield %e : tensor<40x40xf32>
  }
  return %0 : tensor<40x40xf32>
}
