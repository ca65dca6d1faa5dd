// SPDX-License-Identifier: Apache-2.0
//
// Statements from the parse tree.

#include "frontend/Grammar/BuildAST.h"

#include "llvm/ADT/SmallVector.h"

using namespace lamina;
using namespace lamina::grammar;
using namespace lamina::ast;

Stmt *Builder::makeErrorStmt(antlr4::ParserRuleContext *context) {
  ast.isWhole = false;
  return arena.make<ErrorStmt>(at(context));
}

//===----------------------------------------------------------------------===//
// Blocks
//===----------------------------------------------------------------------===//

/// Of the values that stand as statements, only the last of a body is used.
void Builder::warnUnused(llvm::ArrayRef<Stmt *> statements, LastValue last) {
  for (size_t i = 0; i < statements.size(); ++i) {
    auto *value = llvm::dyn_cast<ValueStmt>(statements[i]);
    bool isLast = i + 1 == statements.size();
    if (!value || llvm::isa<ErrorExpr>(value->value) ||
        (isLast && last == LastValue::IsResult))
      continue;
    auto *binary = llvm::dyn_cast<BinaryExpr>(value->value);
    bool isEqual = binary && binary->op == BinaryOp::Equal;
    Diagnostic &d = diags.report(
        Rule::parse_w1, isEqual ? binary->opRange : value->range,
        llvm::Twine("this value is not used") +
            (isLast ? "" : "; it is not the last line of the block"));
    if (isEqual && llvm::isa<NameExpr>(binary->left))
      d.note("'" + textAt(binary->left->range) + " = " +
             textAt(binary->right->range) + "' defines '" +
             textAt(binary->left->range) + "'")
          .fix(binary->opRange, "=");
  }
}

const Block *Builder::build(P::BlockContext *context, LastValue last) {
  llvm::SmallVector<Stmt *> statements;
  for (P::StatementLineContext *line : context->statementLine()) {
    if (line->exception)
      statements.push_back(makeErrorStmt(line));
    else if (line->statement())
      statements.push_back(build(line->statement()));
  }
  warnUnused(statements, last);
  return arena.make<Block>(Block{arena.copy(statements), at(context)});
}

const Block *Builder::build(P::ItemsContext *context) {
  llvm::SmallVector<Stmt *> statements;
  for (P::ItemLineContext *line : context->itemLine()) {
    if (line->exception)
      statements.push_back(makeErrorStmt(line));
    else if (line->item())
      statements.push_back(build(line->item()));
  }
  warnUnused(statements, LastValue::IsUnused);
  return arena.make<Block>(Block{arena.copy(statements), at(context)});
}

//===----------------------------------------------------------------------===//
// Parts
//===----------------------------------------------------------------------===//

Place Builder::build(P::PlaceContext *context) {
  return {buildNames(context->name()), at(context)};
}

Weight Builder::build(P::WeightContext *context) {
  return {build(context->name()),
          context->type() ? build(context->type()) : nullptr,
          context->TILDE() != nullptr, build(context->expr()), at(context)};
}

llvm::ArrayRef<Weight>
Builder::buildWeights(const std::vector<P::WeightContext *> &contexts) {
  llvm::SmallVector<Weight> weights;
  for (P::WeightContext *context : contexts)
    weights.push_back(build(context));
  return arena.copy(weights);
}

/// `a.b.c` as names; false if the expression is something else.
bool Builder::toPlace(Expr *expr, llvm::SmallVectorImpl<Name> &names) {
  if (auto *name = llvm::dyn_cast<NameExpr>(expr)) {
    names.push_back(toName(name));
    return true;
  }
  auto *member = llvm::dyn_cast<MemberExpr>(expr);
  if (!member || !toPlace(member->base, names))
    return false;
  names.push_back(member->member);
  return true;
}

/// Left of `=` or `~`; reports what cannot stand there.
bool Builder::buildTarget(P::PartContext *context, Target &target) {
  Expr *left = build(context->expr());
  target.range = at(context);
  if (context->pipeline())
    target.type = buildType(context->pipeline());
  auto *index = llvm::dyn_cast<IndexExpr>(left);
  auto *name = llvm::dyn_cast<NameExpr>(index ? index->base : left);
  if (name) {
    target.name = toName(name);
    if (index)
      target.brackets = index->brackets;
    return true;
  }
  if (llvm::isa<ErrorExpr>(left))
    return false; // it was reported
  Diagnostic &d =
      refuse(Rule::parse_c7, left->range,
             "left of '=' and '~' stands a name or an indexed name");
  if (llvm::isa<TupleExpr>(left))
    d.note("several names stand without parentheses: 'a, b = …'");
  else if (llvm::isa<MemberExpr>(left))
    d.note("what is inside another name is not defined again");
  else if (llvm::isa<CallExpr>(left))
    d.note("a function is defined by 'function name(…) = …'");
  return false;
}

//===----------------------------------------------------------------------===//
// Statements
//===----------------------------------------------------------------------===//

Stmt *Builder::buildFor(P::ForStatementContext *context) {
  using Kind = ForStmt::RangeKind;
  const Block *body = build(context->block(), LastValue::IsUnused);
  Name name = build(context->name());
  Expr *until = buildAfter(context, P::UNTIL);
  if (context->LESS())
    return arena.make<ForStmt>(at(context), name, Kind::Below, nullptr,
                               build(context->sum()), until, body);
  Expr *from = buildAfter(context, P::IN);
  Expr *to = buildAfter(context, P::TO);
  Kind kind = !to ? Kind::List : context->DOWN() ? Kind::Down : Kind::Up;
  return arena.make<ForStmt>(at(context), name, kind, from, to, until, body);
}

/// No `=`, `~` or `<-`: fields, or a value.
Stmt *Builder::buildPlain(P::OpenStatementContext *context) {
  auto parts = context->part();
  P::PartContext *last = parts.back();
  if (parts.size() == 1 && !last->COLON())
    return arena.make<ValueStmt>(build(last->expr()));
  llvm::SmallVector<Name> names;
  bool isFit = last->COLON();
  for (P::PartContext *part : parts) {
    Expr *left = build(part->expr());
    auto *name = llvm::dyn_cast<NameExpr>(left);
    if (name && (part == last || !part->COLON()))
      names.push_back(toName(name));
    else
      isFit = false;
  }
  if (!isFit) {
    Diagnostic &d =
        refuse(Rule::parse_c7, at(context),
               last->COLON() ? "left of ':' stand names, one field a line"
                             : "several values are no statement");
    if (!last->COLON())
      d.note("several results stand in parentheses: '(a, b)'");
    return makeErrorStmt(context);
  }
  return arena.make<FieldStmt>(at(context), arena.copy(names),
                               build(last->pipeline()));
}

Stmt *Builder::buildOpen(P::OpenStatementContext *context) {
  auto parts = context->part();
  if (!context->expr())
    return buildPlain(context);
  Expr *value = build(context->expr());
  if (context->LEFT_ARROW()) {
    llvm::SmallVector<Name> names;
    bool isPlace = parts.size() == 1 && !parts[0]->COLON() &&
                   toPlace(build(parts[0]->expr()), names);
    if (!isPlace) {
      refuse(Rule::parse_c7, at(parts[0]).to(at(parts.back())),
             "left of '<-' stands the name of one state");
      return makeErrorStmt(context);
    }
    return arena.make<UpdateStmt>(
        at(context), Place{arena.copy(names), at(parts[0])}, value);
  }
  llvm::SmallVector<Target> targets;
  for (P::PartContext *part : parts)
    if (!buildTarget(part, targets.emplace_back()))
      return makeErrorStmt(context);
  return arena.make<DefineStmt>(at(context), arena.copy(targets),
                                context->TILDE() != nullptr, value);
}

Stmt *Builder::build(P::StatementContext *context) {
  Range range = at(context);
  if (auto *s = dynamic_cast<P::OpenStatementContext *>(context))
    return buildOpen(s);
  if (auto *s = dynamic_cast<P::ForStatementContext *>(context))
    return buildFor(s);
  if (auto *s = dynamic_cast<P::WhenStatementContext *>(context))
    return arena.make<WhenStmt>(range, build(s->expr()),
                                build(s->block(), LastValue::IsUnused));
  if (auto *s = dynamic_cast<P::AfterStatementContext *>(context))
    return arena.make<AfterStmt>(range, build(s->block(), LastValue::IsUnused));
  if (auto *s = dynamic_cast<P::PassStatementContext *>(context))
    return arena.make<PassStmt>(range, build(s->expr()));
  if (auto *s = dynamic_cast<P::WhereStatementContext *>(context))
    return arena.make<WhereStmt>(range, build(s->expr()));
  if (auto *s = dynamic_cast<P::AssertStatementContext *>(context))
    return arena.make<AssertStmt>(range, build(s->expr(0)),
                                  buildOptional(s->expr(1)));
  if (auto *s = dynamic_cast<P::GivenStatementContext *>(context))
    return arena.make<GivenStmt>(range, build(s->place()), build(s->expr()));
  auto *s = static_cast<P::StateStatementContext *>(context);
  return arena.make<StateStmt>(range, buildWeights(s->weight()));
}

//===----------------------------------------------------------------------===//
// Items of train bodies
//===----------------------------------------------------------------------===//

/// `name = value`, or a value alone; `what` is named so.
template <typename Context>
std::pair<Name, Expr *> Builder::buildNamed(Context *context,
                                            llvm::StringRef what) {
  Expr *first = build(context->expr(0));
  if (!context->ASSIGN())
    return {Name(), first};
  Expr *value = buildAfter(context, P::ASSIGN);
  if (auto *name = llvm::dyn_cast<NameExpr>(first))
    return {toName(name), value};
  refuse(Rule::parse_c7, first->range,
         "left of '=' stands the name of the " + what);
  return {Name(), value};
}

Stmt *Builder::buildTake(P::TakeItemContext *context) {
  auto [name, data] = buildNamed(context, "batch");
  return arena.make<TakeStmt>(
      at(context), name, data, buildAfter(context, P::BATCH),
      buildAfter(context, P::BY), context->ORDER() != nullptr);
}

Stmt *Builder::buildReport(P::ReportItemContext *context) {
  auto [name, value] = buildNamed(context, "report");
  return arena.make<ReportStmt>(at(context), name, value,
                                buildAfter(context, P::ON),
                                buildAfter(context, P::EVERY));
}

Stmt *Builder::build(P::ItemContext *context) {
  Range range = at(context);
  if (auto *i = dynamic_cast<P::StatementItemContext *>(context))
    return build(i->statement());
  if (auto *i = dynamic_cast<P::TakeItemContext *>(context))
    return buildTake(i);
  if (auto *i = dynamic_cast<P::ReportItemContext *>(context))
    return buildReport(i);
  if (auto *i = dynamic_cast<P::MinimizeItemContext *>(context))
    return arena.make<MinimizeStmt>(range, build(i->expr(0)),
                                    buildAfter(i, P::OVER),
                                    buildAfter(i, P::WITH));
  if (auto *i = dynamic_cast<P::KeepItemContext *>(context))
    return arena.make<KeepStmt>(range, i->HIGHEST() != nullptr,
                                build(i->name()), buildOptional(i->expr()));
  if (auto *i = dynamic_cast<P::StepsItemContext *>(context))
    return arena.make<StepsStmt>(range, i->EPOCHS() != nullptr,
                                 build(i->expr()));
  if (auto *i = dynamic_cast<P::StageItemContext *>(context))
    return arena.make<StageStmt>(range, build(i->name()), build(i->items()));
  auto *i = static_cast<P::RepeatItemContext *>(context);
  return arena.make<RepeatStmt>(range, build(i->expr()), build(i->items()));
}
