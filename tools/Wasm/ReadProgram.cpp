// SPDX-License-Identifier: Apache-2.0
//
// A tape as what a module is made of.

#include "tools/Wasm/ReadProgram.h"

#include "runtime/Sample/Parameters.h"

namespace lamina::wasm {

using namespace runtime;

std::optional<AxisLength> axisOf(const Expression &length) {
  using Op = Expression::Op;
  if (length.operation() == Op::Number)
    return AxisLength{0, length.value(), none};
  if (length.operation() == Op::Size)
    return AxisLength{1, 0, length.sizeIndex()};
  if (length.operation() == Op::Div)
    return std::nullopt;
  bool isSum = length.operation() == Op::Add;
  AxisLength all{0, isSum ? 0 : 1, none};
  for (const Expression &part : length.parts()) {
    std::optional<AxisLength> next = axisOf(part);
    if (!next || (next->size != none && all.size != none))
      return std::nullopt;
    if (isSum) {
      all.scale += next->scale;
      all.plus += next->plus;
    } else {
      all.scale = all.scale * next->plus + next->scale * all.plus;
      all.plus *= next->plus;
    }
    all.size = next->size != none ? next->size : all.size;
  }
  return all;
}

static const ParameterPlan *parameterOf(const SamplePlan *sample,
                                        const std::string &name) {
  for (size_t i = 0; sample && i < sample->parameters.size(); ++i)
    if (sample->parameters[i].name == name)
      return &sample->parameters[i];
  return nullptr;
}

static DefaultValue defaultOf(const PublicEntry &entry,
                              const Argument &argument) {
  DefaultValue value;
  const ParameterPlan *parameter = parameterOf(entry.sample, argument.key);
  if (argument.kind != ArgumentKind::Input || !parameter ||
      parameter->fallback.isNull())
    return value;
  InputTensor tensor =
      parseParameter(*parameter, argument.type, {parameter->fallbackText()});
  value.isThere = true;
  value.shape = std::move(tensor.shape);
  value.bytes = std::move(tensor.bytes);
  return value;
}

static PublicEntry publicEntry(const Program &program, size_t index) {
  PublicEntry entry{index, program.entries[index].name, nullptr, {}};
  for (const SamplePlan &sample : program.samples)
    if (sample.entry == index) {
      entry.sample = &sample;
      entry.name = sample.name;
    }
  // A function is called by its own name.
  const std::string ending = ".entry";
  if (size_t at = entry.name.rfind(ending);
      !entry.sample && at != std::string::npos &&
      at + ending.size() == entry.name.size())
    entry.name.resize(at);
  for (const Argument &argument : program.entries[index].arguments)
    entry.defaults.push_back(defaultOf(entry, argument));
  return entry;
}

/// What nobody outside can give, or see, of an entry.
static void checkEntry(const Program &program, const PublicEntry &it) {
  const Entry &entry = program.entries[it.entry];
  for (const Argument &argument : entry.arguments) {
    if (argument.kind != ArgumentKind::Load &&
        argument.kind != ArgumentKind::Scalar &&
        argument.kind != ArgumentKind::Input)
      throw Error(
          join(quote(it.name), " reads ", quote(argument.key),
               " of the data of a file, and a module reads no files; IR "
               "behind model has such entries unless it was made with "
               "--target=wasm32"));
    for (const Expression &length : argument.type.shape)
      if (!axisOf(length) && argument.kind == ArgumentKind::Input)
        throw Error(join(quote(argument.key), " of ", quote(it.name),
                         " has an axis of ", length.text(program.sizes),
                         "; a module takes axes of one named size each"));
  }
  for (const Result &result : entry.results)
    if (result.kind == ResultKind::Store)
      throw Error(join(quote(it.name), " changes ", quote(result.key),
                       ", and a module only computes"));
}

static void read(const std::string &text, ModuleProgram &result) {
  Json json = Json::parse(text.data(), text.size(), "tape");
  Program &program = result.program;
  program = Program::read(json);
  result.tape = Tape::read(json, program);
  for (size_t i = 0; i < program.entries.size(); ++i)
    if (program.entries[i].kind != "init")
      result.entries.push_back(publicEntry(program, i));
  for (const PublicEntry &entry : result.entries)
    checkEntry(program, entry);
  SizeValues nothing = program.unboundSizes();
  for (size_t i = 0; i < program.variables.size(); ++i) {
    const Variable &variable = program.variables[i];
    result.variableBytes.push_back(variable.type.bytesAt(nothing));
    if (variable.isWeight())
      for (FilePart &part :
           partsInFiles(variable, variable.type.shapeAt(nothing)))
        result.weights.push_back({std::move(part), i});
  }
}

bool readProgram(const std::string &tape, ModuleProgram &result,
                 std::string &why) {
  try {
    read(tape, result);
  } catch (const Error &error) {
    why = error.message;
    return false;
  }
  if (!result.entries.empty())
    return true;
  why = "the file has no sample and no function for a module to export";
  return false;
}

} // namespace lamina::wasm
