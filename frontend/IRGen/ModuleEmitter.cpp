// SPDX-License-Identifier: Apache-2.0
//
// From Core to MODEL IR.

#include "frontend/IRGen/ModuleEmitter.h"

#include "dialects/Graph/PathHash.h"
#include "dialects/Optim/OptimOps.h"
#include "dialects/Program/ProgramOps.h"
#include "frontend/Source/SourceManager.h"

#include "mlir/Dialect/Math/IR/Math.h"

using namespace mlir;

namespace lamina::irgen {

ModuleEmitter::ModuleEmitter(const core::Program &program,
                             const SourceManager &sources, MLIRContext &context,
                             Options options)
    : program(program), types(program, sources, context, options),
      sources(sources), module(ModuleOp::create(UnknownLoc::get(&context))) {}

OpBuilder ModuleEmitter::atEnd() {
  return OpBuilder::atBlockEnd(module.getBody());
}

std::string ModuleEmitter::uniqueName(StringRef wanted) {
  std::string name = wanted.str();
  for (unsigned number = 2; !taken.insert(name).second; ++number)
    name = (wanted + "." + Twine(number)).str();
  return name;
}

OwningOpRef<ModuleOp> ModuleEmitter::emit() {
  emitDims();
  emitModels();
  for (const core::TrainPlan &plan : program.trains)
    emitTrain(plan);
  for (const core::EntryPlan &plan : program.samples)
    emitSample(plan);
  for (const core::TestPlan &plan : program.tests)
    emitTest(plan);
  emitData();
  emitProvenance();
  return OwningOpRef<ModuleOp>(module);
}

void ModuleEmitter::emitProvenance() {
  if (sources.getNumFiles() == 0)
    return;
  OpBuilder builder = atEnd();
  FileID main{0};
  for (uint32_t file = 0; file < sources.getNumFiles(); ++file)
    if (!sources.isLibrary({file})) {
      main = {file};
      break;
    }
  StringRef text = sources.getText(main);
  makePlan<program::ProvenanceOp>(
      builder.getUnknownLoc(), uniqueName("provenance"),
      {builder.getNamedAttr("file",
                            builder.getStringAttr(sources.getPath(main))),
       builder.getNamedAttr(
           "hash", builder.getStringAttr(llvm::utohexstr(
                       graph::hashPath(text), /*LowerCase=*/true, 16))),
       builder.getNamedAttr("source", builder.getStringAttr(text))});
}

void ModuleEmitter::emitDims() {
  constexpr int64_t limit = (int64_t(1) << 31) - 1;
  for (const core::Atom *atom : program.sizes) {
    auto bound = [](core::Dim dim, int64_t otherwise) {
      std::optional<int64_t> value = dim ? dim.size().constant() : std::nullopt;
      return value.value_or(otherwise);
    };
    int64_t low = bound(atom->low, 1),
            high = std::min(bound(atom->high, limit), limit);
    int64_t usual = std::clamp(
        atom->usual ? atom->usual : std::min<int64_t>(high, 32), low, high);
    OpBuilder builder = atEnd();
    std::string name = types.nameOf(*atom).str();
    taken.insert(name);
    FlatSymbolRefAttr over;
    if (atom->raggedOver)
      over = FlatSymbolRefAttr::get(builder.getContext(),
                                    types.nameOf(*atom->raggedOver));
    StringAttr written;
    if (name != atom->symbol)
      written = builder.getStringAttr(atom->symbol);
    program::DimOp::create(builder, types.loc(atom->range), name, low, high,
                           usual, over, written);
  }
}

void ModuleEmitter::emitModels() {
  for (const core::Model &model : program.models) {
    treeType(*model.slot);
    emitVariables(model.name, *model.slot);
  }
}

StringRef ModuleEmitter::scalarName(const core::Scalar &scalar) {
  auto [it, isNew] = scalarNames.try_emplace(&scalar);
  if (isNew) {
    OpBuilder builder = atEnd();
    it->second = uniqueName(scalar.name);
    Type type = types.real();
    makePlan<program::ScalarOp>(
        types.loc(scalar.range), it->second,
        {builder.getNamedAttr("type", TypeAttr::get(type)),
         builder.getNamedAttr("default", numberAttr(type, scalar.value)),
         builder.getNamedAttr("role", builder.getStringAttr("set")),
         builder.getNamedAttr(
             "line", builder.getStringAttr(types.line(scalar.range)))});
  }
  return it->second;
}

OwningOpRef<ModuleOp> emitModule(const core::Program &program,
                                 const SourceManager &sources,
                                 MLIRContext &context, Options options) {
  context.loadDialect<arith::ArithDialect, func::FuncDialect, math::MathDialect,
                      graph::GraphDialect, model::ModelDialect,
                      optim::OptimDialect, program::ProgramDialect>();
  return ModuleEmitter(program, sources, context, options).emit();
}

} // namespace lamina::irgen
