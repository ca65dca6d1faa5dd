// SPDX-License-Identifier: Apache-2.0
//
// Making and describing values.

#include "frontend/Sema/Value.h"

#include "llvm/Support/Format.h"
#include "llvm/Support/raw_ostream.h"

namespace lamina::sema {

std::string spelled(double number) {
  std::string text;
  llvm::raw_string_ostream(text) << llvm::format("%g", number);
  return text;
}

static Value make(Value::Kind kind, Range range) {
  Value value;
  value.kind = kind;
  value.range = range;
  return value;
}

Value Value::error(Range range) { return make(Error, range); }
Value Value::none(Range range) { return make(None, range); }
Value Value::number(Dim dim, Range range) {
  Value value = make(Number, range);
  value.dim = dim;
  return value;
}
Value Value::number(double real, Range range) {
  Value value = make(Number, range);
  value.real = real;
  return value;
}
Value Value::truthValue(bool truth, Range range) {
  Value value = make(Truth, range);
  value.truth = truth;
  return value;
}
Value Value::textValue(llvm::StringRef text, Range range) {
  Value value = make(Text, range);
  value.text = text.str();
  return value;
}
Value Value::list(std::vector<Value> items, Range range) {
  Value value = make(List, range);
  value.items = std::make_shared<const std::vector<Value>>(std::move(items));
  return value;
}
Value Value::ofCallable(Kind kind, Callable callable, Range range) {
  Value value = make(kind, range);
  value.callable = std::make_shared<const Callable>(std::move(callable));
  return value;
}

static std::string describeCallable(const Callable &callable) {
  switch (callable.kind) {
  case Callable::Function:
    return ast::getSpelling(callable.function->functionKind).str();
  case Callable::MaskAnd:
  case Callable::MaskOr:
  case Callable::MaskNot:
    return "mask";
  case Callable::Layer:
  case Callable::Repeat:
  case Callable::Copies:
  case Callable::Filtered:
    return "layer";
  case Callable::Stage:
    return "optimizer";
  default:
    return "function";
  }
}

std::string Value::describe() const {
  switch (kind) {
  case Error:
    return "an error";
  case None:
    return "none";
  case Number:
    return "a number";
  case Truth:
    return "a truth value";
  case Text:
    return "a text";
  case Vocabulary:
    return "a vocabulary";
  case List:
    return "a list";
  case TupleOf:
    return "a tuple of " + std::to_string(items->size());
  case Function:
    return "a " + describeCallable(*callable);
  case Layer:
    return "a layer without weights";
  case Field:
    return "a layer";
  case RunTime:
    return expr->type.str();
  case Run:
    return "a run";
  case Module:
    return "an imported file";
  case Data:
    return "data";
  case Stage:
  case Pipeline:
    return "an optimizer";
  case Group:
    return "a group of weights";
  case Distribution:
    return "a distribution";
  case Record:
    return "a text of a record";
  }
  return "a value";
}

} // namespace lamina::sema
