// SPDX-License-Identifier: Apache-2.0
//
// Types that stack.

#ifndef LAMINA_DIALECTS_GRAPH_GRAPHINTERFACES
#define LAMINA_DIALECTS_GRAPH_GRAPHINTERFACES

include "mlir/IR/OpBase.td"

def Graph_StackType : TypeInterface<"StackType"> {
  let cppNamespace = "::lamina::graph";
  let description = [{
    A type other than a tensor that `graph.scan` can take row by row and stack.
    Trees of weights implement it; so `graph` does not know `model`.
  }];
  let methods = [
    InterfaceMethod<"the type of one row; null if the type is no stack",
                    "::mlir::Type", "getRow">,
    InterfaceMethod<"the number of rows; 0 if the type is no stack",
                    "int64_t", "getRowCount">,
  ];
}

#endif // LAMINA_DIALECTS_GRAPH_GRAPHINTERFACES
