// SPDX-License-Identifier: Apache-2.0
//
// Expressions from the parse tree.

#include "frontend/Grammar/BuildAST.h"

#include "llvm/ADT/SmallVector.h"

#include <algorithm>

using namespace lamina;
using namespace lamina::grammar;
using namespace lamina::ast;
using antlr4::tree::TerminalNode;

//===----------------------------------------------------------------------===//
// Names, depth
//===----------------------------------------------------------------------===//

Name Builder::build(P::NameContext *context) {
  Range range = at(context);
  return {textAt(range), range};
}

llvm::ArrayRef<Name>
Builder::buildNames(const std::vector<P::NameContext *> &contexts) {
  llvm::SmallVector<Name> names;
  for (P::NameContext *context : contexts)
    names.push_back(build(context));
  return arena.copy(names);
}

Expr *Builder::buildAfter(antlr4::ParserRuleContext *context, size_t type) {
  bool isFound = false;
  for (antlr4::tree::ParseTree *child : context->children) {
    if (auto *terminal = dynamic_cast<TerminalNode *>(child))
      isFound = terminal->getSymbol()->getType() == type;
    else if (auto *expr = dynamic_cast<P::ExprContext *>(child);
             expr && isFound)
      return build(expr);
    else if (auto *line = dynamic_cast<P::PipelineContext *>(child);
             line && isFound)
      return build(line);
  }
  return nullptr;
}

bool Builder::isTooDeep(unsigned depth, Range range) {
  if (depth <= Expr::maxDepth)
    return false;
  refuse(Rule::parse_c3, range,
         "this expression has more than " + llvm::Twine(Expr::maxDepth) +
             " operations inside one another")
      .note("give a part of it a name");
  return true;
}

static unsigned getDepth(Expr *a, Expr *b = nullptr, Expr *c = nullptr) {
  unsigned depth = a->depth;
  if (b)
    depth = std::max<unsigned>(depth, b->depth);
  if (c)
    depth = std::max<unsigned>(depth, c->depth);
  return depth + 1;
}

//===----------------------------------------------------------------------===//
// Operators
//===----------------------------------------------------------------------===//

static BinaryOp getOp(size_t type) {
  using P = LaminaParser;
  switch (type) {
  case P::PLUS:
    return BinaryOp::Add;
  case P::MINUS:
    return BinaryOp::Subtract;
  case P::STAR:
    return BinaryOp::Multiply;
  case P::SLASH:
    return BinaryOp::Divide;
  case P::CARET:
    return BinaryOp::Power;
  case P::AT:
    return BinaryOp::Join;
  case P::DIV:
    return BinaryOp::Div;
  case P::MOD:
    return BinaryOp::Mod;
  case P::EQUAL:
    return BinaryOp::Equal;
  case P::NOT_EQUAL:
    return BinaryOp::NotEqual;
  case P::LESS:
    return BinaryOp::Less;
  case P::LESS_EQUAL:
    return BinaryOp::LessEqual;
  case P::GREATER:
    return BinaryOp::Greater;
  case P::GREATER_EQUAL:
    return BinaryOp::GreaterEqual;
  case P::AND:
    return BinaryOp::And;
  case P::OR:
    return BinaryOp::Or;
  case P::THEN:
    return BinaryOp::Then;
  default:
    llvm_unreachable("the grammar has no other infix operator");
  }
}

Expr *Builder::makeBinary(BinaryOp op, Range opRange, Expr *left, Expr *right) {
  Range range = left->range.to(right->range);
  unsigned depth = getDepth(left, right);
  if (isTooDeep(depth, range))
    return makeError(range);
  return arena.make<BinaryExpr>(range, depth, op, opRange, left, right);
}

template <typename Operand>
Expr *Builder::foldLeft(antlr4::ParserRuleContext *context) {
  Expr *result = nullptr;
  TerminalNode *op = nullptr;
  for (antlr4::tree::ParseTree *child : context->children) {
    if (auto *terminal = dynamic_cast<TerminalNode *>(child)) {
      op = terminal;
      continue;
    }
    Expr *operand = build(static_cast<Operand *>(child));
    result = result ? makeBinary(getOp(op->getSymbol()->getType()), at(op),
                                 result, operand)
                    : operand;
  }
  return result;
}

Expr *Builder::build(P::EitherContext *context) {
  return foldLeft<P::BothContext>(context);
}

Expr *Builder::build(P::BothContext *context) {
  return foldLeft<P::NegationContext>(context);
}

Expr *Builder::build(P::NegationContext *context) {
  Expr *operand = build(context->comparison());
  if (!context->NOT())
    return operand;
  Range range = at(context->NOT()).to(operand->range);
  if (isTooDeep(getDepth(operand), range))
    return makeError(range);
  return arena.make<UnaryExpr>(range, UnaryOp::Not, operand);
}

Expr *Builder::build(P::ComparisonContext *context) {
  auto chains = context->chain();
  auto comparators = context->comparator();
  Expr *left = build(chains[0]);
  if (comparators.empty())
    return left;
  Expr *right = build(chains[1]);
  if (comparators.size() > 1) {
    refuse(Rule::parse_c9, at(comparators[1]),
           "a comparison has two sides, and this is a second '" +
               textAt(at(comparators[1])) + "'")
        .note("write 'a < b and b < c'");
    return makeError(at(context));
  }
  size_t type = comparators[0]->start->getType();
  return makeBinary(getOp(type), at(comparators[0]), left, right);
}

Expr *Builder::build(P::ChainContext *context) {
  return foldLeft<P::SumContext>(context);
}

Expr *Builder::build(P::SumContext *context) {
  return foldLeft<P::ProductContext>(context);
}

Expr *Builder::build(P::ProductContext *context) {
  return foldLeft<P::UnaryContext>(context);
}

/// `- - x`: one node a sign.
Expr *Builder::build(P::UnaryContext *context) {
  Expr *operand = build(context->power());
  auto signs = context->MINUS();
  for (auto sign = signs.rbegin(); sign != signs.rend(); ++sign) {
    Range range = at(*sign).to(operand->range);
    if (isTooDeep(getDepth(operand), range))
      return makeError(range);
    operand = arena.make<UnaryExpr>(range, UnaryOp::Negate, operand);
  }
  return operand;
}

/// `a ^ -b ^ c` is `a ^ (-(b ^ c))`: from the right, signs after the powers.
Expr *Builder::build(P::PowerContext *context) {
  Expr *result = nullptr;
  TerminalNode *caret = nullptr;
  auto &children = context->children;
  for (auto child = children.rbegin(); child != children.rend(); ++child) {
    auto *terminal = dynamic_cast<TerminalNode *>(*child);
    if (!terminal) {
      Expr *operand = build(static_cast<P::PostfixContext *>(*child));
      result = result ? makeBinary(BinaryOp::Power, at(caret), operand, result)
                      : operand;
    } else if (terminal->getSymbol()->getType() == P::CARET) {
      caret = terminal;
    } else {
      Range range = at(terminal).to(result->range);
      if (isTooDeep(getDepth(result), range))
        return makeError(range);
      result = arena.make<UnaryExpr>(range, UnaryOp::Negate, result);
    }
  }
  return result;
}

/// `a if c else b if d else e` is `a if c else (b if d else e)`.
Expr *Builder::build(P::ChoiceContext *context) {
  auto parts = context->either();
  Expr *result = build(parts.back());
  for (size_t i = parts.size() - 1; i >= 2; i -= 2) {
    Expr *condition = build(parts[i - 1]);
    Expr *value = build(parts[i - 2]);
    Range range = value->range.to(result->range);
    unsigned depth = getDepth(value, condition, result);
    if (isTooDeep(depth, range))
      return makeError(range);
    result = arena.make<ChoiceExpr>(range, depth, value, condition, result);
  }
  return result;
}

//===----------------------------------------------------------------------===//
// Lambdas, `for` in lists, pipelines
//===----------------------------------------------------------------------===//

Expr *Builder::buildLambda(Expr *parameters, Expr *body) {
  llvm::SmallVector<Name> names;
  bool isFit = true;
  auto add = [&](Expr *expr) {
    if (auto *name = llvm::dyn_cast<NameExpr>(expr))
      names.push_back(toName(name));
    else
      isFit = false;
  };
  if (auto *paren = llvm::dyn_cast<ParenExpr>(parameters))
    add(paren->inner);
  else if (auto *tuple = llvm::dyn_cast<TupleExpr>(parameters))
    for (const TupleEntry &entry : tuple->entries)
      entry.name ? void(isFit = false) : add(entry.value);
  else
    add(parameters);
  Range range = parameters->range.to(body->range);
  if (!isFit) {
    refuse(Rule::parse_c7, parameters->range,
           "left of '->' stands a name, or names in parentheses");
    return makeError(range);
  }
  if (isTooDeep(getDepth(body), range))
    return makeError(range);
  return arena.make<LambdaExpr>(range, arena.copy(names), body);
}

Expr *Builder::build(P::ExprContext *context) {
  auto choices = context->choice();
  Expr *list = nullptr;
  if (context->FOR()) {
    list = build(choices.back());
    choices.pop_back();
  }
  Expr *result = build(choices.back());
  if (list) {
    Range range = result->range.to(list->range);
    unsigned depth = getDepth(result, list);
    if (isTooDeep(depth, range))
      return makeError(range);
    result = arena.make<EachExpr>(range, depth, result, build(context->name()),
                                  list);
  }
  for (size_t i = choices.size() - 1; i > 0; --i)
    result = buildLambda(build(choices[i - 1]), result);
  return result;
}

Expr *Builder::build(P::PipelineContext *context) {
  auto contexts = context->stage();
  if (contexts.size() == 1 && !contexts[0]->ON())
    return build(contexts[0]->expr(0));
  llvm::SmallVector<PipelineStage> stages;
  unsigned depth = 0;
  for (P::StageContext *stage : contexts) {
    Expr *value = build(stage->expr(0));
    Expr *on = stage->ON() ? build(stage->expr(1)) : nullptr;
    stages.push_back({value, on});
    depth = std::max(depth, getDepth(value, on));
  }
  if (isTooDeep(depth, at(context)))
    return makeError(at(context));
  return arena.make<PipelineExpr>(at(context), depth, arena.copy(stages));
}

//===----------------------------------------------------------------------===//
// Calls and brackets
//===----------------------------------------------------------------------===//

Name Builder::buildLabel(llvm::ArrayRef<P::PipelineContext *> parts,
                         llvm::StringRef what) {
  if (parts.size() != 2)
    return {};
  Expr *left = build(parts[0]);
  if (auto *name = llvm::dyn_cast<NameExpr>(left))
    return toName(name);
  refuse(Rule::parse_c7, left->range,
         "left of ':' stands the name of a " + what.str());
  return {};
}

Expr *Builder::buildCall(Expr *callee, P::CallSuffixContext *context) {
  llvm::SmallVector<Argument> arguments;
  unsigned depth = getDepth(callee);
  for (P::ArgumentContext *argument : context->argument()) {
    auto parts = argument->pipeline();
    Name name = buildLabel(parts, "parameter");
    Expr *value = build(parts.back());
    Expr *over = buildOptional(argument->expr());
    depth = std::max(depth, getDepth(value, over));
    arguments.push_back({name, value, over, at(argument)});
  }
  Range range = callee->range.to(at(context));
  if (isTooDeep(depth, range))
    return makeError(range);
  return arena.make<CallExpr>(range, depth, callee, arena.copy(arguments));
}

Subscript Builder::build(P::IndexContext *context) {
  Subscript result{
      Subscript::Kind::Value, {}, nullptr, nullptr, nullptr, at(context)};
  if (context->COLON()) {
    result.kind = Subscript::Kind::Slice;
    bool isAfter = false;
    for (antlr4::tree::ParseTree *child : context->children) {
      if (auto *expr = dynamic_cast<P::ExprContext *>(child))
        (isAfter ? result.high : result.low) = build(expr);
      else
        isAfter = true;
    }
    return result;
  }
  result.value = build(context->expr(0));
  if (!context->ASSIGN())
    return result;
  Expr *left = result.value;
  result.value = build(context->expr(1));
  if (auto *name = llvm::dyn_cast<NameExpr>(left)) {
    result.kind = Subscript::Kind::Named;
    result.name = toName(name);
  } else {
    refuse(Rule::parse_c7, left->range,
           "left of '=' in brackets stands the name of an axis");
  }
  return result;
}

Brackets Builder::build(P::BracketsContext *context) {
  llvm::SmallVector<Subscript> entries;
  for (P::IndexContext *index : context->index())
    entries.push_back(build(index));
  return {arena.copy(entries), buildAfter(context, P::WHERE),
          buildAfter(context, P::ELSE), at(context)};
}

static unsigned getDepth(const Brackets &brackets) {
  unsigned depth = 1;
  auto add = [&](Expr *expr) {
    if (expr)
      depth = std::max<unsigned>(depth, expr->depth);
  };
  for (const Subscript &entry : brackets.entries) {
    add(entry.value);
    add(entry.low);
    add(entry.high);
  }
  add(brackets.where);
  add(brackets.otherwise);
  return depth + 1;
}

Expr *Builder::build(P::PostfixContext *context) {
  Expr *result = build(context->atom());
  for (P::SuffixContext *suffix : context->suffix()) {
    Range range = result->range.to(at(suffix));
    if (auto *call = dynamic_cast<P::CallSuffixContext *>(suffix)) {
      result = buildCall(result, call);
    } else if (auto *index = dynamic_cast<P::IndexSuffixContext *>(suffix)) {
      Brackets brackets = build(index->brackets());
      unsigned depth = std::max(getDepth(result), getDepth(brackets));
      if (isTooDeep(depth, range))
        return makeError(range);
      result = arena.make<IndexExpr>(range, depth, result, brackets);
    } else if (auto *member = dynamic_cast<P::MemberSuffixContext *>(suffix)) {
      if (isTooDeep(getDepth(result), range))
        return makeError(range);
      result = arena.make<MemberExpr>(range, result, build(member->name()));
    } else {
      refuse(Rule::parse_c11, at(suffix), "'?' stands only after a type")
          .note("'a if c else b' chooses between two values");
      result = makeError(range);
    }
  }
  return result;
}
