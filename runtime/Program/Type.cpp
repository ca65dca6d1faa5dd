// SPDX-License-Identifier: Apache-2.0
//
// Elements, sizes and types of the tape.
//
// JSON in, expressions that are evaluated and solved at run-time sizes out.

#include "runtime/Program/Type.h"

namespace lamina {
namespace runtime {

static const char *const elementNames[] = {"f32", "f64", "bf16", "i1",
                                           "i8",  "i32", "i64"};

const char *nameOf(Element element) { return elementNames[int(element)]; }

Element elementNamed(const Json &name) {
  for (int i = 0; i < 7; ++i)
    if (name.asText() == elementNames[i])
      return Element(i);
  name.complain(join(quote(name.asText()), " is no element type"));
}

int64_t checkedAdd(int64_t a, int64_t b) {
  int64_t sum;
  if (__builtin_add_overflow(a, b, &sum))
    throw Error(join("the size ", a, " + ", b, " is too large"));
  return sum;
}

int64_t checkedMul(int64_t a, int64_t b) {
  int64_t product;
  if (__builtin_mul_overflow(a, b, &product))
    throw Error(join("the size ", a, " * ", b, " is too large"));
  return product;
}

Expression Expression::read(const Json &json, const SizeList &sizes) {
  if (json.isInt())
    return Expression(json.asInt());
  Expression e;
  if (json.isText()) {
    for (size_t i = 0; i < sizes.size(); ++i)
      if (sizes[i].name == json.asText()) {
        e.op = Op::Size;
        e.number = int64_t(i);
        return e;
      }
    json.complain(join("there is no size named ", quote(json.asText())));
  }
  const std::vector<Json> &items = json.items();
  if (items.size() < 2 || !items[0].isText())
    json.complain("expected [operation, arguments…]");
  const std::string &name = items[0].asText();
  if (name == "+")
    e.op = Op::Add;
  else if (name == "*")
    e.op = Op::Mul;
  else if (name == "div" && items.size() == 3)
    e.op = Op::Div;
  else
    json.complain(join("unknown operation ", quote(name), " on sizes"));
  for (size_t i = 1; i < items.size(); ++i)
    e.arguments.push_back(read(items[i], sizes));
  return e;
}

static int64_t floorDiv(int64_t a, int64_t b) {
  if (b == 0 || (a == INT64_MIN && b == -1))
    throw Error(join("the size ", a, " div ", b, " does not exist"));
  return a / b - ((a % b != 0) && ((a < 0) != (b < 0)));
}

int64_t Expression::evaluate(const SizeValues &values) const {
  switch (op) {
  case Op::Number:
    return number;
  case Op::Size:
    if (values[size_t(number)] < 0)
      throw Error(join("tape: no argument binds size ", number));
    return values[size_t(number)];
  case Op::Div:
    return floorDiv(arguments[0].evaluate(values),
                    arguments[1].evaluate(values));
  case Op::Add:
  case Op::Mul:
    break;
  }
  int64_t result = op == Op::Add ? 0 : 1;
  for (const Expression &argument : arguments) {
    int64_t value = argument.evaluate(values);
    result =
        op == Op::Add ? checkedAdd(result, value) : checkedMul(result, value);
  }
  return result;
}

int64_t Expression::unbound(const SizeValues &values) const {
  if (op == Op::Size)
    return values[size_t(number)] < 0 ? number : -1;
  for (const Expression &argument : arguments)
    if (int64_t index = argument.unbound(values); index >= 0)
      return index;
  return -1;
}

bool Expression::solve(int64_t value, SizeValues &values) const {
  int64_t index = unbound(values);
  if (index < 0)
    return evaluate(values) == value;
  // The form is a · size + c in this one size, so two samples give a and c.
  SizeValues at = values;
  at[size_t(index)] = 0;
  if (unbound(at) >= 0)
    return false;
  int64_t c = evaluate(at);
  at[size_t(index)] = 1;
  int64_t a = evaluate(at) - c;
  if (a == 0 || (value - c) % a != 0 || (value - c) / a < 0)
    return false;
  values[size_t(index)] = (value - c) / a;
  return evaluate(values) == value;
}

std::string Expression::text(const SizeList &sizes) const {
  if (op == Op::Number)
    return std::to_string(number);
  if (op == Op::Size)
    return sizes[size_t(number)].written;
  std::string out;
  const char *sign = op == Op::Add ? " + " : op == Op::Mul ? " * " : " div ";
  for (const Expression &argument : arguments)
    out += (out.empty() ? "" : sign) + argument.text(sizes);
  return op == Op::Add ? "(" + out + ")" : out;
}

Type Type::read(const Json &json, const SizeList &sizes) {
  Type type;
  type.element = elementNamed(json["element"]);
  for (const Json &size : json["shape"].items())
    type.shape.push_back(Expression::read(size, sizes));
  return type;
}

std::vector<int64_t> Type::shapeAt(const SizeValues &values) const {
  std::vector<int64_t> out;
  for (const Expression &size : shape) {
    out.push_back(size.evaluate(values));
    if (out.back() < 0)
      throw Error(join("a tensor would have the size ", out.back()));
  }
  return out;
}

int64_t elementCount(const std::vector<int64_t> &shape) {
  int64_t count = 1;
  for (int64_t size : shape)
    count = checkedMul(count, size);
  return count;
}

int64_t Type::bytesAt(const SizeValues &values) const {
  return checkedMul(elementCount(shapeAt(values)), bytesOf(element));
}

bool Type::isStatic() const {
  for (const Expression &size : shape)
    if (!size.isNumber())
      return false;
  return true;
}

std::string shapeText(const std::vector<int64_t> &shape) {
  std::string out = "[";
  for (size_t i = 0; i < shape.size(); ++i)
    out += (i ? ", " : "") + std::to_string(shape[i]);
  return out + "]";
}

} // namespace runtime
} // namespace lamina
