// SPDX-License-Identifier: Apache-2.0
//
// A function that the runtime calls.
//
// Arguments are added as the body asks for them; each says in its attribute
// where it comes from (docs/program.md), and is there once.

#ifndef LAMINA_FRONTEND_IRGEN_ENTRY_H
#define LAMINA_FRONTEND_IRGEN_ENTRY_H

#include "frontend/IRGen/ModuleEmitter.h"

namespace lamina::irgen {

class Entry : public Surroundings {
public:
  /// `kind` is the value of `program.entry`.
  Entry(ModuleEmitter &module, llvm::StringRef name, llvm::StringRef kind,
        Range range);

  Emitter emitter;

  llvm::StringRef getName() const { return name; }
  /// The argument with this attribute; added if it is not there yet.
  mlir::Value argument(mlir::Type type, llvm::StringRef attribute,
                       mlir::Attribute source);
  mlir::Value argument(mlir::Type type, llvm::StringRef attribute,
                       llvm::StringRef source);
  mlir::Value load(mlir::Type type, llvm::StringRef variable);
  void result(mlir::Value value, llvm::StringRef attribute,
              mlir::Attribute target);
  void result(mlir::Value value, llvm::StringRef attribute,
              llvm::StringRef target);
  void store(mlir::Value value, llvm::StringRef variable);
  /// A result that the kind of the entry says all about.
  void result(mlir::Value value);
  /// Ends the function; returns its symbol.
  mlir::FlatSymbolRefAttr finish();

  mlir::Value scalar(Emitter &emitter, const core::Scalar &scalar) override;
  mlir::Value drawKey(Emitter &emitter, llvm::StringRef path,
                      Ambient &keyed) override;
  Emitted modelTree(Emitter &emitter, const core::Model &model) override;

protected:
  ModuleEmitter &module;
  TensorBuilder &b;

  /// A key by the way of `graph.key`: of the path, then of its numbers. `key`
  /// may have leading axes; numbers without them are repeated.
  mlir::Value deriveKey(mlir::Value key, llvm::StringRef path);
  mlir::Value deriveKey(mlir::Value key, mlir::Value number);

private:
  std::string name;
  mlir::func::FuncOp function;
  mlir::Block *block;
  llvm::DenseMap<std::pair<mlir::StringAttr, mlir::Attribute>, mlir::Value>
      known;
  llvm::SmallVector<mlir::Attribute> argAttrs, resultAttrs;
  llvm::SmallVector<mlir::Value> results;
};

/// Fields of a batch, computed from columns by the lines of its `data`.
class FeedingEntry : public Entry {
public:
  using Entry::Entry;

  void batch(Emitter &emitter, const core::Batch &batch) override;
  mlir::Value drawKey(Emitter &emitter, llvm::StringRef path,
                      Ambient &keyed) override;
  mlir::Value lengths(Emitter &emitter, const core::Atom &ragged) override;

  struct Feed {
    std::string name;
    const core::Batch *batch;
    int64_t repeat = 1;
  };
  llvm::SmallVector<Feed, 2> feeds;
  mlir::DictionaryAttr feedAttr(const Feed &feed);

protected:
  /// A column of the next batch: an argument, or this round's row of one.
  virtual mlir::Value column(mlir::Type type, llvm::StringRef attribute,
                             llvm::StringRef source) {
    return argument(type, attribute, source);
  }
  /// Emits the lines of one record under the index that is returned, until
  /// `closeRecord`: all of them, or those that `read` depends on.
  const core::IndexVar *
  openRecord(const core::DataPlan &plan, core::Dim rows, const Feed &feed,
             std::optional<llvm::ArrayRef<const core::Expr *>> read);
  void closeRecord();
  int64_t batches = 1; ///< that one step takes: the rounds of the loops around

private:
  mlir::Value columnValue(const core::ColumnExpr &source,
                          const core::Type &type, const core::DataPlan &plan,
                          const Feed &feed);
  const core::IndexVar *record =
      nullptr; ///< while lines of a record are emitted
  std::string currentFeed;
};

} // namespace lamina::irgen

#endif // LAMINA_FRONTEND_IRGEN_ENTRY_H
