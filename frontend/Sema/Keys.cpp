// SPDX-License-Identifier: Apache-2.0
//
// Values as keys of instances.
//
// Settings compare by value (numbers through sizes), functions by declaration,
// home and what they were given. What a function captured from a body is told
// apart by the captured value itself.

#include "frontend/Sema/Evaluator.h"

#include "llvm/ADT/StringExtras.h"

namespace lamina::sema {

static std::string keyOfPointer(const void *pointer) {
  return llvm::utohexstr(uintptr_t(pointer));
}

static std::string keyOfDim(Dim dim) {
  return dim ? keyOfPointer(dim.size().key()) : "-";
}

std::string Evaluator::keyOf(const core::Type &type) {
  std::string key = std::to_string(type.kind) + std::to_string(type.elem.kind);
  if (type.elem.isWhole())
    key += "<" + keyOfDim(type.elem.low) + "," + keyOfDim(type.elem.high) + ">";
  for (auto &axis : type.axes)
    key += "[" + keyOfDim(axis.dim) + "]";
  for (auto &part : type.parts)
    key += "(" + keyOf(part) + ")";
  if (type.slot)
    key += keyOfPointer(type.slot);
  if (type.run)
    key += keyOfPointer(type.run.get());
  return key;
}

static std::string keyOfTree(const core::Expr *expr) {
  while (auto *retype = llvm::dyn_cast<core::Retype>(expr))
    expr = retype->operand;
  if (auto *ref = llvm::dyn_cast<core::LocalRef>(expr))
    return "L" + std::to_string(ref->local->id);
  if (auto *part = llvm::dyn_cast<core::TreePart>(expr))
    return keyOfTree(part->tree) + "." + part->name.str();
  if (auto *model = llvm::dyn_cast<core::TreeModel>(expr))
    return "M" + keyOfPointer(model->model) + "v" +
           std::to_string(model->version);
  if (auto *index = llvm::dyn_cast<core::IndexValue>(expr))
    return "I" + std::to_string(index->index->id);
  return keyOfPointer(expr);
}

static std::string keyOfCallable(Evaluator &e, const Callable &callable) {
  std::string key = std::to_string(callable.kind);
  for (const void *pointer :
       {(const void *)callable.function, (const void *)callable.lambda,
        (const void *)callable.layer, (const void *)callable.optimizer,
        (const void *)callable.primitive})
    if (pointer)
      key += "@" + keyOfPointer(pointer);
  bool captures = callable.kind == Callable::Lambda ||
                  (callable.kind == Callable::Function && !callable.self);
  if (captures && callable.home && callable.home->kind != Scope::File)
    key += "^" + keyOfPointer(callable.home);
  for (const NamedValue &given : callable.given)
    key += ";" + given.name.str() + "=" + e.keyOf(given.value);
  for (const NamedValue &extra : callable.extra)
    key += ";+" + extra.name.str() + "=" + e.keyOf(extra.value);
  for (const Value &part : callable.parts)
    key += "|" + e.keyOf(part);
  if (callable.kind == Callable::Repeat)
    key += "*" + e.keyOf(callable.count);
  if (callable.self)
    key += "s" + e.keyOf(*callable.self);
  return key;
}

std::string Evaluator::keyOf(const Value &value) {
  std::string key = std::to_string(value.kind);
  switch (value.kind) {
  case Value::Number:
    if (value.scalar)
      return key + "S" + keyOfPointer(value.scalar);
    return key +
           (value.dim
                ? keyOfDim(value.dim)
                : std::to_string(value.real) + "/" +
                      llvm::utohexstr(llvm::bit_cast<uint64_t>(value.real)));
  case Value::Truth:
    return key + (value.truth ? "t" : "f");
  case Value::Text:
    return key + "\"" + value.text + "\"";
  case Value::Vocabulary:
    return key + keyOfPointer(value.vocabulary);
  case Value::List:
  case Value::TupleOf:
    for (const Value &item : *value.items)
      key += "," + keyOf(item);
    return key;
  case Value::Function:
  case Value::Layer:
  case Value::Stage:
    return key + keyOfCallable(*this, *value.callable);
  case Value::Field:
    return key + keyOfTree(value.expr) + keyOfCallable(*this, *value.callable);
  case Value::RunTime:
  case Value::Run:
    return key + keyOfTree(value.expr) + keyOf(value.expr->type);
  default:
    return key;
  }
}

} // namespace lamina::sema
