// RUN: lamina-opt %s --graph-expand-gradients --verify-diagnostics --split-input-file --mlir-print-op-on-diagnostic=false

func.func @another_branch(%p: tensor<i1>, %x: tensor<f32>) -> tensor<f32> {
  %y = math.exp %x : tensor<f32>
  // expected-note @below {{the value comes in here}}
  %0 = graph.cond %p with(%a = %y : tensor<f32>, %b = %x : tensor<f32>) -> tensor<f32> {
    // expected-error @+2 {{the gradient is asked for in another loop or branch than its value}}
    // expected-note @below {{ask for it where the value is computed}}
    %1 = graph.gradient %a wrt %b : (tensor<f32>, tensor<f32>) -> tensor<f32>
    graph.yield %1 : tensor<f32>
  } else(%a, %b) {
    graph.yield %b : tensor<f32>
  }
  return %0 : tensor<f32>
}

// -----

func.func @no_rule(%x: tensor<4xf32>) -> tensor<4xf32> {
  // expected-error @below {{'graph.extern' has no derivative}}
  %y = graph.extern "f"(%x) : (tensor<4xf32>) -> tensor<4xf32>
  %1 = graph.gradient %y wrt %x : (tensor<4xf32>, tensor<4xf32>) -> tensor<4xf32>
  return %1 : tensor<4xf32>
}

// -----

// expected-note @below {{what it is asked for}}
func.func @unreached(%x: tensor<f32>, %y: tensor<f32>) -> tensor<f32> {
  %e = math.exp %x : tensor<f32>
  // expected-remark @below {{the gradient is zero: its value does not depend on this}}
  %1 = graph.gradient %e wrt %y : (tensor<f32>, tensor<f32>) -> tensor<f32>
  return %1 : tensor<f32>
}
