// RUN: lamina-opt %s --verify-graph --verify-diagnostics --split-input-file

program.dim @b in 1 to 4 usually 2
func.func @good(%x: tensor<?xf32, #graph.dims<b>>) -> tensor<f32> {
  %0 = graph.reduce sum %x axes [0] : tensor<?xf32, #graph.dims<b>> -> tensor<f32>
  return %0 : tensor<f32>
}

// -----

// expected-error @below {{'model.layer' has no place in GRAPH}}
model.layer @Dense {
}

// -----

func.func @gradient(%x: tensor<f32>) {
  // expected-error @below {{'graph.gradient' is still here; gradients are expanded before this}}
  %0 = graph.gradient %x wrt %x : (tensor<f32>, tensor<f32>) -> tensor<f32>
  return
}

// -----

func.func @call(%x: tensor<f32>) {
  // expected-error @below {{calls are inlined before this}}
  func.call @call(%x) : (tensor<f32>) -> ()
  return
}

// -----

func.func @scalar() {
  // expected-error @below {{gives 'f32', which is no tensor}}
  %0 = arith.constant 0.0 : f32
  return
}

// -----

func.func @unnamed(%x: tensor<?xf32>) {
  // expected-error @below {{gives 'tensor<?xf32>', where a '?' has no name}}
  %0 = arith.addf %x, %x : tensor<?xf32>
  return
}

// -----

func.func @upstream(%x: tensor<4xf32>, %i: index) {
  // expected-error @below {{'tensor.extract' has no place in GRAPH}}
  %0 = tensor.extract %x[%i] : tensor<4xf32>
  return
}
