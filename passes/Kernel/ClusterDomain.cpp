// SPDX-License-Identifier: Apache-2.0
//
// What the members of a cluster run over.

#include "passes/Kernel/ClusterDomain.h"

#include "dialects/Graph/GraphOps.h"

using namespace mlir;
using namespace lamina;

Strides lamina::getStrides(const graph::Shape &shape) {
  Strides strides = {SizeExpr(1)};
  for (const SizeExpr &size : llvm::reverse(shape))
    if (!isOne(size))
      strides.push_back(strides.back() * size);
  return strides;
}

std::optional<Strides> lamina::mergeStrides(Strides a, const Strides &b) {
  for (const SizeExpr &stride : b) {
    auto next = llvm::find_if(a, [&](const SizeExpr &other) {
      return other == stride || !stride.divideExactly(other);
    });
    if (next != a.end() && *next == stride)
      continue;
    if (next != a.end() && !next->divideExactly(stride))
      return std::nullopt;
    a.insert(next, stride);
  }
  return a;
}

static Strides scale(Strides strides, const SizeExpr &factor) {
  for (SizeExpr &stride : strides)
    stride = stride * factor;
  return strides;
}

ClusterDomain lamina::getDomain(Operation *op, const HostValues &host) {
  ClusterDomain domain;
  domain.inner = SizeExpr(1);
  OpClass kind = classify(op, host);
  domain.contracts = kind == OpClass::Contract;
  if (kind == OpClass::Elementwise || kind == OpClass::Contract) {
    graph::Shape shape = graph::getShape(op->getResult(0));
    domain.elements = domain.rows = product(shape);
    domain.strides = getStrides(shape);
    return domain;
  }
  if (kind != OpClass::Reduce) {
    domain.alone = true;
    return domain;
  }
  auto reduce = cast<graph::ReduceOp>(op);
  graph::Shape shape = graph::getShape(reduce.getX());
  graph::Shape rows = graph::getShape(reduce.getResult());
  domain.reduces = true;
  domain.elements = product(shape);
  domain.rows = product(rows);
  for (int64_t axis : reduce.getAxes()) {
    domain.inner = domain.inner * shape[axis];
    domain.trailing &= axis >= int64_t(rows.size());
  }
  domain.strides = getStrides(shape);
  if (!domain.trailing)
    domain.kept = getStrides(rows);
  return domain;
}

std::optional<ClusterDomain> lamina::unite(const ClusterDomain &a,
                                           const ClusterDomain &b) {
  if (a.alone || b.alone || a.contracts || b.contracts)
    return std::nullopt;
  if (b.reduces && !a.reduces)
    return unite(b, a);
  ClusterDomain both = a;
  std::optional<Strides> strides;
  if (a.reduces == b.reduces) {
    bool sameRows = a.rows == b.rows && a.trailing && b.trailing;
    if (a.elements != b.elements || (a.reduces && !sameRows))
      return std::nullopt;
    strides = mergeStrides(a.strides, b.strides);
  } else if (b.elements == a.rows && !a.trailing) {
    auto kept = mergeStrides(a.kept, b.strides);
    if (!kept)
      return std::nullopt;
    both.kept = *kept;
    return both;
  } else if (b.elements == a.rows) {
    strides = mergeStrides(a.strides, scale(b.strides, a.inner));
  } else if (b.elements == a.elements && a.trailing) {
    strides = mergeStrides(a.strides, b.strides);
  }
  if (!strides)
    return std::nullopt;
  both.strides = *strides;
  return both;
}
