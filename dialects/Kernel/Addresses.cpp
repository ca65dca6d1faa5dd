// SPDX-License-Identifier: Apache-2.0
//
// Where the values of a planned entry stand.

#include "dialects/Kernel/Addresses.h"

#include "dialects/Graph/GraphOps.h"

using namespace mlir;
using namespace lamina;
using namespace lamina::kernel;
using graph::SizeExpr;

bool Address::operator==(const Address &other) const {
  return base == other.base && index == other.index && offset == other.offset &&
         rounds == other.rounds;
}

Address Address::get(PlaceAttr place) {
  Address address;
  address.base = place.getBase();
  address.index = place.getIndex();
  if (StringAttr offset = place.getOffset())
    address.offset = *SizeExpr::parse(offset.getValue());
  for (auto [loop, stride] : llvm::zip(place.getLoops(), place.getStrides()))
    address.rounds.push_back({loop, *SizeExpr::parse(stride.getValue())});
  return address;
}

PlaceAttr Address::getPlace(MLIRContext *context) const {
  SmallVector<int64_t> loops;
  SmallVector<StringAttr> strides;
  for (const auto &[loop, stride] : rounds) {
    loops.push_back(loop);
    strides.push_back(StringAttr::get(context, stride.str()));
  }
  StringAttr start;
  if (offset != SizeExpr(0))
    start = StringAttr::get(context, offset.str());
  return PlaceAttr::get(context, base, index, start, loops, strides);
}

Address Address::getRow(int64_t loop, const SizeExpr &bytes) const {
  Address row = *this;
  row.rounds.push_back({loop, bytes});
  return row;
}

Value kernel::getRoot(Value value) {
  while (auto reshape = value.getDefiningOp<graph::ReshapeOp>())
    value = reshape.getX();
  return value;
}

int64_t kernel::getElementBytes(Type element) {
  return (std::max(element.getIntOrFloatBitWidth(), 8u) + 7) / 8;
}

SizeExpr kernel::getByteSize(Type type) {
  auto tensor = cast<RankedTensorType>(type);
  return graph::getElementCount(graph::getShape(tensor)) *
         SizeExpr(getElementBytes(tensor.getElementType()));
}

Addresses::Addresses(func::FuncOp entry) {
  for (BlockArgument argument : entry.getArguments()) {
    Address address;
    address.base = PlaceBase::Argument;
    address.index = argument.getArgNumber();
    addresses[argument] = address;
  }
  // An argument that the host reads has a register as well.
  if (auto registers =
          entry->getAttrOfType<DenseI64ArrayAttr>("kernel.argument_registers"))
    for (auto [number, index] : llvm::enumerate(registers.asArrayRef()))
      if (index >= 0)
        addresses[entry.getArgument(number)] = {
            PlaceBase::Register, index, {}, {}};
  visit(entry.getBody().front());
}

std::optional<Address> Addresses::lookup(Value value) const {
  auto found = addresses.find(getRoot(value));
  if (found == addresses.end())
    return std::nullopt;
  return found->second;
}

void Addresses::setResults(ValueRange results, ArrayAttr places) {
  assert(places && "the entry has not been planned");
  for (auto [result, place] : llvm::zip(results, places))
    addresses[result] = Address::get(cast<PlaceAttr>(place));
}

void Addresses::visitLoop(LoopOp loop) {
  setResults(loop->getResults(), loop.getPlacesAttr());
  int64_t number = *loop.getNumber();
  for (auto [argument, result] :
       llvm::zip(loop.getCarryArgs(), loop.getCarries())) {
    Address place = addresses[result]; // a copy: the table may grow
    addresses[argument] = place;
  }
  for (auto [argument, over] : llvm::zip(loop.getOverArgs(), loop.getOver()))
    if (auto whole = lookup(over))
      addresses[argument] =
          whole->getRow(number, getByteSize(argument.getType()));
  for (auto [argument, with] : llvm::zip(loop.getWithArgs(), loop.getWith()))
    if (auto outside = lookup(with))
      addresses[argument] = *outside;
  visit(*loop.getBodyBlock());
  if (!loop.hasUntil())
    return;
  auto arguments = loop.getUntil().getArguments();
  unsigned carries = loop.getInit().size();
  for (unsigned i = 1; i < arguments.size(); ++i) {
    Value outside = i <= carries ? Value(loop.getCarryArgs()[i - 1])
                                 : loop.getWith()[i - 1 - carries];
    if (auto address = lookup(outside))
      addresses[arguments[i]] = *address;
  }
  visit(loop.getUntil().front());
}

void Addresses::visitIf(IfOp choice) {
  setResults(choice.getResults(), choice.getPlacesAttr());
  for (Region &region : choice->getRegions()) {
    for (auto [argument, with] :
         llvm::zip(region.getArguments(), choice.getWith()))
      if (auto outside = lookup(with))
        addresses[argument] = *outside;
    visit(region.front());
  }
}

void Addresses::visit(Block &block) {
  for (Operation &op : block) {
    if (auto loop = dyn_cast<LoopOp>(op))
      visitLoop(loop);
    else if (auto choice = dyn_cast<IfOp>(op))
      visitIf(choice);
    else if (auto launch = dyn_cast<LaunchOp>(op))
      setResults(launch.getResults(), launch.getPlacesAttr());
    else if (auto host = dyn_cast<HostOp>(op))
      setResults(host.getResults(), host.getPlacesAttr());
  }
}
