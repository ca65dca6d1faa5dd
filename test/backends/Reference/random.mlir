// Keys and draws as docs/random.md says.
// RUN: lamina-reference %s --size n=2 | FileCheck %s

// The published vector of Philox4x32-10: key 0, counter 0.
// CHECK: @bits: [1713891541, -513161843, -1135104948, -1694442536]
func.func @bits() -> tensor<4xi32> {
  %key = arith.constant dense<0> : tensor<2xi64>
  %0 = graph.random bits %key : tensor<2xi64> -> tensor<4xi32>
  return %0 : tensor<4xi32>
}
// CHECK: @uniform: [0.399046, 0.88052, 0.735713, 0.605482]
func.func @uniform() -> tensor<4xf32> {
  %key = arith.constant dense<0> : tensor<2xi64>
  %0 = graph.random uniform %key : tensor<2xi64> -> tensor<4xf32>
  return %0 : tensor<4xf32>
}
// An offset of 2 begins with the third element.
// CHECK: @offset: [0.735713, 0.605482]
func.func @offset() -> tensor<2xf32> {
  %key = arith.constant dense<0> : tensor<2xi64>
  %two = arith.constant dense<2> : tensor<i64>
  %0 = graph.random uniform %key offset %two : tensor<2xi64>, tensor<i64> -> tensor<2xf32>
  return %0 : tensor<2xf32>
}
// An axis that counts 2: the second row begins at element 2, as if not padded.
// CHECK: @count: [0.399046, 0.88052, 0.735713, 0.735713, 0.605482, 0.972241]
func.func @count() -> tensor<2x3xf32> {
  %key = arith.constant dense<0> : tensor<2xi64>
  %0 = graph.random uniform %key count [0, 2] : tensor<2xi64> -> tensor<2x3xf32>
  return %0 : tensor<2x3xf32>
}
// CHECK: @normal: [0.991137, -0.924663, -0.617609, -0.482068]
func.func @normal() -> tensor<4xf32> {
  %key = arith.constant dense<0> : tensor<2xi64>
  %0 = graph.random normal %key : tensor<2xi64> -> tensor<4xf32>
  return %0 : tensor<4xf32>
}
// A stack of keys draws for each of them.
// CHECK: @stack_of_keys: [0.399046, 0.88052, 0.399046, 0.88052]
func.func @stack_of_keys() -> tensor<2x2xf32> {
  %key = arith.constant dense<0> : tensor<2x2xi64>
  %0 = graph.random uniform %key : tensor<2x2xi64> -> tensor<2x2xf32>
  return %0 : tensor<2x2xf32>
}
// The rounds of a loop draw what a stack of keys draws.
// CHECK: @rounds: [0, 0, 0, 0]
func.func @rounds() -> tensor<?x2xf32, #graph.dims<n>> {
  %key = arith.constant dense<7> : tensor<2xi64>
  %a = graph.scan %i < n with(%k = %key : tensor<2xi64>) stacks(tensor<?x2xf32, #graph.dims<n>>) {
    %r = graph.key %k, %i : tensor<2xi64>, tensor<i64>
    %d = graph.random normal %r : tensor<2xi64> -> tensor<2xf32>
    graph.yield stack %d : tensor<2xf32>
  }
  %keys = graph.broadcast %key axes [1] : tensor<2xi64> -> tensor<?x2xi64, #graph.dims<n>>
  %n = graph.iota axis 0 : tensor<?xi64, #graph.dims<n>>
  %rs = graph.key %keys, %n : tensor<?x2xi64, #graph.dims<n>>, tensor<?xi64, #graph.dims<n>>
  %b = graph.random normal %rs : tensor<?x2xi64, #graph.dims<n>> -> tensor<?x2xf32, #graph.dims<n>>
  %0 = arith.subf %a, %b : tensor<?x2xf32, #graph.dims<n>>
  return %0 : tensor<?x2xf32, #graph.dims<n>>
}
