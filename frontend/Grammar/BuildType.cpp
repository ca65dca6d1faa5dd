// SPDX-License-Identifier: Apache-2.0
//
// Types from the parse tree.
//
// A type is parsed as an expression with suffixes (`id(n)[b, t]?` is a call,
// brackets and a mark), because `x: …` may be followed by either.

#include "frontend/Grammar/BuildAST.h"

#include "llvm/ADT/SmallVector.h"
#include "llvm/ADT/StringSwitch.h"

#include <optional>

using namespace lamina;
using namespace lamina::grammar;
using namespace lamina::ast;

/// The postfix that a pipeline consists of, or null if it has an operator.
static LaminaParser::PostfixContext *
getOnlyPostfix(LaminaParser::PipelineContext *context) {
  antlr4::tree::ParseTree *at = context;
  for (;;) {
    if (auto *postfix = dynamic_cast<LaminaParser::PostfixContext *>(at))
      return postfix;
    if (at->children.size() != 1)
      return nullptr;
    at = at->children[0];
  }
}

Type *Builder::refuseType(antlr4::ParserRuleContext *context) {
  refuse(Rule::parse_c11, at(context),
         "'" + textAt(at(context)) + "' is no type")
      .note("a type is '[b, n]', 'real', 'int[b]', 'bool[b]', 'id(n)[b]', "
            "'any', 'mask', 'score' or a tuple of types");
  return arena.make<ErrorType>(at(context));
}

Type *Builder::build(P::TypeContext *context) {
  return buildType(context->postfix());
}

Type *Builder::buildType(P::PipelineContext *context) {
  P::PostfixContext *postfix = getOnlyPostfix(context);
  return postfix ? buildType(postfix) : refuseType(context);
}

Dimension Builder::buildDimension(Expr *first, Expr *second) {
  if (!second)
    return {{}, first, first->range};
  Range range = first->range.to(second->range);
  if (auto *name = llvm::dyn_cast<NameExpr>(first))
    return {toName(name), second, range};
  refuse(Rule::parse_c7, first->range,
         "left of '=' in a type stands the name of an axis");
  return {{}, second, range};
}

bool Builder::buildDimensions(P::BracketsContext *context,
                              llvm::SmallVectorImpl<Dimension> &dimensions) {
  if (context->WHERE() || context->ELSE())
    return false;
  for (P::IndexContext *index : context->index()) {
    if (index->COLON())
      return false;
    dimensions.push_back(
        buildDimension(build(index->expr(0)), buildOptional(index->expr(1))));
  }
  return true;
}

Type *Builder::buildTupleType(P::ParenthesisedContext *context,
                              bool isOptional) {
  llvm::SmallVector<TupleTypeEntry> entries;
  for (P::EntryContext *entry : context->entry()) {
    auto parts = entry->pipeline();
    Name name = buildLabel(parts, "part");
    entries.push_back({name, buildType(parts.back())});
  }
  return arena.make<TupleType>(at(context), isOptional, arena.copy(entries));
}

Type *Builder::buildType(P::PostfixContext *context) {
  auto suffixes = context->suffix();
  bool isOptional = !suffixes.empty() &&
                    dynamic_cast<P::OptionalSuffixContext *>(suffixes.back());
  size_t numOthers = suffixes.size() - isOptional;
  if (auto *list = dynamic_cast<P::ListContext *>(context->atom())) {
    if (numOthers != 0)
      return refuseType(context);
    llvm::SmallVector<Dimension> dimensions;
    for (P::ElementContext *element : list->element())
      dimensions.push_back(buildDimension(build(element->expr(0)),
                                          buildOptional(element->expr(1))));
    return arena.make<TensorType>(at(context), isOptional, ElementKind::Real,
                                  nullptr, arena.copy(dimensions), true);
  }
  if (auto *parens = dynamic_cast<P::ParenthesisedContext *>(context->atom()))
    return numOthers == 0 ? buildTupleType(parens, isOptional)
                          : refuseType(context);
  if (dynamic_cast<P::NameAtomContext *>(context->atom()))
    return buildNamedType(context, isOptional);
  return refuseType(context);
}

static std::optional<ElementKind> getElement(llvm::StringRef name) {
  return llvm::StringSwitch<std::optional<ElementKind>>(name)
      .Case("real", ElementKind::Real)
      .Case("int", ElementKind::Int)
      .Case("bool", ElementKind::Bool)
      .Case("id", ElementKind::Id)
      .Case("any", ElementKind::Any)
      .Default(std::nullopt);
}

/// The `n` of `id(n)`; null after a diagnostic.
Expr *Builder::buildBound(P::PostfixContext *context,
                          P::SuffixContext *suffix) {
  auto *call = dynamic_cast<P::CallSuffixContext *>(suffix);
  bool isBound = call && call->argument().size() == 1 &&
                 call->argument(0)->pipeline().size() == 1 &&
                 !call->argument(0)->OVER();
  if (!isBound) {
    refuse(Rule::parse_c11, at(context), "'id' needs the number of its values")
        .note("write 'id(n)'; 'int' is any whole number");
    return nullptr;
  }
  return build(call->argument(0)->pipeline(0));
}

/// `mask`, `real`, `id(n)[b, t]`.
Type *Builder::buildNamedType(P::PostfixContext *context, bool isOptional) {
  llvm::StringRef word = textAt(at(context->atom()));
  auto suffixes = context->suffix();
  if (isOptional)
    suffixes.pop_back();
  if (word == "mask" && suffixes.empty())
    return arena.make<MaskType>(at(context), isOptional);
  if (word == "score" && suffixes.empty())
    return arena.make<ScoreType>(at(context), isOptional);
  std::optional<ElementKind> element = getElement(word);
  if (!element)
    return refuseType(context);

  size_t used = 0;
  Expr *bound = nullptr;
  if (*element == ElementKind::Id) {
    bound = buildBound(context, suffixes.empty() ? nullptr : suffixes[0]);
    if (!bound)
      return arena.make<ErrorType>(at(context));
    used = 1;
  }
  llvm::SmallVector<Dimension> dimensions;
  bool hasBrackets = used < suffixes.size();
  if (hasBrackets) {
    auto *index = dynamic_cast<P::IndexSuffixContext *>(suffixes[used++]);
    if (!index || used != suffixes.size() ||
        !buildDimensions(index->brackets(), dimensions))
      return refuseType(context);
  }
  return arena.make<TensorType>(at(context), isOptional, *element, bound,
                                arena.copy(dimensions), hasBrackets);
}
