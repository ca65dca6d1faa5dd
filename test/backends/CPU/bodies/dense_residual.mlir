// RUN: lamina-opt %s | FileCheck %s
// A contraction whose own result nobody needs: the first out of the epilogue is a tensor.empty that stays in registers.
// Below it, the gradient of a weight (k is the run-time size) and an accumulation into what the buffer holds.

#mk = affine_map<(m, n, k) -> (m, k)>
#kn = affine_map<(m, n, k) -> (k, n)>
#km = affine_map<(m, n, k) -> (k, m)>
#mn = affine_map<(m, n, k) -> (m, n)>
#id = affine_map<(m, n) -> (m, n)>
#row = affine_map<(m, n) -> (n)>
// CHECK: kernel.func contract @dense_residual
kernel.func contract @dense_residual outs(1) attributes {dims = ["m"], shapes = [array<i64: 0>, array<i64>, array<i64>, array<i64: 0>, array<i64: 0>]} {
^bb0(%x: tensor<?x1536xf32>, %w: tensor<1536x384xf32>, %offset: tensor<384xf32>, %before: tensor<?x384xf32>, %y: tensor<?x384xf32>):
  %zero = arith.constant 0.0 : f32
  %z = linalg.fill ins(%zero : f32) outs(%y : tensor<?x384xf32>) -> tensor<?x384xf32>
  %c = linalg.contract indexing_maps = [#mk, #kn, #mn] ins(%x, %w : tensor<?x1536xf32>, tensor<1536x384xf32>) outs(%z : tensor<?x384xf32>) -> tensor<?x384xf32>
  %r = linalg.generic {indexing_maps = [#row, #id, #id], iterator_types = ["parallel", "parallel"]}
         ins(%offset, %before : tensor<384xf32>, tensor<?x384xf32>) outs(%c : tensor<?x384xf32>) {
  ^bb1(%o: f32, %b: f32, %acc: f32):
    %s = arith.addf %acc, %o : f32
    %t = arith.addf %b, %s : f32
    linalg.yield %t : f32
  } -> tensor<?x384xf32>
  kernel.return %r : tensor<?x384xf32>
}

// CHECK: kernel.func contract @weight_grad
kernel.func contract @weight_grad outs(1) attributes {dims = ["k"], shapes = [array<i64: 0>, array<i64: 0>, array<i64>]} {
^bb0(%x: tensor<?x384xf32>, %dy: tensor<?x1536xf32>, %dw: tensor<384x1536xf32>):
  %zero = arith.constant 0.0 : f32
  %z = linalg.fill ins(%zero : f32) outs(%dw : tensor<384x1536xf32>) -> tensor<384x1536xf32>
  %c = linalg.contract indexing_maps = [#km, #kn, #mn] ins(%x, %dy : tensor<?x384xf32>, tensor<?x1536xf32>) outs(%z : tensor<384x1536xf32>) -> tensor<384x1536xf32>
  kernel.return %c : tensor<384x1536xf32>
}

// CHECK: kernel.func contract @accumulate
kernel.func contract @accumulate outs(1) attributes {dims = ["k"], shapes = [array<i64: 0>, array<i64: 0>, array<i64>]} {
^bb0(%x: tensor<?x384xf32>, %dy: tensor<?x1536xf32>, %dw: tensor<384x1536xf32>):
  %c = linalg.contract indexing_maps = [#km, #kn, #mn] ins(%x, %dy : tensor<?x384xf32>, tensor<?x1536xf32>) outs(%dw : tensor<384x1536xf32>) -> tensor<384x1536xf32>
  kernel.return %c : tensor<384x1536xf32>
}
