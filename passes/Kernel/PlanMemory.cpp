// SPDX-License-Identifier: Apache-2.0
//
// Give every value of an entry a place.
//
// Kernel -> Planned. Decides which values share a place; which slots overlap in
// the arena is left to runtime/ABI/Plan.h, which knows the sizes. The order of
// launches is final here.
//
// A value wants the place it will be copied to otherwise: the variable it is
// stored in, the carry or the row of the stack it is yielded to. It gets it if
// what stands there is dead by then.

#include "dialects/Graph/GraphOps.h"
#include "dialects/Kernel/Addresses.h"
#include "passes/Kernel/HostValues.h"
#include "passes/Kernel/InPlace.h"
#include "passes/Kernel/Liveness.h"
#include "passes/Kernel/Passes.h"

#include "mlir/Dialect/Arith/IR/Arith.h"

namespace lamina {
#define GEN_PASS_DEF_PLANMEMORYPASS
#include "passes/Kernel/Passes.h.inc"
} // namespace lamina

using namespace mlir;
using namespace lamina;
using graph::SizeExpr;
using kernel::Address;
using kernel::PlaceBase;

namespace {
/// A place that a value of a block ends in, and what stands there before.
struct Want {
  Value value;
  Address place;
  Value old; // null: nothing
  bool taken = false;
};
using Wants = SmallVector<Want>;

class Planner {
public:
  Planner(func::FuncOp entry)
      : entry(entry), host(entry), symbols(entry->getParentOfType<ModuleOp>()) {
  }
  void plan();

private:
  void planBlock(Block &block, Wants &wants);
  void planLaunch(kernel::LaunchOp launch, const BlockLiveness &life,
                  Wants &wants);
  void planHost(kernel::HostOp op);
  void planLoop(kernel::LoopOp loop, const BlockLiveness &life, Wants &wants);
  Wants bindBody(kernel::LoopOp loop, int64_t number);
  void bindWith(ValueRange arguments, ValueRange with);
  /// The argument that stands at `place`, if one does.
  Value findAt(const Address &place, ValueRange arguments) const;
  void planIf(kernel::IfOp choice, const BlockLiveness &life, Wants &wants);
  Address planChoice(kernel::IfOp choice, unsigned number,
                     const BlockLiveness &life, Wants &wants,
                     llvm::SmallDenseSet<Value> &claimed);
  void planBranch(kernel::IfOp choice, Region &region);

  Address planCarry(kernel::LoopOp loop, unsigned number,
                    const BlockLiveness &life, Wants &wants);
  Address planStack(kernel::LoopOp loop, unsigned number,
                    const BlockLiveness &life, Wants &wants);
  Address planResult(kernel::LaunchOp launch, unsigned number,
                     const BlockLiveness &life, Wants &wants);

  /// Whether `launch` may write its result where `old` stands.
  bool mayReplace(kernel::LaunchOp launch, unsigned result, Value old,
                  const BlockLiveness &life);
  /// Whether the slot of `value` belongs to it and nothing needs it after `op`.
  bool diesAt(Value value, Operation *op, const BlockLiveness &life);
  /// By value: an address of the table itself moves when the table grows.
  void setAddress(Value value, Address address) {
    addresses[value] = std::move(address);
  }
  Address addSlot(Type type);
  Address addRegister(Type type);
  Wants getResultPlaces();

  func::FuncOp entry;
  HostValues host;
  SymbolTable symbols;
  llvm::DenseMap<Value, Address> addresses;
  llvm::DenseMap<Value, Block *> owners; // of slots: where their value is made
  SmallVector<Attribute> slots, registers;
  int64_t numLoops = 0;
  SmallVector<int64_t> loops = {-1}; // enclosing ones, innermost last
};
} // namespace

//===----------------------------------------------------------------------===//
// Places
//===----------------------------------------------------------------------===//

Address Planner::addSlot(Type type) {
  Builder b(entry.getContext());
  slots.push_back(b.getDictionaryAttr(
      {b.getNamedAttr("bytes",
                      b.getStringAttr(kernel::getByteSize(type).str())),
       b.getNamedAttr("loop", b.getI64IntegerAttr(loops.back()))}));
  Address address;
  address.index = slots.size() - 1;
  return address;
}

Address Planner::addRegister(Type type) {
  auto tensor = cast<RankedTensorType>(type);
  StringRef kind = tensor.getRank() == 1                     ? "key"
                   : isa<FloatType>(tensor.getElementType()) ? "f64"
                                                             : "i64";
  registers.push_back(StringAttr::get(entry.getContext(), kind));
  return {PlaceBase::Register, int64_t(registers.size() - 1), {}, {}};
}

bool Planner::diesAt(Value value, Operation *op, const BlockLiveness &life) {
  Value root = getRoot(value);
  auto address = addresses.find(root);
  return address != addresses.end() &&
         address->second.base == PlaceBase::Slot &&
         address->second.rounds.empty() &&
         owners.lookup(root) == op->getBlock() &&
         life.getLastUse(root) == life.getPosition(op);
}

bool Planner::mayReplace(kernel::LaunchOp launch, unsigned result, Value old,
                         const BlockLiveness &life) {
  if (!old)
    return true;
  unsigned here = life.getPosition(launch), last = life.getLastUse(old);
  if (last != here)
    return last < here;
  auto func = symbols.lookup<kernel::FuncOp>(launch.getKernel());
  for (auto [number, in] : llvm::enumerate(launch.getIns()))
    if (getRoot(in) == old && !mayShareBuffer(func, number, result))
      return false;
  for (auto [init, tied] : llvm::zip(launch.getInits(), launch.getTied()))
    if (getRoot(init) == old && tied != int64_t(result))
      return false;
  return true;
}

static Want *findWant(Wants &wants, Value value,
                      llvm::function_ref<bool(const Want &)> fits) {
  for (Want &want : wants)
    if (!want.taken && getRoot(want.value) == value && fits(want))
      return &want;
  return nullptr;
}

//===----------------------------------------------------------------------===//
// Launches
//===----------------------------------------------------------------------===//

Address Planner::planResult(kernel::LaunchOp launch, unsigned number,
                            const BlockLiveness &life, Wants &wants) {
  Value result = launch.getResult(number);
  if (Want *want = findWant(wants, result, [&](const Want &w) {
        return mayReplace(launch, number, w.old, life);
      })) {
    want->taken = true;
    return want->place;
  }
  SizeExpr bytes = kernel::getByteSize(result.getType());
  for (auto [init, tied] : llvm::zip(launch.getInits(), launch.getTied()))
    if (tied == int64_t(number) && diesAt(init, launch, life) &&
        !llvm::is_contained(launch.getIns(), init)) {
      owners[result] = launch->getBlock();
      owners.erase(getRoot(init));
      return addresses[getRoot(init)];
    }
  auto func = symbols.lookup<kernel::FuncOp>(launch.getKernel());
  for (auto [index, in] : llvm::enumerate(launch.getIns())) {
    if (!diesAt(in, launch, life) || kernel::getByteSize(in.getType()) != bytes)
      continue;
    // Every view of it that the kernel has must allow it.
    bool all = true;
    for (auto [other, value] : llvm::enumerate(launch.getIns()))
      all &=
          getRoot(value) != getRoot(in) || mayShareBuffer(func, other, number);
    if (!all)
      continue;
    owners[result] = launch->getBlock();
    owners.erase(getRoot(in));
    return addresses[getRoot(in)];
  }
  owners[result] = launch->getBlock();
  return addSlot(result.getType());
}

void Planner::planLaunch(kernel::LaunchOp launch, const BlockLiveness &life,
                         Wants &wants) {
  SmallVector<Attribute> places;
  for (unsigned number = 0; number < launch.getNumResults(); ++number) {
    Address address = planResult(launch, number, life, wants);
    addresses[launch.getResult(number)] = address;
    places.push_back(address.getPlace(entry.getContext()));
  }
  launch.setPlacesAttr(ArrayAttr::get(entry.getContext(), places));
}

void Planner::planHost(kernel::HostOp op) {
  SmallVector<Attribute> places;
  for (Value result : op.getResults()) {
    addresses[result] = addRegister(result.getType());
    places.push_back(addresses[result].getPlace(entry.getContext()));
  }
  op.setPlacesAttr(ArrayAttr::get(entry.getContext(), places));
}

//===----------------------------------------------------------------------===//
// Loops and choices
//===----------------------------------------------------------------------===//

Address Planner::planCarry(kernel::LoopOp loop, unsigned number,
                           const BlockLiveness &life, Wants &wants) {
  Value result = loop.getCarries()[number];
  if (host.contains(loop.getCarryArgs()[number]))
    return addRegister(result.getType());
  Value init = loop.getInit()[number], root = getRoot(init);
  unsigned here = life.getPosition(loop);
  unsigned readers = llvm::count_if(loop->getOperands(), [&](Value operand) {
    return getRoot(operand) == root;
  });
  if (Want *want = findWant(wants, result, [&](const Want &w) {
        if (!w.old)
          return true;
        unsigned last = life.getLastUse(w.old);
        return last < here || (last == here && w.old == root && readers == 1);
      })) {
    want->taken = true;
    return want->place;
  }
  owners[result] = loop->getBlock();
  if (diesAt(init, loop, life) && readers == 1) {
    owners.erase(root);
    return addresses[root];
  }
  return addSlot(result.getType());
}

Address Planner::planStack(kernel::LoopOp loop, unsigned number,
                           const BlockLiveness &life, Wants &wants) {
  Value result = loop.getStacks()[number];
  unsigned here = life.getPosition(loop);
  // A row is written behind everything that reads it in its round, so a stack
  // may stand where one that is read row by row stands and dies.
  auto isReadByRows = [&](Value value) {
    unsigned readers = 0;
    for (Value operand : loop->getOperands())
      readers += getRoot(operand) == value;
    return readers == 1 && llvm::any_of(loop.getOver(), [&](Value over) {
             return over == value && over.getType() == result.getType();
           });
  };
  if (Want *want = findWant(wants, result, [&](const Want &w) {
        if (!w.old)
          return true;
        unsigned last = life.getLastUse(w.old);
        return last < here || (last == here && isReadByRows(w.old));
      })) {
    want->taken = true;
    return want->place;
  }
  owners[result] = loop->getBlock();
  for (Value over : loop.getOver())
    if (diesAt(over, loop, life) && isReadByRows(over)) {
      owners.erase(over);
      return addresses[over];
    }
  return addSlot(result.getType());
}

Value Planner::findAt(const Address &place, ValueRange arguments) const {
  Value found;
  for (Value argument : arguments)
    if (auto at = addresses.find(argument);
        at != addresses.end() && at->second == place)
      found = argument;
  return found;
}

void Planner::bindWith(ValueRange arguments, ValueRange with) {
  for (auto [argument, value] : llvm::zip(arguments, with))
    if (auto outside = addresses.find(getRoot(value));
        outside != addresses.end())
      setAddress(argument, outside->second);
}

/// Arguments of the body stand where carries and rows do; so should what it
/// yields.
Wants Planner::bindBody(kernel::LoopOp loop, int64_t number) {
  Wants inner;
  auto yield = loop.getBodyYield();
  for (auto [argument, result, value] :
       llvm::zip(loop.getCarryArgs(), loop.getCarries(), yield.getValues())) {
    Address place = addresses[result];
    setAddress(argument, place);
    if (!place.isHost())
      inner.push_back({value, place, argument});
  }
  for (auto [argument, over] : llvm::zip(loop.getOverArgs(), loop.getOver()))
    if (auto whole = addresses.find(getRoot(over)); whole != addresses.end())
      addresses[argument] =
          whole->second.getRow(number, kernel::getByteSize(argument.getType()));
  for (auto [result, value] : llvm::zip(loop.getStacks(), yield.getStacked())) {
    Address row =
        addresses[result].getRow(number, kernel::getByteSize(value.getType()));
    inner.push_back({value, row, findAt(row, loop.getOverArgs())});
  }
  bindWith(loop.getWithArgs(), loop.getWith());
  return inner;
}

void Planner::planLoop(kernel::LoopOp loop, const BlockLiveness &life,
                       Wants &wants) {
  MLIRContext *context = entry.getContext();
  int64_t number = numLoops++;
  loop.setNumberAttr(IntegerAttr::get(IntegerType::get(context, 64), number));
  SmallVector<Attribute> places;
  auto add = [&](Value result, const Address &address) {
    addresses[result] = address;
    places.push_back(address.getPlace(context));
  };
  for (unsigned i = 0; i < loop.getCarries().size(); ++i)
    add(loop.getCarries()[i], planCarry(loop, i, life, wants));
  for (unsigned i = 0; i < loop.getStacks().size(); ++i)
    add(loop.getStacks()[i], planStack(loop, i, life, wants));
  if (Value run = loop.getRoundsRun())
    add(run, addSlot(run.getType()));
  loop.setPlacesAttr(ArrayAttr::get(context, places));
  Wants inner = bindBody(loop, number);
  loops.push_back(number);
  planBlock(*loop.getBodyBlock(), inner);
  if (loop.hasUntil()) {
    Wants none;
    planBlock(loop.getUntil().front(), none);
  }
  loops.pop_back();
}

/// Where result `number` of a choice stands.
Address Planner::planChoice(kernel::IfOp choice, unsigned number,
                            const BlockLiveness &life, Wants &wants,
                            llvm::SmallDenseSet<Value> &claimed) {
  Value result = choice->getResult(number);
  if (host.contains(result))
    return addRegister(result.getType());
  unsigned here = life.getPosition(choice);
  if (Want *want = findWant(wants, result, [&](const Want &w) {
        return !w.old || life.getLastUse(w.old) <= here;
      })) {
    want->taken = true;
    return want->place;
  }
  // The place of what one of the branches hands on.
  std::optional<Address> handedOn;
  for (Region &region : choice->getRegions()) {
    auto argument = dyn_cast<BlockArgument>(
        getRoot(region.front().getTerminator()->getOperand(number)));
    if (!argument || handedOn)
      continue;
    Value with = choice.getWith()[argument.getArgNumber()];
    if (diesAt(with, choice, life) && claimed.insert(getRoot(with)).second)
      handedOn = addresses[getRoot(with)];
  }
  owners[result] = choice->getBlock();
  return handedOn ? *handedOn : addSlot(result.getType());
}

void Planner::planBranch(kernel::IfOp choice, Region &region) {
  bindWith(region.getArguments(), choice.getWith());
  Wants inner;
  Operation *yield = region.front().getTerminator();
  for (Value result : choice.getResults()) {
    if (addresses[result].isHost())
      continue;
    inner.push_back(
        {yield->getOperand(cast<OpResult>(result).getResultNumber()),
         addresses[result], findAt(addresses[result], region.getArguments())});
  }
  planBlock(region.front(), inner);
}

void Planner::planIf(kernel::IfOp choice, const BlockLiveness &life,
                     Wants &wants) {
  SmallVector<Attribute> places;
  llvm::SmallDenseSet<Value> claimed;
  for (Value result : choice.getResults()) {
    Address address = planChoice(
        choice, cast<OpResult>(result).getResultNumber(), life, wants, claimed);
    addresses[result] = address;
    places.push_back(address.getPlace(entry.getContext()));
  }
  choice.setPlacesAttr(ArrayAttr::get(entry.getContext(), places));
  for (Region &region : choice->getRegions())
    planBranch(choice, region);
}

//===----------------------------------------------------------------------===//
// Entries
//===----------------------------------------------------------------------===//

void Planner::planBlock(Block &block, Wants &wants) {
  BlockLiveness life(block);
  for (Operation &op : block) {
    if (auto launch = dyn_cast<kernel::LaunchOp>(op))
      planLaunch(launch, life, wants);
    else if (auto numbers = dyn_cast<kernel::HostOp>(op))
      planHost(numbers);
    else if (auto loop = dyn_cast<kernel::LoopOp>(op))
      planLoop(loop, life, wants);
    else if (auto choice = dyn_cast<kernel::IfOp>(op))
      planIf(choice, life, wants);
  }
}

/// The storage of each result: that of the variable where an argument loads it.
Wants Planner::getResultPlaces() {
  Wants wants;
  Operation *ret = entry.getBody().front().getTerminator();
  for (unsigned i = 0; i < entry.getNumResults(); ++i) {
    if (host.contains(ret->getOperand(i)))
      continue;
    Want want{ret->getOperand(i), {PlaceBase::Result, int64_t(i), {}, {}}, {}};
    if (auto store = entry.getResultAttr(i, "program.store"))
      for (BlockArgument argument : entry.getArguments())
        if (entry.getArgAttr(argument.getArgNumber(), "program.load") ==
            store) {
          want.place = {
              PlaceBase::Argument, int64_t(argument.getArgNumber()), {}, {}};
          want.old = argument;
        }
    wants.push_back(want);
  }
  return wants;
}

void Planner::plan() {
  Builder b(entry.getContext());
  SmallVector<int64_t> argumentRegisters;
  for (BlockArgument argument : entry.getArguments()) {
    Address address{
        PlaceBase::Argument, int64_t(argument.getArgNumber()), {}, {}};
    if (host.contains(argument))
      address = addRegister(argument.getType());
    argumentRegisters.push_back(address.isHost() ? address.index : -1);
    addresses[argument] = address;
  }
  Wants wants = getResultPlaces();
  planBlock(entry.getBody().front(), wants);
  entry->setAttr("kernel.slots", b.getArrayAttr(slots));
  entry->setAttr("kernel.registers", b.getArrayAttr(registers));
  entry->setAttr("kernel.argument_registers",
                 b.getDenseI64ArrayAttr(argumentRegisters));
}

namespace {
struct PlanMemoryPass : lamina::impl::PlanMemoryPassBase<PlanMemoryPass> {
  void runOnOperation() override {
    if (!getOperation().isExternal() &&
        !getOperation()->hasAttr("kernel.slots"))
      Planner(getOperation()).plan();
  }
};
} // namespace
