// SPDX-License-Identifier: Apache-2.0
//
// Types, sizes and places of Core in IR.
//
// In: dims, types and source ranges of Core. Out: size expressions, tensor
// types with named sizes, locations. The only place that decides how a number
// of the language is stored: reals as `Options::real`, whole numbers as i32,
// truth values as i1.

#ifndef LAMINA_FRONTEND_IRGEN_TYPES_H
#define LAMINA_FRONTEND_IRGEN_TYPES_H

#include "dialects/Graph/GraphOps.h"
#include "dialects/Graph/Shape.h"
#include "frontend/Core/Program.h"
#include "frontend/IRGen/IRGen.h"

#include "llvm/ADT/DenseMap.h"

#include <map>

namespace lamina::irgen {

using graph::SizeExpr;
using Sizes = graph::Shape;

class Types {
public:
  Types(const core::Program &program, const SourceManager &sources,
        mlir::MLIRContext &context, Options options);

  mlir::MLIRContext *getContext() const { return &context; }
  mlir::FloatType real() const { return realType; }
  mlir::IntegerType whole() const { return wholeType; }
  mlir::IntegerType truth() const { return truthType; }
  mlir::Type element(const core::Elem &elem) const;
  /// The same as plans that the runtime reads spell it.
  std::string elementName(const core::Elem &elem) const;

  /// The name of a size of the program: unique, also where two are spelled
  /// alike.
  llvm::StringRef nameOf(const core::Atom &size) const;
  /// From now on the size is as long as `size`: rounds of a loop that may end
  /// early have the place of all.
  void alias(const core::Atom &atom, const SizeExpr &size) {
    aliases[&atom] = size;
  }
  /// `dim.size()`, in which nothing but sizes of the program is left.
  SizeExpr size(core::Dim dim) const;
  SizeExpr atomSize(const core::Atom &atom) const;
  Sizes sizes(const core::Type &type) const;

  mlir::RankedTensorType tensor(llvm::ArrayRef<SizeExpr> sizes,
                                mlir::Type element) const {
    return graph::getTensorType(sizes, element);
  }
  mlir::RankedTensorType tensor(const core::Type &type) const {
    return tensor(sizes(type), element(type.elem));
  }
  /// A tensor of rank 0.
  mlir::RankedTensorType scalar(mlir::Type element) const {
    return tensor({}, element);
  }
  mlir::RankedTensorType key() const;

  mlir::Location loc(Range range) const;
  /// "line text of the source, file:line:column" for plans that the runtime
  /// reads.
  std::string line(Range range) const;

private:
  const SourceManager &sources;
  mlir::MLIRContext &context;
  mlir::FloatType realType;
  mlir::IntegerType wholeType, truthType;
  llvm::DenseMap<const core::Atom *, std::string> names;
  std::map<const core::Atom *, SizeExpr> aliases;
};

} // namespace lamina::irgen

#endif // LAMINA_FRONTEND_IRGEN_TYPES_H
