// SPDX-License-Identifier: Apache-2.0
//
// Results of a sample, printed or written.
//
// Tensors in, text out.

#include "runtime/Sample/Output.h"

#include "runtime/Data/Vocabulary.h"

#include <algorithm>
#include <cstdio>
#include <cstring>

namespace lamina {
namespace runtime {

void cutAxis(OutputTensor &tensor, size_t axis, int64_t length) {
  int64_t old = tensor.shape[axis];
  if (length >= old)
    return;
  int64_t inner = bytesOf(tensor.element), outer = 1;
  for (size_t i = 0; i < tensor.shape.size(); ++i)
    (i < axis   ? outer
     : i > axis ? inner
                : old) *= i == axis ? 1 : tensor.shape[i];
  for (int64_t i = 0; i < outer; ++i)
    std::memmove(tensor.bytes.data() + i * length * inner,
                 tensor.bytes.data() + i * old * inner, size_t(length * inner));
  tensor.shape[axis] = length;
}

std::string textOf(const OutputTensor &tensor, const OutputPlan &plan) {
  Vocabulary vocabulary =
      plan.vocabulary.empty() ? Vocabulary() : Vocabulary(plan.vocabulary);
  int64_t width = tensor.shape.empty() ? 1 : tensor.shape.back();
  int64_t rows = width > 0 ? elementCount(tensor.shape) / width : 0;
  std::string out;
  for (int64_t row = 0; row < rows; ++row) {
    int64_t length = width;
    if (size_t(row) < tensor.rowLengths.size())
      length = std::min(width, tensor.rowLengths[size_t(row)]);
    std::vector<int64_t> tokens;
    for (int64_t i = 0; i < length; ++i)
      tokens.push_back(loadInt(
          tensor.element,
          tensor.bytes.data() + (row * width + i) * bytesOf(tensor.element)));
    out += vocabulary.decode(tokens) + "\n";
  }
  return out;
}

static std::string numberAt(const OutputTensor &tensor, int64_t i) {
  const char *at = tensor.bytes.data() + i * bytesOf(tensor.element);
  if (tensor.element == Element::I1)
    return loadInt(tensor.element, at) ? "true" : "false";
  if (tensor.element == Element::I8 || tensor.element == Element::I32 ||
      tensor.element == Element::I64)
    return std::to_string(loadInt(tensor.element, at));
  char text[40];
  std::snprintf(text, sizeof text,
                tensor.element == Element::F64 ? "%.10g" : "%.6g",
                loadReal(tensor.element, at));
  return text;
}

static void appendAxis(const OutputTensor &tensor, size_t axis, int64_t &next,
                       std::string &out) {
  if (axis == tensor.shape.size()) {
    out += numberAt(tensor, next++);
    return;
  }
  out += '[';
  for (int64_t i = 0; i < tensor.shape[axis]; ++i) {
    if (i > 0)
      out += axis + 1 == tensor.shape.size()
                 ? ", "
                 : ",\n" + std::string(axis + 1, ' ');
    appendAxis(tensor, axis + 1, next, out);
  }
  out += ']';
}

std::string numbersOf(const OutputTensor &tensor) {
  constexpr int64_t printable = 4096;
  if (elementCount(tensor.shape) > printable)
    return join(nameOf(tensor.element), shapeText(tensor.shape),
                ", too large to print: --out FILE.npy writes it\n");
  std::string out;
  int64_t next = 0;
  appendAxis(tensor, 0, next, out);
  return out + "\n";
}

OutputTensor outputOf(const Entry &entry, size_t index, const Results &results,
                      const SizeList &names, const SizeValues &sizes) {
  const Result &result = entry.results[index];
  OutputTensor tensor;
  tensor.element = result.type.element;
  tensor.shape = result.type.shapeAt(sizes);
  tensor.bytes = results.bytes[index];
  // Lengths name the size that they cut: one number for all, or one for each
  // row.
  for (size_t i = 0; i < entry.results.size(); ++i) {
    const Result &lengths = entry.results[i];
    if (lengths.kind != ResultKind::Lengths)
      continue;
    std::vector<int64_t> values;
    int64_t count = elementCount(lengths.type.shapeAt(sizes));
    for (int64_t k = 0; k < count; ++k)
      values.push_back(
          loadInt(lengths.type.element,
                  results.bytes[i].data() + k * bytesOf(lengths.type.element)));
    for (size_t axis = 0; axis < tensor.shape.size(); ++axis) {
      const Expression &size = result.type.shape[axis];
      if (!size.isSize() || names[size.sizeIndex()].name != lengths.key)
        continue;
      if (lengths.type.shape.empty())
        cutAxis(tensor, axis, values[0]);
      else
        tensor.rowLengths = values;
    }
  }
  return tensor;
}

} // namespace runtime
} // namespace lamina
