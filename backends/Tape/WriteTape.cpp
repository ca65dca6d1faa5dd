// SPDX-License-Identifier: Apache-2.0
//
// From PLANNED to the tape.
//
// The frame of the tape: sizes, the program, kernels. Entries are written by
// EntryWriter.

#include "backends/Tape/WriteTape.h"

#include "backends/Tape/EntryWriter.h"
#include "backends/Tape/TapeJson.h"
#include "dialects/Kernel/KernelCost.h"
#include "dialects/Program/EntryForms.h"
#include "dialects/Program/ProgramOps.h"

using namespace mlir;
using namespace lamina;
namespace json = llvm::json;

static json::Object writeSize(program::DimOp dim) {
  json::Object size{{"name", dim.getSymName()},
                    {"low", int64_t(dim.getLower())},
                    {"high", int64_t(dim.getUpper())},
                    {"usual", int64_t(dim.getUsual())}};
  if (auto over = dim.getRaggedOver())
    size["ragged_over"] = *over;
  if (auto written = dim.getWritten())
    size["written"] = *written;
  return size;
}

static FailureOr<json::Object> writeProgramOp(Operation &op) {
  StringRef kind = op.getName().stripDialect();
  json::Object object{{"op", kind}};
  for (NamedAttribute attr : op.getAttrDictionary()) {
    StringRef key = attr.getName().getValue();
    auto value = toJson(attr.getValue());
    if (!value)
      return op.emitError() << "has the attribute '" << key
                            << "', which is no text, number, list or name";
    object[key == "sym_name" ? "name" : key] = std::move(*value);
  }
  return object;
}

/// The types of a kernel's scalars, a key as one: from the first launch of it.
static json::Array getScalars(ModuleOp module, kernel::FuncOp func,
                              kernel::LaunchOp launch) {
  json::Array scalars;
  if (!launch) {
    for (BlockArgument scalar : func.getScalarArgs())
      scalars.push_back(toText(scalar.getType()));
    return scalars;
  }
  for (Value scalar : launch.getScalars()) {
    auto type = cast<RankedTensorType>(scalar.getType());
    scalars.push_back(type.getRank() == 1 ? "key"
                                          : toText(type.getElementType()));
  }
  return scalars;
}

static json::Array toTexts(const std::vector<std::string> &texts) {
  json::Array array;
  for (const std::string &text : texts)
    array.push_back(text);
  return array;
}

static json::Object writeKernel(ModuleOp module, kernel::FuncOp func,
                                kernel::LaunchOp launch, bool withOpLines) {
  json::Object object{{"name", func.getSymName()},
                      {"kind", kernel::stringifyKind(func.getKind())},
                      {"scalars", getScalars(module, func, launch)},
                      {"lines", toTexts(kernel::getLines(func.getLoc()))}};
  if (withOpLines)
    object["ops"] = toTexts(kernel::getOpLines(func));
  if (launch) {
    auto cost = kernel::getCost(func, launch.getDims().getSizes());
    object["flops"] = toJson(cost.flops);
    object["bytes"] = toJson(cost.bytes);
  }
  return object;
}

/// Each entry, with its forms under the names of their devices.
static FailureOr<json::Array>
writeEntries(ModuleOp module, const llvm::StringMap<int64_t> &kernels,
             ConstantBlock &constants) {
  llvm::StringMap<json::Object> forms;
  std::vector<json::Object> written;
  for (auto entry : module.getOps<func::FuncOp>()) {
    if (entry.isExternal())
      continue;
    auto object = EntryWriter(entry, kernels, constants).write();
    if (failed(object))
      return failure();
    if (auto device = program::getDevice(entry))
      forms[program::getEntryName(entry)][*device] = std::move(*object);
    else
      written.push_back(std::move(*object));
  }
  json::Array entries;
  for (json::Object &entry : written) {
    auto found = forms.find(*entry.getString("name"));
    if (found != forms.end())
      entry["forms"] = std::move(found->second);
    entries.push_back(std::move(entry));
  }
  return entries;
}

FailureOr<Tape> lamina::writeTape(ModuleOp module, StringRef name,
                                  bool withOpLines) {
  json::Array sizes, program, kernels;
  llvm::StringMap<kernel::LaunchOp> launches;
  module.walk([&](kernel::LaunchOp launch) {
    launches.try_emplace(launch.getKernel(), launch);
  });
  llvm::StringMap<int64_t> numbers;
  for (Operation &op : *module.getBody()) {
    if (auto dim = dyn_cast<program::DimOp>(op)) {
      sizes.push_back(writeSize(dim));
    } else if (isa_and_present<program::ProgramDialect>(op.getDialect())) {
      auto object = writeProgramOp(op);
      if (failed(object))
        return failure();
      program.push_back(std::move(*object));
    } else if (auto func = dyn_cast<kernel::FuncOp>(op)) {
      numbers[func.getSymName()] = kernels.size();
      kernels.push_back(writeKernel(
          module, func, launches.lookup(func.getSymName()), withOpLines));
    }
  }
  ConstantBlock constants;
  auto entries = writeEntries(module, numbers, constants);
  if (failed(entries))
    return failure();
  json::Object tape{{"lamina_tape", 1},
                    {"version", LAMINA_VERSION},
                    {"name", name},
                    {"sizes", std::move(sizes)},
                    {"program", std::move(program)},
                    {"kernels", std::move(kernels)},
                    {"entries", std::move(*entries)}};
  Tape result;
  llvm::raw_string_ostream(result.json)
      << llvm::formatv("{0:1}", json::Value(std::move(tape)));
  result.constants = constants.take();
  return result;
}
