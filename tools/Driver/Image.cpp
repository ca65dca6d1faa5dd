// SPDX-License-Identifier: Apache-2.0
//
// The object that ties a program together.
//
// Image -> object. The same structures as runtime/ABI/Kernel.h, laid out with
// LLVM's own constants, so that no compiler of C is needed to build a program.

#include "tools/Driver/Image.h"

#include "llvm/IR/IRBuilder.h"
#include "llvm/IR/LegacyPassManager.h"
#include "llvm/IR/Module.h"
#include "llvm/MC/TargetRegistry.h"
#include "llvm/Support/TargetSelect.h"
#include "llvm/Support/raw_ostream.h"
#include "llvm/Target/TargetMachine.h"

using namespace llvm;

namespace lamina::driver {

static Constant *embedBytes(Module &module, StringRef name, StringRef bytes) {
  Constant *data =
      ConstantDataArray::getString(module.getContext(), bytes, true);
  auto *global = new GlobalVariable(module, data->getType(), true,
                                    GlobalValue::PrivateLinkage, data, name);
  global->setAlignment(Align(64));
  return global;
}

/// `static const LaminaKernel table[]`.
static Constant *embedTable(Module &module, ArrayRef<LinkableKernel> kernels) {
  LLVMContext &context = module.getContext();
  Type *pointer = PointerType::get(context, 0);
  auto *entry = StructType::get(context, {pointer, pointer, pointer, pointer});
  auto *anyFunction = FunctionType::get(Type::getVoidTy(context), false);
  auto function = [&](const std::string &name) {
    return cast<Constant>(
        module.getOrInsertFunction(name, anyFunction).getCallee());
  };
  SmallVector<Constant *> rows;
  for (const LinkableKernel &kernel : kernels)
    rows.push_back(
        ConstantStruct::get(entry, {embedBytes(module, "name", kernel.name),
                                    function(kernel.symbol + "_items"),
                                    function(kernel.symbol + "_scratch"),
                                    function(kernel.symbol)}));
  auto *type = ArrayType::get(entry, rows.size());
  return new GlobalVariable(module, type, true, GlobalValue::PrivateLinkage,
                            ConstantArray::get(type, rows), "kernels");
}

/// What the tape and the kernels are in memory: the fields of `LaminaImage`.
struct ImageParts {
  Constant *tape, *tapeSize, *constants, *constantsSize, *kernels, *kernelCount;
};

static ImageParts embedImage(Module &module, const Image &image) {
  IntegerType *size = Type::getInt64Ty(module.getContext());
  return {embedBytes(module, "tape", image.tape),
          ConstantInt::get(size, image.tape.size()),
          embedBytes(module, "constants", image.constants),
          ConstantInt::get(size, image.constants.size()),
          embedTable(module, image.kernels),
          ConstantInt::get(size, image.kernels.size())};
}

/// `const LaminaImage lamina_image`, which the functions of Lamina.h use.
static void exportImage(Module &module, const ImageParts &parts) {
  Constant *value = ConstantStruct::getAnon(
      {parts.tape, parts.tapeSize, parts.constants, parts.constantsSize,
       parts.kernels, parts.kernelCount});
  new GlobalVariable(module, value->getType(), true,
                     GlobalValue::ExternalLinkage, value, "lamina_image");
}

/// int main(argc, argv), or int lamina_program(argc, argv) in a library:
/// returns lamina_main(argc, argv, tape, …).
static void buildEntry(Module &module, const Image &image) {
  LLVMContext &context = module.getContext();
  IRBuilder<> builder(context);
  Type *pointer = builder.getPtrTy(), *size = builder.getInt64Ty();
  ImageParts parts = embedImage(module, image);
  if (image.library)
    exportImage(module, parts);

  auto *type = FunctionType::get(builder.getInt32Ty(),
                                 {builder.getInt32Ty(), pointer}, false);
  auto *entry =
      Function::Create(type, GlobalValue::ExternalLinkage,
                       image.library ? "lamina_program" : "main", module);
  builder.SetInsertPoint(BasicBlock::Create(context, "", entry));
  auto runtimeMain = module.getOrInsertFunction(
      "lamina_main", FunctionType::get(builder.getInt32Ty(),
                                       {builder.getInt32Ty(), pointer, pointer,
                                        size, pointer, size, pointer, size},
                                       false));
  builder.CreateRet(builder.CreateCall(
      runtimeMain, {entry->getArg(0), entry->getArg(1), parts.tape,
                    parts.tapeSize, parts.constants, parts.constantsSize,
                    parts.kernels, parts.kernelCount}));
}

Expected<SmallVector<char, 0>> buildImage(const Image &image,
                                          const TargetModel &target) {
  InitializeAllTargetInfos();
  InitializeAllTargets();
  InitializeAllTargetMCs();
  InitializeAllAsmPrinters();
  Triple triple(target.triple);
  std::string error;
  const Target *found = TargetRegistry::lookupTarget(triple, error);
  if (!found)
    return createStringError("no code generator for '" + target.triple +
                             "': " + error);
  std::unique_ptr<TargetMachine> machine(found->createTargetMachine(
      triple, target.cpu, target.features, TargetOptions(), Reloc::PIC_));

  LLVMContext context;
  Module module("image", context);
  module.setTargetTriple(triple);
  module.setDataLayout(machine->createDataLayout());
  buildEntry(module, image);

  SmallVector<char, 0> object;
  raw_svector_ostream out(object);
  legacy::PassManager passes;
  if (machine->addPassesToEmitFile(passes, out, nullptr,
                                   CodeGenFileType::ObjectFile))
    return createStringError("no object files for '" + target.triple + "'");
  passes.run(module);
  return object;
}

} // namespace lamina::driver
