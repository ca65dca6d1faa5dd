// SPDX-License-Identifier: Apache-2.0
//
// NPY files.
//
// A file of one array in, its shape and elements out, and back. The header is
// the text of a Python dictionary; we read the form that NumPy writes.

#include "runtime/Data/Npy.h"

#include <cctype>
#include <cmath>
#include <cstring>

namespace lamina {
namespace runtime {

template <typename T>
static T readAs(const char *at) {
  T value;
  std::memcpy(&value, at, sizeof value);
  return value;
}

double NpyArray::realAt(int64_t i) const {
  const char *at = data + i * elementBytes;
  if (kind != 'f')
    return kind == 'u' && elementBytes == 8 ? double(readAs<uint64_t>(at))
                                            : double(intAt(i));
  return elementBytes == 8 ? readAs<double>(at) : readAs<float>(at);
}

int64_t NpyArray::intAt(int64_t i) const {
  const char *at = data + i * elementBytes;
  switch (elementBytes) {
  case 1:
    return kind == 'i' ? readAs<int8_t>(at) : readAs<uint8_t>(at);
  case 2:
    return kind == 'i' ? readAs<int16_t>(at) : readAs<uint16_t>(at);
  case 4:
    return kind == 'f'   ? int64_t(readAs<float>(at))
           : kind == 'i' ? readAs<int32_t>(at)
                         : readAs<uint32_t>(at);
  default:
    return kind == 'f' ? int64_t(readAs<double>(at)) : readAs<int64_t>(at);
  }
}

namespace {

/// Reads "{'descr': '<f4', 'fortran_order': False, 'shape': (3, 4), }".
class NpyHeader {
public:
  NpyHeader(const std::string &text, const std::string &name)
      : text(text), name(name) {}

  void read(NpyArray &array) {
    size_t at = valueOf("descr");
    if (text.size() - at < 4 || text[at] != '\'')
      fail("its elements are records, not numbers");
    std::string type = text.substr(at + 1, text.find('\'', at + 1) - at - 1);
    setType(array, type);
    if (text.compare(valueOf("fortran_order"), 4, "True") == 0)
      fail("it is stored column by column; save it with order='C'");
    readShape(array, valueOf("shape"));
  }

private:
  const std::string &text, &name;

  [[noreturn]] void fail(const std::string &message) const {
    throw Error(join("cannot use the array ", quote(name), ": ", message));
  }

  size_t valueOf(const char *key) const {
    size_t at = text.find(join("'", key, "':"));
    if (at == std::string::npos)
      fail(join("its header has no ", quote(key)));
    at += std::strlen(key) + 3;
    while (at < text.size() && text[at] == ' ')
      ++at;
    return at;
  }

  void setType(NpyArray &array, const std::string &type) const {
    bool known = type == "<f4" || type == "<f8" || type == "|b1" ||
                 type == "|u1" || type == "|i1" || type == "<i2" ||
                 type == "<i4" || type == "<i8" || type == "<u2" ||
                 type == "<u4" || type == "<u8";
    if (!known)
      fail(join("its elements are ", quote(type),
                "; whole numbers, 'f4', 'f8' and 'b1' in little-endian order "
                "are read"));
    array.kind = type[1];
    array.elementBytes = type[2] - '0';
  }

  void readShape(NpyArray &array, size_t at) const {
    if (at >= text.size() || text[at] != '(')
      fail("its shape cannot be read");
    for (++at; at < text.size() && text[at] != ')';) {
      if (text[at] == ' ' || text[at] == ',') {
        ++at;
        continue;
      }
      int64_t size = 0;
      size_t start = at;
      for (; at < text.size() && std::isdigit((unsigned char)text[at]); ++at)
        if (__builtin_mul_overflow(size, 10, &size) ||
            __builtin_add_overflow(size, text[at] - '0', &size))
          fail("its shape cannot be read");
      if (at == start || array.shape.size() == 32)
        fail("its shape cannot be read");
      array.shape.push_back(size);
    }
  }
};

} // namespace

NpyArray parseNpy(FileBytes file, const std::string &name) {
  auto fail = [&](const std::string &message) {
    throw Error(join("cannot use the array ", quote(name), ": ", message));
  };
  if (file.size() < 10 || std::memcmp(file.data(), "\x93NUMPY", 6) != 0)
    fail("it is no NPY file");
  int version = file.bytes()[6];
  size_t lengthBytes = version == 1 ? 2 : 4, length = 0;
  if (version > 3 || version == 0 || file.size() < 8 + lengthBytes)
    fail(join("it has version ", version, " of the NPY format"));
  for (size_t i = lengthBytes; i-- > 0;)
    length = length << 8 | file.bytes()[8 + i];
  size_t start = 8 + lengthBytes;
  if (length > file.size() - start)
    fail("its header is cut off");

  NpyArray array;
  NpyHeader(std::string(file.data() + start, length), name).read(array);
  int64_t bytes = array.elementBytes;
  for (int64_t size : array.shape)
    if (__builtin_mul_overflow(bytes, size, &bytes))
      fail(join("its shape ", shapeText(array.shape),
                " is beyond all memory"));
  int64_t there = int64_t(file.size() - start - length);
  if (bytes > there)
    fail(join("its shape ", shapeText(array.shape), " takes ", bytes,
              " bytes, but it has ", there));
  array.data = file.data() + start + length;
  array.owner = std::move(file);
  return array;
}

NpyArray readNpy(const std::string &path) {
  return parseNpy(FileBytes::open(path), path);
}

void writeNpy(const std::string &path, Element element,
              const std::vector<int64_t> &shape, const void *data) {
  static const char *const types[] = {"<f4", "<f8", "<f4", "|b1",
                                      "|i1", "<i4", "<i8"};
  std::string dims;
  for (int64_t size : shape)
    dims += join(size, shape.size() == 1 ? "," : ", ");
  if (shape.size() > 1)
    dims.resize(dims.size() - 2);
  std::string header =
      join("{'descr': '", types[int(element)],
           "', 'fortran_order': False, 'shape': (", dims, "), }");
  header.append(63 - (header.size() + 10) % 64, ' ');
  header += '\n';

  AtomicFile file(path);
  const unsigned char start[] = {0x93,
                                 'N',
                                 'U',
                                 'M',
                                 'P',
                                 'Y',
                                 1,
                                 0,
                                 (unsigned char)(header.size() & 255),
                                 (unsigned char)(header.size() >> 8)};
  file.write(start, sizeof start);
  file.write(header);
  int64_t count = elementCount(shape);
  if (element != Element::BF16) {
    file.write(data, size_t(count * bytesOf(element)));
  } else { // NumPy has no bf16
    std::vector<float> wide(size_t(count), 0);
    for (int64_t i = 0; i < count; ++i)
      wide[size_t(i)] =
          float(loadReal(element, static_cast<const char *>(data) + 2 * i));
    file.write(wide.data(), wide.size() * 4);
  }
  file.commit();
}

} // namespace runtime
} // namespace lamina
