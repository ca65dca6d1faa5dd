// SPDX-License-Identifier: Apache-2.0
//
// A product of bf16 on the tensor cores of sm_90a.

#include "backends/GPU/WgmmaEmitter.h"

#include "backends/GPU/GroupCore.h"
#include "backends/GPU/SumBand.h"

using namespace llvm;

namespace lamina::gpu {

using cpu::Evaluator;

constexpr int64_t tileRows = 128, groupRows = 64, stepDepth = 16;
constexpr unsigned multipliers = 2; ///< warpgroups
constexpr unsigned stages = 4;
constexpr int64_t barrierBytes = 8;
/// Who frees a stage: one thread of each warp that reads it.
constexpr unsigned readers = multipliers * groupThreads / warpThreads;
/// A thread has 168 registers when the block starts. Copying needs few; the
/// sums of 256 columns alone are 128. 128 · 40 + 256 · 232 is what there is.
constexpr unsigned copyRegisters = 40, multiplyRegisters = 232;
/// The barrier of the block at which those that multiply meet.
constexpr unsigned multipliersBarrier = 1;

static int64_t fixedSize(const cpu::ContractForm &form,
                         ArrayRef<unsigned> loops) {
  int64_t size = 1;
  for (unsigned loop : loops)
    size *= form.domain[loop].isFixed() ? form.domain[loop].plus
                                        : tileRows * tileRows;
  return size;
}

// 256 columns need the fewest bytes for each product, and enough of them not to
// be wasted at the end.
static int64_t chooseColumns(const cpu::ContractForm &form) {
  int64_t size = fixedSize(form, form.n);
  return size <= 64 ? 64 : size < 512 ? 128 : 256;
}

// Fewer rows than one warpgroup has are left to smaller tiles.
std::unique_ptr<WgmmaEmitter>
WgmmaEmitter::create(const KernelBody &body, const cpu::ContractForm &form) {
  if (form.narrowOperands() != 2 || fixedSize(form, form.m) <= groupRows)
    return nullptr;
  int64_t columns = chooseColumns(form);
  auto a = BoxedOperand::match(body, form, form.a, form.m, tileRows);
  auto c = BoxedOperand::match(body, form, form.b, form.n, columns);
  if (!a || !c)
    return nullptr;
  return std::unique_ptr<WgmmaEmitter>(
      new WgmmaEmitter(body, form, std::move(*a), std::move(*c), columns));
}

WgmmaEmitter::WgmmaEmitter(const KernelBody &body,
                           const cpu::ContractForm &form, BoxedOperand a,
                           BoxedOperand c, int64_t columns)
    : tiles(body, form), a(std::move(a)), c(std::move(c)), columns(columns),
      maps{this->a.map(), this->c.map()},
      firstMap(body.bufferCount() + body.dimCount() + 2) {}

unsigned WgmmaEmitter::threads() const {
  return (1 + multipliers) * groupThreads;
}

int64_t WgmmaEmitter::ringBytes() const {
  int64_t bands = readers * SumBand(16, columns).bytes();
  return std::max(int64_t(stages) * stageBytes(), bands);
}

unsigned WgmmaEmitter::dynamicSharedBytes() const {
  return unsigned(ringBytes() + 2 * stages * barrierBytes);
}

Value *WgmmaEmitter::emitBlocks(Frame &frame) {
  return tiles.count(frame, tileRows, columns);
}

//===----------------------------------------------------------------------===//
// The ring
//===----------------------------------------------------------------------===//

Value *WgmmaEmitter::stage(LoopBuilder &b, const Work &work,
                           Value *number) const {
  return b.CreatePtrAdd(work.memory, b.multiply(number, b.index(stageBytes())));
}

Value *WgmmaEmitter::full(LoopBuilder &b, const Work &work,
                          Value *number) const {
  Value *offset =
      b.add(b.index(ringBytes()), b.multiply(number, b.index(barrierBytes)));
  return b.CreatePtrAdd(work.memory, offset);
}

Value *WgmmaEmitter::empty(LoopBuilder &b, const Work &work,
                           Value *number) const {
  return full(b, work, b.add(number, b.index(stages)));
}

void WgmmaEmitter::makeBarriers(LoopBuilder &b, const Work &work) const {
  GroupCore core(b);
  Value *isFirst = b.CreateICmpEQ(Threads(b).thread(), b.index(0));
  b.emitIf(isFirst, [&] {
    for (unsigned i = 0; i < stages; ++i) {
      core.makeBarrier(full(b, work, b.index(i)), 1);
      core.makeBarrier(empty(b, work, b.index(i)), readers);
    }
    core.publishBarriers();
  });
  Threads(b).waitForBlock();
}

/// The place in the ring after (stage, parity).
static Values advance(LoopBuilder &b, Value *stage, Value *parity) {
  Value *next = b.CreateAdd(stage, b.index(1));
  Value *isAround = b.CreateICmpEQ(next, b.index(stages));
  return {b.CreateSelect(isAround, b.index(0), next),
          b.CreateSelect(isAround, b.CreateXor(parity, 1), parity)};
}

// In the first round all stages are empty: a wait for the phase before the
// first one ends at once.
void WgmmaEmitter::copyAll(Frame &frame, const Work &work) const {
  LoopBuilder &b = frame.b;
  GroupCore core(b);
  Function &function = *b.function();
  Value *mapOfA = function.getArg(firstMap);
  Value *mapOfC = function.getArg(firstMap + 1);
  b.emitFor(b.index(0), work.sizeOfK, b.index(BoxedOperand::depth),
            {b.index(0), b.index(1)}, [&](Value *k, ValueRange at) {
              core.waitForPhase(empty(b, work, at[0]), at[1]);
              Value *barrier = full(b, work, at[0]);
              core.arriveForBytes(barrier, stageBytes());
              Value *memory = stage(b, work, at[0]);
              const TilePlace &place = work.place;
              a.copy(frame, memory, barrier, mapOfA, place.row, k, place.batch);
              c.copy(frame, b.CreatePtrAdd(memory, b.index(a.bytes())), barrier,
                     mapOfC, place.column, k, place.batch);
              return advance(b, at[0], at[1]);
            });
}

// One group of products is under way while the next one is begun: a stage is
// free when the group behind it has been.
Values WgmmaEmitter::multiplyAll(Frame &frame, const Work &work) const {
  LoopBuilder &b = frame.b;
  GroupCore core(b);
  size_t count = size_t(groupRows * columns / groupThreads);
  Value *row =
      b.multiply(b.CreateSub(work.group, b.index(1)), b.index(groupRows));
  Value *isLeader = b.CreateICmpEQ(
      b.remainder(Threads(b).thread(), b.index(warpThreads)), b.index(0));
  Values start(count, ConstantFP::get(b.getFloatTy(), 0));
  start.append({b.index(0), b.index(0), b.index(0)});
  Values end = b.emitFor(
      b.index(0), work.sizeOfK, b.index(BoxedOperand::depth), start,
      [&](Value *k, ValueRange running) {
        Value *now = running[count], *parity = running[count + 1];
        Value *before = running[count + 2];
        core.waitForPhase(full(b, work, now), parity);
        core.fence();
        Value *left = stage(b, work, now);
        Value *right = b.CreatePtrAdd(left, b.index(a.bytes()));
        Values sums(running.take_front(count));
        for (int64_t step = 0; step < BoxedOperand::depth; step += stepDepth)
          sums = core.multiply(a.matrix(b, left, row, step), a.isTransposed(),
                               c.matrix(b, right, b.index(0), step),
                               c.isTransposed(), sums);
        core.commit();
        core.waitForProducts(1);
        Value *isFree = b.CreateAnd(isLeader, b.CreateICmpSGT(k, b.index(0)));
        b.emitIf(isFree, [&] { core.arrive(empty(b, work, before)); });
        Values next = advance(b, now, parity);
        sums.append({next[0], next[1], now});
        return sums;
      });
  end.resize(count);
  return core.waitForSums(end);
}

// The sums take the place of the ring, which nobody reads any more when all
// that multiply have come here. A warp needs nobody else then.
void WgmmaEmitter::finish(Frame &frame, const Work &work, ValueRange sums) {
  LoopBuilder &b = frame.b;
  GroupCore(b).waitForThreads(multipliersBarrier, multipliers * groupThreads);
  SumBand band(16, columns);
  Value *thread = b.CreateSub(Threads(b).thread(), b.index(groupThreads));
  Value *warp = b.divide(thread, b.index(warpThreads));
  Value *lane = b.remainder(thread, b.index(warpThreads));
  Value *memory =
      b.CreatePtrAdd(work.memory, b.multiply(warp, b.index(band.bytes())));
  band.keep(b, memory, b.index(0), columns, sums);
  Threads(b).waitForWarp();
  band.finish(frame, tiles, work.place, memory,
              b.add(work.place.row, b.multiply(warp, b.index(16))), lane,
              warpThreads, work.block);
}

mlir::LogicalResult WgmmaEmitter::emitThread(Frame &frame, Value *) {
  LoopBuilder &b = frame.b;
  Threads threads(b);
  Evaluator block(frame, 1);
  block.setAnchor();
  Work work{tiles.place(frame, threads.block(), tileRows, columns),
            threads.dynamicMemory("ring"), tiles.size(frame, tiles.form.k),
            b.divide(threads.thread(), b.index(groupThreads)), block};
  makeBarriers(b, work);
  b.emitIf(
      b.CreateICmpEQ(work.group, b.index(0)),
      [&] {
        GroupCore(b).giveRegisters(copyRegisters);
        b.emitIf(b.CreateICmpEQ(threads.thread(), b.index(0)),
                 [&] { copyAll(frame, work); });
      },
      [&] {
        GroupCore(b).takeRegisters(multiplyRegisters);
        finish(frame, work, multiplyAll(frame, work));
      });
  return tiles.result();
}

} // namespace lamina::gpu
