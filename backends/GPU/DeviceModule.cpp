// SPDX-License-Identifier: Apache-2.0
//
// From a kernel to a module for NVPTX.

#include "backends/GPU/DeviceModule.h"

#include "backends/CPU/CompileKernel.h"
#include "backends/CPU/ContractForm.h"
#include "backends/CPU/SourceLines.h"
#include "backends/CPU/StructuredEmitter.h"
#include "backends/GPU/AttendEmitter.h"
#include "backends/GPU/ColumnsEmitter.h"
#include "backends/GPU/ElementEmitter.h"
#include "backends/GPU/ItemEmitter.h"
#include "backends/GPU/MmaEmitter.h"
#include "backends/GPU/RowEmitter.h"
#include "backends/GPU/ScanEmitter.h"
#include "backends/GPU/ScatterEmitter.h"
#include "backends/GPU/SortEmitter.h"
#include "backends/GPU/TileEmitter.h"
#include "backends/GPU/WgmmaEmitter.h"

#include "llvm/ADT/StringExtras.h"
#include "llvm/IR/LegacyPassManager.h"
#include "llvm/IR/Verifier.h"
#include "llvm/MC/TargetRegistry.h"
#include "llvm/Support/TargetSelect.h"
#include "llvm/Target/TargetMachine.h"

#include <mutex>

using namespace llvm;

namespace lamina::gpu {

static std::unique_ptr<DeviceEmitter> chooseStructured(const KernelBody &body,
                                                       mlir::Operation *op) {
  if (auto scatter = dyn_cast<graph::ScatterOp>(op))
    return std::make_unique<ScatterEmitter>(body, scatter);
  if (auto cumulative = dyn_cast<graph::CumulativeOp>(op))
    return std::make_unique<ScanEmitter>(body, cumulative);
  if (isa<graph::SortOp, graph::TopKOp>(op))
    return std::make_unique<SortEmitter>(body, op);
  return std::make_unique<ItemEmitter>(
      cpu::createStructuredEmitter(body, /*lanes=*/1));
}

std::unique_ptr<DeviceEmitter> chooseEmitter(const KernelBody &body,
                                             StringRef chip) {
  if (std::optional<AttentionOp> attention = AttentionOp::find(body))
    return createAttentionEmitter(*attention);
  if (mlir::Operation *op = cpu::findStructuredOp(body))
    return chooseStructured(body, op);
  if (std::optional<cpu::ContractForm> form = cpu::ContractForm::match(body)) {
    if (chip == "sm_90a")
      if (auto emitter = WgmmaEmitter::create(body, *form))
        return emitter;
    if (MmaEmitter::takes(*form))
      return std::make_unique<MmaEmitter>(body, std::move(*form));
    return std::make_unique<TileEmitter>(body, std::move(*form));
  }
  mlir::FailureOr<cpu::LoopProgram> program = cpu::LoopProgram::arrange(body);
  if (mlir::failed(program))
    return nullptr;
  if (ColumnsEmitter::takes(*program))
    return std::make_unique<ColumnsEmitter>(std::move(*program));
  if (ElementEmitter::takes(*program))
    return std::make_unique<ElementEmitter>(body, std::move(*program));
  return std::make_unique<RowEmitter>(body, std::move(*program));
}

//===----------------------------------------------------------------------===//
// LLVM's machine
//===----------------------------------------------------------------------===//

static std::unique_ptr<TargetMachine> makeMachine(StringRef chip) {
  static std::once_flag once;
  std::call_once(once, [] {
    LLVMInitializeNVPTXTargetInfo();
    LLVMInitializeNVPTXTarget();
    LLVMInitializeNVPTXTargetMC();
    LLVMInitializeNVPTXAsmPrinter();
  });
  Triple triple("nvptx64-nvidia-cuda");
  std::string error;
  const Target *target = TargetRegistry::lookupTarget(triple, error);
  assert(target && "LLVM is built with NVPTX");
  TargetOptions options;
  options.AllowFPOpFusion = FPOpFusion::Standard;
  // Without the feature LLVM takes an older PTX than the processor needs, and
  // aborts.
  StringRef features = chip.starts_with("sm_90") ? "+ptx80" : "+ptx78";
  return std::unique_ptr<TargetMachine>(
      target->createTargetMachine(triple, chip, features, options, {}));
}

/// The thread's machine for a processor.
static TargetMachine &machineOf(StringRef chip) {
  thread_local StringMap<std::unique_ptr<TargetMachine>> machines;
  std::unique_ptr<TargetMachine> &machine = machines[chip];
  if (!machine)
    machine = makeMachine(chip);
  return *machine;
}

//===----------------------------------------------------------------------===//
// The module
//===----------------------------------------------------------------------===//

std::string deviceName(const KernelBody &body) {
  std::string name = body.name().str();
  std::replace(name.begin(), name.end(), '.', '_');
  return name;
}

std::string finishName(StringRef kernel) { return (kernel + "_finish").str(); }

/// An encoded tensor map: passed by value, read where it is passed.
constexpr uint64_t mapBytes = 128;

static Function *declareKernel(const KernelBody &body,
                               const DeviceEmitter &emitter,
                               const std::string &name, Module &module) {
  LLVMContext &context = module.getContext();
  Type *pointer = PointerType::getUnqual(context);
  SmallVector<Type *> arguments(body.bufferCount(), pointer);
  arguments.append(body.dimCount(), Type::getInt64Ty(context));
  arguments.append({pointer, pointer});
  unsigned firstMap = unsigned(arguments.size());
  arguments.append(emitter.tensorMaps().size(), pointer);
  auto *function = Function::Create(
      FunctionType::get(Type::getVoidTy(context), arguments, false),
      Function::ExternalLinkage, name, module);
  function->setCallingConv(CallingConv::PTX_Kernel);
  function->setDoesNotThrow();
  for (unsigned i = firstMap; i < arguments.size(); ++i) {
    function->addParamAttr(
        i, Attribute::getWithByValType(
               context, ArrayType::get(Type::getInt8Ty(context), mapBytes)));
    function->addParamAttr(i, Attribute::getWithAlignment(context, Align(64)));
    function->addParamAttr(i, Attribute::get(context, "nvvm.grid_constant"));
  }
  function->addFnAttr("nvvm.maxntid", std::to_string(emitter.threads()));
  if (unsigned blocks = emitter.blocksAtOnce())
    function->addFnAttr("nvvm.minctasm", std::to_string(blocks));
  return function;
}

static mlir::LogicalResult emitKernel(const KernelBody &body,
                                      DeviceEmitter &emitter,
                                      const std::string &name, Module &module) {
  Function *function = declareKernel(body, emitter, name, module);
  Values buffers, dims;
  for (unsigned i = 0; i < body.bufferCount(); ++i)
    buffers.push_back(function->getArg(i));
  for (unsigned i = 0; i < body.dimCount(); ++i)
    dims.push_back(function->getArg(body.bufferCount() + i));
  Value *scalars = function->getArg(body.bufferCount() + body.dimCount());
  Value *scratch = function->getArg(body.bufferCount() + body.dimCount() + 1);
  Frame frame(body, function, dims, buffers, scalars);
  frame.beginLines();
  Value *bytes = emitter.emitScratch(frame);
  if (cpu::constantIndex(bytes) != 0)
    scratch = frame.b.CreatePtrAdd(
        scratch, frame.b.multiply(Threads(frame.b).block(), bytes));
  if (failed(emitter.emitThread(frame, scratch)))
    return mlir::failure();
  frame.b.CreateRetVoid();
  return mlir::success();
}

std::unique_ptr<Module> emitModule(const KernelBody &body,
                                   DeviceEmitter &emitter, StringRef chip,
                                   LLVMContext &context) {
  auto module = std::make_unique<Module>(body.name(), context);
  const TargetMachine &machine = machineOf(chip);
  module->setTargetTriple(machine.getTargetTriple());
  module->setDataLayout(machine.createDataLayout());
  std::string name = deviceName(body);
  if (failed(emitKernel(body, emitter, name, *module)))
    return nullptr;
  DeviceEmitter *second = emitter.secondGrid();
  if (second && failed(emitKernel(body, *second, finishName(name), *module)))
    return nullptr;
  assert(!verifyModule(*module, &errs()) && "emitted module is broken");
  return module;
}

void optimizeModule(Module &module, StringRef chip) {
  cpu::optimizeKernel(module, machineOf(chip), cpu::KernelCode::GPU);
}

std::string writePTX(Module &module, StringRef chip, std::string &why,
                     bool keepLines) {
  if (!keepLines)
    cpu::removeLines(module);
  // NVPTX answers an unknown function with an `.extern`, and the driver refuses
  // that on the user's machine.
  for (const Function &function : module)
    if (function.isDeclaration() && !function.isIntrinsic()) {
      why = ("it calls '" + function.getName() + "', which no GPU has").str();
      return "";
    }
  SmallString<0> text;
  raw_svector_ostream stream(text);
  legacy::PassManager passes;
  bool failed = machineOf(chip).addPassesToEmitFile(
      passes, stream, nullptr, CodeGenFileType::AssemblyFile);
  assert(!failed && "NVPTX prints PTX");
  (void)failed;
  passes.run(module);
  return text.str().str();
}

} // namespace lamina::gpu
