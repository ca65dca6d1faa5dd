// SPDX-License-Identifier: Apache-2.0
//
// Values in fewer bits.

#include "passes/Graph/Narrowing.h"

#include "dialects/Graph/Shape.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Math/IR/Math.h"

using namespace mlir;

namespace lamina::graph {

static bool isFloat32(Value value) {
  auto type = dyn_cast<RankedTensorType>(value.getType());
  return type && type.getElementType().isF32();
}

static RankedTensorType narrowed(Type type) {
  return withElementType(cast<RankedTensorType>(type),
                         BFloat16Type::get(type.getContext()));
}

/// Ops that read their operands element by element, in whatever kernel they
/// are: these may be narrow in memory.
static bool readsElements(Operation *op) {
  return isa<arith::ArithDialect, math::MathDialect>(op->getDialect()) ||
         isa<ReduceOp, GatherOp, DynamicSliceOp, UnwindowOp>(op);
}

static bool isFactor(OpOperand &use) {
  return llvm::is_contained(getFactors(use.getOwner()), &use);
}

/// A sum, a maximum or what is computed of nothing else: small, and worth its
/// bits.
static bool isStatistic(Value value) {
  llvm::SetVector<Value> made;
  made.insert(value);
  bool any = false;
  for (size_t i = 0; i < made.size(); ++i) {
    Operation *op = made[i].getDefiningOp();
    if (!op)
      return false;
    if (isa<ReduceOp, CumulativeOp>(op)) {
      any = true;
      continue;
    }
    bool isConstant = op->getNumOperands() == 0;
    bool isOfOperands =
        isa<arith::ArithDialect, math::MathDialect>(op->getDialect()) ||
        isMove(op);
    if (!isConstant && !isOfOperands)
      return false;
    for (Value operand : op->getOperands())
      if (isFloat32(operand))
        made.insert(operand);
  }
  return any;
}

Narrowing::Narrowing(func::FuncOp entry, const ValueRoles &roles)
    : roles(roles) {
  entry.walk<WalkOrder::PreOrder>([&](ScanOp scan) {
    for (auto [number, stack] : llvm::enumerate(scan.getStacks()))
      if (mayNarrowStack(scan, unsigned(number)))
        stacks.insert(stack);
  });
}

//===----------------------------------------------------------------------===//
// What stays wide
//===----------------------------------------------------------------------===//

/// Whether a kept product reads the value as it is, or attention does beside
/// its factors: sums of rows must not lose to rounding what cancels in them.
static bool isReadWide(Value value, const ValueRoles &roles) {
  return llvm::any_of(value.getUses(), [&](OpOperand &use) {
    Operation *user = use.getOwner();
    if (auto contract = dyn_cast<ContractOp>(user))
      return roles.isKept(contract);
    if (isa<AttendOp, AttendGradOp>(user))
      return !isFactor(use);
    return isMove(user) && isReadWide(user->getResult(0), roles);
  });
}

bool Narrowing::mayNarrowStack(ScanOp scan, unsigned number) const {
  Value stack = scan.getStacks()[number];
  if (!isFloat32(stack) || roles.isVariable(stack) ||
      !roles.feedsProduct(stack) ||
      isStatistic(scan.getBodyYield().getStacked()[number]))
    return false;
  auto isGood = [&](OpOperand &use) {
    Operation *user = use.getOwner();
    if (auto reader = dyn_cast<ScanOp>(user)) {
      unsigned place = use.getOperandNumber() - reader.getInit().size();
      return use.getOperandNumber() >= reader.getInit().size() &&
             place < reader.getOver().size() &&
             !isReadWide(reader.getOverArgs()[place], roles);
    }
    if (auto yield = dyn_cast<YieldOp>(user)) {
      // An outer loop that was visited before this one.
      auto outer = dyn_cast<ScanOp>(yield->getParentOp());
      unsigned carries = yield.getValues().size();
      return outer && use.getOperandNumber() >= carries &&
             stacks.contains(
                 outer.getStacks()[use.getOperandNumber() - carries]);
    }
    return isMove(user) || readsElements(user) || isFactor(use);
  };
  return llvm::all_of(stack.getUses(), isGood) && !isReadWide(stack, roles);
}

/// Whether the value stands in memory in float32 whatever is decided here.
bool Narrowing::isWideInMemory(Value value) const {
  return llvm::any_of(value.getUses(), [&](OpOperand &use) {
    Operation *user = use.getOwner();
    if (auto yield = dyn_cast<YieldOp>(user)) {
      unsigned carries = yield.getValues().size();
      auto scan = dyn_cast<ScanOp>(yield->getParentOp());
      return !scan || use.getOperandNumber() < carries ||
             !stacks.contains(
                 scan.getStacks()[use.getOperandNumber() - carries]);
    }
    if (auto contract = dyn_cast<ContractOp>(user))
      return roles.isKept(contract);
    if (isFactor(use))
      return false;
    if (isMove(user))
      return isWideInMemory(user->getResult(0));
    return !readsElements(user);
  });
}

//===----------------------------------------------------------------------===//
// Twins
//===----------------------------------------------------------------------===//

Value Narrowing::round(OpBuilder &b, Value value) {
  return twins[value] = arith::TruncFOp::create(
             b, value.getLoc(), narrowed(value.getType()), value);
}

/// Whoever reads the value gets its twin as float32.
void Narrowing::widen(OpBuilder &b, Value narrow) {
  auto wide =
      withElementType(cast<RankedTensorType>(narrow.getType()), b.getF32Type());
  auto back = arith::ExtFOp::create(b, narrow.getLoc(), wide, narrow);
  narrow.replaceAllUsesExcept(back, back);
}

Value Narrowing::get(Value value) {
  if (!isFloat32(value))
    return value;
  if (Value twin = twins.lookup(value))
    return twin;
  if (auto argument = dyn_cast<BlockArgument>(value))
    return getOfArgument(argument);
  Operation *op = value.getDefiningOp();
  if (auto wide = dyn_cast<arith::ExtFOp>(op))
    if (wide.getIn().getType() == narrowed(value.getType()))
      return wide.getIn();
  if (isMove(op))
    return twins[value] = getOfMove(op);
  return getOfResult(cast<OpResult>(value));
}

/// Arguments of loops and branches are rounded outside, but for carries.
Value Narrowing::getOfArgument(BlockArgument argument) {
  Block *block = argument.getOwner();
  Operation *parent = block->getParentOp();
  unsigned number = argument.getArgNumber();
  if (auto cond = dyn_cast<CondOp>(parent)) {
    Value outer = get(cond.getWith()[number]);
    cond.getWithMutable().append(outer);
    for (Block *branch : {cond.getTakenBlock(), cond.getOtherwiseBlock()})
      twins[branch->getArgument(number)] =
          branch->addArgument(outer.getType(), outer.getLoc());
    return twins[argument];
  }
  auto scan = dyn_cast<ScanOp>(parent);
  unsigned first = 1 + (scan ? scan.getInit().size() : 0);
  unsigned rows = scan ? scan.getOver().size() : 0;
  if (!scan || block != scan.getBodyBlock() || number < first) {
    OpBuilder b = OpBuilder::atBlockBegin(block);
    return round(b, argument);
  }
  if (number - first < rows) {
    Value outer = get(scan.getOver()[number - first]);
    if (!isFloat32(argument))
      return argument; // the stack has become narrow, and so its rows
    scan.getOverMutable().append(outer);
    return twins[argument] = block->insertArgument(
               first + rows, narrowed(argument.getType()), outer.getLoc());
  }
  Value outer = get(scan.getWith()[number - first - rows]);
  scan.getWithMutable().append(outer);
  if (scan.hasUntil())
    scan.getUntilBlock()->addArgument(outer.getType(), outer.getLoc());
  return twins[argument] = block->addArgument(outer.getType(), outer.getLoc());
}

Value Narrowing::getOfMove(Operation *op) {
  SmallVector<Value> operands;
  for (Value operand : op->getOperands())
    operands.push_back(get(operand));
  OpBuilder b(op->getContext());
  b.setInsertionPointAfter(op);
  Operation *narrow = b.clone(*op);
  narrow->setOperands(operands);
  narrow->getResult(0).setType(narrowed(op->getResult(0).getType()));
  return narrow->getResult(0);
}

Value Narrowing::getOfResult(OpResult result) {
  Operation *op = result.getOwner();
  if (stacks.contains(result)) {
    narrowStack(result);
    return result;
  }
  bool staysWide = isa<ScanOp, CondOp>(op) || roles.isVariable(result) ||
                   isWideInMemory(result);
  OpBuilder b(op->getContext());
  b.setInsertionPointAfter(op);
  if (!staysWide && isa<AttendOp, AttendGradOp>(op)) {
    // Its kernel is one of its own and rounds as it writes.
    result.setType(narrowed(result.getType()));
    widen(b, result);
    return result;
  }
  Value twin = round(b, result);
  bool hasOthers = llvm::any_of(result.getUsers(), [&](Operation *user) {
    return user != twin.getDefiningOp();
  });
  if (!staysWide && hasOthers) {
    auto back =
        arith::ExtFOp::create(b, result.getLoc(), result.getType(), twin);
    result.replaceAllUsesExcept(back, twin.getDefiningOp());
  }
  return twin;
}

//===----------------------------------------------------------------------===//
// Factors, stacks, stored results
//===----------------------------------------------------------------------===//

void Narrowing::narrowFactors(ContractOp op) {
  if (!isFloat32(op.getA()) || !isFloat32(op.getB()))
    return;
  for (unsigned i : {0, 1})
    op->setOperand(i, get(op->getOperand(i)));
  op.setAccumulate(Float32Type::get(op.getContext()));
}

void Narrowing::narrowAttention(Operation *op) {
  for (OpOperand *factor : getFactors(op))
    factor->set(get(factor->get()));
}

void Narrowing::narrowStack(OpResult stack) {
  auto scan = cast<ScanOp>(stack.getOwner());
  unsigned number = stack.getResultNumber() - scan.getInit().size();
  stacks.remove(stack);
  OpOperand &row = scan.getBodyYield().getStackedMutable()[number];
  row.set(get(row.get()));
  stack.setType(narrowed(stack.getType()));
  bool isReadElsewhere = false;
  for (OpOperand &use : llvm::make_early_inc_range(stack.getUses())) {
    auto reader = dyn_cast<ScanOp>(use.getOwner());
    isReadElsewhere |= !reader && !isa<YieldOp>(use.getOwner());
    if (!reader)
      continue;
    unsigned place = use.getOperandNumber() - reader.getInit().size();
    BlockArgument argument = reader.getOverArgs()[place];
    argument.setType(narrowed(argument.getType()));
    OpBuilder b = OpBuilder::atBlockBegin(reader.getBodyBlock());
    widen(b, argument);
  }
  if (!isReadElsewhere)
    return;
  OpBuilder b(scan.getContext());
  b.setInsertionPointAfter(scan);
  auto wide =
      withElementType(cast<RankedTensorType>(stack.getType()), b.getF32Type());
  auto back = arith::ExtFOp::create(b, stack.getLoc(), wide, stack);
  stack.replaceUsesWithIf(back, [&](OpOperand &use) {
    return use.getOwner() != back && !isa<ScanOp, YieldOp>(use.getOwner());
  });
}

void Narrowing::narrowStacks() {
  for (Value stack : llvm::to_vector(stacks))
    if (stacks.contains(stack))
      narrowStack(cast<OpResult>(stack));
}

/// Whether an op reads the value, or what is computed of it alone, together
/// with something that a product has made of it. Then it outlives the product.
bool Narrowing::isReadLater(Value value) const {
  llvm::DenseSet<Value> reached, behind;
  SmallVector<std::pair<Value, bool>> work = {{value, false}};
  while (!work.empty()) {
    auto [next, isBehind] = work.pop_back_val();
    if (!(isBehind ? behind : reached).insert(next).second)
      continue;
    for (Operation *user : next.getUsers())
      for (Value result : user->getResults())
        work.push_back({result, isBehind || isa<ContractOp>(user) ||
                                    user->getNumRegions() > 0});
  }
  for (Value own : reached) {
    if (behind.contains(own))
      continue;
    for (Operation *user : own.getUsers())
      if (readsElements(user) &&
          llvm::any_of(user->getOperands(),
                       [&](Value x) { return behind.contains(x); }))
        return true;
  }
  return false;
}

/// Whether the op adds or multiplies what only repeats: a channel's offset.
static bool isScaleOrOffset(Operation *op, Value x) {
  return isa<arith::ArithDialect, math::MathDialect>(op->getDialect()) &&
         op->getNumResults() == 1 &&
         llvm::all_of(op->getOperands(), [&](Value operand) {
           Operation *source = operand.getDefiningOp();
           return operand == x ||
                  (source && isa<BroadcastOp, arith::ConstantOp>(source));
         });
}

void Narrowing::narrowStored(ContractOp op) {
  Value value = op.getResult();
  while (value.hasOneUse()) {
    Operation *user = *value.getUsers().begin();
    if (!isa<ReshapeOp, TransposeOp>(user) && !isScaleOrOffset(user, value))
      return;
    value = user->getResult(0);
  }
  if (!isFloat32(value) || twins.contains(value) ||
      !roles.feedsProduct(value) || isWideInMemory(value) ||
      !isReadLater(value))
    return;
  get(value);
}

} // namespace lamina::graph
