// SPDX-License-Identifier: Apache-2.0
//
// Compute once what rounds repeat.
//
// Graph -> Graph. Inner loops first, so that an op may leave several. A loop is
// isolated: what is moved out comes back as `with`.

#include "dialects/Graph/GraphOps.h"
#include "passes/Graph/Passes.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
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
             SliceOp, PadOp, WindowOp, RandomOp, arith::ExtFOp>(op);
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

  /// Whether an argument is still read once the hoisted ops are gone.
  bool isRead(Value argument) {
    return llvm::any_of(argument.getUsers(), [&](Operation *user) {
      return !leaving.contains(user);
    });
  }

  /// An operand of the new `with`, its argument or value in the old body, and
  /// the argument in the old `until`.
  struct With {
    Value operand, inBody, inUntil;
  };

  /// What the body still reads once the hoisted ops are gone.
  SmallVector<With> findKept() {
    SmallVector<With> kept;
    unsigned carries = unsigned(scan.getCarries().size());
    for (auto [i, argument] : llvm::enumerate(scan.getWithArgs())) {
      Value asked =
          scan.hasUntil()
              ? scan.getUntilBlock()->getArgument(1 + carries + unsigned(i))
              : Value();
      if (isRead(argument) || (asked && !asked.use_empty()))
        kept.push_back({scan.getWith()[i], argument, asked});
    }
    for (Operation *op : leaving)
      for (Value result : op->getResults())
        if (isRead(result))
          kept.push_back({outside.lookup(result), result, {}});
    return kept;
  }

  /// `with` stands last, so the others keep their places.
  static void moveBlock(Block *from, Block *to, unsigned same) {
    for (unsigned i = 0; i < same; ++i)
      from->getArgument(i).replaceAllUsesWith(to->getArgument(i));
    to->getOperations().splice(to->end(), from->getOperations());
  }

  void rebuild() {
    OpBuilder b(scan);
    SmallVector<With> kept = findKept();
    unsigned carries = unsigned(scan.getCarries().size());
    SmallVector<Value> with;
    for (const With &entry : kept)
      with.push_back(entry.operand);
    auto wide = ScanOp::create(
        b, scan.getLoc(), scan.getTripSize(), scan.getReverse(), scan.getInit(),
        scan.getOver(), with, scan.getStacks().getTypes(), scan.getRounds(),
        scan.hasUntil());
    wide->setDiscardableAttrs(scan->getDiscardableAttrDictionary());

    unsigned inBody = 1 + carries + unsigned(scan.getOver().size());
    moveBlock(scan.getBodyBlock(), wide.getBodyBlock(), inBody);
    if (scan.hasUntil())
      moveBlock(scan.getUntilBlock(), wide.getUntilBlock(), 1 + carries);
    for (auto [i, entry] : llvm::enumerate(kept)) {
      entry.inBody.replaceAllUsesWith(
          wide.getBodyBlock()->getArgument(inBody + unsigned(i)));
      if (entry.inUntil)
        entry.inUntil.replaceAllUsesWith(
            wide.getUntilBlock()->getArgument(1 + carries + unsigned(i)));
    }
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
