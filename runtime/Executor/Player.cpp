// SPDX-License-Identifier: Apache-2.0
//
// Plays an entry.
//
// Calls of the walk over an entry in, kernels and copies on this machine out.

#include "runtime/Executor/Player.h"

#include "runtime/Executor/LaunchTimes.h"

#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <sys/mman.h>

namespace lamina {
namespace runtime {

void AlignedBlock::Free::operator()(char *p) const { std::free(p); }

char *AlignedBlock::reserve(int64_t bytes) {
  if (bytes <= capacity)
    return memory.get();
  constexpr int64_t hugePage = 2 << 20;
  int64_t alignment = bytes >= hugePage ? hugePage : 64;
  int64_t rounded = (bytes + alignment - 1) / alignment * alignment;
  memory.reset();
  capacity = 0;
  void *address = std::aligned_alloc(size_t(alignment), size_t(rounded));
  if (!address)
    throw Error(join("this run takes ", byteSize(bytes),
                     " of memory, which is not there"));
  if (alignment == hugePage) // fewer page faults and TLB misses; only a hint
    ::madvise(address, size_t(rounded), MADV_HUGEPAGE);
  memory.reset(static_cast<char *>(address));
  capacity = rounded;
  return memory.get();
}

void Player::play(const TapeEntry &entry, const Instance &instance,
                  const EntryCall &call, char *arena, const void *constants) {
  bases.assign(
      {arena, const_cast<char *>(static_cast<const char *>(constants))});
  for (size_t i = 0; i < entry.argumentTypes.size(); ++i)
    bases.push_back(static_cast<char *>(call.arguments[i]));
  for (size_t i = 0; i < entry.resultTypes.size(); ++i)
    bases.push_back(static_cast<char *>(call.results[i]));
  rounds.assign(entry.loops, 0);
  sizes = call.sizes;
  readArguments(entry, call);
  playAll(instance.body);
  storeResults(entry, instance);
}

/// All results at once: a variable may take the old value of another, so what
/// stands in the storage of arguments is read before anything is written.
void Player::storeResults(const TapeEntry &entry, const Instance &instance) {
  size_t firstResult = firstArgumentBase + entry.argumentTypes.size();
  std::vector<std::pair<size_t, std::vector<char>>> saved;
  for (size_t i = 0; i < entry.results.size(); ++i) {
    const Address<N> &from = instance.resultAddresses[i];
    char *to = bases[firstResult + i];
    if (entry.results[i].inRegister || at(from) == to ||
        from.index < firstArgumentBase)
      continue;
    saved.emplace_back(
        i, std::vector<char>(at(from), at(from) + instance.resultBytes[i]));
  }
  for (size_t i = 0; i < entry.results.size(); ++i) {
    const Address<N> &from = instance.resultAddresses[i];
    char *to = bases[firstResult + i];
    if (entry.results[i].inRegister)
      storeValue(entry.resultTypes[i].element, to,
                 registers[entry.results[i].reg]);
    else if (from.index < firstArgumentBase && instance.resultBytes[i] > 0)
      std::memcpy(to, at(from), size_t(instance.resultBytes[i]));
  }
  for (const auto &[i, bytes] : saved)
    if (!bytes.empty())
      std::memcpy(bases[firstResult + i], bytes.data(), bytes.size());
}

void Player::move(const std::vector<Move> &moves) {
  std::vector<std::vector<char>> values;
  for (const Move &each : moves)
    values.emplace_back(each.from, each.from + each.bytes);
  for (size_t i = 0; i < values.size(); ++i)
    if (!values[i].empty())
      std::memcpy(moves[i].to, values[i].data(), values[i].size());
}

void Player::copy(const Move &move) {
  std::memmove(move.to, move.from, size_t(move.bytes));
}

void Player::zero(char *to, N bytes) { std::memset(to, 0, size_t(bytes)); }

void Player::put(Element element, char *to, const HostValue &value) {
  storeValue(element, to, value);
}

bool Player::isSet(const char *word) { return *word != 0; }

int64_t Player::numberAt(const char *number) {
  N value;
  std::memcpy(&value, number, sizeof value);
  return value;
}

int64_t Player::prepareCalls(const Record<N> &record) {
  const LaminaKernel &kernel = kernels[record.index];
  if (calls.size() < record.parts.size())
    calls.resize(record.parts.size());
  int64_t items = 0, scratchBytes = 0;
  for (size_t i = 0; i < record.parts.size(); ++i) {
    const LaunchPart<N> &part = record.parts[i];
    KernelCall &call = calls[i];
    call.buffers.clear();
    call.dims.clear();
    for (const Address<N> &buffer : part.buffers)
      call.buffers.push_back(at(buffer));
    for (const Operand<N> &dim : part.dims)
      call.dims.push_back(read(dim).asWhole());
    writeScalars(part, tape.kernelScalars[record.index], call.scalars);
    call.items = kernel.items(call.dims.data());
    items += call.items;
    scratchBytes = std::max(scratchBytes, kernel.scratch(call.dims.data()));
  }
  int workers = int(std::min<int64_t>(items, pool.size()));
  for (int worker = 0; worker < workers; ++worker)
    scratch[size_t(worker)].reserve(scratchBytes);
  return items;
}

void Player::runItems(const LaminaKernel &kernel, size_t parts, int64_t first,
                      int64_t last, int worker) {
  int64_t base = 0;
  for (size_t i = 0; i < parts; ++i) {
    const KernelCall &call = calls[i];
    int64_t from = std::max(first - base, int64_t(0));
    int64_t to = std::min(last - base, call.items);
    if (from < to)
      kernel.run(call.buffers.data(), call.dims.data(), call.scalars.data(),
                 from, to, scratch[size_t(worker)].data());
    base += call.items;
  }
}

void Player::launch(const Record<N> &record) {
  int64_t items = prepareCalls(record);
  if (watcher)
    return launchWatched(record, items);
  const LaminaKernel &kernel = kernels[record.index];
  size_t parts = record.parts.size();
  pool.run(items, [&](int64_t first, int64_t last, int worker) {
    runItems(kernel, parts, first, last, worker);
  });
}

void Player::launchWatched(const Record<N> &record, int64_t items) {
  const LaminaKernel &kernel = kernels[record.index];
  size_t parts = record.parts.size();
  size_t sharers = size_t(std::min<int64_t>(items, pool.size()));
  workerTimes.assign(sharers, TimeSpan());
  LaunchTime launch = launchAt(*record.site, *sizes);
  launch.span.begin = nanoseconds();
  pool.run(items, [&](int64_t first, int64_t last, int worker) {
    TimeSpan &span = workerTimes[size_t(worker)];
    span.begin = nanoseconds();
    runItems(kernel, parts, first, last, worker);
    span.end = nanoseconds();
  });
  launch.span.end = nanoseconds();
  launch.workers = workerTimes.data();
  launch.workerCount = sharers;
  watcher->launched(launch);
}

} // namespace runtime
} // namespace lamina
