// SPDX-License-Identifier: Apache-2.0
//
// Core as text.
//
// `--emit=core`: instances, then entries, a statement a line. Expressions are
// written close to the source; locals are `%name.id`, so that every use names
// its definition, and types show sizes.

#include "frontend/Core/Printer.h"

#include "llvm/ADT/STLExtras.h"
#include "llvm/Support/raw_ostream.h"

namespace lamina::core {

void Printer::local(const Local *local) {
  os << '%' << (local->name.empty() ? "_" : local->name) << '.'
     << numberOf(local);
}

/// Numbers in order of appearance, so that a text does not depend on what else
/// was evaluated.
unsigned Printer::numberOf(const Local *local) {
  return numbers.try_emplace(local, numbers.size()).first->second;
}

void Printer::list(llvm::ArrayRef<Expr *> exprs) {
  llvm::interleaveComma(exprs, os, [&](const Expr *e) { expr(e); });
}

static void number(llvm::raw_ostream &os, double value, bool whole) {
  if (whole)
    os << int64_t(value);
  else
    os << llvm::format("%.9g", value);
}

void Printer::write(const Constant *node) {
  if (node->type.elem.isTruth() && node->values.size() == 1) {
    os << (node->values[0] ? "true" : "false");
    return;
  }
  bool whole = node->type.elem.isWhole();
  if (node->values.size() == 1) {
    number(os, node->values[0], whole);
    return;
  }
  os << '[';
  size_t shown = std::min<size_t>(node->values.size(), 4);
  for (size_t i = 0; i < shown; ++i) {
    os << (i ? ", " : "");
    number(os, node->values[i], whole);
  }
  os << (shown < node->values.size() ? ", …]" : "]");
}

void Printer::subscript(const Subscript &s) {
  switch (s.kind) {
  case Subscript::All:
    os << ':';
    return;
  case Subscript::Slice:
    os << s.low.size().str() << ":+" << s.length.size().str();
    return;
  case Subscript::Linear:
    os << s.position.size().str();
    return;
  case Subscript::ByValue:
    expr(s.value);
    return;
  case Subscript::Parts:
    os << '(';
    llvm::interleaveComma(s.parts, os, [&](const Subscript &part) {
      subscript(part);
      os << " < " << part.extent.size().str();
    });
    os << ')';
    return;
  }
}

void Printer::write(const Element *node) {
  expr(node->base);
  os << '[';
  llvm::interleaveComma(node->subscripts, os,
                        [&](const Subscript &s) { subscript(s); });
  if (node->proof == Proof::UnderConditions)
    os << " guarded";
  if (node->otherwise) {
    os << " else ";
    expr(node->otherwise);
  }
  os << ']';
}

void Printer::index(const IndexVar *var) {
  os << var->name << " < " << var->extent.size().str();
  if (var->low && !var->low.isConstant(0))
    os << " from " << var->low.size().str();
  if (var->raggedOver)
    os << " ragged";
}

void Printer::write(const Tabulate *node) {
  os << "tabulate[";
  llvm::interleaveComma(node->groups, os, [&](auto &group) {
    if (group.size() != 1)
      os << '(';
    llvm::interleaveComma(group, os, [&](IndexVar *var) { index(var); });
    if (group.size() != 1)
      os << ')';
  });
  os << "](";
  expr(node->body);
  os << ')';
}

void Printer::write(const Fold *node) {
  os << spelling(node->fold) << '[';
  llvm::interleaveComma(node->indices, os, [&](IndexVar *var) { index(var); });
  if (node->where) {
    os << " where ";
    expr(node->where);
  }
  os << "](";
  if (node->body)
    expr(node->body);
  os << ')';
}

void Printer::block(llvm::ArrayRef<Stmt *> statements, const Expr *result) {
  os << "{\n";
  ++depth;
  this->statements(statements);
  if (result) {
    os.indent(2 * depth);
    expr(result);
    os << '\n';
  }
  --depth;
  os.indent(2 * depth) << '}';
}

void Printer::write(const Loop *node) {
  os << "loop[";
  index(node->index);
  os << (node->down ? " down" : "");
  if (node->until) {
    os << " until ";
    expr(node->until);
  }
  os << "] carry(";
  llvm::interleaveComma(node->carries, os, [&](const Loop::Carry &carry) {
    local(carry.local);
    os << " = ";
    expr(carry.init);
  });
  os << ") {\n";
  ++depth;
  statements(node->body);
  for (const Loop::Carry &carry : node->carries) {
    os.indent(2 * depth);
    local(carry.local);
    os << " <- ";
    expr(carry.next);
    os << '\n';
  }
  for (const Loop::Collected &collected : node->collected) {
    os.indent(2 * depth) << "collect " << collected.name << " axis "
                         << collected.axis << " ";
    expr(collected.value);
    os << '\n';
  }
  --depth;
  os.indent(2 * depth) << '}';
}

void Printer::write(const Derived *node) {
  static const char *const names[] = {"inverse", "log_det", "begin",
                                      "next",    "last",    "rows"};
  os << names[node->which] << '(';
  if (node->callee) {
    function(node->callee);
    os << " of ";
    expr(node->tree);
    os << (node->args.empty() ? "" : ", ");
  }
  if (node->run) {
    expr(node->run);
    os << (node->args.empty() ? "" : ", ");
  }
  list(node->args);
  if (node->which == Derived::Begin)
    os << " over axis " << node->axis << " room " << node->room.size().str();
  os << ')';
}

void Printer::write(const Draw *node) {
  os << spelling(node->draw) << '(';
  list(node->params);
  os << ") as \"" << node->path << '"';
}

void Printer::write(const Structured *node) {
  os << spelling(node->structured) << '(';
  list(node->operands);
  if (node->axis >= 0)
    os << "; axis " << node->axis;
  if (node->count)
    os << "; " << node->count.size().str();
  os << (node->descending ? "; descending)" : ")");
}

void Printer::function(const FunctionInstance *f) {
  if (f->layer)
    os << '@' << f->layer->name << '.' << f->layer->id;
  if (!f->name.empty())
    os << '.' << f->name;
  os << '#' << f->id;
}

void Printer::write(const Call *node) {
  function(node->callee);
  os << '<';
  expr(node->tree);
  os << ">(";
  list(node->args);
  if (!node->captures.empty()) {
    os << "; ";
    list(node->captures);
  }
  os << ')';
}

void Printer::write(const Elementwise *node) {
  llvm::StringRef name = spelling(node->primitive);
  bool infix = node->operands.size() == 2 &&
               node->primitive != Primitive::Min &&
               node->primitive != Primitive::Max;
  if (!infix) {
    os << name << '(';
    list(node->operands);
    os << ')';
    return;
  }
  os << '(';
  expr(node->operands[0]);
  os << ' ' << name << ' ';
  expr(node->operands[1]);
  os << ')';
}

} // namespace lamina::core
