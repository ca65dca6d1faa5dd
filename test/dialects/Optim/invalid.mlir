// RUN: lamina-opt %s --verify-diagnostics --split-input-file

// expected-error @below {{'step' has arguments of types ('tensor<4xf32>'), but they should be ('tensor<4xf32>', 'tensor<4xf32>', 'tensor<f32>', 'tensor<i64>')}}
optim.stage @stage_c1 for tensor<4xf32> step {
^bb0(%g: tensor<4xf32>):
  optim.yield %g : tensor<4xf32>
}

// -----

optim.stage @stage_c2 for tensor<4xf32> slots(m = 0.0 : f32 : tensor<4xf32>) step {
^bb0(%g: tensor<4xf32>, %w: tensor<4xf32>, %rate: tensor<f32>, %t: tensor<i64>, %m: tensor<4xf32>):
  // expected-error @below {{gives 0 slots, the stage has 1}}
  optim.yield %g : tensor<4xf32>
}

// -----

optim.stage @stage_c2_after for tensor<4xf32> step {
^bb0(%g: tensor<4xf32>, %w: tensor<4xf32>, %rate: tensor<f32>, %t: tensor<i64>):
  optim.yield %g : tensor<4xf32>
} after {
^bb0(%w: tensor<4xf32>, %rate: tensor<f32>, %t: tensor<i64>):
  // expected-error @below {{of 'after' sets a rate or a pass}}
  optim.yield %w rate %rate : tensor<4xf32>, tensor<f32>
}

// -----

// expected-error @below {{has a row that is not one stage or unit for each of the 2 leaves}}
optim.pipeline @pipeline_c1 leaves ["a", "b"] stacked [false, false] stages [[unit]]

// -----

optim.stage @s for tensor<4xf32> step {
^bb0(%g: tensor<4xf32>, %w: tensor<4xf32>, %rate: tensor<f32>, %t: tensor<i64>):
  optim.yield %g : tensor<4xf32>
}
optim.pipeline @p leaves ["a"] stacked [false] stages [[@s]]
func.func @apply_c1(%w: tensor<4xf32>) {
  // expected-error @below {{has 0 counters, its pipeline has 1}}
  %0 = optim.apply @p weights(%w : tensor<4xf32>) gradients(%w : tensor<4xf32>) -> tensor<4xf32>
  return
}
