// SPDX-License-Identifier: Apache-2.0
//
// State of one analysis.
//
// Owns files, scopes and the states of layers, and evaluates declarations of
// files when they are reached. No state is global.

#ifndef LAMINA_FRONTEND_SEMA_SESSION_H
#define LAMINA_FRONTEND_SEMA_SESSION_H

#include "frontend/Sema/Scope.h"
#include "frontend/Sema/Sema.h"

#include "llvm/ADT/StringMap.h"

#include <map>

namespace lamina::sema {

class Evaluator;

/// A LayerInstance while it is made: its declaration, settings and sizes.
struct LayerState {
  core::LayerInstance *instance = nullptr;
  const ast::LayerDecl *decl = nullptr;
  LayerScope *scope = nullptr;        ///< settings, as the first call gave them
  llvm::MapVector<Symbol, Dim> sizes; ///< of the names in types of members
  llvm::MapVector<Symbol, Range> sizedAt; ///< the call that fixed each
  llvm::MapVector<Symbol, FieldInfo *> fields;
  llvm::StringMap<core::FunctionInstance *> calls; ///< by key
  llvm::MapVector<Symbol, core::Type>
      weights; ///< of params and states that are there
  llvm::DenseMap<const core::FunctionInstance *, FrameScope *> frames;
  FrameScope *firstFrame = nullptr;
};

/// A place for weights and what is known about it.
struct FieldInfo {
  core::Slot *slot = nullptr;
  Value layer;                 ///< as evaluated where it was first reached
  LayerState *state = nullptr; ///< of a Layer slot, after its first call
  std::vector<FieldInfo *>
      parts;            ///< Chain: one for each part, null for functions
  bool isState = false; ///< `state old = layer`: a second set of weights
  Range firstCall;
};

/// The body of a FunctionInstance or an entry that is being evaluated.
struct Context {
  core::FunctionInstance *function = nullptr; ///< null for an entry
  Context *caller = nullptr;
  LayerState *layer = nullptr;
  /// Values from outside, in the order of function->captures.
  std::vector<Value> captured;
};

class Session {
public:
  Session(SourceManager &sources, Diagnostics &diags,
          const SemaOptions &options, core::Program &program);
  ~Session();

  SourceManager &sources;
  Diagnostics &diags;
  const SemaOptions &options;
  core::Program &program;
  core::DimContext &dims;

  /// Declares the top level of a parsed file.
  FileScope *addFile(ast::FileAST file);
  FileScope *getRoot() { return root; }

  /// A name of a file: its own, then its imports', then the library's.
  /// Evaluates the declaration the first time. None if there is no such name.
  std::optional<Value> lookUp(FileScope &file, Symbol name,
                              Evaluator &evaluator);
  /// The declaration itself; null if there is none.
  std::pair<FileScope *, ast::Decl *> findDecl(FileScope &file, Symbol name);
  /// Names of the file, and of scopes from `inner` outwards, that are one or
  /// two letters away, nearest first.
  std::vector<std::string> similar(FileScope &file, Symbol name,
                                   const Scope *inner = nullptr);

  Diagnostic &report(Rule rule, Range range, const llvm::Twine &text);
  /// While above 0 diagnostics are dropped: an evaluation that is only asked
  /// whether it works.
  unsigned muted = 0;
  unsigned numMuted = 0; ///< errors that were dropped
  /// What entries leave to do when the members of all layers are settled.
  std::vector<std::function<void()>> settlers;
  /// The number of records of a batch, of data with lengths that differ: those
  /// lengths run along it.
  llvm::MapVector<core::DataPlan *, Dim> raggedRows;
  std::map<int64_t, Dim> batchRows; ///< by the number of records in a batch

  template <class T, class... Args>
  T *make(Args &&...args) {
    auto owned = std::make_shared<T>(std::forward<Args>(args)...);
    kept.push_back(owned);
    return owned.get();
  }

  llvm::StringMap<LayerState *> layersByKey;
  llvm::MapVector<const ast::LayerDecl *, core::Model *> models;
  std::deque<LayerState> layerStates;

private:
  void declare(FileScope &file);
  void import(FileScope &file, const ast::ImportDecl &decl);
  FileScope *libraryFile(Symbol name);

  FileScope *root = nullptr;
  llvm::StringMap<FileScope *> filesByPath;
  std::vector<std::shared_ptr<void>> kept;
  Diagnostic dropped{};
};

/// Members and parameters of a declaration that have one name.
void reportDuplicates(Session &session, const ast::Decl *decl);
/// Where a declaration of a file has this name; its first one for "".
Range nameRange(const ast::Decl *decl, Symbol name);

} // namespace lamina::sema

#endif // LAMINA_FRONTEND_SEMA_SESSION_H
