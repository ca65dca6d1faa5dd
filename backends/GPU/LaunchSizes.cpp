// SPDX-License-Identifier: Apache-2.0
//
// What a launch needs, as functions of the host.

#include "backends/GPU/LaunchSizes.h"

#include "backends/CPU/CompileKernel.h"
#include "backends/GPU/DeviceModule.h"

using namespace llvm;

namespace lamina::gpu {

Function *emitOfSizes(Module &module, const KernelBody &body, const Twine &name,
                      function_ref<Value *(Frame &)> emit) {
  LLVMContext &context = module.getContext();
  Function *function =
      cpu::declareFunction(module, name, Type::getInt64Ty(context),
                           {PointerType::getUnqual(context)});
  Frame frame(body, function, function->getArg(0));
  frame.b.CreateRet(emit(frame));
  return function;
}

Function *emitLaunchSizes(Module &module, const KernelBody &body,
                          DeviceEmitter &emitter, StringRef name) {
  emitOfSizes(module, body, name + "_items",
              [&](Frame &frame) { return emitter.emitBlocks(frame); });
  return emitOfSizes(module, body, name + "_scratch",
                     [&](Frame &frame) { return emitter.emitScratch(frame); });
}

void emitLaunch(Module &module, const KernelBody &body, DeviceEmitter &emitter,
                StringRef name) {
  LLVMContext &context = module.getContext();
  Type *i32 = Type::getInt32Ty(context);
  Constant *blocks = Constant::getNullValue(PointerType::getUnqual(context));
  if (DeviceEmitter *second = emitter.secondGrid()) {
    assert(second->threads() == emitter.threads() && "one size for both grids");
    Function *function =
        emitOfSizes(module, body, finishName(name) + "_items",
                    [&](Frame &frame) { return second->emitBlocks(frame); });
    function->setLinkage(GlobalValue::InternalLinkage);
    blocks = function;
  }
  ArrayRef<TensorMap> maps = emitter.tensorMaps();
  Constant *value = ConstantStruct::getAnon(
      {ConstantInt::get(i32, emitter.threads()),
       ConstantInt::get(i32, emitter.dynamicSharedBytes()),
       ConstantInt::get(i32, maps.size()),
       emitTensorMaps(module, body, maps, name + "_maps"), blocks});
  new GlobalVariable(module, value->getType(), /*isConstant=*/true,
                     GlobalValue::ExternalLinkage, value, name + "_launch");
}

} // namespace lamina::gpu
