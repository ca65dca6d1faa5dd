// SPDX-License-Identifier: Apache-2.0
//
// Making nodes, walking weights.

#include "frontend/Core/Program.h"

#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/ErrorHandling.h"

namespace lamina::core {

llvm::StringRef spelling(ExprKind kind) {
  switch (kind) {
#define EXPR(KIND)                                                             \
  case ExprKind::KIND:                                                         \
    return #KIND;
#include "frontend/Core/Core.def"
  }
  llvm_unreachable("every kind of expression is listed");
}

llvm::StringRef spelling(Primitive kind) {
  switch (kind) {
#define PRIMITIVE(ID, SPELLING)                                                \
  case Primitive::ID:                                                          \
    return SPELLING;
#include "frontend/Core/Core.def"
  }
  llvm_unreachable("every primitive is listed");
}

llvm::StringRef spelling(FoldKind kind) {
  switch (kind) {
#define FOLD(ID, SPELLING)                                                     \
  case FoldKind::ID:                                                           \
    return SPELLING;
#include "frontend/Core/Core.def"
  }
  llvm_unreachable("every reduction is listed");
}

llvm::StringRef spelling(StructuredKind kind) {
  switch (kind) {
#define STRUCTURED(ID, SPELLING)                                               \
  case StructuredKind::ID:                                                     \
    return SPELLING;
#include "frontend/Core/Core.def"
  }
  llvm_unreachable("every structured primitive is listed");
}

llvm::StringRef spelling(DrawKind kind) {
  switch (kind) {
#define DRAW(ID, SPELLING)                                                     \
  case DrawKind::ID:                                                           \
    return SPELLING;
#include "frontend/Core/Core.def"
  }
  llvm_unreachable("every distribution is listed");
}

Local *Program::makeLocal(Local::Role role, Symbol name, Type type,
                          Range range) {
  locals.push_back(
      {role, name, std::move(type), range, unsigned(locals.size())});
  return &locals.back();
}

IndexVar *Program::makeIndex(IndexVar::Kind kind, Symbol name, Dim low,
                             Dim extent, Range range) {
  indices.emplace_back();
  IndexVar *var = &indices.back();
  var->kind = kind;
  var->name = name;
  var->low = low;
  var->extent = extent;
  var->range = range;
  var->id = indices.size();
  Dim high = extent ? low + extent - 1 : Dim();
  var->value = dims.index(name, var, low, high, range);
  return var;
}

std::string Path::str() const { return llvm::join(parts, "."); }

static void collectLeaves(const Slot &slot, const Path &path,
                          llvm::SmallVector<int64_t, 2> copies,
                          std::vector<WeightLeaf> &out);

/// Weights of a layer, and of the layers that are its members.
static void collectMembers(const LayerInstance &layer, const Path &path,
                           llvm::ArrayRef<int64_t> copies,
                           std::vector<WeightLeaf> &out) {
  for (const Member &member : layer.members) {
    WeightLeaf leaf{path, &member, {copies.begin(), copies.end()}};
    leaf.path.parts.push_back(member.name);
    if (member.slot)
      collectLeaves(*member.slot, leaf.path, leaf.copies, out);
    else
      out.push_back(leaf);
  }
}

static void collectLeaves(const Slot &slot, const Path &path,
                          llvm::SmallVector<int64_t, 2> copies,
                          std::vector<WeightLeaf> &out) {
  auto below = [&](Symbol name, const Slot &part) {
    Path inner = path;
    inner.parts.push_back(name);
    collectLeaves(part, inner, copies, out);
  };
  switch (slot.kind) {
  case Slot::Layer:
    if (slot.instance)
      collectMembers(*slot.instance, path, copies, out);
    return;
  case Slot::Chain:
  case Slot::Group:
    for (auto &part : slot.parts)
      below(part.name, *part.slot);
    return;
  case Slot::Repeat:
    copies.push_back(slot.count);
    below("*", *slot.parts[0].slot);
    return;
  case Slot::Filtered:
    collectLeaves(*slot.parts[0].slot, path, copies, out);
    for (auto &filter : slot.filters) {
      Path inner = path;
      inner.parts.append(filter.leaf.parts.begin(), filter.leaf.parts.end());
      inner.parts.push_back(filter.slot->name);
      collectLeaves(*filter.slot, inner, copies, out);
    }
    return;
  }
}

std::vector<WeightLeaf> leaves(const Slot &slot) {
  std::vector<WeightLeaf> result;
  collectLeaves(slot, {}, {}, result);
  return result;
}

} // namespace lamina::core
