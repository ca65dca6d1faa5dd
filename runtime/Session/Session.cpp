// SPDX-License-Identifier: Apache-2.0
//
// A program with its values.
//
// Names of the tape in, pointers for the engine out.

#include "runtime/Session/Session.h"

#include <algorithm>
#include <cstdio>
#include <cstring>

namespace lamina {
namespace runtime {

Session::Session(const Program &program, Engine &engine)
    : program(program), engine(engine), variables(program, engine),
      sources(program.sources.size()), datasets(program.datasets.size()) {
  for (const Scalar &scalar : program.scalars)
    scalarValues.push_back(scalar.value);
  files = dataFiles(program);
}

void Session::setScalar(const std::string &name, double value) {
  std::vector<std::string> known;
  for (size_t i = 0; i < program.scalars.size(); ++i) {
    const Scalar &scalar = program.scalars[i];
    if (scalar.canSet())
      known.push_back(scalar.name);
    if (scalar.name != name)
      continue;
    if (!scalar.canSet())
      throw Error(join(quote(name), " is fixed when the program is compiled"),
                  ExitMisuse)
          .note(join(scalar.line, ": fixed here"));
    scalarValues[i] = value;
    return;
  }
  Error error(join("this program has no number ", quote(name), " to set"),
              ExitMisuse);
  if (std::string near = nearestName(name, known); !near.empty())
    error.note(near);
  std::string list;
  for (const std::string &each : known)
    list += (list.empty() ? "" : ", ") + each;
  throw error.note(known.empty()
                       ? "it has none; 'lamina build --set' changes constants"
                       : join("it has ", list));
}

double Session::scalarOf(const CountPlan &count) const {
  return count.scalar == none ? double(count.number)
                              : scalarValues[count.scalar];
}

const void *Session::scalarArgument(const Argument &argument,
                                    const Bindings &bindings,
                                    char *buffer) const {
  Element element = argument.type.element;
  if (argument.key == "key") {
    philox::Key key = philox::derive({uint64_t(seed), 0}, bindings.keyStep);
    storeInt(element, buffer, int64_t(key.a));
    storeInt(element, buffer + bytesOf(element), int64_t(key.b));
    return buffer;
  }
  if (argument.key == "step")
    storeInt(element, buffer, bindings.step);
  else if (argument.key == "seed")
    storeInt(element, buffer, seed);
  else if (argument.key == "records")
    storeInt(element, buffer, bindings.records);
  else {
    size_t i = 0;
    while (i < program.scalars.size() &&
           program.scalars[i].name != argument.key)
      ++i;
    if (i == program.scalars.size())
      throw Error(join("tape: there is no scalar ", quote(argument.key)));
    storeReal(element, buffer, scalarValues[i]);
  }
  return buffer;
}

std::vector<size_t> Session::finalValues() const {
  std::vector<size_t> valueOf(program.variables.size());
  for (size_t i = 0; i < valueOf.size(); ++i)
    valueOf[i] = i;
  for (size_t i = 0; i < valueOf.size(); ++i)
    if (program.variables[i].replaces != none)
      valueOf[program.variables[i].replaces] = i;
  return valueOf;
}

/// Where each result goes: to a variable, or to bytes of `results`.
std::vector<void *> Session::placesOf(const Entry &entry,
                                      const Bindings &bindings,
                                      Results &results) {
  std::vector<void *> places;
  results.bytes.resize(entry.results.size());
  for (size_t i = 0; i < entry.results.size(); ++i) {
    const Result &result = entry.results[i];
    bool stored = result.kind == ResultKind::Store &&
                  !(bindings.keep && (*bindings.keep)[result.variable]);
    if (stored) {
      places.push_back(variables.data(result.variable));
      continue;
    }
    results.bytes[i].resize(
        size_t(std::max<int64_t>(result.type.bytesAt(bindings.sizes), 16)));
    places.push_back(results.bytes[i].data());
  }
  return places;
}

void Session::run(size_t index, const Bindings &bindings, Results &results) {
  const Entry &entry = program.entries[index];
  ProfileScope scope(profile, Activity::Entry, entry.name);
  std::vector<size_t> valueOf;
  if (bindings.useFinal)
    valueOf = finalValues();
  std::vector<void *> arguments;
  std::vector<char> scalars(entry.arguments.size() * 16);
  for (size_t i = 0; i < entry.arguments.size(); ++i) {
    const Argument &argument = entry.arguments[i];
    const void *value = nullptr;
    if (argument.kind == ArgumentKind::Load) {
      size_t v = argument.variable;
      value = variables.data(bindings.useFinal ? valueOf[v] : v);
    } else if (argument.kind == ArgumentKind::Scalar) {
      value = scalarArgument(argument, bindings, &scalars[i * 16]);
    } else {
      bool lengths = argument.kind == ArgumentKind::Lengths;
      auto it = bindings.values.find(lengths ? lengthsKey(argument.key)
                                             : argument.key);
      if (it == bindings.values.end())
        throw Error(join("tape: nothing gives ", quote(argument.key),
                         " to the entry ", quote(entry.name)));
      value = it->second;
    }
    arguments.push_back(const_cast<void *>(value));
  }
  std::vector<void *> outputs = placesOf(entry, bindings, results);
  EntryCall call;
  call.entry = index;
  call.name = &entry.name;
  call.sizes = &bindings.sizes;
  call.arguments = arguments.data();
  call.results = outputs.data();
  call.meanwhile = bindings.meanwhile;
  std::string message;
  if (!engine.run(call, message))
    throw Error(message);
}

/// Bytes that the machine could still give us; 0 if it does not say.
static int64_t availableMemory() {
  std::FILE *file = std::fopen("/proc/meminfo", "r");
  if (!file)
    return 0;
  char line[128];
  long long kilobytes = 0;
  while (std::fgets(line, sizeof line, file))
    if (std::sscanf(line, "MemAvailable: %lld kB", &kilobytes) == 1)
      break;
  std::fclose(file);
  return int64_t(kilobytes) * 1024;
}

void Session::checkRun(size_t entry, const SizeValues &sizes) {
  for (size_t i = 0; i < sizes.size(); ++i) {
    const Size &size = program.sizes[i];
    if (sizes[i] >= 0 && (sizes[i] < size.low || sizes[i] > size.high))
      throw Error(join(quote(size.written), " is ", sizes[i],
                       ", but this program takes ", size.low, " to ",
                       size.high));
  }
  int64_t needs = engine.workspaceBytes(entry, sizes);
  Engine::Memory memory = engine.memoryOf(entry);
  int64_t there = memory.free < 0 ? availableMemory() : memory.free;
  std::string where = memory.name.empty() ? "" : " on " + memory.name;
  if (there > 0 && needs > there)
    throw Error(join("this run takes ", byteSize(needs), " of memory", where,
                     ", but ", byteSize(there), " are free"))
        .note("a smaller --batch takes less");
}

void Session::initialise(const std::vector<bool> &given) {
  for (size_t i = 0; i < program.variables.size(); ++i) {
    const Variable &variable = program.variables[i];
    if (given[i])
      continue;
    if (variable.initEntry == none) {
      variables.fill(i, variable.initNumber);
      continue;
    }
    Bindings bindings;
    bindings.sizes = program.unboundSizes();
    bindings.keyStep = -1;
    Results results;
    run(variable.initEntry, bindings, results);
    // An init entry stores its variable itself, or gives the value.
    for (size_t r = 0; r < results.bytes.size(); ++r)
      if (program.entries[variable.initEntry].results[r].kind !=
          ResultKind::Store)
        variables.assign(i, results.bytes[r].data(),
                         int64_t(results.bytes[r].size()));
  }
}

void Session::setData(const std::string &flag) { replaceFile(files, flag); }

std::shared_ptr<Source> Session::source(size_t index) {
  if (!sources[index]) {
    SourcePlan plan = program.sources[index];
    for (const DataFile &file : files)
      if (file.source == index)
        (file.isLabels ? plan.labels : plan.file) = file.path;
    ProfileScope scope(profile, Activity::Data, plan.name);
    try {
      sources[index] = Source::open(plan);
    } catch (Error &error) {
      bool isOfLabels =
          !plan.labels.empty() &&
          error.message.find(quote(plan.labels)) != std::string::npos &&
          error.message.find(quote(plan.file)) == std::string::npos;
      std::string name = plan.name + (isOfLabels ? ".labels" : "");
      throw error.note(join("data ", quote(name), " is read from ",
                            quote(isOfLabels ? plan.labels : plan.file),
                            "; --data ", name, "=FILE reads another"));
    }
  }
  return sources[index];
}

} // namespace runtime
} // namespace lamina
