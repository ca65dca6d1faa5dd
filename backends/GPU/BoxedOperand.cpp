// SPDX-License-Identifier: Apache-2.0
//
// One operand's tile in shared memory, as the copy engine brings it and wgmma
// takes it.

#include "backends/GPU/BoxedOperand.h"

#include "backends/GPU/GroupCore.h"
#include "runtime/ABI/TensorMap.h"

using namespace llvm;

namespace lamina::gpu {

using cpu::ContractForm;
using cpu::Coordinates;

/// A line is 64 numbers, which is as far as chunks are mixed.
constexpr int64_t lineNumbers = 64, lineBytes = 128;
/// Lines between which the pattern of chunks repeats.
constexpr int64_t groupBytes = 8 * lineBytes;

//===----------------------------------------------------------------------===//
// The map
//===----------------------------------------------------------------------===//

/// Which loop an axis is read at: -1, the first element, for a constant 0.
static std::optional<int64_t> loopOf(mlir::AffineExpr expression) {
  if (auto dim = dyn_cast<mlir::AffineDimExpr>(expression))
    return dim.getPosition();
  auto constant = dyn_cast<mlir::AffineConstantExpr>(expression);
  if (constant && constant.getValue() == 0)
    return -1;
  return std::nullopt;
}

// From the last axis to the first. Axes of neighbouring loops of one group are
// one: the tensor is dense.
bool BoxedOperand::readAxes(const KernelBody &body, const ContractForm &form,
                            mlir::OpOperand *operand,
                            ArrayRef<unsigned> loops) {
  mlir::AffineMap map = form.mapOf(operand);
  int64_t stride = 1;
  size_t rowLoops = 0, kLoops = 0;
  auto isNext = [](ArrayRef<unsigned> group, size_t seen, int64_t loop) {
    return seen < group.size() &&
           group[group.size() - 1 - seen] == unsigned(loop);
  };
  for (unsigned axis = map.getNumResults(); axis-- > 0;) {
    std::optional<int64_t> loop = loopOf(map.getResult(axis));
    if (!loop || stride <= 0)
      return false;
    Extent extent = body.extent(operand->get(), axis);
    Kind kind = *loop < 0 ? Kind::First : Kind::Batch;
    if (isNext(loops, rowLoops, *loop))
      kind = Kind::Row, ++rowLoops;
    else if (isNext(form.k, kLoops, *loop))
      kind = Kind::K, ++kLoops;
    else if (is_contained(loops, unsigned(*loop)) ||
             is_contained(form.k, unsigned(*loop)))
      return false;
    bool joins = !indices.empty() && indices.back().kind == kind &&
                 (kind == Kind::Row || kind == Kind::K);
    if (joins) {
      tensor.axes.back().extents.push_back(extent);
    } else {
      // Loops of one group on axes apart have no one index.
      if ((kind == Kind::Row && rowLoops > 1) ||
          (kind == Kind::K && kLoops > 1))
        return false;
      tensor.axes.push_back({{extent}, stride, 1});
      indices.push_back({kind, unsigned(std::max<int64_t>(*loop, 0))});
    }
    // Only the outermost axis may be of any size.
    stride = extent.isFixed() ? stride * extent.plus : 0;
  }
  return rowLoops == loops.size() && kLoops == form.k.size();
}

bool BoxedOperand::setBoxes() {
  if (tensor.axes.size() < 2 || tensor.axes.size() > LAMINA_TENSOR_MAP_AXES)
    return false;
  Kind fast = indices.front().kind;
  if (fast != Kind::Row && fast != Kind::K)
    return false;
  alongK = fast == Kind::K;
  for (auto [index, axis] : zip(indices, tensor.axes)) {
    if (index.kind == fast)
      axis.box = lineNumbers;
    else if (index.kind == Kind::Row)
      axis.box = length;
    else if (index.kind == Kind::K)
      axis.box = depth;
    if (index.kind != fast && axis.stride % 8 != 0)
      return false;
  }
  return true;
}

std::optional<BoxedOperand> BoxedOperand::match(const KernelBody &body,
                                                const ContractForm &form,
                                                mlir::OpOperand *operand,
                                                ArrayRef<unsigned> loops,
                                                int64_t length) {
  auto argument = dyn_cast<mlir::BlockArgument>(operand->get());
  if (!argument || argument.getOwner() != body.func().getBlock())
    return std::nullopt;
  BoxedOperand boxed;
  boxed.length = length;
  boxed.tensor.buffer = body.bufferNumber(argument);
  if (!boxed.readAxes(body, form, operand, loops) || !boxed.setBoxes())
    return std::nullopt;
  return boxed;
}

//===----------------------------------------------------------------------===//
// The tile
//===----------------------------------------------------------------------===//

void BoxedOperand::copy(Frame &frame, Value *memory, Value *barrier,
                        Value *descriptor, Value *row, Value *k,
                        const Coordinates &batch) const {
  LoopBuilder &b = frame.b;
  int64_t blocks = alongK ? 1 : length / lineNumbers;
  for (int64_t block = 0; block < blocks; ++block) {
    Values at;
    for (const Index &index : indices) {
      Value *number = b.index(0);
      if (index.kind == Kind::Row)
        number = b.add(row, b.index(block * lineNumbers));
      else if (index.kind == Kind::K)
        number = k;
      else if (index.kind == Kind::Batch)
        number = batch[index.loop].base;
      at.push_back(b.CreateTrunc(number, b.getInt32Ty()));
    }
    Value *to = b.CreatePtrAdd(memory, b.index(block * depth * lineBytes));
    GroupCore(b).copyBox(to, barrier, descriptor, at);
  }
}

// With k last, groups of eight rows follow one another, and 16 numbers of k are
// 32 bytes of each line. Else groups of eight k do, and blocks of 64 rows stand
// a whole tile of k apart.
Value *BoxedOperand::matrix(LoopBuilder &b, Value *memory, Value *row,
                            int64_t k) const {
  Value *offset =
      alongK ? b.add(b.multiply(row, b.index(lineBytes)), b.index(k * 2))
             : b.add(b.multiply(row, b.index(depth * lineBytes / lineNumbers)),
                     b.index(k * lineBytes));
  int64_t between = alongK ? 16 : depth * lineBytes;
  return GroupCore(b).matrix(b.CreatePtrAdd(memory, offset), between,
                             groupBytes);
}

} // namespace lamina::gpu
