// SPDX-License-Identifier: Apache-2.0
//
// Names in bodies that no entry reaches.

#ifndef LAMINA_FRONTEND_SEMA_BODYNAMES_H
#define LAMINA_FRONTEND_SEMA_BODYNAMES_H

#include "frontend/Sema/Evaluator.h"

namespace lamina::sema {

/// name.c1 for every name in a layer, function, optimizer or test of `file`
/// that nothing in the declaration, the file, its imports or the library
/// declares.
void checkBodyNames(Evaluator &evaluator, FileScope &file);

} // namespace lamina::sema

#endif // LAMINA_FRONTEND_SEMA_BODYNAMES_H
