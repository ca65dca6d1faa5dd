// SPDX-License-Identifier: Apache-2.0
//
// Declarations of files as values.
//
// A declaration is evaluated when its name is reached, once. Constants see only
// what is known when compiling; `--set` replaces them.

#include "frontend/Sema/Entries.h"
#include "frontend/Sema/LayerMembers.h"
#include "frontend/Sema/Primitives.h"
#include "frontend/Sema/Tables.h"

#include <cmath>

namespace lamina::sema {

static Value functionOf(const ast::FunctionDecl &decl, FileScope &file) {
  Callable callable(Callable::Function, &file);
  callable.function = &decl;
  return Value::ofCallable(Value::Function, std::move(callable),
                           decl.name.range);
}

static Value layerOf(const ast::LayerDecl &decl, FileScope &file) {
  Callable callable(Callable::Layer, &file);
  callable.layer = &decl;
  return Value::ofCallable(Value::Layer, std::move(callable), decl.name.range);
}

/// Names that are neither declared nor primitives with a call.
static std::optional<Value> builtIn(Session &session, Evaluator &e,
                                    Symbol name) {
  if (name == "pi")
    return Value::number(M_PI, {});
  if (name == "inf")
    return Value::number(INFINITY, {});
  if (name == "training")
    return e.runTimeValue(
        session.program.make<core::Phase>(core::Type::truth(), Range()));
  if (name == "bytes") {
    Value value;
    value.kind = Value::Vocabulary;
    for (core::Vocabulary &known : session.program.vocabularies)
      if (known.name == "bytes" && known.file.empty())
        value.vocabulary = &known;
    if (!value.vocabulary) {
      session.program.vocabularies.emplace_back();
      value.vocabulary = &session.program.vocabularies.back();
      value.vocabulary->name = "bytes";
      for (unsigned byte = 0; byte < 256; ++byte)
        value.vocabulary->words.push_back(std::string(1, char(byte)));
    }
    return value;
  }
  if (const PrimitiveInfo *primitive = findPrimitive(name))
    return e.primitiveValue(primitive);
  return std::nullopt;
}

/// A constant in the scope of its file, apart from where it was reached.
static Value constantOf(Session &session, Evaluator &e, FileScope &file,
                        const ast::ConstDecl &decl) {
  llvm::SaveAndRestore<Scope *> scope(e.scope, &file);
  llvm::SaveAndRestore<FrameScope *> frame(e.frame, nullptr);
  llvm::SaveAndRestore<std::vector<Dim>> facts(e.facts, {});
  llvm::SaveAndRestore<llvm::SmallVector<core::IndexVar *, 4>> pack(
      e.packIndices, {});
  Statements body;
  llvm::SaveAndRestore<Statements *> out(e.statements, &body);
  if (&file == session.getRoot())
    for (auto &[name, text] : session.options.constants)
      if (name == decl.name.text)
        return setConstant(session, e, decl, text);
  if (!decl.brackets)
    return constantTable(e, e.evaluate(decl.value), std::move(body),
                         decl.range);
  Value table =
      e.tabulate(decl.name.text, decl.brackets, decl.value, decl.range);
  return constantTable(e, table, std::move(body), decl.range);
}

Value setConstant(Session &session, Evaluator &e, const ast::ConstDecl &decl,
                  llvm::StringRef text) {
  int64_t whole;
  double real;
  Value value = Value::textValue(text, decl.name.range);
  if (!text.getAsInteger(10, whole))
    value = Value::number(e.dims.constant(whole), decl.name.range);
  else if (!text.getAsDouble(real))
    value = Value::number(real, decl.name.range);
  else if (text == "true" || text == "false")
    value = Value::truthValue(text == "true", decl.name.range);
  Value written = e.evaluate(decl.value);
  bool fits = written.kind == value.kind &&
              (value.kind != Value::Number || value.dim || !written.dim);
  if (!fits && !written.isError()) {
    session.report(Rule::const_c3, decl.name.range,
                   "'" + decl.name.text + "' is " + written.describe() +
                       ", and '--set' gives '" + text + "'");
    return Value::error(decl.name.range);
  }
  return value;
}

/// A declaration that is evaluated when it is first asked for.
static Value evaluateDecl(Session &session, Evaluator &e, FileScope &home,
                          ast::Decl *decl, Symbol name) {
  if (llvm::is_contained(home.evaluating, decl)) {
    auto &diag = session.report(Rule::const_c2, nameRange(decl, name),
                                "'" + name + "' needs its own value");
    auto from = llvm::find(home.evaluating, decl);
    for (ast::Decl *on : llvm::make_range(from + 1, home.evaluating.end()))
      diag.note(nameRange(on, ""), "by way of this");
    return Value::error(decl->range);
  }
  home.evaluating.push_back(decl);
  Value value = Value::error(decl->range);
  if (auto *constant = llvm::dyn_cast<ast::ConstDecl>(decl))
    value = constantOf(session, e, home, *constant);
  else if (auto *optimizer = llvm::dyn_cast<ast::OptimizerDecl>(decl))
    value = optimizerValue(e, home, *optimizer);
  else if (auto *group = llvm::dyn_cast<ast::GroupDecl>(decl))
    value = groupValue(e, home, *group);
  else if (auto *data = llvm::dyn_cast<ast::DataDecl>(decl))
    value = dataValue(e, home, *data, name);
  home.evaluating.pop_back();
  home.evaluated[name] = value;
  return value;
}

std::optional<Value> Session::lookUp(FileScope &file, Symbol name,
                                     Evaluator &e) {
  auto [home, decl] = findDecl(file, name);
  if (home && home != &file && home->isLibrary)
    if (auto value = builtIn(*this, e, name))
      return value;
  if (!decl) {
    if (FileScope *module = file.modules.lookup(name)) {
      Value value;
      value.kind = Value::Module;
      value.module = module;
      return value;
    }
    return builtIn(*this, e, name);
  }
  if (auto *layer = llvm::dyn_cast<ast::LayerDecl>(decl))
    return layer->isModel ? LayerMembers(e).modelValue(layer, home)
                          : layerOf(*layer, *home);
  if (auto *function = llvm::dyn_cast<ast::FunctionDecl>(decl))
    return functionOf(*function, *home);
  if (auto known = home->evaluated.find(name); known != home->evaluated.end())
    return known->second;
  return evaluateDecl(*this, e, *home, decl, name);
}

} // namespace lamina::sema
