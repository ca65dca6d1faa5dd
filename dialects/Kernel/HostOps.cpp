// SPDX-License-Identifier: Apache-2.0
//
// What the host can compute.

#include "dialects/Kernel/HostOps.h"

#include "dialects/Graph/GraphOps.h"

#include "llvm/ADT/StringSwitch.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Math/IR/Math.h"

using namespace mlir;
using namespace lamina;

static StringRef getComparison(arith::CmpIPredicate predicate) {
  switch (predicate) {
  case arith::CmpIPredicate::eq:
    return "eq";
  case arith::CmpIPredicate::ne:
    return "ne";
  case arith::CmpIPredicate::slt:
    return "lt";
  case arith::CmpIPredicate::sle:
    return "le";
  case arith::CmpIPredicate::sgt:
    return "gt";
  case arith::CmpIPredicate::sge:
    return "ge";
  default:
    return "";
  }
}

static StringRef getComparison(arith::CmpFPredicate predicate) {
  switch (predicate) {
  case arith::CmpFPredicate::OEQ:
    return "eq";
  case arith::CmpFPredicate::UNE:
    return "ne";
  case arith::CmpFPredicate::OLT:
    return "lt";
  case arith::CmpFPredicate::OLE:
    return "le";
  case arith::CmpFPredicate::OGT:
    return "gt";
  case arith::CmpFPredicate::OGE:
    return "ge";
  default:
    return "";
  }
}

StringRef kernel::getHostOp(Operation *op) {
  if (auto compare = dyn_cast<arith::CmpIOp>(op))
    return getComparison(compare.getPredicate());
  if (auto compare = dyn_cast<arith::CmpFOp>(op))
    return getComparison(compare.getPredicate());
  return llvm::StringSwitch<StringRef>(op->getName().getStringRef())
      .Case("arith.addf", "add")
      .Case("arith.subf", "sub")
      .Case("arith.mulf", "mul")
      .Case("arith.divf", "div")
      .Case("arith.negf", "neg")
      .Cases({"arith.maximumf", "arith.maxnumf"}, "max")
      .Cases({"arith.minimumf", "arith.minnumf"}, "min")
      .Case("math.powf", "pow")
      .Case("math.sqrt", "sqrt")
      .Case("math.exp", "exp")
      .Case("math.expm1", "expm1")
      .Case("math.log", "log")
      .Case("math.log1p", "log1p")
      .Case("math.sin", "sin")
      .Case("math.cos", "cos")
      .Case("math.tan", "tan")
      .Case("math.tanh", "tanh")
      .Case("math.atan", "atan")
      .Case("math.erf", "erf")
      .Case("math.floor", "floor")
      .Case("math.ceil", "ceil")
      .Case("math.roundeven", "round")
      .Case("math.absf", "abs")
      .Case("arith.addi", "iadd")
      .Case("arith.subi", "isub")
      .Case("arith.muli", "imul")
      .Case("arith.floordivsi", "floordiv")
      .Case("arith.divsi", "idiv")
      .Case("arith.remsi", "irem")
      .Case("arith.maxsi", "imax")
      .Case("arith.minsi", "imin")
      .Case("arith.andi", "and")
      .Case("arith.ori", "or")
      .Case("arith.xori", "xor")
      .Case("arith.select", "select")
      .Cases({"arith.sitofp", "arith.uitofp"}, "real")
      .Case("arith.fptosi", "whole")
      .Case("graph.key", "key")
      .Cases({"arith.extf", "arith.truncf", "arith.extsi", "arith.trunci",
              "arith.extui", "arith.index_cast", "graph.stop"},
             "same")
      .Default("");
}
