// SPDX-License-Identifier: Apache-2.0
//
// Core expressions as text, one function a kind.
//
// The short ones; Print.cpp has those with a form of their own.

#include "frontend/Core/Printer.h"

#include "llvm/ADT/STLExtras.h"

namespace lamina::core {

void Printer::expr(const Expr *e) {
  if (!e) {
    os << "<null>";
    return;
  }
  switch (e->kind) {
#define EXPR(KIND)                                                             \
  case ExprKind::KIND:                                                         \
    return write(static_cast<const KIND *>(e));
#include "frontend/Core/Core.def"
  }
}

void Printer::operation(llvm::StringRef name,
                        llvm::ArrayRef<const Expr *> operands) {
  os << name << '(';
  llvm::interleaveComma(operands, os, [&](const Expr *e) { expr(e); });
  os << ')';
}

void Printer::write(const ScalarRef *node) {
  os << "scalar " << node->scalar->name;
}

void Printer::write(const LocalRef *node) { local(node->local); }

void Printer::write(const IndexValue *node) { os << node->index->name; }

void Printer::write(const SizeOf *node) {
  os << "size(" << node->dim.size().str() << ')';
}

void Printer::write(const Length *node) {
  os << "length(" << node->ragged.size().str() << ')';
}

void Printer::write(const Phase *) { os << "training"; }

void Printer::write(const Choice *node) {
  os << '(';
  expr(node->yes);
  os << " if ";
  expr(node->condition);
  os << " else ";
  expr(node->no);
  os << ')';
}

void Printer::write(const Convert *node) {
  os << (node->type.elem.isReal() ? "real(" : "int(");
  expr(node->operand);
  os << ')';
}

void Printer::write(const Broadcast *node) {
  os << "broadcast(";
  expr(node->operand);
  os << " to " << node->type.str(true) << ')';
}

void Printer::write(const Retype *node) { expr(node->operand); }

void Printer::write(const SoftmaxAt *node) {
  os << "softmax[" << node->index->name;
  if (node->where) {
    os << " where ";
    expr(node->where);
  }
  os << "](";
  expr(node->body);
  os << ')';
}

void Printer::write(const MaskAt *node) {
  os << node->name << '{';
  expr(node->value);
  os << '}';
}

void Printer::write(const Reduce *node) {
  os << spelling(node->fold) << '(';
  expr(node->operand);
  os << " over ";
  llvm::interleaveComma(node->axes, os);
  os << ')';
}

void Printer::write(const MatMul *node) {
  os << '(';
  expr(node->left);
  os << " @ ";
  expr(node->right);
  os << ')';
}

void Printer::write(const Join *node) {
  os << "join(";
  list(node->operands);
  os << "; axis " << node->axis << ')';
}

void Printer::write(const Split *node) {
  os << "split(";
  expr(node->operand);
  os << "; " << node->count << " axis " << node->axis << ')';
}

void Printer::write(const Stack *node) {
  os << "stack(";
  list(node->operands);
  os << ')';
}

void Printer::write(const Tuple *node) {
  os << '(';
  list(node->elements);
  os << ')';
}

void Printer::write(const TupleElement *node) {
  expr(node->operand);
  os << '.' << node->position;
}

void Printer::write(const Block *node) {
  block(node->statements, node->result);
}

void Printer::write(const Copies *node) {
  os << "copies(";
  local(node->copy);
  os << " in ";
  expr(node->tree);
  os << ", ";
  local(node->carry);
  os << " = ";
  expr(node->input);
  os << ") ";
  expr(node->body);
}

void Printer::write(const TreeSelf *) { os << "self"; }

void Printer::write(const TreeModel *node) {
  os << node->model->name;
  if (node->version)
    os << '\'' << node->version;
}

void Printer::write(const TreeState *node) {
  os << "state " << node->state->name;
}

void Printer::write(const TreePart *node) {
  expr(node->tree);
  os << '.' << node->name;
}

void Printer::write(const Leaf *node) {
  expr(node->tree);
  os << '.' << node->name;
}

void Printer::write(const TreeOf *node) {
  os << "tree(";
  list(node->elements);
  os << ')';
}

void Printer::write(const TreeArith *node) {
  os << "tree " << spelling(node->primitive) << '(';
  list(node->operands);
  os << ')';
}

void Printer::write(const TreeFold *node) {
  os << (node->isNorm ? "norm(" : "dot(");
  list(node->operands);
  os << ')';
}

void Printer::write(const Filtered *node) {
  operation("filtered", {node->tree});
}

void Printer::write(const Gradient *node) {
  operation("grad", {node->of, node->wrt});
}

void Printer::write(const Pushforward *node) {
  operation("jvp", {node->of, node->wrt, node->tangent});
}

void Printer::write(const Stop *node) { operation("stop", {node->operand}); }

void Printer::write(const Trained *node) {
  os << "trained(";
  expr(node->tree);
  os << ", ";
  local(node->current);
  os << " -> ";
  expr(node->loss);
  os << ", " << node->steps.size().str() << ')';
}

void Printer::write(const Total *node) { operation("total", {node->operand}); }

void Printer::write(const Error *) { os << "error"; }

} // namespace lamina::core
