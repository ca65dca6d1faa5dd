// SPDX-License-Identifier: Apache-2.0
//
// What a code generator is.
//
// A backend compiles one kernel at a time. It sees a module with one
// `kernel.func` and nothing else of the program.

#ifndef LAMINA_BACKENDS_BACKEND_H
#define LAMINA_BACKENDS_BACKEND_H

#include "mlir/IR/BuiltinOps.h"
#include "llvm/ADT/SmallVector.h"
#include "llvm/ADT/StringRef.h"

#include <cstdint>
#include <string>

namespace lamina {

/// What the passes and emitters know of a processor. Everything that is tuned
/// is tuned by these numbers, never by the name of a model.
struct TargetModel {
  std::string triple;   ///< LLVM's target triple
  std::string cpu;      ///< LLVM's processor name, for scheduling only
  std::string features; ///< LLVM's feature string, "+avx512f,+fma"
  int64_t vectorBits = 128;
  bool hasFMA = false;
  int64_t l1Bytes = 32 << 10;
  int64_t l2Bytes = 1 << 20;
  int64_t cores = 1;
  double flopsPerByte = 8; ///< peak arithmetic over copy bandwidth beyond L2
};

/// An object file (ELF) that exports `<name>`, `<name>_items` and
/// `<name>_scratch` (runtime/ABI/Kernel.h).
struct CompiledKernel {
  std::string name;
  llvm::SmallVector<char, 0> object;
};

class Backend {
public:
  virtual ~Backend() = default;

  virtual llvm::StringRef name() const = 0;
  virtual const TargetModel &target() const = 0;

  /// Changes whenever equal kernels may give other code: version, options.
  /// Part of the key of the cache on disk.
  virtual std::string fingerprint() const = 0;

  /// Whether `compile` takes this module's kernel. Has no side effects and no
  /// diagnostics; `why` gets a sentence for the remark of the fall-back.
  virtual bool canCompile(mlir::ModuleOp kernel, std::string &why) const = 0;

  /// Compiles the one `kernel.func` of `kernel`, which may be changed. Safe to
  /// call on several threads with modules of different contexts.
  virtual mlir::FailureOr<CompiledKernel>
  compile(mlir::ModuleOp kernel) const = 0;
};

} // namespace lamina

#endif // LAMINA_BACKENDS_BACKEND_H
