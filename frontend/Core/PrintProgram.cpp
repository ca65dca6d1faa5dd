// SPDX-License-Identifier: Apache-2.0
//
// Statements, instances, entries.

#include "frontend/Core/Printer.h"

#include "llvm/ADT/STLExtras.h"
#include "llvm/Support/Casting.h"

namespace lamina::core {

//===-- Statements --------------------------------------------------------===//

void Printer::typed(const Local *local) {
  this->local(local);
  os << ": " << local->type.str(true);
}

void Printer::statements(llvm::ArrayRef<Stmt *> statements) {
  for (const Stmt *stmt : statements) {
    os.indent(2 * depth);
    statement(stmt);
    os << '\n';
  }
}

void Printer::assertion(const Assert &stmt) {
  os << "assert ";
  expr(stmt.actual);
  if (stmt.wanted) {
    os << ' ' << spelling(stmt.comparison) << ' ';
    expr(stmt.wanted);
  }
  if (stmt.tolerance) {
    os << " within ";
    expr(stmt.tolerance);
  }
}

void Printer::batch(const Batch &stmt) {
  os << "batch " << stmt.rows.size().str() << " of " << stmt.data->name;
  os << (stmt.inOrder ? " in order (" : " (");
  llvm::interleaveComma(stmt.fields, os, [&](const Local *l) { typed(l); });
  os << ')';
}

void Printer::statement(const Stmt *stmt) {
  if (auto *x = llvm::dyn_cast<Let>(stmt)) {
    typed(x->local);
    os << " = ";
    expr(x->value);
  } else if (auto *x = llvm::dyn_cast<Update>(stmt)) {
    expr(x->place);
    os << " <- ";
    expr(x->value);
  } else if (auto *x = llvm::dyn_cast<Guarded>(stmt)) {
    os << "when ";
    expr(x->condition);
    os << ' ';
    block(x->statements, nullptr);
  } else if (auto *x = llvm::dyn_cast<Assert>(stmt)) {
    assertion(*x);
  } else if (auto *x = llvm::dyn_cast<Batch>(stmt)) {
    batch(*x);
  } else if (auto *x = llvm::dyn_cast<Minimize>(stmt)) {
    os << "minimize \"" << x->name << "\" ";
    expr(x->loss);
    if (x->pipeline)
      os << " with pipeline " << x->pipeline->id;
  } else if (auto *x = llvm::dyn_cast<RepeatSteps>(stmt)) {
    os << "repeat ";
    index(x->round);
    os << ' ';
    block(x->statements, nullptr);
  }
}

//===-- Instances ---------------------------------------------------------===//

void Printer::slot(const Slot *slot) {
  switch (slot->kind) {
  case Slot::Layer:
    if (slot->instance)
      os << '@' << slot->instance->name << '.' << slot->instance->id;
    else
      os << "nothing";
    return;
  case Slot::Repeat:
    this->slot(slot->parts[0].slot);
    os << " * " << slot->count;
    return;
  default:
    os << '{';
    llvm::interleaveComma(slot->parts, os, [&](const Slot::Part &part) {
      os << part.name << ": ";
      this->slot(part.slot);
    });
    os << '}';
  }
}

void Printer::member(const Member &member) {
  static const char *const kinds[] = {"param ", "state ", "field "};
  os << "  " << kinds[member.kind] << member.name << ": ";
  if (member.slot) {
    slot(member.slot);
  } else {
    os << member.type.str(true);
    if (member.initial.value) {
      os << (member.initial.fromBatch ? " from batch = " : " = ");
      ++depth;
      expr(member.initial.value);
      --depth;
    }
  }
  os << '\n';
}

void Printer::instance(const FunctionInstance &f) {
  numbers.clear();
  os << "  call ";
  function(&f);
  os << '(';
  llvm::interleaveComma(f.params, os, [&](const Local *l) { typed(l); });
  if (!f.captures.empty()) {
    os << "; ";
    llvm::interleaveComma(f.captures, os, [&](const Local *l) { typed(l); });
  }
  os << ") -> " << f.result.str(true) << (f.updates ? " updates = " : " = ");
  ++depth;
  expr(f.body);
  --depth;
  os << '\n';
}

void Printer::layer(const LayerInstance &layer) {
  os << "layer @" << layer.name << '.' << layer.id << " {\n";
  for (const Member &m : layer.members)
    member(m);
  for (const FunctionInstance *f : layer.calls)
    instance(*f);
  os << "}\n";
}

void Printer::stage(const StageInstance &stage) {
  numbers.clear();
  os << "stage " << stage.id << ' ' << stage.name << '(';
  llvm::interleaveComma(
      llvm::ArrayRef<const Local *>{stage.gradient, stage.weight,
                                    stage.incomingRate, stage.count},
      os, [&](const Local *l) {
        if (l)
          typed(l);
      });
  os << ") {\n";
  ++depth;
  for (auto &init : stage.slots) {
    os.indent(2) << "state ";
    typed(init.local);
    os << " = ";
    expr(init.init);
    os << '\n';
  }
  statements(stage.step);
  auto part = [&](const char *name, const Expr *e) {
    if (!e)
      return;
    os.indent(2) << name << " = ";
    expr(e);
    os << '\n';
  };
  part("h", stage.h);
  part("rate", stage.rate);
  part("pass", stage.pass);
  if (!stage.after.empty()) {
    os.indent(2) << "after ";
    block(stage.after, nullptr);
    os << '\n';
  }
  part("final", stage.final);
  --depth;
  os << "}\n";
}

void Printer::pipeline(const PipelineInstance &pipeline) {
  os << "pipeline " << pipeline.id << " {\n";
  for (auto &row : pipeline.rows) {
    os << "  " << row.leaf.path.str() << ":";
    for (const StageInstance *stage : row.stages)
      os << ' ' << (stage ? std::to_string(stage->id) : "-");
    os << '\n';
  }
  os << "}\n";
}

//===-- Entries -----------------------------------------------------------===//

void Printer::column(const ColumnExpr &c) {
  static const char *const kinds[] = {"field",  "columns", "text",   "number",
                                      "encode", "index",   "hashed", "lower",
                                      "strip",  "cut",     "at",     "compare",
                                      "and",    "or",      "not"};
  os << kinds[c.kind];
  if (!c.text.empty())
    os << " '" << c.text << '\'';
  if (c.kind == ColumnExpr::Cut || c.kind == ColumnExpr::At)
    os << ' ' << c.low << ':' << (c.high ? std::to_string(*c.high) : "");
  if (c.operands.empty())
    return;
  os << '(';
  llvm::interleaveComma(c.operands, os,
                        [&](const ColumnExpr &x) { column(x); });
  os << ')';
}

void Printer::data(const DataPlan &plan) {
  static const char *const kinds[] = {"table",  "lines",   "images", "windows",
                                      "arrays", "records", "split",  "filter"};
  numbers.clear();
  os << "data " << plan.name << " from " << kinds[plan.kind];
  if (plan.of)
    os << " of " << plan.of->name << " "
       << llvm::format("%g to %g", plan.from, plan.to);
  if (!plan.file.empty())
    os << " '" << plan.file << '\'';
  os << " {\n";
  ++depth;
  for (auto &c : plan.columns) {
    os << "  column ";
    typed(c.local);
    os << " = ";
    column(c.source);
    os << '\n';
  }
  for (auto &condition : plan.conditions) {
    os << "  where ";
    column(condition);
    os << '\n';
  }
  statements(plan.record);
  for (auto &field : plan.fields) {
    os << "  field " << field.name << (field.used ? " = " : " unused = ");
    typed(field.local);
    os << '\n';
  }
  --depth;
  os << "}\n";
}

void Printer::states(llvm::ArrayRef<TrainState *> states) {
  for (const TrainState *state : states) {
    os.indent(2 * depth) << "state " << state->name << ": ";
    if (state->type.isTree())
      slot(state->type.slot);
    else
      os << state->type.str(true);
    if (state->init) {
      os << " = ";
      expr(state->init);
    }
    os << '\n';
  }
}

void Printer::report(const ReportPlan &report) {
  os.indent(2 * depth) << "report " << report.name;
  if (report.on)
    os << " on " << report.on->name;
  os << (report.everyEpoch ? " every epoch"
                           : " every " + std::to_string(report.every))
     << " {\n";
  ++depth;
  statements(report.body);
  static const char *const kinds[] = {"sum", "mean", "count", "append"};
  for (auto &part : report.parts) {
    os.indent(2 * depth);
    local(part.whole);
    os << " = " << kinds[part.kind] << ' ';
    expr(part.value);
    os << '\n';
  }
  statements(report.after);
  os.indent(2 * depth);
  expr(report.result);
  os << '\n';
  --depth;
  os.indent(2 * depth) << "}\n";
}

void Printer::keep(const KeepPlan &keep) {
  os << "    keep " << (keep.lowest ? "lowest " : "highest ") << keep.report;
  if (keep.patience)
    os << " patience " << *keep.patience;
  os << '\n';
}

void Printer::doc(llvm::StringRef text) {
  llvm::SmallVector<llvm::StringRef> lines;
  if (!text.empty())
    text.split(lines, '\n');
  for (llvm::StringRef line : lines)
    os << "doc " << line << '\n';
}

void Printer::train(const TrainPlan &train) {
  numbers.clear();
  doc(train.doc);
  os << "train " << train.name << " of " << train.model->name << " {\n";
  depth = 1;
  states(train.states);
  for (const StagePlan &stage : train.stages) {
    os << "  stage '" << stage.name << "' steps " << stage.steps << " epochs "
       << stage.epochs << " {\n";
    depth = 2;
    statements(stage.body);
    for (const ReportPlan &r : stage.reports)
      report(r);
    if (stage.keep)
      keep(*stage.keep);
    depth = 1;
    os << "  }\n";
  }
  depth = 0;
  os << "}\n";
}

void Printer::entry(llvm::StringRef kind, const EntryPlan &entry) {
  numbers.clear();
  doc(entry.doc);
  os << kind << ' ' << entry.name << '(';
  llvm::interleaveComma(entry.params, os, [&](const EntryParam &param) {
    typed(param.local);
    if (param.initial) {
      os << " = ";
      expr(param.initial);
    }
  });
  os << ") {\n";
  depth = 1;
  states(entry.states);
  statements(entry.body);
  if (entry.result) {
    os << "  ";
    expr(entry.result);
    os << '\n';
  }
  depth = 0;
  os << "}\n";
}

void Printer::test(const TestPlan &test) {
  numbers.clear();
  os << "test \"" << test.name << "\" {\n";
  depth = 1;
  states(test.states);
  statements(test.body);
  for (const Given &given : test.givens) {
    os << "  given " << given.path << " = ";
    expr(given.value);
    os << '\n';
  }
  depth = 0;
  os << "}\n";
}

void Printer::program(const Program &program) {
  for (const Model &model : program.models) {
    os << "model " << model.name << " = ";
    slot(model.slot);
    os << '\n';
  }
  for (const Scalar &scalar : program.scalars)
    os << "scalar " << scalar.name << " = "
       << llvm::format("%.9g", scalar.value)
       << (scalar.fixedAt ? " fixed\n" : "\n");
  for (const LayerInstance &l : program.layers)
    layer(l);
  for (const FunctionInstance &f : program.functions)
    if (!f.layer)
      instance(f);
  for (const DataPlan &plan : program.data)
    data(plan);
  for (const StageInstance &s : program.stages)
    stage(s);
  for (const PipelineInstance &p : program.pipelines)
    pipeline(p);
  for (const TrainPlan &plan : program.trains)
    train(plan);
  for (const EntryPlan &plan : program.samples)
    entry("sample", plan);
  for (const TestPlan &plan : program.tests)
    test(plan);
}

void print(const Program &program, llvm::raw_ostream &os) {
  Printer(os).program(program);
}
void print(const Expr &expr, llvm::raw_ostream &os) { Printer(os).expr(&expr); }

} // namespace lamina::core
