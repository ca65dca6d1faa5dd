// SPDX-License-Identifier: Apache-2.0
//
// What a program keeps between entries.
//
// Declared variables in, memory and tensors of files out.

#include "runtime/Session/Variables.h"

#include <algorithm>
#include <cstring>

namespace lamina {
namespace runtime {

Variables::Variables(const Program &program, Engine &engine)
    : program(program), engine(engine), storage(program.variables.size()) {
  SizeValues nothing = program.unboundSizes();
  for (size_t i = 0; i < program.variables.size(); ++i) {
    sizes.push_back(program.variables[i].type.bytesAt(nothing));
    storage[i].reserve(std::max<int64_t>(sizes[i], 64));
    engine.hold(data(i), sizes[i]);
  }
}

Variables::~Variables() {
  for (size_t i = 0; i < storage.size(); ++i)
    engine.release(data(i));
}

void Variables::assign(size_t variable, const void *from, int64_t bytes) {
  std::memcpy(data(variable), from, size_t(std::min(bytes, sizes[variable])));
  engine.hostWrote(data(variable));
}

std::vector<int64_t> Variables::shape(size_t variable) const {
  return program.variables[variable].type.shapeAt(program.unboundSizes());
}

void Variables::fill(size_t variable, double value) {
  Element element = program.variables[variable].type.element;
  int64_t step = bytesOf(element);
  for (int64_t at = 0; at < sizes[variable]; at += step)
    storeReal(element, data(variable) + at, value);
  engine.hostWrote(data(variable));
}

std::vector<FilePart> Variables::partsInFiles(size_t variable) const {
  return runtime::partsInFiles(program.variables[variable], shape(variable));
}

bool Variables::isWanted(size_t variable, Wanted wanted) const {
  const Variable &v = program.variables[variable];
  return v.role != "derived" && (wanted == Wanted::Everything || v.isWeight());
}

static const char *fileType(Element element) {
  static const char *const names[] = {"F32", "F64", "BF16", "BOOL",
                                      "I8",  "I32", "I64"};
  return names[int(element)];
}

static bool isReal(const std::string &type) {
  return type == "F32" || type == "F64" || type == "F16" || type == "BF16";
}

/// How the file's tensor differs from what the program has; empty if it fits.
static std::string difference(const FileTensor *tensor, const FilePart &part,
                              Element element) {
  if (!tensor)
    return join(quote(part.name), " ", shapeText(part.shape),
                " is not in the file");
  if (tensor->shape != part.shape)
    return join(quote(part.name), " is ", shapeText(tensor->shape),
                " in the file and ", shapeText(part.shape), " in this program");
  std::string here = fileType(element);
  if (tensor->type != here && !(isReal(tensor->type) && isReal(here)))
    return join(quote(part.name), " is ", tensor->type, " in the file and ",
                here, " in this program");
  return "";
}

void Variables::copyPart(const FileTensor &tensor, size_t variable,
                         const FilePart &part) {
  Element element = program.variables[variable].type.element;
  char *to = data(variable) + part.offset;
  if (tensor.type == fileType(element)) {
    std::memcpy(to, tensor.data, size_t(tensor.bytes));
    return;
  }
  int64_t count = elementCount(part.shape);
  for (int64_t i = 0; i < count; ++i)
    storeReal(element, to + i * bytesOf(element), elementAsReal(tensor, i));
}

std::vector<bool> Variables::load(const SafetensorsFile &file, Wanted wanted) {
  constexpr size_t shown = 8;
  std::vector<std::string> differences;
  std::vector<bool> given(program.variables.size(), false);
  for (size_t i = 0; i < program.variables.size(); ++i) {
    // A gradient is made before it is read; a run of a program that did not
    // keep it can be resumed.
    if (!isWanted(i, wanted) || program.variables[i].role == "gradient")
      continue;
    given[i] = true;
    for (const FilePart &part : partsInFiles(i)) {
      std::string text = difference(file.find(part.name), part,
                                    program.variables[i].type.element);
      if (!text.empty())
        differences.push_back(text);
    }
  }
  if (!differences.empty()) {
    Error error(join(quote(file.path()), " is of another model: ",
                     counted(int64_t(differences.size()), "tensor"),
                     differences.size() == 1 ? " differs" : " differ"));
    for (size_t i = 0; i < differences.size() && i < shown; ++i)
      error.note(differences[i]);
    if (differences.size() > shown)
      error.note(join("and ", int64_t(differences.size() - shown), " more"));
    throw error;
  }
  // All checks are before the first copy, so a refused file changes nothing.
  for (size_t i = 0; i < program.variables.size(); ++i) {
    if (!given[i])
      continue;
    for (const FilePart &part : partsInFiles(i))
      if (const FileTensor *tensor = file.find(part.name); tensor->bytes > 0)
        copyPart(*tensor, i, part);
    engine.hostWrote(data(i));
  }
  return given;
}

void Variables::save(SafetensorsWriter &writer, Wanted wanted,
                     const std::vector<size_t> &valueOf) {
  for (size_t i = 0; i < program.variables.size(); ++i) {
    if (!isWanted(i, wanted))
      continue;
    engine.toHost(data(valueOf[i]));
    for (const FilePart &part : partsInFiles(i))
      writer.add(part.name, fileType(program.variables[i].type.element),
                 part.shape, data(valueOf[i]) + part.offset);
  }
}

} // namespace runtime
} // namespace lamina
