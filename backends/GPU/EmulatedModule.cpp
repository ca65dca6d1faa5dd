// SPDX-License-Identifier: Apache-2.0
//
// A device module as code of this machine.

#include "backends/GPU/EmulatedModule.h"

#include "backends/CPU/CompileKernel.h"
#include "backends/CPU/SourceLines.h"
#include "backends/CPU/Target.h"
#include "backends/GPU/DeviceModule.h"
#include "backends/GPU/EmulatedCalls.h"
#include "backends/GPU/LaunchSizes.h"

#include "llvm/IR/ReplaceConstant.h"
#include "llvm/IR/Verifier.h"
#include "llvm/Support/NVPTXAddrSpace.h"
#include "llvm/Target/TargetMachine.h"

using namespace llvm;

namespace lamina::gpu {

/// Gives each shared variable its place behind one address; returns the bytes
/// of all. The one without a size, of `dynamicBytes`, comes last.
static int64_t placeSharedMemory(Module &module, Function &function,
                                 unsigned dynamicBytes) {
  SmallVector<GlobalVariable *> variables;
  for (bool hasSize : {true, false})
    for (GlobalVariable &variable : module.globals())
      if (variable.getAddressSpace() == NVPTXAS::ADDRESS_SPACE_SHARED &&
          variable.hasInitializer() == hasSize)
        variables.push_back(&variable);
  if (variables.empty())
    return 0;
  SmallVector<Constant *> constants(variables.begin(), variables.end());
  convertUsersOfConstantsToInstructions(constants);
  IRBuilder<> b(&*function.getEntryBlock().getFirstInsertionPt());
  FunctionCallee shared =
      module.getOrInsertFunction("lamina_emulated_shared", b.getPtrTy());
  Value *base = b.CreateCall(shared);
  int64_t bytes = 0;
  for (GlobalVariable *variable : variables) {
    bytes = int64_t(
        alignTo(uint64_t(bytes), variable->getAlign().value_or(Align(16))));
    Value *address = b.CreateAddrSpaceCast(
        b.CreateConstGEP1_64(b.getInt8Ty(), base, uint64_t(bytes)),
        variable->getType());
    variable->replaceAllUsesWith(address);
    uint64_t size =
        module.getDataLayout().getTypeAllocSize(variable->getValueType());
    bytes += variable->hasInitializer() ? int64_t(size) : dynamicBytes;
    variable->eraseFromParent();
  }
  return bytes;
}

//===----------------------------------------------------------------------===//
// The host's functions
//===----------------------------------------------------------------------===//

static unsigned scalarCount(const KernelBody &body) {
  return unsigned(
      count_if(body.func().getBlock()->getArgumentTypes(), [](mlir::Type type) {
        return !isa<mlir::RankedTensorType>(type);
      }));
}

/// K_sizes(dims, bytes): the bytes of each buffer, of the scalars, and of the
/// scratch of one block.
static Function *emitSizes(Module &module, const KernelBody &body,
                           DeviceEmitter &emitter) {
  LLVMContext &context = module.getContext();
  Type *pointer = PointerType::getUnqual(context);
  Function *function =
      cpu::declareFunction(module, body.name() + "_sizes",
                           Type::getVoidTy(context), {pointer, pointer});
  function->setLinkage(Function::InternalLinkage);
  Frame frame(body, function, function->getArg(0));
  LoopBuilder &b = frame.b;
  unsigned number = 0;
  auto put = [&](Value *bytes) {
    b.CreateStore(bytes, b.CreateConstGEP1_64(b.getInt64Ty(),
                                              function->getArg(1), number++));
  };
  for (mlir::BlockArgument argument : body.func().getBlock()->getArguments()) {
    auto type = dyn_cast<mlir::RankedTensorType>(argument.getType());
    if (!type)
      continue;
    SmallVector<Extent> extents;
    for (unsigned axis = 0; axis < type.getRank(); ++axis)
      extents.push_back(body.extent(argument, axis));
    put(b.multiply(frame.product(extents),
                   b.index(frame.bytesOf(type.getElementType()))));
  }
  put(b.index(8 * int64_t(scalarCount(body))));
  put(emitter.emitScratch(frame));
  b.CreateRetVoid();
  return function;
}

/// K_thread(buffers, dims, scalars, scratch): loads the arguments that the
/// device function takes one by one. The device adds the block's offset to the
/// scratch; here there is the scratch of one block only.
static Function *emitThread(Module &module, const KernelBody &body,
                            Function *device, Function *scratchBytes) {
  LLVMContext &context = module.getContext();
  Type *pointer = PointerType::getUnqual(context);
  Function *function = cpu::declareFunction(
      module, body.name() + "_thread", Type::getVoidTy(context),
      {pointer, pointer, pointer, pointer});
  function->setLinkage(Function::InternalLinkage);
  LoopBuilder b(function);
  Values arguments;
  for (unsigned i = 0; i < body.bufferCount(); ++i)
    arguments.push_back(b.CreateLoad(
        pointer, b.CreateConstGEP1_64(pointer, function->getArg(0), i)));
  for (unsigned i = 0; i < body.dimCount(); ++i)
    arguments.push_back(b.CreateLoad(
        b.getInt64Ty(),
        b.CreateConstGEP1_64(b.getInt64Ty(), function->getArg(1), i)));
  FunctionCallee block =
      module.getOrInsertFunction("lamina_emulated_block", b.getInt32Ty());
  Value *before =
      b.CreateMul(b.CreateZExt(b.CreateCall(block), b.getInt64Ty()),
                  b.CreateCall(scratchBytes, {function->getArg(1)}));
  arguments.push_back(function->getArg(2));
  arguments.push_back(b.CreatePtrAdd(function->getArg(3), b.CreateNeg(before)));
  FunctionCallee map = module.getOrInsertFunction("lamina_emulated_tensor_map",
                                                  pointer, b.getInt32Ty());
  for (unsigned i = 0; arguments.size() < device->arg_size(); ++i)
    arguments.push_back(b.CreateCall(map, {b.getInt32(i)}));
  b.CreateCall(device, arguments);
  b.CreateRetVoid();
  return function;
}

/// K(buffers, dims, scalars, first, last, scratch) and what it describes.
static void emitRun(Module &module, const KernelBody &body,
                    DeviceEmitter &emitter, Function *thread, Function *sizes,
                    int64_t sharedBytes) {
  LLVMContext &context = module.getContext();
  Type *pointer = PointerType::getUnqual(context);
  Type *i64 = Type::getInt64Ty(context), *i32 = Type::getInt32Ty(context);
  Function *run =
      cpu::declareFunction(module, body.name(), Type::getVoidTy(context),
                           {pointer, pointer, pointer, i64, i64, pointer});
  LoopBuilder b(run);
  Constant *name = b.CreateGlobalString(body.name(), "name", 0, &module);
  Function *maps =
      emitTensorMaps(module, body, emitter.tensorMaps(), body.name() + "_maps");
  maps->setLinkage(GlobalValue::InternalLinkage);
  auto *type = StructType::get(context, {pointer, pointer, pointer, i32, i32,
                                         i32, i32, pointer, i32, pointer});
  auto *value = ConstantStruct::get(
      type, {name, thread, sizes, b.getInt32(body.bufferCount()),
             b.getInt32(emitter.threads()), b.getInt32(uint32_t(sharedBytes)),
             b.getInt32(waits(module)), maps,
             b.getInt32(uint32_t(emitter.tensorMaps().size())), run});
  auto *description =
      new GlobalVariable(module, type, /*isConstant=*/true,
                         GlobalValue::InternalLinkage, value, "kernel");
  FunctionCallee emulate =
      module.getOrInsertFunction("lamina_emulate", b.getVoidTy(), pointer,
                                 pointer, pointer, pointer, i64, i64, pointer);
  Values arguments{description};
  for (Argument &argument : run->args())
    arguments.push_back(&argument);
  b.CreateCall(emulate, arguments);
  b.CreateRetVoid();
}

mlir::LogicalResult emulateModule(Module &module, const KernelBody &body,
                                  DeviceEmitter &emitter,
                                  const TargetModel &host) {
  Function *device = module.getFunction(deviceName(body));
  device->setName(body.name() + "_device");
  device->setCallingConv(CallingConv::C);
  device->setLinkage(Function::InternalLinkage);
  device->removeFnAttr("nvvm.maxntid");
  device->removeFnAttr("nvvm.minctasm");
  for (Argument &argument : device->args())
    argument.removeAttr(Attribute::ByVal);
  int64_t sharedBytes =
      placeSharedMemory(module, *device, emitter.dynamicSharedBytes());
  if (failed(substituteCalls(*device, body)))
    return mlir::failure();
  reportAccesses(*device);
  cpu::removeLines(module);
  std::unique_ptr<TargetMachine> machine = cpu::makeMachine(host);
  module.setTargetTriple(machine->getTargetTriple());
  module.setDataLayout(machine->createDataLayout());
  module.setPICLevel(PICLevel::BigPIC);
  Function *scratch = emitLaunchSizes(module, body, emitter, body.name());
  Function *thread = emitThread(module, body, device, scratch);
  emitRun(module, body, emitter, thread, emitSizes(module, body, emitter),
          sharedBytes);
  assert(!verifyModule(module, &errs()) && "emulated module is broken");
  return mlir::success();
}

} // namespace lamina::gpu
