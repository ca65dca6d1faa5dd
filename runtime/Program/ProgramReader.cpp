// SPDX-License-Identifier: Apache-2.0
//
// The tape's header.
//
// JSON in, sizes, kernels and signatures of entries out; the `program.*` ops
// are read by their own functions. Order: entries first, then ops by kind, so
// that every name that is mentioned is known.

#include "runtime/Program/ProgramReader.h"

namespace lamina {
namespace runtime {

std::vector<std::string> readWords(const Json *value) {
  std::vector<std::string> words;
  if (value && value->isList())
    for (const Json &word : value->items())
      words.push_back(word.asText());
  return words;
}

size_t Program::entryNamed(const std::string &entry) const {
  for (size_t i = 0; i < entries.size(); ++i)
    if (entries[i].name == entry)
      return i;
  return none;
}

size_t Program::variableNamed(const std::string &variable) const {
  for (size_t i = 0; i < variables.size(); ++i)
    if (variables[i].name == variable)
      return i;
  return none;
}

static void readSizes(const Json &tape, Program &program) {
  for (const Json &item : listOr(tape, "sizes")) {
    Size size;
    size.name = item["name"].asText();
    size.written = textOr(item, "written", size.name.c_str());
    size.low = intOr(item, "low", 1);
    size.high = intOr(item, "high", INT32_MAX);
    size.usual = intOr(item, "usual", size.low);
    if (size.low < 0 || size.high < size.low)
      item.complain(join("the size ", quote(size.name), " goes from ", size.low,
                         " to ", size.high));
    program.sizes.push_back(size);
  }
}

static void readKernels(const Json &tape, Program &program) {
  for (const Json &item : listOr(tape, "kernels")) {
    KernelInfo kernel;
    kernel.name = item["name"].asText();
    kernel.kind = textOr(item, "kind");
    if (const Json *flops = item.find("flops"))
      kernel.flops = Expression::read(*flops, program.sizes);
    if (const Json *bytes = item.find("bytes"))
      kernel.bytes = Expression::read(*bytes, program.sizes);
    for (const Json &line : listOr(item, "lines"))
      kernel.lines.push_back(line.asText());
    for (const Json &line : listOr(item, "ops"))
      kernel.opLines.push_back(line.asText());
    program.kernels.push_back(std::move(kernel));
  }
}

static Argument readArgument(const Json &item, const SizeList &sizes) {
  static const char *const keys[] = {"load",  "batch", "lengths", "scalar",
                                     "input", "add",   "append"};
  Argument argument;
  argument.type = Type::read(item["type"], sizes);
  for (int kind = 0; kind < 7; ++kind)
    if (const Json *key = item.find(keys[kind])) {
      argument.kind = ArgumentKind(kind);
      argument.key = key->asText();
      return argument;
    }
  item.complain("an argument does not say where it comes from");
}

static Result readResult(const Json &item, const SizeList &sizes) {
  static const char *const keys[] = {"store",  "metric", "add",
                                     "append", "output", "lengths"};
  Result result;
  result.type = Type::read(item["type"], sizes);
  for (int kind = 0; kind < 6; ++kind)
    if (const Json *key = item.find(keys[kind])) {
      result.kind = ResultKind(kind);
      result.key = key->asText();
      break;
    }
  return result;
}

static void readEntries(const Json &tape, Program &program) {
  for (const Json &item : listOr(tape, "entries")) {
    Entry entry;
    entry.name = item["name"].asText();
    entry.kind = textOr(item, "entry");
    for (const Json &argument : listOr(item, "arguments"))
      entry.arguments.push_back(readArgument(argument, program.sizes));
    for (const Json &result : listOr(item, "results"))
      entry.results.push_back(readResult(result, program.sizes));
    if (program.entryNamed(entry.name) != none)
      item.complain(join("there are two entries ", quote(entry.name)));
    program.entries.push_back(std::move(entry));
  }
}

/// Finds the variable of an argument or result and checks its type.
static size_t bindVariable(const Program &program, const Entry &entry,
                           const std::string &key, const Type &type) {
  size_t index = program.variableNamed(key);
  if (index == none)
    throw Error(join("the entry ", quote(entry.name), " uses the variable ",
                     quote(key), ", which is not there"));
  const Type &stored = program.variables[index].type;
  SizeValues nothing = program.unboundSizes();
  if (!type.isStatic() || type.element != stored.element ||
      type.shapeAt(nothing) != stored.shapeAt(nothing))
    throw Error(join("the entry ", quote(entry.name), " and the variable ",
                     quote(key), " have different types"));
  return index;
}

static void bindVariables(Program &program) {
  for (Entry &entry : program.entries) {
    for (Argument &argument : entry.arguments)
      if (argument.kind == ArgumentKind::Load)
        argument.variable =
            bindVariable(program, entry, argument.key, argument.type);
    for (Result &result : entry.results)
      if (result.kind == ResultKind::Store)
        result.variable = bindVariable(program, entry, result.key, result.type);
  }
}

static void readOps(const Json &tape, Program &program) {
  using Reader = void (*)(const Json &, Program &);
  static const std::pair<const char *, Reader> readers[] = {
      {"variable", readVariable}, {"scalar", readScalar},
      {"source", readSource},     {"dataset", readDataset},
      {"report", readReport},     {"train", readTrain},
      {"sample", readSample},     {"test", readTest}};
  for (const auto &[kind, reader] : readers)
    for (const Json &op : listOr(tape, "program"))
      if (op["op"].asText() == kind)
        reader(op, program);
  for (const Json &op : listOr(tape, "program"))
    if (op["op"].asText() == "provenance") {
      program.sourceFile = textOr(op, "file");
      program.sourceHash = textOr(op, "hash");
    }
}

Program Program::read(const Json &tape) {
  try {
    Program program;
    int64_t version = tape["lamina_tape"].asInt();
    if (version != 1)
      throw Error(
          join("it has version ", version, ", this run time plays version 1"));
    program.name = textOr(tape, "name", "program");
    program.version = textOr(tape, "version");
    readSizes(tape, program);
    readKernels(tape, program);
    readEntries(tape, program);
    readOps(tape, program);
    bindVariables(program);
    return program;
  } catch (Error &error) {
    error.message = "tape: " + error.message;
    throw;
  }
}

} // namespace runtime
} // namespace lamina
