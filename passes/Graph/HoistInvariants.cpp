//===- HoistInvariants.cpp - Compute once what rounds repeat --------------===//
//
// SPDX-License-Identifier: Apache-2.0
//
// Graph -> Graph. Inner loops first, so that an op may leave several. A loop is
// isolated: what is moved out comes back as `with`.
//
//===----------------------------------------------------------------------===//

#include "dialects/Graph/GraphOps.h"
#include "passes/Graph/Passes.h"

#include "mlir/IR/IRMapping.h"
#include "mlir/Interfaces/SideEffectInterfaces.h"

using namespace mlir;

namespace lamina {
#define GEN_PASS_DEF_HOISTINVARIANTSPASS
#include "passes/Graph/Passes.h.inc"
} // namespace lamina

namespace lamina::graph {

namespace {

/// What a named size counts in the comparison of sizes.
constexpr int64_t assumedSize = 64;

int64_t countElements(Type type) {
  auto tensor = dyn_cast<RankedTensorType>(type);
  int64_t count = 1;
  if (tensor)
    for (int64_t size : tensor.getShape())
      count *= ShapedType::isDynamic(size) ? assumedSize : size;
  return count;
}

/// Ops that readers repeat at no cost: to keep their result would cost memory.
bool isView(Operation *op) {
  return op->hasTrait<OpTrait::ConstantLike>() ||
         isa<IotaOp, SizeOp, BroadcastOp, TransposeOp, ReverseOp, ReshapeOp,
             SliceOp, PadOp, WindowOp, RandomOp>(op);
}

/// The elements of memory behind a value: those of what a view views.
int64_t storedElements(Value value) {
  Operation *op = value.getDefiningOp();
  while (op && isView(op) && op->getNumOperands() > 0) {
    value = op->getOperand(0);
    op = value.getDefiningOp();
  }
  return op && isView(op) ? 0 : countElements(value.getType());
}

class Hoisting {
public:
  explicit Hoisting(ScanOp scan) : scan(scan) {}

  void run() {
    findInvariants();
    if (leaving.empty())
      return;
    moveOut();
    rebuild();
  }

private:
  bool isWorthwhile(Operation &op) {
    int64_t read = 0, written = 0;
    for (Value operand : op.getOperands())
      read += storedElements(operand);
    for (Value result : op.getResults())
      written += countElements(result.getType());
    return !isView(&op) && written <= read;
  }

  /// Ops that depend on `with` alone; those worth keeping leave.
  void findInvariants() {
    for (BlockArgument argument : scan.getWithArgs())
      invariant.insert(argument);
    for (Operation &op : scan.getBodyBlock()->without_terminator()) {
      bool moves = op.getNumRegions() == 0 && isMemoryEffectFree(&op) &&
                   llvm::all_of(op.getOperands(),
                                [&](Value v) { return invariant.contains(v); });
      if (!moves)
        continue;
      invariant.insert(op.result_begin(), op.result_end());
      if (isWorthwhile(op))
        leaving.insert(&op);
    }
  }

  /// Clones what leaves, and the views it reads, in front of the loop.
  void moveOut() {
    llvm::DenseSet<Operation *> cloned(leaving.begin(), leaving.end());
    SmallVector<Operation *> queue(leaving.begin(), leaving.end());
    while (!queue.empty())
      for (Value operand : queue.pop_back_val()->getOperands())
        if (Operation *op = operand.getDefiningOp();
            op && cloned.insert(op).second)
          queue.push_back(op);
    OpBuilder b(scan);
    for (auto [operand, argument] :
         llvm::zip(scan.getWith(), scan.getWithArgs()))
      outside.map(argument, operand);
    for (Operation &op : scan.getBodyBlock()->without_terminator())
      if (cloned.contains(&op))
        b.clone(op, outside);
  }

  void rebuild() {
    OpBuilder b(scan);
    SmallVector<Value> with(scan.getWith()), rows;
    for (Operation *op : leaving)
      for (Value result : op->getResults()) {
        bool stays = llvm::any_of(result.getUsers(), [&](Operation *user) {
          return !leaving.contains(user);
        });
        if (!stays)
          continue;
        rows.push_back(result);
        with.push_back(outside.lookup(result));
      }
    auto wide = ScanOp::create(
        b, scan.getLoc(), scan.getTripSize(), scan.getReverse(), scan.getInit(),
        scan.getOver(), with, scan.getStacks().getTypes(), scan.getRounds(),
        scan.hasUntil());
    wide->setDiscardableAttrs(scan->getDiscardableAttrDictionary());
    // `with` stands last, so all other arguments keep their places.
    auto move = [&](Block *from, Block *to) {
      for (auto [old, argument] :
           llvm::zip(from->getArguments(), to->getArguments()))
        old.replaceAllUsesWith(argument);
      to->getOperations().splice(to->end(), from->getOperations());
    };
    unsigned first = scan.getBodyBlock()->getNumArguments();
    move(scan.getBodyBlock(), wide.getBodyBlock());
    if (scan.hasUntil())
      move(scan.getUntilBlock(), wide.getUntilBlock());
    for (auto [i, row] : llvm::enumerate(rows))
      row.replaceAllUsesWith(
          wide.getBodyBlock()->getArgument(first + unsigned(i)));
    for (Operation *op : llvm::reverse(leaving))
      op->erase();
    scan->replaceAllUsesWith(wide->getResults());
    scan.erase();
  }

  ScanOp scan;
  llvm::DenseSet<Value> invariant;
  llvm::SetVector<Operation *> leaving;
  IRMapping outside;
};

struct HoistInvariants
    : lamina::impl::HoistInvariantsPassBase<HoistInvariants> {
  void runOnOperation() override {
    // Collected first: hoisting replaces the loop, and inner ones go first.
    SmallVector<ScanOp> scans;
    getOperation()->walk([&](ScanOp scan) { scans.push_back(scan); });
    for (ScanOp scan : scans)
      Hoisting(scan).run();
  }
};

} // namespace

} // namespace lamina::graph
