// SPDX-License-Identifier: Apache-2.0
//
// Making, comparing and spelling types.

#include "frontend/Core/Type.h"

#include "frontend/Core/Instance.h"

#include "llvm/ADT/STLExtras.h"

namespace lamina::core {

const Atom *Axis::raggedOver() const {
  const Atom *atom = size().atom();
  return atom && atom->kind == Atom::Size ? atom->raggedOver : nullptr;
}

Type Type::tensor(Elem elem, llvm::ArrayRef<Axis> axes) {
  Type type;
  type.kind = Tensor;
  type.elem = elem;
  type.axes.assign(axes.begin(), axes.end());
  return type;
}
Type Type::whole(Dim low, Dim high, llvm::ArrayRef<Axis> axes) {
  return tensor({Elem::Whole, low, high}, axes);
}
Type Type::truth(llvm::ArrayRef<Axis> axes) {
  return tensor({Elem::Truth, {}, {}}, axes);
}
Type Type::tree(Slot *slot) {
  Type type;
  type.kind = Tree;
  type.slot = slot;
  return type;
}
Type Type::tuple(llvm::ArrayRef<Type> parts, llvm::ArrayRef<Symbol> names) {
  Type type;
  type.kind = Tuple;
  type.parts.assign(parts.begin(), parts.end());
  type.names.assign(names.begin(), names.end());
  return type;
}
Type Type::none() {
  Type type;
  type.kind = None;
  return type;
}

static std::string spellElem(const Elem &elem, bool sizes) {
  if (elem.isReal())
    return "";
  if (elem.isTruth())
    return "bool";
  if (elem.low && elem.high && elem.low.isConstant(0)) {
    Dim bound = elem.high + 1;
    return "id(" + (sizes ? bound.size() : bound).str() + ")";
  }
  return "int";
}

std::string Type::str(bool sizes) const {
  switch (kind) {
  case Error:
    return "?";
  case None:
    return "none";
  case Run:
    return "a run";
  case Tree:
    return "weights";
  case Tuple: {
    std::string text = "(";
    for (auto [i, part] : llvm::enumerate(parts)) {
      text += i ? ", " : "";
      if (!names.empty() && !names[i].empty())
        text += names[i].str() + ": ";
      text += part.str(sizes);
    }
    return text + ")";
  }
  case Tensor:
    break;
  }
  std::string text = spellElem(elem, sizes);
  if (axes.empty())
    return text.empty() ? "real" : text;
  text += "[";
  for (auto [i, axis] : llvm::enumerate(axes)) {
    text += i ? ", " : "";
    text += (sizes ? axis.size() : axis.dim).str();
  }
  return text + "]";
}

bool sameSizes(const Type &a, const Type &b) {
  if (a.kind != b.kind)
    return false;
  if (a.kind == Type::Tuple)
    return llvm::equal(a.parts, b.parts, sameSizes);
  if (a.kind == Type::Tree)
    return a.slot == b.slot ||
           (a.slot && b.slot && a.slot->instance == b.slot->instance);
  if (a.kind != Type::Tensor)
    return true;
  return a.elem.kind == b.elem.kind &&
         llvm::equal(a.axes, b.axes, [](const Axis &p, const Axis &q) {
           return p.size() == q.size();
         });
}

} // namespace lamina::core
