// SPDX-License-Identifier: Apache-2.0
//
// Records of the tape.
//
// JSON in, records out. Every number that the executor will use as an index is
// checked here, so that a damaged tape gives a message and never a wild access.

#include "runtime/Executor/Tape.h"
#include "runtime/Program/ProgramReader.h"

#include <algorithm>
#include <cmath>

namespace lamina {
namespace runtime {

namespace {

class EntryReader {
public:
  EntryReader(const Program &program, const Tape &tape, TapeEntry &entry)
      : program(program), tape(tape), entry(entry) {}

  void read(const Json &json) {
    entry.name = json["name"].asText();
    entry.onHost = textOr(json, "place") == "host";
    for (const Json &kind : listOr(json, "registers"))
      entry.registers.push_back(registerKind(kind));
    for (const Json &slot : listOr(json, "slots"))
      entry.slots.push_back(readSlot(slot));
    for (const Json &argument : listOr(json, "arguments")) {
      entry.argumentTypes.push_back(
          Type::read(argument["type"], program.sizes));
      const Json *reg = argument.find("register");
      entry.argumentRegisters.push_back(reg ? int(readRegister(*reg)) : -1);
    }
    for (const Json &result : listOr(json, "results"))
      entry.resultTypes.push_back(Type::read(result["type"], program.sizes));
    entry.body = readRecords(listOr(json, "body"));
    for (const Json &result : listOr(json, "results"))
      entry.results.push_back(readResult(result));
    if (const Json *forms = json.find("forms"))
      for (const auto &[device, form] : forms->members())
        readForm(device, form);
  }

private:
  using E = Expression;

  const Program &program;
  const Tape &tape;
  TapeEntry &entry;
  std::vector<uint32_t> openLoops;

  /// Callers know the entry alone, so its forms take and give as much.
  void readForm(const std::string &device, const Json &json) {
    TapeEntry form;
    form.device = device;
    EntryReader(program, tape, form).read(json);
    if (form.argumentTypes.size() != entry.argumentTypes.size() ||
        form.resultTypes.size() != entry.resultTypes.size())
      json.complain(join("the form for ", quote(device),
                         " has other arguments or results than the entry"));
    entry.forms.push_back(std::move(form));
  }

  static RegisterKind registerKind(const Json &kind) {
    if (kind.asText() == "f64")
      return RegisterKind::Real;
    if (kind.asText() == "i64")
      return RegisterKind::Whole;
    if (kind.asText() == "key")
      return RegisterKind::Key;
    kind.complain(join("unknown register type ", quote(kind.asText())));
  }

  /// A number below `limit`.
  static uint32_t indexBelow(const Json &json, size_t limit, const char *what) {
    int64_t value = json.asInt();
    if (value < 0 || value >= int64_t(limit))
      json.complain(join("there is no ", what, " ", value));
    return uint32_t(value);
  }

  uint32_t readRegister(const Json &json) const {
    return indexBelow(json, entry.registers.size(), "register");
  }

  uint32_t readOpenLoop(const Json &json) const {
    for (uint32_t loop : openLoops)
      if (json.asInt() == loop)
        return loop;
    json.complain(join("loop ", json.asInt(), " does not enclose this record"));
  }

  E readExpression(const Json &json) const {
    return E::read(json, program.sizes);
  }

  Slot readSlot(const Json &json) const {
    Slot slot{readExpression(json["bytes"]), json["first"].asInt(),
              json["last"].asInt()};
    if (slot.first > slot.last)
      json.complain("a slot dies before it is born");
    return slot;
  }

  Address<E> readAddress(const Json &json) const {
    Address<E> address;
    const Json &base = json["base"];
    const std::string &kind =
        base.items().empty() ? std::string() : base[0].asText();
    size_t limit = 1;
    if (kind == "slot")
      limit = entry.slots.size();
    else if (kind == "argument")
      address.kind = BaseKind::Argument, limit = entry.argumentTypes.size();
    else if (kind == "result")
      address.kind = BaseKind::Result, limit = entry.resultTypes.size();
    else if (kind == "constant")
      address.kind = BaseKind::Constant;
    else
      base.complain(join("unknown base ", quote(kind)));
    if (base.size() > 1)
      address.index = indexBelow(base[1], limit, kind.c_str());
    else if (address.kind != BaseKind::Constant)
      base.complain("a base needs its number");
    if (const Json *offset = json.find("offset"))
      address.offset = readExpression(*offset);
    for (const Json &stride : listOr(json, "strides")) {
      if (stride.size() != 2)
        stride.complain("expected [loop, bytes]");
      address.strides.emplace_back(readOpenLoop(stride[0]),
                                   readExpression(stride[1]));
    }
    return address;
  }

  Operand<E> readOperand(const Json &json) const {
    Operand<E> operand;
    if (json.isInt()) {
      operand.whole = E(json.asInt());
      operand.real = json.asReal();
    } else if (json.kind() == Json::Kind::Bool) {
      operand.whole = E(json.asBool());
      operand.real = json.asBool();
    } else if (json.isNumber()) {
      operand.kind = OperandKind::Real;
      operand.real = json.asReal();
    } else if (json.isText()) {
      // JSON has no infinities; the writer spells them.
      operand.kind = OperandKind::Real;
      operand.real = specialNumber(json);
    } else if (const Json *reg = json.find("register")) {
      operand.kind = OperandKind::Register;
      operand.index = readRegister(*reg);
    } else if (const Json *size = json.find("size")) {
      operand.kind = OperandKind::Size;
      operand.whole = readExpression(*size);
    } else {
      operand.kind = OperandKind::Index;
      operand.index = readOpenLoop(json["index"]);
    }
    return operand;
  }

  static double specialNumber(const Json &json) {
    const std::string &text = json.asText();
    if (text == "inf")
      return HUGE_VAL;
    if (text == "-inf")
      return -HUGE_VAL;
    if (text == "nan")
      return NAN;
    json.complain(join(quote(text), " is no number"));
  }

  /// A dim is an expression or a register.
  Operand<E> readDim(const Json &json) const {
    Operand<E> dim;
    if (json.isObject())
      return readOperand(json);
    dim.kind = OperandKind::Size;
    dim.whole = readExpression(json);
    return dim;
  }

  LaunchPart<E> readPart(const Json &json, uint32_t kernel) const {
    LaunchPart<E> part;
    for (const Json &buffer : listOr(json, "buffers"))
      part.buffers.push_back(readAddress(buffer));
    for (const Json &dim : listOr(json, "dims"))
      part.dims.push_back(readDim(dim));
    for (const Json &scalar : listOr(json, "scalars"))
      part.scalars.push_back(readOperand(scalar));
    const std::vector<ScalarKind> &kinds = tape.kernelScalars[kernel];
    if (part.scalars.size() != kinds.size())
      json.complain(join("kernel ", quote(program.kernels[kernel].name),
                         " takes ", counted(int64_t(kinds.size()), "scalar"),
                         ", not ", int64_t(part.scalars.size())));
    return part;
  }

  std::vector<Record<E>> readRecords(const std::vector<Json> &items) {
    std::vector<Record<E>> records;
    for (const Json &item : items)
      records.push_back(readRecord(item));
    return records;
  }

  Record<E> readRecord(const Json &json) {
    if (json.find("launch"))
      return readLaunch(json);
    if (json.find("loop"))
      return readLoop(json);
    if (json.find("if"))
      return readIf(json);
    if (json.find("host"))
      return readHost(json);
    if (json.find("moves"))
      return readMoves(json);
    if (json.find("check"))
      return readCheck(json);
    return readMemory(json);
  }

  std::shared_ptr<const TapeSite> readSite(const Json &json,
                                           uint32_t kernel) const {
    auto site = std::make_shared<TapeSite>();
    site->kernel = kernel;
    site->line = textOr(json, "line");
    site->layer = textOr(json, "layer");
    if (const Json *flops = json.find("flops"))
      site->flops = readExpression(*flops);
    if (const Json *bytes = json.find("bytes"))
      site->bytes = readExpression(*bytes);
    return site;
  }

  Record<E> readLaunch(const Json &json) const {
    Record<E> record;
    record.kind = RecordKind::Launch;
    record.index = indexBelow(json["launch"], program.kernels.size(), "kernel");
    record.site = readSite(json, record.index);
    if (json.find("parts")) {
      for (const Json &part : listOr(json, "parts"))
        record.parts.push_back(readPart(part, record.index));
    } else {
      record.parts.push_back(readPart(json, record.index));
    }
    return record;
  }

  Record<E> readLoop(const Json &json) {
    Record<E> record;
    record.kind = RecordKind::Loop;
    record.index = indexBelow(json["loop"], 1 << 16, "loop");
    record.trip = readExpression(json["trip"]);
    record.reverse = boolOr(json, "reverse", false);
    entry.loops = std::max(entry.loops, record.index + 1);
    if (const Json *rounds = json.find("rounds")) {
      record.hasRounds = true;
      record.rounds = readAddress(*rounds);
    }
    if (const Json *limit = json.find("limit")) {
      record.hasLimit = true;
      record.limit = readAddress(*limit);
    }
    openLoops.push_back(record.index);
    record.body = readRecords(listOr(json, "body"));
    if (const Json *until = json.find("until")) {
      record.hasUntil = true;
      record.until = readRecords(listOr(*until, "body"));
      record.word = readAddress((*until)["word"]);
    }
    openLoops.pop_back();
    return record;
  }

  /// A byte on the device or a value of the host.
  void readCondition(const Json &json, Record<E> &record) const {
    const Json *word = json.isObject() ? json.find("word") : nullptr;
    record.onWord = word != nullptr;
    if (word)
      record.word = readAddress(*word);
    else
      record.value = readOperand(json);
  }

  Record<E> readIf(const Json &json) {
    Record<E> record;
    record.kind = RecordKind::If;
    readCondition(json["if"], record);
    record.body = readRecords(listOr(json, "then"));
    record.otherwise = readRecords(listOr(json, "else"));
    return record;
  }

  Record<E> readHost(const Json &json) const {
    Record<E> record;
    record.kind = RecordKind::Host;
    record.index = readRegister(json["host"]);
    record.op = hostOpNamed(json["op"]);
    for (const Json &argument : listOr(json, "args"))
      record.args.push_back(readOperand(argument));
    if (record.args.size() != argumentCount(record.op))
      json.complain(
          join(quote(json["op"].asText()), " takes ",
               counted(int64_t(argumentCount(record.op)), "argument")));
    return record;
  }

  Record<E> readMoves(const Json &json) {
    Record<E> record;
    record.kind = RecordKind::Moves;
    record.body = readRecords(json["moves"].items());
    for (const Record<E> &move : record.body)
      if (move.kind != RecordKind::Copy)
        json.complain("'moves' holds something else than copies");
    return record;
  }

  Record<E> readCheck(const Json &json) const {
    Record<E> record;
    record.kind = RecordKind::Check;
    readCondition(json["check"], record);
    record.text =
        textOr(json, "message", "a check of the program does not hold");
    return record;
  }

  Record<E> readMemory(const Json &json) const {
    Record<E> record;
    if (const Json *to = json.find("copy")) {
      record.kind = RecordKind::Copy;
      record.to = readAddress(*to);
      record.from = readAddress(json["from"]);
      record.bytes = readExpression(json["bytes"]);
    } else if (const Json *zeroed = json.find("zero")) {
      record.kind = RecordKind::Zero;
      record.to = readAddress(*zeroed);
      record.bytes = readExpression(json["bytes"]);
    } else if (const Json *value = json.find("put")) {
      record.kind = RecordKind::Put;
      record.value = readOperand(*value);
      record.to = readAddress(json["at"]);
      record.element = elementNamed(json["element"]);
    } else {
      json.complain("unknown record");
    }
    return record;
  }

  ResultPlace readResult(const Json &json) const {
    ResultPlace place;
    const Json &from = json["from"];
    if (const Json *reg = from.find("register")) {
      place.inRegister = true;
      place.reg = readRegister(*reg);
    } else {
      place.from = readAddress(from);
    }
    return place;
  }
};

ScalarKind scalarKindNamed(const Json &name) {
  static const char *const names[] = {"f32", "f64", "i1", "i32", "i64", "key"};
  for (int kind = 0; kind < 6; ++kind)
    if (name.asText() == names[kind])
      return ScalarKind(kind);
  name.complain(join(quote(name.asText()), " is no type of a kernel's scalar"));
}

} // namespace

const TapeEntry &TapeEntry::formFor(const std::string &name) const {
  for (const TapeEntry &form : forms)
    if (form.device == name)
      return form;
  return *this;
}

Tape Tape::read(const Json &json, const Program &program) {
  try {
    Tape tape;
    for (const Json &kernel : listOr(json, "kernels")) {
      tape.kernelScalars.emplace_back();
      for (const Json &scalar : listOr(kernel, "scalars"))
        tape.kernelScalars.back().push_back(scalarKindNamed(scalar));
    }
    for (const Json &entry : listOr(json, "entries")) {
      tape.entries.emplace_back();
      try {
        EntryReader(program, tape, tape.entries.back()).read(entry);
      } catch (Error &error) {
        error.message = join("entry ", quote(tape.entries.back().name), ": ",
                             error.message);
        throw;
      }
    }
    return tape;
  } catch (Error &error) {
    error.message = "tape: " + error.message;
    throw;
  }
}

} // namespace runtime
} // namespace lamina
