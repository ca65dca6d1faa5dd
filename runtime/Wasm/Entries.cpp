// SPDX-License-Identifier: Apache-2.0
//
// What a host calls.
//
// Tensors of the host in, one call of an entry, tensors of the module out.

#include "runtime/ABI/Element.h"
#include "runtime/ABI/PhiloxBlock.h"
#include "runtime/Wasm/Memory.h"
#include "runtime/Wasm/Message.h"
#include "runtime/Wasm/Parameters.h"
#include "runtime/Wasm/Weights.h"
#include "runtime/include/LaminaModule.h"

namespace lamina::wasm {

using runtime::bytesOf;
using runtime::Element;

namespace {

/// Lists of one call, and the results of it, until the next one.
struct Call {
  Reserve arguments, scalars, axes, results;
  void **tensors = nullptr; ///< of the results
  const LaminaModuleEntry *entry = nullptr;

  bool prepare(const LaminaModuleEntry &next);
  void freeResults();
  bool makeResults(const int64_t *sizes);
  void bindStored(int64_t keyStep);
  bool run(const int64_t *sizes);
};

} // namespace

static Call current;
static int64_t seed = 0;
static bool hasValues = false;

void Call::freeResults() {
  for (int32_t i = 0; entry && i < entry->result_count; ++i)
    if (entry->results[i].place < 0)
      release(tensors[i]);
  entry = nullptr;
}

bool Call::prepare(const LaminaModuleEntry &next) {
  freeResults();
  tensors = static_cast<void **>(
      results.ask(next.result_count * int64_t(sizeof(void *))));
  if (!tensors || !axes.ask(next.axis_count * int64_t(sizeof(int64_t))) ||
      !arguments.ask(next.argument_count * int64_t(sizeof(void *))) ||
      !scalars.ask(next.argument_count * 16))
    return false;
  for (int32_t i = 0; i < next.result_count; ++i)
    tensors[i] = nullptr;
  entry = &next;
  return true;
}

/// Memory for the results at these sizes.
bool Call::makeResults(const int64_t *sizes) {
  auto *lengths = static_cast<int64_t *>(axes.ask(0));
  entry->measure(sizes, lengths);
  for (int32_t i = 0; i < entry->result_count; ++i) {
    const LaminaOutput &result = entry->results[i];
    int64_t count = elementCount(lengths, result.rank);
    int64_t bytes = lamina_multiply(count, bytesOf(Element(result.element)));
    if (result.place >= 0)
      tensors[i] = variables() + result.place;
    else if (count >= 0)
      tensors[i] = allocate(uint64_t(bytes < 16 ? 16 : bytes));
    if (!tensors[i]) {
      Message() << "a result of this call is " << Shape{lengths, result.rank}
                << ", for which the module gets no memory";
      return false;
    }
    lengths += result.rank;
  }
  return true;
}

/// Arguments that no parameter gives.
void Call::bindStored(int64_t keyStep) {
  auto **all = static_cast<void **>(arguments.ask(0));
  auto *room = static_cast<char *>(scalars.ask(0));
  for (int32_t i = 0; i < entry->argument_count; ++i, room += 16) {
    const LaminaArgument &it = entry->arguments[i];
    Element element = Element(it.element);
    if (it.kind == LAMINA_ARGUMENT_GIVEN)
      continue;
    all[i] = it.kind == LAMINA_ARGUMENT_STORED ? variables() + it.place : room;
    if (it.kind == LAMINA_ARGUMENT_KEY) {
      philox::Key key = philox::derive({uint64_t(seed), 0}, keyStep);
      storeInt(element, room, int64_t(key.a));
      storeInt(element, room + bytesOf(element), int64_t(key.b));
    } else if (it.kind == LAMINA_ARGUMENT_SEED) {
      storeInt(element, room, seed);
    } else if (it.kind == LAMINA_ARGUMENT_NUMBER) {
      storeReal(element, room, it.number);
    }
  }
}

bool Call::run(const int64_t *sizes) {
  return makeResults(sizes) &&
         entry->run(sizes, static_cast<void *const *>(arguments.ask(0)),
                    tensors) == 0;
}

static bool computeValues() {
  for (int32_t i = 0; !hasValues && i < lamina_module.value_count; ++i) {
    const LaminaValue &value = lamina_module.values[i];
    Element element = Element(value.element);
    if (value.init < 0) {
      for (int64_t at = 0; at < value.count; ++at)
        storeReal(element, variables() + value.place + at * bytesOf(element),
                  value.number);
      continue;
    }
    if (!current.prepare(lamina_module.entries[value.init]))
      return false;
    current.bindStored(-1);
    if (!current.run(lamina_module.size_values))
      return false;
  }
  hasValues = true;
  return true;
}

/// First values of what is neither given nor computed by a call: those of a
/// program that begins, whose seed is 0 then.
static bool initialise() {
  int64_t chosen = seed;
  seed = 0;
  bool done = computeValues();
  seed = chosen;
  return done;
}

static const LaminaModuleEntry *entryNamed(const char *name) {
  for (int32_t i = 0; i < lamina_module.entry_count; ++i) {
    const LaminaModuleEntry &entry = lamina_module.entries[i];
    if (entry.name && name && isSame(entry.name, name))
      return &entry;
  }
  Message message;
  message << "this module has no entry " << Quoted{name ? name : ""}
          << "; it has ";
  bool isFirst = true;
  for (int32_t i = 0; i < lamina_module.entry_count; ++i)
    if (const char *known = lamina_module.entries[i].name) {
      message << (isFirst ? "" : ", ") << known;
      isFirst = false;
    }
  return nullptr;
}

/// Of axis `axis` only the first `length` elements are kept.
static void cutAxis(LaminaTensor &tensor, int32_t axis, int64_t length) {
  int64_t inner = bytesOf(Element(tensor.element)), outer = 1;
  for (int32_t i = 0; i < tensor.rank; ++i)
    if (i < axis)
      outer *= tensor.shape[i];
    else if (i > axis)
      inner *= tensor.shape[i];
  int64_t old = tensor.shape[axis];
  if (length < 0 || length >= old)
    return;
  auto *data = static_cast<char *>(tensor.data);
  for (int64_t i = 0; i < outer; ++i)
    __builtin_memmove(data + i * length * inner, data + i * old * inner,
                      size_t(length * inner));
  tensor.shape[axis] = length;
}

static bool fillOutput(const LaminaOutput &result, const int64_t *lengths,
                       void *data, LaminaTensor &output) {
  if (result.rank > LAMINA_MAX_RANK) {
    Message() << Quoted{result.name} << " has more than 8 axes";
    return false;
  }
  output.name = result.name;
  output.element = LaminaElement(result.element);
  output.rank = result.rank;
  for (int32_t axis = 0; axis < result.rank; ++axis)
    output.shape[axis] = lengths[axis];
  output.data = data;
  if (result.cut_axis >= 0) {
    Element element =
        Element(current.entry->results[result.cut_length].element);
    cutAxis(output, result.cut_axis,
            loadInt(element, current.tensors[result.cut_length]));
  }
  return true;
}

static int call(const char *name, const Inputs &inputs, LaminaTensor *outputs,
                size_t room) {
  const LaminaModuleEntry *entry = entryNamed(name);
  int64_t *sizes = lamina_module.size_values;
  if (!entry || !hasWeights() || !variables() || !initialise() ||
      !current.prepare(*entry) ||
      !bindParameters(*entry, inputs, sizes,
                      static_cast<void **>(current.arguments.ask(0))))
    return -1;
  current.bindStored(0);
  if (!current.run(sizes))
    return -1;
  auto *lengths = static_cast<const int64_t *>(current.axes.ask(0));
  size_t count = 0;
  for (int32_t i = 0; i < entry->result_count; ++i) {
    const LaminaOutput &result = entry->results[i];
    if (result.name && count++ < room &&
        !fillOutput(result, lengths, current.tensors[i], outputs[count - 1]))
      return -1;
    lengths += result.rank;
  }
  return int(count);
}

} // namespace lamina::wasm

using namespace lamina::wasm;

extern "C" {

const char *lamina_module_describe(void) { return lamina_module.description; }

int lamina_module_weight(const LaminaTensor *tensor) {
  return takeWeight(*tensor) ? 0 : -1;
}

void lamina_module_seed(int64_t value) { seed = value; }

int lamina_module_call(const char *entry, const LaminaTensor *inputs,
                       size_t input_count, LaminaTensor *outputs,
                       size_t output_count) {
  return call(entry, {inputs, input_count}, outputs, output_count);
}

const char *lamina_module_error(void) { return lastMessage(); }
}
