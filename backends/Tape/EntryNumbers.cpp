// SPDX-License-Identifier: Apache-2.0
//
// Numbers of the host on the tape.
//
// `kernel.host` becomes records on registers; carries of the host are set from
// registers at the end of a round.

#include "backends/Tape/EntryWriter.h"
#include "backends/Tape/TapeJson.h"
#include "dialects/Graph/GraphOps.h"
#include "dialects/Kernel/HostOps.h"

#include "mlir/IR/Matchers.h"

using namespace mlir;
using namespace lamina;
namespace json = llvm::json;

static json::Value getNumber(Attribute value) {
  if (auto real = dyn_cast<FloatAttr>(value)) {
    double number = real.getValueAsDouble();
    // JSON has no words for these.
    if (std::isnan(number))
      return "nan";
    if (std::isinf(number))
      return number > 0 ? "inf" : "-inf";
    return number;
  }
  auto whole = cast<IntegerAttr>(value);
  return whole.getType().isInteger(1) ? int64_t(!whole.getValue().isZero())
                                      : whole.getInt();
}

std::optional<json::Value> EntryWriter::getScalar(Value value) {
  value = kernel::getRoot(value);
  DenseElementsAttr dense;
  if (matchPattern(value, m_Constant(&dense)) && dense.isSplat() &&
      dense.getType().getRank() == 0)
    return getNumber(dense.getSplatValue<Attribute>());
  if (auto round = rounds.find(value); round != rounds.end())
    return json::Object{{"index", round->second}};
  auto address = addresses.lookup(value);
  if (!address || !address->isHost())
    return std::nullopt;
  return json::Object{{"register", address->index}};
}

int64_t EntryWriter::addRegister(Type type) {
  auto tensor = cast<RankedTensorType>(type);
  registers.push_back(tensor.getRank() == 1                     ? "key"
                      : isa<FloatType>(tensor.getElementType()) ? "f64"
                                                                : "i64");
  return registers.size() - 1;
}

void EntryWriter::writeAssignments(ArrayRef<std::pair<int64_t, Value>> list,
                                   json::Array &out) {
  auto set = [&](int64_t to, json::Value from) {
    json::Value again = from;
    add(json::Object{{"host", to},
                     {"op", "select"},
                     {"args",
                      json::Array{1, std::move(from), std::move(again)}}},
        out);
  };
  auto isWritten = [&](Value value) {
    auto address = addresses.lookup(value);
    return address && address->isHost() &&
           llvm::any_of(list, [&](const auto &entry) {
             return entry.first == address->index;
           });
  };
  std::vector<std::pair<int64_t, int64_t>> later;
  for (const auto &[to, value] : list) {
    auto from = getScalar(value);
    assert(from && "a host value without a register");
    auto address = addresses.lookup(value);
    if (address && address->isHost() && address->index == to)
      continue;
    if (!isWritten(value)) {
      set(to, *from);
      continue;
    }
    int64_t between = addRegister(value.getType());
    set(between, *from);
    later.push_back({to, between});
  }
  for (auto [to, between] : later)
    set(to, json::Object{{"register", between}});
}

LogicalResult
EntryWriter::writeHostOp(Operation &op,
                         llvm::DenseMap<Value, json::Value> &known,
                         json::Array &out) {
  Value result = op.getResult(0);
  DenseElementsAttr dense;
  if (matchPattern(result, m_Constant(&dense))) {
    known.try_emplace(result, getNumber(dense.getSplatValue<Attribute>()));
    return success();
  }
  bool isReal =
      isa<FloatType>(cast<RankedTensorType>(result.getType()).getElementType());
  json::Array args;
  StringRef name = kernel::getHostOp(&op);
  if (auto size = dyn_cast<graph::SizeOp>(op)) {
    json::Value number = json::Object{{"size", toJson(size.getSize())}};
    if (!isReal) {
      known.try_emplace(result, std::move(number));
      return success();
    }
    args.push_back(std::move(number));
    name = "real";
  }
  for (Value operand : op.getOperands())
    args.push_back(known.find(operand)->second);
  if (name.empty())
    return op.emitError() << "'" << op.getName()
                          << "' on numbers that no tensor decides is not "
                             "computed by the host yet";
  if (name == "same") {
    known.try_emplace(result, std::move(args[0]));
    return success();
  }
  int64_t to = addRegister(result.getType());
  known.try_emplace(result, json::Object{{"register", to}});
  add(json::Object{{"host", to}, {"op", name}, {"args", std::move(args)}}, out);
  return success();
}

LogicalResult EntryWriter::writeHost(kernel::HostOp op, json::Array &out) {
  llvm::DenseMap<Value, json::Value> known;
  for (auto [argument, input] :
       llvm::zip(op.getBlock()->getArguments(), op.getInputs())) {
    auto number = getScalar(input);
    if (!number)
      return op.emitOpError("reads what the host does not compute");
    known.try_emplace(argument, std::move(*number));
  }
  for (Operation &inner : op.getBlock()->without_terminator())
    if (failed(writeHostOp(inner, known, out)))
      return failure();
  Operation *yield = op.getBlock()->getTerminator();
  for (auto [result, value] :
       llvm::zip(op.getResults(), yield->getOperands())) {
    json::Value from = known.find(value)->second;
    json::Value again = from;
    add(json::Object{{"host", lookup(result).index},
                     {"op", "select"},
                     {"args",
                      json::Array{1, std::move(from), std::move(again)}}},
        out);
  }
  return success();
}
