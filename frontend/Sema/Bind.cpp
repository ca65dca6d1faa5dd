// SPDX-License-Identifier: Apache-2.0
//
// Matching a signature against arguments.
//
// Arguments are closed when a call is reached, so a signature matches them:
// names first, then expressions that are linear in one name, then numbers take
// shapes.

#include "frontend/Sema/Bind.h"

#include "frontend/Sema/Arguments.h"

namespace lamina::sema {

using core::Axis;
using core::Elem;

//===-- Signatures --------------------------------------------------------===//

/// Matches the typed parameters of one call.
class SignatureBinder {
public:
  SignatureBinder(Evaluator &e, FrameScope &callee, llvm::StringRef name,
                  std::vector<BoundArg> &args)
      : e(e), dims(e.dims), callee(callee), name(name), args(args),
        caller(e.scope) {}

  bool bind();

private:
  bool shape(BoundArg &arg);
  std::optional<bool> asSetting(BoundArg &arg, const ast::TensorType *type);
  bool fitsRank(const BoundArg &arg, const ast::TensorType &type);
  bool names(BoundArg &arg);
  bool expressions(BoundArg &arg);
  bool element(BoundArg &arg);
  bool bound(BoundArg &arg);
  bool takeBound(BoundArg &arg, const ast::Expr *written);
  bool reportElement(const BoundArg &arg, llvm::StringRef takes);
  bool bindPack(BoundArg &arg, llvm::ArrayRef<Axis> axes);
  bool check(BoundArg &arg, Dim declared, const Axis &axis, Range at);
  bool solve(BoundArg &arg, const ast::Expr *expr, const Axis &axis);
  bool finish(BoundArg &arg);

  const ast::TensorType *typeOf(const BoundArg &arg) {
    return arg.parameter->type
               ? llvm::dyn_cast<ast::TensorType>(arg.parameter->type)
               : nullptr;
  }
  Dim fresh(Symbol symbol, Dim to, Range range) {
    return dims.name(symbol, to.size(), range);
  }

  Evaluator &e;
  core::DimContext &dims;
  FrameScope &callee;
  llvm::StringRef name;
  std::vector<BoundArg> &args;
  Scope *caller;
};

/// What goes in as it is: no tensor is declared, or a known number is given.
/// None for a tensor; false after a diagnostic.
std::optional<bool> SignatureBinder::asSetting(BoundArg &arg,
                                               const ast::TensorType *type) {
  if (!type || arg.value.isNone()) {
    arg.isSetting = true;
    return true;
  }
  if (type->element == ast::ElementKind::Any) {
    arg.isSetting = arg.value.kind != Value::RunTime;
    if (!arg.isSetting) {
      arg.operand = e.runTime(arg.value, arg.range);
      arg.type = arg.operand->type;
    }
    return true;
  }
  bool isNumber =
      arg.value.kind == Value::Number || arg.value.kind == Value::Truth;
  if (isNumber && type->dimensions.empty() && !arg.value.scalar) {
    arg.isSetting = true; // a number stays known, for bounds of loops
    if (type->element == ast::ElementKind::Int && !arg.value.dim) {
      e.report(Rule::call_c8, arg.range,
               "'" + arg.parameter->name.text +
                   "' takes a whole number, and this is " + e.text(arg.source));
      return false;
    }
    return true;
  }
  if (type->element == ast::ElementKind::Int && type->dimensions.empty() &&
      arg.value.kind == Value::RunTime)
    if (Dim size = e.dimensionOf(arg.value)) {
      // A flag that is a size stays one.
      arg.value = Value::number(size, arg.range);
      arg.isSetting = true;
      return true;
    }
  return std::nullopt;
}

bool SignatureBinder::fitsRank(const BoundArg &arg,
                               const ast::TensorType &type) {
  unsigned rank = arg.operand->type.rank(), written = type.dimensions.size();
  bool hasPack = llvm::any_of(type.dimensions, [](auto &d) {
    return llvm::isa<ast::EllipsisExpr>(d.size);
  });
  if (hasPack ? rank + 1 >= written : rank == written)
    return true;
  e.report(Rule::call_c3, arg.range,
           "'" + e.text(arg.source) + "' has " + llvm::Twine(rank) +
               (rank == 1 ? " dimension, " : " dimensions, ") +
               arg.operand->type.str() + ", and '" + arg.parameter->name.text +
               "' of '" + name + "' takes " + (hasPack ? "at least " : "") +
               llvm::Twine(written - hasPack) + ", " +
               e.session.sources.getText(type.range))
      .note(arg.parameter->range,
            "'" + arg.parameter->name.text + "' is declared here");
  return false;
}

/// Which parameters are tensors, and whether their ranks fit.
bool SignatureBinder::shape(BoundArg &arg) {
  auto *type = typeOf(arg);
  EvaluatedArg given{arg.parameter->name.text, arg.value, nullptr, arg.source,
                     arg.range};
  if (!Arguments(e).fitsMask(*arg.parameter, given))
    return false;
  if (auto isGood = asSetting(arg, type))
    return *isGood;
  arg.operand = e.runTime(arg.value, arg.range);
  if (arg.operand->type.isError())
    return false;
  if (!arg.operand->type.isTensor()) {
    e.report(Rule::call_c8, arg.range,
             "'" + arg.parameter->name.text + "' takes a tensor, and this is " +
                 arg.value.describe());
    return false;
  }
  if (arg.operand->type.rank() == 0 && !type->dimensions.empty()) {
    arg.waits = true;
    return true;
  }
  return fitsRank(arg, *type);
}

static std::string spellAxes(core::Type type) {
  type.elem.kind = Elem::Real;
  return type.axes.empty() ? "[]" : type.str(true);
}

bool SignatureBinder::bindPack(BoundArg &arg, llvm::ArrayRef<Axis> axes) {
  if (!callee.hasPack) {
    callee.hasPack = true;
    for (auto [i, axis] : llvm::enumerate(axes)) {
      Dim atom = dims.pack(i, axis.size(), arg.parameter->range);
      callee.pack.push_back({atom, axis.name});
      callee.back.push_back({atom, axis.dim});
    }
    return true;
  }
  bool equal = axes.size() == callee.pack.size();
  for (unsigned i = 0; equal && i < axes.size(); ++i)
    equal = axes[i].size() == callee.pack[i].size();
  if (equal)
    return true;
  core::Type before = arg.operand->type, here = before;
  before.axes.assign(callee.pack.begin(), callee.pack.end());
  here.axes.assign(axes.begin(), axes.end());
  e.report(Rule::call_c1, arg.range,
           "'...' of '" + name + "' stands for " + spellAxes(before) +
               " in this call, and for " + spellAxes(here) + " in '" +
               e.text(arg.source) + "'")
      .note(arg.parameter->range, "in this parameter");
  return false;
}

bool SignatureBinder::check(BoundArg &arg, Dim declared, const Axis &axis,
                            Range at) {
  callee.back.push_back({declared, axis.dim});
  if (declared.size() == axis.size() || e.same(declared, axis.dim))
    return true;
  e.report(Rule::call_c1, arg.range,
           "'" + declared.str() + "' is " + declared.size().str() +
               " here, and this dimension of '" + e.text(arg.source) + "' is " +
               axis.size().str())
      .note(at, "'" + name + "' takes '" + declared.str() + "' here");
  return false;
}

/// Walks the axes of a parameter beside those of its argument.
template <typename Visit>
static bool forEachAxis(const ast::TensorType &type, llvm::ArrayRef<Axis> axes,
                        Visit visit) {
  unsigned at = 0, rest = axes.size() - (type.dimensions.size() - 1);
  for (auto &dimension : type.dimensions) {
    bool pack = llvm::isa<ast::EllipsisExpr>(dimension.size);
    unsigned count = pack ? rest : 1;
    if (!visit(dimension, axes.slice(at, count), pack))
      return false;
    at += count;
  }
  return true;
}

bool SignatureBinder::names(BoundArg &arg) {
  auto *type = typeOf(arg);
  return forEachAxis(*type, arg.operand->type.axes,
                     [&](auto &dimension, auto axes, bool pack) {
                       if (pack)
                         return bindPack(arg, axes);
                       const ast::Expr *size = dimension.size;
                       if (auto *call = llvm::dyn_cast<ast::CallExpr>(size);
                           call && llvm::isa<ast::NameExpr>(call->callee) &&
                           e.newName(call->callee))
                         size = call->callee;
                       auto *word = llvm::dyn_cast<ast::NameExpr>(size);
                       if (!word)
                         return true;
                       if (Dim known = e.knownDimension(word))
                         return check(arg, known, axes[0], dimension.range);
                       Dim atom =
                           fresh(word->name, axes[0].dim, dimension.range);
                       e.bindDimension(callee, {word->name, word->range}, atom);
                       callee.back.push_back({atom, axes[0].dim});
                       return true;
                     });
}

bool SignatureBinder::expressions(BoundArg &arg) {
  auto *type = typeOf(arg);
  return forEachAxis(*type, arg.operand->type.axes,
                     [&](auto &dimension, auto axes, bool pack) {
                       if (pack || llvm::isa<ast::NameExpr>(dimension.size))
                         return true;
                       if (Dim known = e.knownDimension(dimension.size)) {
                         if (dimension.name)
                           e.bindDimension(callee, dimension.name, known);
                         auto *call =
                             llvm::dyn_cast<ast::CallExpr>(dimension.size);
                         if (call && known.size() == axes[0].size())
                           return true;
                         return check(arg, known, axes[0], dimension.range);
                       }
                       return solve(arg, dimension.size, axes[0]);
                     });
}

/// Binds the one new name of `expr`, which is linear in it.
bool SignatureBinder::solve(BoundArg &arg, const ast::Expr *expr,
                            const Axis &axis) {
  ast::Name unknown = e.newName(expr);
  if (!unknown)
    return false;
  // The expression over a stand-in for the name, to read factor and rest off
  // it.
  Dim standIn = dims.name(unknown.text, dims.constant(1), unknown.range);
  e.bindDimension(callee, unknown, standIn);
  Dim written = e.knownDimension(expr);
  auto linear = written ? dims.linearIn(written, standIn.atom()) : std::nullopt;
  if (!linear || linear->first.monomials().empty()) {
    e.report(Rule::dim_c3, expr->range,
             "'" + e.text(expr) + "' does not say what '" + unknown.text +
                 "' is")
        .note(
            "a signature binds one name in an expression that is linear in it");
    return false;
  }
  Dim wanted = axis.size() - linear->second.size();
  auto quotient = dims.divideExactly(wanted, linear->first.size());
  if (!quotient) {
    e.report(Rule::call_c2, arg.range,
             "'" + e.text(expr) + "' is " + axis.size().str() + " here, and " +
                 wanted.str() + " is not a multiple of " +
                 linear->first.size().str())
        .note(expr->range, "'" + name + "' takes '" + e.text(expr) + "' here");
    return false;
  }
  auto caller = dims.divideExactly(axis.dim - linear->second, linear->first);
  Dim atom = dims.name(unknown.text, *quotient, unknown.range);
  e.bindDimension(callee, unknown, atom);
  callee.back.push_back({e.knownDimension(expr), axis.dim});
  callee.back.push_back({atom, caller ? *caller : *quotient});
  return true;
}

bool SignatureBinder::reportElement(const BoundArg &arg,
                                    llvm::StringRef takes) {
  e.report(Rule::call_c8, arg.range,
           "'" + arg.parameter->name.text + "' of '" + name + "' takes " +
               takes + ", and this is " + arg.operand->type.str())
      .note(arg.parameter->range, "declared here");
  return false;
}

/// `id(n)` with a new `n`: as large as what is given.
bool SignatureBinder::takeBound(BoundArg &arg, const ast::Expr *written) {
  const Elem &given = arg.operand->type.elem;
  ast::Name unknown = e.newName(written);
  if (!unknown || !given.high) {
    e.report(Rule::range_c2, arg.range,
             "nothing says how large '" + e.text(arg.source) + "' may be")
        .note("declare it as 'id(n)': checked where data comes in");
    return false;
  }
  Dim atom = fresh(unknown.text, given.high + 1, unknown.range);
  e.bindDimension(callee, unknown, atom);
  callee.back.push_back({atom, given.high + 1});
  return true;
}

/// Whether a whole number lies in the range of `id(n)`.
bool SignatureBinder::bound(BoundArg &arg) {
  const Elem &given = arg.operand->type.elem;
  if (!given.isWhole())
    return reportElement(arg, "whole numbers of a range");
  const ast::Expr *written = typeOf(arg)->bound;
  Dim bound = e.knownDimension(written);
  if (!bound)
    return takeBound(arg, written);
  Dim exact = e.exactOf(arg.operand);
  auto within = [&](Dim value, bool low) {
    return value && e.provesNotNegative(low ? value : bound - 1 - value);
  };
  if ((within(given.low, true) || within(exact, true)) &&
      (within(given.high, false) || within(exact, false)))
    return true;
  auto &diag =
      e.report(Rule::call_c5, arg.range,
               "'" + arg.parameter->name.text + "' has to be below " +
                   bound.size().str() + ", and " +
                   (given.high ? "this may be " + given.high.size().str()
                               : std::string("nothing bounds this")));
  diag.note(arg.parameter->range, "declared here");
  llvm::SaveAndRestore<Scope *> in(e.scope, caller);
  e.noteOrigins(diag, {arg.source});
  return false;
}

bool SignatureBinder::element(BoundArg &arg) {
  auto *type = typeOf(arg);
  const Elem &given = arg.operand->type.elem;
  switch (type->element) {
  case ast::ElementKind::Real:
    if (given.isTruth())
      return reportElement(arg, "numbers");
    arg.operand = e.convert(arg.operand, Elem::Real);
    return true;
  case ast::ElementKind::Bool:
    return given.isTruth() || reportElement(arg, "truth values");
  case ast::ElementKind::Int:
    return given.isWhole() || reportElement(arg, "whole numbers");
  case ast::ElementKind::Id:
    return bound(arg);
  case ast::ElementKind::Any:
    return true;
  }
  return true;
}

/// The type inside the callee, and numbers in their declared shape.
bool SignatureBinder::finish(BoundArg &arg) {
  auto *type = typeOf(arg);
  core::Type declared = e.resolve(type);
  if (declared.isError())
    return false;
  if (arg.waits) {
    core::Type wide = arg.operand->type;
    wide.axes = declared.axes;
    for (Axis &axis : wide.axes) // the caller's dims
      axis.dim = e.backDim(callee, axis.dim);
    auto *node = e.program.make<core::Broadcast>(wide, arg.range);
    node->operand = arg.operand;
    arg.operand = node;
  }
  arg.type = arg.operand->type;
  arg.type.axes = declared.axes;
  for (auto [axis, given] : llvm::zip(arg.type.axes, arg.operand->type.axes))
    if (axis.name.empty())
      axis.name = given.name;
  if (type->element == ast::ElementKind::Id)
    arg.type.elem = declared.elem;
  return true;
}

bool SignatureBinder::bind() {
  // Arguments belong to the caller, dimensions are looked up in the callee.
  for (BoundArg &arg : args)
    if (!shape(arg))
      return false;
  llvm::SaveAndRestore<Scope *> in(e.scope, &callee);
  llvm::SaveAndRestore<FrameScope *> inFrame(e.frame, &callee);
  auto tensors = [&](auto step, bool waiting) {
    for (BoundArg &arg : args)
      if (!arg.isSetting && typeOf(arg) &&
          typeOf(arg)->element != ast::ElementKind::Any &&
          (waiting || !arg.waits))
        if (!(this->*step)(arg))
          return false;
    return true;
  };
  return tensors(&SignatureBinder::names, false) &&
         tensors(&SignatureBinder::expressions, false) &&
         tensors(&SignatureBinder::element, true) &&
         tensors(&SignatureBinder::finish, true);
}

/// In one scope a parameter and a dimension have different names.
static bool namesDiffer(Evaluator &e, FrameScope &callee,
                        const std::vector<BoundArg> &args) {
  for (const BoundArg &arg : args) {
    Binding *bound = callee.find(arg.parameter->name.text);
    if (!bound || bound->kind != Binding::Dimension)
      continue;
    e.report(Rule::name_c3, arg.parameter->name.range,
             "'" + arg.parameter->name.text +
                 "' is a dimension of this signature, and in one scope it "
                 "cannot be a parameter too")
        .note(bound->range, "the dimension is here");
    return false;
  }
  return true;
}

bool Evaluator::bindSignature(FrameScope &callee, llvm::StringRef name,
                              std::vector<BoundArg> &args) {
  return SignatureBinder(*this, callee, name, args).bind() &&
         namesDiffer(*this, callee, args);
}

} // namespace lamina::sema
