// SPDX-License-Identifier: Apache-2.0
//
// Objects to a program.

#ifndef LAMINA_TOOLS_DRIVER_LINK_H
#define LAMINA_TOOLS_DRIVER_LINK_H

#include "llvm/ADT/ArrayRef.h"
#include "llvm/ADT/SmallVector.h"
#include "llvm/Support/Error.h"

#include <string>

namespace lamina::driver {

enum class LinkKind { Program, SharedLibrary, Object };

/// Links the objects, for the machine of `triple`, with that machine's runtime
/// to `output`. The result appears whole or not at all.
llvm::Error link(llvm::ArrayRef<llvm::ArrayRef<char>> objects,
                 const std::string &output, LinkKind kind,
                 const std::string &triple);

} // namespace lamina::driver

#endif // LAMINA_TOOLS_DRIVER_LINK_H
