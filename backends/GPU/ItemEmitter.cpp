// SPDX-License-Identifier: Apache-2.0
//
// One thread an item.

#include "backends/GPU/ItemEmitter.h"

using namespace llvm;

namespace lamina::gpu {

Value *ItemEmitter::emitBlocks(Frame &frame) {
  return frame.b.ceilDivide(routine->emitItems(frame),
                            frame.b.index(threads()));
}

Value *ItemEmitter::scratchOfItem(Frame &frame) {
  return frame.b.roundUp(routine->emitScratch(frame), 64);
}

Value *ItemEmitter::emitScratch(Frame &frame) {
  return frame.b.multiply(scratchOfItem(frame), frame.b.index(threads()));
}

mlir::LogicalResult ItemEmitter::emitThread(Frame &frame, Value *scratch) {
  LoopBuilder &b = frame.b;
  Threads place(b);
  Value *thread = place.thread();
  Value *item = b.add(b.multiply(place.block(), b.index(threads())), thread);
  scratch = b.CreatePtrAdd(scratch, b.multiply(thread, scratchOfItem(frame)));
  Value *end = b.minimum(b.add(item, b.index(1)), routine->emitItems(frame));
  return routine->emitRun(frame, {item, end, scratch});
}

} // namespace lamina::gpu
