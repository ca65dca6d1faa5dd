// SPDX-License-Identifier: Apache-2.0
//
// An entry as a function.

#include "tools/Wasm/EntryCode.h"

#include "llvm/ADT/STLExtras.h"

using namespace llvm;

namespace lamina::wasm {

using runtime::BaseKind;
using runtime::RecordKind;
using runtime::ScalarKind;

EntryCode::EntryCode(ModuleParts &parts, size_t entry)
    : parts(parts), tape(parts.program.tape.entries[entry]),
      entry(parts.program.program.entries[entry]),
      b(parts.module.getContext()) {}

//===----------------------------------------------------------------------===//
// The frame of a function
//===----------------------------------------------------------------------===//

Function *EntryCode::begin(const Twine &name, Type *result,
                           unsigned arguments) {
  SmallVector<Type *> types(arguments, b.getPtrTy());
  function = Function::Create(FunctionType::get(result, types, false),
                              Function::InternalLinkage, name, parts.module);
  function->setDoesNotThrow();
  b.SetInsertPoint(BasicBlock::Create(b.getContext(), "", function));
  host.emplace(b, parts.module, function->getArg(0));
  return function;
}

BasicBlock *EntryCode::newBlock(const char *name) {
  return BasicBlock::Create(b.getContext(), name, function);
}

void EntryCode::failIf(Value *status) {
  BasicBlock *failed = newBlock("failed"), *next = newBlock("next");
  b.CreateCondBr(b.CreateICmpNE(status, b.getInt32(0)), failed, next);
  b.SetInsertPoint(failed);
  b.CreateRet(b.getInt32(1));
  b.SetInsertPoint(next);
}

Value *EntryCode::room(Type *element, size_t count) {
  BasicBlock &first = function->getEntryBlock();
  IRBuilder<> top(&first, first.begin());
  return top.CreateAlloca(element,
                          top.getInt32(unsigned(std::max<size_t>(count, 1))));
}

Value *EntryCode::loadPointer(Value *list, uint32_t index) {
  return b.CreateLoad(b.getPtrTy(),
                      b.CreateConstInBoundsGEP1_32(b.getPtrTy(), list, index));
}

//===----------------------------------------------------------------------===//
// Addresses
//===----------------------------------------------------------------------===//

/// Offsets of the slots at these sizes, and memory for all of them. What is too
/// large for memory fails here, so nothing that is computed later overflows.
void EntryCode::makeArena() {
  if (tape.slots.empty())
    return;
  Type *i64 = b.getInt64Ty();
  auto *interval = StructType::get(b.getContext(), {i64, i64, i64});
  Value *intervals = room(interval, tape.slots.size());
  offsets = room(i64, tape.slots.size());
  for (auto [number, slot] : enumerate(tape.slots)) {
    Value *place = b.CreateConstInBoundsGEP1_32(interval, intervals, number);
    Value *members[] = {host->bytes(slot.bytes),
                        b.getInt64(uint64_t(slot.first)),
                        b.getInt64(uint64_t(slot.last))};
    for (auto [member, value] : enumerate(members))
      b.CreateStore(value, b.CreateStructGEP(interval, place, member));
  }
  Value *peak =
      host->call("lamina_place", i64,
                 {intervals, b.getInt32(unsigned(tape.slots.size())), offsets});
  failIf(b.CreateZExt(b.CreateICmpSLT(peak, b.getInt64(0)), b.getInt32Ty()));
  arena = host->call("lamina_arena", b.getPtrTy(), {peak});
  failIf(b.CreateZExt(b.CreateIsNull(arena), b.getInt32Ty()));
}

Value *EntryCode::at(const Address &address) {
  Value *base = nullptr;
  Value *offset = host->size(address.offset);
  switch (address.kind) {
  case BaseKind::Slot:
    base = arena;
    offset = b.CreateAdd(
        offset, b.CreateLoad(b.getInt64Ty(),
                             b.CreateConstInBoundsGEP1_32(
                                 b.getInt64Ty(), offsets, address.index)));
    break;
  case BaseKind::Argument:
    base = loadPointer(function->getArg(1), address.index);
    break;
  case BaseKind::Result:
    base = loadPointer(function->getArg(2), address.index);
    break;
  case BaseKind::Constant:
    base = parts.constants;
    break;
  }
  for (const auto &[loop, stride] : address.strides) {
    Value *round = b.CreateLoad(b.getInt64Ty(), host->round(loop));
    offset = b.CreateAdd(offset, b.CreateMul(round, host->size(stride)));
  }
  return b.CreatePtrAdd(base, offset);
}

void EntryCode::readArguments() {
  for (auto [number, index] : enumerate(tape.argumentRegisters))
    if (index >= 0)
      host->loadRegister(uint32_t(index), tape.argumentTypes[number].element,
                         loadPointer(function->getArg(1), number));
}

//===----------------------------------------------------------------------===//
// Launches
//===----------------------------------------------------------------------===//

/// `int32_t launch(buffers, dims, scalars)`: all items of a kernel, with the
/// scratch that it asks for.
Function *EntryCode::launcherOf(uint32_t kernel) {
  const std::string &symbol = parts.kernels[kernel];
  std::string name = "launch." + symbol;
  if (Function *known = parts.module.getFunction(name))
    return known;
  LLVMContext &context = b.getContext();
  IRBuilder<> l(context);
  Type *pointer = l.getPtrTy(), *i64 = l.getInt64Ty();
  Function *launcher = Function::Create(
      FunctionType::get(l.getInt32Ty(), {pointer, pointer, pointer}, false),
      Function::InternalLinkage, name, parts.module);
  launcher->setDoesNotThrow();
  launcher->addFnAttr(Attribute::NoInline);
  l.SetInsertPoint(BasicBlock::Create(context, "", launcher));
  auto declare = [&](StringRef suffix, Type *result, ArrayRef<Type *> types) {
    return parts.module.getOrInsertFunction(
        symbol + suffix.str(), FunctionType::get(result, types, false));
  };
  Value *dims = launcher->getArg(1);
  Value *items = l.CreateCall(declare("_items", i64, {pointer}), {dims});
  Value *bytes = l.CreateCall(declare("_scratch", i64, {pointer}), {dims});
  Value *scratch = l.CreateCall(
      parts.module.getOrInsertFunction(
          "lamina_scratch", FunctionType::get(pointer, {i64}, false)),
      {bytes});
  auto *failed = BasicBlock::Create(context, "failed", launcher);
  auto *next = BasicBlock::Create(context, "next", launcher);
  l.CreateCondBr(l.CreateIsNull(scratch), failed, next);
  l.SetInsertPoint(failed);
  l.CreateRet(l.getInt32(1));
  l.SetInsertPoint(next);
  l.CreateCall(declare("", l.getVoidTy(),
                       {pointer, pointer, pointer, i64, i64, pointer}),
               {launcher->getArg(0), dims, launcher->getArg(2), l.getInt64(0),
                items, scratch});
  l.CreateRet(l.getInt32(0));
  return launcher;
}

/// As runtime/ABI/Kernel.h lays them out.
Value *EntryCode::emitScalars(uint32_t kernel,
                              const runtime::LaunchPart<Expression> &part) {
  const std::vector<ScalarKind> &kinds =
      parts.program.tape.kernelScalars[kernel];
  Value *words = room(b.getInt64Ty(), 2 * kinds.size());
  unsigned next = 0;
  auto place = [&] {
    return b.CreateConstInBoundsGEP1_32(b.getInt64Ty(), words, next++);
  };
  for (auto [kind, operand] : zip_equal(kinds, part.scalars)) {
    HostNumber number = host->read(operand);
    switch (kind) {
    case ScalarKind::F32:
      b.CreateStore(b.CreateFPTrunc(host->asReal(number), b.getFloatTy()),
                    place());
      break;
    case ScalarKind::F64:
      b.CreateStore(host->asReal(number), place());
      break;
    case ScalarKind::I1:
    case ScalarKind::I32:
      b.CreateStore(b.CreateTrunc(host->asWhole(number), b.getInt32Ty()),
                    place());
      break;
    case ScalarKind::I64:
      b.CreateStore(host->asWhole(number), place());
      break;
    case ScalarKind::Key:
      b.CreateStore(number.value, place());
      b.CreateStore(number.upper ? number.upper : b.getInt64(0), place());
      break;
    }
  }
  return words;
}

void EntryCode::emitPart(uint32_t kernel,
                         const runtime::LaunchPart<Expression> &part) {
  Value *buffers = room(b.getPtrTy(), part.buffers.size());
  for (auto [number, buffer] : enumerate(part.buffers))
    b.CreateStore(at(buffer),
                  b.CreateConstInBoundsGEP1_32(b.getPtrTy(), buffers, number));
  Value *dims = room(b.getInt64Ty(), part.dims.size());
  for (auto [number, dim] : enumerate(part.dims))
    b.CreateStore(host->readWhole(dim),
                  b.CreateConstInBoundsGEP1_32(b.getInt64Ty(), dims, number));
  failIf(b.CreateCall(launcherOf(kernel),
                      {buffers, dims, emitScalars(kernel, part)}));
}

// Items of parts are independent, so parts may run one after the other.
void EntryCode::emitLaunch(const Record &record) {
  for (const auto &part : record.parts)
    emitPart(record.index, part);
}

//===----------------------------------------------------------------------===//
// Records
//===----------------------------------------------------------------------===//

void EntryCode::emitAll(const std::vector<Record> &records) {
  for (const Record &record : records)
    emit(record);
}

Value *EntryCode::isSet(const Address &word) {
  return b.CreateICmpNE(b.CreateLoad(b.getInt8Ty(), at(word)), b.getInt8(0));
}

Value *EntryCode::holds(const Record &record) {
  if (record.onWord)
    return isSet(record.word);
  return b.CreateICmpNE(host->readWhole(record.value), b.getInt64(0));
}

void EntryCode::copy(Value *to, Value *from, Value *bytes) {
  b.CreateMemMove(to, Align(1), from, Align(1),
                  b.CreateTrunc(bytes, b.getInt32Ty()));
}

void EntryCode::emit(const Record &record) {
  switch (record.kind) {
  case RecordKind::Launch:
    return emitLaunch(record);
  case RecordKind::Loop:
    return emitLoop(record);
  case RecordKind::If:
    return emitIf(record);
  case RecordKind::Host:
    return host->compute(record, [&](Value *status) { failIf(status); });
  case RecordKind::Copy:
    return copy(at(record.to), at(record.from), host->size(record.bytes));
  case RecordKind::Zero:
    b.CreateMemSet(at(record.to), b.getInt8(0),
                   b.CreateTrunc(host->size(record.bytes), b.getInt32Ty()),
                   Align(1));
    return;
  case RecordKind::Put:
    return host->store(record.element, at(record.to), host->read(record.value));
  case RecordKind::Moves:
    return emitMoves(record.body);
  case RecordKind::Check: {
    BasicBlock *failed = newBlock("failed"), *next = newBlock("next");
    b.CreateCondBr(holds(record), next, failed);
    b.SetInsertPoint(failed);
    host->call("lamina_fail", b.getVoidTy(),
               {b.CreateGlobalString(record.text)});
    b.CreateRet(b.getInt32(1));
    b.SetInsertPoint(next);
    return;
  }
  }
}

void EntryCode::emitLoop(const Record &loop) {
  Type *i64 = b.getInt64Ty();
  Value *zero = b.getInt64(0);
  auto atLeastZero = [&](Value *number) {
    return b.CreateBinaryIntrinsic(Intrinsic::smax, number, zero);
  };
  Value *trip = atLeastZero(host->size(loop.trip));
  if (loop.hasLimit)
    trip = b.CreateBinaryIntrinsic(
        Intrinsic::smin, trip,
        atLeastZero(b.CreateAlignedLoad(i64, at(loop.limit), Align(1))));
  Value *done = room(i64, 1);
  b.CreateStore(zero, done);
  BasicBlock *head = newBlock("head"), *body = newBlock("body"),
             *end = newBlock("end");
  b.CreateBr(head);
  b.SetInsertPoint(head);
  Value *now = b.CreateLoad(i64, done);
  b.CreateCondBr(b.CreateICmpSLT(now, trip), body, end);
  b.SetInsertPoint(body);
  Value *last = b.CreateSub(trip, b.getInt64(1));
  b.CreateStore(loop.reverse ? b.CreateSub(last, now) : now,
                host->round(loop.index));
  if (loop.hasUntil) {
    emitAll(loop.until);
    BasicBlock *next = newBlock("next");
    b.CreateCondBr(isSet(loop.word), end, next);
    b.SetInsertPoint(next);
  }
  emitAll(loop.body);
  b.CreateStore(b.CreateAdd(b.CreateLoad(i64, done), b.getInt64(1)), done);
  b.CreateBr(head);
  b.SetInsertPoint(end);
  if (loop.hasRounds)
    b.CreateAlignedStore(b.CreateLoad(i64, done), at(loop.rounds), Align(1));
}

void EntryCode::emitIf(const Record &record) {
  BasicBlock *taken = newBlock("taken"), *otherwise = newBlock("otherwise"),
             *next = newBlock("next");
  b.CreateCondBr(holds(record), taken, otherwise);
  for (auto [block, records] : {std::pair(taken, &record.body),
                                std::pair(otherwise, &record.otherwise)}) {
    b.SetInsertPoint(block);
    emitAll(*records);
    b.CreateBr(next);
  }
  b.SetInsertPoint(next);
}

void EntryCode::emitMoves(const std::vector<Record> &moves) {
  auto *move = StructType::get(b.getContext(),
                               {b.getPtrTy(), b.getPtrTy(), b.getInt64Ty()});
  Value *list = room(move, moves.size());
  for (auto [number, each] : enumerate(moves)) {
    Value *place = b.CreateConstInBoundsGEP1_32(move, list, number);
    Value *members[] = {at(each.to), at(each.from), host->size(each.bytes)};
    for (auto [member, value] : enumerate(members))
      b.CreateStore(value, b.CreateStructGEP(move, place, member));
  }
  failIf(host->call("lamina_move", b.getInt32Ty(),
                    {list, b.getInt32(unsigned(moves.size()))}));
}

/// What does not stand in its place yet. What comes from the storage of another
/// argument or result is taken first, before anything is written there.
void EntryCode::emitResults() {
  auto bytesOf = [&](size_t number) {
    Value *bytes = b.getInt64(
        uint64_t(runtime::bytesOf(tape.resultTypes[number].element)));
    for (const Expression &length : tape.resultTypes[number].shape)
      bytes = b.CreateMul(bytes, host->size(length));
    return bytes;
  };
  for (bool isFromOutside : {true, false})
    for (auto [number, place] : enumerate(tape.results)) {
      bool isOutside = place.from.kind == BaseKind::Argument ||
                       place.from.kind == BaseKind::Result;
      bool isThere =
          place.from.kind == BaseKind::Result && place.from.index == number;
      if (place.inRegister || isThere || isOutside != isFromOutside)
        continue;
      copy(loadPointer(function->getArg(2), number), at(place.from),
           bytesOf(number));
    }
  for (auto [number, place] : enumerate(tape.results)) {
    if (!place.inRegister)
      continue;
    runtime::Operand<Expression> reg;
    reg.kind = runtime::OperandKind::Register;
    reg.index = place.reg;
    host->store(tape.resultTypes[number].element,
                loadPointer(function->getArg(2), number), host->read(reg));
  }
}

Function *EntryCode::emitRun() {
  begin("run." + entry.name, b.getInt32Ty(), 3);
  host->makeRegisters(tape);
  makeArena();
  readArguments();
  emitAll(tape.body);
  emitResults();
  b.CreateRet(b.getInt32(0));
  return function;
}

Function *EntryCode::emitMeasure() {
  begin("measure." + entry.name, b.getVoidTy(), 2);
  unsigned next = 0;
  for (const runtime::Type &type : tape.resultTypes)
    for (const Expression &length : type.shape)
      b.CreateStore(host->bytes(length),
                    b.CreateConstInBoundsGEP1_32(b.getInt64Ty(),
                                                 function->getArg(1), next++));
  b.CreateRetVoid();
  return function;
}

} // namespace lamina::wasm
