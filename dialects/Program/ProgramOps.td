// SPDX-License-Identifier: Apache-2.0
//
// What persists and what the user calls.

#ifndef LAMINA_DIALECTS_PROGRAM_PROGRAMOPS
#define LAMINA_DIALECTS_PROGRAM_PROGRAMOPS

include "mlir/IR/OpBase.td"
include "mlir/IR/SymbolInterfaces.td"

def Program_Dialect : Dialect {
  let name = "program";
  let cppNamespace = "::lamina::program";
  let summary = "variables, data, training plans and entries; the same at every level";
  let description = [{
    docs/program.md lists the attributes of each op and of the arguments and
    results of entries. Attributes are plain, because the tape holds each op as
    one JSON object. They are discardable attributes of the op: `op->getAttr`.
  }];
  let hasOperationAttrVerify = 1;
  let hasRegionArgAttrVerify = 1;
  let hasRegionResultAttrVerify = 1;
}

class Program_Op<string mnemonic> : Op<Program_Dialect, mnemonic, [Symbol]> {
  let hasVerifier = 1;
}

/// An op that is its name and a dictionary.
class Program_PlanOp<string mnemonic> : Program_Op<mnemonic> {
  let arguments = (ins SymbolNameAttr:$sym_name);
  let assemblyFormat = "$sym_name attr-dict";
}

def Program_DimOp : Program_Op<"dim"> {
  let summary = "a size named in types: its bounds and usual value";
  let description = [{
    ```mlir
    program.dim @t in 1 to 512 usually 128 ragged over @b
    ```
    `ragged over`: the axis along which the lengths of this one run.
  }];
  let arguments = (ins SymbolNameAttr:$sym_name, I64Attr:$lower, I64Attr:$upper,
                       I64Attr:$usual, OptionalAttr<FlatSymbolRefAttr>:$ragged_over);
  let assemblyFormat = [{
    $sym_name `in` $lower `to` $upper `usually` $usual
    (`ragged` `over` $ragged_over^)? attr-dict
  }];
  // dim.c1: 0 <= lower <= usual <= upper < 2^31
}

def Program_VariableOp : Program_Op<"variable"> {
  let summary = "what a checkpoint holds: weights, states, slots, counters";
  let description = [{
    ```mlir
    program.variable @adam.m.kernel : tensor<4x4xf32> {role = "slot", init = 0.0 : f32}
    ```
  }];
  let arguments = (ins SymbolNameAttr:$sym_name, TypeAttr:$type, StrAttr:$role,
                       AnyAttr:$init, OptionalAttr<StrAttr>:$stack,
                       OptionalAttr<StrAttr>:$file);
  let assemblyFormat = "$sym_name `:` $type attr-dict";
  // variable.c1: a tensor; variable.c2: role; variable.c3: init
}

def Program_ScalarOp : Program_PlanOp<"scalar"> {
  let summary = "a number that may be set when the program runs";
}
def Program_SourceOp : Program_PlanOp<"source"> {
  let summary = "a file that is read record by record";
}
def Program_DatasetOp : Program_PlanOp<"dataset"> {
  let summary = "one part of a split of a source";
}
def Program_TrainOp : Program_PlanOp<"train"> {
  let summary = "a subcommand that trains: stages, feeds, reports";
}
def Program_ReportOp : Program_PlanOp<"report"> {
  let summary = "a value over a whole split: one entry by batch, one at its end";
}
def Program_SampleOp : Program_PlanOp<"sample"> {
  let summary = "a subcommand that calls an entry with flags";
}
def Program_TestOp : Program_PlanOp<"test"> {
  let summary = "an entry that checks something";
}
def Program_ProvenanceOp : Program_PlanOp<"provenance"> {
  let summary = "the source text the program was made from";
}

#endif // LAMINA_DIALECTS_PROGRAM_PROGRAMOPS
