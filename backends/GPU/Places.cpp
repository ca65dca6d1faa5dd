// SPDX-License-Identifier: Apache-2.0
//
// Where results stand, and which element a number means.

#include "backends/GPU/Places.h"

#include "backends/GPU/Threads.h"

using namespace llvm;

namespace lamina::gpu {

mlir::LogicalResult placeResults(cpu::Frame &frame,
                                 const cpu::LoopProgram &program) {
  for (const cpu::Group &group : program.groups())
    for (const cpu::Stage &stage : group.stages) {
      mlir::linalg::LinalgOp op = stage.op;
      for (mlir::OpResult result : op->getResults()) {
        const cpu::Destination *where = frame.body.destination(result);
        if (where)
          frame.setStorage(result, frame.part(*where));
        else if (stage.roles[result.getResultNumber()] == cpu::Role::Partial)
          return op->emitOpError("has partial sums that are not an out");
      }
    }
  return mlir::success();
}

int64_t staticProduct(ArrayRef<cpu::Extent> extents) {
  int64_t product = 1;
  for (const cpu::Extent &extent : extents) {
    if (!extent.isFixed())
      return -1;
    product *= extent.plus;
  }
  return product;
}

unsigned columnsOfBlock(int64_t size, unsigned threads) {
  if (size < 0)
    return warpThreads;
  return unsigned(std::min<uint64_t>(
      PowerOf2Ceil(uint64_t(std::max<int64_t>(size, 1))), threads));
}

} // namespace lamina::gpu
