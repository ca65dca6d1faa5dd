// SPDX-License-Identifier: Apache-2.0
//
// Declarations from the parse tree.

#include "frontend/Grammar/BuildAST.h"

#include "llvm/ADT/SmallVector.h"

using namespace lamina;
using namespace lamina::grammar;
using namespace lamina::ast;

//===----------------------------------------------------------------------===//
// Parts
//===----------------------------------------------------------------------===//

/// The `///` lines that end right above the construct.
llvm::StringRef Builder::getDoc(antlr4::ParserRuleContext *context) {
  uint32_t begin = at(context).begin;
  auto after = std::partition_point(
      ast.tokens.begin(), ast.tokens.end(),
      [&](const Token &token) { return token.range.begin < begin; });
  auto first = after;
  while (first != ast.tokens.begin() &&
         std::prev(first)->kind == Token::Kind::Doc &&
         (first == after || first->blankLinesBefore == 0))
    --first;
  if (first == after)
    return "";
  std::string doc;
  for (auto token = first; token != after; ++token) {
    llvm::StringRef line = token->text.drop_front(3);
    line.consume_front(" ");
    doc += (doc.empty() ? "" : "\n") + line.rtrim().str();
  }
  return arena.copyText(doc);
}

Parameters Builder::build(P::ParametersContext *context) {
  if (!context)
    return {};
  llvm::SmallVector<Parameter> list;
  for (P::ParameterContext *parameter : context->parameter())
    list.push_back({build(parameter->name()),
                    parameter->type() ? build(parameter->type()) : nullptr,
                    buildOptional(parameter->expr()), at(parameter)});
  return {arena.copy(list), at(context)};
}

Body Builder::build(P::BodyContext *context, LastValue last) {
  if (context->block())
    return {nullptr, build(context->block(), last)};
  return {build(context->expr()), nullptr};
}

Decl *Builder::buildDefinition(P::DefinitionContext *context, FunctionKind kind,
                               antlr4::ParserRuleContext *whole) {
  return arena.make<FunctionDecl>(
      at(whole), getDoc(whole), kind, build(context->name()),
      build(context->parameters()),
      context->brackets() ? build(context->brackets()) : Brackets(),
      context->type() ? build(context->type()) : nullptr,
      build(context->body(), LastValue::IsResult));
}

//===----------------------------------------------------------------------===//
// Layers
//===----------------------------------------------------------------------===//

Decl *Builder::buildMember(P::MemberContext *context) {
  if (auto *m = dynamic_cast<P::WeightMemberContext *>(context))
    return arena.make<WeightDecl>(at(m), getDoc(m), m->STATE() != nullptr,
                                  buildWeights(m->weight()),
                                  buildOptional(m->expr()));
  if (auto *m = dynamic_cast<P::FieldMemberContext *>(context))
    return arena.make<FieldDecl>(at(m), getDoc(m), buildNames(m->name()),
                                 build(m->pipeline()),
                                 buildOptional(m->expr()));
  if (auto *m = dynamic_cast<P::MaskMemberContext *>(context))
    return buildDefinition(m->definition(),
                           m->MASK() ? FunctionKind::Mask : FunctionKind::Score,
                           m);
  if (auto *m = dynamic_cast<P::NamedCallContext *>(context))
    return buildDefinition(m->definition(), FunctionKind::Call, m);
  auto *m = static_cast<P::CallContext *>(context);
  return arena.make<FunctionDecl>(at(m), getDoc(m), FunctionKind::Call, Name(),
                                  build(m->parameters()), Brackets(),
                                  m->type() ? build(m->type()) : nullptr,
                                  build(m->body(), LastValue::IsResult));
}

Decl *Builder::buildLayer(P::LayerDeclarationContext *context) {
  llvm::SmallVector<Decl *> members;
  for (P::MemberLineContext *line : context->members()->memberLine()) {
    if (line->exception) {
      ast.isWhole = false;
      members.push_back(arena.make<ErrorDecl>(at(line)));
    } else if (line->member()) {
      members.push_back(buildMember(line->member()));
    }
  }
  bool isModel = context->MODEL() != nullptr;
  Parameters settings = build(context->parameters());
  if (isModel && settings)
    refuse(Rule::parse_c12, settings.range,
           "a model has no settings: there is one of it")
        .note("'layer' has settings; constants of the file are in scope here");
  return arena.make<LayerDecl>(
      at(context), getDoc(context), isModel, build(context->name()), settings,
      context->INVERTIBLE() != nullptr, arena.copy(members));
}

//===----------------------------------------------------------------------===//
// Declarations
//===----------------------------------------------------------------------===//

Decl *Builder::buildImport(P::ImportDeclarationContext *context) {
  return arena.make<ImportDecl>(
      at(context), getDoc(context), buildText(context->TEXT()),
      context->name() ? build(context->name()) : Name());
}

void Builder::buildConsts(P::ConstDeclarationContext *context,
                          llvm::SmallVectorImpl<Decl *> &decls) {
  bool continues = false;
  for (P::ConstantContext *constant : context->constant()) {
    Range range =
        continues ? at(constant) : at(context->CONST()).to(at(constant));
    decls.push_back(arena.make<ConstDecl>(
        range, continues ? "" : getDoc(context), build(constant->name()),
        constant->brackets() ? build(constant->brackets()) : Brackets(),
        build(constant->expr()), continues));
    continues = true;
  }
}

Decl *Builder::buildFunction(P::FunctionDeclarationContext *context) {
  FunctionKind kind = context->FUNCTION() ? FunctionKind::Function
                      : context->LOSS()   ? FunctionKind::Loss
                      : context->METRIC() ? FunctionKind::Metric
                      : context->MASK()   ? FunctionKind::Mask
                      : context->SCORE()  ? FunctionKind::Score
                                          : FunctionKind::Sample;
  return buildDefinition(context->definition(), kind, context);
}

Decl *Builder::buildOptimizer(P::OptimizerDeclarationContext *context) {
  Body body;
  if (context->block())
    body.block = build(context->block(), LastValue::IsUnused);
  else
    body.expr = build(context->pipeline());
  return arena.make<OptimizerDecl>(
      at(context), getDoc(context), build(context->name()),
      build(context->parameters()),
      context->type() ? build(context->type()) : nullptr, body);
}

Decl *Builder::buildGroup(P::GroupDeclarationContext *context) {
  return arena.make<GroupDecl>(at(context), getDoc(context),
                               build(context->name()), build(context->expr()));
}

Decl *Builder::buildData(P::DataDeclarationContext *context) {
  bool hasSource = context->FROM() != nullptr;
  Expr *expr = build(context->expr());
  auto names = buildNames(context->names()->name());
  const Block *lines =
      hasSource ? build(context->block(), LastValue::IsUnused) : nullptr;
  if (hasSource && names.size() != 1)
    refuse(Rule::parse_c12, names[1].range,
           "data from a source has one name; 'split' makes several of it");
  return arena.make<DataDecl>(at(context), getDoc(context), names,
                              hasSource ? nullptr : expr,
                              hasSource ? expr : nullptr, lines);
}

Decl *Builder::buildTrain(P::TrainDeclarationContext *context) {
  return arena.make<TrainDecl>(
      at(context), getDoc(context), build(context->place(0)),
      context->name() ? build(context->name()) : Name(),
      context->FROM() ? build(context->place(1)) : Place(),
      build(context->items()));
}

Decl *Builder::buildTest(P::TestDeclarationContext *context) {
  return arena.make<TestDecl>(at(context), getDoc(context),
                              buildText(context->TEXT()),
                              build(context->block(), LastValue::IsUnused));
}

/// `blocks.3.0.kernel`: "3.0" is one number to the lexer.
llvm::ArrayRef<Name> Builder::build(P::PatternContext *context) {
  llvm::SmallVector<Name> parts;
  for (P::PatternPartContext *part : context->patternPart()) {
    Range range = at(part);
    llvm::SmallVector<llvm::StringRef> pieces;
    textAt(range).split(pieces, '.');
    for (llvm::StringRef piece : pieces)
      parts.push_back({piece, range});
  }
  return arena.copy(parts);
}

Decl *Builder::buildMaps(P::WeightsDeclarationContext *context) {
  llvm::SmallVector<WeightMap> maps;
  for (P::MapLineContext *line : context->maps()->mapLine()) {
    if (line->exception)
      ast.isWhole = false;
    else if (line->TEXT())
      maps.push_back({buildText(line->TEXT()), build(line->pattern()),
                      line->TRANSPOSED() != nullptr,
                      at(line->TEXT()).to(at(line->pattern()))});
  }
  return arena.make<WeightsDecl>(at(context), getDoc(context),
                                 build(context->name()),
                                 buildText(context->TEXT()), arena.copy(maps));
}

void Builder::build(P::DeclarationContext *context,
                    llvm::SmallVectorImpl<Decl *> &decls) {
  if (auto *d = dynamic_cast<P::ConstDeclarationContext *>(context))
    return buildConsts(d, decls);
  if (auto *d = dynamic_cast<P::ImportDeclarationContext *>(context))
    decls.push_back(buildImport(d));
  else if (auto *d = dynamic_cast<P::LayerDeclarationContext *>(context))
    decls.push_back(buildLayer(d));
  else if (auto *d = dynamic_cast<P::FunctionDeclarationContext *>(context))
    decls.push_back(buildFunction(d));
  else if (auto *d = dynamic_cast<P::OptimizerDeclarationContext *>(context))
    decls.push_back(buildOptimizer(d));
  else if (auto *d = dynamic_cast<P::GroupDeclarationContext *>(context))
    decls.push_back(buildGroup(d));
  else if (auto *d = dynamic_cast<P::DataDeclarationContext *>(context))
    decls.push_back(buildData(d));
  else if (auto *d = dynamic_cast<P::TrainDeclarationContext *>(context))
    decls.push_back(buildTrain(d));
  else if (auto *d = dynamic_cast<P::TestDeclarationContext *>(context))
    decls.push_back(buildTest(d));
  else
    decls.push_back(
        buildMaps(static_cast<P::WeightsDeclarationContext *>(context)));
}

void Builder::buildFile(P::FileContext *tree) {
  llvm::SmallVector<Decl *> decls;
  for (P::DeclarationLineContext *line : tree->declarationLine()) {
    if (line->exception) {
      ast.isWhole = false;
      decls.push_back(arena.make<ErrorDecl>(at(line)));
    } else if (line->declaration()) {
      build(line->declaration(), decls);
    }
  }
  ast.decls = arena.copy(decls);
}

void grammar::buildAST(LaminaParser::FileContext *tree, const Places &places,
                       Diagnostics &diags, FileAST &ast) {
  Builder(places, diags, ast).buildFile(tree);
}
