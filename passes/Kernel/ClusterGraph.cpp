// SPDX-License-Identifier: Apache-2.0
//
// Ops of a block and the groups they form.

#include "passes/Kernel/ClusterGraph.h"

#include "dialects/Graph/GraphOps.h"
#include "dialects/Kernel/KernelOps.h"
#include "passes/Kernel/BuildKernel.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Math/IR/Math.h"

using namespace mlir;
using namespace lamina;

OpClass lamina::classify(Operation *op, const HostValues &host) {
  if (isa<kernel::HostOp>(op))
    return OpClass::Host;
  if (isa<graph::StopOp>(op) && getCluster(op))
    return OpClass::Elementwise; // a copy that somebody needs in memory
  if (isa<arith::ConstantOp, graph::IotaOp, graph::SizeOp, graph::RandomOp,
          graph::BroadcastOp, graph::TransposeOp, graph::ReverseOp,
          graph::ReshapeOp, graph::SliceOp, graph::WindowOp,
          graph::DynamicSliceOp, graph::GatherOp, graph::StopOp>(op))
    return OpClass::View;
  if (op->getNumResults() > 0 &&
      llvm::all_of(op->getResults(),
                   [&](Value result) { return host.contains(result); }) &&
      op->getNumRegions() == 0)
    return OpClass::Host;
  if (isa<arith::ExtFOp>(op))
    return OpClass::View; // what is in memory with fewer bits
  if (isa<arith::ArithDialect, math::MathDialect>(op->getDialect()) ||
      isa<graph::UnwindowOp, graph::KeyOp>(op))
    return OpClass::Elementwise;
  if (isa<graph::ReduceOp>(op))
    return OpClass::Reduce;
  if (isa<graph::ContractOp>(op))
    return OpClass::Contract;
  return OpClass::Alone;
}

ClusterGraph::ClusterGraph(Block &block, const HostValues &host) : host(host) {
  for (Operation &op : block) {
    OpClass kind = classify(&op, host);
    if (kind == OpClass::Host || kind == OpClass::View)
      continue;
    numbers[&op] = nodes.size();
    nodes.push_back(&op);
  }
  incoming.resize(nodes.size());
  outgoing.resize(nodes.size());
  for (unsigned node = 0; node < nodes.size(); ++node) {
    groups.push_back(node);
    members.push_back({node});
    llvm::DenseMap<Value, EdgeKind> seen;
    for (Value operand : nodes[node]->getOperands())
      addEdges(operand, node,
               isa<graph::UnwindowOp, graph::KeyOp>(nodes[node])
                   ? EdgeKind::Other
                   : EdgeKind::Same,
               seen);
  }
}

std::optional<unsigned> ClusterGraph::getNode(Operation *op) const {
  auto found = numbers.find(op);
  if (found == numbers.end())
    return std::nullopt;
  return found->second;
}

/// The kind of an edge that goes through one more view.
static EdgeKind extend(EdgeKind kind, Operation *view) {
  if (isa<graph::ReshapeOp, graph::StopOp, arith::ExtFOp>(view))
    return kind;
  if (auto broadcast = dyn_cast<graph::BroadcastOp>(view)) {
    for (auto [place, axis] : llvm::enumerate(broadcast.getAxes()))
      if (int64_t(place) != axis)
        return EdgeKind::Other;
    return kind == EdgeKind::Other ? kind : EdgeKind::Rows;
  }
  return EdgeKind::Other;
}

void ClusterGraph::addEdges(Value operand, unsigned to, EdgeKind kind,
                            llvm::DenseMap<Value, EdgeKind> &seen) {
  auto [entry, isNew] = seen.try_emplace(operand, kind);
  if (!isNew && (entry->second == kind || entry->second == EdgeKind::Other))
    return;
  entry->second = kind;
  Operation *op = operand.getDefiningOp();
  if (!op || host.contains(operand))
    return;
  if (auto node = getNode(op)) {
    incoming[to].push_back(edges.size());
    outgoing[*node].push_back(edges.size());
    edges.push_back({*node, to, kind, operand});
    return;
  }
  for (Value inner : op->getOperands())
    addEdges(inner, to, extend(kind, op), seen);
}

bool ClusterGraph::isDemanded(unsigned node) const {
  return llvm::any_of(outgoing[node], [&](unsigned edge) {
    Operation *reader = nodes[edges[edge].to];
    return isa<graph::ContractOp>(reader) ||
           (classify(reader, host) == OpClass::Alone && !isAssembled(reader));
  });
}

unsigned ClusterGraph::merge(unsigned a, unsigned b) {
  if (members[a].size() < members[b].size())
    std::swap(a, b);
  for (unsigned node : members[b])
    groups[node] = a;
  llvm::append_range(members[a], members[b]);
  members[b].clear();
  return a;
}

unsigned ClusterGraph::split(unsigned node) {
  llvm::erase(members[groups[node]], node);
  groups[node] = members.size();
  members.push_back({node});
  return groups[node];
}

/// Whether `to` can be reached from `from` through at least one other group.
/// The search is given up, as if it were, after so many groups that it would no
/// longer be cheap.
bool ClusterGraph::reaches(unsigned from, unsigned to) const {
  constexpr unsigned kMostGroups = 2048;
  llvm::DenseSet<unsigned> seen;
  SmallVector<unsigned> work;
  auto addReaders = [&](unsigned group, bool direct) {
    for (unsigned node : members[group])
      for (unsigned edge : outgoing[node]) {
        unsigned next = groups[edges[edge].to];
        if (next == group || (direct && next == to))
          continue;
        if (next == to)
          return true;
        if (seen.insert(next).second)
          work.push_back(next);
      }
    return false;
  };
  addReaders(from, /*direct=*/true);
  while (!work.empty()) {
    if (seen.size() > kMostGroups)
      return true;
    if (addReaders(work.pop_back_val(), /*direct=*/false))
      return true;
  }
  return false;
}

bool ClusterGraph::wouldCycle(unsigned a, unsigned b) const {
  return reaches(a, b) || reaches(b, a);
}
