// SPDX-License-Identifier: Apache-2.0
//
// From Core to MODEL IR.
//
// In: a `core::Program` that Sema has settled and verified. Out: one module of
// MODEL and PROGRAM ops. IRGen is a walk; whatever a user can do wrong has been
// said before it, so it has no way to fail.

#ifndef LAMINA_FRONTEND_IRGEN_IRGEN_H
#define LAMINA_FRONTEND_IRGEN_IRGEN_H

#include "mlir/IR/BuiltinOps.h"
#include "mlir/IR/OwningOpRef.h"

namespace lamina {
class SourceManager;

namespace core {
struct Program;
} // namespace core

namespace irgen {

/// The type that real numbers get. Float64 is for tests.
enum class Real { F32, F64 };

struct Options {
  Real real = Real::F32;
};

/// Returns the module of `program`. `sources` is read for lines and columns
/// only. All dialects that the module needs are loaded into `context`.
mlir::OwningOpRef<mlir::ModuleOp> emitModule(const core::Program &program,
                                             const SourceManager &sources,
                                             mlir::MLIRContext &context,
                                             Options options = {});

} // namespace irgen
} // namespace lamina

#endif // LAMINA_FRONTEND_IRGEN_IRGEN_H
