// RUN: lamina-opt %s --verify-diagnostics --split-input-file

// expected-error @below {{needs maps from a row, and the number of keys, to where it begins and ends, but has affine_map<(d0) -> (d0)>}}
func.func private @blocks_c1() attributes {blocks = #mask.blocks<range (i) -> (i), full (i) -> (0, i)>}
