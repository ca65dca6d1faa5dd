// SPDX-License-Identifier: Apache-2.0
//
// Names and what they stand for.
//
// File, layer, frame (one evaluation of a body), block, indices: an inner name
// hides an outer one. A frame also holds how its dims translate back to the
// caller's.

#ifndef LAMINA_FRONTEND_SEMA_SCOPE_H
#define LAMINA_FRONTEND_SEMA_SCOPE_H

#include "frontend/AST/AST.h"
#include "frontend/Sema/Value.h"

#include "llvm/ADT/MapVector.h"

namespace lamina::sema {

struct LayerState;

struct Binding {
  enum Kind : uint8_t {
    Name, ///< a definition; a later one replaces it
    Setting,
    Dimension, ///< value.dim is what it means in brackets
    Index,
    Given ///< a parameter
  };
  Value value;
  Kind kind = Name;
  Range range;
};

class Scope {
public:
  enum Kind : uint8_t { File, Layer, Frame, Block, Indices };

  Scope(Kind kind, Scope *outer) : kind(kind), outer(outer) {}
  virtual ~Scope() = default;

  const Kind kind;
  Scope *const outer;
  llvm::MapVector<Symbol, Binding> names;
  /// Names that a loop in this scope defined for itself, and where.
  llvm::MapVector<Symbol, Range> goneWithLoops;
  /// Names of data that are no fields for want of a type, and where.
  llvm::MapVector<Symbol, Range> untypedData;
  /// Data in error would have given it names; what is not found is not said.
  bool hasNamesInError = false;

  Binding *find(Symbol name) {
    auto it = names.find(name);
    return it == names.end() ? nullptr : &it->second;
  }
  void bind(Symbol name, Value value, Binding::Kind kind, Range range) {
    names[name] = {std::move(value), kind, range};
  }
};

/// The top level of a file: declarations, evaluated when they are reached.
struct FileScope : Scope {
  FileScope() : Scope(File, nullptr) {}
  FileID id;
  ast::FileAST ast;
  bool isLibrary = false;
  llvm::MapVector<Symbol, ast::Decl *> decls;
  llvm::MapVector<Symbol, FileScope *> modules; ///< import … as
  std::vector<FileScope *> imports;             ///< import without `as`
  llvm::MapVector<Symbol, Value> evaluated;
  std::vector<ast::Decl *> evaluating; ///< constants, for cycles
};

/// The settings of a layer, around the frames of its calls.
struct LayerScope : Scope {
  explicit LayerScope(Scope *outer) : Scope(Layer, outer) {}
  LayerState *state = nullptr; ///< null until the first call is prepared
};

/// One evaluation of a body.
struct FrameScope : Scope {
  explicit FrameScope(Scope *outer) : Scope(Frame, outer) {}
  LayerState *layer = nullptr;  ///< whose call this is
  core::Expr *self = nullptr;   ///< the tree of its weights
  Context *selfOwner = nullptr; ///< where `self` can be used
  std::string name;             ///< of the function, for messages and draws
  Range call;                   ///< where it was called
  bool isMask = false;          ///< a mask or a score at its positions
  std::vector<core::Axis> pack; ///< of `...`
  bool hasPack = false;
  /// A declared dim of a parameter and the caller's dim that it was bound to.
  std::vector<std::pair<Dim, Dim>> back;
  llvm::MapVector<Symbol, Value> fields;  ///< members of the layer, read here
  std::vector<Symbol> evaluating;         ///< members, for cycles
  llvm::MapVector<Symbol, Binding> given; ///< `names` before the body
  llvm::MapVector<const void *, unsigned> callCounts; ///< for names of draws
};

} // namespace lamina::sema

#endif // LAMINA_FRONTEND_SEMA_SCOPE_H
