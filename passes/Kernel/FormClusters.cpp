// SPDX-License-Identifier: Apache-2.0
//
// Decide which ops become one kernel.
//
// Graph -> Graph: ops get the number of their cluster, views none. Decides the
// speed of everything that is not a contraction: what is in one kernel is read
// and written once.

#include "dialects/Graph/Shape.h"
#include "dialects/Kernel/KernelDialect.h"
#include "passes/Kernel/BuildKernel.h"
#include "passes/Kernel/ClusterDomain.h"
#include "passes/Kernel/ClusterGraph.h"
#include "passes/Kernel/ElementCost.h"
#include "passes/Kernel/MemoryDemands.h"
#include "passes/Kernel/Passes.h"

#include "mlir/Dialect/Arith/IR/Arith.h"

namespace lamina {
#define GEN_PASS_DEF_FORMCLUSTERSPASS
#include "passes/Kernel/Passes.h.inc"
} // namespace lamina

using namespace mlir;
using namespace lamina;

/// Tensors of full size that an epilogue may read besides its contraction.
static constexpr unsigned kMostEpilogueOperands = 6;

namespace {
class ClusterFormer {
public:
  ClusterFormer(Block &block, const HostValues &host)
      : graph(block, host), host(host) {
    for (unsigned node = 0; node < graph.size(); ++node)
      domains.push_back(getDomain(graph.getOp(node), host));
  }

  void joinEpilogues();
  void joinRows();
  void releaseCheap();
  void joinProducers();
  void joinColumns();
  void number(int64_t &next);

private:
  bool isElementwise(unsigned node) const {
    return classify(graph.getOp(node), host) == OpClass::Elementwise;
  }
  SizeExpr countElements(unsigned node) const {
    return graph::getElementCount(
        graph::getShape(graph.getOp(node)->getResult(0)));
  }
  bool canJoinEpilogue(unsigned group, unsigned node) const;
  bool isInMemory(mlir::Value value, unsigned reader) const;
  bool tryJoin(unsigned edge);
  bool areEdgesRegular(unsigned a, unsigned b,
                       const ClusterDomain &domain) const;
  void take(unsigned a, unsigned b, const ClusterDomain &domain);
  bool isInlined(unsigned node) const;
  bool isReadInGroup(unsigned node) const;
  bool isOnlyResult(unsigned node) const;
  unsigned countLargeInputs(unsigned group, unsigned node) const;

  ClusterGraph graph;
  const HostValues &host;
  std::vector<ClusterDomain> domains; // by group
};
} // namespace

void ClusterFormer::take(unsigned a, unsigned b, const ClusterDomain &domain) {
  domains[graph.merge(a, b)] = domain;
}

//===----------------------------------------------------------------------===//
// Epilogues
//===----------------------------------------------------------------------===//

/// Tensors of the group's size that `node` reads from outside of the group.
unsigned ClusterFormer::countLargeInputs(unsigned group, unsigned node) const {
  llvm::DenseSet<Value> large;
  auto count = [&](unsigned reader) {
    for (Value operand : graph.getOp(reader)->getOperands()) {
      while (auto wide = operand.getDefiningOp<arith::ExtFOp>())
        operand = wide.getIn();
      Operation *op = operand.getDefiningOp();
      auto source = op ? graph.getNode(op) : std::nullopt;
      if (source && graph.getGroup(*source) == group)
        continue;
      if (op && !source && isa<graph::BroadcastOp, arith::ConstantOp>(op))
        continue;
      large.insert(operand);
    }
  };
  for (unsigned member : graph.getMembers(group))
    if (isElementwise(member))
      count(member);
  count(node);
  return large.size();
}

bool ClusterFormer::canJoinEpilogue(unsigned group, unsigned node) const {
  if (!isElementwise(node) ||
      graph.getMembers(graph.getGroup(node)).size() != 1)
    return false;
  if (countElements(node) != domains[group].elements ||
      !mergeStrides(domains[group].strides,
                    domains[graph.getGroup(node)].strides))
    return false;
  bool reads = false;
  for (unsigned edge : graph.getIncoming(node)) {
    const Edge &in = graph.getEdge(edge);
    if (graph.getGroup(in.from) != group)
      continue;
    if (in.kind != EdgeKind::Same)
      return false;
    reads = true;
  }
  return reads && countLargeInputs(group, node) <= kMostEpilogueOperands &&
         !graph.wouldCycle(group, graph.getGroup(node));
}

void ClusterFormer::joinEpilogues() {
  // The last one first: what reads two of them is computed when both are there.
  for (unsigned node = graph.size(); node-- > 0;) {
    if (!domains[graph.getGroup(node)].contracts ||
        !isa<graph::ContractOp>(graph.getOp(node)))
      continue;
    // Readers of members, in order; a list that grows.
    SmallVector<unsigned> work = {node};
    for (unsigned i = 0; i < work.size(); ++i)
      for (unsigned edge : graph.getOutgoing(work[i])) {
        unsigned reader = graph.getEdge(edge).to;
        unsigned group = graph.getGroup(node);
        if (graph.getGroup(reader) == group || !canJoinEpilogue(group, reader))
          continue;
        ClusterDomain domain = domains[group];
        unsigned joining = graph.getGroup(reader);
        domain.strides =
            *mergeStrides(domain.strides, domains[joining].strides);
        take(group, joining, domain);
        work.push_back(reader);
      }
  }
}

//===----------------------------------------------------------------------===//
// Rows
//===----------------------------------------------------------------------===//

/// Whether one group reads the other so that a kernel of both needs no more
/// than a row of what it has computed.
bool ClusterFormer::areEdgesRegular(unsigned a, unsigned b,
                                    const ClusterDomain &domain) const {
  for (unsigned member : graph.getMembers(b))
    for (unsigned number : graph.getIncoming(member)) {
      const Edge &edge = graph.getEdge(number);
      if (graph.getGroup(edge.from) != a)
        continue;
      SizeExpr elements = graph::getElementCount(graph::getShape(edge.value));
      bool isRow = domain.reduces && elements == domain.rows;
      bool fits = edge.kind == EdgeKind::Same ||
                  (edge.kind == EdgeKind::Rows && isRow && domain.trailing);
      if (!fits)
        return false;
    }
  return true;
}

/// Joins the groups at both ends of an edge if one kernel can be both.
bool ClusterFormer::tryJoin(unsigned edge) {
  unsigned from = graph.getGroup(graph.getEdge(edge).from);
  unsigned to = graph.getGroup(graph.getEdge(edge).to);
  if (from == to)
    return false;
  auto domain = unite(domains[from], domains[to]);
  if (!domain || !areEdgesRegular(from, to, *domain) ||
      !areEdgesRegular(to, from, *domain) || graph.wouldCycle(from, to))
    return false;
  take(from, to, *domain);
  return true;
}

void ClusterFormer::joinRows() {
  // Numbers of rows go to the kernel of their rows rather than to one that adds
  // them up, so what has rows grows first, in both directions.
  for (unsigned node = graph.size(); node-- > 0;) {
    const ClusterDomain &domain = domains[graph.getGroup(node)];
    if (!domain.reduces || !domain.trailing || isOne(domain.rows))
      continue;
    SmallVector<unsigned> work(graph.getMembers(graph.getGroup(node)));
    for (unsigned i = 0; i < work.size(); ++i)
      for (auto edges :
           {graph.getIncoming(work[i]), graph.getOutgoing(work[i])})
        for (unsigned edge : edges) {
          unsigned from = graph.getEdge(edge).from, to = graph.getEdge(edge).to;
          unsigned other = from == work[i] ? to : from;
          SmallVector<unsigned> joining(
              graph.getMembers(graph.getGroup(other)));
          if (tryJoin(edge))
            llvm::append_range(work, joining);
        }
  }
  for (unsigned node = graph.size(); node-- > 0;)
    for (unsigned edge : graph.getOutgoing(node))
      tryJoin(edge);
}

/// Whether the value stands in memory whatever becomes of `reader`: others read
/// it there.
bool ClusterFormer::isInMemory(Value value, unsigned reader) const {
  Operation *op = value.getDefiningOp();
  auto node = op ? graph.getNode(op) : std::nullopt;
  if (!node)
    return !op;
  unsigned group = graph.getGroup(*node);
  return group != graph.getGroup(reader) || graph.isDemanded(*node) ||
         llvm::any_of(graph.getOutgoing(*node), [&](unsigned edge) {
           return graph.getGroup(graph.getEdge(edge).to) != group;
         });
}

/// Whether the group reads the result of a member itself.
bool ClusterFormer::isReadInGroup(unsigned node) const {
  return llvm::any_of(graph.getOutgoing(node), [&](unsigned edge) {
    return graph.getGroup(graph.getEdge(edge).to) == graph.getGroup(node);
  });
}

/// Whether the group is there for this result: without it another one would
/// have to be written in its place.
bool ClusterFormer::isOnlyResult(unsigned node) const {
  return llvm::all_of(
      graph.getMembers(graph.getGroup(node)),
      [&](unsigned member) { return member == node || isReadInGroup(member); });
}

/// A cheap value that only others read is computed by them, from the one tensor
/// in memory that it is made of, instead of being written and read again: the
/// derivative of an activation belongs to the gradient.
void ClusterFormer::releaseCheap() {
  for (unsigned node = graph.size(); node-- > 0;) {
    unsigned group = graph.getGroup(node);
    if (!isElementwise(node) || graph.getMembers(group).size() == 1 ||
        graph.isDemanded(node))
      continue;
    if (isReadInGroup(node) || graph.getOutgoing(node).empty())
      continue;
    llvm::SmallDenseSet<Value> sources;
    bool isOfProduct = false; // of one that nobody has written
    unsigned cost =
        getElementCost(graph.getOp(node)->getResult(0), [&](Value value) {
          if (!isInMemory(value, node)) {
            isOfProduct |= isa<graph::ContractOp>(value.getDefiningOp());
            return false;
          }
          if (graph::getElementCount(graph::getShape(value)) ==
              countElements(node))
            sources.insert(value);
          return true;
        });
    if (cost >= kWorthStoring || sources.size() > 1 ||
        (isOfProduct && isOnlyResult(node)))
      continue;
    graph.split(node);
    domains.push_back(getDomain(graph.getOp(node), host));
  }
}

/// Reductions of one tensor over the same leading axes walk it together.
void ClusterFormer::joinColumns() {
  llvm::MapVector<Value, SmallVector<unsigned>> readers;
  for (unsigned node = 0; node < graph.size(); ++node) {
    const ClusterDomain &domain = domains[graph.getGroup(node)];
    if (!domain.reduces || domain.trailing)
      continue;
    for (Value operand : graph.getOp(node)->getOperands())
      readers[operand].push_back(node);
  }
  for (auto &[value, nodes] : readers)
    for (unsigned other : ArrayRef(nodes).drop_front()) {
      unsigned a = graph.getGroup(nodes.front()), b = graph.getGroup(other);
      if (a == b || domains[a].elements != domains[b].elements ||
          domains[a].rows != domains[b].rows)
        continue;
      auto first = dyn_cast<graph::ReduceOp>(graph.getOp(nodes.front()));
      auto second = dyn_cast<graph::ReduceOp>(graph.getOp(other));
      if (first && second && first.getAxes() == second.getAxes() &&
          first.getX().getType() == second.getX().getType() &&
          !graph.wouldCycle(a, b))
        take(a, b, domains[a]);
    }
}

/// Elementwise ops that only one group reads are computed where they are read,
/// unless that repeats much work.
void ClusterFormer::joinProducers() {
  for (unsigned node = graph.size(); node-- > 0;) {
    unsigned group = graph.getGroup(node);
    if (!isElementwise(node) || domains[group].reduces ||
        domains[group].contracts || domains[group].alone ||
        graph.isDemanded(node))
      continue;
    std::optional<unsigned> reader;
    bool repeats = false, single = true;
    for (unsigned member : graph.getMembers(group))
      for (unsigned number : graph.getOutgoing(member)) {
        const Edge &edge = graph.getEdge(number);
        unsigned to = graph.getGroup(edge.to);
        if (to == group)
          continue;
        single &= !reader || *reader == to;
        reader = to;
        repeats |= domains[to].elements !=
                   graph::getElementCount(graph::getShape(edge.value));
        // Factors of a product are read from memory; an element of a window
        // is read once for each place.
        single &=
            !isa<graph::ContractOp, graph::UnwindowOp>(graph.getOp(edge.to));
      }
    if (!reader || !single)
      continue;
    bool isPart = domains[*reader].alone &&
                  isAssembled(graph.getOp(graph.getMembers(*reader).front()));
    if (!isPart && (repeats || domains[*reader].alone))
      continue;
    // Rows may keep elements of it for a second walk.
    auto domain = domains[*reader].reduces
                      ? unite(domains[*reader], domains[group])
                      : domains[*reader];
    if (domain)
      take(*reader, group, *domain);
  }
}

//===----------------------------------------------------------------------===//
// Numbers
//===----------------------------------------------------------------------===//

/// A cheap op that reads one tensor of its size is no kernel: whoever reads it
/// reads that tensor instead, and computes it again.
bool ClusterFormer::isInlined(unsigned node) const {
  if (!isElementwise(node) ||
      graph.getMembers(graph.getGroup(node)).size() != 1 ||
      graph.isDemanded(node) || graph.getOutgoing(node).empty() ||
      getOpCost(graph.getOp(node)) > kCheap)
    return false;
  return countLargeInputs(graph.getGroup(node), node) <= 1;
}

void ClusterFormer::number(int64_t &next) {
  llvm::DenseMap<unsigned, int64_t> numbers;
  for (unsigned node = 0; node < graph.size(); ++node) {
    OpClass kind = classify(graph.getOp(node), host);
    Operation *op = graph.getOp(node);
    if (kind == OpClass::Alone && !isStructured(op) && !isAssembled(op))
      continue;
    if (isInlined(node))
      continue;
    auto [entry, isNew] = numbers.try_emplace(graph.getGroup(node), next);
    next += isNew;
    setCluster(op, entry->second);
  }
}

//===----------------------------------------------------------------------===//
// The pass
//===----------------------------------------------------------------------===//

namespace {
struct FormClustersPass : lamina::impl::FormClustersPassBase<FormClustersPass> {
  void runOnOperation() override {
    func::FuncOp entry = getOperation();
    if (entry.isExternal())
      return;
    {
      HostValues host(entry);
      copyDemandedViews(entry.getBody().front(), host);
    }
    HostValues host(entry);
    int64_t next = 0;
    entry.walk([&](Block *block) {
      if (!isa<func::FuncOp, graph::ScanOp, graph::CondOp>(
              block->getParentOp()))
        return;
      ClusterFormer former(*block, host);
      former.joinEpilogues();
      former.joinRows();
      former.releaseCheap();
      former.joinProducers();
      former.joinColumns();
      former.number(next);
    });
  }
};
} // namespace
