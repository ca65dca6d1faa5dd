// RUN: lamina-opt %s --model-derive-inverses --verify-diagnostics --split-input-file

!x = tensor<4xf32>
model.layer @Square {
  func.func @call(%self: !model.tree<@Square>, %x: !x) -> !x {
    // expected-note @below {{from the result of 'arith.mulf' its operand does not follow}}
    %y = arith.mulf %x, %x : !x
    return %y : !x
  }
}
func.func @twice(%net: !model.tree<@Square>, %z: !x) -> !x {
  // expected-error @below {{this cannot be read backwards}}
  %x = model.inverse %net @call(%z) : !model.tree<@Square>, (!x) -> !x
  return %x : !x
}
