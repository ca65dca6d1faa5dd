// SPDX-License-Identifier: Apache-2.0
//
// All that Sema hands to IRGen.
//
// A whole program: its sizes, numbers, models, data, and its entries (train,
// samples, tests), each with its body as Core. Everything
// stands in an order that the source decides.

#ifndef LAMINA_FRONTEND_CORE_PROGRAM_H
#define LAMINA_FRONTEND_CORE_PROGRAM_H

#include "frontend/Core/Instance.h"
#include "frontend/Core/Pipeline.h"

#include "llvm/ADT/StringMap.h"
#include "llvm/Support/StringSaver.h"

#include <deque>

namespace llvm {
class raw_ostream;
} // namespace llvm

namespace lamina::core {

/// A number that may be set when the program runs (`--set rate=1e-4`).
struct Scalar {
  Symbol name;
  double value = 0;
  bool whole = false;
  Range range;
  /// Where its value was needed to compile; known if it cannot be set at run
  /// time.
  Range fixedAt;
};

struct Vocabulary {
  Symbol name, file; ///< no file: the 256 bytes
  std::vector<std::string> words;
  bool isBytes() const { return file.empty(); }
};

struct Model {
  Symbol name;
  Slot *slot = nullptr;
  Range range;
};

/// A `state` of a train body or a field of a test or sample.
struct TrainState {
  Symbol name;
  Type type;
  Expr *init = nullptr; ///< null: a tree whose weights start as its slot says
  Range range;
};

//===-- Data -------------------------------------------------------------===//

/// A text function of one record: what makes a column.
struct ColumnExpr {
  enum Kind : uint8_t {
    Field,   ///< `.name`: text of a table or of lines, numbers of other sources
    Columns, ///< `.columns`, a list of texts
    Text,    ///< a constant; `text`
    Number,  ///< number(a)
    Encode,  ///< encode(vocabulary, a)
    IndexOf, ///< position in `vocabulary` or in `words`
    Hashed,  ///< hashed(n, a); `n`
    Lower,
    Strip,
    Cut,     ///< a[low:high]; negative counts from the end
    At,      ///< a[low]
    Compare, ///< `comparison` of two texts or numbers
    And,
    Or,
    Not
  };
  Kind kind = Field;
  std::string text;
  std::vector<std::string> words;
  Vocabulary *vocabulary = nullptr;
  int64_t n = 0, low = 0;
  std::optional<int64_t> high;
  Primitive comparison = Primitive::Eq;
  std::vector<ColumnExpr> operands;
  Range range;
};

struct DataColumn {
  Local *local = nullptr; ///< its value in the record's body
  ColumnExpr source;
};

struct DataField {
  Symbol name;
  Local *local = nullptr; ///< in the record's body
  Type type;         ///< of one record; lengths that differ are `Size` atoms
  bool used = false; ///< some entry reads it
  /// Of an `id(n)` that a line computes, and nothing proves to be in range: its
  /// smallest and largest element, which the program checks in every batch.
  Expr *lowest = nullptr, *highest = nullptr;
  Range range;
};

struct DataPlan {
  enum Kind : uint8_t {
    Table,
    Lines,
    Images,
    Windows,
    Arrays,
    Records,
    Split,
    Filter
  };
  Kind kind = Table;
  Symbol name;
  Range range;
  std::string file, labels, separator = ",";
  bool header = true;
  int64_t length = 0, step = 1; ///< Windows
  int64_t records = 0;          ///< Records

  DataPlan *of = nullptr;  ///< Split, Filter
  double from = 0, to = 1; ///< Split: shares of the shuffled records
  std::string by;          ///< Split: equal shares of this field; may be empty
  Expr *keep = nullptr;    ///< Filter: over the locals of the source's fields

  std::vector<ColumnExpr> conditions;   ///< `where` lines on columns
  std::vector<Expr *> recordConditions; ///< `where` lines on fields
  std::vector<DataColumn> columns;
  std::vector<Stmt *>
      record; ///< makes the fields of one record from its columns
  std::vector<DataField> fields;
  /// Names of lines without a type, which are no fields, and where.
  std::vector<std::pair<Symbol, Range>> untyped;
  Dim rows; ///< how many records a batch has; of the plan that declares them

  /// The plan that declares the fields.
  DataPlan &declared() { return of ? of->declared() : *this; }
};

//===-- Entries ----------------------------------------------------------===//

/// `report name = e on split every n`. `body` runs on a batch and ends in the
/// values that `parts` add up; `result` is what stands around them, once.
struct ReportPlan {
  struct Part {
    enum Kind : uint8_t { Sum, Mean, Count, Append } kind = Mean;
    Local *whole = nullptr; ///< its value over the split, in `result`
    Expr *value = nullptr;  ///< of a batch, before the outermost reduction
    Expr *weight = nullptr; ///< Mean: how many elements count; null: all
  };
  Symbol name;
  Range range;
  DataPlan *on = nullptr; ///< null: of the training step itself
  int64_t every = 1;      ///< steps
  bool everyEpoch = false;
  std::vector<Stmt *> body;
  std::vector<Part> parts;
  std::vector<Stmt *> after; ///< lines around the parts
  Expr *result = nullptr;    ///< without `on`: in the scope of the stage's body
};

struct KeepPlan {
  bool lowest = true;
  Symbol report;
  std::optional<int64_t> patience; ///< reports in a row that may be no better
  Range range;
};

struct StagePlan {
  Symbol name; ///< empty for a train without stages
  Range range;
  std::vector<Stmt *> body; ///< one step
  std::vector<ReportPlan> reports;
  std::optional<KeepPlan> keep;
  int64_t steps = 0, epochs = 0;
};

struct TrainPlan {
  Symbol name; ///< of the subcommand
  Symbol doc;  ///< what `--help` says of it; lines, or empty
  Range range;
  Model *model = nullptr;
  Model *from = nullptr;
  std::vector<TrainState *> states;
  std::vector<StagePlan> stages;
};

/// A parameter of a sample: a flag.
struct EntryParam {
  Local *local = nullptr;
  /// An `int` flag that shapes depend on: the size it is; then `local` is its
  /// value.
  Dim size;
  Expr *initial = nullptr; ///< null: the flag must be given
  /// Ids of this vocabulary (text on the command line); null for numbers.
  Vocabulary *vocabulary = nullptr;
  bool bytes = false;
};

struct EntryPlan {
  Symbol name;
  Symbol doc; ///< what `--help` says of it; lines, or empty
  Range range;
  std::vector<EntryParam> params;
  std::vector<TrainState *> states; ///< local layers
  std::vector<Stmt *> body;
  Expr *result = nullptr;
  std::vector<Symbol> resultNames;
  Vocabulary *vocabulary = nullptr; ///< the result is text of it
  bool bytes = false;               ///< the result is text
};

struct Given {
  std::string path;
  Expr *value = nullptr;
  Range range;
};

struct TestPlan {
  std::string name;
  Range range;
  std::vector<TrainState *> states;
  std::vector<Stmt *> body;
  std::vector<Given> givens;
};

//===-- The program ------------------------------------------------------===//

struct Program {
  DimContext dims;
  std::vector<const Atom *> sizes; ///< `program.dim`s, in order of creation
  std::deque<Scalar> scalars;
  std::deque<Vocabulary> vocabularies;
  std::deque<Model> models;
  std::deque<Slot> slots;
  std::deque<LayerInstance> layers; ///< in order of first reach
  std::deque<FunctionInstance> functions;
  std::deque<TrainState> states;
  std::deque<StageInstance> stages;
  std::deque<PipelineInstance> pipelines;
  std::deque<DataPlan> data;
  std::deque<TrainPlan> trains;
  std::deque<EntryPlan> samples;
  std::deque<TestPlan> tests;

  template <class T>
  T *make(Type type, Range range) {
    exprs.push_back(std::make_unique<T>(std::move(type), range));
    return static_cast<T *>(exprs.back().get());
  }
  template <class T>
  T *makeStmt(Range range) {
    stmts.push_back(std::make_unique<T>(range));
    return static_cast<T *>(stmts.back().get());
  }
  Local *makeLocal(Local::Role role, Symbol name, Type type, Range range);
  IndexVar *makeIndex(IndexVar::Kind kind, Symbol name, Dim low, Dim extent,
                      Range range);
  Symbol intern(llvm::StringRef text) { return saver.save(text); }

private:
  std::vector<std::unique_ptr<Expr>> exprs;
  std::vector<std::unique_ptr<Stmt>> stmts;
  std::deque<Local> locals;
  std::deque<IndexVar> indices;
  llvm::BumpPtrAllocator allocator;
  llvm::UniqueStringSaver saver{allocator};
};

/// `--emit=core`.
void print(const Program &program, llvm::raw_ostream &os);
void print(const Expr &expr, llvm::raw_ostream &os);
/// Checks what IRGen relies on; returns what is wrong, or an empty text.
std::string verify(const Program &program);

} // namespace lamina::core

#endif // LAMINA_FRONTEND_CORE_PROGRAM_H
