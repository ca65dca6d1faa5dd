// SPDX-License-Identifier: Apache-2.0
//
// What the records of an entry mean.
//
// Records in, calls of a player out. The one place that knows what a record
// does.

#include "runtime/Executor/TapeWalk.h"

#include <algorithm>

namespace lamina {
namespace runtime {

char *TapeWalk::at(const Address<N> &address) const {
  char *p = bases[address.index] + address.offset;
  for (const auto &stride : address.strides)
    p += rounds[stride.first] * stride.second;
  return p;
}

HostValue TapeWalk::read(const Operand<N> &operand) const {
  HostValue value;
  switch (operand.kind) {
  case OperandKind::Register:
    return registers[operand.index];
  case OperandKind::Index:
    value.whole = rounds[operand.index];
    return value;
  case OperandKind::Real:
    value.kind = RegisterKind::Real;
    value.real = operand.real;
    return value;
  case OperandKind::Whole:
  case OperandKind::Size:
    value.whole = operand.whole;
    return value;
  }
  return value;
}

void TapeWalk::readArguments(const TapeEntry &entry, const EntryCall &call) {
  registers.assign(entry.registers.size(), HostValue());
  for (size_t i = 0; i < entry.registers.size(); ++i)
    registers[i].kind = entry.registers[i];
  for (size_t i = 0; i < entry.argumentTypes.size(); ++i) {
    if (entry.argumentRegisters[i] < 0)
      continue;
    HostValue &reg = registers[size_t(entry.argumentRegisters[i])];
    const char *from = static_cast<const char *>(call.arguments[i]);
    Element element = entry.argumentTypes[i].element;
    if (reg.kind == RegisterKind::Real)
      reg.real = loadReal(element, from);
    else
      reg.whole = loadInt(element, from);
    if (reg.kind == RegisterKind::Key)
      reg.upper = loadInt(element, from + runtime::bytesOf(element));
  }
}

void storeValue(Element element, char *to, const HostValue &value) {
  if (value.kind == RegisterKind::Real)
    return storeReal(element, to, value.real);
  storeInt(element, to, value.whole);
  if (value.kind == RegisterKind::Key)
    storeInt(element, to + runtime::bytesOf(element), value.upper);
}

void TapeWalk::playAll(const std::vector<Record<N>> &records) {
  for (const Record<N> &record : records)
    playOne(record);
}

/// The condition of an `if` or a `check`.
bool TapeWalk::holds(const Record<N> &record) {
  if (record.onWord)
    return isSet(at(record.word));
  bool value = read(record.value).asWhole() != 0;
  decided(value);
  return value;
}

void TapeWalk::playOne(const Record<N> &record) {
  switch (record.kind) {
  case RecordKind::Launch:
    return launch(record);
  case RecordKind::Loop:
    return playLoop(record);
  case RecordKind::If:
    return playAll(holds(record) ? record.body : record.otherwise);
  case RecordKind::Host:
    return playHost(record);
  case RecordKind::Copy:
    return copy({at(record.to), at(record.from), record.bytes});
  case RecordKind::Zero:
    return zero(at(record.to), record.bytes);
  case RecordKind::Put:
    return put(record.element, at(record.to), read(record.value));
  case RecordKind::Moves:
    return playMoves(record);
  case RecordKind::Check:
    if (!holds(record))
      throw Error(record.text);
    return;
  }
}

static HostValue wholeValue(int64_t number) {
  HostValue value;
  value.whole = number;
  return value;
}

void TapeWalk::playLoop(const Record<N> &loop) {
  N trip = std::max<N>(loop.trip, 0);
  if (loop.hasLimit)
    trip = std::min(trip, std::max<N>(numberAt(at(loop.limit)), 0));
  N done = 0;
  for (; done < trip; ++done) {
    rounds[loop.index] = loop.reverse ? trip - 1 - done : done;
    if (loop.hasUntil) {
      playAll(loop.until);
      if (isSet(at(loop.word)))
        break;
    }
    playAll(loop.body);
  }
  if (loop.hasRounds)
    put(Element::I64, at(loop.rounds), wholeValue(done));
}

void TapeWalk::playMoves(const Record<N> &record) {
  std::vector<Move> moves;
  for (const Record<N> &each : record.body)
    moves.push_back({at(each.to), at(each.from), each.bytes});
  move(moves);
}

void TapeWalk::playHost(const Record<N> &record) {
  HostValue args[3];
  for (size_t i = 0; i < record.args.size(); ++i)
    args[i] = read(record.args[i]);
  HostValue value = evaluate(record.op, args);
  HostValue &reg = registers[record.index];
  if (reg.kind == RegisterKind::Real)
    reg.real = value.asReal();
  else
    reg.whole = value.asWhole();
  reg.upper = value.upper;
}

void TapeWalk::writeScalars(const LaunchPart<N> &part,
                            const std::vector<ScalarKind> &kinds,
                            std::vector<uint64_t> &words) const {
  words.clear();
  for (size_t i = 0; i < kinds.size(); ++i) {
    HostValue value = read(part.scalars[i]);
    uint64_t word = 0;
    switch (kinds[i]) {
    case ScalarKind::F32:
      storeReal(Element::F32, &word, value.asReal());
      break;
    case ScalarKind::F64:
      storeReal(Element::F64, &word, value.asReal());
      break;
    case ScalarKind::I1:
    case ScalarKind::I32:
      storeInt(Element::I32, &word, value.asWhole());
      break;
    case ScalarKind::I64:
      word = uint64_t(value.asWhole());
      break;
    case ScalarKind::Key:
      words.push_back(uint64_t(value.whole));
      word = uint64_t(value.upper);
      break;
    }
    words.push_back(word);
  }
}

} // namespace runtime
} // namespace lamina
