// SPDX-License-Identifier: Apache-2.0
//
// The phases.
//
// Declares files, evaluates the entries in source order, then settles what
// needs every size: members of layers, initial values, rows of pipelines.

#include "frontend/Sema/Sema.h"

#include "frontend/Sema/BodyNames.h"
#include "frontend/Sema/DimensionNames.h"
#include "frontend/Sema/Entries.h"
#include "frontend/Sema/LayerCalls.h"
#include "frontend/Sema/LayerMembers.h"

#include "llvm/Support/ErrorHandling.h"

namespace lamina {

using namespace sema;

static void evaluateEntries(Session &session, Evaluator &evaluator) {
  FileScope &file = *session.getRoot();
  for (ast::Decl *decl : file.ast.decls) {
    if (auto *train = llvm::dyn_cast<ast::TrainDecl>(decl))
      evaluateTrain(evaluator, file, *train);
    else if (auto *function = llvm::dyn_cast<ast::FunctionDecl>(decl)) {
      if (function->functionKind == ast::FunctionKind::Sample)
        evaluateSample(evaluator, file, *function);
    } else if (auto *test = llvm::dyn_cast<ast::TestDecl>(decl)) {
      if (session.options.tests)
        evaluateTest(evaluator, file, *test);
    } else if (auto *weights = llvm::dyn_cast<ast::WeightsDecl>(decl)) {
      session
          .report(Rule::call_c10, weights->name.range,
                  "a map of weights from a file is not supported yet")
          .note(
              "'--weights FILE' of the program takes a file with equal names");
    }
  }
}

std::unique_ptr<core::Program> analyse(ast::FileAST file,
                                       SourceManager &sources,
                                       const SemaOptions &options,
                                       Diagnostics &diags) {
  auto program = std::make_unique<core::Program>();
  Session session(sources, diags, options, *program);
  session.addFile(std::move(file));
  checkDimensionNames(session, *session.getRoot());
  if (!diags.endPhase())
    return nullptr;
  Evaluator evaluator(session);
  evaluateEntries(session, evaluator);
  if (!diags.endPhase())
    return nullptr;
  checkBodyNames(evaluator, *session.getRoot());
  if (!diags.endPhase())
    return nullptr;
  // Settling one layer may reach another for the first time.
  size_t settled = 0;
  auto settleLayers = [&] {
    for (; settled < session.layerStates.size(); ++settled)
      LayerMembers(evaluator).settleLayer(session.layerStates[settled]);
  };
  settleLayers();
  LayerCalls(evaluator).settleFilters();
  settleLayers();
  settleEntries(session);
  if (!diags.endPhase())
    return nullptr;
  [[maybe_unused]] std::string fault = core::verify(*program);
  if (!fault.empty())
    llvm::report_fatal_error(llvm::Twine("verify-core: ") + fault);
  return program;
}

} // namespace lamina
