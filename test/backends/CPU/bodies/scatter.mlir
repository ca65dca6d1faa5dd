// RUN: lamina-opt %s | FileCheck %s
// The gradient of an embedding: rows of %u are added to the row of %out that %ids names, in order of position.
// x [batch, n, inner], ids [batch, k], u [batch, k, inner]; %out holds x (here zeros, so the kernel fills it).

// CHECK: kernel.func scatter @embed_grad
kernel.func scatter @embed_grad outs(1) attributes {dims = ["k"], shapes = [array<i64: 0>, array<i64: 0>, array<i64>]} {
^bb0(%ids: tensor<1x?xi32>, %u: tensor<1x?x384xf32>, %out: tensor<1x256x384xf32>):
  %zero = arith.constant 0.0 : f32
  %z = linalg.fill ins(%zero : f32) outs(%out : tensor<1x256x384xf32>) -> tensor<1x256x384xf32>
  %r = graph.scatter sum %z at %ids with %u axis 1 batch 1 outside zero : tensor<1x256x384xf32>, tensor<1x?xi32>, tensor<1x?x384xf32> -> tensor<1x256x384xf32>
  kernel.return %r : tensor<1x256x384xf32>
}
