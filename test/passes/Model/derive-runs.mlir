// RUN: lamina-opt %s --model-derive-runs --verify-model --convert-model-to-graph --canonicalize --cse | FileCheck %s

// A run is the input so far with its room, and its length; a step puts the token there and calls the layer on all.
// CHECK-LABEL: func.func @greedy
// CHECK-SAME:    %[[X:.*]]: tensor<?x?xf32, #graph.dims<b, t>>
// CHECK:         %[[ALL:.*]] = graph.pad %[[X]], %{{.*}} low [0, 0] interior [0, 0] : {{.*}} -> tensor<?x?xf32, #graph.dims<b, n + t>>
// CHECK:         %[[LENGTH:.*]] = graph.size <t> : tensor<i64>
// CHECK:         %[[LAST:.*]] = arith.subi %[[LENGTH]]
// CHECK:         %[[SUMS:.*]] = graph.cumulative sum %[[ALL]] axis 1 : tensor<?x?xf32, #graph.dims<b, n + t>>
// CHECK:         %[[PART:.*]] = graph.dynamic_slice %[[SUMS]] at %[[LAST]] axes [1]
// CHECK:         graph.reshape %[[PART]] : {{.*}} -> tensor<?xf32, #graph.dims<b>>
// CHECK:         graph.scan %{{.*}} < n init(%[[TOKEN:.*]] = %{{.*}}, %[[SEEN:.*]] = %[[ALL]] : {{.*}}, %[[AT:.*]] = %[[LENGTH]] : tensor<i64>)
// CHECK:           %[[U:.*]] = graph.reshape %[[TOKEN]]
// CHECK:           %[[NEXT:.*]] = graph.dynamic_update %[[SEEN]], %[[U]] at %[[AT]] axes [1]
// CHECK:           %[[Y:.*]] = graph.cumulative sum %[[NEXT]]
// CHECK:           graph.dynamic_slice %[[Y]] at %[[AT]] axes [1]
// CHECK:           %[[MORE:.*]] = arith.addi %[[AT]]
// CHECK:           graph.yield %{{.*}}, %[[NEXT]], %[[MORE]]
!x = tensor<?x?xf32, #graph.dims<b, t>>   !row = tensor<?xf32, #graph.dims<b>>   !net = !model.tree<@Net>
!run = !model.run<@Net, tensor<?x?xf32, #graph.dims<b, t + n>>>
model.layer @Total {
  func.func @call(%self: !model.tree<@Total>, %x: !x) -> !x {
    %0 = graph.cumulative sum %x axis 1 : !x
    return %0 : !x
  }
}
model.layer @Net {
  model.field @total : !model.tree<@Total>
  func.func @call(%self: !net, %x: !x) -> !x {
    %total = model.part %self @total : !net -> !model.tree<@Total>
    %0 = model.call %total @call(%x) : !model.tree<@Total>, (!x) -> !x
    return %0 : !x
  }
}
func.func @greedy(%net: !net, %x: !x) -> (!row, tensor<?x?xf32, #graph.dims<n, b>>) {
  %run, %last = model.begin %net @call(%x) growing 0 axis 1 result_axis 1 : !net, (!x) -> (!run, !row)
  %end, %r, %text = graph.scan %i < n init(%token = %last : !row, %r = %run : !run) with(%m = %net : !net) stacks(tensor<?x?xf32, #graph.dims<n, b>>) {
    %r1, %y = model.next %m @call %r, %token() growing 0 axis 1 result_axis 1 : !net, !run, !row, () -> (!run, !row)
    graph.yield %y, %r1 : !row, !run stack %token : !row
  }
  return %end, %text : !row, tensor<?x?xf32, #graph.dims<n, b>>
}

// With lengths each row of the batch has its own place.
// CHECK-LABEL: func.func @ragged
// CHECK:         graph.gather %{{.*}} at %{{.*}} axis 1 batch 1
// CHECK:         graph.scatter set %{{.*}} at %{{.*}} with %{{.*}} axis 1 batch 1 outside zero
func.func @ragged(%net: !net, %x: !x, %lengths: tensor<?xi32, #graph.dims<b>>, %rows: tensor<?xi32, #graph.dims<b>>) -> !row {
  %run, %last = model.begin %net @call(%x) lengths %lengths : tensor<?xi32, #graph.dims<b>> growing 0 axis 1 result_axis 1
      : !net, (!x) -> (!model.run<@Net, tensor<?x?xf32, #graph.dims<b, t + m>>>, !row)
  %chosen = model.rows %run at %rows : !model.run<@Net, tensor<?x?xf32, #graph.dims<b, t + m>>>, tensor<?xi32, #graph.dims<b>> -> !model.run<@Net, tensor<?x?xf32, #graph.dims<b, t + m>>>
  %r1, %y = model.next %net @call %chosen, %last() growing 0 axis 1 result_axis 1
      : !net, !model.run<@Net, tensor<?x?xf32, #graph.dims<b, t + m>>>, !row, () -> (!model.run<@Net, tensor<?x?xf32, #graph.dims<b, t + m>>>, !row)
  return %y : !row
}
