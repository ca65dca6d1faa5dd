// SPDX-License-Identifier: Apache-2.0
//
// The lines of a data declaration.

#ifndef LAMINA_FRONTEND_SEMA_DATACOLUMNS_H
#define LAMINA_FRONTEND_SEMA_DATACOLUMNS_H

#include "frontend/Sema/Entries.h"

#include <set>

namespace lamina::sema {

/// Evaluates the lines of `data d from source { … }` into a plan whose source
/// is filled in.
class DataReader {
public:
  DataReader(Evaluator &e, FileScope &file, const ast::DataDecl &decl,
             core::DataPlan &plan)
      : e(e), file(file), decl(decl), plan(plan) {}
  /// False after a diagnostic.
  bool read();

private:
  using Column = core::ColumnExpr;

  /// Fields of a record are texts.
  bool isTextSource() const {
    return plan.kind == core::DataPlan::Table ||
           plan.kind == core::DataPlan::Lines;
  }
  void line(const ast::Stmt *stmt);
  void define(const ast::DefineStmt &stmt);
  void addField(const ast::Target &target, Value value);
  void addBounds(core::DataField &field);
  void where(const ast::WhereStmt &stmt);

  /// A text function of the record, if `expr` is nothing else.
  std::optional<Column> columnOf(const ast::Expr *expr);
  std::optional<Column> columnOfCall(const ast::CallExpr &call);
  std::optional<Value> listOfCall(const ast::CallExpr &call);
  std::optional<Column> columnOfName(const ast::NameExpr &name);
  /// A comparison of texts of the record, or `and`, `or`, `not` of such.
  std::optional<Column> truthOf(const ast::Expr *expr);
  bool isOfBadWords(const ast::CallExpr &call);
  std::optional<Column> columnOfIndex(const ast::IndexExpr &index);
  std::optional<Column> columnOfBinary(const ast::BinaryExpr &binary);
  std::optional<Column> encoded(Column::Kind kind, const Value &words,
                                const ast::Expr *text, Range range);
  /// The value of a column: text, or a tensor that is read.
  Value valueOf(Column column, Range range);
  std::optional<core::Elem> declaredWhole(const Column &column) const;
  std::optional<core::Elem> typeOfElement(const Column &column) const;
  std::optional<core::Type> typeOf(const Column &column, Range range);
  core::Type typeOfField(llvm::StringRef name, Range range);
  core::Type typeOfImage(Range range);
  Value read(Column column, const core::Type &type, Range range);
  Value recordField(const ast::RecordExpr &expr);
  std::optional<Value> valueOfCall(const ast::CallExpr &expr);
  std::optional<Value> valueOfIndex(const ast::IndexExpr &expr);
  core::Dim freshSize(ast::Name name);
  /// The size that the line declares for the list that `column` is; null if it
  /// is a single value there.
  const ast::Dimension *declaredSize(const Column &column) const;
  void findArgumentSizes(const ast::CallExpr &call);
  core::Axis lengthAxis(const Column &column, Range range);

  Evaluator &e;
  FileScope &file;
  const ast::DataDecl &decl;
  core::DataPlan &plan;
  const ast::DefineStmt *current = nullptr; ///< the line that is evaluated
  /// Of the line's columns that are arguments, the sizes their lists have.
  std::vector<std::pair<Range, const ast::Dimension *>> argumentSizes;
  std::vector<std::pair<std::string, core::Local *>> known;
  bool isFailed = false;
};

} // namespace lamina::sema

#endif // LAMINA_FRONTEND_SEMA_DATACOLUMNS_H
