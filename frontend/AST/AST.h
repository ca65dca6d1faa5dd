// SPDX-License-Identifier: Apache-2.0
//
// The tree of one file.
//
// A FileAST owns its nodes. It is made by parse() (frontend/Grammar/Parse.h)
// and never changed.

#ifndef LAMINA_FRONTEND_AST_AST_H
#define LAMINA_FRONTEND_AST_AST_H

#include "frontend/AST/Decl.h"
#include "frontend/AST/Trivia.h"
#include "frontend/Source/SourceManager.h"

#include "llvm/Support/Allocator.h"

#include <algorithm>
#include <memory>
#include <utility>

namespace llvm {
class raw_ostream;
} // namespace llvm

namespace lamina::ast {

/// Where nodes live. Nodes and arrays in it have no destructor to run.
class Arena {
public:
  template <typename Node, typename... Args>
  Node *make(Args &&...args) {
    static_assert(std::is_trivially_destructible_v<Node>);
    return new (allocator.Allocate<Node>()) Node(std::forward<Args>(args)...);
  }
  template <typename List>
  auto copy(const List &list) {
    using Element = std::decay_t<decltype(*list.begin())>;
    Element *to = allocator.Allocate<Element>(list.size());
    std::uninitialized_copy(list.begin(), list.end(), to);
    return llvm::ArrayRef<Element>(to, list.size());
  }
  llvm::StringRef copyText(llvm::StringRef text) {
    return text.copy(allocator);
  }

private:
  llvm::BumpPtrAllocator allocator;
};

/// The tree, tokens and comments of one file.
struct FileAST {
  FileID file;
  llvm::ArrayRef<Decl *> decls;
  Tokens tokens;
  /// False if something could not be parsed: the tree has Error nodes.
  bool isWhole = true;
  std::unique_ptr<Arena> arena = std::make_unique<Arena>();
};

/// Prints the tree, a node a line, for `--emit=ast` and for comparing trees
/// (it shows everything but places and comments).
void print(const FileAST &ast, llvm::raw_ostream &os);
/// Prints one expression or type as source text on one line.
void print(const Expr *expr, llvm::raw_ostream &os);
void print(const Type *type, llvm::raw_ostream &os);

} // namespace lamina::ast

#endif // LAMINA_FRONTEND_AST_AST_H
