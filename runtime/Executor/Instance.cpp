// SPDX-License-Identifier: Apache-2.0
//
// An entry at the sizes of a run.
//
// Walks the records once and evaluates what depends on sizes. The slots are
// placed by the planner that the compiler uses too, so the peak is the one that
// `lamina explain` prints.

#include "runtime/Executor/Instance.h"

#include "runtime/ABI/Plan.h"

namespace lamina {
namespace runtime {

namespace {

class Resolver {
public:
  Resolver(const TapeEntry &entry, const SizeValues &sizes)
      : entry(entry), sizes(sizes) {}

  Instance make() {
    Instance instance;
    std::vector<PlanInterval> intervals;
    for (const Slot &slot : entry.slots)
      intervals.push_back({bytesOf(slot.bytes), slot.first, slot.last});
    Plan plan = planArena(intervals);
    offsets = std::move(plan.offsets);
    instance.arenaBytes = plan.peak;
    used.assign(firstArgumentBase + entry.argumentTypes.size() +
                    entry.resultTypes.size(),
                false);
    instance.body = resolve(entry.body);
    for (size_t i = 0; i < entry.results.size(); ++i) {
      instance.resultAddresses.push_back(entry.results[i].inRegister
                                             ? Address<int64_t>()
                                             : resolve(entry.results[i].from));
      instance.resultBytes.push_back(entry.resultTypes[i].bytesAt(sizes));
    }
    instance.used = used;
    instance.readsWords = readsWords;
    return instance;
  }

private:
  using E = Expression;
  using N = int64_t;

  const TapeEntry &entry;
  const SizeValues &sizes;
  std::vector<int64_t> offsets;
  mutable std::vector<bool> used;
  mutable bool readsWords = false;

  N resolve(const E &e) const { return e.evaluate(sizes); }

  N bytesOf(const E &e) const {
    N bytes = resolve(e);
    if (bytes < 0 || bytes > (N(1) << 48))
      throw Error(join("a tensor of this run would take ", bytes, " bytes"));
    return bytes;
  }

  Address<N> resolve(const Address<E> &address) const {
    Address<N> out;
    out.kind = address.kind;
    out.offset = resolve(address.offset);
    switch (address.kind) {
    case BaseKind::Slot:
      out.index = arenaBase;
      out.offset += offsets[address.index];
      break;
    case BaseKind::Constant:
      out.index = constantBase;
      break;
    case BaseKind::Argument:
      out.index = firstArgumentBase + address.index;
      break;
    case BaseKind::Result:
      out.index = uint32_t(firstArgumentBase + entry.argumentTypes.size() +
                           address.index);
      break;
    }
    used[out.index] = true;
    for (const auto &stride : address.strides)
      out.strides.emplace_back(stride.first, resolve(stride.second));
    return out;
  }

  Operand<N> resolve(const Operand<E> &operand) const {
    Operand<N> out;
    out.kind = operand.kind;
    out.real = operand.real;
    out.index = operand.index;
    out.whole = resolve(operand.whole);
    return out;
  }

  LaunchPart<N> resolve(const LaunchPart<E> &part) const {
    LaunchPart<N> out;
    for (const auto &buffer : part.buffers)
      out.buffers.push_back(resolve(buffer));
    for (const auto &dim : part.dims)
      out.dims.push_back(resolve(dim));
    for (const auto &scalar : part.scalars)
      out.scalars.push_back(resolve(scalar));
    return out;
  }

  std::vector<Record<N>> resolve(const std::vector<Record<E>> &records) const {
    std::vector<Record<N>> out;
    out.reserve(records.size());
    for (const Record<E> &record : records)
      out.push_back(resolve(record));
    return out;
  }

  Record<N> resolve(const Record<E> &record) const {
    Record<N> out;
    out.kind = record.kind;
    out.index = record.index;
    for (const LaunchPart<E> &part : record.parts)
      out.parts.push_back(resolve(part));
    out.body = resolve(record.body);
    out.otherwise = resolve(record.otherwise);
    out.until = resolve(record.until);
    out.trip = resolve(record.trip);
    out.reverse = record.reverse;
    out.hasUntil = record.hasUntil;
    out.hasRounds = record.hasRounds;
    out.hasLimit = record.hasLimit;
    out.onWord = record.onWord;
    resolveWords(record, out);
    out.op = record.op;
    for (const Operand<E> &argument : record.args)
      out.args.push_back(resolve(argument));
    out.value = resolve(record.value);
    out.element = record.element;
    out.bytes = bytesOf(record.bytes);
    out.site = record.site;
    out.text = record.text;
    return out;
  }

  /// Addresses that are there only for some records.
  void resolveWords(const Record<E> &record, Record<N> &out) const {
    readsWords |= record.hasUntil || record.onWord || record.hasLimit;
    bool memory = record.kind == RecordKind::Copy ||
                  record.kind == RecordKind::Zero ||
                  record.kind == RecordKind::Put;
    if (record.hasUntil || record.onWord)
      out.word = resolve(record.word);
    if (record.hasRounds)
      out.rounds = resolve(record.rounds);
    if (record.hasLimit)
      out.limit = resolve(record.limit);
    if (memory)
      out.to = resolve(record.to);
    if (record.kind == RecordKind::Copy)
      out.from = resolve(record.from);
  }
};

} // namespace

Instance Instance::make(const TapeEntry &entry, const SizeValues &sizes) {
  return Resolver(entry, sizes).make();
}

} // namespace runtime
} // namespace lamina
