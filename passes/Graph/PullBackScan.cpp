// SPDX-License-Identifier: Apache-2.0
//
// The reverse of a loop.
//
// A loop's reverse is a loop in the other direction. Adjoints of carries are
// its carries, adjoints of `over` its stacks, adjoints of `with` carries that
// start at zero. Its body is made by walking the forward body backwards,
// reading forward values as if they were at hand; then each one read becomes an
// `over`, a `with`, a computation repeated from those, or a new stack of the
// forward loop: which of the latter two is a minimum cut by bytes.

#include "dialects/Graph/Formula.h"
#include "dialects/Graph/Shape.h"
#include "dialects/Graph/StackType.h"
#include "passes/Graph/Pullback.h"
#include "passes/Graph/ResidualCut.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/IR/IRMapping.h"
#include "mlir/IR/TypeUtilities.h"
#include "mlir/Interfaces/SideEffectInterfaces.h"

using namespace mlir;

namespace lamina::graph {

namespace {

/// What a named size counts in the comparison of residuals.
constexpr int64_t assumedSize = 64;

int64_t bytesOf(Type type) {
  auto tensor = dyn_cast<RankedTensorType>(type);
  if (!tensor)
    return 8;
  int64_t bytes = std::max<int64_t>(1, tensor.getElementTypeBitWidth() / 8);
  for (int64_t size : tensor.getShape())
    bytes *= ShapedType::isDynamic(size) ? assumedSize : size;
  return bytes;
}

class ScanReverse {
public:
  ScanReverse(ScanOp scan, ArrayRef<Value> given, const llvm::BitVector &wanted,
              const GradientOptions &options)
      : scan(scan), wanted(wanted), options(options),
        activity(Activity::inBody(scan, wanted)), context(scan.getContext()),
        loc(scan.getLoc()) {
    unsigned carries = unsigned(scan.getCarries().size()),
             stacks = unsigned(scan.getStacks().size());
    ofCarries.assign(given.begin(), given.begin() + carries);
    ofStacks.assign(given.begin() + carries, given.begin() + carries + stacks);
  }

  FailureOr<SmallVector<Value>> build(OpBuilder &b);

  ScanOp scan; // the wider one afterwards

private:
  void findUsefulCarries();
  bool markUseful(Operation &op, llvm::DenseSet<Value> &useful);
  LogicalResult buildBody(OpBuilder::Listener *listener);
  void takeAdjoints(OpBuilder &b, Pullback &pullback);
  void collectResidual(Value value);
  void resolveResiduals(OpBuilder::Listener *listener);
  void storeResiduals(ArrayRef<Value> stored);
  void repeatResiduals(OpBuilder::Listener *listener);
  llvm::DenseSet<Operation *> findRepeated(llvm::SetVector<Value> &free);
  ScanOp assemble(OpBuilder &b);
  void moveBody(ScanOp reverse, ArrayRef<BlockArgument> arguments);
  SmallVector<Value> operandAdjoints(ScanOp reverse);
  bool isFree(Value value);

  const llvm::BitVector &wanted;
  const GradientOptions &options;
  Activity activity;
  MLIRContext *context;
  Location loc;
  SmallVector<Value> ofCarries, ofStacks;

  // The reverse body, and what its arguments and yields stand for.
  std::unique_ptr<Block> body;
  SmallVector<unsigned> carries;      // forward carries that have an adjoint
  SmallVector<BlockArgument> carryIn; // one for each
  SmallVector<unsigned> stacksIn;     // forward stacks that have an adjoint
  SmallVector<BlockArgument> stackIn; // a row of each
  SmallVector<unsigned> overs, withs; // forward operands that get one
  SmallVector<Value> overOut, withOut, carryOut;
  SmallVector<BlockArgument> withIn; // sums so far

  llvm::SetVector<Value> needed; // forward values that the reverse body reads
  IRMapping atHand;              // forward value -> value in the reverse body
  SmallVector<std::pair<Value, BlockArgument>> overResiduals,
      withResiduals; // outer operand, argument
};

bool ScanReverse::isFree(Value value) {
  auto argument = dyn_cast<BlockArgument>(value);
  if (!argument)
    return false;
  // All but carries: the index, rows and `with`.
  unsigned number = argument.getArgNumber();
  return number == 0 || number > scan.getCarries().size();
}

/// Marks active operands of an op with a useful result. True if one is new.
bool ScanReverse::markUseful(Operation &op, llvm::DenseSet<Value> &useful) {
  if (llvm::none_of(op.getResults(),
                    [&](Value v) { return useful.contains(v); }))
    return false;
  bool changed = false;
  llvm::BitVector active = activity.activeOperands(&op); // its bits live there
  for (unsigned operand : active.set_bits())
    changed |= useful.insert(op.getOperand(operand)).second;
  return changed;
}

/// Carries whose adjoint may be other than zero in some round.
void ScanReverse::findUsefulCarries() {
  YieldOp yield = scan.getBodyYield();
  llvm::DenseSet<Value> useful;
  llvm::BitVector carried(scan.getCarries().size());
  auto arguments = scan.getCarryArgs();
  auto carry = [&](unsigned i) {
    if (carried.test(i) || !activity.contains(arguments[i]))
      return false;
    carried.set(i);
    useful.insert(yield.getValues()[i]);
    return true;
  };
  for (auto [i, g] : llvm::enumerate(ofStacks))
    if (g)
      useful.insert(yield.getStacked()[i]);
  for (auto [i, g] : llvm::enumerate(ofCarries))
    if (g)
      carry(unsigned(i));
  for (bool changed = true; changed;) {
    for (Operation &op :
         llvm::reverse(scan.getBodyBlock()->without_terminator()))
      (void)markUseful(op, useful);
    changed = false;
    for (auto [i, argument] : llvm::enumerate(arguments))
      changed |= useful.contains(argument) && carry(unsigned(i));
  }
  for (unsigned i : carried.set_bits())
    carries.push_back(i);
}

/// What the body gives for carries, rows and `with` of the forward loop.
void ScanReverse::takeAdjoints(OpBuilder &b, Pullback &pullback) {
  for (unsigned i : carries) {
    Value g = pullback.get(scan.getCarryArgs()[i]);
    carryOut.push_back(g ? g
                         : zeroOf(b, loc, scan.getCarryArgs()[i].getType()));
  }
  unsigned base = unsigned(scan.getCarries().size());
  for (auto [i, argument] : llvm::enumerate(scan.getOverArgs()))
    if (Value g = pullback.get(argument);
        g && wanted.test(base + unsigned(i))) {
      overs.push_back(unsigned(i));
      overOut.push_back(g);
    }
  base += unsigned(scan.getOver().size());
  for (auto [i, argument] : llvm::enumerate(scan.getWithArgs()))
    if (Value g = pullback.get(argument);
        g && wanted.test(base + unsigned(i))) {
      withs.push_back(unsigned(i));
      withIn.push_back(body->addArgument(argument.getType(), loc));
      withOut.push_back(arith::AddFOp::create(b, loc, withIn.back(), g));
    }
}

LogicalResult ScanReverse::buildBody(OpBuilder::Listener *listener) {
  body = std::make_unique<Block>();
  body->addArgument(scan.getIndex().getType(), loc);
  OpBuilder b(context, listener);
  b.setInsertionPointToEnd(body.get());
  Pullback pullback(activity, options);
  YieldOp yield = scan.getBodyYield();
  for (unsigned i : carries) {
    carryIn.push_back(body->addArgument(scan.getCarryArgs()[i].getType(), loc));
    pullback.add(b, loc, yield.getValues()[i], carryIn.back());
  }
  for (auto [i, g] : llvm::enumerate(ofStacks)) {
    if (!g || !activity.contains(yield.getStacked()[i]))
      continue;
    stacksIn.push_back(unsigned(i));
    stackIn.push_back(body->addArgument(yield.getStacked()[i].getType(), loc));
    pullback.add(b, loc, yield.getStacked()[i], stackIn.back());
  }
  Block *forward = scan.getBodyBlock();
  if (&forward->front() != yield.getOperation() &&
      failed(pullback.run(b, &forward->front(), yield->getPrevNode())))
    return failure();
  takeAdjoints(b, pullback);
  return success();
}

void ScanReverse::collectResidual(Value value) {
  if (value.getParentBlock() == scan.getBodyBlock())
    needed.insert(value);
}

/// New stacks of the forward loop for `stored`, and arguments for their rows.
void ScanReverse::storeResiduals(ArrayRef<Value> stored) {
  YieldOp yield = scan.getBodyYield();
  SmallVector<Value> rows(yield.getStacked());
  SmallVector<Type> types(scan.getStacks().getTypes());
  SmallVector<unsigned> position;
  for (Value value : stored) {
    auto *old = llvm::find(rows, value);
    position.push_back(unsigned(old - rows.begin()));
    if (old != rows.end())
      continue;
    rows.push_back(value);
    types.push_back(withLeadingSizes(cast<RankedTensorType>(value.getType()),
                                     {scan.getTripSize()}));
  }
  if (types.size() > scan.getStacks().size()) {
    OpBuilder b(scan);
    auto wide = ScanOp::create(b, loc, scan.getTripSize(), scan.getReverse(),
                               scan.getInit(), scan.getOver(), scan.getWith(),
                               types, scan.getRounds(), scan.hasUntil());
    wide->setDiscardableAttrs(scan->getDiscardableAttrDictionary());
    YieldOp::create(b, loc, yield.getValues(), rows)->moveBefore(yield);
    yield.erase();
    wide.getBody().takeBody(scan.getBody());
    if (!wide.getUntil().empty() || scan.hasUntil())
      wide.getUntil().takeBody(scan.getUntil());
    scan = wide;
  }
  for (auto [value, i] : llvm::zip(stored, position)) {
    overResiduals.push_back(
        {scan.getStacks()[i], body->addArgument(value.getType(), loc)});
    atHand.map(value, overResiduals.back().second);
  }
}

/// The forward ops behind what is needed and not at hand; `free` is what they
/// read that the reverse loop can read as well.
llvm::DenseSet<Operation *>
ScanReverse::findRepeated(llvm::SetVector<Value> &free) {
  SmallVector<Value> queue(needed.begin(), needed.end());
  llvm::DenseSet<Operation *> repeated;
  while (!queue.empty()) {
    Value value = queue.pop_back_val();
    if (atHand.contains(value))
      continue;
    if (isFree(value)) {
      free.insert(value);
      continue;
    }
    Operation *op = value.getDefiningOp();
    assert(op && "a carry that is needed is stored");
    if (repeated.insert(op).second)
      llvm::append_range(queue, op->getOperands());
  }
  return repeated;
}

/// Computes what is needed and not stored again, at the start of the body.
void ScanReverse::repeatResiduals(OpBuilder::Listener *listener) {
  llvm::SetVector<Value> free;
  llvm::DenseSet<Operation *> repeated = findRepeated(free);
  unsigned firstOver = 1 + unsigned(scan.getCarries().size());
  unsigned firstWith = firstOver + unsigned(scan.getOver().size());
  // In order of the arguments, so that the output does not depend on the walk.
  for (BlockArgument argument : scan.getBodyBlock()->getArguments()) {
    if (!free.contains(argument))
      continue;
    unsigned number = argument.getArgNumber();
    if (number == 0) {
      atHand.map(argument, body->getArgument(0));
      continue;
    }
    BlockArgument inner = body->addArgument(argument.getType(), loc);
    atHand.map(argument, inner);
    if (number < firstWith)
      overResiduals.push_back({scan.getOver()[number - firstOver], inner});
    else
      withResiduals.push_back({scan.getWith()[number - firstWith], inner});
  }
  OpBuilder b(context, listener);
  b.setInsertionPointToStart(body.get());
  for (Operation &op : *scan.getBodyBlock())
    if (repeated.contains(&op))
      b.clone(op, atHand);
}

void ScanReverse::resolveResiduals(OpBuilder::Listener *listener) {
  for (Operation &op : *body)
    for (Value operand : op.getOperands())
      collectResidual(operand);
  for (SmallVector<Value> *list : {&carryOut, &overOut, &withOut})
    for (Value value : *list)
      collectResidual(value);

  auto free = [&](Value value) { return isFree(value); };
  auto cheap = [&](Operation *op) {
    if (options.recomputeAll)
      return isMemoryEffectFree(op);
    auto rule = dyn_cast<DifferentiableOpInterface>(op);
    return rule && rule.isCheapToRecompute();
  };
  storeResiduals(chooseResiduals(needed.getArrayRef(), {free, cheap, bytesOf})
                     .getArrayRef());
  // Values keep their identity while a body moves to a wider loop.
  repeatResiduals(listener);
  for (Operation &op : *body)
    for (OpOperand &operand : op.getOpOperands())
      if (needed.contains(operand.get()))
        operand.set(atHand.lookup(operand.get()));
  for (SmallVector<Value> *list : {&carryOut, &overOut, &withOut})
    for (Value &value : *list)
      if (needed.contains(value))
        value = atHand.lookup(value);
}

/// The body as that of `reverse`, with `arguments` in the order of its own.
void ScanReverse::moveBody(ScanOp reverse, ArrayRef<BlockArgument> arguments) {
  Block *target = reverse.getBodyBlock();
  body->getArgument(0).replaceAllUsesWith(target->getArgument(0));
  IRMapping yields;
  for (auto [i, argument] : llvm::enumerate(arguments)) {
    yields.map(argument, target->getArgument(unsigned(i) + 1));
    Value(argument).replaceAllUsesWith(target->getArgument(unsigned(i) + 1));
  }
  yields.map(body->getArgument(0), target->getArgument(0));
  target->getOperations().splice(target->end(), body->getOperations());
  SmallVector<Value> values, stacked;
  for (Value value : llvm::concat<Value>(carryOut, withOut))
    values.push_back(yields.lookupOrDefault(value));
  for (Value value : overOut)
    stacked.push_back(yields.lookupOrDefault(value));
  OpBuilder inner(context);
  inner.setInsertionPointToEnd(target);
  YieldOp::create(inner, loc, values, stacked);
}

ScanOp ScanReverse::assemble(OpBuilder &b) {
  SmallVector<Value> init, over, with;
  SmallVector<BlockArgument> arguments;
  auto start = [&](Value g, BlockArgument argument) {
    init.push_back(g ? g : zeroOf(b, loc, argument.getType()));
    arguments.push_back(argument);
  };
  for (auto [i, argument] : llvm::zip(carries, carryIn))
    start(ofCarries[i], argument);
  for (BlockArgument argument : withIn)
    start({}, argument);
  for (auto [i, argument] : llvm::zip(stacksIn, stackIn)) {
    over.push_back(ofStacks[i]);
    arguments.push_back(argument);
  }
  for (auto [operand, argument] : overResiduals) {
    over.push_back(operand);
    arguments.push_back(argument);
  }
  for (auto [operand, argument] : withResiduals) {
    with.push_back(operand);
    arguments.push_back(argument);
  }
  SmallVector<Type> stackTypes;
  for (unsigned i : overs)
    stackTypes.push_back(scan.getOver()[i].getType());
  Value rounds = scan.hasUntil() ? scan.getRoundsRun() : scan.getRounds();
  auto reverse = ScanOp::create(b, loc, scan.getTripSize(), !scan.getReverse(),
                                init, over, with, stackTypes, rounds);
  moveBody(reverse, arguments);
  return reverse;
}

SmallVector<Value> ScanReverse::operandAdjoints(ScanOp reverse) {
  SmallVector<Value> result(scan->getNumOperands());
  unsigned firstOver = unsigned(scan.getCarries().size());
  unsigned firstWith = firstOver + unsigned(scan.getOver().size());
  for (auto [i, carry] : llvm::enumerate(carries))
    if (wanted.test(carry))
      result[carry] = reverse.getCarries()[i];
  for (auto [i, over] : llvm::enumerate(overs))
    result[firstOver + over] = reverse.getStacks()[i];
  for (auto [i, with] : llvm::enumerate(withs))
    result[firstWith + with] = reverse.getCarries()[carries.size() + i];
  return result;
}

FailureOr<SmallVector<Value>> ScanReverse::build(OpBuilder &b) {
  findUsefulCarries();
  if (failed(buildBody(b.getListener())))
    return failure();
  resolveResiduals(b.getListener());
  ScanOp reverse = assemble(b);
  return operandAdjoints(reverse);
}

} // namespace

FailureOr<SmallVector<Value>> pullBackScan(OpBuilder &b, ScanOp &scan,
                                           ArrayRef<Value> given,
                                           const llvm::BitVector &wanted,
                                           const GradientOptions &options) {
  ScanReverse reverse(scan, given, wanted, options);
  FailureOr<SmallVector<Value>> adjoints = reverse.build(b);
  scan = reverse.scan;
  return adjoints;
}

} // namespace lamina::graph
