// RUN: lamina-opt %s | lamina-opt | FileCheck %s

// CHECK: #mask.blocks<range (d0) -> (0, d0 + 1), full (d0) -> (0, d0 + 1)>
func.func private @causal() attributes {blocks = #mask.blocks<range (i) -> (0, i + 1), full (i) -> (0, i + 1)>}
