// SPDX-License-Identifier: Apache-2.0
//
// Attributes, types and sizes as JSON.

#include "backends/Tape/TapeJson.h"

#include "dialects/Graph/Shape.h"

#include "mlir/IR/BuiltinAttributes.h"

using namespace mlir;
using namespace lamina;
using graph::SizeExpr;
namespace json = llvm::json;

static json::Value toJson(const SizeExpr::Atom &atom) {
  if (!atom.quotient)
    return atom.text;
  return json::Array{"div", lamina::toJson(atom.quotient->dividend),
                     lamina::toJson(atom.quotient->divisor)};
}

static json::Value toJson(const SizeExpr::Monomial &monomial,
                          int64_t coefficient) {
  json::Array factors{"*"};
  if (coefficient != 1 || monomial.empty())
    factors.push_back(coefficient);
  for (const SizeExpr::Atom &atom : monomial)
    factors.push_back(::toJson(atom));
  if (factors.size() == 2)
    return std::move(factors[1]);
  return json::Value(std::move(factors));
}

json::Value lamina::toJson(const SizeExpr &size) {
  if (auto constant = size.getConstant())
    return *constant;
  json::Array sum{"+"};
  for (const auto &[monomial, coefficient] : size.getTerms())
    sum.push_back(::toJson(monomial, coefficient));
  if (sum.size() == 2)
    return std::move(sum[1]);
  return json::Value(std::move(sum));
}

std::string lamina::toText(Type element) {
  std::string text;
  llvm::raw_string_ostream(text) << element;
  return element.isIndex() ? "i64" : text;
}

json::Value lamina::toJson(RankedTensorType type) {
  json::Array shape;
  for (const SizeExpr &size : graph::getShape(type))
    shape.push_back(toJson(size));
  return json::Object{{"element", toText(type.getElementType())},
                      {"shape", std::move(shape)}};
}

template <typename Range>
static json::Value toArray(const Range &range) {
  json::Array array;
  for (auto element : range)
    array.push_back(element);
  return array;
}

static std::optional<json::Value> toJson(TypeAttr attr) {
  if (auto tensor = dyn_cast<RankedTensorType>(attr.getValue()))
    return lamina::toJson(tensor);
  return json::Value(toText(attr.getValue()));
}

std::optional<json::Value> lamina::toJson(Attribute attribute) {
  if (auto text = dyn_cast<StringAttr>(attribute))
    return json::Value(text.getValue());
  if (auto symbol = dyn_cast<SymbolRefAttr>(attribute))
    return json::Value(symbol.getLeafReference().getValue());
  if (auto truth = dyn_cast<BoolAttr>(attribute))
    return json::Value(truth.getValue());
  if (isa<UnitAttr>(attribute))
    return json::Value(true);
  if (auto whole = dyn_cast<IntegerAttr>(attribute))
    return json::Value(whole.getInt());
  if (auto real = dyn_cast<FloatAttr>(attribute))
    return json::Value(real.getValueAsDouble());
  if (auto type = dyn_cast<TypeAttr>(attribute))
    return ::toJson(type);
  if (auto numbers = dyn_cast<DenseI64ArrayAttr>(attribute))
    return toArray(numbers.asArrayRef());
  if (auto list = dyn_cast<ArrayAttr>(attribute)) {
    json::Array array;
    for (Attribute element : list) {
      auto value = toJson(element);
      if (!value)
        return std::nullopt;
      array.push_back(std::move(*value));
    }
    return json::Value(std::move(array));
  }
  if (auto dictionary = dyn_cast<DictionaryAttr>(attribute)) {
    json::Object object;
    for (NamedAttribute entry : dictionary) {
      auto value = toJson(entry.getValue());
      if (!value)
        return std::nullopt;
      object[entry.getName().getValue()] = std::move(*value);
    }
    return json::Value(std::move(object));
  }
  return std::nullopt;
}
