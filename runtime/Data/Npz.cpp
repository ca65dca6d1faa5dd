// SPDX-License-Identifier: Apache-2.0
//
// NPZ files.
//
// A zip archive of NPY files in, its arrays by name out. Read from the central
// directory, which has the sizes also when the local headers leave them out.

#include "runtime/Data/Npy.h"

#include <algorithm>
#include <cstring>

namespace lamina {
namespace runtime {

namespace {

class ZipReader {
public:
  ZipReader(const FileBytes &file, const std::string &name)
      : file(file), name(name) {}

  std::map<std::string, NpyArray> arrays() {
    size_t end = findEnd();
    uint64_t count = u16(end + 10), at = u32(end + 16);
    // zip64 keeps the true numbers in a second record before this one.
    if (count == 0xFFFF || at == 0xFFFFFFFF) {
      if (end < 20 || u32(end - 20) != 0x07064B50)
        fail("its directory is damaged");
      uint64_t wide = u64(end - 20 + 8);
      need(wide, 56);
      count = u64(wide + 32);
      at = u64(wide + 48);
    }
    std::map<std::string, NpyArray> result;
    for (uint64_t i = 0; i < count; ++i)
      at = readEntry(at, result);
    return result;
  }

private:
  const FileBytes &file;
  const std::string &name;

  [[noreturn]] void fail(const char *message) const {
    throw Error(join("cannot read ", quote(name), ": ", message));
  }

  void need(uint64_t at, uint64_t bytes) const {
    if (at > file.size() || bytes > file.size() - at)
      fail("it is cut off or damaged");
  }
  uint64_t number(uint64_t at, int bytes) const {
    need(at, uint64_t(bytes));
    uint64_t value = 0;
    for (int i = bytes; i-- > 0;)
      value = value << 8 | file.bytes()[at + uint64_t(i)];
    return value;
  }
  uint64_t u16(uint64_t at) const { return number(at, 2); }
  uint64_t u32(uint64_t at) const { return number(at, 4); }
  uint64_t u64(uint64_t at) const { return number(at, 8); }

  size_t findEnd() const {
    for (size_t back = 22; back <= file.size() && back < 22 + 65536; ++back)
      if (u32(file.size() - back) == 0x06054B50)
        return file.size() - back;
    fail("it is no NPZ file");
  }

  uint64_t readEntry(uint64_t at,
                     std::map<std::string, NpyArray> &result) const {
    if (u32(at) != 0x02014B50)
      fail("its directory is damaged");
    uint64_t method = u16(at + 10), packed = u32(at + 20), size = u32(at + 24);
    uint64_t nameLength = u16(at + 28), extraLength = u16(at + 30);
    uint64_t local = u32(at + 42), extra = at + 46 + nameLength;
    need(at + 46, nameLength + extraLength);
    std::string entry(file.data() + at + 46, nameLength);
    readWideSizes(extra, extraLength, size, packed, local);

    if (u32(local) != 0x04034B50)
      fail("its directory is damaged");
    uint64_t data = local + 30 + u16(local + 26) + u16(local + 28);
    need(data, packed);
    if (entry.size() > 4 && entry.compare(entry.size() - 4, 4, ".npy") == 0)
      entry.resize(entry.size() - 4);
    std::string label = join(name, ":", entry);
    result[entry] = parseNpy(unpack(method, data, packed, size, label), label);
    return extra + extraLength + u16(at + 32);
  }

  /// The zip64 field holds, in this order, those that do not fit 32 bits.
  void readWideSizes(uint64_t at, uint64_t length, uint64_t &size,
                     uint64_t &packed, uint64_t &local) const {
    uint64_t end = at + length;
    while (at + 4 <= end) {
      uint64_t tag = u16(at), bytes = u16(at + 2), field = at + 4;
      at = field + bytes;
      if (tag != 1)
        continue;
      for (uint64_t *value : {&size, &packed, &local})
        if (*value == 0xFFFFFFFF) {
          *value = u64(field);
          field += 8;
        }
    }
  }

  FileBytes unpack(uint64_t method, uint64_t data, uint64_t packed,
                   uint64_t size, const std::string &label) const {
    const char *from = file.data() + data;
    if (method == 8)
      return FileBytes::own(inflateRaw(from, packed, size, label));
    if (method != 0 || packed != size)
      fail("it is packed by another method than deflate");
    return FileBytes::own(std::vector<char>(from, from + packed));
  }
};

} // namespace

std::map<std::string, NpyArray> parseNpz(const FileBytes &file,
                                         const std::string &name) {
  return ZipReader(file, name).arrays();
}

std::map<std::string, NpyArray> readNpz(const std::string &path) {
  return parseNpz(FileBytes::openRaw(path), path);
}

} // namespace runtime
} // namespace lamina
