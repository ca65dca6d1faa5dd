// SPDX-License-Identifier: Apache-2.0
//
// Elements, sizes and types of the tape.
//
// What docs/tape.md calls T and E. An expression is evaluated at the sizes of a
// run; every product is checked, so that no size can wrap around.

#ifndef LAMINA_RUNTIME_PROGRAM_TYPE_H
#define LAMINA_RUNTIME_PROGRAM_TYPE_H

#include "runtime/ABI/Element.h"
#include "runtime/Json/Json.h"

#include <cstdint>
#include <string>
#include <vector>

namespace lamina {
namespace runtime {

const char *nameOf(Element element);
Element elementNamed(const Json &name); ///< throws

/// a + b and a * b; throws if the result does not fit 63 bits.
int64_t checkedAdd(int64_t a, int64_t b);
int64_t checkedMul(int64_t a, int64_t b);

/// A size named in types.
struct Size {
  std::string name;
  std::string written; ///< in the source, and so in messages
  int64_t low = 1, high = INT32_MAX, usual = 1;
};
using SizeList = std::vector<Size>;      ///< of the program
using SizeValues = std::vector<int64_t>; ///< in the same order; -1 if not bound

class Expression {
public:
  Expression() = default;
  explicit Expression(int64_t value) : number(value) {}

  static Expression read(const Json &json, const SizeList &sizes);

  int64_t evaluate(const SizeValues &values) const;
  bool isNumber() const { return op == Op::Number; }
  bool isSize() const { return op == Op::Size; }
  size_t sizeIndex() const { return size_t(number); }

  /// Finds the one unbound size for which this is `value` (a · size + c) and
  /// binds it. False if there is no such whole number; true also if nothing
  /// is unbound and the value agrees.
  bool solve(int64_t value, SizeValues &values) const;

  std::string text(const SizeList &sizes) const;

  enum class Op : uint8_t { Number, Size, Add, Mul, Div };
  Op operation() const { return op; }
  int64_t value() const { return number; } ///< of a number
  const std::vector<Expression> &parts() const { return arguments; }

private:
  int64_t unbound(const SizeValues &values) const;

  Op op = Op::Number;
  int64_t number = 0; ///< the value, or the index of the size
  std::vector<Expression> arguments;
};

struct Type {
  Element element = Element::F32;
  std::vector<Expression> shape;

  static Type read(const Json &json, const SizeList &sizes);
  std::vector<int64_t> shapeAt(const SizeValues &values) const;
  int64_t bytesAt(const SizeValues &values) const;
  bool isStatic() const;
};

int64_t elementCount(const std::vector<int64_t> &shape); ///< checked

/// "[2, 3]".
std::string shapeText(const std::vector<int64_t> &shape);

} // namespace runtime
} // namespace lamina

#endif // LAMINA_RUNTIME_PROGRAM_TYPE_H
