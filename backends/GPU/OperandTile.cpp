// SPDX-License-Identifier: Apache-2.0
//
// One operand's tile in shared memory, as fragments of bf16 want it.

#include "backends/GPU/OperandTile.h"

#include "backends/GPU/TensorCore.h"

using namespace llvm;

namespace lamina::gpu {

using cpu::Coordinates;
using cpu::Evaluator;

constexpr int64_t chunkNumbers = 8, chunkBytes = 16;

OperandTile::OperandTile(ContractTiles &tiles, mlir::OpOperand *operand,
                         ArrayRef<unsigned> loops, int64_t length,
                         int64_t depth)
    : tiles(tiles), operand(operand), loops(loops), length(length),
      depth(depth), alongK(tiles.isUnitAlongK(operand)) {}

// Eight lines in a row must differ in where a chunk stands within 128 bytes,
// all banks once. Lines of 64 bytes differ by halves already.
Value *OperandTile::chunk(Frame &frame, Value *memory, Value *line,
                          Value *number) const {
  LoopBuilder &b = frame.b;
  int64_t chunks = lineChunks();
  Value *mix = chunks >= 8 ? b.remainder(line, b.index(8))
                           : b.remainder(b.divide(line, b.index(8 / chunks)),
                                         b.index(chunks));
  Value *place =
      b.add(b.multiply(line, b.index(chunks)), b.CreateXor(number, mix));
  return b.CreatePtrAdd(memory, b.multiply(place, b.index(chunkBytes)));
}

//===----------------------------------------------------------------------===//
// Filling
//===----------------------------------------------------------------------===//

// Eight neighbours along the last axis, at a multiple of 16 bytes wherever they
// begin, and in one loop. A tensor may be a part of a stack of its like, so its
// own size must be such a multiple, too.
bool OperandTile::canCopy(Frame &frame) const {
  const cpu::Storage *where = frame.storage(operand->get());
  mlir::AffineMap map = tiles.form.mapOf(operand);
  ArrayRef<unsigned> group = alongK ? ArrayRef(tiles.form.k) : loops;
  if (!where || !where->elementType.isBF16() || map.getNumResults() == 0)
    return false;
  unsigned fast = group.back();
  auto last = dyn_cast<mlir::AffineDimExpr>(map.getResults().back());
  if (!last || last.getPosition() != fast)
    return false;
  for (unsigned axis = 0; axis + 1 < map.getNumResults(); ++axis) {
    std::optional<int64_t> stride = cpu::constantIndex(where->strides[axis]);
    if (map.getResult(axis).isFunctionOfDim(fast) || !stride ||
        *stride % chunkNumbers != 0)
      return false;
  }
  const Extent &size = tiles.form.domain[fast];
  return group.size() == 1 || (size.isFixed() && size.plus % chunkNumbers == 0);
}

Coordinates OperandTile::iteration(Frame &frame, const OperandPart &part,
                                   Value *row, Value *k) const {
  Coordinates at = part.batch;
  tiles.setLoops(frame, at, loops, row);
  tiles.setLoops(frame, at, tiles.form.k, k);
  return at;
}

void OperandTile::copy(Frame &frame, Value *memory, const OperandPart &part,
                       Value *number) {
  LoopBuilder &b = frame.b;
  Value *zero = b.index(0), *eight = b.index(chunkNumbers);
  Value *line = b.divide(number, b.index(lineChunks()));
  Value *inLine = b.remainder(number, b.index(lineChunks()));
  Value *ahead = b.multiply(inLine, eight);
  Value *row = b.add(part.row, alongK ? line : ahead);
  Value *k = b.add(part.k, alongK ? ahead : line);
  Value *left =
      alongK ? b.CreateSub(part.sizeOfK, k) : b.CreateSub(part.rows, row);
  Value *isLine = alongK ? b.CreateICmpSLT(row, part.rows)
                         : b.CreateICmpSLT(k, part.sizeOfK);
  Value *count =
      b.CreateSelect(isLine, b.minimum(b.maximum(left, zero), eight), zero);
  Value *isInside = b.CreateICmpNE(count, zero);
  Evaluator evaluator(frame, 1);
  const cpu::Storage &where = *frame.storage(operand->get());
  Coordinates at = iteration(frame, part, b.CreateSelect(isInside, row, zero),
                             b.CreateSelect(isInside, k, zero));
  Value *place =
      evaluator.offset(where, evaluator.map(tiles.form.mapOf(operand), at))
          .base;
  Value *bytes = b.CreateTrunc(b.multiply(count, b.index(2)), b.getInt32Ty());
  TensorCore(b).copy(chunk(frame, memory, line, inLine),
                     b.CreateGEP(b.getBFloatTy(), where.base, place), bytes);
}

void OperandTile::compute(Frame &frame, Value *memory, const OperandPart &part,
                          Value *number, Evaluator &block) {
  LoopBuilder &b = frame.b;
  Value *numbers = b.index(lineChunks() * chunkNumbers);
  Value *line = b.divide(number, numbers);
  Value *inLine = b.remainder(number, numbers);
  Value *row = b.add(part.row, alongK ? line : inLine);
  Value *k = b.add(part.k, alongK ? inLine : line);
  Value *isInside = b.CreateAnd(b.CreateICmpSLT(row, part.rows),
                                b.CreateICmpSLT(k, part.sizeOfK));
  Value *zero = b.index(0);
  Coordinates at = iteration(frame, part, b.CreateSelect(isInside, row, zero),
                             b.CreateSelect(isInside, k, zero));
  Value *value = tiles.read(frame, operand, at, block);
  value =
      b.CreateSelect(isInside, value, Constant::getNullValue(b.getBFloatTy()));
  Value *eight = b.index(chunkNumbers);
  Value *place = chunk(frame, memory, line, b.divide(inLine, eight));
  b.CreateStore(
      value, b.CreateGEP(b.getBFloatTy(), place, b.remainder(inLine, eight)));
}

void OperandTile::fill(Frame &frame, Value *memory, const OperandPart &part,
                       unsigned threads, Evaluator &block) {
  LoopBuilder &b = frame.b;
  Value *thread = Threads(b).thread();
  if (canCopy(frame)) {
    for (int64_t first = 0; first < bytes() / chunkBytes; first += threads)
      copy(frame, memory, part, b.add(thread, b.index(first)));
    return;
  }
  b.emitFor(
      thread, b.index(length * depth), b.index(threads),
      [&](Value *number) { compute(frame, memory, part, number, block); });
}

//===----------------------------------------------------------------------===//
// Fragments
//===----------------------------------------------------------------------===//

// Of the four matrices of 8 × 8, lane i knows the place of line i % 8 of matrix
// i / 8.
Values OperandTile::fragments(Frame &frame, Value *memory, Value *row,
                              int64_t k, bool rowsFirst) const {
  LoopBuilder &b = frame.b;
  Value *lane = b.remainder(Threads(b).thread(), b.index(warpThreads));
  Value *odd = b.remainder(b.divide(lane, b.index(8)), b.index(2));
  Value *late = b.divide(lane, b.index(16));
  Value *rowHalf = rowsFirst ? odd : late, *kHalf = rowsFirst ? late : odd;
  Value *lineHalf = alongK ? rowHalf : kHalf;
  Value *chunkHalf = alongK ? kHalf : rowHalf;
  Value *line =
      b.add(alongK ? row : b.index(k), b.add(b.remainder(lane, b.index(8)),
                                             b.multiply(lineHalf, b.index(8))));
  Value *number =
      b.add(b.divide(alongK ? b.index(k) : row, b.index(8)), chunkHalf);
  return TensorCore(b).loadMatrices(chunk(frame, memory, line, number),
                                    /*isTransposed=*/!alongK);
}

} // namespace lamina::gpu
