// SPDX-License-Identifier: Apache-2.0
//
// Kernels, launches, loops and choices.

#ifndef LAMINA_DIALECTS_KERNEL_KERNELOPS
#define LAMINA_DIALECTS_KERNEL_KERNELOPS

include "mlir/IR/CommonTypeConstraints.td"
include "dialects/Graph/GraphDialect.td"
include "dialects/Kernel/KernelDialect.td"
include "mlir/IR/SymbolInterfaces.td"
include "mlir/Interfaces/ControlFlowInterfaces.td"
include "mlir/Interfaces/SideEffectInterfaces.td"

//===----------------------------------------------------------------------===//
// Kernels
//===----------------------------------------------------------------------===//

def Kernel_FuncOp : Kernel_Op<"func", [Symbol, IsolatedFromAbove]> {
  let summary = "one kernel: tensors and scalars in, tensors out";
  let description = [{
    The arguments are the tensor inputs, the scalars, and `outs` tensors. `dims`
    names the run-time sizes in the order of the C interface; `shapes` has for
    each tensor argument, for each `?` of its type, the number of its dim. An
    `out` holds garbage before the call unless the body reads it.

    ```mlir
    kernel.func map @double outs(1) attributes {dims = ["n"], shapes = [array<i64: 0>, array<i64: 0>]} {
    ^bb0(%x: tensor<?xf32>, %y: tensor<?xf32>):
      ...
      kernel.return %r : tensor<?xf32>
    }
    ```
  }];
  let arguments = (ins Kernel_Kind:$kind, SymbolNameAttr:$sym_name,
                       I64Attr:$outs, StrArrayAttr:$dims, ArrayAttr:$shapes);
  let regions = (region SizedRegion<1>:$body);
  let assemblyFormat = [{
    $kind $sym_name `outs` `(` custom<Count>($outs) `)` attr-dict-with-keyword $body
  }];
  let extraClassDeclaration = [{
    ::mlir::Block *getBlock() { return &getBody().front(); }
    ReturnOp getReturn();
    unsigned getNumOuts() { return getOuts(); }
    /// The tensor inputs, the scalars and the outs, in this order.
    ::llvm::MutableArrayRef<::mlir::BlockArgument> getInArgs();
    ::llvm::MutableArrayRef<::mlir::BlockArgument> getScalarArgs();
    ::llvm::MutableArrayRef<::mlir::BlockArgument> getOutArgs();
    /// The numbers of the dims of the `?`s of tensor argument `index`, counted
    /// over ins and outs.
    ::llvm::ArrayRef<int64_t> getShape(unsigned index);
  }];
  // func.c1: tensor arguments, scalars, outs; func.c2: dims and shapes fit
  // func.c3: returns a value of the type of each out
  let hasVerifier = 1;
  let hasRegionVerifier = 1;
}

def Kernel_ReturnOp : Kernel_Op<"return", [
    Pure, Terminator, ReturnLike, HasParent<"FuncOp">]> {
  let summary = "what the outs of a kernel hold at its end";
  let description = [{
    One value for each `outs` argument, in order and of its type. A value that
    is the argument itself leaves its buffer as it was.
  }];
  let arguments = (ins Variadic<AnyRankedTensor>:$values);
  let assemblyFormat = "($values^ `:` type($values))? attr-dict";
}

def Kernel_SizeOp : Kernel_Op<"size", [Pure, HasParent<"FuncOp">]> {
  let summary = "the size of a dim of the kernel, by its number";
  let description = [{
    For loops along which no tensor has an axis, such as those of a count of
    positions below a length.
  }];
  let arguments = (ins I64Attr:$dim);
  let results = (outs Index:$result);
  let assemblyFormat = "$dim attr-dict";
  let hasVerifier = 1; // size.c1: the kernel has so many dims
}

//===----------------------------------------------------------------------===//
// Entries
//===----------------------------------------------------------------------===//

def Kernel_LaunchOp : Kernel_Op<"launch", [
    Pure, AttrSizedOperandSegments,
    DeclareOpInterfaceMethods<SymbolUserOpInterface>]> {
  let summary = "run a kernel";
  let description = [{
    A tensor is handed over as its bytes: the kernel may see it with another
    shape of as many elements. `scalars` are host values of rank 0, or keys,
    which are two numbers. `dims` are the sizes of the kernel's dims. What an
    out holds before the launch stands in `inits`; `tied` has the number of the
    out of each. In PLANNED each result has a place.
  }];
  let arguments = (ins FlatSymbolRefAttr:$kernel,
                       Variadic<AnyRankedTensor>:$ins,
                       Variadic<AnyRankedTensor>:$scalars,
                       Variadic<AnyRankedTensor>:$inits,
                       DefaultValuedAttr<DenseI64ArrayAttr, "{}">:$tied,
                       Graph_DimsAttr:$dims,
                       OptionalAttr<TypedArrayAttrBase<Kernel_PlaceAttr, "places">>:$places);
  let results = (outs Variadic<AnyRankedTensor>:$results);
  let assemblyFormat = [{
    $kernel (`ins` `(` $ins^ `:` type($ins) `)`)?
    (`scalars` `(` $scalars^ `:` type($scalars) `)`)?
    (`inits` `(` $inits^ `:` type($inits) `)` `tied` $tied)?
    `dims` $dims (`places` $places^)? attr-dict `->` type($results)
  }];
}

def Kernel_HostOp : Kernel_Op<"host", [Pure, IsolatedFromAbove]> {
  let summary = "numbers that the host computes";
  let description = [{
    The body is `arith`, `math`, `graph.size` and `graph.key` on tensors of rank
    0. It may stand inside loops and see their round.
  }];
  let arguments = (ins Variadic<AnyRankedTensor>:$inputs,
                       OptionalAttr<TypedArrayAttrBase<Kernel_PlaceAttr, "places">>:$places);
  let results = (outs Variadic<AnyRankedTensor>:$results);
  let regions = (region SizedRegion<1>:$body);
  let assemblyFormat = [{
    (`ins` `(` $inputs^ `:` type($inputs) `)`)? (`places` $places^)? (`->` type($results)^)?
    attr-dict-with-keyword $body
  }];
  let extraClassDeclaration = [{
    ::mlir::Block *getBlock() { return &getBody().front(); }
  }];
  let hasRegionVerifier = 1; // host.c1: arguments and yield
}

def Kernel_LoopOp : Kernel_Op<"loop", [
    AttrSizedOperandSegments, AttrSizedResultSegments, IsolatedFromAbove,
    RecursiveMemoryEffects]> {
  let summary = "rounds of launches";
  let description = [{
    As `graph.scan`: the body sees the round, the carries, one row of each
    `over`, and `with`. In PLANNED `places` has the place of each carry, then of
    each stack, then of `rounds`; what the body yields is copied there at the
    end of a round where it was not computed there. `number` names the loop in
    places.
  }];
  let arguments = (ins Variadic<AnyRankedTensor>:$init,
                       Variadic<AnyRankedTensor>:$over,
                       Variadic<AnyRankedTensor>:$with,
                       Optional<AnyRankedTensor>:$rounds,
                       Graph_DimsAttr:$trip, UnitAttr:$reverse,
                       OptionalAttr<I64Attr>:$number,
                       OptionalAttr<TypedArrayAttrBase<Kernel_PlaceAttr, "places">>:$places);
  let results = (outs Variadic<AnyRankedTensor>:$carries,
                      Variadic<AnyRankedTensor>:$stacks,
                      Optional<AnyRankedTensor>:$roundsRun);
  let regions = (region SizedRegion<1>:$body, MaxSizedRegion<1>:$until);
  let assemblyFormat = [{
    `trip` $trip (`reverse` $reverse^)? (`number` $number^)?
    (`init` `(` $init^ `:` type($init) `)`)? (`over` `(` $over^ `:` type($over) `)`)?
    (`with` `(` $with^ `:` type($with) `)`)? (`rounds` `(` $rounds^ `:` type($rounds) `)`)?
    (`places` $places^)?
    (`carries` type($carries)^)? (`stacks` type($stacks)^)? (`counted` type($roundsRun)^)?
    attr-dict-with-keyword $body (`until` $until^)?
  }];
  let extraClassDeclaration = [{
    bool hasUntil() { return !getUntil().empty(); }
    ::mlir::Block *getBodyBlock() { return &getBody().front(); }
    ::mlir::BlockArgument getIndex() { return getBody().getArgument(0); }
    ::llvm::MutableArrayRef<::mlir::BlockArgument> getCarryArgs();
    ::llvm::MutableArrayRef<::mlir::BlockArgument> getOverArgs();
    ::llvm::MutableArrayRef<::mlir::BlockArgument> getWithArgs();
    YieldOp getBodyYield();
  }];
  let hasRegionVerifier = 1; // loop.c1: arguments of the regions; loop.c2: yields
}

def Kernel_IfOp : Kernel_Op<"if", [IsolatedFromAbove, RecursiveMemoryEffects]> {
  let summary = "launches of one of two branches";
  let description = [{
    Both branches take `with` and yield the results. The predicate is a host
    value or a word of memory.
  }];
  let arguments = (ins AnyRankedTensor:$predicate, Variadic<AnyRankedTensor>:$with,
                       OptionalAttr<TypedArrayAttrBase<Kernel_PlaceAttr, "places">>:$places);
  let results = (outs Variadic<AnyRankedTensor>:$results);
  let regions = (region SizedRegion<1>:$taken, SizedRegion<1>:$otherwise);
  let assemblyFormat = [{
    $predicate `:` type($predicate) (`with` `(` $with^ `:` type($with) `)`)?
    (`places` $places^)? (`->` type($results)^)? attr-dict-with-keyword $taken `else` $otherwise
  }];
  let hasRegionVerifier = 1; // if.c1: arguments; if.c2: yields
}

def Kernel_YieldOp : Kernel_Op<"yield", [
    Pure, Terminator, ReturnLike, AttrSizedOperandSegments,
    ParentOneOf<["LoopOp", "IfOp", "HostOp"]>]> {
  let summary = "values of a round, a branch or the host";
  let description = [{
    The last op of a body. In a loop the values are the carries of the next
    round and `stacked` the rows of this one; in a branch the results; in a
    `kernel.host` the numbers it gives. In PLANNED a value that was not computed
    at the place of its result is copied there at the end of the round.
  }];
  let arguments = (ins Variadic<AnyRankedTensor>:$values,
                       Variadic<AnyRankedTensor>:$stacked);
  let assemblyFormat = [{
    ($values^ `:` type($values))? (`stack` $stacked^ `:` type($stacked))? attr-dict
  }];
}

#endif // LAMINA_DIALECTS_KERNEL_KERNELOPS
