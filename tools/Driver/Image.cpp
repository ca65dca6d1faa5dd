// SPDX-License-Identifier: Apache-2.0
//
// The object that ties a program together.
//
// Image -> object. The same structures as runtime/ABI/Kernel.h, laid out with
// LLVM's own constants, so that no compiler of C is needed to build a program.

#include "tools/Driver/Image.h"

#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/SmallVectorExtras.h"
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

static Constant *embedArray(Module &module, StringRef name, Type *element,
                            ArrayRef<Constant *> rows) {
  auto *type = ArrayType::get(element, rows.size());
  return new GlobalVariable(module, type, true, GlobalValue::PrivateLinkage,
                            ConstantArray::get(type, rows), name);
}

/// `static const LaminaKernel kernels[]`: for each name what a target has.
static Constant *embedTable(Module &module, ArrayRef<Constant *> names,
                            ArrayRef<std::string> symbols) {
  LLVMContext &context = module.getContext();
  Type *pointer = PointerType::get(context, 0);
  auto *row = StructType::get(context, {pointer, pointer, pointer, pointer});
  auto *anyFunction = FunctionType::get(Type::getVoidTy(context), false);
  auto function = [&](const std::string &name) {
    return cast<Constant>(
        module.getOrInsertFunction(name, anyFunction).getCallee());
  };
  SmallVector<Constant *> rows;
  Constant *none = ConstantPointerNull::get(cast<PointerType>(pointer));
  for (auto [name, symbol] : zip_equal(names, symbols)) {
    if (symbol.empty())
      rows.push_back(ConstantStruct::get(row, {name, none, none, none}));
    else
      rows.push_back(ConstantStruct::get(
          row, {name, function(symbol + "_items"),
                function(symbol + "_scratch"), function(symbol)}));
  }
  return embedArray(module, "kernels", row, rows);
}

/// `static const LaminaVariant variants[]`.
static Constant *embedVariants(Module &module, const Image &image) {
  LLVMContext &context = module.getContext();
  Type *pointer = PointerType::get(context, 0);
  auto *row = StructType::get(context, {pointer, pointer});
  auto text = [&](StringRef it) { return embedBytes(module, "name", it); };
  SmallVector<Constant *> names = map_to_vector(image.kernels.names, text);
  SmallVector<Constant *> rows;
  for (auto [level, symbols] : zip_equal(image.levels, image.kernels.symbols))
    rows.push_back(ConstantStruct::get(
        row, {text(level), embedTable(module, names, symbols)}));
  return embedArray(module, "variants", row, rows);
}

/// `static const LaminaDeviceKernel kernels[]`.
static Constant *embedDeviceTable(Module &module,
                                  const DeviceKernels &kernels) {
  LLVMContext &context = module.getContext();
  Type *pointer = PointerType::get(context, 0);
  auto *row =
      StructType::get(context, {pointer, pointer, pointer, pointer, pointer});
  auto *none = ConstantPointerNull::get(PointerType::get(context, 0));
  auto *function = FunctionType::get(Type::getVoidTy(context), false);
  auto declare = [&](const Twine &name) {
    return cast<Constant>(
        module.getOrInsertFunction(name.str(), function).getCallee());
  };
  SmallVector<Constant *> rows;
  for (const std::string &name : kernels.names) {
    if (name.empty()) {
      rows.push_back(Constant::getNullValue(row));
      continue;
    }
    if (StringRef(kernels.chip).starts_with("opencl")) {
      rows.push_back(
          ConstantStruct::get(row, {embedBytes(module, "name", name), none,
                                    none, none, declare(name + "_command")}));
      continue;
    }
    Constant *launch =
        module.getOrInsertGlobal(name + "_launch", Type::getInt64Ty(context));
    rows.push_back(ConstantStruct::get(
        row, {embedBytes(module, "name", name), declare(name + "_items"),
              declare(name + "_scratch"), launch, none}));
  }
  return embedArray(module, "device_kernels", row, rows);
}

/// `static const LaminaDeviceCode codes[]`.
static Constant *embedDeviceCode(Module &module,
                                 const std::vector<PackedCode> &codes) {
  LLVMContext &context = module.getContext();
  Type *pointer = PointerType::get(context, 0);
  IntegerType *i32 = Type::getInt32Ty(context),
              *i64 = Type::getInt64Ty(context);
  auto *row = StructType::get(context, {pointer, i32, pointer, i64, i64});
  SmallVector<Constant *> rows;
  for (const PackedCode &code : codes)
    rows.push_back(
        ConstantStruct::get(row, {embedBytes(module, "chip", code.chip),
                                  ConstantInt::get(i32, code.isBinary),
                                  embedBytes(module, "code", code.packed),
                                  ConstantInt::get(i64, code.packed.size()),
                                  ConstantInt::get(i64, code.size)}));
  return embedArray(module, "device_codes", row, rows);
}

/// `static const LaminaDeviceVariant variants[]`.
static Constant *embedDeviceVariants(Module &module, const Image &image) {
  LLVMContext &context = module.getContext();
  Type *pointer = PointerType::get(context, 0);
  IntegerType *i64 = Type::getInt64Ty(context);
  auto *row = StructType::get(context, {pointer, pointer, pointer, i64});
  SmallVector<Constant *> rows;
  for (const DeviceKernels &kernels : image.kernels.device)
    rows.push_back(ConstantStruct::get(
        row, {embedBytes(module, "chip", kernels.chip),
              embedDeviceTable(module, kernels),
              embedDeviceCode(module, kernels.codes),
              ConstantInt::get(i64, kernels.codes.size())}));
  return embedArray(module, "device_variants", row, rows);
}

/// `const LaminaImage lamina_image`; only a library exports it.
static Constant *embedImage(Module &module, const Image &image) {
  IntegerType *size = Type::getInt64Ty(module.getContext());
  Constant *value = ConstantStruct::getAnon(
      {embedBytes(module, "tape", image.tape),
       ConstantInt::get(size, image.tape.size()),
       embedBytes(module, "constants", image.constants),
       ConstantInt::get(size, image.constants.size()),
       ConstantInt::get(size, image.kernels.names.size()),
       embedVariants(module, image),
       ConstantInt::get(size, image.levels.size()),
       embedDeviceVariants(module, image),
       ConstantInt::get(size, image.kernels.device.size())});
  return new GlobalVariable(module, value->getType(), true,
                            image.library ? GlobalValue::ExternalLinkage
                                          : GlobalValue::PrivateLinkage,
                            value, "lamina_image");
}

/// int main(argc, argv), or int lamina_program(argc, argv) in a library:
/// returns lamina_main(argc, argv, &lamina_image).
static void buildEntry(Module &module, const Image &image) {
  IRBuilder<> builder(module.getContext());
  Type *pointer = builder.getPtrTy(), *i32 = builder.getInt32Ty();
  auto *entry =
      Function::Create(FunctionType::get(i32, {i32, pointer}, false),
                       GlobalValue::ExternalLinkage,
                       image.library ? "lamina_program" : "main", module);
  builder.SetInsertPoint(BasicBlock::Create(module.getContext(), "", entry));
  auto runtimeMain = module.getOrInsertFunction(
      "lamina_main", FunctionType::get(i32, {i32, pointer, pointer}, false));
  builder.CreateRet(
      builder.CreateCall(runtimeMain, {entry->getArg(0), entry->getArg(1),
                                       embedImage(module, image)}));
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
