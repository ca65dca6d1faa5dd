// SPDX-License-Identifier: Apache-2.0
//
// From parse tree to syntax tree.
//
// Narrows the cover grammar: what stands left of `=` is a target, after `:` a
// type or a pipeline. What does not fit is reported here. Each function turns
// one rule of LaminaParser.g4 into its node.

#ifndef LAMINA_FRONTEND_GRAMMAR_BUILDAST_H
#define LAMINA_FRONTEND_GRAMMAR_BUILDAST_H

#include "frontend/AST/AST.h"
#include "frontend/Grammar/Lines.h"

#include "LaminaParser.h"

namespace lamina::grammar {

/// Fills `ast.decls`; sets `isWhole` to false where something was refused.
void buildAST(LaminaParser::FileContext *tree, const Places &places,
              Diagnostics &diags, ast::FileAST &ast);

class Builder {
public:
  Builder(const Places &places, Diagnostics &diags, ast::FileAST &ast)
      : places(places), diags(diags), ast(ast), arena(*ast.arena) {}

  void buildFile(LaminaParser::FileContext *tree);

private:
  using P = LaminaParser;

  // BuildExpr.cpp
  ast::Expr *build(P::PipelineContext *context);
  ast::Expr *build(P::ExprContext *context);
  ast::Expr *build(P::ChoiceContext *context);
  ast::Expr *build(P::EitherContext *context);
  ast::Expr *build(P::BothContext *context);
  ast::Expr *build(P::NegationContext *context);
  ast::Expr *build(P::ComparisonContext *context);
  ast::Expr *build(P::ChainContext *context);
  ast::Expr *build(P::SumContext *context);
  ast::Expr *build(P::ProductContext *context);
  ast::Expr *build(P::UnaryContext *context);
  ast::Expr *build(P::PowerContext *context);
  ast::Expr *build(P::PostfixContext *context);
  ast::Expr *build(P::AtomContext *context);
  /// The name in `name: value`; empty where there is no ':'. `what` is named
  /// so.
  ast::Name buildLabel(llvm::ArrayRef<P::PipelineContext *> parts,
                       llvm::StringRef what);
  ast::Expr *buildCall(ast::Expr *callee, P::CallSuffixContext *context);
  ast::Expr *buildParens(P::ParenthesisedContext *context);
  ast::Expr *buildList(P::ListContext *context);
  ast::Expr *buildLiteral(antlr4::Token *token);
  ast::Expr *buildNumber(antlr4::Token *token);
  ast::TextExpr *buildText(antlr4::Token *token);
  ast::Expr *buildLambda(ast::Expr *parameters, ast::Expr *body);
  ast::Brackets build(P::BracketsContext *context);
  ast::Subscript build(P::IndexContext *context);
  ast::Expr *makeBinary(ast::BinaryOp op, Range opRange, ast::Expr *left,
                        ast::Expr *right);
  /// Operands and operators in turn, from the left.
  template <typename Operand>
  ast::Expr *foldLeft(antlr4::ParserRuleContext *context);
  /// The height of a node over `below`; refuses what is too high.
  bool isTooDeep(unsigned depth, Range range);

  // BuildType.cpp
  ast::Type *build(P::TypeContext *context);
  ast::Type *buildType(P::PipelineContext *context);
  ast::Type *buildType(P::PostfixContext *context);
  ast::Type *buildTupleType(P::ParenthesisedContext *context, bool isOptional);
  ast::Type *buildNamedType(P::PostfixContext *context, bool isOptional);
  ast::Expr *buildBound(P::PostfixContext *context, P::SuffixContext *suffix);
  ast::Type *refuseType(antlr4::ParserRuleContext *context);
  ast::Dimension buildDimension(ast::Expr *first, ast::Expr *second);
  bool buildDimensions(P::BracketsContext *context,
                       llvm::SmallVectorImpl<ast::Dimension> &dimensions);

  // BuildStmt.cpp
  /// Where the values of a block's statements go.
  enum class LastValue { IsResult, IsUnused };
  const ast::Block *build(P::BlockContext *context, LastValue last);
  const ast::Block *build(P::ItemsContext *context);
  ast::Stmt *build(P::StatementContext *context);
  ast::Stmt *build(P::ItemContext *context);
  ast::Stmt *buildFor(P::ForStatementContext *context);
  ast::Stmt *buildOpen(P::OpenStatementContext *context);
  ast::Stmt *buildPlain(P::OpenStatementContext *context);
  template <typename Context>
  std::pair<ast::Name, ast::Expr *> buildNamed(Context *context,
                                               llvm::StringRef what);
  ast::Stmt *buildTake(P::TakeItemContext *context);
  ast::Stmt *buildReport(P::ReportItemContext *context);
  bool buildTarget(P::PartContext *context, ast::Target &target);
  bool toPlace(ast::Expr *expr, llvm::SmallVectorImpl<ast::Name> &names);
  ast::Place build(P::PlaceContext *context);
  ast::Weight build(P::WeightContext *context);
  llvm::ArrayRef<ast::Weight>
  buildWeights(const std::vector<P::WeightContext *> &contexts);
  ast::Stmt *makeErrorStmt(antlr4::ParserRuleContext *context);
  void warnUnused(llvm::ArrayRef<ast::Stmt *> statements, LastValue last);

  // BuildDecl.cpp
  void build(P::DeclarationContext *context,
             llvm::SmallVectorImpl<ast::Decl *> &decls);
  void buildConsts(P::ConstDeclarationContext *context,
                   llvm::SmallVectorImpl<ast::Decl *> &decls);
  ast::Decl *buildImport(P::ImportDeclarationContext *context);
  ast::Decl *buildLayer(P::LayerDeclarationContext *context);
  ast::Decl *buildFunction(P::FunctionDeclarationContext *context);
  ast::Decl *buildOptimizer(P::OptimizerDeclarationContext *context);
  ast::Decl *buildGroup(P::GroupDeclarationContext *context);
  ast::Decl *buildData(P::DataDeclarationContext *context);
  ast::Decl *buildTrain(P::TrainDeclarationContext *context);
  ast::Decl *buildTest(P::TestDeclarationContext *context);
  ast::Decl *buildMaps(P::WeightsDeclarationContext *context);
  ast::Decl *buildMember(P::MemberContext *context);
  ast::Decl *buildDefinition(P::DefinitionContext *context,
                             ast::FunctionKind kind,
                             antlr4::ParserRuleContext *whole);
  ast::Parameters build(P::ParametersContext *context);
  ast::Body build(P::BodyContext *context, LastValue last);
  llvm::ArrayRef<ast::Name> build(P::PatternContext *context);
  llvm::StringRef getDoc(antlr4::ParserRuleContext *context);

  // Everywhere
  Range at(const antlr4::ParserRuleContext *context) const {
    return places.getRange(context);
  }
  Range at(antlr4::tree::TerminalNode *node) const {
    return places.getRange(node->getSymbol());
  }
  llvm::StringRef textAt(Range range) const {
    return diags.getSources().getText(range);
  }
  ast::Name build(P::NameContext *context);
  ast::Name toName(ast::NameExpr *expr) { return {expr->name, expr->range}; }
  ast::TextExpr *buildText(antlr4::tree::TerminalNode *node) {
    return buildText(node->getSymbol());
  }
  llvm::ArrayRef<ast::Name>
  buildNames(const std::vector<P::NameContext *> &contexts);
  /// The expression of an optional rule, or null.
  template <typename Context>
  ast::Expr *buildOptional(Context *context) {
    return context ? build(context) : nullptr;
  }
  /// The expression right after the terminal `type` of `context`, or null.
  ast::Expr *buildAfter(antlr4::ParserRuleContext *context, size_t type);
  Diagnostic &refuse(Rule rule, Range range, const llvm::Twine &text) {
    ast.isWhole = false;
    return diags.report(rule, range, text);
  }
  ast::Expr *makeError(Range range) {
    ast.isWhole = false;
    return arena.make<ast::ErrorExpr>(range);
  }

  const Places &places;
  Diagnostics &diags;
  ast::FileAST &ast;
  ast::Arena &arena;
};

} // namespace lamina::grammar

#endif // LAMINA_FRONTEND_GRAMMAR_BUILDAST_H
