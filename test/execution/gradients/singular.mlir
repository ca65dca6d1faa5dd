// Points without a derivative have a chosen one, and nothing becomes NaN.
// RUN: lamina-reference %s | FileCheck %s
// RUN: lamina-reference %s --then=canonicalize,cse,graph-prune-scan,graph-simplify,canonicalize,cse | FileCheck %s

!s = tensor<f64>

// sqrt, |x|, x^0.5 and the norm of a zero vector: 0; twice as well.
// CHECK: @norm_at_zero: 0
// CHECK: @norm_at_zero: [0, 0]
// CHECK: @norm_at_zero: [0, 0]
func.func @norm_at_zero() -> (!s, tensor<2xf64>, tensor<2xf64>) {
  %x = arith.constant dense<0.0> : tensor<2xf64>
  %b = graph.barrier %x : tensor<2xf64> -> tensor<2xf64>
  %q = arith.mulf %b, %b : tensor<2xf64>
  %s = graph.reduce sum %q axes [0] : tensor<2xf64> -> !s
  %n = math.sqrt %s : !s
  %g = graph.gradient %n wrt %b : (!s, tensor<2xf64>) -> tensor<2xf64>
  %gg = graph.gradient %g wrt %b : (tensor<2xf64>, tensor<2xf64>) -> tensor<2xf64>
  return %n, %g, %gg : !s, tensor<2xf64>, tensor<2xf64>
}
// CHECK: @abs_and_powers_at_zero: [0, 0, 0]
func.func @abs_and_powers_at_zero() -> tensor<3xf64> {
  %x = arith.constant dense<0.0> : !s
  %b = graph.barrier %x : !s -> !s
  %half = arith.constant dense<0.5> : !s
  %a = math.absf %b : !s
  %p = math.powf %b, %half : !s
  %r = math.cbrt %b : !s
  %ga = graph.gradient %a wrt %b : (!s, !s) -> !s
  %gp = graph.gradient %p wrt %b : (!s, !s) -> !s
  %gr = graph.gradient %r wrt %b : (!s, !s) -> !s
  %v0 = graph.reshape %ga : !s -> tensor<1xf64>
  %v1 = graph.reshape %gp : !s -> tensor<1xf64>
  %v2 = graph.reshape %gr : !s -> tensor<1xf64>
  %v = graph.concat %v0, %v1, %v2 axis 0 : tensor<1xf64>, tensor<1xf64>, tensor<1xf64> -> tensor<3xf64>
  return %v : tensor<3xf64>
}
// On a tie to the left operand, of a reduction to the lowest index.
// CHECK: @ties: 1
// CHECK: @ties: 0
// CHECK: @ties: [0, 1, 0]
func.func @ties() -> (!s, !s, tensor<3xf64>) {
  %z = arith.constant dense<2.0> : !s
  %a:2 = graph.barrier %z, %z : !s, !s -> !s, !s
  %m = arith.maximumf %a#0, %a#1 : !s
  %g:2 = graph.gradient %m wrt %a#0, %a#1 : (!s, !s, !s) -> (!s, !s)
  %l = arith.constant dense<[1.0, 5.0, 5.0]> : tensor<3xf64>
  %b = graph.barrier %l : tensor<3xf64> -> tensor<3xf64>
  %r = graph.reduce max %b axes [0] : tensor<3xf64> -> !s
  %h = graph.gradient %r wrt %b : (!s, tensor<3xf64>) -> tensor<3xf64>
  return %g#0, %g#1, %h : !s, !s, tensor<3xf64>
}
// Where the logarithm is not taken its infinite slope does not count.
// CHECK: @log_not_taken: [0, 0.5]
func.func @log_not_taken() -> tensor<2xf64> {
  %x = arith.constant dense<[0.0, 2.0]> : tensor<2xf64>
  %zero = arith.constant dense<0.0> : tensor<2xf64>
  %b = graph.barrier %x : tensor<2xf64> -> tensor<2xf64>
  %q = math.sqrt %b : tensor<2xf64>
  %qq = arith.mulf %q, %q : tensor<2xf64>
  %l = math.log %qq : tensor<2xf64>
  %c = arith.cmpf ogt, %b, %zero : tensor<2xf64>
  %s = arith.select %c, %l, %zero : tensor<2xi1>, tensor<2xf64>
  %g = graph.gradient %s wrt %b : (tensor<2xf64>, tensor<2xf64>) -> tensor<2xf64>
  return %g : tensor<2xf64>
}
// A row that is hidden altogether: logsumexp is -inf, its adjoint 0.
// CHECK: @hidden_row: [0, 0]
func.func @hidden_row() -> tensor<2xf64> {
  %x = arith.constant dense<1.0> : tensor<2xf64>
  %least = arith.constant dense<0xFFF0000000000000> : tensor<2xf64>
  %no = arith.constant dense<false> : tensor<2xi1>
  %b = graph.barrier %x : tensor<2xf64> -> tensor<2xf64>
  %m = arith.select %no, %b, %least : tensor<2xi1>, tensor<2xf64>
  %l = graph.reduce logsumexp %m axes [0] : tensor<2xf64> -> !s
  %g = graph.gradient %l wrt %b : (!s, tensor<2xf64>) -> tensor<2xf64>
  return %g : tensor<2xf64>
}
