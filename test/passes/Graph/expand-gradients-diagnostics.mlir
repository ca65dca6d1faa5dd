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

// -----

program.variable @M.a : tensor<f32> {init = 0.000000e+00 : f32, role = "param"}
program.variable @M.b : tensor<f32> {init = 0.000000e+00 : f32, role = "param"}
program.variable @M.c : tensor<f32> {init = 0.000000e+00 : f32, role = "param"}
program.variable @M.d : tensor<f32> {init = 0.000000e+00 : f32, role = "param"}
program.variable @M.e : tensor<f32> {init = 0.000000e+00 : f32, role = "param"}
program.variable @M.f : tensor<f32> {init = 0.000000e+00 : f32, role = "param"}
program.variable @M.g : tensor<f32> {init = 0.000000e+00 : f32, role = "param"}
// Weights are named, five at most, in one remark.
func.func @weights(%x: tensor<f32>, %a: tensor<f32> {program.load = @M.a}, %b: tensor<f32> {program.load = @M.b},
                   %c: tensor<f32> {program.load = @M.c}, %d: tensor<f32> {program.load = @M.d},
                   %e: tensor<f32> {program.load = @M.e}, %f: tensor<f32> {program.load = @M.f},
                   %g: tensor<f32> {program.load = @M.g})
    -> (tensor<f32>, tensor<f32>, tensor<f32>, tensor<f32>, tensor<f32>, tensor<f32>, tensor<f32>) {
  %y = math.exp %a : tensor<f32>
  // expected-remark @below {{the gradient is zero: its value does not depend on 'M.b', 'M.c', 'M.d', 'M.e', 'M.f' and 1 more}}
  %1:7 = graph.gradient %y wrt %a, %b, %c, %d, %e, %f, %g
      : (tensor<f32>, tensor<f32>, tensor<f32>, tensor<f32>, tensor<f32>, tensor<f32>, tensor<f32>, tensor<f32>)
      -> (tensor<f32>, tensor<f32>, tensor<f32>, tensor<f32>, tensor<f32>, tensor<f32>, tensor<f32>)
  return %1#0, %1#1, %1#2, %1#3, %1#4, %1#5, %1#6
      : tensor<f32>, tensor<f32>, tensor<f32>, tensor<f32>, tensor<f32>, tensor<f32>, tensor<f32>
}
