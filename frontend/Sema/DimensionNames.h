// SPDX-License-Identifier: Apache-2.0
//
// New dimensions that look like mistakes.

#ifndef LAMINA_FRONTEND_SEMA_DIMENSIONNAMES_H
#define LAMINA_FRONTEND_SEMA_DIMENSIONNAMES_H

#include "frontend/Sema/Session.h"

namespace lamina::sema {

/// dim.w1 and dim.w2 for every signature of a file.
void checkDimensionNames(Session &session, FileScope &file);

} // namespace lamina::sema

#endif // LAMINA_FRONTEND_SEMA_DIMENSIONNAMES_H
