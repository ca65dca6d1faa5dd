// SPDX-License-Identifier: Apache-2.0
//
// Meaning of arith and math on scalars.

#include "backends/Reference/ScalarTable.h"

#include "llvm/ADT/StringMap.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/IR/TypeUtilities.h"

#include <cmath>

using namespace mlir;

namespace lamina::reference {

namespace {

using Maker = std::function<ScalarFunction(Operation *)>;

/// Width of the integers of a value; `index` counts as 64.
unsigned widthOf(Value value) {
  Type type = getElementTypeOrSelf(value.getType());
  return type.isIndex() ? 64 : type.getIntOrFloatBitWidth();
}

uint64_t zeroExtend(int64_t value, unsigned width) {
  return width == 64 ? uint64_t(value)
                     : uint64_t(value) & ((uint64_t(1) << width) - 1);
}

class Table {
public:
  Table() {
    addArithmetic();
    addFunctions();
    addSigned();
    addUnsigned();
    addBits();
    addComparisons();
    addConversions();
    addPowers();
  }

  const Maker *find(StringRef name) const {
    auto it = makers.find(name);
    return it == makers.end() ? nullptr : &it->second;
  }

private:
  template <typename F>
  void unary(StringRef name, F f) {
    makers[name] = [f](Operation *) -> ScalarFunction {
      return [f](const Scalar *x, Scalar *r) { r->f = f(x[0].f); };
    };
  }
  template <typename F>
  void binary(StringRef name, F f) {
    makers[name] = [f](Operation *) -> ScalarFunction {
      return [f](const Scalar *x, Scalar *r) { r->f = f(x[0].f, x[1].f); };
    };
  }
  template <typename F>
  void integer(StringRef name, F f) {
    makers[name] = [f](Operation *) -> ScalarFunction {
      return [f](const Scalar *x, Scalar *r) {
        r->i = int64_t(f(x[0].i, x[1].i));
      };
    };
  }
  /// `f` gets both operands zero-extended from their width.
  template <typename F>
  void natural(StringRef name, F f) {
    makers[name] = [f](Operation *op) -> ScalarFunction {
      unsigned width = widthOf(op->getOperand(0));
      return [f, width](const Scalar *x, Scalar *r) {
        r->i = int64_t(
            f(zeroExtend(x[0].i, width), zeroExtend(x[1].i, width), width));
      };
    };
  }

  void addArithmetic();
  void addFunctions();
  void addSigned();
  void addUnsigned();
  void addBits();
  void addComparisons();
  void addConversions();
  void addPowers();

  llvm::StringMap<Maker> makers;
};

/// IEEE maximum: NaN wins, +0 is above -0.
double maximum(double a, double b) {
  if (std::isnan(a) || std::isnan(b))
    return std::nan("");
  return a > b || (a == b && !std::signbit(a)) ? a : b;
}

void Table::addArithmetic() {
  binary("arith.addf", [](double a, double b) { return a + b; });
  binary("arith.subf", [](double a, double b) { return a - b; });
  binary("arith.mulf", [](double a, double b) { return a * b; });
  binary("arith.divf", [](double a, double b) { return a / b; });
  binary("arith.remf", [](double a, double b) { return std::fmod(a, b); });
  binary("arith.maximumf", maximum);
  binary("arith.minimumf", [](double a, double b) { return -maximum(-a, -b); });
  binary("arith.maxnumf", [](double a, double b) { return std::fmax(a, b); });
  binary("arith.minnumf", [](double a, double b) { return std::fmin(a, b); });
  unary("arith.negf", [](double a) { return -a; });
}

void Table::addFunctions() {
  unary("math.exp", [](double a) { return std::exp(a); });
  unary("math.exp2", [](double a) { return std::exp2(a); });
  unary("math.expm1", [](double a) { return std::expm1(a); });
  unary("math.log", [](double a) { return std::log(a); });
  unary("math.log2", [](double a) { return std::log2(a); });
  unary("math.log10", [](double a) { return std::log10(a); });
  unary("math.log1p", [](double a) { return std::log1p(a); });
  unary("math.tanh", [](double a) { return std::tanh(a); });
  unary("math.sin", [](double a) { return std::sin(a); });
  unary("math.cos", [](double a) { return std::cos(a); });
  unary("math.tan", [](double a) { return std::tan(a); });
  unary("math.asin", [](double a) { return std::asin(a); });
  unary("math.acos", [](double a) { return std::acos(a); });
  unary("math.atan", [](double a) { return std::atan(a); });
  unary("math.sinh", [](double a) { return std::sinh(a); });
  unary("math.cosh", [](double a) { return std::cosh(a); });
  unary("math.asinh", [](double a) { return std::asinh(a); });
  unary("math.acosh", [](double a) { return std::acosh(a); });
  unary("math.atanh", [](double a) { return std::atanh(a); });
  unary("math.erf", [](double a) { return std::erf(a); });
  unary("math.erfc", [](double a) { return std::erfc(a); });
  unary("math.absf", [](double a) { return std::fabs(a); });
  unary("math.sqrt", [](double a) { return std::sqrt(a); });
  unary("math.rsqrt", [](double a) { return 1 / std::sqrt(a); });
  unary("math.cbrt", [](double a) { return std::cbrt(a); });
  unary("math.floor", [](double a) { return std::floor(a); });
  unary("math.ceil", [](double a) { return std::ceil(a); });
  unary("math.trunc", [](double a) { return std::trunc(a); });
  unary("math.round", [](double a) { return std::round(a); });
  unary("math.roundeven", [](double a) { return std::nearbyint(a); });
  binary("math.atan2", [](double a, double b) { return std::atan2(a, b); });
  binary("math.copysign",
         [](double a, double b) { return std::copysign(a, b); });
  binary("math.powf", [](double a, double b) { return std::pow(a, b); });
}

void Table::addSigned() {
  // Wrapping: computed without sign, then read with it.
  integer("arith.addi",
          [](int64_t a, int64_t b) { return uint64_t(a) + uint64_t(b); });
  integer("arith.subi",
          [](int64_t a, int64_t b) { return uint64_t(a) - uint64_t(b); });
  integer("arith.muli",
          [](int64_t a, int64_t b) { return uint64_t(a) * uint64_t(b); });
  integer("arith.maxsi", [](int64_t a, int64_t b) { return std::max(a, b); });
  integer("arith.minsi", [](int64_t a, int64_t b) { return std::min(a, b); });
  // Division by zero is undefined upstream; here it is 0, so that what is
  // computed on padding does not trap.
  integer("arith.divsi", [](int64_t a, int64_t b) {
    return b == 0 ? 0 : b == -1 ? int64_t(-uint64_t(a)) : a / b;
  });
  integer("arith.remsi",
          [](int64_t a, int64_t b) { return b == 0 || b == -1 ? 0 : a % b; });
  integer("arith.floordivsi", [](int64_t a, int64_t b) {
    if (b == 0)
      return int64_t(0);
    if (b == -1)
      return int64_t(-uint64_t(a));
    return a / b - (a % b != 0 && (a < 0) != (b < 0));
  });
  integer("arith.ceildivsi", [](int64_t a, int64_t b) {
    if (b == 0)
      return int64_t(0);
    if (b == -1)
      return int64_t(-uint64_t(a));
    return a / b + (a % b != 0 && (a < 0) == (b < 0));
  });
  makers["math.absi"] = [](Operation *) -> ScalarFunction {
    return [](const Scalar *x, Scalar *r) {
      r->i = x->i < 0 ? int64_t(-uint64_t(x->i)) : x->i;
    };
  };
}

void Table::addUnsigned() {
  natural("arith.divui",
          [](uint64_t a, uint64_t b, unsigned) { return b ? a / b : 0; });
  natural("arith.remui",
          [](uint64_t a, uint64_t b, unsigned) { return b ? a % b : 0; });
  natural("arith.maxui",
          [](uint64_t a, uint64_t b, unsigned) { return std::max(a, b); });
  natural("arith.minui",
          [](uint64_t a, uint64_t b, unsigned) { return std::min(a, b); });
  makers["arith.mului_extended"] = [](Operation *op) -> ScalarFunction {
    unsigned width = widthOf(op->getOperand(0));
    return [width](const Scalar *x, Scalar *r) {
      unsigned __int128 product = (unsigned __int128)zeroExtend(x[0].i, width) *
                                  zeroExtend(x[1].i, width);
      r[0].i = int64_t(uint64_t(product));
      r[1].i = int64_t(uint64_t(product >> width));
    };
  };
}

void Table::addBits() {
  integer("arith.andi", [](int64_t a, int64_t b) { return a & b; });
  integer("arith.ori", [](int64_t a, int64_t b) { return a | b; });
  integer("arith.xori", [](int64_t a, int64_t b) { return a ^ b; });
  natural("arith.shli", [](uint64_t a, uint64_t b, unsigned w) {
    return b < w ? a << b : 0;
  });
  natural("arith.shrui", [](uint64_t a, uint64_t b, unsigned w) {
    return b < w ? a >> b : 0;
  });
  integer("arith.shrsi",
          [](int64_t a, int64_t b) { return a >> std::min<int64_t>(b, 63); });
}

bool compareFloats(arith::CmpFPredicate predicate, double a, double b) {
  // The low three bits of a predicate are "less", "greater", "equal" under
  // MLIR's numbering; spelled out because that numbering is not a promise.
  using P = arith::CmpFPredicate;
  bool unordered = std::isnan(a) || std::isnan(b);
  switch (predicate) {
  case P::AlwaysFalse:
    return false;
  case P::AlwaysTrue:
    return true;
  case P::OEQ:
    return a == b;
  case P::OGT:
    return a > b;
  case P::OGE:
    return a >= b;
  case P::OLT:
    return a < b;
  case P::OLE:
    return a <= b;
  case P::ONE:
    return !unordered && a != b;
  case P::ORD:
    return !unordered;
  case P::UEQ:
    return unordered || a == b;
  case P::UGT:
    return unordered || a > b;
  case P::UGE:
    return unordered || a >= b;
  case P::ULT:
    return unordered || a < b;
  case P::ULE:
    return unordered || a <= b;
  case P::UNE:
    return unordered || a != b;
  case P::UNO:
    return unordered;
  }
  llvm_unreachable("every predicate has a case");
}

bool compareIntegers(arith::CmpIPredicate predicate, int64_t a, int64_t b,
                     unsigned width) {
  using P = arith::CmpIPredicate;
  uint64_t ua = zeroExtend(a, width), ub = zeroExtend(b, width);
  switch (predicate) {
  case P::eq:
    return a == b;
  case P::ne:
    return a != b;
  case P::slt:
    return a < b;
  case P::sle:
    return a <= b;
  case P::sgt:
    return a > b;
  case P::sge:
    return a >= b;
  case P::ult:
    return ua < ub;
  case P::ule:
    return ua <= ub;
  case P::ugt:
    return ua > ub;
  case P::uge:
    return ua >= ub;
  }
  llvm_unreachable("every predicate has a case");
}

void Table::addComparisons() {
  makers["arith.cmpf"] = [](Operation *op) -> ScalarFunction {
    auto predicate = cast<arith::CmpFOp>(op).getPredicate();
    return [predicate](const Scalar *x, Scalar *r) {
      r->i = compareFloats(predicate, x[0].f, x[1].f);
    };
  };
  makers["arith.cmpi"] = [](Operation *op) -> ScalarFunction {
    auto predicate = cast<arith::CmpIOp>(op).getPredicate();
    unsigned width = widthOf(op->getOperand(0));
    return [=](const Scalar *x, Scalar *r) {
      r->i = compareIntegers(predicate, x[0].i, x[1].i, width);
    };
  };
  makers["arith.select"] = [](Operation *) -> ScalarFunction {
    return [](const Scalar *x, Scalar *r) { *r = x[0].i ? x[1] : x[2]; };
  };
  makers["math.isnan"] = [](Operation *) -> ScalarFunction {
    return [](const Scalar *x, Scalar *r) { r->i = std::isnan(x->f); };
  };
  makers["math.isinf"] = [](Operation *) -> ScalarFunction {
    return [](const Scalar *x, Scalar *r) { r->i = std::isinf(x->f); };
  };
  makers["math.isfinite"] = [](Operation *) -> ScalarFunction {
    return [](const Scalar *x, Scalar *r) { r->i = std::isfinite(x->f); };
  };
}

/// Out of range is undefined upstream; saturated here, and NaN is 0.
int64_t toInteger(double value) {
  if (std::isnan(value))
    return 0;
  if (value >= 0x1p63)
    return INT64_MAX;
  if (value < -0x1p63)
    return INT64_MIN;
  return int64_t(value);
}

/// The bits of a float of `width`, as an integer and back.
int64_t bitsOf(double value, unsigned width) {
  if (width == 64)
    return llvm::bit_cast<int64_t>(value);
  uint32_t bits = llvm::bit_cast<uint32_t>(float(value));
  return width == 32 ? int64_t(int32_t(bits)) : int64_t(int16_t(bits >> 16));
}
double fromBits(int64_t bits, unsigned width) {
  if (width == 64)
    return llvm::bit_cast<double>(bits);
  return llvm::bit_cast<float>(width == 32 ? uint32_t(bits)
                                           : uint32_t(bits) << 16);
}

ScalarFunction makeBitcast(Operation *op) {
  bool from = isa<FloatType>(getElementTypeOrSelf(op->getOperand(0).getType()));
  bool to = isa<FloatType>(getElementTypeOrSelf(op->getResult(0).getType()));
  unsigned width = widthOf(op->getOperand(0));
  return [=](const Scalar *x, Scalar *r) {
    if (from == to)
      *r = *x;
    else if (from)
      r->i = bitsOf(x->f, width);
    else
      r->f = fromBits(x->i, width);
  };
}

void Table::addConversions() {
  auto copy = [](Operation *) -> ScalarFunction {
    return [](const Scalar *x, Scalar *r) { *r = *x; };
  };
  for (StringRef name : {"arith.extf", "arith.truncf", "arith.trunci"})
    makers[name] = copy;
  // The signed reading of one bit is 0 or -1.
  auto signExtend = [](Operation *op) -> ScalarFunction {
    bool truth = widthOf(op->getOperand(0)) == 1;
    return [truth](const Scalar *x, Scalar *r) { r->i = truth ? -x->i : x->i; };
  };
  makers["arith.extsi"] = signExtend;
  makers["arith.index_cast"] = signExtend;
  auto extend = [](Operation *op) -> ScalarFunction {
    unsigned width = widthOf(op->getOperand(0));
    return [width](const Scalar *x, Scalar *r) {
      r->i = int64_t(zeroExtend(x->i, width));
    };
  };
  makers["arith.extui"] = extend;
  makers["arith.index_castui"] = extend;
  makers["arith.sitofp"] = [](Operation *op) -> ScalarFunction {
    bool truth = widthOf(op->getOperand(0)) == 1;
    return [truth](const Scalar *x, Scalar *r) {
      r->f = truth ? -double(x->i) : double(x->i);
    };
  };
  makers["arith.uitofp"] = [](Operation *op) -> ScalarFunction {
    unsigned width = widthOf(op->getOperand(0));
    return [width](const Scalar *x, Scalar *r) {
      r->f = double(zeroExtend(x->i, width));
    };
  };
  for (StringRef name : {"arith.fptosi", "arith.fptoui"})
    makers[name] = [](Operation *) -> ScalarFunction {
      return [](const Scalar *x, Scalar *r) { r->i = toInteger(x->f); };
    };
  makers["arith.bitcast"] = makeBitcast;
}

void Table::addPowers() {
  makers["math.fma"] = [](Operation *) -> ScalarFunction {
    return [](const Scalar *x, Scalar *r) {
      r->f = std::fma(x[0].f, x[1].f, x[2].f);
    };
  };
  makers["math.fpowi"] = [](Operation *) -> ScalarFunction {
    return [](const Scalar *x, Scalar *r) {
      r->f = std::pow(x[0].f, double(x[1].i));
    };
  };
  makers["math.ipowi"] = [](Operation *) -> ScalarFunction {
    return [](const Scalar *x, Scalar *r) {
      int64_t base = x[0].i, exponent = x[1].i;
      if (exponent < 0) {
        r->i = base == 1 ? 1 : base == -1 ? (exponent % 2 ? -1 : 1) : 0;
        return;
      }
      uint64_t power = 1;
      for (uint64_t square = uint64_t(base); exponent;
           exponent >>= 1, square *= square)
        if (exponent & 1)
          power *= square;
      r->i = int64_t(power);
    };
  };
}

} // namespace

ScalarFunction getScalarFunction(Operation *op, Rounding rounding) {
  static const Table table;
  const Maker *maker = table.find(op->getName().getStringRef());
  if (!maker)
    return nullptr;
  ScalarFunction function = (*maker)(op);
  SmallVector<Type, 2> types;
  bool rounds = false;
  for (Type type : op->getResultTypes()) {
    types.push_back(getElementTypeOrSelf(type));
    bool wide = types.back().isF64() || types.back().isIndex() ||
                types.back().isInteger(64) ||
                (isa<FloatType>(types.back()) && rounding == Rounding::Float64);
    rounds |= !wide;
  }
  if (!rounds)
    return function;
  return [=](const Scalar *operands, Scalar *results) {
    function(operands, results);
    for (auto [result, type] :
         llvm::zip(MutableArrayRef(results, types.size()), types))
      result = roundTo(type, result, rounding);
  };
}

} // namespace lamina::reference
