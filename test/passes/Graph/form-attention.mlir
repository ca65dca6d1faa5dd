// RUN: lamina-opt %s --graph-form-attention | FileCheck %s
// RUN: lamina-opt %s --graph-form-attention='widest=3' | FileCheck %s --check-prefix=NARROW
// RUN: lamina-opt %s --graph-form-attention='widest=0' | FileCheck %s --check-prefix=NARROW

#q = affine_map<(b, h, i, j, d) -> (b, h, i, d)>   #k = affine_map<(b, h, i, j, d) -> (b, h, j, d)>
#s = affine_map<(b, h, i, j, d) -> (b, h, i, j)>   #v = affine_map<(b, h, i, d, j) -> (b, h, j, d)>
#w = affine_map<(b, h, i, d, j) -> (b, h, i, j)>   #o = affine_map<(b, h, i, d, j) -> (b, h, i, d)>
#qt = affine_map<(b, h, i, j, d) -> (b, i, h, d)>  #kt = affine_map<(b, h, i, j, d) -> (b, j, h, d)>
#vt = affine_map<(b, i, h, d, j) -> (b, j, h, d)>  #wt = affine_map<(b, i, h, d, j) -> (b, h, i, j)>
#ot = affine_map<(b, i, h, d, j) -> (b, i, h, d)>
#bt = #graph.dims<b, t>   #btt = #graph.dims<b, t, t>   #tt = #graph.dims<t, t>
!x = tensor<?x4x?x8xf32, #bt>   !g = tensor<?x2x?x8xf32, #bt>   !y = tensor<?x?x4x8xf32, #bt>
!s = tensor<?x4x?x?xf32, #btt>   !r = tensor<?x4x?xf32, #bt>   !m = tensor<?x4x?x?xi1, #btt>
!p = tensor<?x?xi32, #tt>   !c = tensor<?x?xi1, #tt>

// NARROW-NOT: graph.attend

// The causal mask, a scale, a cap: the chain becomes the score, indices take the place of iota.
// CHECK-LABEL: func @causal
// CHECK-NOT:     graph.contract
// CHECK:         %[[O:.*]], %{{.*}} = graph.attend softmax %arg0, %arg1, %arg2 :
// CHECK:         mask {
// CHECK:         ^bb0(%[[B:.*]]: index, %[[H:.*]]: index, %[[I:.*]]: index, %[[J:.*]]: index):
// CHECK-DAG:       %[[J32:.*]] = arith.index_cast %[[J]]
// CHECK-DAG:       %[[I32:.*]] = arith.index_cast %[[I]]
// CHECK:           %[[SEEN:.*]] = arith.cmpi sle, %[[J32]], %[[I32]] : i32
// CHECK:           graph.yield %[[SEEN]] : i1
// CHECK:         } score {
// CHECK:         ^bb0(%[[S:.*]]: f32, %{{.*}}: index, %{{.*}}: index, %{{.*}}: index, %{{.*}}: index):
// CHECK:           arith.divf %[[S]], %{{.*}} : f32
// CHECK:           math.tanh
// CHECK:         return %[[O]]
func.func @causal(%q: !x, %k: !x, %v: !x) -> !x {
  %two = arith.constant dense<2.0> : tensor<f32>
  %zero = arith.constant dense<0.0> : tensor<f32>
  %least = arith.constant dense<0xFF800000> : tensor<f32>
  %raw = graph.contract %q, %k maps [#q, #k, #s] : !x, !x -> !s
  %twos = graph.broadcast %two axes [] : tensor<f32> -> !s
  %scaled = arith.divf %raw, %twos : !s
  %scores = math.tanh %scaled : !s
  %i = graph.iota axis 0 : !p
  %j = graph.iota axis 1 : !p
  %c = arith.cmpi sle, %j, %i : !p
  %mask = graph.broadcast %c axes [2, 3] : !c -> !m
  %leasts = graph.broadcast %least axes [] : tensor<f32> -> !s
  %hidden = arith.select %mask, %scores, %leasts : !m, !s
  %l = graph.reduce logsumexp %hidden axes [3] : !s -> !r
  %ls = graph.broadcast %l axes [0, 1, 2] : !r -> !s
  %moved = arith.subf %scores, %ls : !s
  %e = math.exp %moved : !s
  %zeros = graph.broadcast %zero axes [] : tensor<f32> -> !s
  %weights = arith.select %mask, %e, %zeros : !m, !s
  %out = graph.contract %weights, %v maps [#w, #v, #o] : !s, !x -> !x
  return %out : !x
}

// Heads behind positions, no mask, the product the other way round.
// CHECK-LABEL: func @layout
// CHECK-DAG:     %[[Q:.*]] = graph.transpose %arg0 order [0, 2, 1, 3]
// CHECK-DAG:     %[[K:.*]] = graph.transpose %arg1 order [0, 2, 1, 3]
// CHECK-DAG:     %[[V:.*]] = graph.transpose %arg2 order [0, 2, 1, 3]
// CHECK:         %[[O:.*]], %{{.*}} = graph.attend softmax %[[Q]], %[[K]], %[[V]] :
// CHECK-NOT:     mask
// CHECK-NOT:     score
// CHECK:         graph.transpose %[[O]] order [0, 2, 1, 3]
func.func @layout(%q: !y, %k: !y, %v: !y) -> !y {
  %scores = graph.contract %k, %q maps [#kt, #qt, #s] : !y, !y -> !s
  %l = graph.reduce logsumexp %scores axes [3] : !s -> !r
  %ls = graph.broadcast %l axes [0, 1, 2] : !r -> !s
  %moved = arith.subf %scores, %ls : !s
  %weights = math.exp %moved : !s
  %out = graph.contract %v, %weights maps [#vt, #wt, #ot] : !y, !s -> !y
  return %out : !y
}

// Two heads share a key. A table by head and distance is read where it stands; a slope that is computed once a head
// stays outside; lengths are compared inside, so that the mask can be understood.
// CHECK-LABEL: func @shared_keys
// CHECK:         %[[SLOPE:.*]] = math.exp %arg3
// CHECK:         graph.attend softmax %arg0, %arg1, %arg2 with %[[SLOPE]], %arg4, %arg5
// CHECK:         mask {
// CHECK:           %[[N:.*]] = tensor.extract %{{.*}}[%{{.*}}] : tensor<?xi32
// CHECK:           arith.cmpi slt, %{{.*}}, %[[N]] : i32
// CHECK:         } score {
// CHECK:           tensor.extract %{{.*}}[%{{.*}}] : tensor<4xf32>
// CHECK:           %[[D:.*]] = math.absi
// CHECK:           %[[AT:.*]] = arith.index_cast %[[D]] : i32 to index
// CHECK:           tensor.extract %{{.*}}[%{{.*}}, %[[AT]]] : tensor<4x9xf32>
func.func @shared_keys(%q: !x, %k: !g, %v: !g, %slope: tensor<4xf32>, %table: tensor<4x9xf32>, %length: tensor<?xi32, #graph.dims<b>>) -> !x {
  %zero = arith.constant dense<0.0> : tensor<f32>
  %least = arith.constant dense<0xFF800000> : tensor<f32>
  %two = arith.constant dense<2> : tensor<4xi32>
  %head = graph.iota axis 0 : tensor<4xi32>
  %group = arith.divsi %head, %two : tensor<4xi32>
  %k4 = graph.gather %k at %group axis 1 batch 0 : !g, tensor<4xi32> -> !x
  %v4 = graph.gather %v at %group axis 1 batch 0 : !g, tensor<4xi32> -> !x
  %raw = graph.contract %q, %k4 maps [#q, #k, #s] : !x, !x -> !s
  %e = math.exp %slope : tensor<4xf32>
  %slopes = graph.broadcast %e axes [1] : tensor<4xf32> -> !s
  %steep = arith.mulf %raw, %slopes : !s
  %i = graph.iota axis 0 : !p
  %j = graph.iota axis 1 : !p
  %back = arith.subi %i, %j : !p
  %distance = math.absi %back : !p
  %near = graph.gather %table at %distance axis 1 batch 0 : tensor<4x9xf32>, !p -> tensor<4x?x?xf32, #tt>
  %bias = graph.broadcast %near axes [1, 2, 3] : tensor<4x?x?xf32, #tt> -> !s
  %scores = arith.addf %steep, %bias : !s
  %key = graph.iota axis 1 : tensor<?x?xi32, #bt>
  %n = graph.broadcast %length axes [0] : tensor<?xi32, #graph.dims<b>> -> tensor<?x?xi32, #bt>
  %inside = arith.cmpi slt, %key, %n : tensor<?x?xi32, #bt>
  %mask = graph.broadcast %inside axes [0, 3] : tensor<?x?xi1, #bt> -> !m
  %leasts = graph.broadcast %least axes [] : tensor<f32> -> !s
  %hidden = arith.select %mask, %scores, %leasts : !m, !s
  %l = graph.reduce logsumexp %hidden axes [3] : !s -> !r
  %ls = graph.broadcast %l axes [0, 1, 2] : !r -> !s
  %moved = arith.subf %scores, %ls : !s
  %exp = math.exp %moved : !s
  %zeros = graph.broadcast %zero axes [] : tensor<f32> -> !s
  %weights = arith.select %mask, %exp, %zeros : !m, !s
  %out = graph.contract %weights, %v4 maps [#w, #v, #o] : !s, !x -> !x
  return %out : !x
}

// The weights are a result as well: they have to be computed.
// CHECK-LABEL: func @weights_are_read
// CHECK-NOT:     graph.attend
func.func @weights_are_read(%q: !x, %k: !x, %v: !x) -> (!x, !s) {
  %scores = graph.contract %q, %k maps [#q, #k, #s] : !x, !x -> !s
  %l = graph.reduce logsumexp %scores axes [3] : !s -> !r
  %ls = graph.broadcast %l axes [0, 1, 2] : !r -> !s
  %moved = arith.subf %scores, %ls : !s
  %weights = math.exp %moved : !s
  %out = graph.contract %weights, %v maps [#w, #v, #o] : !s, !x -> !x
  return %out, %weights : !x, !s
}

// So are the scores, for another op.
// CHECK-LABEL: func @scores_are_read
// CHECK-NOT:     graph.attend
func.func @scores_are_read(%q: !x, %k: !x, %v: !x) -> (!x, !r) {
  %scores = graph.contract %q, %k maps [#q, #k, #s] : !x, !x -> !s
  %l = graph.reduce logsumexp %scores axes [3] : !s -> !r
  %ls = graph.broadcast %l axes [0, 1, 2] : !r -> !s
  %moved = arith.subf %scores, %ls : !s
  %weights = math.exp %moved : !s
  %out = graph.contract %weights, %v maps [#w, #v, #o] : !s, !x -> !x
  %most = graph.reduce max %scores axes [3] : !s -> !r
  return %out, %most : !x, !r
}

// Weights that are thinned out are another op's business.
// CHECK-LABEL: func @dropout
// CHECK-NOT:     graph.attend
func.func @dropout(%q: !x, %k: !x, %v: !x, %kept: !s) -> !x {
  %scores = graph.contract %q, %k maps [#q, #k, #s] : !x, !x -> !s
  %l = graph.reduce logsumexp %scores axes [3] : !s -> !r
  %ls = graph.broadcast %l axes [0, 1, 2] : !r -> !s
  %moved = arith.subf %scores, %ls : !s
  %weights = math.exp %moved : !s
  %thin = arith.mulf %weights, %kept : !s
  %out = graph.contract %thin, %v maps [#w, #v, #o] : !s, !x -> !x
  return %out : !x
}

// A bias for each element is as large as what attention avoids.
// CHECK-LABEL: func @full_bias
// CHECK-NOT:     graph.attend
func.func @full_bias(%q: !x, %k: !x, %v: !x, %bias: !s) -> !x {
  %raw = graph.contract %q, %k maps [#q, #k, #s] : !x, !x -> !s
  %scores = arith.addf %raw, %bias : !s
  %l = graph.reduce logsumexp %scores axes [3] : !s -> !r
  %ls = graph.broadcast %l axes [0, 1, 2] : !r -> !s
  %moved = arith.subf %scores, %ls : !s
  %weights = math.exp %moved : !s
  %out = graph.contract %weights, %v maps [#w, #v, #o] : !s, !x -> !x
  return %out : !x
}

// Keys without heads: no axis is the batch of all three.
// CHECK-LABEL: func @one_key_for_all
// CHECK-NOT:     graph.attend
func.func @one_key_for_all(%q: tensor<4x?x8xf32, #graph.dims<t>>, %k: tensor<?x8xf32, #graph.dims<t>>, %v: tensor<?x8xf32, #graph.dims<t>>) -> tensor<4x?x8xf32, #graph.dims<t>> {
  %scores = graph.contract %q, %k maps [affine_map<(h, i, j, d) -> (h, i, d)>, affine_map<(h, i, j, d) -> (j, d)>, affine_map<(h, i, j, d) -> (h, i, j)>]
      : tensor<4x?x8xf32, #graph.dims<t>>, tensor<?x8xf32, #graph.dims<t>> -> tensor<4x?x?xf32, #tt>
  %l = graph.reduce logsumexp %scores axes [2] : tensor<4x?x?xf32, #tt> -> tensor<4x?xf32, #graph.dims<t>>
  %ls = graph.broadcast %l axes [0, 1] : tensor<4x?xf32, #graph.dims<t>> -> tensor<4x?x?xf32, #tt>
  %moved = arith.subf %scores, %ls : tensor<4x?x?xf32, #tt>
  %weights = math.exp %moved : tensor<4x?x?xf32, #tt>
  %out = graph.contract %weights, %v maps [affine_map<(h, i, d, j) -> (h, i, j)>, affine_map<(h, i, d, j) -> (j, d)>, affine_map<(h, i, d, j) -> (h, i, d)>]
      : tensor<4x?x?xf32, #tt>, tensor<?x8xf32, #graph.dims<t>> -> tensor<4x?x8xf32, #graph.dims<t>>
  return %out : tensor<4x?x8xf32, #graph.dims<t>>
}

// Behind a sample's end weights are made 0 once more. The key is inside by the mask already; rows behind the end are
// hidden as a whole.
// CHECK-LABEL: func @ragged
// CHECK:         graph.attend softmax %arg0, %arg1, %arg2 with %arg3
// CHECK:         mask {
// CHECK:           %[[KEY:.*]] = arith.cmpi slt
// CHECK:           %[[ROW:.*]] = arith.cmpi slt
// CHECK:           %[[BOTH:.*]] = arith.andi %[[KEY]], %[[ROW]] : i1
// CHECK:           graph.yield %[[BOTH]] : i1
func.func @ragged(%q: !x, %k: !x, %v: !x, %length: tensor<?xi32, #graph.dims<b>>) -> !x {
  %zero = arith.constant dense<0.0> : tensor<f32>
  %least = arith.constant dense<0xFF800000> : tensor<f32>
  %scores = graph.contract %q, %k maps [#q, #k, #s] : !x, !x -> !s
  %ns = graph.broadcast %length axes [0] : tensor<?xi32, #graph.dims<b>> -> tensor<?x?xi32, #bt>
  %place = graph.iota axis 1 : tensor<?x?xi32, #bt>
  %inside = arith.cmpi slt, %place, %ns : tensor<?x?xi32, #bt>
  %row = graph.broadcast %inside axes [0, 2] : tensor<?x?xi1, #bt> -> !m
  %key = graph.broadcast %inside axes [0, 3] : tensor<?x?xi1, #bt> -> !m
  %mask = graph.broadcast %inside axes [0, 3] : tensor<?x?xi1, #bt> -> !m
  %leasts = graph.broadcast %least axes [] : tensor<f32> -> !s
  %hidden = arith.select %mask, %scores, %leasts : !m, !s
  %l = graph.reduce logsumexp %hidden axes [3] : !s -> !r
  %ls = graph.broadcast %l axes [0, 1, 2] : !r -> !s
  %moved = arith.subf %scores, %ls : !s
  %e = math.exp %moved : !s
  %zeros = graph.broadcast %zero axes [] : tensor<f32> -> !s
  %weights = arith.select %mask, %e, %zeros : !m, !s
  %rows = arith.select %row, %weights, %zeros : !m, !s
  %kept = arith.select %key, %rows, %zeros : !m, !s
  %out = graph.contract %kept, %v maps [#w, #v, #o] : !s, !x -> !x
  return %out : !x
}

// Keys that count in the normaliser and not in the sum: no mask says that.
// CHECK-LABEL: func @other_keys
// CHECK-NOT:     graph.attend
func.func @other_keys(%q: !x, %k: !x, %v: !x, %length: tensor<?xi32, #graph.dims<b>>) -> !x {
  %zero = arith.constant dense<0.0> : tensor<f32>
  %least = arith.constant dense<0xFF800000> : tensor<f32>
  %scores = graph.contract %q, %k maps [#q, #k, #s] : !x, !x -> !s
  %ns = graph.broadcast %length axes [0] : tensor<?xi32, #graph.dims<b>> -> tensor<?x?xi32, #bt>
  %place = graph.iota axis 1 : tensor<?x?xi32, #bt>
  %inside = arith.cmpi slt, %place, %ns : tensor<?x?xi32, #bt>
  %row = graph.broadcast %inside axes [0, 2] : tensor<?x?xi1, #bt> -> !m
  %key = graph.broadcast %inside axes [0, 3] : tensor<?x?xi1, #bt> -> !m
  %i = graph.iota axis 0 : !p
  %j = graph.iota axis 1 : !p
  %c = arith.cmpi sle, %j, %i : !p
  %mask = graph.broadcast %c axes [2, 3] : !c -> !m
  %leasts = graph.broadcast %least axes [] : tensor<f32> -> !s
  %hidden = arith.select %mask, %scores, %leasts : !m, !s
  %l = graph.reduce logsumexp %hidden axes [3] : !s -> !r
  %ls = graph.broadcast %l axes [0, 1, 2] : !r -> !s
  %moved = arith.subf %scores, %ls : !s
  %e = math.exp %moved : !s
  %zeros = graph.broadcast %zero axes [] : tensor<f32> -> !s
  %weights = arith.select %mask, %e, %zeros : !m, !s
  %rows = arith.select %row, %weights, %zeros : !m, !s
  %kept = arith.select %key, %rows, %zeros : !m, !s
  %out = graph.contract %kept, %v maps [#w, #v, #o] : !s, !x -> !x
  return %out : !x
}
