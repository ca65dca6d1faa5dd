// SPDX-License-Identifier: Apache-2.0
//
// Names that stand twice.
//
// Members of a layer and parameters of a signature, asked of every declaration
// of a file, whether or not anything reaches it.

#include "frontend/Sema/Session.h"

namespace lamina::sema {

namespace {

/// The names of one list, each with the place where it was first.
class UniqueNames {
public:
  UniqueNames(Session &session, Rule rule, const llvm::Twine &where)
      : session(session), rule(rule), where(where.str()) {}

  void add(const ast::Name &name) {
    auto [first, isNew] = known.insert({name.text, name.range});
    if (!isNew && !name.text.empty())
      session
          .report(rule, name.range, "'" + name.text + "' stands twice " + where)
          .note(first->second, "first here");
  }

private:
  Session &session;
  Rule rule;
  std::string where;
  llvm::MapVector<Symbol, Range> known;
};

} // namespace

static void checkParameters(Session &session,
                            const ast::Parameters &parameters) {
  UniqueNames names(session, Rule::name_c2, "among these parameters");
  for (const ast::Parameter &parameter : parameters.list)
    names.add(parameter.name);
}

static void checkMembers(Session &session, const ast::LayerDecl &layer) {
  UniqueNames names(session, Rule::layer_c4, "in '" + layer.name.text + "'");
  for (const ast::Decl *member : layer.members) {
    if (auto *field = llvm::dyn_cast<ast::FieldDecl>(member))
      for (const ast::Name &name : field->names)
        names.add(name);
    else if (auto *weights = llvm::dyn_cast<ast::WeightDecl>(member))
      for (const ast::Weight &weight : weights->weights)
        names.add(weight.name);
    else if (auto *call = llvm::dyn_cast<ast::FunctionDecl>(member)) {
      names.add(call->name);
      checkParameters(session, call->parameters);
    }
  }
}

void reportDuplicates(Session &session, const ast::Decl *decl) {
  if (auto *layer = llvm::dyn_cast<ast::LayerDecl>(decl)) {
    checkParameters(session, layer->settings);
    checkMembers(session, *layer);
  } else if (auto *function = llvm::dyn_cast<ast::FunctionDecl>(decl)) {
    checkParameters(session, function->parameters);
  } else if (auto *optimizer = llvm::dyn_cast<ast::OptimizerDecl>(decl)) {
    checkParameters(session, optimizer->settings);
  }
}

} // namespace lamina::sema
