// SPDX-License-Identifier: Apache-2.0
//
// Weights of a module, as the host gives them.
//
// Tensors by the names of the checkpoint in, the block of variables out.

#include "runtime/Wasm/Weights.h"

#include "runtime/ABI/Element.h"
#include "runtime/ABI/Module.h"
#include "runtime/Wasm/Memory.h"
#include "runtime/Wasm/Message.h"

namespace lamina::wasm {

using runtime::bytesOf;
using runtime::Element;
using runtime::isReal;

const char *nameOf(int32_t element) {
  static const char *const names[] = {"f32", "f64", "bf16", "i1",
                                      "i8",  "i32", "i64"};
  return element >= 0 && element < 7 ? names[element] : "unknown";
}

int64_t elementCount(const int64_t *shape, int32_t rank) {
  int64_t count = 1;
  for (int32_t axis = 0; axis < rank; ++axis) {
    if (shape[axis] < 0 || shape[axis] > UINT32_MAX)
      return -1;
    count = lamina_multiply(count, shape[axis]);
  }
  return count > UINT32_MAX ? -1 : count;
}

char *variables() {
  static Reserve block;
  void *begin = block.ask(lamina_module.variable_bytes);
  if (!begin)
    Message() << "the weights take " << lamina_module.variable_bytes
              << " bytes of memory, which the module does not get";
  return static_cast<char *>(begin);
}

static int32_t weightNamed(const char *name) {
  for (int32_t i = 0; i < lamina_module.weight_count; ++i)
    if (isSame(lamina_module.weights[i].name, name))
      return i;
  return -1;
}

static bool hasShape(const LaminaTensor &tensor, const LaminaWeight &weight) {
  bool fits = tensor.rank == weight.rank;
  for (int32_t axis = 0; fits && axis < weight.rank; ++axis)
    fits = tensor.shape[axis] == weight.shape[axis];
  return fits;
}

static bool checkWeight(const LaminaTensor &tensor,
                        const LaminaWeight &weight) {
  if (tensor.rank < 0 || tensor.rank > LAMINA_MAX_RANK) {
    Message() << Quoted{weight.name} << " is no tensor";
    return false;
  }
  if (!hasShape(tensor, weight)) {
    Message() << Quoted{weight.name} << " is "
              << Shape{tensor.shape, tensor.rank} << ", and "
              << Shape{weight.shape, weight.rank} << " in this module";
    return false;
  }
  bool isConverted = tensor.element <= LAMINA_I64 &&
                     isReal(Element(tensor.element)) &&
                     isReal(Element(weight.element));
  if (int32_t(tensor.element) != weight.element && !isConverted) {
    Message() << Quoted{weight.name} << " is " << nameOf(tensor.element)
              << ", and " << nameOf(weight.element) << " in this module";
    return false;
  }
  return true;
}

bool takeWeight(const LaminaTensor &tensor) {
  const char *name = tensor.name ? tensor.name : "";
  int32_t number = weightNamed(name);
  if (number < 0) {
    Message() << "this module has no weight " << Quoted{name};
    return false;
  }
  const LaminaWeight &weight = lamina_module.weights[number];
  if (!checkWeight(tensor, weight))
    return false;
  Element from = Element(tensor.element), to = Element(weight.element);
  int64_t count = elementCount(weight.shape, weight.rank);
  if (count > 0 && !tensor.data) {
    Message() << Quoted{weight.name} << " has no data";
    return false;
  }
  char *written = variables();
  if (!written)
    return false;
  written += weight.place;
  auto *read = static_cast<const char *>(tensor.data);
  if (from == to)
    __builtin_memcpy(written, read, size_t(count * bytesOf(to)));
  else
    for (int64_t i = 0; i < count; ++i)
      storeReal(to, written + i * bytesOf(to),
                loadReal(from, read + i * bytesOf(from)));
  lamina_module.given[number] = 1;
  return true;
}

bool hasWeights() {
  int64_t missing = 0;
  const char *first = nullptr;
  for (int32_t i = 0; i < lamina_module.weight_count; ++i)
    if (!lamina_module.given[i]) {
      first = missing++ ? first : lamina_module.weights[i].name;
    }
  if (!missing)
    return true;
  Message message;
  message << "the weight " << Quoted{first};
  if (missing > 1)
    message << " and " << missing - 1 << " more of "
            << int64_t(lamina_module.weight_count) << " are not given";
  else
    message << " is not given";
  return false;
}

} // namespace lamina::wasm
