// SPDX-License-Identifier: Apache-2.0
//
// Looking names up.
//
// A run-time value of another body becomes a capture of this one. What has to
// be known when compiling is forced here.

#include "frontend/Sema/Evaluator.h"
#include "frontend/Sema/LayerMembers.h"

#include "llvm/Support/Format.h"
#include "llvm/Support/FormatVariadic.h"

namespace lamina::sema {

//===-- Names -------------------------------------------------------------===//

Value Evaluator::nameValue(const ast::NameExpr *expr) {
  auto value = lookUp(expr->name);
  return value ? *value : unknownName(expr);
}

FileScope *Evaluator::currentFile() {
  for (Scope *at = scope; at; at = at->outer)
    if (at->kind == Scope::File)
      return static_cast<FileScope *>(at);
  return session.getRoot();
}

std::optional<Value> Evaluator::lookUp(Symbol name) {
  for (Scope *at = scope; at; at = at->outer) {
    if (Binding *binding = at->find(name))
      return imported(binding->value);
    if (at->kind == Scope::Layer) {
      if (auto value = LayerMembers(*this).layerMember(
              *static_cast<LayerScope *>(at), name))
        return imported(*value);
    }
    if (at->kind == Scope::File) {
      auto value = session.lookUp(*static_cast<FileScope *>(at), name, *this);
      return value ? std::optional(imported(*value)) : std::nullopt;
    }
  }
  return std::nullopt;
}

/// A run-time value of another body becomes a capture of this one, and of each
/// body between them.
Value Evaluator::imported(const Value &value) {
  if (!value.owner || value.owner == context || !value.expr)
    return value;
  return importInto(value, context);
}

Value Evaluator::importInto(const Value &value, Context *into) {
  if (value.owner == into || !into || !into->function)
    return value;
  for (size_t i = 0; i < into->captured.size(); ++i)
    if (into->captured[i].expr == value.expr)
      return captureOf(value, into, i);
  into->captured.push_back(value);
  core::Local *local =
      program.makeLocal(core::Local::Capture, symbolOf(value.expr),
                        value.expr->type, value.range);
  into->function->captures.push_back(local);
  return captureOf(value, into, into->captured.size() - 1);
}

Value Evaluator::captureOf(const Value &value, Context *into, size_t position) {
  core::Local *local = into->function->captures[position];
  auto *ref = program.make<core::LocalRef>(local->type, value.range);
  ref->local = local;
  Value result = value;
  result.expr = ref;
  result.owner = into;
  if (value.dim)
    exactValues[ref] = value.dim;
  return result;
}

Symbol Evaluator::symbolOf(const core::Expr *expr) {
  while (auto *retype = llvm::dyn_cast<core::Retype>(expr))
    expr = retype->operand;
  if (auto *ref = llvm::dyn_cast<core::LocalRef>(expr))
    return ref->local->name;
  if (auto *index = llvm::dyn_cast<core::IndexValue>(expr))
    return index->index->name;
  if (auto *part = llvm::dyn_cast<core::TreePart>(expr))
    return part->name;
  if (auto *model = llvm::dyn_cast<core::TreeModel>(expr))
    return model->model->name;
  return "";
}

//===-- What is known when compiling -------------------------------------===//

std::optional<bool> Evaluator::decided(const Value &condition) {
  switch (condition.kind) {
  case Value::Truth:
    return condition.truth;
  case Value::None:
    return false;
  case Value::RunTime:
    if (condition.expr->type.isTensor() && condition.expr->type.elem.isTruth())
      return std::nullopt;
    return true; // of a T? that is there
  case Value::Error:
    return std::nullopt;
  default:
    return true; // a setting that is no bool and not none
  }
}

std::optional<int64_t> Evaluator::forceWhole(const Value &value, Range range,
                                             llvm::StringRef why) {
  if (value.isError())
    return std::nullopt;
  if (auto known = value.constant()) {
    if (value.scalar && !value.scalar->fixedAt)
      value.scalar->fixedAt = range;
    return known;
  }
  report(Rule::const_c1, range,
         why +
             " has to be a whole number that is known when compiling, and "
             "this is " +
             (value.kind == Value::Number && !value.dim
                  ? llvm::formatv("{0}", llvm::format("%g", value.real)).str()
                  : value.describe()));
  return std::nullopt;
}

std::optional<double> Evaluator::forceNumber(const Value &value, Range range,
                                             llvm::StringRef why) {
  if (value.isError())
    return std::nullopt;
  if (value.kind == Value::Number) {
    if (value.scalar && !value.scalar->fixedAt)
      value.scalar->fixedAt = range;
    if (!value.dim)
      return value.real;
    if (auto known = value.dim.size().rational())
      return known->toDouble();
  }
  report(Rule::const_c1, range,
         why +
             " has to be a number that is known when compiling, and this is " +
             value.describe());
  return std::nullopt;
}

std::optional<bool> Evaluator::forceTruth(const Value &value, Range range,
                                          llvm::StringRef why) {
  if (value.isError())
    return std::nullopt;
  if (auto known = decided(value))
    return known;
  report(Rule::const_c1, range,
         why + " has to be known when compiling, and this is data");
  return std::nullopt;
}

std::optional<std::string> Evaluator::forceText(const Value &value, Range range,
                                                llvm::StringRef why) {
  if (value.isError())
    return std::nullopt;
  if (value.kind == Value::Text)
    return value.text;
  report(Rule::const_c1, range,
         why + " has to be a text, and this is " + value.describe());
  return std::nullopt;
}

} // namespace lamina::sema
