// SPDX-License-Identifier: Apache-2.0
//
// Which backend compiles which kernel.

#ifndef LAMINA_TOOLS_DRIVER_CHOOSEBACKENDS_H
#define LAMINA_TOOLS_DRIVER_CHOOSEBACKENDS_H

#include "backends/Backend.h"
#include "tools/Driver/Options.h"

#include "llvm/ADT/StringSet.h"
#include "llvm/Support/Error.h"

#include <memory>
#include <vector>

namespace lamina::driver {

/// A processor that a program carries code for.
struct CodeTarget {
  TargetModel host;
  std::vector<std::unique_ptr<Backend>> backends; ///< in order of preference
};

/// Loads the plugins and makes the backends that `options` names, for each
/// processor of the program, from the plainest. The error is a sentence that
/// begins with the flag.
llvm::Expected<std::vector<CodeTarget>> chooseBackends(const Options &options);

/// The devices beside the processor that `options` names, for a program whose
/// host is `host`; each has one backend. The error is a sentence that begins
/// with the flag.
llvm::Expected<std::vector<CodeTarget>> chooseDevices(const Options &options,
                                                      const TargetModel &host);

/// Where a kernel goes.
struct Placement {
  kernel::FuncOp kernel;
  const Backend *backend = nullptr; ///< null if every one declined
  std::vector<std::string> reasons; ///< of those that were asked before

  /// Whether somebody was asked: the kernel is launched there.
  bool isWanted() const { return backend || !reasons.empty(); }
};

/// The kernels that a device, or "cpu", launches: each plays its own form of an
/// entry. One that no entry launches is everybody's.
llvm::StringSet<> kernelsOn(llvm::StringRef device, mlir::ModuleOp module);

/// Asks the backends of `target` in order for each kernel of `module` that is
/// among those `wanted`.
std::vector<Placement> placeKernels(mlir::ModuleOp module,
                                    const CodeTarget &target,
                                    const llvm::StringSet<> &wanted);

/// A remark at the lines of each kernel that did not go to the first backend.
/// Fails, after errors, if a kernel goes nowhere.
mlir::LogicalResult reportPlacements(const std::vector<Placement> &placements);

} // namespace lamina::driver

#endif // LAMINA_TOOLS_DRIVER_CHOOSEBACKENDS_H
