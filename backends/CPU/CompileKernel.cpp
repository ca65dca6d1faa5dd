// SPDX-License-Identifier: Apache-2.0
//
// From a kernel to an object file.

#include "backends/CPU/CompileKernel.h"

#include "backends/CPU/ChooseEmitter.h"
#include "backends/CPU/SourceLines.h"
#include "backends/CPU/Target.h"

#include "llvm/IR/LegacyPassManager.h"
#include "llvm/IR/Verifier.h"
#include "llvm/Target/TargetMachine.h"

using namespace llvm;

namespace lamina::cpu {

Function *declareFunction(Module &module, const Twine &name, Type *result,
                          ArrayRef<Type *> arguments) {
  Function *function =
      Function::Create(FunctionType::get(result, arguments, false),
                       Function::ExternalLinkage, name, module);
  function->setDoesNotThrow();
  return function;
}

static bool emitFunctions(const KernelBody &body, KernelEmitter &emitter,
                          Module &module) {
  LLVMContext &context = module.getContext();
  Type *i64 = Type::getInt64Ty(context);
  Type *pointer = PointerType::getUnqual(context);
  Function *items =
      declareFunction(module, body.name() + "_items", i64, {pointer});
  Frame itemsFrame(body, items, items->getArg(0));
  itemsFrame.b.CreateRet(emitter.emitItems(itemsFrame));

  Function *scratch =
      declareFunction(module, body.name() + "_scratch", i64, {pointer});
  Frame scratchFrame(body, scratch, scratch->getArg(0));
  scratchFrame.b.CreateRet(emitter.emitScratch(scratchFrame));

  Function *run =
      declareFunction(module, body.name(), Type::getVoidTy(context),
                      {pointer, pointer, pointer, i64, i64, pointer});
  Frame frame(body, run, run->getArg(1), run->getArg(0), run->getArg(2));
  frame.beginLines();
  RunArguments arguments{run->getArg(3), run->getArg(4), run->getArg(5)};
  if (failed(emitter.emitRun(frame, arguments)))
    return false;
  frame.b.CreateRetVoid();
  return true;
}

// LLVM uses a few registers of 512 bits on its own only if it is told to.
static void setAttributes(Module &module, const TargetModel &target) {
  for (Function &function : module) {
    if (function.isDeclaration())
      continue;
    function.addFnAttr("target-cpu", target.cpu);
    if (!target.features.empty())
      function.addFnAttr("target-features", target.features);
    function.addFnAttr("prefer-vector-width",
                       std::to_string(target.vectorBits));
    function.addFnAttr("min-legal-vector-width",
                       std::to_string(target.vectorBits));
  }
}

std::unique_ptr<Module> emitModule(kernel::FuncOp kernel,
                                   const TargetModel &target,
                                   const EmitOptions &options,
                                   LLVMContext &context) {
  TargetMachine *machine = findMachine(target);
  if (!machine) {
    kernel.emitOpError("cannot be compiled: LLVM has no target '")
        << target.triple << "'";
    return nullptr;
  }
  mlir::FailureOr<KernelBody> body = KernelBody::read(kernel);
  if (mlir::failed(body))
    return nullptr;
  std::unique_ptr<KernelEmitter> emitter =
      chooseEmitter(*body, target, options);
  if (!emitter)
    return nullptr;
  auto module = std::make_unique<Module>(kernel.getSymName(), context);
  // Without these LLVM takes another machine's layout for granted, and copies
  // become loops over bytes.
  module->setTargetTriple(machine->getTargetTriple());
  module->setDataLayout(machine->createDataLayout());
  module->setPICLevel(PICLevel::BigPIC);
  if (!emitFunctions(*body, *emitter, *module))
    return nullptr;
  setAttributes(*module, target);
  assert(!verifyModule(*module, &errs()) && "emitted module is broken");
  return module;
}

SmallVector<char, 0> writeObject(Module &module, const TargetModel &target,
                                 ObjectForm form) {
  if (form != ObjectForm::Assembly)
    removeLines(module);
  TargetMachine *machine =
      findMachine(target, form == ObjectForm::Plain ? CodeGenOptLevel::None
                                                    : CodeGenOptLevel::Default);
  SmallVector<char, 0> bytes;
  raw_svector_ostream stream(bytes);
  legacy::PassManager passes;
  bool failed = machine->addPassesToEmitFile(passes, stream, nullptr,
                                             form == ObjectForm::Assembly
                                                 ? CodeGenFileType::AssemblyFile
                                                 : CodeGenFileType::ObjectFile);
  assert(!failed && "our targets have assemblers");
  (void)failed;
  passes.run(module);
  return bytes;
}

} // namespace lamina::cpu
