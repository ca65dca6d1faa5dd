// SPDX-License-Identifier: Apache-2.0
//
// Entries, and what else they are for a kind of device.
//
// An entry may have a form of its own for a device, where other ops are fast:
// a function beside it with `program.form_of = @entry` and `program.device`,
// the same arguments and the same results.

#ifndef LAMINA_DIALECTS_PROGRAM_ENTRYFORMS_H
#define LAMINA_DIALECTS_PROGRAM_ENTRYFORMS_H

#include "mlir/Interfaces/FunctionInterfaces.h"

#include <optional>

namespace lamina::program {

/// The entry that `function` is a form of, or `function` itself.
llvm::StringRef getEntryName(mlir::FunctionOpInterface function);

/// The device that `function` is a form for, if it is one.
std::optional<llvm::StringRef> getDevice(mlir::FunctionOpInterface function);

/// Makes `function` the form of `entry` for `device`.
void setForm(mlir::FunctionOpInterface function,
             mlir::FunctionOpInterface entry, llvm::StringRef device);

/// Whether an entry runs on the processor, whatever device there is: first
/// values and records of data are computed once, from what the host has.
bool isOfHost(mlir::FunctionOpInterface entry);

} // namespace lamina::program

#endif // LAMINA_DIALECTS_PROGRAM_ENTRYFORMS_H
