// SPDX-License-Identifier: Apache-2.0
//
// Runs a program by the interpreter.

#include "backends/Reference/ReferenceEngine.h"

#include "backends/Reference/Interpreter.h"
#include "dialects/Program/EntryForms.h"

#include "llvm/ADT/StringMap.h"
#include "mlir/IR/Diagnostics.h"
#include "mlir/IR/TypeUtilities.h"

#include <cstring>

using namespace mlir;

namespace lamina::reference {

namespace {

/// Bytes of an element in storage: a truth value takes one.
int64_t bytesOf(Type element) {
  return element.isIndex()
             ? 8
             : std::max<int64_t>(1, element.getIntOrFloatBitWidth() / 8);
}

template <typename T>
T readAs(const char *at) {
  T value;
  std::memcpy(&value, at, sizeof(T));
  return value;
}
template <typename T>
void writeAs(char *at, T value) {
  std::memcpy(at, &value, sizeof(T));
}

Scalar load(Type element, const char *at) {
  Scalar s;
  if (element.isF64())
    s.f = readAs<double>(at);
  else if (element.isF32())
    s.f = double(readAs<float>(at));
  else if (isa<FloatType>(element))
    s.f = llvm::APFloat(cast<FloatType>(element).getFloatSemantics(),
                        llvm::APInt(16, readAs<uint16_t>(at)))
              .convertToDouble();
  else if (bytesOf(element) == 1)
    s.i = element.isInteger(1) ? readAs<uint8_t>(at) : readAs<int8_t>(at);
  else
    s.i = bytesOf(element) == 4 ? int64_t(readAs<int32_t>(at))
                                : readAs<int64_t>(at);
  return s;
}

void store(Type element, char *at, Scalar value) {
  value = roundTo(element, value, Rounding::Typed);
  if (element.isF64())
    writeAs(at, value.f);
  else if (element.isF32())
    writeAs(at, float(value.f));
  else if (auto type = dyn_cast<FloatType>(element)) {
    llvm::APFloat narrow(value.f);
    bool losesInfo;
    narrow.convert(type.getFloatSemantics(), llvm::APFloat::rmNearestTiesToEven,
                   &losesInfo);
    writeAs(at, uint16_t(narrow.bitcastToAPInt().getZExtValue()));
  } else if (bytesOf(element) == 1)
    writeAs(at, int8_t(value.i));
  else if (bytesOf(element) == 4)
    writeAs(at, int32_t(value.i));
  else
    writeAs(at, value.i);
}

class ReferenceEngine : public runtime::Engine {
public:
  ReferenceEngine(OwningOpRef<ModuleOp> graph, std::vector<std::string> sizes,
                  Rounding rounding)
      : graph(std::move(graph)), sizes(std::move(sizes)), rounding(rounding) {
    for (auto function : this->graph->getOps<func::FuncOp>()) {
      func::FuncOp &played = entries[program::getEntryName(function)];
      if (!played || program::getDevice(function))
        played = function;
    }
  }

  bool run(const runtime::EntryCall &call, std::string &message) override {
    MLIRContext *context = graph->getContext();
    ScopedDiagnosticHandler collect(context, [&](Diagnostic &diagnostic) {
      if (diagnostic.getSeverity() == DiagnosticSeverity::Error &&
          message.empty())
        message = diagnostic.str();
      return success();
    });
    func::FuncOp entry = entries.lookup(*call.name);
    if (!entry) {
      message = "the graph has no entry '" + *call.name + "'";
      return false;
    }
    Interpreter interpreter(rounding);
    for (auto [name, value] : llvm::zip(sizes, *call.sizes))
      if (value >= 0)
        interpreter.sizes[name] = value;
    SmallVector<Tensor> arguments, results;
    for (auto [i, type] : llvm::enumerate(entry.getArgumentTypes())) {
      Tensor tensor(getElementTypeOrSelf(type), interpreter.shapeOf(type));
      const char *at = static_cast<const char *>(call.arguments[i]);
      Scalar *out = tensor.mutate();
      for (int64_t k = 0, step = bytesOf(tensor.getElementType());
           k < tensor.size(); ++k)
        out[k] = load(tensor.getElementType(), at + k * step);
      arguments.push_back(tensor);
    }
    if (failed(interpreter.call(entry, arguments, results)))
      return false;
    for (auto [i, result] : llvm::enumerate(results)) {
      char *at = static_cast<char *>(call.results[i]);
      for (int64_t k = 0, step = bytesOf(result.getElementType());
           k < result.size(); ++k)
        store(result.getElementType(), at + k * step, result[k]);
    }
    return true;
  }

private:
  OwningOpRef<ModuleOp> graph;
  std::vector<std::string> sizes;
  Rounding rounding;
  /// By name; in their form for a device, if the program has one.
  llvm::StringMap<func::FuncOp> entries;
};

} // namespace

std::unique_ptr<runtime::Engine>
makeReferenceEngine(OwningOpRef<ModuleOp> graph, std::vector<std::string> sizes,
                    Rounding rounding) {
  return std::make_unique<ReferenceEngine>(std::move(graph), std::move(sizes),
                                           rounding);
}

} // namespace lamina::reference
