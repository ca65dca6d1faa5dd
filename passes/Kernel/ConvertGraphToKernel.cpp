// SPDX-License-Identifier: Apache-2.0
//
// Clusters become kernels.
//
// Graph -> Kernel. Walks an entry in order and emits the launch of a cluster
// when its first op is reached, after whatever that cluster reads. A cluster
// that no kernel can be made of falls into two.

#include "dialects/Graph/Shape.h"
#include "dialects/Kernel/KernelCost.h"
#include "passes/Kernel/BuildKernel.h"
#include "passes/Kernel/Passes.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/IR/Verifier.h"

namespace lamina {
#define GEN_PASS_DEF_CONVERTGRAPHTOKERNELPASS
#include "passes/Kernel/Passes.h.inc"
} // namespace lamina

using namespace mlir;
using namespace lamina;

namespace {

/// Why a cluster has no kernel.
struct Reason {
  std::string text;
  std::string wayOut; ///< empty: that is our bug
};

/// One entry on its way. Values of the old body are looked up in `map`.
class EntryConverter {
public:
  EntryConverter(func::FuncOp entry, OpBuilder &kernels, SymbolTable &symbols,
                 bool reportSplits)
      : entry(entry), host(entry), kernels(kernels), symbols(symbols),
        reportSplits(reportSplits), builder(entry.getContext()) {}

  LogicalResult convert();

private:
  void collectClusters(Block &block);
  LogicalResult convertBlock(Block &from);
  LogicalResult convertOp(Operation &op);
  LogicalResult convertLoop(graph::ScanOp scan);
  LogicalResult convertChoice(graph::CondOp cond);
  LogicalResult convertRegion(Block &from, Region &to);
  LogicalResult convertYield(graph::YieldOp yield);
  FailureOr<BuiltKernel> tryBuild(const Cluster &cluster, Reason &reason);
  FailureOr<BuiltKernel> buildOrSplit(int64_t number);
  LogicalResult emitCluster(int64_t number);
  LogicalResult clone(Operation &op);

  /// The new value that holds an old one in memory or on the host; null after
  /// an error.
  Value get(Value old);
  LogicalResult get(ValueRange old, SmallVectorImpl<Value> &made);
  Value getConstant(TypedAttr attr);

  func::FuncOp entry;
  HostValues host;
  OpBuilder &kernels;
  SymbolTable &symbols;
  bool reportSplits;
  OpBuilder builder;
  IRMapping map;
  std::map<int64_t, Cluster> clusters;
  llvm::DenseSet<int64_t> emitted;
  llvm::DenseMap<std::pair<Block *, Attribute>, Value> constants;
};
} // namespace

//===----------------------------------------------------------------------===//
// Clusters
//===----------------------------------------------------------------------===//

/// Whether somebody outside of the cluster reads the value, perhaps through
/// views.
static bool isRead(Value value, const Cluster &cluster) {
  for (Operation *user : value.getUsers()) {
    if (cluster.contains(user))
      continue;
    bool isView = !getCluster(user) && user->getNumResults() == 1 &&
                  user->getNumRegions() == 0;
    if (!isView || isRead(user->getResult(0), cluster))
      return true;
  }
  return false;
}

static kernel::Kind getKind(const Cluster &cluster) {
  using kernel::Kind;
  Kind kind = Kind::Map;
  for (Operation *op : cluster.ops) {
    if (isa<graph::ContractOp>(op))
      return Kind::Contract;
    if (isa<graph::ScatterOp>(op))
      return Kind::Scatter;
    if (isa<graph::SortOp, graph::TopKOp>(op))
      return Kind::Sort;
    if (isa<graph::CumulativeOp>(op))
      return Kind::Cumulative;
    if (isa<graph::AttendOp>(op))
      return Kind::Attend;
    if (isa<graph::AttendGradOp>(op))
      return Kind::AttendGrad;
    if (isStructured(op))
      return Kind::LinearAlgebra;
    auto reduce = dyn_cast<graph::ReduceOp>(op);
    if (!reduce)
      continue;
    int64_t rank = cast<RankedTensorType>(reduce.getX().getType()).getRank();
    int64_t kept = rank - reduce.getAxes().size();
    bool trailing = llvm::all_of(reduce.getAxes(),
                                 [&](int64_t axis) { return axis >= kept; });
    kind = trailing ? Kind::Row : Kind::Columns;
  }
  return kind;
}

void EntryConverter::collectClusters(Block &block) {
  for (Operation &op : block) {
    if (auto number = getCluster(&op))
      clusters[*number].ops.push_back(&op);
    for (Region &region : op.getRegions())
      for (Block &inner : region)
        if (isa<graph::ScanOp, graph::CondOp>(op))
          collectClusters(inner);
  }
}

/// Each op has a kernel of its own, whatever it reads.
static LogicalResult reportBug(Operation *op, StringRef reason) {
  return emitError(op->getLoc())
         << "this is a bug of lamina: the stage 'kernel' has no code for '"
         << op->getName().stripDialect() << "' here (" << reason << ")";
}

static LogicalResult report(Operation *op, const Reason &reason) {
  if (reason.wayOut.empty())
    return reportBug(op, reason.text);
  InFlightDiagnostic diag = emitError(op->getLoc()) << reason.text;
  std::string layer = kernel::getLayer(op->getLoc());
  if (!layer.empty())
    diag.attachNote() << "this is in '" << layer << "'";
  diag.attachNote() << reason.wayOut;
  return diag;
}

/// What the cluster is as a whole, once its ops are known.
static void finishCluster(Cluster &cluster) {
  cluster.kind = getKind(cluster);
  cluster.outputs.clear();
  for (Operation *op : cluster.ops)
    for (Value result : op->getResults())
      if (isRead(result, cluster))
        cluster.outputs.push_back(result);
}

/// The kernel of a cluster if it has one, else why not.
FailureOr<BuiltKernel> EntryConverter::tryBuild(const Cluster &cluster,
                                                Reason &reason) {
  ScopedDiagnosticHandler quiet(entry.getContext(), [&](Diagnostic &problem) {
    if (!reason.text.empty() ||
        problem.getSeverity() != DiagnosticSeverity::Error)
      return success();
    reason.text = problem.str();
    for (Diagnostic &note : problem.getNotes())
      reason.wayOut = note.str();
    return success();
  });
  std::string name =
      (entry.getSymName() + "." + kernel::stringifyKind(cluster.kind)).str();
  auto built = buildKernel(cluster, host, name);
  if (failed(built) || failed(verify(*built->func)))
    return failure();
  return built;
}

/// The kernel of a cluster. Where there is none its later half becomes a
/// cluster of its own, down to single ops. No cycle can come of it: what joins
/// the halves runs from the first to the second, in the order of the block.
FailureOr<BuiltKernel> EntryConverter::buildOrSplit(int64_t number) {
  while (true) {
    Cluster &cluster = clusters[number];
    finishCluster(cluster);
    if (cluster.outputs.empty())
      return BuiltKernel();
    Reason reason;
    auto built = tryBuild(cluster, reason);
    if (succeeded(built))
      return built;
    if (cluster.ops.size() == 1)
      return report(cluster.ops.front(), reason);
    if (reportSplits)
      emitRemark(cluster.ops.front()->getLoc())
          << "a cluster falls into two, one of its ops " << reason.text;
    size_t half = cluster.ops.size() / 2;
    int64_t next = clusters.rbegin()->first + 1;
    Cluster &rest = clusters[next];
    rest.ops.assign(cluster.ops.begin() + half, cluster.ops.end());
    cluster.ops.truncate(half);
    for (Operation *op : rest.ops)
      setCluster(op, next);
  }
}

LogicalResult EntryConverter::emitCluster(int64_t number) {
  if (!emitted.insert(number).second)
    return success();
  auto built = buildOrSplit(number);
  if (failed(built))
    return failure();
  if (!built->func)
    return success(); // nobody reads it

  SmallVector<Value> ins, scalars, inits;
  SmallVector<int64_t> tied;
  if (failed(get(built->ins, ins)))
    return failure();
  for (const ScalarOperand &scalar : built->scalars) {
    scalars.push_back(scalar.value ? get(scalar.value)
                                   : getConstant(scalar.constant));
    if (!scalars.back())
      return failure();
  }
  for (auto [out, init] : built->inits) {
    tied.push_back(out);
    inits.push_back(get(init));
    if (!inits.back())
      return failure();
  }
  kernel::FuncOp func = built->func.release();
  kernels.insert(func);
  symbols.insert(func);
  auto launch = kernel::LaunchOp::create(
      builder, func.getLoc(), ValueRange(built->outs).getTypes(),
      FlatSymbolRefAttr::get(func), ins, scalars, inits,
      builder.getDenseI64ArrayAttr(tied),
      graph::DimsAttr::get(builder.getContext(), built->dims), ArrayAttr());
  map.map(built->outs, launch.getResults());
  return success();
}

//===----------------------------------------------------------------------===//
// Values
//===----------------------------------------------------------------------===//

Value EntryConverter::getConstant(TypedAttr attr) {
  Value &constant = constants[{builder.getInsertionBlock(), attr}];
  if (!constant) {
    auto type = RankedTensorType::get({}, attr.getType());
    constant = arith::ConstantOp::create(
        builder, entry.getLoc(),
        DenseElementsAttr::get(type, ArrayRef<Attribute>(attr)));
  }
  return constant;
}

LogicalResult EntryConverter::get(ValueRange old,
                                  SmallVectorImpl<Value> &made) {
  for (Value value : old) {
    made.push_back(get(value));
    if (!made.back())
      return failure();
  }
  return success();
}

Value EntryConverter::get(Value old) {
  if (Value made = map.lookupOrNull(old))
    return made;
  Operation *op = old.getDefiningOp();
  assert(op && "an argument was not mapped");
  if (auto number = getCluster(op)) {
    if (failed(emitCluster(*number)))
      return {};
  } else if (auto reshape = dyn_cast<graph::ReshapeOp>(op)) {
    Value x = get(reshape.getX());
    if (!x)
      return {};
    map.map(old,
            graph::ReshapeOp::create(builder, op->getLoc(), old.getType(), x));
  } else if (isa<arith::ConstantOp>(op)) {
    if (failed(clone(*op)))
      return {};
  } else if (failed(convertOp(*op))) {
    return {};
  }
  Value made = map.lookupOrNull(old);
  if (!made)
    (void)reportBug(op, "it has to be in memory");
  return made;
}

LogicalResult EntryConverter::clone(Operation &op) {
  for (Value operand : op.getOperands())
    if (!get(operand))
      return failure();
  builder.clone(op, map);
  return success();
}

//===----------------------------------------------------------------------===//
// Ops
//===----------------------------------------------------------------------===//

LogicalResult EntryConverter::convertRegion(Block &from, Region &to) {
  OpBuilder::InsertionGuard guard(builder);
  Block *block = builder.createBlock(&to);
  for (BlockArgument argument : from.getArguments())
    map.map(argument,
            block->addArgument(argument.getType(), argument.getLoc()));
  builder.setInsertionPointToEnd(block);
  return convertBlock(from);
}

LogicalResult EntryConverter::convertLoop(graph::ScanOp scan) {
  SmallVector<Value> init, over, with;
  if (failed(get(scan.getInit(), init)) || failed(get(scan.getOver(), over)) ||
      failed(get(scan.getWith(), with)))
    return failure();
  Value rounds;
  if (scan.getRounds() && !(rounds = get(scan.getRounds())))
    return failure();
  auto loop = kernel::LoopOp::create(
      builder, scan.getLoc(), scan.getCarries().getTypes(),
      scan.getStacks().getTypes(),
      scan.getRoundsRun() ? scan.getRoundsRun().getType() : Type(), init, over,
      with, rounds, scan.getTripAttr(), scan.getReverseAttr(), IntegerAttr(),
      ArrayAttr());
  map.map(scan.getResults(), loop.getResults());
  if (failed(convertRegion(*scan.getBodyBlock(), loop.getBody())))
    return failure();
  if (!scan.hasUntil())
    return success();
  return convertRegion(*scan.getUntilBlock(), loop.getUntil());
}

LogicalResult EntryConverter::convertChoice(graph::CondOp cond) {
  SmallVector<Value> with;
  Value predicate = get(cond.getPredicate());
  if (!predicate || failed(get(cond.getWith(), with)))
    return failure();
  auto choice =
      kernel::IfOp::create(builder, cond.getLoc(), cond.getResultTypes(),
                           predicate, with, ArrayAttr());
  map.map(cond.getResults(), choice.getResults());
  if (failed(convertRegion(*cond.getTakenBlock(), choice.getTaken())))
    return failure();
  return convertRegion(*cond.getOtherwiseBlock(), choice.getOtherwise());
}

LogicalResult EntryConverter::convertYield(graph::YieldOp yield) {
  SmallVector<Value> values, stacked;
  if (failed(get(yield.getValues(), values)) ||
      failed(get(yield.getStacked(), stacked)))
    return failure();
  kernel::YieldOp::create(builder, yield.getLoc(), values, stacked);
  return success();
}

LogicalResult EntryConverter::convertOp(Operation &op) {
  if (op.getNumResults() > 0 && map.contains(op.getResult(0)))
    return success();
  if (auto number = getCluster(&op))
    return emitCluster(*number);
  if (auto scan = dyn_cast<graph::ScanOp>(op))
    return convertLoop(scan);
  if (auto cond = dyn_cast<graph::CondOp>(op))
    return convertChoice(cond);
  if (auto yield = dyn_cast<graph::YieldOp>(op))
    return convertYield(yield);
  if (auto barrier = dyn_cast<graph::BarrierOp>(op)) {
    SmallVector<Value> values;
    if (failed(get(barrier.getInputs(), values)))
      return failure();
    map.map(barrier.getResults(), values);
    return success();
  }
  if (isa<func::ReturnOp, graph::CheckOp, graph::ExternOp, kernel::HostOp>(op))
    return clone(op);
  return success(); // a view: part of whoever reads it
}

LogicalResult EntryConverter::convertBlock(Block &from) {
  SmallVector<Operation *> ops;
  for (Operation &op : from)
    ops.push_back(&op);
  for (Operation *op : ops)
    if (failed(convertOp(*op)))
      return failure();
  return success();
}

LogicalResult EntryConverter::convert() {
  Block &block = entry.getBody().front();
  collectClusters(block);
  for (BlockArgument argument : block.getArguments())
    map.map(argument, argument);
  SmallVector<Operation *> old;
  for (Operation &op : block)
    old.push_back(&op);
  builder.setInsertionPointToEnd(&block);
  if (failed(convertBlock(block)))
    return failure();
  for (Operation *op : llvm::reverse(old))
    op->erase();
  return success();
}

namespace {
struct ConvertGraphToKernelPass
    : lamina::impl::ConvertGraphToKernelPassBase<ConvertGraphToKernelPass> {
  using ConvertGraphToKernelPassBase::ConvertGraphToKernelPassBase;

  void runOnOperation() override {
    ModuleOp module = getOperation();
    SymbolTable symbols(module);
    OpBuilder kernels = OpBuilder::atBlockEnd(module.getBody());
    for (auto entry :
         llvm::make_early_inc_range(module.getOps<func::FuncOp>())) {
      if (entry.isExternal())
        continue;
      if (failed(
              EntryConverter(entry, kernels, symbols, reportSplits).convert()))
        return signalPassFailure();
    }
  }
};
} // namespace
