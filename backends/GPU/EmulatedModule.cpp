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

static bool isUsedIn(const GlobalVariable &variable, const Function &function) {
  return any_of(variable.users(), [&](const User *user) {
    auto *instruction = dyn_cast<Instruction>(user);
    return instruction && instruction->getFunction() == &function;
  });
}

/// Gives each shared variable of `function` its place behind one address;
/// returns the bytes of all. The one without a size, of `dynamicBytes`, comes
/// last.
static int64_t placeSharedMemory(Module &module, Function &function,
                                 unsigned dynamicBytes) {
  SmallVector<Constant *> all;
  for (bool hasSize : {true, false})
    for (GlobalVariable &variable : module.globals())
      if (variable.getAddressSpace() == NVPTXAS::ADDRESS_SPACE_SHARED &&
          variable.hasInitializer() == hasSize)
        all.push_back(&variable);
  convertUsersOfConstantsToInstructions(all);
  SmallVector<GlobalVariable *> variables;
  for (Constant *constant : all)
    if (isUsedIn(*cast<GlobalVariable>(constant), function))
      variables.push_back(cast<GlobalVariable>(constant));
  if (variables.empty())
    return 0;
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

/// The bytes of scratch that a block may touch: its own, or what a second grid
/// reads of all.
static Value *emitScratch(Frame &frame, DeviceEmitter &emitter) {
  Value *own = emitter.emitScratch(frame);
  return emitter.secondGrid() ? frame.b.multiply(own, emitter.emitBlocks(frame))
                              : own;
}

/// K_sizes(dims, bytes): the bytes of each buffer, of the scalars, and of the
/// scratch.
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
  put(emitScratch(frame, emitter));
  b.CreateRetVoid();
  return function;
}

/// NAME(buffers, dims, scalars, scratch): loads the arguments that the device
/// function takes one by one. The device adds the block's offset to the
/// scratch; where there is the scratch of one block only, of `scratchBytes`,
/// that is taken off.
static Function *emitThread(Module &module, const KernelBody &body,
                            const Twine &name, Function *device,
                            Function *scratchBytes) {
  LLVMContext &context = module.getContext();
  Type *pointer = PointerType::getUnqual(context);
  Function *function =
      cpu::declareFunction(module, name, Type::getVoidTy(context),
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
  arguments.push_back(function->getArg(2));
  Value *scratch = function->getArg(3);
  if (scratchBytes) {
    FunctionCallee block =
        module.getOrInsertFunction("lamina_emulated_block", b.getInt32Ty());
    Value *before =
        b.CreateMul(b.CreateZExt(b.CreateCall(block), b.getInt64Ty()),
                    b.CreateCall(scratchBytes, {function->getArg(1)}));
    scratch = b.CreatePtrAdd(scratch, b.CreateNeg(before));
  }
  arguments.push_back(scratch);
  FunctionCallee map = module.getOrInsertFunction("lamina_emulated_tensor_map",
                                                  pointer, b.getInt32Ty());
  for (unsigned i = 0; arguments.size() < device->arg_size(); ++i)
    arguments.push_back(b.CreateCall(map, {b.getInt32(i)}));
  b.CreateCall(device, arguments);
  b.CreateRetVoid();
  return function;
}

namespace {
/// One grid of a kernel for the emulator.
struct Grid {
  std::string name;
  DeviceEmitter *emitter;
  Function *thread;
  int64_t sharedBytes;
  Function *blocks = nullptr; ///< null: those that the caller asks for
};
} // namespace

static Constant *describe(Module &module, const KernelBody &body,
                          const Grid &grid, Function *sizes, Function *run) {
  LLVMContext &context = module.getContext();
  Type *pointer = PointerType::getUnqual(context);
  Type *i32 = Type::getInt32Ty(context);
  auto number = [&](uint64_t value) { return ConstantInt::get(i32, value); };
  Constant *text = ConstantDataArray::getString(context, body.name());
  auto *name = new GlobalVariable(module, text->getType(), /*isConstant=*/true,
                                  GlobalValue::PrivateLinkage, text, "name");
  ArrayRef<TensorMap> tensorMaps = grid.emitter->tensorMaps();
  Function *maps = emitTensorMaps(module, body, tensorMaps,
                                  grid.thread->getName() + "_maps");
  maps->setLinkage(GlobalValue::InternalLinkage);
  auto *type = StructType::get(context, {pointer, pointer, pointer, i32, i32,
                                         i32, i32, pointer, i32, pointer});
  auto *value = ConstantStruct::get(
      type,
      {name, grid.thread, sizes, number(body.bufferCount()),
       number(grid.emitter->threads()), number(uint64_t(grid.sharedBytes)),
       number(waits(module)), maps, number(tensorMaps.size()), run});
  // Known by name to who launches kernels as a driver would.
  return new GlobalVariable(module, type, /*isConstant=*/true,
                            GlobalValue::ExternalLinkage, value,
                            grid.name + "_emulated");
}

/// K(buffers, dims, scalars, first, last, scratch): the grids, one after
/// another.
static void emitRun(Module &module, const KernelBody &body,
                    ArrayRef<Grid> grids, Function *sizes) {
  LLVMContext &context = module.getContext();
  Type *pointer = PointerType::getUnqual(context);
  Type *i64 = Type::getInt64Ty(context);
  Function *run =
      cpu::declareFunction(module, body.name(), Type::getVoidTy(context),
                           {pointer, pointer, pointer, i64, i64, pointer});
  LoopBuilder b(run);
  FunctionCallee emulate =
      module.getOrInsertFunction("lamina_emulate", b.getVoidTy(), pointer,
                                 pointer, pointer, pointer, i64, i64, pointer);
  for (const Grid &grid : grids) {
    Value *dims = run->getArg(1), *first = run->getArg(3);
    Value *last = run->getArg(4);
    if (grid.blocks) {
      first = b.index(0);
      last = b.CreateCall(grid.blocks, {dims});
    }
    b.CreateCall(emulate,
                 {describe(module, body, grid, sizes, run), run->getArg(0),
                  dims, run->getArg(2), first, last, run->getArg(5)});
  }
  b.CreateRetVoid();
}

/// Makes a function for NVPTX one that calls the emulator; returns the bytes of
/// its shared memory.
static mlir::FailureOr<int64_t> emulateFunction(Function &device,
                                                const KernelBody &body,
                                                unsigned dynamicBytes) {
  device.setCallingConv(CallingConv::C);
  device.setLinkage(Function::InternalLinkage);
  device.removeFnAttr("nvvm.maxntid");
  device.removeFnAttr("nvvm.minctasm");
  for (Argument &argument : device.args())
    argument.removeAttr(Attribute::ByVal);
  int64_t sharedBytes =
      placeSharedMemory(*device.getParent(), device, dynamicBytes);
  if (failed(substituteCalls(device, body)))
    return mlir::failure();
  reportAccesses(device);
  return sharedBytes;
}

/// Exports the kernel as one whose items are its blocks.
static void exportBlocks(Module &module, const KernelBody &body,
                         DeviceEmitter &emitter, Function *device,
                         int64_t sharedBytes) {
  Function *scratch = emitLaunchSizes(module, body, emitter, body.name());
  Function *thread =
      emitThread(module, body, body.name() + "_thread", device, scratch);
  emitRun(module, body, {{body.name().str(), &emitter, thread, sharedBytes}},
          emitSizes(module, body, emitter));
}

/// Exports the kernel as one item: the second grid needs all of the first.
static void exportGrids(Module &module, const KernelBody &body,
                        DeviceEmitter &emitter, ArrayRef<Function *> devices,
                        ArrayRef<int64_t> sharedBytes) {
  emitOfSizes(module, body, body.name() + "_items",
              [&](Frame &frame) { return frame.b.index(1); });
  emitOfSizes(module, body, body.name() + "_scratch",
              [&](Frame &frame) { return emitScratch(frame, emitter); });
  DeviceEmitter *emitters[] = {&emitter, emitter.secondGrid()};
  SmallVector<Grid> grids;
  for (auto [number, each] : enumerate(emitters)) {
    std::string name =
        number == 0 ? body.name().str() : finishName(body.name());
    Function *blocks = emitOfSizes(
        module, body, name + "_blocks",
        [&, each = each](Frame &frame) { return each->emitBlocks(frame); });
    blocks->setLinkage(Function::InternalLinkage);
    Function *thread =
        emitThread(module, body, name + "_thread", devices[number], nullptr);
    grids.push_back({name, each, thread, sharedBytes[number], blocks});
  }
  emitRun(module, body, grids, emitSizes(module, body, emitter));
}

mlir::LogicalResult emulateModule(Module &module, const KernelBody &body,
                                  DeviceEmitter &emitter,
                                  const TargetModel &host) {
  SmallVector<Function *> devices{module.getFunction(deviceName(body))};
  SmallVector<DeviceEmitter *> emitters{&emitter};
  if (DeviceEmitter *second = emitter.secondGrid()) {
    devices.push_back(module.getFunction(finishName(deviceName(body))));
    emitters.push_back(second);
  }
  SmallVector<int64_t> sharedBytes;
  for (auto [device, each] : zip(devices, emitters)) {
    mlir::FailureOr<int64_t> bytes =
        emulateFunction(*device, body, each->dynamicSharedBytes());
    if (failed(bytes))
      return mlir::failure();
    sharedBytes.push_back(*bytes);
    device->setName(body.name() + "_device");
  }
  cpu::removeLines(module);
  TargetMachine *machine = cpu::findMachine(host);
  module.setTargetTriple(machine->getTargetTriple());
  module.setDataLayout(machine->createDataLayout());
  module.setPICLevel(PICLevel::BigPIC);
  if (emitter.secondGrid())
    exportGrids(module, body, emitter, devices, sharedBytes);
  else
    exportBlocks(module, body, emitter, devices.front(), sharedBytes.front());
  assert(!verifyModule(module, &errs()) && "emulated module is broken");
  return mlir::success();
}

} // namespace lamina::gpu
