// SPDX-License-Identifier: Apache-2.0
//
// Host values and sizes as code.
//
// What docs/tape.md calls S and E, with the meaning of runtime/Executor: reals
// are doubles, whole numbers wrap, a key is two words.

#ifndef LAMINA_TOOLS_WASM_HOSTCODE_H
#define LAMINA_TOOLS_WASM_HOSTCODE_H

#include "tools/Wasm/ReadProgram.h"

#include "llvm/IR/IRBuilder.h"
#include "llvm/IR/Module.h"

namespace lamina::wasm {

/// A host value while it is computed.
struct HostNumber {
  runtime::RegisterKind kind = runtime::RegisterKind::Whole;
  llvm::Value *value = nullptr; ///< a double or an i64; of a key its first half
  llvm::Value *upper = nullptr; ///< of a key
};

class HostCode {
public:
  using Expression = runtime::Expression;
  using Operand = runtime::Operand<Expression>;

  /// `sizes` is the address of the named sizes.
  HostCode(llvm::IRBuilder<> &b, llvm::Module &module, llvm::Value *sizes)
      : b(b), module(module), sizes(sizes) {}

  /// A size as it is computed within what fits memory.
  llvm::Value *size(const Expression &e) { return size(e, false); }
  /// One that is asked of memory, and may be too large for an i64.
  llvm::Value *bytes(const Expression &e) { return size(e, true); }

  /// Memory for the registers and the rounds of loops of an entry.
  void makeRegisters(const runtime::TapeEntry &entry);

  HostNumber read(const Operand &operand);
  llvm::Value *readWhole(const Operand &operand) {
    return asWhole(read(operand));
  }
  void write(uint32_t number, const HostNumber &value);
  llvm::Value *round(uint32_t loop) { return rounds[loop]; }

  /// Computes a host record. `failIf` leaves the entry if an i32 is not 0.
  void compute(const runtime::Record<Expression> &record,
               llvm::function_ref<void(llvm::Value *)> failIf);

  llvm::Value *asWhole(const HostNumber &number);
  llvm::Value *asReal(const HostNumber &number);

  /// A register from an argument in memory, and a value to memory.
  void loadRegister(uint32_t number, runtime::Element element,
                    llvm::Value *from);
  void store(runtime::Element element, llvm::Value *to,
             const HostNumber &number);

  /// A function of runtime/ABI/Module.h, or of libm.
  llvm::Value *call(llvm::StringRef name, llvm::Type *result,
                    llvm::ArrayRef<llvm::Value *> arguments);

private:
  llvm::Value *size(const Expression &e, bool isForMemory);
  HostNumber real(llvm::Value *value) {
    return {runtime::RegisterKind::Real, value, nullptr};
  }
  HostNumber whole(llvm::Value *value) {
    return {runtime::RegisterKind::Whole, value, nullptr};
  }
  llvm::Value *realOp(runtime::HostOp op, llvm::Value *x, llvm::Value *y);
  llvm::Value *wholeOp(runtime::HostOp op, llvm::Value *x, llvm::Value *y);
  llvm::Value *divide(runtime::HostOp op, llvm::Value *x, llvm::Value *y);
  llvm::Value *compare(runtime::HostOp op, const HostNumber &x,
                       const HostNumber &y);
  HostNumber deriveKey(const HostNumber &key, llvm::Value *n);
  HostNumber select(llvm::Value *condition, const HostNumber &x,
                    const HostNumber &y, runtime::RegisterKind kind);

  llvm::IRBuilder<> &b;
  llvm::Module &module;
  llvm::Value *sizes;
  std::vector<runtime::RegisterKind> kinds;
  std::vector<llvm::Value *> registers, rounds;
};

} // namespace lamina::wasm

#endif // LAMINA_TOOLS_WASM_HOSTCODE_H
