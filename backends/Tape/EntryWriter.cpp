// SPDX-License-Identifier: Apache-2.0
//
// The records of one entry.
//
// PLANNED -> records. Places are final; what is added here are the copies that
// they imply (a carry whose new value was computed elsewhere) and the lifetimes
// of slots, counted in records.

#include "backends/Tape/EntryWriter.h"

#include "backends/Tape/TapeJson.h"
#include "dialects/Graph/GraphOps.h"
#include "dialects/Kernel/KernelCost.h"
#include "dialects/Program/EntryForms.h"

using namespace mlir;
using namespace lamina;
using kernel::Address;
using kernel::PlaceBase;
namespace json = llvm::json;

int64_t ConstantBlock::add(DenseElementsAttr attr) {
  auto [entry, isNew] = offsets.try_emplace(attr, 0);
  if (!isNew)
    return entry->second;
  bytes.resize((bytes.size() + 63) / 64 * 64);
  entry->second = bytes.size();
  Type element = attr.getElementType();
  int64_t width = kernel::getElementBytes(element);
  for (const Attribute &value : attr.getValues<Attribute>()) {
    APInt bits = isa<FloatType>(element)
                     ? cast<FloatAttr>(value).getValue().bitcastToAPInt()
                     : cast<IntegerAttr>(value).getValue();
    uint64_t word = bits.getZExtValue();
    for (int64_t byte = 0; byte < width; ++byte)
      bytes.push_back(char(word >> (8 * byte)));
  }
  return entry->second;
}

//===----------------------------------------------------------------------===//
// Addresses
//===----------------------------------------------------------------------===//

/// A slot is live at this record; in loops that it outlives, for all of them.
void EntryWriter::use(int64_t slot) {
  Lifetime &life = slots[slot];
  unsigned inner = 0; // loops outside of which the slot is known
  for (unsigned depth = 0; depth < open.size(); ++depth)
    if (open[depth].number == life.loop)
      inner = depth + 1;
  int64_t at = position;
  if (inner < open.size()) {
    at = open[inner].start;
    open[inner].slots.push_back(slot);
  }
  life.first = life.first < 0 ? at : std::min(life.first, at);
  life.last = std::max(life.last, position);
}

void EntryWriter::closeLoop() {
  for (int64_t slot : open.back().slots)
    slots[slot].last = std::max(slots[slot].last, position - 1);
  open.pop_back();
}

json::Value EntryWriter::getAddress(const Address &address) {
  if (address.isHost())
    return json::Object{{"register", address.index}};
  if (address.base == PlaceBase::Slot)
    use(address.index);
  json::Object object{
      {"base",
       json::Array{kernel::stringifyPlaceBase(address.base), address.index}}};
  if (address.offset != graph::SizeExpr(0))
    object["offset"] = toJson(address.offset);
  json::Array strides;
  for (const auto &[loop, stride] : address.rounds)
    strides.push_back(json::Array{loop, toJson(stride)});
  if (!strides.empty())
    object["strides"] = std::move(strides);
  return object;
}

Address EntryWriter::lookup(Value value) {
  if (auto constant =
          kernel::getRoot(value).getDefiningOp<arith::ConstantOp>()) {
    Address address;
    address.base = PlaceBase::Constant;
    address.offset = graph::SizeExpr(
        constants.add(cast<DenseElementsAttr>(constant.getValue())));
    return address;
  }
  auto address = addresses.lookup(value);
  assert(address && "a value without a place");
  return *address;
}

json::Value EntryWriter::getAddress(Value value) {
  return getAddress(lookup(value));
}

void EntryWriter::add(json::Object record, json::Array &out) {
  out.push_back(std::move(record));
  ++position;
}

//===----------------------------------------------------------------------===//
// Copies
//===----------------------------------------------------------------------===//

void EntryWriter::writeMoves(ArrayRef<Move> moves, json::Array &out) {
  json::Array copies;
  for (const Move &move : moves) {
    Address from = lookup(move.value);
    if (from == move.to)
      continue;
    copies.push_back(json::Object{
        {"copy", getAddress(move.to)},
        {"from", getAddress(from)},
        {"bytes", toJson(kernel::getByteSize(move.value.getType()))}});
  }
  if (copies.size() == 1)
    add(std::move(*copies[0].getAsObject()), out);
  else if (!copies.empty())
    add(json::Object{{"moves", std::move(copies)}}, out);
}

//===----------------------------------------------------------------------===//
// Launches
//===----------------------------------------------------------------------===//

LogicalResult EntryWriter::writeLaunch(kernel::LaunchOp op, json::Array &out) {
  for (auto [init, tied] : llvm::zip(op.getInits(), op.getTied()))
    writeMoves({{init, lookup(op.getResult(tied))}}, out);
  json::Array buffers, dims, scalars;
  for (Value in : op.getIns())
    buffers.push_back(getAddress(in));
  for (Value result : op.getResults())
    buffers.push_back(getAddress(result));
  for (const graph::SizeExpr &size : op.getDims().getSizes())
    dims.push_back(toJson(size));
  for (Value scalar : op.getScalars()) {
    auto number = getScalar(scalar);
    if (!number)
      return op.emitOpError("has a scalar that the host does not compute");
    scalars.push_back(std::move(*number));
  }
  json::Object record{{"launch", kernels.lookup(op.getKernel())},
                      {"buffers", std::move(buffers)},
                      {"dims", std::move(dims)},
                      {"scalars", std::move(scalars)}};
  auto func = SymbolTable::lookupNearestSymbolFrom<kernel::FuncOp>(
      op, op.getKernelAttr());
  auto cost = kernel::getCost(func, op.getDims().getSizes());
  record["flops"] = toJson(cost.flops);
  record["bytes"] = toJson(cost.bytes);
  std::vector<std::string> lines = kernel::getLines(op.getLoc());
  if (!lines.empty())
    record["line"] = lines.front();
  if (std::string layer = kernel::getLayer(op.getLoc()); !layer.empty())
    record["layer"] = layer;
  add(std::move(record), out);
  return success();
}

//===----------------------------------------------------------------------===//
// Loops and choices
//===----------------------------------------------------------------------===//

LogicalResult EntryWriter::writeUntil(kernel::LoopOp op, json::Object &record) {
  rounds[op.getUntil().getArgument(0)] = *op.getNumber();
  json::Array body;
  if (failed(writeBlock(op.getUntil().front(), body)))
    return failure();
  Value word = op.getUntil().front().getTerminator()->getOperand(0);
  record["until"] =
      json::Object{{"body", std::move(body)}, {"word", getAddress(word)}};
  return success();
}

/// Puts `values` where the carries stand, and `rows` in this round's rows of
/// the stacks.
void EntryWriter::writeHandover(kernel::LoopOp op, ValueRange values,
                                ValueRange rows, json::Array &out) {
  SmallVector<Move> moves;
  SmallVector<std::pair<int64_t, Value>> assignments;
  for (auto [value, carry] : llvm::zip(values, op.getCarries())) {
    Address to = lookup(carry);
    if (to.isHost())
      assignments.push_back({to.index, value});
    else
      moves.push_back({value, to});
  }
  for (auto [value, stack] : llvm::zip(rows, op.getStacks()))
    moves.push_back(
        {value, lookup(stack).getRow(*op.getNumber(),
                                     kernel::getByteSize(value.getType()))});
  writeMoves(moves, out);
  writeAssignments(assignments, out);
}

LogicalResult EntryWriter::writeLoop(kernel::LoopOp op, json::Array &out) {
  writeHandover(op, op.getInit(), {}, out);
  if (op.hasUntil() || op.getRounds())
    for (Value stack : op.getStacks())
      add(json::Object{{"zero", getAddress(stack)},
                       {"bytes", toJson(kernel::getByteSize(stack.getType()))}},
          out);

  int64_t number = *op.getNumber();
  json::Object record{{"loop", number},
                      {"trip", toJson(op.getTrip().getSize(0))},
                      {"reverse", op.getReverse()}};
  if (op.getRounds())
    record["limit"] = getAddress(op.getRounds());
  open.push_back({number, position, {}});
  ++position;
  // What is carried is live for all rounds, even if no record reads it.
  for (Value result : op->getResults())
    if (Address address = lookup(result); address.base == PlaceBase::Slot)
      use(address.index);
  rounds[op.getIndex()] = number;
  if (op.hasUntil() && failed(writeUntil(op, record)))
    return failure();
  json::Array body;
  if (failed(writeBlock(*op.getBodyBlock(), body)))
    return failure();
  auto yield = op.getBodyYield();
  writeHandover(op, yield.getValues(), yield.getStacked(), body);
  closeLoop();
  if (op.getRoundsRun())
    record["rounds"] = getAddress(op.getRoundsRun());
  record["body"] = std::move(body);
  out.push_back(std::move(record));
  return success();
}

/// A number of the host, or a byte on the device.
json::Value EntryWriter::getCondition(Value value) {
  if (auto scalar = getScalar(value))
    return std::move(*scalar);
  return json::Object{{"word", getAddress(value)}};
}

LogicalResult EntryWriter::writeIf(kernel::IfOp op, json::Array &out) {
  json::Object record{{"if", getCondition(op.getPredicate())}};
  ++position;
  for (auto [key, region] :
       {std::pair("then", &op.getTaken()), {"else", &op.getOtherwise()}}) {
    json::Array body;
    if (failed(writeBlock(region->front(), body)))
      return failure();
    SmallVector<Move> moves;
    SmallVector<std::pair<int64_t, Value>> assignments;
    Operation *yield = region->front().getTerminator();
    for (auto [value, result] :
         llvm::zip(yield->getOperands(), op.getResults())) {
      Address to = lookup(result);
      if (to.isHost())
        assignments.push_back({to.index, value});
      else
        moves.push_back({value, to});
    }
    writeMoves(moves, body);
    writeAssignments(assignments, body);
    record[key] = std::move(body);
  }
  out.push_back(std::move(record));
  return success();
}

LogicalResult EntryWriter::writeOp(Operation &op, json::Array &out) {
  if (auto launch = dyn_cast<kernel::LaunchOp>(op))
    return writeLaunch(launch, out);
  if (auto host = dyn_cast<kernel::HostOp>(op))
    return writeHost(host, out);
  if (auto loop = dyn_cast<kernel::LoopOp>(op))
    return writeLoop(loop, out);
  if (auto choice = dyn_cast<kernel::IfOp>(op))
    return writeIf(choice, out);
  if (auto check = dyn_cast<graph::CheckOp>(op)) {
    add(json::Object{{"check", getCondition(check.getCondition())},
                     {"message", check.getMessage()}},
        out);
    return success();
  }
  if (isa<graph::ReshapeOp, arith::ConstantOp, func::ReturnOp, kernel::YieldOp>(
          op))
    return success();
  return op.emitError() << "'" << op.getName()
                        << "' has no record on the tape yet";
}

LogicalResult EntryWriter::writeBlock(Block &block, json::Array &out) {
  for (Operation &op : block)
    if (failed(writeOp(op, out)))
      return failure();
  return success();
}

//===----------------------------------------------------------------------===//
// Entries
//===----------------------------------------------------------------------===//

static json::Object writeAttributes(Type type, DictionaryAttr attributes) {
  json::Object object{{"type", toJson(cast<RankedTensorType>(type))}};
  for (NamedAttribute attr :
       attributes ? attributes.getValue() : ArrayRef<NamedAttribute>()) {
    StringRef key = attr.getName().getValue();
    if (!key.consume_front("program."))
      continue;
    if (auto value = toJson(attr.getValue()))
      object[key] = std::move(*value);
  }
  return object;
}

json::Array EntryWriter::writeArguments() {
  json::Array arguments;
  for (BlockArgument argument : entry.getArguments()) {
    json::Object object = writeAttributes(
        argument.getType(), entry.getArgAttrDict(argument.getArgNumber()));
    if (Address address = lookup(argument); address.isHost())
      object["register"] = address.index;
    arguments.push_back(std::move(object));
  }
  return arguments;
}

json::Array EntryWriter::writeResults() {
  json::Array results;
  Operation *ret = entry.getBody().front().getTerminator();
  for (auto [number, value] : llvm::enumerate(ret->getOperands())) {
    json::Object object =
        writeAttributes(value.getType(), entry.getResultAttrDict(number));
    if (auto scalar = getScalar(value);
        scalar && !kernel::getRoot(value).getDefiningOp<arith::ConstantOp>())
      object["from"] = std::move(*scalar);
    else
      object["from"] = getAddress(value);
    results.push_back(std::move(object));
  }
  return results;
}

FailureOr<json::Object> EntryWriter::write() {
  for (Attribute attr : entry->getAttrOfType<ArrayAttr>("kernel.slots")) {
    auto slot = cast<DictionaryAttr>(attr);
    Lifetime life;
    life.loop = cast<IntegerAttr>(slot.get("loop")).getInt();
    life.bytes = toJson(*graph::SizeExpr::parse(
        cast<StringAttr>(slot.get("bytes")).getValue()));
    slots.push_back(life);
  }
  for (Attribute attr : entry->getAttrOfType<ArrayAttr>("kernel.registers"))
    registers.push_back(cast<StringAttr>(attr).getValue());

  json::Array arguments = writeArguments(), body;
  if (failed(writeBlock(entry.getBody().front(), body)))
    return failure();
  json::Array results = writeResults(); // read when the body is done

  json::Array lifetimes;
  for (Lifetime &life : slots)
    lifetimes.push_back(
        json::Object{{"bytes", std::move(life.bytes)},
                     {"first", std::max<int64_t>(life.first, 0)},
                     {"last", std::max<int64_t>(life.last, 0)}});
  auto text = [&](StringRef key, StringRef otherwise) {
    auto attr = entry->getAttrOfType<StringAttr>(key);
    return attr ? attr.getValue().str() : otherwise.str();
  };
  bool isOfHost = program::isOfHost(entry);
  return json::Object{
      {"name", program::getEntryName(entry)},
      {"entry", text("program.entry", "function")},
      {"place", text("program.place", isOfHost ? "host" : "device")},
      {"arguments", std::move(arguments)},
      {"results", std::move(results)},
      {"slots", std::move(lifetimes)},
      {"registers", std::move(registers)},
      {"body", std::move(body)}};
}
