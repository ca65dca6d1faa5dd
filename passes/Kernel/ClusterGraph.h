// SPDX-License-Identifier: Apache-2.0
//
// Ops of a block and the groups they form.
//
// Nodes are the ops of a block that compute something; views are edges. Groups
// of nodes become kernels, so the graph of groups must stay without cycles.

#ifndef LAMINA_PASSES_KERNEL_CLUSTERGRAPH_H
#define LAMINA_PASSES_KERNEL_CLUSTERGRAPH_H

#include "passes/Kernel/HostValues.h"

#include "llvm/ADT/DenseMap.h"
#include "llvm/ADT/SmallVector.h"
#include "mlir/IR/Block.h"

#include <vector>

namespace lamina {

/// What an op is to the forming of clusters.
enum class OpClass {
  Host,        ///< computed by the host
  View,        ///< an index, a constant: no kernel, it is part of its readers
  Elementwise, ///< arith and math
  Reduce,
  Contract,
  Alone, ///< a kernel of its own, or no kernel: loops, terminators
};
OpClass classify(mlir::Operation *op, const HostValues &host);

/// How a value is read.
enum class EdgeKind {
  Same,  ///< element by element, perhaps reshaped
  Rows,  ///< repeated along trailing axes
  Other, ///< at any other index
};

struct Edge {
  unsigned from, to;
  EdgeKind kind;
  mlir::Value value; ///< of `from`
};

class ClusterGraph {
public:
  ClusterGraph(mlir::Block &block, const HostValues &host);

  unsigned size() const { return nodes.size(); }
  mlir::Operation *getOp(unsigned node) const { return nodes[node]; }
  std::optional<unsigned> getNode(mlir::Operation *op) const;
  llvm::ArrayRef<unsigned> getIncoming(unsigned node) const {
    return incoming[node];
  }
  llvm::ArrayRef<unsigned> getOutgoing(unsigned node) const {
    return outgoing[node];
  }
  const Edge &getEdge(unsigned edge) const { return edges[edge]; }
  /// Whether somebody needs the results of a node in memory: a loop, a
  /// structured op, a product, the end of the block.
  bool isDemanded(unsigned node) const;

  unsigned getGroup(unsigned node) const { return groups[node]; }
  llvm::ArrayRef<unsigned> getMembers(unsigned group) const {
    return members[group];
  }
  /// Puts the members of `b` into the group of `a` and returns the group.
  unsigned merge(unsigned a, unsigned b);
  /// Takes a node out of its group and returns its new one.
  unsigned split(unsigned node);
  /// Whether one group of both would depend on itself: something outside reads
  /// one of them and is read by the other.
  bool wouldCycle(unsigned a, unsigned b) const;

private:
  void addEdges(mlir::Value operand, unsigned to, EdgeKind kind,
                llvm::DenseMap<mlir::Value, EdgeKind> &seen);
  bool reaches(unsigned from, unsigned to) const;

  const HostValues &host;
  std::vector<mlir::Operation *> nodes;
  llvm::DenseMap<mlir::Operation *, unsigned> numbers;
  std::vector<Edge> edges;
  std::vector<llvm::SmallVector<unsigned>> incoming, outgoing;
  std::vector<unsigned> groups;
  std::vector<llvm::SmallVector<unsigned>> members;
};

} // namespace lamina

#endif // LAMINA_PASSES_KERNEL_CLUSTERGRAPH_H
