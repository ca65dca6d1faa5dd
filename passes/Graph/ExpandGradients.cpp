// SPDX-License-Identifier: Apache-2.0
//
// Replace gradient ops by their adjoints.
//
// Graph -> Graph without `graph.gradient` and `graph.pushforward`. Innermost
// and earliest first, so that a gradient of a gradient sees the expanded inner
// one. Adjoint ops stand where the gradient stood and read forward values
// directly.

#include "dialects/Graph/Formula.h"
#include "dialects/Graph/Shape.h"
#include "passes/Graph/Passes.h"
#include "passes/Graph/Pullback.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/IR/TypeUtilities.h"
#include "mlir/Interfaces/FunctionInterfaces.h"

using namespace mlir;

namespace lamina {
#define GEN_PASS_DEF_EXPANDGRADIENTSPASS
#include "passes/Graph/Passes.h.inc"
} // namespace lamina

namespace lamina::graph {

namespace {

/// Gives new ops the lines of the op they belong to and of the gradient.
class FuseLocation : public OpBuilder::Listener {
public:
  explicit FuseLocation(Location gradient) : gradient(gradient) {}
  void notifyOperationInserted(Operation *op,
                               OpBuilder::InsertPoint previous) override {
    if (!previous.isSet() && op->getLoc() != gradient)
      op->setLoc(FusedLoc::get(op->getContext(), {op->getLoc(), gradient}));
  }

private:
  Location gradient;
};

/// One gradient op.
class Expansion {
public:
  Expansion(GradientOp op, const GradientOptions &options)
      : op(op), options(options), listener(op.getLoc()) {}

  /// Replaces the op. Reports what stands in the way, with both lines.
  LogicalResult run();

private:
  LogicalResult checkPlace();
  bool findActivity();
  FailureOr<SmallVector<Value>> pull(OpBuilder &b, ArrayRef<Value> seeds);
  SmallVector<Value> wholeSeeds(OpBuilder &b);
  FailureOr<SmallVector<Value>> pullEach();
  LogicalResult pullUnit(Block &body, const Shape &kept);
  ScanOp moveIntoScan(OpBuilder &b, Block &body, SizeExpr trip);
  SmallVector<Value> unitSeeds(OpBuilder &b, Value index, const Shape &kept);
  void remarkUnreached(ArrayRef<unsigned> unreached);

  GradientOp op;
  const GradientOptions &options;
  FuseLocation listener;
  Activity activity;
  Operation *first = nullptr; // the first op that depends on a `wrt`
};

/// A body sees only its arguments: a value that comes in by one was computed
/// elsewhere, and what it depends on cannot be followed.
LogicalResult Expansion::checkPlace() {
  for (Value of : op.getOf()) {
    auto argument = dyn_cast<BlockArgument>(of);
    if (!argument || llvm::is_contained(op.getWrt(), of) ||
        isa<func::FuncOp>(argument.getOwner()->getParentOp()))
      continue;
    InFlightDiagnostic diag = op.emitError(
        "the gradient is asked for in another loop or branch than its value");
    diag.attachNote(argument.getLoc()) << "the value comes in here";
    diag.attachNote() << "ask for it where the value is computed";
    return diag;
  }
  return success();
}

/// False if nothing between the first `wrt` and the op depends on one.
bool Expansion::findActivity() {
  Operation *earliest = nullptr;
  for (Value wrt : op.getWrt()) {
    activity.add(wrt);
    Operation *definition = wrt.getDefiningOp();
    Operation *start = definition && definition->getBlock() == op->getBlock()
                           ? definition
                           : &op->getBlock()->front();
    if (!earliest || start->isBeforeInBlock(earliest))
      earliest = start;
  }
  for (Operation *it = earliest; it && it != op; it = it->getNextNode()) {
    if (activity.activeOperands(it).none())
      continue;
    activity.visit(it);
    if (!first)
      first = it;
  }
  return first;
}

FailureOr<SmallVector<Value>> Expansion::pull(OpBuilder &b,
                                              ArrayRef<Value> seeds) {
  Pullback pullback(activity, options);
  for (auto [of, seed] : llvm::zip(op.getOf(), seeds))
    pullback.add(b, op.getLoc(), of, seed);
  if (first) {
    // The first op may be replaced by a wider loop: keep what stands before it.
    Operation *before = first->getPrevNode();
    if (failed(pullback.run(b, first, op->getPrevNode())))
      return failure();
    first = before ? before->getNextNode() : &op->getBlock()->front();
  }
  SmallVector<Value> result;
  for (Value wrt : op.getWrt())
    result.push_back(pullback.get(wrt));
  return result;
}

SmallVector<Value> Expansion::wholeSeeds(OpBuilder &b) {
  if (!op.getSeed().empty())
    return SmallVector<Value>(op.getSeed());
  SmallVector<Value> seeds;
  for (Value of : op.getOf())
    seeds.push_back(constantLike(b, op.getLoc(), of.getType(), 1));
  return seeds;
}

/// The seeds that pick element `index` of the kept axes, counted together.
SmallVector<Value> Expansion::unitSeeds(OpBuilder &b, Value index,
                                        const Shape &kept) {
  Location loc = op.getLoc();
  SmallVector<Value> seeds;
  SmallVector<Value> whole = wholeSeeds(b);
  Shape flat{getElementCount(kept)};
  auto flatType = getTensorType(flat, b.getI64Type());
  Value iota = IotaOp::create(b, loc, flatType, uint64_t(0));
  Value round =
      BroadcastOp::create(b, loc, flatType, index, ArrayRef<int64_t>());
  Value hit =
      arith::CmpIOp::create(b, loc, arith::CmpIPredicate::eq, iota, round);
  hit = ReshapeOp::create(b, loc, getTensorType(kept, b.getI1Type()), hit);
  auto axes = llvm::to_vector(llvm::seq<int64_t>(0, int64_t(kept.size())));
  for (Value seed : whole) {
    Value mask =
        BroadcastOp::create(b, loc, truthLike(seed.getType()), hit, axes);
    seeds.push_back(
        selectOp(b, loc, mask, seed, zeroOf(b, loc, seed.getType())));
  }
  return seeds;
}

/// Fills `body`, whose argument says which kept element is seeded with 1.
LogicalResult Expansion::pullUnit(Block &body, const Shape &kept) {
  OpBuilder inner(op.getContext(), &listener);
  inner.setInsertionPointToEnd(&body);
  FailureOr<SmallVector<Value>> adjoints =
      pull(inner, unitSeeds(inner, body.getArgument(0), kept));
  if (failed(adjoints))
    return failure();
  for (auto [wrt, g] : llvm::zip(op.getWrt(), *adjoints))
    if (!g)
      g = zeroOf(inner, op.getLoc(), wrt.getType());
  YieldOp::create(inner, op.getLoc(), ValueRange{}, *adjoints);
  return success();
}

/// A loop of `trip` rounds with the ops of `body`, which stacks what it yields.
ScanOp Expansion::moveIntoScan(OpBuilder &b, Block &body, SizeExpr trip) {
  llvm::SetVector<Value> captured;
  for (Operation &part : body)
    for (Value operand : part.getOperands())
      if (operand.getParentBlock() != &body)
        captured.insert(operand);
  SmallVector<Type> stacks;
  for (Value wrt : op.getWrt())
    stacks.push_back(
        withLeadingSizes(cast<RankedTensorType>(wrt.getType()), {trip}));
  auto scan = ScanOp::create(b, op.getLoc(), trip, false, ValueRange{},
                             ValueRange{}, captured.getArrayRef(), stacks);
  Block *target = scan.getBodyBlock();
  body.getArgument(0).replaceAllUsesWith(target->getArgument(0));
  for (auto [outer, argument] : llvm::zip(captured, scan.getWithArgs()))
    Value(outer).replaceUsesWithIf(argument, [&](OpOperand &use) {
      return use.getOwner()->getBlock() == &body;
    });
  target->getOperations().splice(target->end(), body.getOperations());
  return scan;
}

/// A loop over the kept axes whose body is the pullback; it reads forward
/// values by `with`.
FailureOr<SmallVector<Value>> Expansion::pullEach() {
  Location loc = op.getLoc();
  Shape all = getShape(op.getOf()[0]);
  Shape kept(all.begin(), all.begin() + *op.getEach());
  Block body;
  body.addArgument(
      RankedTensorType::get({}, IntegerType::get(op.getContext(), 64)), loc);
  if (failed(pullUnit(body, kept)))
    return failure();
  OpBuilder b(op.getContext(), &listener);
  b.setInsertionPoint(op);
  ScanOp scan = moveIntoScan(b, body, getElementCount(kept));
  SmallVector<Value> results;
  for (auto [stack, result] : llvm::zip(scan.getStacks(), op.getResults()))
    results.push_back(
        stack.getType() == result.getType()
            ? stack
            : Value(ReshapeOp::create(b, loc, result.getType(), stack)));
  return results;
}

/// The variable that an entry was given as this argument.
static StringRef getVariable(Value value) {
  auto argument = dyn_cast<BlockArgument>(value);
  auto function =
      argument
          ? dyn_cast<FunctionOpInterface>(argument.getOwner()->getParentOp())
          : FunctionOpInterface();
  if (!function)
    return "";
  auto load = function.getArgAttrOfType<FlatSymbolRefAttr>(
      argument.getArgNumber(), "program.load");
  return load ? load.getValue() : "";
}

/// One remark for all: a layer that a loss does not read has many weights.
void Expansion::remarkUnreached(ArrayRef<unsigned> unreached) {
  if (unreached.empty())
    return;
  constexpr unsigned most = 5;
  SmallVector<StringRef> names;
  for (unsigned i : unreached)
    if (StringRef name = getVariable(op.getWrt()[i]); !name.empty())
      if (names.size() < most)
        names.push_back(name);
  auto diag = op.emitRemark("the gradient is zero: its value does not depend "
                            "on ");
  if (names.empty())
    diag << "this";
  else
    llvm::interleave(
        names, [&](StringRef name) { diag << "'" << name << "'"; },
        [&] { diag << ", "; });
  if (size_t more = unreached.size() - std::max<size_t>(names.size(), 1))
    diag << " and " << more << " more";
  if (names.empty())
    diag.attachNote(op.getWrt()[unreached.front()].getLoc())
        << "what it is asked for";
}

LogicalResult Expansion::run() {
  if (failed(checkPlace()))
    return failure();
  findActivity();
  OpBuilder b(op.getContext(), &listener);
  b.setInsertionPoint(op);
  bool each = op.getEach().value_or(0) > 0;
  FailureOr<SmallVector<Value>> adjoints =
      each ? pullEach() : pull(b, wholeSeeds(b));
  if (failed(adjoints))
    return failure();
  SmallVector<unsigned> unreached;
  for (auto [i, g] : llvm::enumerate(*adjoints)) {
    if (!g) {
      unreached.push_back(unsigned(i));
      g = zeroOf(b, op.getLoc(), op.getResult(unsigned(i)).getType());
    }
  }
  remarkUnreached(unreached);
  op.replaceAllUsesWith(*adjoints);
  op.erase();
  return success();
}

/// J v as the pullback of the pullback: u -> J' u is linear, so its pullback at
/// v is J v, whatever u is. Behind the barrier u is no constant to fold.
LogicalResult expandPushforward(PushforwardOp op,
                                const GradientOptions &options) {
  Location loc = op.getLoc();
  OpBuilder b(op);
  SmallVector<Value> zeros;
  for (Value of : op.getOf())
    zeros.push_back(zeroOf(b, loc, of.getType()));
  auto dual = BarrierOp::create(b, loc, ValueRange(zeros).getTypes(), zeros);
  auto pulled =
      GradientOp::create(b, loc, op.getWrt().getTypes(), op.getOf(),
                         dual.getResults(), op.getWrt(), IntegerAttr());
  SmallVector<Value> adjoints(pulled.getResults());
  SmallVector<Value> wrt(op.getWrt());
  // The second gradient reads the first one's expansion, which replaces
  // `pulled`.
  auto pushed =
      GradientOp::create(b, loc, op->getResultTypes(), adjoints,
                         op.getTangents(), dual.getResults(), IntegerAttr());
  op.replaceAllUsesWith(pushed.getResults());
  op.erase();
  if (failed(Expansion(pulled, options).run()))
    return failure();
  return Expansion(pushed, options).run();
}

} // namespace

LogicalResult expandGradient(GradientOp op, const GradientOptions &options) {
  return Expansion(op, options).run();
}

namespace {

struct ExpandGradients
    : lamina::impl::ExpandGradientsPassBase<ExpandGradients> {
  using Base::Base;

  void runOnOperation() override {
    GradientOptions options;
    options.recomputeAll = recomputeAll;
    SmallVector<Operation *> requests;
    // Post-order: a request in a body comes before those of the op around it.
    getOperation()->walk([&](Operation *op) {
      if (isa<GradientOp, PushforwardOp>(op))
        requests.push_back(op);
    });
    for (Operation *op : requests) {
      LogicalResult done =
          isa<GradientOp>(op)
              ? Expansion(cast<GradientOp>(op), options).run()
              : expandPushforward(cast<PushforwardOp>(op), options);
      if (failed(done))
        return signalPassFailure();
    }
    if (requests.empty())
      markAllAnalysesPreserved();
  }
};

} // namespace

} // namespace lamina::graph
