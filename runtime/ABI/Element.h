// SPDX-License-Identifier: Apache-2.0
//
// Elements of tensors as numbers.
//
// One element in memory to a double or an i64, and back. Without any library,
// because modules for WebAssembly have none.

#ifndef LAMINA_RUNTIME_ABI_ELEMENT_H
#define LAMINA_RUNTIME_ABI_ELEMENT_H

#include <stdint.h>

namespace lamina {
namespace runtime {

enum class Element : uint8_t { F32, F64, BF16, I1, I8, I32, I64 };

inline int64_t bytesOf(Element element) {
  constexpr int64_t bytes[] = {4, 8, 2, 1, 1, 4, 8};
  return bytes[int(element)];
}

inline bool isReal(Element element) { return element <= Element::BF16; }

namespace detail {
template <typename T>
T load(const void *at) {
  T value;
  __builtin_memcpy(&value, at, sizeof value);
  return value;
}

template <typename T>
void store(void *at, T value) {
  __builtin_memcpy(at, &value, sizeof value);
}

inline float fromBF16(uint16_t bits) {
  uint32_t wide = uint32_t(bits) << 16;
  return load<float>(&wide);
}

/// Rounds to nearest, ties to even; NaN stays NaN.
inline uint16_t toBF16(float value) {
  uint32_t bits = load<uint32_t>(&value);
  if (value != value)
    return uint16_t(bits >> 16 | 0x40);
  return uint16_t((bits + 0x7FFF + (bits >> 16 & 1)) >> 16);
}
} // namespace detail

inline double loadReal(Element element, const void *at);

inline int64_t loadInt(Element element, const void *at) {
  switch (element) {
  case Element::I1:
    return detail::load<uint8_t>(at) != 0;
  case Element::I8:
    return detail::load<int8_t>(at);
  case Element::I32:
    return detail::load<int32_t>(at);
  case Element::I64:
    return detail::load<int64_t>(at);
  default:
    return int64_t(loadReal(element, at));
  }
}

inline double loadReal(Element element, const void *at) {
  switch (element) {
  case Element::F32:
    return detail::load<float>(at);
  case Element::F64:
    return detail::load<double>(at);
  case Element::BF16:
    return detail::fromBF16(detail::load<uint16_t>(at));
  default:
    return double(loadInt(element, at));
  }
}

inline void storeReal(Element element, void *at, double value);

inline void storeInt(Element element, void *at, int64_t value) {
  switch (element) {
  case Element::I1:
    return detail::store(at, uint8_t(value != 0));
  case Element::I8:
    return detail::store(at, int8_t(value));
  case Element::I32:
    return detail::store(at, int32_t(value));
  case Element::I64:
    return detail::store(at, value);
  default:
    return storeReal(element, at, double(value));
  }
}

/// Rounds; integers go towards 0.
inline void storeReal(Element element, void *at, double value) {
  switch (element) {
  case Element::F32:
    return detail::store(at, float(value));
  case Element::F64:
    return detail::store(at, value);
  case Element::BF16:
    return detail::store(at, detail::toBF16(float(value)));
  default:
    return storeInt(element, at, int64_t(value));
  }
}

} // namespace runtime
} // namespace lamina

#endif // LAMINA_RUNTIME_ABI_ELEMENT_H
