// An op without a kernel is one sentence, and no IR behind it.
// RUN: not lamina build --from=graph %s --emit=kernel -o - 2>&1 | FileCheck %s --implicit-check-not=note:
// CHECK: bug.mlir:[[@LINE+3]]:8: error: this is a bug of lamina: the stage 'kernel' has no code for 'contract' here (reads a window whose reach

func.func @entry(%x: tensor<?xf32, #graph.dims<b>>, %w: tensor<?xf32, #graph.dims<k>>) -> tensor<?xf32, #graph.dims<b>> {
  %y = graph.contract %x, %w maps [affine_map<(t, u) -> (t + u)>, affine_map<(t, u) -> (u)>, affine_map<(t, u) -> (t)>] : tensor<?xf32, #graph.dims<b>>, tensor<?xf32, #graph.dims<k>> -> tensor<?xf32, #graph.dims<b>>
  return %y : tensor<?xf32, #graph.dims<b>>
}
