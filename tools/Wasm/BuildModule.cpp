// SPDX-License-Identifier: Apache-2.0
//
// The object that makes kernels a module.
//
// Tape -> program -> a function for each entry, and tables -> object.

#include "tools/Wasm/BuildModule.h"

#include "backends/CPU/CompileKernel.h"
#include "backends/CPU/Target.h"
#include "tools/Wasm/DescribeModule.h"
#include "tools/Wasm/EntryCode.h"
#include "tools/Wasm/ModuleTables.h"

#include "llvm/IR/Verifier.h"
#include "llvm/Support/raw_ostream.h"
#include "llvm/Target/TargetMachine.h"

using namespace llvm;

namespace lamina::wasm {

Expected<SmallVector<char, 0>> buildModule(const std::string &tape,
                                           const std::string &constants,
                                           ArrayRef<std::string> kernels,
                                           const TargetModel &target) {
  ModuleProgram program;
  std::string why;
  if (!readProgram(tape, program, why))
    return createStringError("--target: " + why);
  LLVMContext context;
  Module module("module", context);
  TargetMachine *machine = cpu::findMachine(target);
  module.setTargetTriple(machine->getTargetTriple());
  module.setDataLayout(machine->createDataLayout());
  ModuleTables tables(module, program);
  ModuleParts parts{module, program, kernels,
                    tables.embed("constants", constants)};
  SmallVector<EntryFunctions> functions;
  for (size_t i = 0; i < program.program.entries.size(); ++i)
    functions.push_back(
        {EntryCode(parts, i).emitRun(), EntryCode(parts, i).emitMeasure()});
  tables.write(functions, describeModule(program));
  for (Function &function : module)
    if (!function.isDeclaration())
      function.addFnAttr("target-features", target.features);
  assert(!verifyModule(module, &errs()) && "module is broken");
  cpu::optimizeModule(module, target);
  return cpu::writeObject(module, target);
}

} // namespace lamina::wasm
