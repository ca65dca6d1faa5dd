// SPDX-License-Identifier: Apache-2.0
//
// Types, sizes and places of Core in IR.

#include "frontend/IRGen/Types.h"

#include "frontend/Source/SourceManager.h"

#include "llvm/ADT/StringSet.h"

#include <numeric>

using namespace mlir;

namespace lamina::irgen {

Types::Types(const core::Program &program, const SourceManager &sources,
             MLIRContext &context, Options options)
    : sources(sources), context(context),
      realType(options.real == Real::F64
                   ? FloatType(Float64Type::get(&context))
                   : FloatType(Float32Type::get(&context))),
      wholeType(IntegerType::get(&context, 32)),
      truthType(IntegerType::get(&context, 1)) {
  llvm::StringSet<> taken;
  for (const core::Atom *atom : program.sizes) {
    std::string name = atom->symbol.str();
    for (unsigned number = 2; !taken.insert(name).second; ++number)
      name = (atom->symbol + "_" + Twine(number)).str();
    names[atom] = name;
  }
}

Type Types::element(const core::Elem &elem) const {
  if (elem.isReal())
    return realType;
  return elem.isWhole() ? wholeType : truthType;
}

std::string Types::elementName(const core::Elem &elem) const {
  std::string name;
  llvm::raw_string_ostream(name) << element(elem);
  return name;
}

StringRef Types::nameOf(const core::Atom &size) const {
  auto it = names.find(&size);
  assert(it != names.end() && "a size that the program does not list");
  return it->second;
}

SizeExpr Types::atomSize(const core::Atom &atom) const {
  using core::Atom;
  switch (atom.kind) {
  case Atom::Size:
    if (auto it = aliases.find(&atom); it != aliases.end())
      return it->second;
    return SizeExpr::name(nameOf(atom));
  case Atom::Div:
    return SizeExpr::floorDiv(size(atom.x), size(atom.y));
  case Atom::Mod: {
    SizeExpr x = size(atom.x), y = size(atom.y);
    return x - y * SizeExpr::floorDiv(x, y);
  }
  default:
    llvm_unreachable("only sizes and their quotients are left after Sema");
  }
}

SizeExpr Types::size(core::Dim dim) const {
  core::Dim bound = dim.size();
  // A polynomial that is whole may have fractions as coefficients: n/2 for even
  // n. All terms over their common denominator, divided once, are exact.
  int64_t denominator = 1;
  for (const core::Monomial &term : bound.monomials())
    denominator = std::lcm(denominator, term.coefficient.den);
  SizeExpr sum;
  for (const core::Monomial &term : bound.monomials()) {
    SizeExpr product(term.coefficient.num *
                     (denominator / term.coefficient.den));
    for (const core::Monomial::Power &power : term.powers)
      for (unsigned i = 0; i < power.exponent; ++i)
        product = product * atomSize(*power.atom);
    sum = sum + product;
  }
  return denominator == 1 ? sum : SizeExpr::floorDiv(sum, denominator);
}

Sizes Types::sizes(const core::Type &type) const {
  Sizes result;
  for (const core::Axis &axis : type.axes)
    result.push_back(size(axis.dim));
  return result;
}

RankedTensorType Types::key() const {
  return RankedTensorType::get({2}, IntegerType::get(&context, 64));
}

Location Types::loc(Range range) const {
  if (!range.isKnown())
    return UnknownLoc::get(&context);
  Position begin = sources.getBegin(range), end = sources.getEnd(range);
  auto file = StringAttr::get(&context, sources.getPath(begin.file));
  return FileLineColRange::get(file, begin.line, begin.column, end.line,
                               end.column);
}

std::string Types::line(Range range) const {
  if (!range.isKnown())
    return "";
  Position begin = sources.getBegin(range);
  return (sources.getPath(begin.file) + ":" + Twine(begin.line) + ":" +
          Twine(begin.column))
      .str();
}

} // namespace lamina::irgen
