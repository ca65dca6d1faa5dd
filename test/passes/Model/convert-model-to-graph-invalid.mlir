// RUN: lamina-opt %s --convert-model-to-graph --verify-diagnostics --split-input-file

model.layer @Net {
  // expected-note @below {{it is declared here}}
  func.func @call(%self: !model.tree<@Net>, %x: tensor<f32>) -> tensor<f32> {
    // expected-error @below {{'call' calls itself}}
    %0 = model.call %self @call(%x) : !model.tree<@Net>, (tensor<f32>) -> tensor<f32>
    return %0 : tensor<f32>
  }
}
func.func @recursive(%net: !model.tree<@Net>, %x: tensor<f32>) -> tensor<f32> {
  %0 = model.call %net @call(%x) : !model.tree<@Net>, (tensor<f32>) -> tensor<f32>
  return %0 : tensor<f32>
}

// -----

model.layer @Net {
  func.func @call(%self: !model.tree<@Net>, %x: tensor<f32>) -> tensor<f32> {
    return %x : tensor<f32>
  }
}
func.func @inverse(%net: !model.tree<@Net>, %x: tensor<f32>) -> tensor<f32> {
  // expected-error @below {{'model.inverse' is still here; it has no pass that derives it for this function}}
  %0 = model.inverse %net @call(%x) : !model.tree<@Net>, (tensor<f32>) -> tensor<f32>
  return %0 : tensor<f32>
}

// -----

model.layer @Net {
  model.param @w : tensor<f32> init 0.0 : f32
}
// expected-note @below {{the variable is declared here}}
program.variable @net.w : tensor<4xf32> {role = "param", init = 0.0 : f32}
// expected-error @below {{weight 'w' is 'tensor<f32>', but its variable is 'tensor<4xf32>'}}
func.func @other_variable(%net: !model.tree<@Net> {program.load = @net}) {
  return
}
