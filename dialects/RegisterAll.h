// SPDX-License-Identifier: Apache-2.0
//
// All dialects of Lamina.

#ifndef LAMINA_DIALECTS_REGISTERALL_H
#define LAMINA_DIALECTS_REGISTERALL_H

namespace mlir {
class DialectRegistry;
} // namespace mlir

namespace lamina {

/// Registers our dialects, those of MLIR that stand beside them at any level,
/// and what they need to be inlined.
void registerAllDialects(mlir::DialectRegistry &registry);

} // namespace lamina

#endif // LAMINA_DIALECTS_REGISTERALL_H
