// SPDX-License-Identifier: Apache-2.0
//
// A function that the runtime calls.

#include "frontend/IRGen/Entry.h"

#include "dialects/Graph/PathHash.h"

#include <numeric>

using namespace mlir;

namespace lamina::irgen {

Entry::Entry(ModuleEmitter &module, StringRef wanted, StringRef kind,
             Range range)
    : emitter(module, *this), module(module), b(emitter.b),
      name(module.uniqueName(wanted)) {
  OpBuilder builder = module.atEnd();
  b.place = module.types.loc(range);
  function = func::FuncOp::create(builder, b.place, name,
                                  builder.getFunctionType({}, {}));
  function->setAttr("program.entry", builder.getStringAttr(kind));
  block = function.addEntryBlock();
  b.setInsertionPointToEnd(block);
}

Value Entry::argument(Type type, StringRef attribute, Attribute source) {
  StringAttr key = b.getStringAttr(attribute);
  Value &value = known[{key, source}];
  if (!value) {
    value = block->addArgument(type, b.place);
    argAttrs.push_back(b.getDictionaryAttr(NamedAttribute(key, source)));
  }
  return value;
}

Value Entry::argument(Type type, StringRef attribute, StringRef source) {
  return argument(type, attribute, Attribute(b.getStringAttr(source)));
}

Value Entry::load(Type type, StringRef variable) {
  return argument(type, "program.load",
                  Attribute(FlatSymbolRefAttr::get(b.getContext(), variable)));
}

void Entry::result(Value value, StringRef attribute, Attribute target) {
  results.push_back(value);
  resultAttrs.push_back(
      b.getDictionaryAttr(NamedAttribute(b.getStringAttr(attribute), target)));
}

void Entry::result(Value value, StringRef attribute, StringRef target) {
  result(value, attribute, Attribute(b.getStringAttr(target)));
}

void Entry::result(Value value) {
  results.push_back(value);
  resultAttrs.push_back(b.getDictionaryAttr({}));
}

void Entry::store(Value value, StringRef variable) {
  result(value, "program.store",
         Attribute(FlatSymbolRefAttr::get(b.getContext(), variable)));
}

FlatSymbolRefAttr Entry::finish() {
  func::ReturnOp::create(b, b.place, results);
  function.setFunctionType(b.getFunctionType(block->getArgumentTypes(),
                                             ValueRange(results).getTypes()));
  function.setArgAttrsAttr(b.getArrayAttr(argAttrs));
  function.setResAttrsAttr(b.getArrayAttr(resultAttrs));
  return FlatSymbolRefAttr::get(function);
}

Value Entry::scalar(Emitter &, const core::Scalar &scalar) {
  return argument(module.types.scalar(module.types.real()), "program.scalar",
                  module.scalarName(scalar));
}

Value Entry::drawKey(Emitter &emitter, StringRef path, Ambient &) {
  return b.make<model::KeyOp>(module.types.key(), b.getStringAttr(path),
                              emitter.rounds);
}

Emitted Entry::modelTree(Emitter &, const core::Model &model) {
  Value tree = load(module.treeType(*model.slot), model.name);
  return Emitted::tree(tree, model.slot);
}

//===----------------------------------------------------------------------===//
// Keys
//===----------------------------------------------------------------------===//

Value Entry::deriveKey(Value key, Value number) {
  Sizes leading = graph::getShape(key);
  leading.pop_back();
  if (rankOf(number) < leading.size())
    number = b.broadcast(number, leading, {});
  if (leading.size() < rankOf(number)) {
    Sizes sizes = graph::getShape(number);
    sizes.push_back(SizeExpr(2));
    SmallVector<int64_t> axes(leading.size());
    std::iota(axes.begin(), axes.end(), 0);
    axes.push_back(sizes.size() - 1);
    key = b.broadcast(key, sizes, axes);
  }
  return b.make<graph::KeyOp>(key, number);
}

Value Entry::deriveKey(Value key, StringRef path) {
  SmallVector<StringRef> parts, names;
  SmallVector<int64_t> numbers;
  path.split(parts, '.', -1, /*KeepEmpty=*/false);
  for (StringRef part : parts) {
    int64_t number;
    if (part.getAsInteger(10, number))
      names.push_back(part);
    else
      numbers.push_back(number);
  }
  key =
      deriveKey(key, b.wide(int64_t(graph::hashPath(llvm::join(names, ".")))));
  for (int64_t number : numbers)
    key = deriveKey(key, b.wide(number));
  return key;
}

//===----------------------------------------------------------------------===//
// What only some entries have
//===----------------------------------------------------------------------===//

Value Surroundings::lengths(Emitter &, const core::Atom &) {
  llvm_unreachable("a ragged size comes with its lengths");
}
Emitted Surroundings::modelTree(Emitter &, const core::Model &) {
  llvm_unreachable("a layer takes the trees of models as captures");
}
Emitted Surroundings::trainState(Emitter &, const core::TrainState &) {
  llvm_unreachable("states of a body are made where it begins");
}
Emitted Surroundings::ownWeight(Emitter &, StringRef, Type) {
  llvm_unreachable("only layers have weights of their own");
}
void Surroundings::batch(Emitter &, const core::Batch &) {
  llvm_unreachable("batches are taken in training and in reports");
}
void Surroundings::minimize(Emitter &, const core::Minimize &) {
  llvm_unreachable("weights move in training only");
}
void Surroundings::repeat(Emitter &, const core::RepeatSteps &) {
  llvm_unreachable("'repeat' stands in training only");
}

} // namespace lamina::irgen
