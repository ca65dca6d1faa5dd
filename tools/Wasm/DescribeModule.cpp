// SPDX-License-Identifier: Apache-2.0
//
// What a module says of itself.
//
// Entries and weights in; the text by which a loader converts values and finds
// tensors out.

#include "tools/Wasm/DescribeModule.h"

#include "llvm/Support/FormatVariadic.h"
#include "llvm/Support/JSON.h"

namespace lamina::wasm {

using runtime::ArgumentKind;
using runtime::none;
using runtime::ResultKind;
namespace json = llvm::json;

/// A length of one size or number is that; others are text.
static json::Array shapeOf(const runtime::Type &type,
                           const runtime::SizeList &sizes) {
  json::Array shape;
  for (const runtime::Expression &length : type.shape)
    if (length.isNumber())
      shape.push_back(length.value());
    else
      shape.push_back(length.text(sizes));
  return shape;
}

/// Tokens are bytes, or these texts.
static json::Value textOf(const std::vector<std::string> &vocabulary) {
  if (vocabulary.empty())
    return "bytes";
  return json::Array(vocabulary);
}

static json::Object describeTensor(const std::string &name,
                                   const runtime::Type &type,
                                   const runtime::SizeList &sizes) {
  return json::Object{{"name", name},
                      {"element", runtime::nameOf(type.element)},
                      {"shape", shapeOf(type, sizes)}};
}

static json::Object describeParameter(const runtime::ParameterPlan &plan,
                                      const runtime::Argument *argument,
                                      const runtime::SizeList &sizes) {
  json::Object object{{"name", plan.name}};
  if (argument)
    object = describeTensor(plan.name, argument->type, sizes);
  if (plan.size != none)
    object["size"] = sizes[plan.size].written;
  if (plan.isText)
    object["text"] = textOf(plan.vocabulary);
  if (plan.below >= 0)
    object["below"] = plan.below;
  if (!plan.fallback.isNull())
    object["default"] = llvm::cantFail(json::parse(plan.fallback.dump()));
  return object;
}

static json::Array describeParameters(const PublicEntry &it,
                                      const runtime::Entry &entry,
                                      const runtime::SizeList &sizes) {
  json::Array parameters;
  std::vector<bool> isDone(entry.arguments.size(), false);
  if (it.sample)
    for (const runtime::ParameterPlan &plan : it.sample->parameters) {
      const runtime::Argument *found = nullptr;
      for (size_t i = 0; i < entry.arguments.size(); ++i)
        if (entry.arguments[i].kind == ArgumentKind::Input &&
            entry.arguments[i].key == plan.name) {
          found = &entry.arguments[i];
          isDone[i] = true;
        }
      parameters.push_back(describeParameter(plan, found, sizes));
    }
  for (size_t i = 0; i < entry.arguments.size(); ++i)
    if (entry.arguments[i].kind == ArgumentKind::Input && !isDone[i])
      parameters.push_back(describeTensor(entry.arguments[i].key,
                                          entry.arguments[i].type, sizes));
  return parameters;
}

static json::Array describeResults(const PublicEntry &it,
                                   const runtime::Entry &entry,
                                   const runtime::SizeList &sizes) {
  json::Array results;
  for (const runtime::Result &result : entry.results) {
    if (result.kind != ResultKind::Output && result.kind != ResultKind::Value)
      continue;
    json::Object object = describeTensor(
        result.key.empty() ? "result" : result.key, result.type, sizes);
    if (it.sample)
      for (const runtime::OutputPlan &plan : it.sample->results)
        if (plan.name == result.key && plan.isText)
          object["text"] = textOf(plan.vocabulary);
    results.push_back(std::move(object));
  }
  return results;
}

std::string describeModule(const ModuleProgram &module) {
  const runtime::Program &program = module.program;
  json::Array entries, weights;
  for (const PublicEntry &it : module.entries) {
    const runtime::Entry &entry = program.entries[it.entry];
    json::Object object{
        {"name", it.name},
        {"parameters", describeParameters(it, entry, program.sizes)},
        {"results", describeResults(it, entry, program.sizes)}};
    if (it.sample && !it.sample->doc.empty())
      object["doc"] = it.sample->doc;
    entries.push_back(std::move(object));
  }
  for (const ModuleWeight &weight : module.weights)
    weights.push_back(json::Object{
        {"name", weight.part.name},
        {"element",
         runtime::nameOf(program.variables[weight.variable].type.element)},
        {"shape", json::Array(weight.part.shape)}});
  return llvm::formatv(
             "{0}", json::Value(json::Object{{"name", program.name},
                                             {"version", program.version},
                                             {"entries", std::move(entries)},
                                             {"weights", std::move(weights)}}))
      .str();
}

} // namespace lamina::wasm
