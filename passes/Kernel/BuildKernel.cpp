// SPDX-License-Identifier: Apache-2.0
//
// From a cluster to a kernel.
//
// The loop around all builders, and the simplest of them: a map kernel.

#include "passes/Kernel/BuildKernel.h"

using namespace mlir;
using namespace lamina;
using kernel::Kind;

bool lamina::isAssembled(Operation *op) {
  return isa<graph::ConcatOp, graph::PadOp, graph::DynamicUpdateOp>(op);
}

bool lamina::isStructured(Operation *op) {
  return isa<graph::ScatterOp, graph::SortOp, graph::TopKOp,
             graph::CumulativeOp, graph::TriangularSolveOp, graph::CholeskyOp,
             graph::LuOp, graph::QrOp, graph::AttendOp, graph::AttendGradOp>(
      op);
}

/// What most of a kernel's time is likely to go into comes first.
static unsigned getRank(Operation *op) {
  if (isa<graph::ContractOp>(op) || isStructured(op))
    return 0;
  return isa<graph::ReduceOp>(op) ? 1 : 2;
}

/// The locations of all ops, that of the dearest one first: it stands for the
/// kernel where there is room for one line only.
static Location fuseLocations(const Cluster &cluster) {
  SmallVector<Location> locations;
  for (unsigned rank = 0; rank < 3; ++rank)
    for (Operation *op : cluster.ops)
      if (getRank(op) == rank)
        locations.push_back(op->getLoc());
  return FusedLoc::get(cluster.ops.front()->getContext(), locations);
}

FailureOr<BuiltKernel> lamina::writeKernel(const Cluster &cluster,
                                           const HostValues &host,
                                           StringRef name,
                                           std::vector<IndexSpace> spaces,
                                           WriteBody write) {
  Location loc = fuseLocations(cluster);
  MLIRContext *context = cluster.ops.front()->getContext();
  bool joined = false;
  // Every round but the last two splits a loop, and an axis has few factors.
  for (unsigned round = 0; round < 64; ++round) {
    KernelBody body(context, loc, cluster, host, spaces);
    SmallVector<Value> results = write(body);
    if (body.hasFailed())
      return failure();
    bool refined = false;
    for (IndexSpace &space : spaces) {
      if (!space.needsRefinement())
        continue;
      space.refine();
      refined = true;
    }
    if (refined)
      continue;
    if (joined) {
      auto func = body.finish(name, results);
      return BuiltKernel{func,      body.ins,   body.scalars,
                         body.outs, body.inits, body.dims};
    }
    for (IndexSpace &space : spaces)
      space.join();
    joined = true;
  }
  return emitError(loc) << "asks for ever smaller loops";
}

SmallVector<unsigned> lamina::getGroups(const IndexSpace &space, unsigned first,
                                        unsigned end) {
  SmallVector<unsigned> groups;
  for (unsigned loop = first; loop < end; ++loop)
    if (groups.empty() || groups.back() != space.getGroup(loop))
      groups.push_back(space.getGroup(loop));
  return groups;
}

OutAxes lamina::getOutAxes(KernelBody &body, ArrayRef<unsigned> groups) {
  OutAxes axes;
  SmallVector<int> loops;
  for (unsigned loop = 0; loop < body.space().getNumLoops(); ++loop)
    if (llvm::is_contained(groups, body.space().getGroup(loop)))
      loops.push_back(loop);
  body.space().addAccess(loops);
  for (unsigned group : groups) {
    axes.extents.push_back(body.getExtent(group));
    axes.runtime.push_back(body.isRuntime(group));
  }
  return axes;
}

FailureOr<BuiltKernel> lamina::buildMap(const Cluster &cluster,
                                        const HostValues &host,
                                        StringRef name) {
  graph::Shape shape = graph::getShape(cluster.outputs.front());
  auto write = [&](KernelBody &body) {
    IndexSpace &space = body.space();
    auto groups = getGroups(space, 0, space.getNumLoops());
    OutAxes axes = getOutAxes(body, groups);
    Stored none;
    ElementCode code(body, none, groups);
    for (auto [number, output] : llvm::enumerate(cluster.outputs)) {
      Value out = body.addOut(output, axes.extents, axes.runtime);
      code.addOut(out, code.getMap(groups));
      auto index = space.getIndex(0, shape.size(), graph::getShape(output));
      if (!index) {
        if (!space.needsRefinement())
          body.fail(output.getDefiningOp(), "has the elements of its kernel in "
                                            "another order");
        continue;
      }
      code.setOut(number, code.get(output, *index));
    }
    return SmallVector<Value>(code.finish({}));
  };
  return writeKernel(cluster, host, name, {IndexSpace(shape)}, write);
}

/// Whether the result is written part by part: not where data decides which
/// part it is.
static bool isWrittenInParts(const Cluster &cluster, const HostValues &host) {
  Operation *op = cluster.outputs.front().getDefiningOp();
  if (!isAssembled(op))
    return false;
  auto update = dyn_cast<graph::DynamicUpdateOp>(op);
  return !update || llvm::all_of(update.getStarts(), [&](Value start) {
    return host.contains(start);
  });
}

FailureOr<BuiltKernel> lamina::buildKernel(const Cluster &cluster,
                                           const HostValues &host,
                                           StringRef name) {
  switch (cluster.kind) {
  case Kind::Map:
    if (isWrittenInParts(cluster, host))
      return buildParts(cluster, host, name);
    return buildMap(cluster, host, name);
  case Kind::Row:
  case Kind::Columns:
    return buildReduction(cluster, host, name);
  case Kind::Contract:
    return buildContract(cluster, host, name);
  case Kind::Attend:
  case Kind::AttendGrad:
    return buildAttention(cluster, host, name);
  default:
    return buildStructured(cluster, host, name);
  }
}
