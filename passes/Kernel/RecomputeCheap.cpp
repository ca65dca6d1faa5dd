// SPDX-License-Identifier: Apache-2.0
//
// Values that kernels compute again instead of handing them on.
//
// Graph -> Graph, behind the forming of clusters: an op whose result would be
// written by one kernel only for others to read it loses its cluster where it
// is cheap to make from what those read anyway. An op without a cluster is part
// of whoever reads it. Without this, the derivative of GELU gets the five parts
// of its chain from memory, and they are worth one.

#include "dialects/Graph/GraphOps.h"
#include "dialects/Graph/Shape.h"
#include "passes/Kernel/ClusterGraph.h"
#include "passes/Kernel/ElementCost.h"
#include "passes/Kernel/KernelBody.h"
#include "passes/Kernel/Passes.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Math/IR/Math.h"

namespace lamina {
#define GEN_PASS_DEF_RECOMPUTECHEAPPASS
#include "passes/Kernel/Passes.h.inc"
} // namespace lamina

using namespace mlir;
using namespace lamina;

/// What may be computed to save a byte of traffic between kernels. Values are
/// larger than a core's own caches when this matters: a byte from behind them
/// takes as long as some ten vector operations do for one lane.
static constexpr unsigned kOperationsPerByte = 6;

namespace {
/// What a value is made of: tensors in memory, and operations for each element.
struct Recipe {
  llvm::SmallSetVector<Value, 4> sources;
  llvm::SmallPtrSet<Operation *, 8> seen;
  unsigned cost = 0;
};

class Recomputation {
public:
  Recomputation(Block &block, const HostValues &host)
      : graph(block, host), host(host) {}
  void run();

private:
  using Clusters = llvm::SmallSetVector<int64_t, 4>;

  std::optional<int64_t> clusterOf(unsigned node) const {
    return getCluster(graph.getOp(node));
  }
  bool isCandidate(unsigned node) const;
  bool collectReaders(unsigned node, int64_t home, Clusters &readers) const;
  bool isHandedOn(unsigned node) const;
  bool trace(Value value, int64_t home, Recipe &recipe) const;
  const llvm::DenseSet<Value> &getReads(int64_t cluster);
  std::optional<int64_t> countNewBytes(int64_t reader, Value value,
                                       const Recipe &recipe);
  void tryRelease(unsigned node);
  void release(Operation *op, const Recipe &recipe);

  ClusterGraph graph;
  const HostValues &host;
  llvm::DenseMap<int64_t, SmallVector<unsigned>> members;
  llvm::DenseMap<int64_t, llvm::DenseSet<Value>> reads;
};
} // namespace

static int64_t getElementBytes(Value value) {
  auto type = cast<RankedTensorType>(value.getType());
  return std::max<int64_t>(1, type.getElementTypeBitWidth() / 8);
}

static SizeExpr countElements(Value value) {
  return graph::getElementCount(graph::getShape(value));
}

/// Whether the buffer of a value gets another one in the course of the block:
/// what reads it late keeps that from happening in place.
static bool isReplaced(Value value) {
  auto argument = dyn_cast<BlockArgument>(value);
  if (!argument)
    return false;
  if (auto scan = dyn_cast<graph::ScanOp>(argument.getOwner()->getParentOp()))
    return llvm::is_contained(scan.getCarryArgs(), argument);
  auto entry = dyn_cast<func::FuncOp>(argument.getOwner()->getParentOp());
  return entry && entry.getArgAttr(argument.getArgNumber(), "program.load");
}

bool Recomputation::isCandidate(unsigned node) const {
  Operation *op = graph.getOp(node);
  return clusterOf(node) && op->getNumResults() == 1 &&
         isa<arith::ArithDialect, math::MathDialect>(op->getDialect()) &&
         classify(op, host) == OpClass::Elementwise && !graph.isDemanded(node);
}

/// The clusters besides `home` that read a node. False if one reads it
/// elsewhere than at its own element, or if `home` reads it in another pass
/// over its rows: either would compute it more than once.
bool Recomputation::collectReaders(unsigned node, int64_t home,
                                   Clusters &readers) const {
  bool reduces = llvm::any_of(members.lookup(home), [&](unsigned member) {
    return isa<graph::ReduceOp>(graph.getOp(member));
  });
  for (unsigned number : graph.getOutgoing(node)) {
    const Edge &edge = graph.getEdge(number);
    auto cluster = clusterOf(edge.to);
    if (edge.kind != EdgeKind::Same || (cluster == home && reduces))
      return false;
    if (cluster && cluster != home)
      readers.insert(*cluster);
    if (!cluster &&
        (graph.isDemanded(edge.to) || !collectReaders(edge.to, home, readers)))
      return false;
  }
  return true;
}

/// Whether something besides its own kernel reads the result of a node.
bool Recomputation::isHandedOn(unsigned node) const {
  SmallVector<unsigned> work = {node};
  while (!work.empty()) {
    unsigned next = work.pop_back_val();
    if (graph.isDemanded(next))
      return true;
    for (unsigned number : graph.getOutgoing(next)) {
      unsigned to = graph.getEdge(number).to;
      auto cluster = clusterOf(to);
      if (!cluster)
        work.push_back(to);
      else if (cluster != clusterOf(node))
        return true;
    }
  }
  return false;
}

/// Follows a value back to what stands in memory whatever becomes of it. False
/// if something on the way cannot be computed by another kernel than `home`, or
/// only from scattered places.
bool Recomputation::trace(Value value, int64_t home, Recipe &recipe) const {
  Operation *op = value.getDefiningOp();
  if (host.contains(value))
    return true;
  if (!op) {
    recipe.sources.insert(value);
    return true;
  }
  if (auto node = graph.getNode(op)) {
    auto cluster = clusterOf(*node);
    if (cluster && (cluster != home || isHandedOn(*node))) {
      recipe.sources.insert(value);
      return true;
    }
    if (!isa<arith::ArithDialect, math::MathDialect>(op->getDialect()))
      return false;
  } else if (!isa<arith::ConstantOp, graph::SizeOp, graph::IotaOp,
                  graph::BroadcastOp, graph::ReshapeOp, graph::StopOp,
                  graph::RandomOp, arith::ExtFOp>(op)) {
    return false;
  }
  if (!recipe.seen.insert(op).second)
    return true;
  recipe.cost += getOpCost(op);
  return llvm::all_of(op->getOperands(),
                      [&](Value x) { return trace(x, home, recipe); });
}

/// What the kernel of a cluster reads from memory.
const llvm::DenseSet<Value> &Recomputation::getReads(int64_t cluster) {
  auto [entry, isNew] = reads.try_emplace(cluster);
  if (!isNew)
    return entry->second;
  Recipe recipe;
  for (unsigned node : members[cluster])
    for (Value operand : graph.getOp(node)->getOperands())
      (void)trace(operand, cluster, recipe); // the sources are what counts
  entry->second.insert(recipe.sources.begin(), recipe.sources.end());
  return entry->second;
}

/// Bytes that a reader has to read for each element instead of the value;
/// nothing if that would keep what it reads from being updated in place.
std::optional<int64_t> Recomputation::countNewBytes(int64_t reader, Value value,
                                                    const Recipe &recipe) {
  int64_t bytes = 0;
  for (Value source : recipe.sources) {
    if (countElements(source) != countElements(value) ||
        getReads(reader).contains(source))
      continue;
    if (isReplaced(source))
      return std::nullopt;
    bytes += getElementBytes(source);
  }
  return bytes;
}

/// Lets go of a value if the bytes no longer written and read are worth the
/// operations.
void Recomputation::tryRelease(unsigned node) {
  int64_t home = *clusterOf(node);
  Operation *op = graph.getOp(node);
  Value value = op->getResult(0);
  Clusters readers;
  if (!collectReaders(node, home, readers) || readers.empty())
    return;
  Recipe recipe;
  recipe.cost = getOpCost(op);
  for (Value operand : op->getOperands())
    if (!trace(operand, home, recipe))
      return;
  int64_t saved = getElementBytes(value) * (1 + int64_t(readers.size()));
  for (int64_t reader : readers) {
    auto bytes = countNewBytes(reader, value, recipe);
    if (!bytes)
      return;
    saved -= *bytes;
  }
  if (saved <= 0 || int64_t(recipe.cost) > saved * kOperationsPerByte)
    return;
  for (int64_t reader : readers)
    reads[reader].insert(recipe.sources.begin(), recipe.sources.end());
  release(op, recipe);
}

/// What the value is made of inside of its kernel goes with it: else it would
/// be handed on in its place.
void Recomputation::release(Operation *op, const Recipe &recipe) {
  clearCluster(op);
  for (Operation *part : recipe.seen)
    if (graph.getNode(part))
      clearCluster(part);
}

/// In order, so that a chain begins at what is in memory and each of its ops
/// finds those before it gone.
void Recomputation::run() {
  for (unsigned node = 0; node < graph.size(); ++node)
    if (auto cluster = clusterOf(node))
      members[*cluster].push_back(node);
  for (unsigned node = 0; node < graph.size(); ++node)
    if (isCandidate(node))
      tryRelease(node);
}

namespace {
struct RecomputeCheapPass
    : lamina::impl::RecomputeCheapPassBase<RecomputeCheapPass> {
  void runOnOperation() override {
    func::FuncOp entry = getOperation();
    if (entry.isExternal())
      return;
    HostValues host(entry);
    entry.walk([&](Block *block) {
      if (isa<func::FuncOp, graph::ScanOp, graph::CondOp>(block->getParentOp()))
        Recomputation(*block, host).run();
    });
  }
};
} // namespace
