// SPDX-License-Identifier: Apache-2.0
//
// The table of primitives.

#include "frontend/Sema/Primitives.h"

namespace lamina::sema {

static PrimitiveInfo elementwise(llvm::StringRef name,
                                 core::Primitive primitive, unsigned count) {
  PrimitiveInfo info{name, PrimitiveInfo::Elementwise};
  info.primitive = primitive;
  info.count = count;
  return info;
}
static PrimitiveInfo reduction(llvm::StringRef name, core::FoldKind fold) {
  PrimitiveInfo info{name, PrimitiveInfo::Reduction};
  info.fold = fold;
  return info;
}
static PrimitiveInfo distribution(llvm::StringRef name, core::DrawKind draw) {
  PrimitiveInfo info{name, PrimitiveInfo::Distribution};
  info.draw = draw;
  return info;
}

static const PrimitiveInfo table[] = {
#define ELEMENTWISE(NAME, ID, COUNT)                                           \
  elementwise(NAME, core::Primitive::ID, COUNT),
#define REDUCTION(NAME, ID) reduction(NAME, core::FoldKind::ID),
#define FORM(NAME) PrimitiveInfo{NAME, PrimitiveInfo::Form},
#define DISTRIBUTION(NAME, ID) distribution(NAME, core::DrawKind::ID),
#include "frontend/Sema/Primitives.def"
};

const PrimitiveInfo *findPrimitive(llvm::StringRef name) {
  for (const PrimitiveInfo &info : table)
    if (info.name == name)
      return &info;
  return nullptr;
}

} // namespace lamina::sema
