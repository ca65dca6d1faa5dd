// SPDX-License-Identifier: Apache-2.0
//
// From GRAPH to KERNEL and PLANNED.

#ifndef LAMINA_PASSES_KERNEL_PASSES
#define LAMINA_PASSES_KERNEL_PASSES

include "mlir/Pass/PassBase.td"

class Kernel_EntryPass<string flag> : Pass<flag, "::mlir::func::FuncOp"> {
  let dependentDialects = [
    "::lamina::graph::GraphDialect", "::lamina::kernel::KernelDialect",
    "::mlir::arith::ArithDialect", "::mlir::math::MathDialect"
  ];
}

def DecomposePass : Kernel_EntryPass<"kernel-decompose"> {
  let summary = "write ops without a kernel form with ops that have one";
  let description = [{
    `reduce logsumexp` becomes a maximum, a sum of exponentials and a logarithm;
    `arg_reduce` a maximum and the lowest index that has it; a contraction that
    reads between the elements of an operand reads an operand with zeros put
    between them. Row kernels join the parts again, so nothing is walked more
    often than needed. Other reductions and contractions stay as they are.
  }];
}

def PlaceScalarsPass : Kernel_EntryPass<"kernel-place-scalars"> {
  let summary = "move numbers that depend on no tensor into `kernel.host`";
  let description = [{
    What is made of scalars of the entry, counters, sizes and rounds of loops is
    computed by the host: rates, corrections, keys of draws, conditions on
    steps. A number that depends on a tensor (a loss, a norm of a gradient)
    stays, and so does what leaves a loop or a choice that data decides.

    Constants that are handed into a loop or a choice are made inside of it
    first, where the host and kernels read them as they are.
  }];
}

def FormClustersPass : Kernel_EntryPass<"kernel-form-clusters"> {
  let summary = "decide which ops become one kernel";
  let description = [{
    Numbers clusters by the attribute `kernel.cluster`. In this order:
    elementwise readers of a contraction join it as its epilogue; reductions
    over trailing axes and what is elementwise around them become rows;
    elementwise ops that one cluster reads join it. Views have no cluster:
    whoever reads them reads through them. Values that loops, structured ops or
    the caller need in memory are copied by a cluster of their own if they are
    views.

    Two ops stay apart if something between them would have to run in the
    middle, if one reads the other at another index than its own, or if their
    axes are no digits of the same loops.
  }];
}

def RecomputeCheapPass : Kernel_EntryPass<"kernel-recompute-cheap"> {
  let summary = "compute in several kernels what is cheaper than to hand on";
  let description = [{
    Takes the cluster from elementwise ops whose result one kernel would write
    only for others to read, where these can make it from what is in memory
    anyway: the parts of an activation that its derivative reads again are made
    from the one value that the activation is of. A byte saved is worth six
    operations.

    A value stays if a loop, a product or a structured op reads it; if a reader
    reads it at other places than its own element; if a reduction stands between
    it and memory; if it is made of random numbers, whose price is higher; and if
    a reader would have to keep a variable or a carry from being updated in
    place.
  }];
}

def ConvertGraphToKernelPass
    : Pass<"convert-graph-to-kernel", "::mlir::ModuleOp"> {
  let summary = "outline clusters as kernels, entries become launches";
  let description = [{
    Each cluster becomes a `kernel.func` and its launch; `graph.scan` becomes
    `kernel.loop`, `graph.cond` `kernel.if`. Axes that everything in a kernel
    treats alike are joined, views become indices, floats other than 0, 1, 2, ½
    and infinities become scalar operands. Functions without a body stay.

    A cluster that has no form as one kernel, whoever put its ops together,
    falls into two, down to kernels of one op: a program may be slower for it,
    but is never refused.
  }];
  let options = [
    Option<"reportSplits", "report-splits", "bool", "false",
           "remark at each cluster that falls into two, and why">
  ];
  let dependentDialects = [
    "::lamina::graph::GraphDialect", "::lamina::kernel::KernelDialect",
    "::mlir::arith::ArithDialect", "::mlir::math::MathDialect",
    "::mlir::linalg::LinalgDialect", "::mlir::tensor::TensorDialect"
  ];
}

def ShareEqualPass : Pass<"kernel-share-equal", "::mlir::ModuleOp"> {
  let summary = "keep one of kernels that are equal but for names and places";
  let description = [{
    Equal kernels are compiled once; their launches then name the same kernel.
    The kernel that stays gets the locations of all. Kernels that differ in a
    static size or a constant of their code stay apart.
  }];
}

def VerifyKernelPass : Pass<"verify-kernel", "::mlir::ModuleOp"> {
  let summary = "check that entries are launches and nothing else";
  let description = [{
    Behind `convert-graph-to-kernel` an entry holds launches, numbers of the
    host, loops, choices, constants, reshapes (another name of the same bytes),
    checks and calls of C functions. Anything else is an op that no kernel took.
    Says nothing about the bodies of kernels, which their own verifier checks,
    or about functions without a body.
  }];
}

def OrderPass : Kernel_EntryPass<"kernel-order"> {
  let summary = "run readers of old values before their updates";
  let description = [{
    What reads the old value of a variable or carry runs before the launch that
    computes the new one, so that this one may write in place. Nothing else
    moves, and no reader moves that needs the new value itself.
  }];
}

def PlanMemoryPass : Kernel_EntryPass<"kernel-plan-memory"> {
  let summary = "give every value of an entry a place";
  let description = [{
    A result takes the place of an operand of equal size that dies with it (in
    place), the place of the variable, carry or stack it ends in, or a slot of
    its own. Slots have lifetimes in the attribute `kernel.slots`; their offsets
    are found by runtime/ABI/Plan.h. An entry that has places already stays.
  }];
}

def VerifyPlannedPass : Pass<"verify-planned", "::mlir::ModuleOp"> {
  let summary = "check that no place is overwritten while it is needed";
  let description = [{
    Works the lifetimes out again from the places alone and follows every write.
    An error where a place is written while its old value is still to be read,
    unless the op that writes reads each element before it writes it. Changes
    nothing, and skips an entry that has no places yet.
  }];
}

#endif // LAMINA_PASSES_KERNEL_PASSES
