// SPDX-License-Identifier: Apache-2.0
//
// Layers, trees of weights, calls.

#ifndef LAMINA_DIALECTS_MODEL_MODELOPS
#define LAMINA_DIALECTS_MODEL_MODELOPS

include "dialects/Graph/GraphDialect.td"
include "dialects/Graph/GraphInterfaces.td"
include "mlir/IR/AttrTypeBase.td"
include "mlir/IR/OpBase.td"
include "mlir/IR/SymbolInterfaces.td"
include "mlir/IR/RegionKindInterface.td"
include "mlir/Interfaces/SideEffectInterfaces.td"

def Model_Dialect : Dialect {
  let name = "model";
  let cppNamespace = "::lamina::model";
  let summary = "layers and the trees of their weights, as values";
  let description = [{
    One `model.layer` for each distinct instance after settings. The weights of
    an instance are a value, the first operand of each function of its layer.
    Pure: an update is `model.with`, and a function whose layer has states also
    returns its tree. `convert-model-to-graph` expands trees into leaves, in
    order of declaration, depth first, and inlines every call.
  }];
  let dependentDialects = ["::lamina::graph::GraphDialect"];
  let useDefaultTypePrinterParser = 1;
}

class Model_Op<string mnemonic, list<Trait> traits = []>
    : Op<Model_Dialect, mnemonic, traits>;

//===----------------------------------------------------------------------===//
// Types
//===----------------------------------------------------------------------===//

def Model_Tree : TypeDef<Model_Dialect, "Tree",
                         [DeclareTypeInterfaceMethods<Graph_StackType>]> {
  let mnemonic = "tree";
  let summary = "the weights of one instance of a layer, or of a stack of them";
  let description = "`!model.tree<@Block>`, `!model.tree<@Block * 6>`.";
  let parameters = (ins "::mlir::FlatSymbolRefAttr":$layer,
                        OptionalParameter<"int64_t">:$copies);
  let builders = [
    TypeBuilderWithInferredContext<(ins "::mlir::FlatSymbolRefAttr":$layer), [{
      return $_get(layer.getContext(), layer, 0);
    }]>,
    TypeBuilderWithInferredContext<(ins "::mlir::FlatSymbolRefAttr":$layer,
                                        "int64_t":$copies), [{
      return $_get(layer.getContext(), layer, copies);
    }]>,
  ];
  let assemblyFormat = "`<` $layer (`*` $copies^)? `>`";
  let extraClassDeclaration = [{
    bool isStack() const { return getCopies() != 0; }
  }];
  let genVerifyDecl = 1;
}

def Model_Run : TypeDef<Model_Dialect, "Run"> {
  let mnemonic = "run";
  let summary = "what a step-by-step call has seen so far";
  let description = [{
    `!model.run<@Net, tensor<?x?xi32, #graph.dims<b, t + room>>>`: a call of a
    layer on an input that grows along one axis. The type is that of the input
    with all its room. Its leaves are decided by `model-derive-runs`.
  }];
  let parameters = (ins "::mlir::FlatSymbolRefAttr":$layer,
                        "::mlir::Type":$input);
  let assemblyFormat = "`<` $layer `,` $input `>`";
}

//===----------------------------------------------------------------------===//
// Declarations
//===----------------------------------------------------------------------===//

def Model_LayerOp : Model_Op<"layer", [
    Symbol, SymbolTable, NoTerminator, SingleBlock, NoRegionArguments,
    IsolatedFromAbove]> {
  let summary = "an instance of a layer: params, states, fields, functions";
  let description = [{
    Its body holds, in the order of the source, what has a name in the layer:
    params and states, fields (the layers within) and functions. The order of
    the weights is that of the leaves of a tree and of a file. Each function
    takes the tree first.

    ```mlir
    model.layer @Dense {
      model.param @kernel : tensor<3x4xf32> init @Dense.kernel.init
      func.func private @call(%w: !model.tree<@Dense>, %x: !x) -> !y { ... }
    }
    ```
  }];
  let arguments = (ins SymbolNameAttr:$sym_name);
  let regions = (region SizedRegion<1>:$body);
  let assemblyFormat = "$sym_name attr-dict-with-keyword $body";
  let hasRegionVerifier = 1; // layer.c1: what stands in it
}

class Model_MemberOp<string mnemonic>
    : Model_Op<mnemonic, [Symbol, HasParent<"LayerOp">]>;

class Model_WeightOp<string mnemonic> : Model_MemberOp<mnemonic> {
  let arguments = (ins SymbolNameAttr:$sym_name,
                       TypeAttrOf<Graph_Tensor>:$type, AnyAttr:$init);
  let assemblyFormat = "$sym_name `:` $type `init` $init attr-dict";
  let hasVerifier = 1; // param.c1: init is a number or a function
}

def Model_ParamOp : Model_WeightOp<"param"> {
  let summary = "a weight that training moves";
  let description = [{
    `init` is a number, which every element begins with, or the name of a
    function that makes the first value. Gradients of a tree have a leaf for
    each param.
  }];
}
def Model_StateOp : Model_WeightOp<"state"> {
  let summary = "a weight that only `model.with` changes";
  let description = [{
    Initialised as a param is, and written to the same file, but no optimizer
    sees it: running means, counts. A function that changes it returns its tree
    too.
  }];
}

def Model_FieldOp : Model_MemberOp<"field"> {
  let summary = "the weights of a layer within";
  let description = [{
    The type says which layer, and how many copies where the field is a stack:
    `repeat 6` makes `!model.tree<@Block * 6>`, whose leaves have a first axis
    of 6.
  }];
  let arguments = (ins SymbolNameAttr:$sym_name, TypeAttrOf<Model_Tree>:$type);
  let assemblyFormat = "$sym_name `:` $type attr-dict";
}

//===----------------------------------------------------------------------===//
// Trees
//===----------------------------------------------------------------------===//

def Model_LeafOp : Model_Op<"leaf", [Pure]> {
  let summary = "one weight of a tree, by its dotted path";
  let description = "A stacked field on the way makes a stacked leaf.";
  let arguments = (ins Model_Tree:$tree, StrAttr:$path);
  let results = (outs Graph_Tensor:$result);
  let assemblyFormat = "$tree $path attr-dict `:` type($tree) `->` type($result)";
}

def Model_PartOp : Model_Op<"part", [Pure]> {
  let summary = "the tree of a field";
  let description = [{
    `field` is the name of a `model.field` of the layer of `tree`. A part of a
    stack is a stack.
  }];
  let arguments = (ins Model_Tree:$tree, FlatSymbolRefAttr:$field);
  let results = (outs Model_Tree:$result);
  let assemblyFormat = "$tree $field attr-dict `:` type($tree) `->` type($result)";
}

def Model_WithOp : Model_Op<"with", [Pure, AllTypesMatch<["tree", "result"]>]> {
  let summary = "the tree with another value at a path";
  let description = "The path may end at a weight or at a field; `\"\"` is all of it.";
  let arguments = (ins Model_Tree:$tree, StrAttr:$path,
                       AnyTypeOf<[Graph_Tensor, Model_Tree]>:$value);
  let results = (outs Model_Tree:$result);
  let assemblyFormat = "$tree $path `=` $value attr-dict `:` type($tree) `,` type($value)";
}

def Model_PackOp : Model_Op<"pack", [Pure]> {
  let summary = "a tree of given leaves";
  let description = "The leaves stand in order of declaration, depth first.";
  let arguments = (ins Variadic<Graph_Tensor>:$leaves);
  let results = (outs Model_Tree:$result);
  let assemblyFormat = "$leaves attr-dict `:` type($leaves) `->` type($result)";
}

//===----------------------------------------------------------------------===//
// Calls
//===----------------------------------------------------------------------===//

class Model_CallBase<string mnemonic> : Model_Op<mnemonic, [Pure]> {
  let arguments = (ins Model_Tree:$tree, FlatSymbolRefAttr:$callee,
                       Variadic<Graph_Value>:$args, OptionalAttr<StrAttr>:$path);
  let results = (outs Variadic<Graph_Value>:$results);
  let assemblyFormat = [{
    $tree $callee `(` $args `)` (`path` $path^)? attr-dict
    `:` type($tree) `,` functional-type($args, $results)
  }];
}

def Model_CallOp : Model_CallBase<"call"> {
  let summary = "call a function of a tree's layer";
  let description = [{
    `path` is what the call adds to the paths of the draws in it. Without it
    that is the way from the caller's tree to this one: names of fields, and
    the number of the copy where the tree is a row of a stack. With it the way
    is still added first: `path "2"` tells the second call of one layer from
    the first.
  }];
}

def Model_InverseOp : Model_CallBase<"inverse"> {
  let summary = "call the inverse of a function; replaced by `model-derive-inverses`";
  let description = [{
    Takes what `callee` gives in place of the argument that is asked for, and
    gives that argument. Further arguments of the callee are given again, in
    order.
  }];
}

def Model_LogDetOp : Model_CallBase<"log_det"> {
  let summary = "log-determinant of the Jacobian of a function at its arguments";
  let description = [{
    One number for each index of the first dimension of the arguments: the
    logarithm of the absolute value of the determinant of the derivative of the
    rest. `model-derive-inverses` replaces it together with `model.inverse`.
  }];
}

def Model_BeginOp : Model_Op<"begin", [Pure, AttrSizedOperandSegments]> {
  let summary = "begin a run: a call on what there is, with room for more";
  let description = [{
    Calls `callee` on `args`; of these `growing` is the number of the one that
    grows, along its axis `axis`. `last` is the call's result at the last place
    along the axis of its own that is the grown one (`result_axis`). With
    `lengths` each row of the batch has its own length.

    ```mlir
    %run, %last = model.begin %net @call(%prompt) growing 0 axis 1 result_axis 1
        : !net, (!prompt) -> (!model.run<@Net, !padded>, !last)
    ```
  }];
  let arguments = (ins Model_Tree:$tree, FlatSymbolRefAttr:$callee,
                       Variadic<Graph_Tensor>:$args,
                       Optional<Graph_IntTensor>:$lengths,
                       I64Attr:$growing, I64Attr:$axis, I64Attr:$result_axis);
  let results = (outs Model_Run:$run, Graph_Tensor:$last);
  let assemblyFormat = [{
    $tree $callee `(` $args `)` (`lengths` $lengths^ `:` type($lengths))?
    `growing` $growing `axis` $axis `result_axis` $result_axis attr-dict
    `:` type($tree) `,` functional-type($args, results)
  }];
}

def Model_NextOp : Model_Op<"next", [Pure]> {
  let summary = "one step of a run";
  let description = [{
    `token` is the input at the next place: the type of the growing argument
    without the axis it grows along. The other arguments of the call are given
    again, in order, without the growing one.
  }];
  let arguments = (ins Model_Tree:$tree, FlatSymbolRefAttr:$callee,
                       Model_Run:$run, Graph_Tensor:$token,
                       Variadic<Graph_Tensor>:$args,
                       I64Attr:$growing, I64Attr:$axis, I64Attr:$result_axis);
  let results = (outs Model_Run:$next, Graph_Tensor:$last);
  let assemblyFormat = [{
    $tree $callee $run `,` $token `(` $args `)`
    `growing` $growing `axis` $axis `result_axis` $result_axis attr-dict
    `:` type($tree) `,` type($run) `,` type($token) `,`
    functional-type($args, results)
  }];
}

def Model_RowsOp : Model_Op<"rows", [Pure]> {
  let summary = "a run with rows of the batch chosen anew";
  let description = [{
    Row i of the batch of the result is row `ids[i]` of the run: what a beam
    search needs when it drops some of its beams and doubles others.
  }];
  let arguments = (ins Model_Run:$run, Graph_IntTensor:$ids);
  let results = (outs Model_Run:$result);
  let assemblyFormat = "$run `at` $ids attr-dict `:` type($run) `,` type($ids) `->` type($result)";
}

def Model_PhaseOp : Model_Op<"phase", [Pure]> {
  let summary = "whether the entry that this is part of trains";
  let description = [{
    True in the step of a train, false in reports, samples and tests: dropout
    and batch statistics ask it. It is a constant once the entry is known, in
    `convert-model-to-graph`, and what it guards is folded.
  }];
  let results = (outs 0DTensorOf<[I1]>:$result);
  let assemblyFormat = "attr-dict `:` type($result)";
}

def Model_KeyOp : Model_Op<"key", [Pure]> {
  let summary = "the key of a draw";
  let description = [{
    `path` is the declared name, within the function it stands in; with the
    paths of the calls around it it is the draw's dotted path. `rounds` are the
    rounds of the loops around it in this function, outermost first. Made into
    `graph.key`s when the call has been inlined.
  }];
  let arguments = (ins StrAttr:$path, Variadic<0DTensorOf<[I64]>>:$rounds);
  let results = (outs RankedTensorOf<[I64]>:$result);
  let assemblyFormat = "$path (`rounds` `(` $rounds^ `:` type($rounds) `)`)? attr-dict `:` type($result)";
}

#endif // LAMINA_DIALECTS_MODEL_MODELOPS
