// RUN: lamina-opt %s --verify-diagnostics --split-input-file

model.layer @layer_c1 {
  // expected-error @below {{'arith.constant' does not stand in a layer; params, states, fields and functions do}}
  %0 = arith.constant 0.0 : f32
}

// -----

model.layer @param_c1 {
  // expected-error @below {{has the initial value "zero", which is neither a number nor a function}}
  model.param @w : tensor<f32> init "zero"
}

// -----

// expected-error @below {{a tree cannot have -2 copies}}
func.func private @tree_c1(!model.tree<@Net * -2>)
