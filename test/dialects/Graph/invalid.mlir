// RUN: lamina-opt %s --verify-diagnostics --split-input-file

// expected-error @below {{has 1 named sizes for 2 '?'}}
func.func private @dims_c1_count(tensor<?x?xf32, #graph.dims<b>>)

// -----

// expected-error @below {{names the size 4, which belongs into the shape}}
func.func private @dims_c2_constant(tensor<?xf32, #graph.dims<2 * 2>>)

// -----

// expected-error @below {{a size is divided by 0}}
func.func private @dims_c3_division(tensor<?xf32, #graph.dims<b floordiv 0>>)

// -----

func.func @iota_c1() {
  // expected-error @below {{has axis 2, but there are only 2 axes}}
  %0 = graph.iota axis 2 : tensor<4x4xi32>
  return
}

// -----

func.func @size_c1() {
  // expected-error @below {{gives one size, but names 2}}
  %0 = "graph.size"() {dims = #graph.dims<b, t>} : () -> tensor<f32>
  return
}

// -----

func.func @key_c1(%k: tensor<3xi64>, %n: tensor<i64>) {
  // expected-error @below {{has a key of type 'tensor<3xi64>'; a key has two words in its last axis}}
  %0 = graph.key %k, %n : tensor<3xi64>, tensor<i64>
  return
}

// -----

func.func @key_c2(%k: tensor<5x2xi64>, %n: tensor<i64>) {
  // expected-error @below {{number has the type 'tensor<i64>', but its shape should be that of 'tensor<5xi64>'}}
  %0 = graph.key %k, %n : tensor<5x2xi64>, tensor<i64>
  return
}

// -----

func.func @random_c1_element(%k: tensor<2xi64>) {
  // expected-error @below {{of 'normal' cannot give elements of 'i32'}}
  %0 = graph.random normal %k : tensor<2xi64> -> tensor<4xi32>
  return
}

// -----

func.func @random_c2_count(%k: tensor<2xi64>) {
  // expected-error @below {{has 1 counts for 2 drawn axes}}
  %0 = graph.random normal %k count [0] : tensor<2xi64> -> tensor<4x4xf32>
  return
}

// -----

func.func @broadcast_c1(%x: tensor<4x8xf32>) {
  // expected-error @below {{has axes [1, 0] that do not ascend from 0}}
  %0 = graph.broadcast %x axes [1, 0] : tensor<4x8xf32> -> tensor<8x4xf32>
  return
}

// -----

func.func @broadcast_c2(%x: tensor<?xf32, #graph.dims<t>>) {
  // expected-error @below {{result has the type 'tensor<4x?xf32, #graph.dims<b>>', but its shape should be that of 'tensor<4x?xf32, #graph.dims<t>>'}}
  %0 = graph.broadcast %x axes [1] : tensor<?xf32, #graph.dims<t>> -> tensor<4x?xf32, #graph.dims<b>>
  return
}

// -----

func.func @broadcast_c3_name(%x: tensor<f32>) {
  // expected-error @below {{has the type 'tensor<?xf32>', where a '?' has no name}}
  %0 = graph.broadcast %x axes [] : tensor<f32> -> tensor<?xf32>
  return
}

// -----

func.func @transpose_c1(%x: tensor<4x8xf32>) {
  // expected-error @below {{has the order [0, 0], which does not name each of the 2 axes once}}
  %0 = graph.transpose %x order [0, 0] : tensor<4x8xf32> -> tensor<4x4xf32>
  return
}

// -----

func.func @transpose_c2(%x: tensor<4x8xf32>) {
  // expected-error @below {{result has the type 'tensor<4x8xf32>', but its shape should be that of 'tensor<8x4xf32>'}}
  %0 = graph.transpose %x order [1, 0] : tensor<4x8xf32> -> tensor<4x8xf32>
  return
}

// -----

func.func @reshape_c1(%x: tensor<?x8xf32, #graph.dims<b>>) {
  // expected-error @below {{makes b*4 elements of b*8}}
  %0 = graph.reshape %x : tensor<?x8xf32, #graph.dims<b>> -> tensor<?xf32, #graph.dims<4 * b>>
  return
}

// -----

func.func @reshape_c2(%x: tensor<8xf32>) {
  // expected-error @below {{has elements of 'f32' and of 'i32'}}
  %0 = graph.reshape %x : tensor<8xf32> -> tensor<8xi32>
  return
}

// -----

func.func @slice_c1(%x: tensor<?xf32, #graph.dims<t>>) {
  // expected-error @below {{reads element t of axis 0, which has only t}}
  %0 = graph.slice %x start [1] step [1] : tensor<?xf32, #graph.dims<t>> -> tensor<?xf32, #graph.dims<t>>
  return
}

// -----

func.func @pad_c1(%x: tensor<8xf32>, %v: tensor<f32>) {
  // expected-error @below {{cuts something off axis 0: low 1, interior 0, high -1}}
  %0 = graph.pad %x, %v low [1] interior [0] : tensor<8xf32>, tensor<f32> -> tensor<8xf32>
  return
}

// -----

func.func @concat_c1(%x: tensor<4x8xf32>, %y: tensor<3x8xf32>) {
  // expected-error @below {{result has the type 'tensor<8x8xf32>', but its shape should be that of 'tensor<7x8xf32>'}}
  %0 = graph.concat %x, %y axis 0 : tensor<4x8xf32>, tensor<3x8xf32> -> tensor<8x8xf32>
  return
}

// -----

func.func @window_c1(%x: tensor<8xf32>) {
  // expected-error @below {{tensor of windows has the type 'tensor<6x4xf32>', but its shape should be that of 'tensor<6x3xf32>'}}
  %0 = graph.window %x axes [0] size [3] stride [1] dilation [1] low [0] : tensor<8xf32> -> tensor<6x4xf32>
  return
}

// -----

func.func @dynamic_slice_c1(%x: tensor<8xf32>, %i: tensor<i64>) {
  // expected-error @below {{has 1 starts for 0 axes}}
  %0 = graph.dynamic_slice %x at %i axes [] : tensor<8xf32>, tensor<i64> -> tensor<8xf32>
  return
}

// -----

#a = affine_map<(m, n, k) -> (m, k)>
#y = affine_map<(m, n, k) -> (m, n)>
func.func @contract_c1(%a: tensor<4x8xf32>, %b: tensor<8x5xf32>) {
  // expected-error @below {{has 2 maps; it needs those of a, b, result}}
  %0 = graph.contract %a, %b maps [#a, #y] : tensor<4x8xf32>, tensor<8x5xf32> -> tensor<4x5xf32>
  return
}

// -----

#a = affine_map<(m, n, k) -> (m, k)>
#b = affine_map<(m, n, k) -> (k, n)>
#y = affine_map<(m, n, k) -> (m, m)>
func.func @contract_c2(%a: tensor<4x8xf32>, %b: tensor<8x5xf32>) {
  // expected-error @below {{has the result map affine_map<(d0, d1, d2) -> (d0, d0)>; its indices have to be different loops}}
  %0 = graph.contract %a, %b maps [#a, #b, #y] : tensor<4x8xf32>, tensor<8x5xf32> -> tensor<4x4xf32>
  return
}

// -----

#a = affine_map<(m, n, k) -> (m mod 2, k)>
#b = affine_map<(m, n, k) -> (k, n)>
#y = affine_map<(m, n, k) -> (m, n)>
func.func @contract_c3(%a: tensor<4x8xf32>, %b: tensor<8x5xf32>) {
  // expected-error @below {{has the index 'd0 mod 2', which is no window (i*A + j*B + C) floordiv D}}
  %0 = graph.contract %a, %b maps [#a, #b, #y] : tensor<4x8xf32>, tensor<8x5xf32> -> tensor<4x5xf32>
  return
}

// -----

#a = affine_map<(m, n, k) -> (m, k)>
#b = affine_map<(m, n, k) -> (k, n)>
#y = affine_map<(m, n, k) -> (m, n)>
func.func @contract_c4(%a: tensor<4x8xf32>, %b: tensor<7x5xf32>) {
  // expected-error @below {{has loop d2 of size 7 and of size 8}}
  %0 = graph.contract %a, %b maps [#a, #b, #y] : tensor<4x8xf32>, tensor<7x5xf32> -> tensor<4x5xf32>
  return
}

// -----

#a = affine_map<(m, n, k) -> (m, k)>
#b = affine_map<(m, n, k) -> (k, n)>
#y = affine_map<(m, n, k) -> (m, n)>
func.func @contract_c5(%a: tensor<4x8xf32>, %b: tensor<8x5xf32>) {
  // expected-error @below {{'graph.contract' op adds products of 'f32' in 'bf16', which has fewer bits}}
  %0 = graph.contract %a, %b maps [#a, #b, #y] accumulate bf16 : tensor<4x8xf32>, tensor<8x5xf32> -> tensor<4x5xf32>
  return
}

// -----

#a = affine_map<(m, n, k) -> (m, k)>
#b = affine_map<(m, n, k) -> (k, n)>
#y = affine_map<(m, n, k) -> (m, n)>
func.func @contract_c5_result(%a: tensor<4x8xbf16>, %b: tensor<8x5xbf16>) {
  // expected-error @below {{'graph.contract' op has elements of 'bf16' and of 'f64'}}
  %0 = graph.contract %a, %b maps [#a, #b, #y] accumulate f32 : tensor<4x8xbf16>, tensor<8x5xbf16> -> tensor<4x5xf64>
  return
}

// -----

func.func @reduce_c1(%x: tensor<4x8xf32>) {
  // expected-error @below {{has axis 2, but there are only 2 axes}}
  %0 = graph.reduce sum %x axes [2] : tensor<4x8xf32> -> tensor<4xf32>
  return
}

// -----

func.func @reduce_c2(%x: tensor<4x8xf32>) {
  // expected-error @below {{result has the type 'tensor<8xf32>', but its shape should be that of 'tensor<4xf32>'}}
  %0 = graph.reduce sum %x axes [1] : tensor<4x8xf32> -> tensor<8xf32>
  return
}

// -----

func.func @reduce_c3(%x: tensor<4x8xf32>) {
  // expected-error @below {{of kind 'any' has elements of 'f32'}}
  %0 = graph.reduce any %x axes [1] : tensor<4x8xf32> -> tensor<4xf32>
  return
}

// -----

func.func @gather_c1(%x: tensor<4x8xf32>, %ids: tensor<4xi32>) {
  // expected-error @below {{has 1 batch axes, axis 0 and ids of rank 1}}
  %0 = graph.gather %x at %ids axis 0 batch 1 : tensor<4x8xf32>, tensor<4xi32> -> tensor<4xf32>
  return
}

// -----

func.func @gather_c2(%x: tensor<4x8xf32>, %ids: tensor<5xi32>) {
  // expected-error @below {{result has the type 'tensor<8x5xf32>', but its shape should be that of 'tensor<5x8xf32>'}}
  %0 = graph.gather %x at %ids axis 0 batch 0 : tensor<4x8xf32>, tensor<5xi32> -> tensor<8x5xf32>
  return
}

// -----

func.func @top_k_c1(%x: tensor<4xf32>) {
  // expected-error @below {{takes the 5 largest of 4}}
  %0:2 = graph.top_k %x k 5 axis 0 : tensor<4xf32> -> tensor<5xf32>, tensor<5xi32>
  return
}

// -----

func.func @cholesky_c1(%x: tensor<4x3xf32>) {
  // expected-error @below {{needs a square matrix, but has 4 rows and 3 columns}}
  %0 = graph.cholesky %x : tensor<4x3xf32>
  return
}

// -----

func.func @scan_c2(%x: tensor<5xf32>) {
  // expected-error @below {{goes over the type 'tensor<5xf32>' for 4 rounds}}
  graph.scan %i < 4 over(%r = %x : tensor<5xf32>) {
    graph.yield
  }
  return
}

// -----

func.func @scan_c3(%n: tensor<i64>) {
  // expected-error @below {{with 'until' cannot have 'rounds'}}
  %r = graph.scan %i < 4 rounds(%n) {
    graph.yield
  } until(%i) {
    %p = arith.constant dense<true> : tensor<i1>
    graph.yield %p : tensor<i1>
  }
  return
}

// -----

func.func @scan_c4(%x: tensor<f32>) {
  // expected-error @below {{body has arguments of types ('tensor<i64>', 'tensor<i32>'), but they should be ('tensor<i64>', 'tensor<f32>')}}
  %0 = "graph.scan"(%x) <{operandSegmentSizes = array<i32: 1, 0, 0, 0>, resultSegmentSizes = array<i32: 1, 0, 0>, trip = #graph.dims<4>}> ({
  ^bb0(%i: tensor<i64>, %a: tensor<i32>):
    graph.yield %a : tensor<i32>
  }, {
  }) : (tensor<f32>) -> tensor<f32>
  return
}

// -----

func.func @scan_c5(%x: tensor<f32>) {
  // expected-error @below {{body yields carries of the types ('tensor<i64>'), but they should be ('tensor<f32>')}}
  %0 = graph.scan %i < 4 init(%a = %x : tensor<f32>) {
    graph.yield %i : tensor<i64>
  }
  return
}

// -----

func.func @scan_rows(%x: tensor<f32>) {
  // expected-error @below {{takes rows of 'tensor<f32>', which is no stack}}
  graph.scan %i < 4 over(%a = %x : tensor<f32>) {
    graph.yield
  }
  return
}

// -----

func.func @cond_c2(%p: tensor<i1>, %x: tensor<f32>) {
  // expected-error @below {{second region yields the types (), but they should be ('tensor<f32>')}}
  %0 = graph.cond %p with(%a = %x : tensor<f32>) -> tensor<f32> {
    graph.yield %a : tensor<f32>
  } else(%a) {
    graph.yield
  }
  return
}

// -----

func.func @gradient_c1(%x: tensor<4xf32>, %s: tensor<f32>) {
  // expected-error @below {{has seeds of the types ('tensor<f32>'), but they should be ('tensor<4xf32>')}}
  %0 = graph.gradient %x seed %s wrt %x : (tensor<4xf32>, tensor<f32>, tensor<4xf32>) -> tensor<4xf32>
  return
}

// -----

func.func @gradient_c2(%x: tensor<4xf32>) {
  // expected-error @below {{gives the types ('tensor<4xf32>'), but they should be ('tensor<4x4xf32>')}}
  %0 = graph.gradient %x wrt %x each 1 : (tensor<4xf32>, tensor<4xf32>) -> tensor<4xf32>
  return
}

// -----

!h = tensor<2x6x8x4xf32>
func.func @attend_c1(%q: !h, %k: tensor<2x4x8x4xf32>) {
  // expected-error @below {{has 6 heads of queries for 4 of keys}}
  %o, %s = graph.attend softmax %q, %k, %k : (!h, tensor<2x4x8x4xf32>, tensor<2x4x8x4xf32>) -> (!h, tensor<2x6x8xf32>)
  return
}

// -----

!h = tensor<2x6x8x4xf32>
func.func @attend_c2(%q: !h) {
  // expected-error @below {{mask yields the types ('index'), but they should be ('i1')}}
  %o, %s = graph.attend softmax %q, %q, %q : (!h, !h, !h) -> (!h, tensor<2x6x8xf32>) mask {
  ^bb0(%b: index, %h: index, %i: index, %j: index):
    graph.yield %j : index
  }
  return
}
