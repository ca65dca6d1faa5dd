// SPDX-License-Identifier: Apache-2.0
//
// State of printing Core.

#ifndef LAMINA_FRONTEND_CORE_PRINTER_H
#define LAMINA_FRONTEND_CORE_PRINTER_H

#include "frontend/Core/Program.h"

#include "llvm/ADT/DenseMap.h"
#include "llvm/Support/Format.h"
#include "llvm/Support/raw_ostream.h"

namespace lamina::core {

class Printer {
public:
  explicit Printer(llvm::raw_ostream &os) : os(os) {}

  void program(const Program &program);
  void expr(const Expr *expr);
  void statements(llvm::ArrayRef<Stmt *> statements);

private:
  void layer(const LayerInstance &layer);
  void member(const Member &member);
  void slot(const Slot *slot);
  void instance(const FunctionInstance &function);
  void stage(const StageInstance &stage);
  void pipeline(const PipelineInstance &pipeline);
  void data(const DataPlan &data);
  void column(const ColumnExpr &column);
  void report(const ReportPlan &report);
  void doc(llvm::StringRef text);
  void keep(const KeepPlan &keep);
  void train(const TrainPlan &train);
  void entry(llvm::StringRef kind, const EntryPlan &entry);
  void test(const TestPlan &test);
  void states(llvm::ArrayRef<TrainState *> states);

  void statement(const Stmt *stmt);
  void assertion(const Assert &stmt);
  void batch(const Batch &stmt);
  void local(const Local *local);
  void typed(const Local *local);
  unsigned numberOf(const Local *local);
  void list(llvm::ArrayRef<Expr *> exprs);
  void subscript(const Subscript &subscript);
  void index(const IndexVar *var);
  void block(llvm::ArrayRef<Stmt *> statements, const Expr *result);
  void function(const FunctionInstance *function);
  void operation(llvm::StringRef name, llvm::ArrayRef<const Expr *> operands);
#define EXPR(KIND) void write(const KIND *node);
#include "frontend/Core/Core.def"

  llvm::raw_ostream &os;
  unsigned depth = 0;
  llvm::DenseMap<const Local *, unsigned> numbers;
};

} // namespace lamina::core

#endif // LAMINA_FRONTEND_CORE_PRINTER_H
