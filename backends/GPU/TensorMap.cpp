// SPDX-License-Identifier: Apache-2.0
//
// Tensors that the copy engine reads in boxes.

#include "backends/GPU/TensorMap.h"

#include "backends/CPU/CompileKernel.h"
#include "runtime/ABI/TensorMap.h"

using namespace llvm;

namespace lamina::gpu {

constexpr int64_t elementBytes = 2, swizzleBytes = 128;

static void emitMap(cpu::Frame &frame, const TensorMap &map, Value *to) {
  cpu::LoopBuilder &b = frame.b;
  auto put = [&](size_t offset, Value *number) {
    b.CreateStore(number, b.CreateConstGEP1_64(b.getInt8Ty(), to, offset));
  };
  for (auto [i, axis] : enumerate(map.axes)) {
    Value *size = b.maximum(frame.product(axis.extents), b.index(1));
    put(offsetof(LaminaTensorMap, sizes) + 8 * i, size);
    put(offsetof(LaminaTensorMap, strides) + 8 * i,
        b.index(axis.stride * elementBytes));
    put(offsetof(LaminaTensorMap, box) + 4 * i, b.getInt32(uint32_t(axis.box)));
  }
  put(offsetof(LaminaTensorMap, rank), b.getInt32(uint32_t(map.axes.size())));
  put(offsetof(LaminaTensorMap, buffer), b.getInt32(map.buffer));
  put(offsetof(LaminaTensorMap, swizzle), b.getInt32(swizzleBytes));
}

Function *emitTensorMaps(Module &module, const cpu::KernelBody &body,
                         ArrayRef<TensorMap> maps, const Twine &name) {
  LLVMContext &context = module.getContext();
  Type *pointer = PointerType::getUnqual(context);
  Function *function = cpu::declareFunction(
      module, name, Type::getVoidTy(context), {pointer, pointer});
  cpu::Frame frame(body, function, function->getArg(0));
  for (auto [i, map] : enumerate(maps))
    emitMap(frame, map,
            frame.b.CreateConstGEP1_64(frame.b.getInt8Ty(), function->getArg(1),
                                       i * sizeof(LaminaTensorMap)));
  frame.b.CreateRetVoid();
  return function;
}

} // namespace lamina::gpu
