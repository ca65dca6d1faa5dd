// SPDX-License-Identifier: Apache-2.0
//
// Expressions and types as source text.
//
// One line, spaced as the formatter does. Parentheses are in the tree, so what
// is printed parses to the same tree.

#include "frontend/AST/AST.h"
#include "frontend/AST/Visitor.h"

#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/raw_ostream.h"

using namespace lamina;
using namespace lamina::ast;

llvm::StringRef ast::getSpelling(BinaryOp op) {
  switch (op) {
  case BinaryOp::Add:
    return "+";
  case BinaryOp::Subtract:
    return "-";
  case BinaryOp::Multiply:
    return "*";
  case BinaryOp::Divide:
    return "/";
  case BinaryOp::Power:
    return "^";
  case BinaryOp::Join:
    return "@";
  case BinaryOp::Div:
    return "div";
  case BinaryOp::Mod:
    return "mod";
  case BinaryOp::Equal:
    return "==";
  case BinaryOp::NotEqual:
    return "!=";
  case BinaryOp::Less:
    return "<";
  case BinaryOp::LessEqual:
    return "<=";
  case BinaryOp::Greater:
    return ">";
  case BinaryOp::GreaterEqual:
    return ">=";
  case BinaryOp::And:
    return "and";
  case BinaryOp::Or:
    return "or";
  case BinaryOp::Then:
    return ">>";
  }
  llvm_unreachable("every operator is listed");
}

llvm::StringRef ast::getSpelling(FunctionKind kind) {
  switch (kind) {
  case FunctionKind::Function:
    return "function";
  case FunctionKind::Loss:
    return "loss";
  case FunctionKind::Metric:
    return "metric";
  case FunctionKind::Mask:
    return "mask";
  case FunctionKind::Score:
    return "score";
  case FunctionKind::Sample:
    return "sample";
  case FunctionKind::Call:
    return "call";
  }
  llvm_unreachable("every kind of function is listed");
}

static void printText(llvm::StringRef value, llvm::raw_ostream &os) {
  os << '"';
  for (char c : value) {
    if (c == '"' || c == '\\')
      os << '\\' << c;
    else if (c == '\n')
      os << "\\n";
    else if (c == '\t')
      os << "\\t";
    else
      os << c;
  }
  os << '"';
}

namespace {
class SourcePrinter : public ExprVisitor<SourcePrinter>,
                      public TypeVisitor<SourcePrinter> {
public:
  explicit SourcePrinter(llvm::raw_ostream &os) : os(os) {}
  using ExprVisitor::visit;
  using TypeVisitor::visit;

  void visitError(ErrorExpr *) { os << "<error>"; }
  void visitNumber(NumberExpr *e) { os << e->text; }
  void visitText(TextExpr *e) { printText(e->value, os); }
  void visitTruth(TruthExpr *e) { os << (e->value ? "true" : "false"); }
  void visitNone(NoneExpr *) { os << "none"; }
  void visitEllipsis(EllipsisExpr *) { os << "..."; }
  void visitName(NameExpr *e) { os << e->name; }
  void visitRecord(RecordExpr *e);
  void visitMember(MemberExpr *e) {
    visit(e->base);
    os << '.' << e->member.text;
  }
  void visitCall(CallExpr *e);
  void visitIndex(IndexExpr *e);
  void visitUnary(UnaryExpr *e) {
    os << (e->op == UnaryOp::Not ? "not " : "-");
    visit(e->operand);
  }
  void visitBinary(BinaryExpr *e);
  void visitChoice(ChoiceExpr *e);
  void visitLambda(LambdaExpr *e);
  void visitEach(EachExpr *e);
  void visitParen(ParenExpr *e) {
    os << '(';
    visit(e->inner);
    os << ')';
  }
  void visitTuple(TupleExpr *e);
  void visitList(ListExpr *e);
  void visitPipeline(PipelineExpr *e);

  void visitError(ErrorType *) { os << "<error>"; }
  void visitTensor(TensorType *t);
  void visitMask(MaskType *t) { os << "mask" << (t->isOptional ? "?" : ""); }
  void visitScore(ScoreType *t) { os << "score" << (t->isOptional ? "?" : ""); }
  void visitTuple(TupleType *t);

private:
  template <typename List, typename Each>
  void printList(const List &list, Each each) {
    llvm::interleave(list, each, [&] { os << ", "; });
  }
  void printNamed(Name name, Expr *value) {
    if (name)
      os << name.text << ": ";
    visit(value);
  }
  void printClause(llvm::StringRef word, Expr *value) {
    if (!value)
      return;
    os << ' ' << word << ' ';
    visit(value);
  }
  void printSubscript(const Subscript &entry);

  llvm::raw_ostream &os;
};
} // namespace

void SourcePrinter::visitRecord(RecordExpr *e) {
  os << '.';
  bool isWord = llvm::all_of(
      e->field.text, [](char c) { return c == '_' || llvm::isAlnum(c); });
  if (isWord) {
    os << e->field.text;
    return;
  }
  os << '[';
  printText(e->field.text, os);
  os << ']';
}

void SourcePrinter::visitCall(CallExpr *e) {
  visit(e->callee);
  os << '(';
  printList(e->arguments, [&](const Argument &argument) {
    printNamed(argument.name, argument.value);
    printClause("over", argument.over);
  });
  os << ')';
}

void SourcePrinter::printSubscript(const Subscript &entry) {
  switch (entry.kind) {
  case Subscript::Kind::Value:
    return visit(entry.value);
  case Subscript::Kind::Named:
    os << entry.name.text << " = ";
    return visit(entry.value);
  case Subscript::Kind::Slice:
    if (entry.low)
      visit(entry.low);
    os << ':';
    if (entry.high)
      visit(entry.high);
  }
}

void SourcePrinter::visitIndex(IndexExpr *e) {
  visit(e->base);
  os << '[';
  printList(e->brackets.entries,
            [&](const Subscript &entry) { printSubscript(entry); });
  printClause("where", e->brackets.where);
  printClause("else", e->brackets.otherwise);
  os << ']';
}

void SourcePrinter::visitBinary(BinaryExpr *e) {
  bool isTight = e->op == BinaryOp::Power;
  visit(e->left);
  os << (isTight ? "" : " ") << getSpelling(e->op) << (isTight ? "" : " ");
  visit(e->right);
}

void SourcePrinter::visitChoice(ChoiceExpr *e) {
  visit(e->value);
  os << " if ";
  visit(e->condition);
  os << " else ";
  visit(e->other);
}

void SourcePrinter::visitLambda(LambdaExpr *e) {
  bool isOne = e->parameters.size() == 1;
  os << (isOne ? "" : "(");
  printList(e->parameters, [&](Name name) { os << name.text; });
  os << (isOne ? "" : ")") << " -> ";
  visit(e->body);
}

void SourcePrinter::visitEach(EachExpr *e) {
  visit(e->element);
  os << " for " << e->name.text << " in ";
  visit(e->list);
}

void SourcePrinter::visitTuple(TupleExpr *e) {
  os << '(';
  printList(e->entries, [&](const TupleEntry &entry) {
    printNamed(entry.name, entry.value);
  });
  os << ')';
}

void SourcePrinter::visitList(ListExpr *e) {
  os << '[';
  printList(e->elements, [&](Expr *element) { visit(element); });
  os << ']';
}

void SourcePrinter::visitPipeline(PipelineExpr *e) {
  llvm::interleave(
      e->stages,
      [&](const PipelineStage &stage) {
        visit(stage.value);
        printClause("on", stage.on);
      },
      [&] { os << " | "; });
}

void SourcePrinter::visitTensor(TensorType *t) {
  static const char *const words[] = {"real", "int", "bool", "id", "any"};
  if (t->element != ElementKind::Real || !t->hasBrackets)
    os << words[size_t(t->element)];
  if (t->bound) {
    os << '(';
    visit(t->bound);
    os << ')';
  }
  if (t->hasBrackets) {
    os << '[';
    printList(t->dimensions, [&](const Dimension &dimension) {
      if (dimension.name)
        os << dimension.name.text << " = ";
      visit(dimension.size);
    });
    os << ']';
  }
  os << (t->isOptional ? "?" : "");
}

void SourcePrinter::visitTuple(TupleType *t) {
  os << '(';
  printList(t->entries, [&](const TupleTypeEntry &entry) {
    if (entry.name)
      os << entry.name.text << ": ";
    visit(entry.type);
  });
  os << ')' << (t->isOptional ? "?" : "");
}

void ast::print(const Expr *expr, llvm::raw_ostream &os) {
  SourcePrinter(os).visit(const_cast<Expr *>(expr));
}

void ast::print(const Type *type, llvm::raw_ostream &os) {
  SourcePrinter(os).visit(const_cast<Type *>(type));
}
