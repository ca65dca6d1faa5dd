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
    program.dim @b_2 in 1 to 64 usually 1 written "b"
    ```
    `ragged over`: the axis along which the lengths of this one run. `written`:
    its name in the source, where the symbol is another because entries that
    share a name have sizes of their own.
  }];
  let arguments = (ins SymbolNameAttr:$sym_name, I64Attr:$lower, I64Attr:$upper,
                       I64Attr:$usual, OptionalAttr<FlatSymbolRefAttr>:$ragged_over,
                       OptionalAttr<StrAttr>:$written);
  let assemblyFormat = [{
    $sym_name `in` $lower `to` $upper `usually` $usual
    (`ragged` `over` $ragged_over^)? (`written` $written^)? attr-dict
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
  let description = [{
    `type`, `default`, `role`, and `line`, its place in the source. `--set
    rate=0.01` changes it for one run; what is constant for good is no scalar
    but folded.

    ```mlir
    program.scalar @rate {type = f32, default = 0.001 : f32, role = "set"}
    ```
  }];
}
def Program_SourceOp : Program_PlanOp<"source"> {
  let summary = "a file that is read record by record";
  let description = [{
    `kind` says how the file is cut into records (windows of text, images, rows
    of a table, lines, arrays), `columns` which tensors are read of a record and
    how they are made of its fields, `conditions` which records are kept.
    docs/program.md lists the attributes of each kind.
  }];
}
def Program_DatasetOp : Program_PlanOp<"dataset"> {
  let summary = "one part of a split of a source";
  let description = [{
    The records `from` to `to` of `source`, as shares, which may be a dataset
    itself. Text is cut by position, everything else by place in a
    shuffle with a fixed key, so that a record held out stays held out under any
    seed.

    ```mlir
    program.dataset @learn {source = @text, from = 0.0, to = 0.9}
    ```
  }];
}
def Program_TrainOp : Program_PlanOp<"train"> {
  let summary = "a subcommand that trains: stages, feeds, reports";
  let description = [{
    One dictionary a stage, in order: its step, how long it runs, what it is fed
    with, what it reports, which weights it keeps and what its weights become
    when it ends. `from` names weights to start from. docs/program.md has the
    keys.
  }];
}
def Program_ReportOp : Program_PlanOp<"report"> {
  let summary = "a value over a whole split: one entry by batch, one at its end";
  let description = [{
    `batch` is the entry that runs on every batch of the split, in order; what
    it adds up or appends is handed to `finish`, whose results are printed and
    logged. No record counts twice: the last batch may be smaller.
  }];
}
def Program_SampleOp : Program_PlanOp<"sample"> {
  let summary = "a subcommand that calls an entry with flags";
  let description = [{
    Each of `parameters` is a flag of the subcommand: a number, a text or a
    tensor, with a default or needed. `entry` is called on them and its results
    are printed, or written to a file.
  }];
}
def Program_TestOp : Program_PlanOp<"test"> {
  let summary = "an entry that checks something";
  let description = [{
    `./model test` runs `entry` and says by `label` whether it held.
  }];
}
def Program_ProvenanceOp : Program_PlanOp<"provenance"> {
  let summary = "the source text the program was made from";
  let description = [{
    `file`, `hash` and `source` of the model, so that a program can say what it
    was made from.
  }];
}

#endif // LAMINA_DIALECTS_PROGRAM_PROGRAMOPS
