// SPDX-License-Identifier: Apache-2.0
//
// The tables of a module.

#include "tools/Wasm/ModuleTables.h"

#include "runtime/ABI/Module.h"

#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/SmallVectorExtras.h"
#include "llvm/IR/Constants.h"
#include "llvm/IR/DerivedTypes.h"

using namespace llvm;

namespace lamina::wasm {

using runtime::ArgumentKind;
using runtime::none;
using runtime::ResultKind;

//===----------------------------------------------------------------------===//
// Constants
//===----------------------------------------------------------------------===//

ModuleTables::ModuleTables(Module &module, const ModuleProgram &program)
    : module(module), program(program),
      null(ConstantPointerNull::get(PointerType::get(module.getContext(), 0))) {
  constexpr int64_t alignment = 64;
  for (int64_t bytes : program.variableBytes) {
    places.push_back(variableBytes);
    variableBytes += (bytes + alignment - 1) / alignment * alignment;
  }
}

Constant *ModuleTables::embed(StringRef name, StringRef bytes) {
  Constant *data =
      ConstantDataArray::getString(module.getContext(), bytes, true);
  auto *global = new GlobalVariable(module, data->getType(), true,
                                    GlobalValue::PrivateLinkage, data, name);
  global->setAlignment(Align(64));
  return global;
}

Constant *ModuleTables::text(StringRef it) {
  Constant *data = ConstantDataArray::getString(module.getContext(), it, true);
  return new GlobalVariable(module, data->getType(), true,
                            GlobalValue::PrivateLinkage, data, "text");
}

Constant *ModuleTables::number32(int64_t it) {
  return ConstantInt::get(Type::getInt32Ty(module.getContext()), uint64_t(it),
                          /*IsSigned=*/true);
}

Constant *ModuleTables::number64(int64_t it) {
  return ConstantInt::get(Type::getInt64Ty(module.getContext()), uint64_t(it));
}

Constant *ModuleTables::real(double it) {
  return ConstantFP::get(Type::getDoubleTy(module.getContext()), it);
}

Constant *ModuleTables::row(ArrayRef<Constant *> members) {
  return ConstantStruct::getAnon(members);
}

/// All of one type, in memory that nobody changes.
Constant *ModuleTables::list(ArrayRef<Constant *> rows) {
  if (rows.empty())
    return null;
  auto *type = ArrayType::get(rows.front()->getType(), rows.size());
  return new GlobalVariable(module, type, true, GlobalValue::PrivateLinkage,
                            ConstantArray::get(type, rows), "list");
}

Constant *ModuleTables::numbers(ArrayRef<int64_t> values) {
  return list(map_to_vector(values, [&](int64_t it) { return number64(it); }));
}

/// Memory that begins with zeros, of which the file has nothing.
Constant *ModuleTables::room(const Twine &name, int64_t bytes) {
  auto *type = ArrayType::get(Type::getInt8Ty(module.getContext()),
                              uint64_t(std::max<int64_t>(bytes, 1)));
  auto *global =
      new GlobalVariable(module, type, false, GlobalValue::InternalLinkage,
                         ConstantAggregateZero::get(type), name);
  global->setAlignment(Align(64));
  return global;
}

//===----------------------------------------------------------------------===//
// Entries
//===----------------------------------------------------------------------===//

Constant *ModuleTables::parameterRow(const PublicEntry &entry,
                                     const runtime::ParameterPlan *plan,
                                     std::optional<size_t> argument) {
  const runtime::Argument *given =
      argument ? &program.program.entries[entry.entry].arguments[*argument]
               : nullptr;
  Rows axes;
  Constant *otherwise = null;
  if (given) {
    for (const runtime::Expression &length : given->type.shape) {
      AxisLength axis = *axisOf(length);
      axes.push_back(
          row({number64(axis.scale), number64(axis.plus),
               number32(axis.size == none ? -1 : int64_t(axis.size))}));
    }
    if (const DefaultValue &value = entry.defaults[*argument]; value.isThere)
      otherwise = list(row({numbers(value.shape),
                            embed("default", StringRef(value.bytes.data(),
                                                       value.bytes.size()))}));
  }
  bool isSize = plan && plan->size != none;
  bool hasDefault = isSize && !plan->fallback.isNull();
  return row({text(plan ? plan->name : given->key),
              number32(given ? int64_t(given->type.element) : 0),
              number32(int64_t(axes.size())), list(axes),
              number32(argument ? int64_t(*argument) : -1),
              number32(isSize ? int64_t(plan->size) : -1),
              number64(plan ? plan->below : -1), otherwise,
              number64(hasDefault ? plan->fallback.asInt() : -1)});
}

/// Those that the sample names, then what else the entry takes.
ModuleTables::Rows ModuleTables::parameterRows(const PublicEntry &entry) {
  const auto &arguments = program.program.entries[entry.entry].arguments;
  auto argumentOf = [&](StringRef name) -> std::optional<size_t> {
    for (auto [number, argument] : enumerate(arguments))
      if (argument.kind == ArgumentKind::Input && argument.key == name)
        return number;
    return std::nullopt;
  };
  Rows rows;
  std::vector<bool> isDone(arguments.size(), false);
  if (entry.sample)
    for (const runtime::ParameterPlan &plan : entry.sample->parameters) {
      std::optional<size_t> argument = argumentOf(plan.name);
      if (argument)
        isDone[*argument] = true;
      rows.push_back(parameterRow(entry, &plan, argument));
    }
  for (auto [number, argument] : enumerate(arguments))
    if (argument.kind == ArgumentKind::Input && !isDone[number])
      rows.push_back(parameterRow(entry, nullptr, number));
  return rows;
}

Constant *ModuleTables::argumentRow(const runtime::Argument &argument) {
  int32_t kind = LAMINA_ARGUMENT_NUMBER;
  int64_t place = 0;
  double value = 0; // of `step` and `records`, outside of training
  if (argument.kind == ArgumentKind::Load) {
    kind = LAMINA_ARGUMENT_STORED;
    place = places[argument.variable];
  } else if (argument.kind == ArgumentKind::Input) {
    kind = LAMINA_ARGUMENT_GIVEN;
  } else if (argument.key == "key") {
    kind = LAMINA_ARGUMENT_KEY;
  } else if (argument.key == "seed") {
    kind = LAMINA_ARGUMENT_SEED;
  } else {
    for (const runtime::Scalar &scalar : program.program.scalars)
      if (scalar.name == argument.key)
        value = scalar.value;
  }
  return row({number32(kind), number32(int64_t(argument.type.element)),
              number64(place), real(value)});
}

Constant *ModuleTables::resultRow(const runtime::Entry &entry, size_t number) {
  const runtime::Result &result = entry.results[number];
  bool isShown =
      result.kind == ResultKind::Output || result.kind == ResultKind::Value;
  int64_t cutAxis = -1, cutLength = -1;
  for (auto [other, lengths] : enumerate(entry.results)) {
    if (lengths.kind != ResultKind::Lengths || !lengths.type.shape.empty())
      continue;
    for (auto [axis, length] : enumerate(result.type.shape))
      if (length.isSize() &&
          program.program.sizes[length.sizeIndex()].name == lengths.key) {
        cutAxis = int64_t(axis);
        cutLength = int64_t(other);
      }
  }
  int64_t place = -1;
  if (result.kind == ResultKind::Store)
    place = places[result.variable];
  if (entry.kind == "init" && result.kind == ResultKind::Value)
    for (auto [variable, start] : zip_equal(program.program.variables, places))
      if (variable.initEntry != none &&
          &program.program.entries[variable.initEntry] == &entry)
        place = start;
  return row({isShown ? text(result.key.empty() ? "result" : result.key) : null,
              number32(int64_t(result.type.element)),
              number32(int64_t(result.type.shape.size())), number64(place),
              number32(cutAxis), number32(cutLength)});
}

Constant *ModuleTables::entryRow(size_t index,
                                 const EntryFunctions &functions) {
  const runtime::Entry &entry = program.program.entries[index];
  Constant *name = null;
  Rows parameters, arguments, results;
  for (const PublicEntry &it : program.entries)
    if (it.entry == index) {
      name = text(it.name);
      parameters = parameterRows(it);
    }
  for (const runtime::Argument &argument : entry.arguments)
    arguments.push_back(argumentRow(argument));
  size_t axes = 0;
  for (auto [number, result] : enumerate(entry.results)) {
    results.push_back(resultRow(entry, number));
    axes += result.type.shape.size();
  }
  return row({name, list(parameters), list(arguments), list(results),
              number32(int64_t(parameters.size())),
              number32(int64_t(arguments.size())),
              number32(int64_t(results.size())), number32(int64_t(axes)),
              functions.measure, functions.run});
}

//===----------------------------------------------------------------------===//
// Variables
//===----------------------------------------------------------------------===//

ModuleTables::Rows ModuleTables::weightRows() {
  Rows rows;
  for (const ModuleWeight &weight : program.weights) {
    const runtime::Variable &variable =
        program.program.variables[weight.variable];
    int64_t place = places[weight.variable] + weight.part.offset;
    rows.push_back(
        row({text(weight.part.name), number32(int64_t(variable.type.element)),
             number32(int64_t(weight.part.shape.size())),
             numbers(weight.part.shape), number64(place)}));
  }
  return rows;
}

ModuleTables::Rows ModuleTables::valueRows() {
  Rows rows;
  for (auto [number, variable] : enumerate(program.program.variables)) {
    if (variable.isWeight())
      continue;
    int64_t count =
        program.variableBytes[number] / runtime::bytesOf(variable.type.element);
    bool hasEntry = variable.initEntry != none;
    rows.push_back(row({number64(places[number]), number64(count),
                        number32(int64_t(variable.type.element)),
                        number32(hasEntry ? int64_t(variable.initEntry) : -1),
                        real(variable.initNumber)}));
  }
  return rows;
}

void ModuleTables::write(ArrayRef<EntryFunctions> functions,
                         StringRef description) {
  Rows sizes, entries;
  for (const runtime::Size &size : program.program.sizes)
    sizes.push_back(
        row({text(size.written), number64(size.low), number64(size.high)}));
  for (auto [number, it] : enumerate(functions))
    entries.push_back(entryRow(number, it));
  Rows weights = weightRows(), values = valueRows();
  Constant *value =
      row({text(description), list(sizes),
           room("size_values", int64_t(sizes.size()) * 8), list(entries),
           list(weights), room("given", int64_t(weights.size())), list(values),
           number32(int64_t(sizes.size())), number32(int64_t(entries.size())),
           number32(int64_t(weights.size())), number32(int64_t(values.size())),
           number64(variableBytes)});
  new GlobalVariable(module, value->getType(), true,
                     GlobalValue::ExternalLinkage, value, "lamina_module");
}

} // namespace lamina::wasm
