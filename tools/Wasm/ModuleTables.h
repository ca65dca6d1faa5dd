// SPDX-License-Identifier: Apache-2.0
//
// The tables of a module.
//
// The structures of runtime/ABI/Module.h as constants of LLVM, with the places
// of variables in the block that the module asks for when it starts.

#ifndef LAMINA_TOOLS_WASM_MODULETABLES_H
#define LAMINA_TOOLS_WASM_MODULETABLES_H

#include "tools/Wasm/ReadProgram.h"

#include "llvm/IR/Module.h"

namespace lamina::wasm {

/// The functions of an entry.
struct EntryFunctions {
  llvm::Constant *run, *measure;
};

class ModuleTables {
public:
  ModuleTables(llvm::Module &module, const ModuleProgram &program);

  /// Bytes that nobody changes, at a multiple of 64.
  llvm::Constant *embed(llvm::StringRef name, llvm::StringRef bytes);

  /// Defines `lamina_module`; `functions` are those of all entries.
  void write(llvm::ArrayRef<EntryFunctions> functions,
             llvm::StringRef description);

private:
  using Rows = llvm::SmallVector<llvm::Constant *>;

  llvm::Constant *text(llvm::StringRef it);
  llvm::Constant *number32(int64_t it);
  llvm::Constant *number64(int64_t it);
  llvm::Constant *real(double it);
  llvm::Constant *list(llvm::ArrayRef<llvm::Constant *> rows);
  llvm::Constant *numbers(llvm::ArrayRef<int64_t> values);
  llvm::Constant *row(llvm::ArrayRef<llvm::Constant *> members);
  llvm::Constant *room(const llvm::Twine &name, int64_t bytes);

  llvm::Constant *entryRow(size_t entry, const EntryFunctions &functions);
  llvm::Constant *parameterRow(const PublicEntry &entry,
                               const runtime::ParameterPlan *plan,
                               std::optional<size_t> argument);
  Rows parameterRows(const PublicEntry &entry);
  llvm::Constant *argumentRow(const runtime::Argument &argument);
  llvm::Constant *resultRow(const runtime::Entry &entry, size_t number);
  Rows weightRows();
  Rows valueRows();

  llvm::Module &module;
  const ModuleProgram &program;
  llvm::Constant *null;
  std::vector<int64_t> places; ///< of variables in their block
  int64_t variableBytes = 0;
};

} // namespace lamina::wasm

#endif // LAMINA_TOOLS_WASM_MODULETABLES_H
