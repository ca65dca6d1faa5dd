// SPDX-License-Identifier: Apache-2.0
//
// What a code generator is.
//
// A backend compiles one kernel at a time. It sees a module with one
// `kernel.func` and nothing else of the program. docs/backends.md shows how one
// is written; everything here is open to backends in plugins.

#ifndef LAMINA_BACKENDS_BACKEND_H
#define LAMINA_BACKENDS_BACKEND_H

#include "backends/TargetModel.h"
#include "dialects/Kernel/KernelOps.h"

#include "llvm/ADT/SmallVector.h"
#include "llvm/ADT/StringRef.h"
#include "llvm/ADT/Twine.h"
#include "llvm/Support/Error.h"
#include "llvm/Support/raw_ostream.h"

#include <string>
#include <vector>

namespace lamina {

/// Yes, or no for a reason: a clause that follows "kernel 'x' goes to cpu: "
/// and names the backend, "halide has no scatter".
class Verdict {
public:
  static Verdict yes() { return Verdict(); }
  static Verdict no(const llvm::Twine &why) {
    Verdict verdict;
    verdict.why = why.str();
    return verdict;
  }
  explicit operator bool() const { return why.empty(); }
  const std::string &reason() const { return why; }

private:
  std::string why;
};

/// Code of a kernel for a device.
struct DeviceCode {
  std::string name; ///< of the kernel in the code
  std::string chip; ///< as runtime/ABI/Kernel.h names it: "sm_80"
  std::string text; ///< PTX of one module
};

/// An object file (ELF; for wasm32 a relocatable module) that exports `<name>`,
/// `<name>_items` and `<name>_scratch` (runtime/ABI/Kernel.h). A kernel for a
/// device has its code in `device`, the plainest first; of each, N, the object
/// exports `N_items`, `N_scratch`, both for blocks, and `N_launch`, a
/// `LaminaLaunch`.
struct CompiledKernel {
  std::string name;
  llvm::SmallVector<char, 0> object;
  std::vector<DeviceCode> device = {};
};

class Backend {
public:
  virtual ~Backend() = default;

  /// As `--backend` has it: lower case, a word.
  virtual llvm::StringRef name() const = 0;

  /// The processor that the kernels run on.
  virtual const TargetModel &target() const = 0;

  /// Changes whenever equal kernels may give other code: version, options,
  /// processor. Part of the key of the cache on disk.
  virtual std::string fingerprint() const = 0;

  /// Whether `compile` takes this kernel. Looks only at the kernel, changes
  /// nothing and says nothing; a yes is a promise.
  virtual Verdict canCompile(kernel::FuncOp kernel) const = 0;

  /// Compiles `kernel`, which stands alone in a module and may be changed.
  /// Fails after a diagnostic. Called on several threads at once, with modules
  /// of different contexts.
  virtual mlir::FailureOr<CompiledKernel>
  compile(kernel::FuncOp kernel) const = 0;

  /// Whether kernels have schedules that `findSchedule` looks for.
  virtual bool findsSchedules() const { return false; }

  /// Looks for a schedule of `kernel` at run-time sizes `dims`: the text that
  /// its attribute `kernel.schedule` takes, with equal numbers. `how` is "fast"
  /// or "search". The error is a clause that says why there is none.
  virtual llvm::Expected<std::string>
  findSchedule(kernel::FuncOp kernel, llvm::StringRef how,
               llvm::ArrayRef<int64_t> dims) const {
    return llvm::createStringError(name() + " has no schedules");
  }

  /// The widest head, in numbers of f32, for which there are kernels of
  /// attention; 0 if there are none, and attention comes as products.
  virtual int64_t widestAttention() const { return 0; }

  /// Whether the code speaks of ops by their number (`kernel::getOpLines`), so
  /// that the program must know their lines.
  virtual bool speaksOfOps() const { return false; }

  /// Whether `print` has the form that `--emit` names: "llvm", "asm".
  virtual bool hasForm(llvm::StringRef form) const { return false; }

  /// Prints the code of `kernel`, which may be changed, in a form that it has.
  virtual mlir::LogicalResult print(kernel::FuncOp kernel, llvm::StringRef form,
                                    llvm::raw_ostream &out) const {
    return mlir::failure();
  }
};

} // namespace lamina

#endif // LAMINA_BACKENDS_BACKEND_H
