// SPDX-License-Identifier: Apache-2.0
//
// Samples and tests.

#include "dialects/Program/ProgramOps.h"
#include "frontend/IRGen/Entry.h"

using namespace mlir;

namespace lamina::irgen {

namespace {

/// States of samples and tests: local layers, with weights of their own.
class LocalEntry : public Entry {
public:
  using Entry::Entry;

  Emitted trainState(Emitter &, const core::TrainState &state) override {
    std::string name =
        module.stateVariables(state, (getName() + "." + state.name).str());
    if (!state.type.isTree())
      return Emitted::tensor(load(module.types.tensor(state.type), name));
    return Emitted::tree(load(module.treeType(*state.type.slot), name),
                         state.type.slot);
  }
};

class SampleEntry : public LocalEntry {
public:
  using LocalEntry::LocalEntry;

  FlatSymbolRefAttr emit(const core::EntryPlan &plan) {
    for (const core::EntryParam &param : plan.params)
      defineParam(param);
    emitter.run(plan.body);
    SmallVector<Value> values;
    emitter.flatten(emitter.emit(plan.result), {}, values);
    for (auto [number, value] : llvm::enumerate(values))
      result(value, "program.output", resultName(plan, number));
    return finish();
  }

  static std::string resultName(const core::EntryPlan &plan, unsigned number) {
    if (number < plan.resultNames.size())
      return plan.resultNames[number].str();
    return number == 0 ? "result" : ("result." + Twine(number)).str();
  }

private:
  void defineParam(const core::EntryParam &param) {
    const core::Local *local = param.local;
    Type type = module.types.tensor(local->type);
    // A flag that shapes depend on is a size of the program; its value is read
    // off the size.
    if (param.size) {
      Value size =
          b.sizeValue(module.types.size(param.size), module.types.whole());
      emitter.define(local, Emitted::tensor(size));
      return;
    }
    emitter.define(
        local, Emitted::tensor(argument(type, "program.input", local->name)));
  }
};

class TestEntry : public LocalEntry {
public:
  TestEntry(ModuleEmitter &module, StringRef name, const core::TestPlan &plan)
      : LocalEntry(module, name, "test", plan.range), plan(plan) {}

  const core::Expr *given(StringRef path) override {
    for (const core::Given &given : plan.givens)
      if (given.path == path)
        return given.value;
    return nullptr;
  }

  FlatSymbolRefAttr emit() {
    emitter.run(plan.body);
    return finish();
  }

private:
  const core::TestPlan &plan;
};

} // namespace

/// What `program.sample` says of a flag.
DictionaryAttr ModuleEmitter::paramAttr(const core::EntryParam &param) {
  OpBuilder builder(module.getContext());
  SmallVector<NamedAttribute> attributes;
  auto add = [&](StringRef name, Attribute value) {
    attributes.push_back(builder.getNamedAttr(name, value));
  };
  const core::Type &type = param.local->type;
  add("name", builder.getStringAttr(param.local->name));
  add("kind", builder.getStringAttr(param.size    ? "size"
                                    : type.rank() ? "tensor"
                                                  : "scalar"));
  add("element", builder.getStringAttr(types.elementName(type.elem)));
  if (const core::Atom *atom = param.size ? param.size.size().atom() : nullptr)
    add("dim",
        FlatSymbolRefAttr::get(builder.getContext(), types.nameOf(*atom)));
  if (param.bytes)
    add("text", builder.getStringAttr("bytes"));
  if (param.vocabulary)
    add("text", wordsAttr(*param.vocabulary));
  if (std::optional<double> number = writtenNumber(param.initial))
    add("default", type.elem.isReal()
                       ? Attribute(builder.getF64FloatAttr(*number))
                       : builder.getI64IntegerAttr(int64_t(*number)));
  if (type.elem.isWhole() && type.elem.low &&
      type.elem.low.size().isConstant(0) && type.elem.high &&
      type.elem.high.size().constant())
    add("below",
        builder.getI64IntegerAttr(*type.elem.high.size().constant() + 1));
  return builder.getDictionaryAttr(attributes);
}

ArrayAttr ModuleEmitter::wordsAttr(const core::Vocabulary &vocabulary) {
  OpBuilder builder(module.getContext());
  SmallVector<Attribute> words;
  for (const std::string &word : vocabulary.words)
    words.push_back(builder.getStringAttr(word));
  return builder.getArrayAttr(words);
}

void ModuleEmitter::emitSample(const core::EntryPlan &plan) {
  std::string name = uniqueName(plan.name);
  SampleEntry entry(*this, name + ".entry", "sample", plan.range);
  FlatSymbolRefAttr function = entry.emit(plan);
  OpBuilder builder = atEnd();
  SmallVector<Attribute> params, results;
  for (const core::EntryParam &param : plan.params)
    params.push_back(paramAttr(param));
  auto op =
      llvm::cast<func::FuncOp>(SymbolTable::lookupSymbolIn(module, function));
  for (unsigned number = 0; number < op.getNumResults(); ++number) {
    SmallVector<NamedAttribute> result{builder.getNamedAttr(
        "name", builder.getStringAttr(SampleEntry::resultName(plan, number)))};
    if (plan.bytes)
      result.push_back(
          builder.getNamedAttr("text", builder.getStringAttr("bytes")));
    else if (plan.vocabulary)
      result.push_back(
          builder.getNamedAttr("text", wordsAttr(*plan.vocabulary)));
    results.push_back(builder.getDictionaryAttr(result));
  }
  SmallVector<NamedAttribute> attributes{
      builder.getNamedAttr("entry", function),
      builder.getNamedAttr("label", builder.getStringAttr(plan.name)),
      builder.getNamedAttr("parameters", builder.getArrayAttr(params)),
      builder.getNamedAttr("results", builder.getArrayAttr(results))};
  if (!plan.doc.empty())
    attributes.push_back(
        builder.getNamedAttr("doc", builder.getStringAttr(plan.doc)));
  makePlan<program::SampleOp>(types.loc(plan.range), name, attributes);
}

void ModuleEmitter::emitTest(const core::TestPlan &plan) {
  std::string name = uniqueName("test");
  FlatSymbolRefAttr entry = TestEntry(*this, name + ".entry", plan).emit();
  OpBuilder builder = atEnd();
  makePlan<program::TestOp>(
      types.loc(plan.range), name,
      {builder.getNamedAttr("entry", entry),
       builder.getNamedAttr("label", builder.getStringAttr(plan.name))});
}

} // namespace lamina::irgen
