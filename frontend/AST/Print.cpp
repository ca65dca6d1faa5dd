// SPDX-License-Identifier: Apache-2.0
//
// The tree for developers.
//
// `--emit=ast`: a declaration or statement a line, what is inside it indented.
// Expressions are written with every operation in parentheses, so that two
// trees print alike only if they are alike.

#include "frontend/AST/AST.h"
#include "frontend/AST/Visitor.h"

#include "llvm/ADT/STLExtras.h"
#include "llvm/Support/raw_ostream.h"

using namespace lamina;
using namespace lamina::ast;

//===----------------------------------------------------------------------===//
// Expressions
//===----------------------------------------------------------------------===//

namespace {
class ExprPrinter : public ExprVisitor<ExprPrinter> {
public:
  explicit ExprPrinter(llvm::raw_ostream &os) : os(os) {}

  void visitError(ErrorExpr *) { os << "(error)"; }
  void visitNumber(NumberExpr *e) { os << e->text; }
  void visitText(TextExpr *e) {
    os << '"';
    os.write_escaped(e->value) << '"';
  }
  void visitTruth(TruthExpr *e) { os << (e->value ? "true" : "false"); }
  void visitNone(NoneExpr *) { os << "none"; }
  void visitEllipsis(EllipsisExpr *) { os << "..."; }
  void visitName(NameExpr *e) { os << e->name; }
  void visitRecord(RecordExpr *e) {
    os << "(record \"" << e->field.text << "\")";
  }
  void visitMember(MemberExpr *e) {
    os << "(member ";
    visit(e->base);
    os << ' ' << e->member.text << ')';
  }
  void visitCall(CallExpr *e);
  void visitIndex(IndexExpr *e);
  void visitUnary(UnaryExpr *e) {
    print(e->op == UnaryOp::Not ? "not" : "negate", {e->operand});
  }
  void visitBinary(BinaryExpr *e) {
    print(getSpelling(e->op), {e->left, e->right});
  }
  void visitChoice(ChoiceExpr *e) {
    print("choice", {e->value, e->condition, e->other});
  }
  void visitLambda(LambdaExpr *e);
  void visitEach(EachExpr *e) {
    os << "(each ";
    visit(e->element);
    os << ' ' << e->name.text << ' ';
    visit(e->list);
    os << ')';
  }
  void visitParen(ParenExpr *e) { print("paren", {e->inner}); }
  void visitTuple(TupleExpr *e);
  void visitList(ListExpr *e) { print("list", e->elements); }
  void visitPipeline(PipelineExpr *e);

  void print(const Brackets &brackets);

private:
  void print(llvm::StringRef word, llvm::ArrayRef<Expr *> parts) {
    os << '(' << word;
    for (Expr *part : parts) {
      os << ' ';
      visit(part);
    }
    os << ')';
  }
  void printClause(llvm::StringRef word, Expr *value) {
    if (!value)
      return;
    os << ' ';
    print(word, {value});
  }

  llvm::raw_ostream &os;
};
} // namespace

void ExprPrinter::visitCall(CallExpr *e) {
  os << "(call ";
  visit(e->callee);
  for (const Argument &argument : e->arguments) {
    os << ' ';
    if (argument.name)
      os << argument.name.text << ": ";
    visit(argument.value);
    printClause("over", argument.over);
  }
  os << ')';
}

void ExprPrinter::print(const Brackets &brackets) {
  for (const Subscript &entry : brackets.entries) {
    os << ' ';
    if (entry.kind == Subscript::Kind::Slice) {
      os << "(slice ";
      entry.low ? visit(entry.low) : void(os << '_');
      os << ' ';
      entry.high ? visit(entry.high) : void(os << '_');
      os << ')';
      continue;
    }
    if (entry.name)
      os << entry.name.text << " = ";
    visit(entry.value);
  }
  printClause("where", brackets.where);
  printClause("else", brackets.otherwise);
}

void ExprPrinter::visitIndex(IndexExpr *e) {
  os << "(index ";
  visit(e->base);
  print(e->brackets);
  os << ')';
}

void ExprPrinter::visitLambda(LambdaExpr *e) {
  os << "(lambda (";
  llvm::interleave(
      e->parameters, [&](Name name) { os << name.text; }, [&] { os << ' '; });
  os << ") ";
  visit(e->body);
  os << ')';
}

void ExprPrinter::visitTuple(TupleExpr *e) {
  os << "(tuple";
  for (const TupleEntry &entry : e->entries) {
    os << ' ';
    if (entry.name)
      os << entry.name.text << ": ";
    visit(entry.value);
  }
  os << ')';
}

void ExprPrinter::visitPipeline(PipelineExpr *e) {
  os << "(pipeline";
  for (const PipelineStage &stage : e->stages) {
    os << ' ';
    visit(stage.value);
    printClause("on", stage.on);
  }
  os << ')';
}

//===----------------------------------------------------------------------===//
// Statements and declarations
//===----------------------------------------------------------------------===//

namespace {
class TreePrinter : public StmtVisitor<TreePrinter>,
                    public DeclVisitor<TreePrinter> {
public:
  explicit TreePrinter(llvm::raw_ostream &os) : os(os) {}
  using DeclVisitor::visit;
  using StmtVisitor::visit;

  void visitError(ErrorStmt *) { line("error"); }
  void visitDefine(DefineStmt *s);
  void visitField(FieldStmt *s) { line("field", s->names, s->value); }
  void visitUpdate(UpdateStmt *s) { line("update", s->place.names, s->value); }
  void visitState(StateStmt *s) { print("state", s->weights, nullptr); }
  void visitFor(ForStmt *s);
  void visitWhen(WhenStmt *s) {
    line("when", {}, s->condition);
    print(s->body);
  }
  void visitAfter(AfterStmt *s) {
    line("after");
    print(s->body);
  }
  void visitPass(PassStmt *s) { line("pass", {}, s->condition); }
  void visitWhere(WhereStmt *s) { line("where", {}, s->condition); }
  void visitAssert(AssertStmt *s) {
    line("assert", {}, s->condition, {{"within", s->within}});
  }
  void visitGiven(GivenStmt *s) { line("given", s->place.names, s->value); }
  void visitValue(ValueStmt *s) { line("value", {}, s->value); }
  void visitTake(TakeStmt *s) {
    line(s->inOrder ? "take in order" : "take", s->name, s->data,
         {{"batch", s->batch}, {"by", s->by}});
  }
  void visitMinimize(MinimizeStmt *s) {
    line("minimize", {}, s->loss, {{"over", s->over}, {"with", s->with}});
  }
  void visitReport(ReportStmt *s) {
    line("report", s->name, s->value, {{"on", s->on}, {"every", s->every}});
  }
  void visitKeep(KeepStmt *s) {
    line(s->highest ? "keep highest" : "keep lowest", s->name, nullptr,
         {{"patience", s->patience}});
  }
  void visitSteps(StepsStmt *s) {
    line(s->epochs ? "epochs" : "steps", {}, s->count);
  }
  void visitStage(StageStmt *s) {
    line("stage", s->name);
    print(s->body);
  }
  void visitRepeat(RepeatStmt *s) {
    line("repeat", {}, s->count);
    print(s->body);
  }

  void visitError(ErrorDecl *) { line("error"); }
  void visitImport(ImportDecl *d) { line("import", d->as, d->path); }
  void visitConst(ConstDecl *d);
  void visitLayer(LayerDecl *d);
  void visitField(FieldDecl *d) {
    doc(d);
    line("field", d->names, d->value, {{"when", d->when}});
  }
  void visitWeight(WeightDecl *d) {
    doc(d);
    print(d->isState ? "state" : "param", d->weights, d->when);
  }
  void visitFunction(FunctionDecl *d);
  void visitOptimizer(OptimizerDecl *d);
  void visitGroup(GroupDecl *d) {
    doc(d);
    line("group", d->name, d->value);
  }
  void visitData(DataDecl *d);
  void visitTrain(TrainDecl *d);
  void visitTest(TestDecl *d) {
    doc(d);
    line("test", {}, d->title);
    print(d->body);
  }
  void visitWeights(WeightsDecl *d);

private:
  struct Clause {
    llvm::StringRef word;
    Expr *value;
  };

  llvm::raw_ostream &begin() { return os.indent(indent); }
  void printNames(llvm::ArrayRef<Name> names) {
    for (const Name &name : names)
      if (name)
        os << ' ' << name.text;
  }
  void line(llvm::StringRef word, llvm::ArrayRef<Name> names = {},
            Expr *value = nullptr, llvm::ArrayRef<Clause> clauses = {}) {
    begin() << word;
    printNames(names);
    finish(value, clauses);
  }
  void finish(Expr *value, llvm::ArrayRef<Clause> clauses = {}) {
    if (value) {
      os << ' ';
      ExprPrinter(os).visit(value);
    }
    for (const Clause &clause : clauses)
      if (clause.value) {
        os << ' ' << clause.word << ' ';
        ExprPrinter(os).visit(clause.value);
      }
    os << '\n';
  }
  void printBrackets(const Brackets &brackets) {
    if (!brackets)
      return;
    os << " [";
    ExprPrinter(os).print(brackets);
    os << " ]";
  }
  void printType(llvm::StringRef before, Type *type) {
    if (!type)
      return;
    os << before;
    ast::print(type, os);
  }
  void print(const Block *block) {
    indent += 2;
    for (Stmt *stmt : block->statements)
      visit(stmt);
    indent -= 2;
  }
  void print(const Body &body) {
    if (body.block)
      return print(body.block);
    indent += 2;
    line("value", {}, body.expr);
    indent -= 2;
  }
  void print(llvm::StringRef word, llvm::ArrayRef<Weight> weights, Expr *when);
  void print(const Parameters &parameters);
  void doc(Decl *decl);

  llvm::raw_ostream &os;
  unsigned indent = 0;
};
} // namespace

void TreePrinter::doc(Decl *decl) {
  llvm::SmallVector<llvm::StringRef> lines;
  if (!decl->doc.empty())
    decl->doc.split(lines, '\n');
  for (llvm::StringRef text : lines)
    begin() << "doc " << text << '\n';
}

void TreePrinter::print(llvm::StringRef word, llvm::ArrayRef<Weight> weights,
                        Expr *when) {
  for (const Weight &weight : weights) {
    begin() << word << ' ' << weight.name.text;
    printType(": ", weight.type);
    os << (weight.isDraw ? " ~" : " =");
    finish(weight.value, {{"when", when}});
  }
}

void TreePrinter::print(const Parameters &parameters) {
  indent += 2;
  for (const Parameter &parameter : parameters.list) {
    begin() << (parameter.isSetting() ? "setting " : "parameter ")
            << parameter.name.text;
    printType(": ", parameter.type);
    finish(parameter.value);
  }
  indent -= 2;
}

void TreePrinter::visitDefine(DefineStmt *s) {
  begin() << (s->isDraw ? "draw" : "define");
  for (const Target &target : s->targets) {
    os << ' ' << target.name.text;
    printBrackets(target.brackets);
    printType(": ", target.type);
  }
  finish(s->value);
}

void TreePrinter::visitFor(ForStmt *s) {
  static const char *const words[] = {"for below", "for up", "for down",
                                      "for in"};
  line(words[size_t(s->rangeKind)], s->name, s->from,
       {{"to", s->to}, {"until", s->until}});
  print(s->body);
}

void TreePrinter::visitConst(ConstDecl *d) {
  doc(d);
  begin() << "const " << d->name.text;
  printBrackets(d->brackets);
  finish(d->value);
}

void TreePrinter::visitLayer(LayerDecl *d) {
  doc(d);
  begin() << (d->isModel ? "model " : "layer ") << d->name.text
          << (d->isInvertible ? " invertible\n" : "\n");
  print(d->settings);
  indent += 2;
  for (Decl *member : d->members)
    visit(member);
  indent -= 2;
}

void TreePrinter::visitFunction(FunctionDecl *d) {
  doc(d);
  begin() << getSpelling(d->functionKind) << ' ' << d->name.text;
  printBrackets(d->brackets);
  printType(" -> ", d->result);
  os << '\n';
  print(d->parameters);
  print(d->body);
}

void TreePrinter::visitOptimizer(OptimizerDecl *d) {
  doc(d);
  begin() << "optimizer " << d->name.text;
  printType(" for ", d->weightType);
  os << '\n';
  print(d->settings);
  print(d->body);
}

void TreePrinter::visitData(DataDecl *d) {
  doc(d);
  line(d->source ? "data from" : "data", d->names,
       d->source ? d->source : d->value);
  if (d->lines)
    print(d->lines);
}

void TreePrinter::visitTrain(TrainDecl *d) {
  doc(d);
  begin() << "train";
  printNames(d->model.names);
  if (d->as)
    os << " as " << d->as.text;
  if (!d->from.names.empty())
    os << " from";
  printNames(d->from.names);
  os << '\n';
  print(d->body);
}

void TreePrinter::visitWeights(WeightsDecl *d) {
  doc(d);
  line("weights", d->name, d->path);
  indent += 2;
  for (const WeightMap &map : d->maps)
    line(map.isTransposed ? "map transposed" : "map", map.to, map.from);
  indent -= 2;
}

void ast::print(const FileAST &ast, llvm::raw_ostream &os) {
  TreePrinter printer(os);
  for (Decl *decl : ast.decls)
    printer.visit(decl);
}
