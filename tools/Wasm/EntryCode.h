// SPDX-License-Identifier: Apache-2.0
//
// An entry as a function.
//
// The records of an entry in; a function that does what the runtime's player
// would do with them out: addresses from sizes, kernels called one after the
// other, loops and choices as they are.

#ifndef LAMINA_TOOLS_WASM_ENTRYCODE_H
#define LAMINA_TOOLS_WASM_ENTRYCODE_H

#include "tools/Wasm/HostCode.h"

namespace lamina::wasm {

/// What entries share.
struct ModuleParts {
  llvm::Module &module;
  const ModuleProgram &program;
  llvm::ArrayRef<std::string> kernels; ///< symbols, by the tape's number
  llvm::Constant *constants;
};

class EntryCode {
public:
  EntryCode(ModuleParts &parts, size_t entry);

  /// `int32_t run(sizes, arguments, results)` of runtime/ABI/Module.h.
  llvm::Function *emitRun();
  /// `void measure(sizes, axes)`.
  llvm::Function *emitMeasure();

private:
  using Expression = runtime::Expression;
  using Record = runtime::Record<Expression>;
  using Address = runtime::Address<Expression>;

  llvm::Function *begin(const llvm::Twine &name, llvm::Type *result,
                        unsigned arguments);
  void makeArena();
  void readArguments();
  void emitAll(const std::vector<Record> &records);
  void emit(const Record &record);
  void emitLaunch(const Record &record);
  void emitPart(uint32_t kernel, const runtime::LaunchPart<Expression> &part);
  llvm::Value *emitScalars(uint32_t kernel,
                           const runtime::LaunchPart<Expression> &part);
  llvm::Function *launcherOf(uint32_t kernel);
  void emitLoop(const Record &loop);
  void emitIf(const Record &record);
  void emitMoves(const std::vector<Record> &moves);
  void emitResults();
  void copy(llvm::Value *to, llvm::Value *from, llvm::Value *bytes);

  llvm::Value *at(const Address &address);
  /// Whether an `if` or a `check` holds, an i1.
  llvm::Value *holds(const Record &record);
  llvm::Value *isSet(const Address &word);
  llvm::Value *loadPointer(llvm::Value *list, uint32_t index);
  /// Room on the stack that is made once.
  llvm::Value *room(llvm::Type *element, size_t count);
  llvm::BasicBlock *newBlock(const char *name);
  /// Leaves the function with 1 if an i32 is not 0.
  void failIf(llvm::Value *status);

  ModuleParts &parts;
  const runtime::TapeEntry &tape;
  const runtime::Entry &entry;
  llvm::IRBuilder<> b;
  llvm::Function *function = nullptr;
  std::optional<HostCode> host;
  llvm::Value *arena = nullptr, *offsets = nullptr;
};

} // namespace lamina::wasm

#endif // LAMINA_TOOLS_WASM_ENTRYCODE_H
