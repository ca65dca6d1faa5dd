// RUN: lamina-opt %s --graph-form-attention='widest=0 gpu-widest=8' | FileCheck %s
// RUN: lamina-opt %s --graph-form-attention='widest=8 gpu-widest=8' | FileCheck %s --check-prefix=ALIKE
// RUN: lamina-opt %s --graph-form-attention='widest=0 gpu-widest=4' | FileCheck %s --check-prefix=NONE
// RUN: lamina-opt %s --graph-form-attention='widest=0 gpu-widest=8' --graph-decompose-attention='widest=0 gpu-widest=8' --graph-keep-gradients 2>&1 | FileCheck %s --check-prefix=KEPT

#q = affine_map<(b, h, i, j, d) -> (b, h, i, d)>   #k = affine_map<(b, h, i, j, d) -> (b, h, j, d)>
#s = affine_map<(b, h, i, j, d) -> (b, h, i, j)>   #v = affine_map<(b, h, i, d, j) -> (b, h, j, d)>
#w = affine_map<(b, h, i, d, j) -> (b, h, i, j)>   #o = affine_map<(b, h, i, d, j) -> (b, h, i, d)>
!x = tensor<2x4x6x8xf32>   !s = tensor<2x4x6x6xf32>   !r = tensor<2x4x6xf32>

// What only GPUs have a kernel for is in a form for them; the entry keeps its products.
// CHECK-LABEL: func.func @attend(
// CHECK-NOT:     graph.attend
// CHECK-LABEL: func.func @attend.gpu(
// CHECK-SAME:    program.input = "q"
// CHECK-SAME:    program.device = "gpu", program.entry = "function", program.form_of = @attend
// CHECK-NOT:     graph.contract
// CHECK:         graph.attend
// ALIKE-LABEL: func.func @attend(
// ALIKE:         graph.attend
// ALIKE-NOT:   program.form_of
// NONE-NOT:    program.form_of
// KEPT-LABEL:  func.func @attend(
// KEPT-NOT:      graph.attend
// KEPT-LABEL:  func.func @attend.gpu(
// KEPT:          graph.attend
func.func @attend(%q: !x {program.input = "q"}, %k: !x {program.input = "k"}, %v: !x {program.input = "v"})
    -> (!x {program.output = "o"}) attributes {program.entry = "function"} {
  %scores = graph.contract %q, %k maps [#q, #k, #s] : !x, !x -> !s
  %l = graph.reduce logsumexp %scores axes [3] : !s -> !r
  %ls = graph.broadcast %l axes [0, 1, 2] : !r -> !s
  %moved = arith.subf %scores, %ls : !s
  %weights = math.exp %moved : !s
  %out = graph.contract %weights, %v maps [#w, #v, #o] : !s, !x -> !x
  return %out : !x
}

// First values are computed by the processor whatever there is: no form, and no attention.
// CHECK-LABEL: func.func @first(
// CHECK-NOT:     graph.attend
func.func @first(%q: !x) -> !x attributes {program.entry = "init"} {
  %scores = graph.contract %q, %q maps [#q, #k, #s] : !x, !x -> !s
  %l = graph.reduce logsumexp %scores axes [3] : !s -> !r
  %ls = graph.broadcast %l axes [0, 1, 2] : !r -> !s
  %moved = arith.subf %scores, %ls : !s
  %weights = math.exp %moved : !s
  %out = graph.contract %weights, %q maps [#w, #v, #o] : !s, !x -> !x
  return %out : !x
}

// Nothing in it that a GPU does another way: one form for all.
// CHECK-LABEL: func.func @scores(
// CHECK-NOT:   func.func @scores.gpu
func.func @scores(%q: !x {program.input = "q"}, %k: !x {program.input = "k"}) -> (!s {program.output = "s"})
    attributes {program.entry = "function"} {
  %scores = graph.contract %q, %k maps [#q, #k, #s] : !x, !x -> !s
  return %scores : !s
}
