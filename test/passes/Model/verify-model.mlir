// RUN: lamina-opt %s --verify-model --verify-diagnostics --split-input-file

model.layer @Dense {
  model.param @kernel : tensor<4xf32> init 0.0 : f32
}
func.func @unknown_path(%d: !model.tree<@Dense>) {
  // expected-error @below {{layer 'Dense' has nothing at 'offset'}}
  %0 = model.leaf %d "offset" : !model.tree<@Dense> -> tensor<4xf32>
  return
}

// -----

// expected-note @below {{the layer is declared here}}
model.layer @Dense {
  model.param @kernel : tensor<4xf32> init 0.0 : f32
}
func.func @other_type(%d: !model.tree<@Dense>) {
  // expected-error @below {{'kernel' has the type 'tensor<4xf32>', not 'tensor<5xf32>'}}
  %0 = model.leaf %d "kernel" : !model.tree<@Dense> -> tensor<5xf32>
  return
}

// -----

model.layer @Inner {
  model.field @parts : !model.tree<@Leaf * 3>
}
model.layer @Leaf {
  model.param @w : tensor<4xf32> init 0.0 : f32
}
func.func @stack_of_stacks(%d: !model.tree<@Inner * 2>) {
  // A leaf of it has both numbers in front; the field itself is no value.
  %0 = model.leaf %d "parts.w" : !model.tree<@Inner * 2> -> tensor<2x3x4xf32>
  // expected-error @below {{'parts' is a stacked field of a stack, which has no type; name its leaves}}
  %1 = model.part %d @parts : !model.tree<@Inner * 2> -> !model.tree<@Leaf * 3>
  return
}

// -----

// expected-note @below {{the layer is declared here}}
model.layer @Dense {
}
func.func @no_function(%d: !model.tree<@Dense>) {
  // expected-error @below {{layer 'Dense' has no function 'call'}}
  model.call %d @call() : !model.tree<@Dense>, () -> ()
  return
}

// -----

// expected-error @below {{layer 'A' holds itself}}
model.layer @A {
  // expected-error @below {{field 'b' cannot be read}}
  model.field @b : !model.tree<@B>
}
model.layer @B {
  // expected-error @below {{field 'a' cannot be read}}
  model.field @a : !model.tree<@A>
}

// -----

model.layer @Dense {
  model.param @kernel : tensor<4xf32> init 0.0 : f32
}
// expected-error @below {{there is no variable 'net.kernel' for the weight 'kernel' of a tree}}
func.func private @no_variable(!model.tree<@Dense> {program.load = @net})

// -----

func.func @no_layer(%x: tensor<f32>) {
  // expected-error @below {{there is no layer 'Gone'}}
  %0 = model.pack %x : tensor<f32> -> !model.tree<@Gone>
  return
}
