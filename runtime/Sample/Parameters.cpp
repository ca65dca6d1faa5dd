// SPDX-License-Identifier: Apache-2.0
//
// Values for the parameters of a sample.
//
// Flags in, tensors out. A text becomes tokens, "1.5" a number, "1,2,3" a list
// of numbers, a name that ends in .npy the array of that file.

#include "runtime/Sample/Parameters.h"

#include "runtime/CommandLine/Flags.h"
#include "runtime/Data/Npy.h"
#include "runtime/Data/Vocabulary.h"

#include <algorithm>
#include <cmath>
#include <set>

namespace lamina {
namespace runtime {

/// Stores element i after the checks that its declaration asks for.
static void put(const ParameterPlan &parameter, Element element,
                InputTensor &tensor, int64_t i, double value) {
  std::string flag = "'--" + parameter.name + "'";
  if (!isReal(element) && value != std::floor(value))
    throw Error(join(flag, " takes whole numbers, not ", value));
  if (parameter.below >= 0 && (value < 0 || value >= double(parameter.below)))
    throw Error(join(flag, " holds ", value, ", but its ids go from 0 to ",
                     parameter.below - 1));
  storeReal(element, &tensor.bytes[size_t(i * bytesOf(element))], value);
}

static InputTensor room(std::vector<int64_t> shape, Element element) {
  InputTensor tensor;
  size_t bytes = size_t(checkedMul(elementCount(shape), bytesOf(element)));
  tensor.bytes.resize(bytes < 16 ? 16 : bytes);
  tensor.shape = std::move(shape);
  return tensor;
}

static InputTensor fromFile(const ParameterPlan &parameter, Element element,
                            const std::string &path) {
  NpyArray array = readNpy(path);
  InputTensor tensor = room(array.shape, element);
  for (int64_t i = 0; i < array.count(); ++i)
    put(parameter, element, tensor, i, array.realAt(i));
  return tensor;
}

static InputTensor fromTexts(const ParameterPlan &parameter, const Type &type,
                             const std::vector<std::string> &texts) {
  Vocabulary vocabulary = parameter.vocabulary.empty()
                              ? Vocabulary()
                              : Vocabulary(parameter.vocabulary);
  std::string name = "--" + parameter.name;
  std::vector<std::vector<uint32_t>> rows;
  for (const std::string &text : texts) {
    rows.push_back(vocabulary.encode(text.data(), text.size(), name));
    if (rows.back().size() != rows[0].size())
      throw Error(join("texts given by several '", name,
                       "' have one length, not ", int64_t(rows[0].size()),
                       " and ", int64_t(rows.back().size())));
  }
  std::vector<int64_t> shape = {int64_t(rows[0].size())};
  if (type.shape.size() == 2)
    shape.insert(shape.begin(), int64_t(rows.size()));
  else if (rows.size() > 1)
    throw Error(join("'", name, "' takes one text"), ExitMisuse);
  InputTensor tensor = room(shape, type.element);
  int64_t i = 0;
  for (const auto &row : rows)
    for (uint32_t token : row)
      put(parameter, type.element, tensor, i++, token);
  return tensor;
}

static InputTensor fromNumbers(const ParameterPlan &parameter, const Type &type,
                               const std::string &text) {
  std::vector<double> numbers;
  for (size_t at = 0; at <= text.size();) {
    size_t comma = std::min(text.find(',', at), text.size());
    double value = 0;
    std::string item = text.substr(at, comma - at);
    if (item == "true" || item == "false")
      value = item == "true";
    else if (!parseReal(item, value))
      throw Error(join("'--", parameter.name,
                       "' takes a number, numbers with commas, or "
                       "a .npy file, not ",
                       quote(text)),
                  ExitMisuse);
    numbers.push_back(value);
    at = comma + 1;
  }
  // Leading axes that a flag cannot write are 1.
  std::vector<int64_t> shape(type.shape.size(), 1);
  if (!shape.empty())
    shape.back() = int64_t(numbers.size());
  else if (numbers.size() > 1)
    throw Error(join("'--", parameter.name, "' takes one number"), ExitMisuse);
  InputTensor tensor = room(shape, type.element);
  for (size_t i = 0; i < numbers.size(); ++i)
    put(parameter, type.element, tensor, int64_t(i), numbers[i]);
  return tensor;
}

InputTensor parseParameter(const ParameterPlan &parameter, const Type &type,
                           const std::vector<std::string> &texts) {
  const std::string &text = texts.back();
  if (text.size() > 4 && text.compare(text.size() - 4, 4, ".npy") == 0)
    return fromFile(parameter, type.element, text);
  if (parameter.isText)
    return fromTexts(parameter, type, texts);
  if (texts.size() > 1)
    throw Error(join("'--", parameter.name, "' is given twice"), ExitMisuse);
  return fromNumbers(parameter, type, text);
}

static std::string typeText(const Type &type, const SizeList &names) {
  std::string out = "[";
  for (size_t i = 0; i < type.shape.size(); ++i)
    out += (i ? ", " : "") + type.shape[i].text(names);
  return out + "]";
}

static void collectSizes(const Expression &length, std::set<size_t> &found) {
  if (length.isSize())
    found.insert(length.sizeIndex());
  for (const Expression &part : length.parts())
    collectSizes(part, found);
}

/// What other parameters have already made of the names in `type`.
static std::string boundText(const Type &type, const SizeList &names,
                             const SizeValues &sizes) {
  std::set<size_t> mentioned;
  for (const Expression &length : type.shape)
    collectSizes(length, mentioned);
  std::string text;
  for (size_t size : mentioned)
    if (sizes[size] >= 0)
      text += join(text.empty() ? ", where " : " and ", names[size].written,
                   " is ", sizes[size]);
  return text;
}

void bindShape(const std::string &name, const Type &type,
               const std::vector<int64_t> &shape, const SizeList &names,
               SizeValues &sizes) {
  SizeValues tried = sizes;
  bool fits = shape.size() == type.shape.size();
  for (size_t i = 0; fits && i < shape.size(); ++i)
    fits = type.shape[i].solve(shape[i], tried);
  if (!fits)
    throw Error(join(quote(name), " is ", shapeText(shape), ", but ",
                     typeText(type, names), " is taken",
                     boundText(type, names, sizes)));
  sizes = std::move(tried);
}

} // namespace runtime
} // namespace lamina
