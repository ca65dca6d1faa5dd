// SPDX-License-Identifier: Apache-2.0
//
// The algorithm of a step, to be read beside its schedule.
//
// Halide prints expressions, with the innermost axis first; its names carry
// numbers that count up in the process, which go, and loops of sums get the
// names that schedules have for them.

#include "backends/Halide/PrintAlgorithm.h"

#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/Regex.h"

#include <sstream>

namespace lamina::halide {

static std::string textOf(const Exprs &values) {
  std::ostringstream text;
  for (size_t i = 0; i < values.size(); ++i)
    text << (i ? ", " : "") << values[i];
  return values.size() == 1 ? text.str() : "(" + text.str() + ")";
}

static void replaceAll(std::string &text, const std::string &from,
                       const std::string &to) {
  for (size_t at = text.find(from); at != std::string::npos;
       at = text.find(from, at + to.size()))
    text.replace(at, from.size(), to);
}

/// What keepApart (ScalarExpr.h) wraps is a number that is rounded.
static void nameRounding(std::string &text) {
  for (std::string bits : {"32", "64"}) {
    replaceAll(text,
               "reinterpret<float" + bits + ">((uint" + bits +
                   ")bitwise_xor(reinterpret<uint" + bits + ">(",
               "rounded(");
    replaceAll(text, "), uint" + bits + "(never)))", ")");
  }
}

/// Without the numbers that Halide adds behind a '$'.
static std::string cleaned(std::string text) {
  static const llvm::Regex number("\\$[0-9]+");
  llvm::SmallVector<llvm::StringRef> found;
  while (number.match(text, &found))
    text.erase(size_t(found[0].data() - text.data()), found[0].size());
  return text;
}

static void printDefinition(const std::string &name, const Exprs &arguments,
                            const Exprs &values,
                            const std::vector<Halide::VarOrRVar> &loops,
                            llvm::raw_ostream &out) {
  std::ostringstream text;
  for (size_t i = 0; i < arguments.size(); ++i)
    text << (i ? ", " : "") << arguments[i];
  std::string line = name + "(" + text.str() + ") = " + textOf(values);
  for (size_t i = 0; i < loops.size(); ++i)
    replaceAll(line, loops[i].name(), "r" + std::to_string(i));
  line = cleaned(line);
  nameRounding(line);
  replaceAll(line, "_im(", "(");
  out << "  # " << line << "\n";
}

static void printFunc(const std::string &name, Halide::Func func,
                      llvm::raw_ostream &out) {
  std::vector<Halide::Var> vars = func.args();
  printDefinition(name, {vars.begin(), vars.end()}, func.values().as_vector(),
                  {}, out);
  for (int i = 0; i < func.num_update_definitions(); ++i)
    printDefinition(name, func.update_args(i),
                    func.update_values(i).as_vector(), sumLoops(func.update(i)),
                    out);
}

void printAlgorithm(const Step &step, llvm::raw_ostream &out) {
  for (const Stage &stage : step.stages)
    printFunc(stage.name, stage.func, out);
  if (step.outs.size() == 1)
    return printFunc("out", step.out, out);
  std::vector<Halide::Var> vars = step.out.args();
  std::string index = llvm::join(
      llvm::map_range(vars, [](const auto &var) { return var.name(); }), ", ");
  out << "  # out(" << index << ") = values(" << index << ")\n";
}

} // namespace lamina::halide
