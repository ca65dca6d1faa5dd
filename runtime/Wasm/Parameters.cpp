// SPDX-License-Identifier: Apache-2.0
//
// Parameters of an entry, as the host gives them.
//
// Named tensors in; sizes, checked, and the addresses of arguments out.

#include "runtime/Wasm/Parameters.h"

#include "runtime/ABI/Element.h"
#include "runtime/Wasm/Message.h"
#include "runtime/Wasm/Weights.h"

namespace lamina::wasm {

using runtime::bytesOf;
using runtime::Element;

const LaminaTensor *Inputs::find(const char *name) const {
  for (size_t i = 0; i < count; ++i)
    if (tensors[i].name && isSame(tensors[i].name, name))
      return &tensors[i];
  return nullptr;
}

static bool checkNames(const LaminaModuleEntry &entry, const Inputs &inputs) {
  for (size_t i = 0; i < inputs.count; ++i) {
    const char *name = inputs.tensors[i].name ? inputs.tensors[i].name : "";
    bool isKnown = false;
    for (int32_t p = 0; p < entry.parameter_count; ++p)
      isKnown = isKnown || isSame(entry.parameters[p].name, name);
    if (isKnown)
      continue;
    Message message;
    message << Quoted{entry.name} << " has no parameter " << Quoted{name}
            << (entry.parameter_count ? "; it has " : "");
    for (int32_t p = 0; p < entry.parameter_count; ++p)
      message << (p ? ", " : "") << entry.parameters[p].name;
    return false;
  }
  return true;
}

static bool bindSize(const LaminaParameter &parameter,
                     const LaminaTensor *given, int64_t *sizes) {
  int64_t value = parameter.size_otherwise;
  if (given) {
    if (given->element != LAMINA_I64 || given->rank != 0 || !given->data) {
      Message() << Quoted{parameter.name} << " is a length: an i64 of rank 0";
      return false;
    }
    value = runtime::loadInt(Element::I64, given->data);
  } else if (value < 0) {
    Message() << Quoted{parameter.name} << " is not given";
    return false;
  }
  if (value < 0) {
    Message() << Quoted{parameter.name} << " is " << value
              << ", but a length is not below 0";
    return false;
  }
  int64_t &size = sizes[parameter.size];
  if (size >= 0 && size != value) {
    Message() << Quoted{parameter.name} << " is " << value << ", and "
              << Quoted{lamina_module.sizes[parameter.size].name} << " is "
              << size;
    return false;
  }
  size = value;
  return true;
}

static bool bindAxis(const LaminaAxis &axis, int64_t length, int64_t *sizes) {
  int64_t rest = length - axis.plus;
  if (axis.size < 0)
    return rest == 0;
  if (rest < 0 || rest % axis.scale != 0)
    return false;
  int64_t &size = sizes[axis.size];
  if (size >= 0 && size != rest / axis.scale)
    return false;
  size = rest / axis.scale;
  return true;
}

/// The one size of each axis becomes what the length says. False if it cannot,
/// with no size changed.
static bool bindAxes(const LaminaParameter &parameter, const int64_t *shape,
                     int32_t rank, int64_t *sizes) {
  if (rank != parameter.rank)
    return false;
  uint32_t isNew = 0;
  for (int32_t i = 0; i < rank; ++i) {
    const LaminaAxis &axis = parameter.axes[i];
    if (axis.size >= 0 && sizes[axis.size] < 0)
      isNew |= 1u << i;
    if (bindAxis(axis, shape[i], sizes))
      continue;
    for (; i >= 0; --i)
      if (isNew >> i & 1)
        sizes[parameter.axes[i].size] = -1;
    return false;
  }
  return true;
}

/// What other parameters have already made of the names in brackets.
static void sayBound(Message &message, const LaminaParameter &parameter,
                     const int64_t *sizes) {
  bool isFirst = true;
  for (int32_t i = 0; i < parameter.rank; ++i) {
    int32_t size = parameter.axes[i].size;
    bool isSaid = size < 0 || sizes[size] < 0;
    for (int32_t before = 0; before < i; ++before)
      isSaid = isSaid || parameter.axes[before].size == size;
    if (isSaid)
      continue;
    message << (isFirst ? ", where " : " and ")
            << lamina_module.sizes[size].name << " is " << sizes[size];
    isFirst = false;
  }
}

static void sayWrongShape(const LaminaParameter &parameter,
                          const int64_t *shape, int32_t rank,
                          const int64_t *sizes) {
  Message message;
  message << Quoted{parameter.name} << " is " << Shape{shape, rank}
          << ", but [";
  for (int32_t i = 0; i < parameter.rank; ++i) {
    const LaminaAxis &axis = parameter.axes[i];
    message << (i ? ", " : "");
    if (axis.size < 0) {
      message << axis.plus;
      continue;
    }
    if (axis.scale != 1)
      message << axis.scale << " * ";
    message << lamina_module.sizes[axis.size].name;
    if (axis.plus)
      message << (axis.plus < 0 ? " - " : " + ")
              << (axis.plus < 0 ? -axis.plus : axis.plus);
  }
  message << "] is taken";
  sayBound(message, parameter, sizes);
}

static bool checkIds(const LaminaParameter &parameter, const void *data,
                     int64_t count) {
  if (parameter.below < 0)
    return true;
  Element element = Element(parameter.element);
  auto *at = static_cast<const char *>(data);
  for (int64_t i = 0; i < count; ++i, at += bytesOf(element)) {
    int64_t id = runtime::loadInt(element, at);
    if (id >= 0 && id < parameter.below)
      continue;
    Message() << Quoted{parameter.name} << " holds " << id
              << ", but its ids go from 0 to " << parameter.below - 1;
    return false;
  }
  return true;
}

static bool bindTensor(const LaminaParameter &parameter,
                       const LaminaTensor *given, int64_t *sizes,
                       void **arguments) {
  if (!given && !parameter.otherwise) {
    Message() << Quoted{parameter.name} << " is not given";
    return false;
  }
  const int64_t *shape = given ? given->shape : parameter.otherwise->shape;
  int32_t rank = given ? given->rank : parameter.rank;
  const void *data = given ? given->data : parameter.otherwise->data;
  if (given && int32_t(given->element) != parameter.element) {
    Message() << Quoted{parameter.name} << " is " << nameOf(given->element)
              << ", but " << nameOf(parameter.element) << " is taken";
    return false;
  }
  bool isTensor = rank >= 0 && rank <= LAMINA_MAX_RANK;
  int64_t count = isTensor ? elementCount(shape, rank) : -1;
  if (count < 0 || (count > 0 && !data)) {
    Message() << Quoted{parameter.name} << " is no tensor";
    return false;
  }
  if (!bindAxes(parameter, shape, rank, sizes)) {
    sayWrongShape(parameter, shape, rank, sizes);
    return false;
  }
  if (!checkIds(parameter, data, count))
    return false;
  arguments[parameter.argument] = const_cast<void *>(data);
  return true;
}

static bool checkSizes(const int64_t *sizes) {
  for (int32_t i = 0; i < lamina_module.size_count; ++i) {
    const LaminaNamedSize &size = lamina_module.sizes[i];
    if (sizes[i] < 0 || (sizes[i] >= size.low && sizes[i] <= size.high))
      continue;
    Message() << Quoted{size.name} << " is " << sizes[i]
              << ", but this module takes " << size.low << " to " << size.high;
    return false;
  }
  return true;
}

bool bindParameters(const LaminaModuleEntry &entry, const Inputs &inputs,
                    int64_t *sizes, void **arguments) {
  for (int32_t i = 0; i < lamina_module.size_count; ++i)
    sizes[i] = -1;
  if (!checkNames(entry, inputs))
    return false;
  for (int32_t i = 0; i < entry.parameter_count; ++i) {
    const LaminaParameter &parameter = entry.parameters[i];
    const LaminaTensor *given = inputs.find(parameter.name);
    if (parameter.size >= 0 ? !bindSize(parameter, given, sizes)
                            : !bindTensor(parameter, given, sizes, arguments))
      return false;
  }
  return checkSizes(sizes);
}

} // namespace lamina::wasm
