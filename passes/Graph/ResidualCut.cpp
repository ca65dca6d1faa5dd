// SPDX-License-Identifier: Apache-2.0
//
// What a loop stores for its reverse.
//
// A minimum cut. Each value is a pair of nodes with an edge of its size between
// them; a value feeds those that a cheap op makes of it; what cannot be
// computed again is fed by the source, what is needed feeds the sink. Dinic's
// algorithm: on these shallow graphs its phases are few.

#include "passes/Graph/ResidualCut.h"

#include "llvm/ADT/MapVector.h"
#include "mlir/IR/Operation.h"

#include <deque>
#include <limits>

using namespace mlir;

namespace lamina::graph {

namespace {

constexpr int64_t unlimited = std::numeric_limits<int64_t>::max() / 4;

class FlowNetwork {
public:
  unsigned addNode() {
    edgesOf.emplace_back();
    return unsigned(edgesOf.size() - 1);
  }
  void addEdge(unsigned from, unsigned to, int64_t capacity) {
    edgesOf[from].push_back(unsigned(edges.size()));
    edges.push_back({to, capacity});
    edgesOf[to].push_back(unsigned(edges.size()));
    edges.push_back({from, 0});
  }

  void saturate(unsigned source, unsigned sink) {
    while (rank(source, sink)) {
      next.assign(edgesOf.size(), 0);
      while (augment(source, sink)) {
      }
    }
  }

  /// Nodes that still reach the sink.
  std::vector<bool> reaching(unsigned sink) const {
    std::vector<bool> seen(edgesOf.size());
    std::deque<unsigned> queue{sink};
    seen[sink] = true;
    while (!queue.empty()) {
      unsigned node = queue.front();
      queue.pop_front();
      for (unsigned edge : edgesOf[node]) {
        unsigned from = edges[edge].to;
        if (!seen[from] && edges[edge ^ 1].capacity > 0) {
          seen[from] = true;
          queue.push_back(from);
        }
      }
    }
    return seen;
  }

private:
  struct Edge {
    unsigned to;
    int64_t capacity;
  };

  bool rank(unsigned source, unsigned sink) {
    level.assign(edgesOf.size(), -1);
    level[source] = 0;
    std::deque<unsigned> queue{source};
    while (!queue.empty()) {
      unsigned node = queue.front();
      queue.pop_front();
      for (unsigned edge : edgesOf[node])
        if (edges[edge].capacity > 0 && level[edges[edge].to] < 0) {
          level[edges[edge].to] = level[node] + 1;
          queue.push_back(edges[edge].to);
        }
    }
    return level[sink] >= 0;
  }

  /// One path along the levels, without recursion: bodies can be deep.
  bool augment(unsigned source, unsigned sink) {
    std::vector<unsigned> path;
    unsigned node = source;
    while (node != sink) {
      if (next[node] == edgesOf[node].size()) {
        if (path.empty())
          return false;
        node = edges[path.back() ^ 1].to;
        path.pop_back();
        ++next[node];
        continue;
      }
      unsigned edge = edgesOf[node][next[node]];
      if (edges[edge].capacity > 0 &&
          level[edges[edge].to] == level[node] + 1) {
        path.push_back(edge);
        node = edges[edge].to;
      } else {
        ++next[node];
      }
    }
    int64_t amount = unlimited;
    for (unsigned edge : path)
      amount = std::min(amount, edges[edge].capacity);
    for (unsigned edge : path) {
      edges[edge].capacity -= amount;
      edges[edge ^ 1].capacity += amount;
    }
    return true;
  }

  std::vector<Edge> edges;
  std::vector<std::vector<unsigned>> edgesOf;
  std::vector<int> level;
  std::vector<unsigned> next;
};

/// The network over the values that `needed` can be computed from.
class ResidualNetwork {
public:
  explicit ResidualNetwork(const ResidualRules &rules)
      : rules(rules), source(network.addNode()), sink(network.addNode()) {}

  void need(Value value) {
    if (!rules.isFree(value))
      network.addEdge(entryOf(value) + 1, sink, unlimited);
  }

  llvm::SetVector<Value> cut() {
    // The list grows while it is read.
    for (size_t i = 0; i < order.size(); ++i)
      connect(order[i]);
    network.saturate(source, sink);
    std::vector<bool> below = network.reaching(sink);
    llvm::SetVector<Value> stored;
    for (Value value : order)
      if (unsigned entry = entries[value]; !below[entry] && below[entry + 1])
        stored.insert(value);
    return stored;
  }

private:
  /// The first node of a value; the second one follows it.
  unsigned entryOf(Value value) {
    auto [it, isNew] = entries.try_emplace(value, 0);
    if (isNew) {
      it->second = network.addNode();
      unsigned exit = network.addNode();
      network.addEdge(it->second, exit,
                      std::max<int64_t>(1, rules.bytesOf(value.getType())));
      order.push_back(value);
    }
    return it->second;
  }

  void connect(Value value) {
    unsigned entry = entries[value];
    Operation *op = value.getDefiningOp();
    if (!op || !rules.isCheap(op)) {
      network.addEdge(source, entry, unlimited);
      return;
    }
    for (Value operand : op->getOperands())
      if (!rules.isFree(operand))
        network.addEdge(entryOf(operand) + 1, entry, unlimited);
  }

  const ResidualRules &rules;
  FlowNetwork network;
  unsigned source, sink;
  llvm::DenseMap<Value, unsigned> entries;
  std::vector<Value> order;
};

} // namespace

llvm::SetVector<Value> chooseResiduals(ArrayRef<Value> needed,
                                       const ResidualRules &rules) {
  ResidualNetwork network(rules);
  for (Value value : needed)
    network.need(value);
  return network.cut();
}

} // namespace lamina::graph
