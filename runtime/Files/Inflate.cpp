// SPDX-License-Identifier: Apache-2.0
//
// Unpacking gzip and deflate.
//
// Packed bytes of any origin in, the bytes or an `Error` out (RFC 1951, 1952).
// Our own, because a shared library made from a program can link no static zlib
// and should depend on nothing; and unpacking is all that data needs.

#include "runtime/Files/Files.h"

#include <algorithm>
#include <array>
#include <cstring>

namespace lamina {
namespace runtime {

namespace {

/// Thrown inside; told with the name of the file.
enum class Trouble { CutOff, Damaged };

/// Bits of a stream, the lowest of each byte first.
class BitReader {
public:
  BitReader(const char *data, size_t size)
      : at(reinterpret_cast<const unsigned char *>(data)), end(at + size) {}

  /// At least the next 15 bits, with zeros behind the end of the stream.
  uint32_t peek() {
    while (count <= 24) {
      held |= uint32_t(at != end ? *at : 0) << count;
      missing += at == end;
      at += at != end;
      count += 8;
    }
    return held;
  }

  void drop(unsigned n) {
    held >>= n;
    count -= n;
    // Zeros that were made up may be looked at, but not used.
    if (missing * 8 > count)
      throw Trouble::CutOff;
  }

  uint32_t take(unsigned n) {
    uint32_t value = peek() & ((1u << n) - 1);
    drop(n);
    return value;
  }

  /// Back to whole bytes: the rest of the current one is padding.
  const unsigned char *alignToByte() {
    drop(count % 8);
    at -= count / 8 - missing;
    held = count = missing = 0;
    return at;
  }
  void skip(size_t bytes) { at += bytes; }
  size_t left() const { return size_t(end - at); }

private:
  const unsigned char *at, *end;
  uint32_t held = 0;
  unsigned count = 0, missing = 0;
};

/// A code of at most 15 bits as one table: what 15 bits begin with.
class HuffmanTable {
public:
  /// `lengths[i]` bits for symbol i, 0 if it does not occur.
  void build(const uint8_t *lengths, int symbols) {
    std::array<int, 16> counts{};
    for (int i = 0; i < symbols; ++i)
      counts[lengths[i]] += 1;
    counts[0] = 0;
    std::array<uint32_t, 16> next{};
    uint32_t code = 0;
    for (int length = 1; length <= 15; ++length) {
      code = (code + uint32_t(counts[size_t(length) - 1])) << 1;
      next[size_t(length)] = code;
      if (code + uint32_t(counts[size_t(length)]) > (1u << length))
        throw Trouble::Damaged; // more codes than bits can tell apart
    }
    entries.fill(0);
    for (int symbol = 0; symbol < symbols; ++symbol)
      if (unsigned length = lengths[symbol])
        enter(next[length]++, length, uint16_t(symbol));
  }

  int decode(BitReader &bits) const {
    uint16_t entry = entries[bits.peek() & 0x7FFF];
    if (entry == 0)
      throw Trouble::Damaged;
    bits.drop(entry & 15);
    return entry >> 4;
  }

private:
  /// All 15-bit values that begin with the code, which is stored top bit first.
  void enter(uint32_t code, unsigned length, uint16_t symbol) {
    uint32_t reversed = 0;
    for (unsigned i = 0; i < length; ++i)
      reversed |= (code >> i & 1) << (length - 1 - i);
    for (uint32_t i = reversed; i < entries.size(); i += 1u << length)
      entries[i] = uint16_t(symbol << 4 | length);
  }

  std::array<uint16_t, 1 << 15> entries;
};

class Inflater {
public:
  Inflater(BitReader &bits, std::vector<char> &out)
      : bits(bits), out(out), begin(out.size()), tables(new Tables) {}

  /// Unpacks one deflate stream to its end.
  void run() {
    bool last = false;
    while (!last) {
      last = bits.take(1) != 0;
      switch (bits.take(2)) {
      case 0:
        storedBlock();
        break;
      case 1:
        fixedCodes();
        codedBlock();
        break;
      case 2:
        dynamicCodes();
        codedBlock();
        break;
      default:
        throw Trouble::Damaged;
      }
    }
  }

private:
  struct Tables {
    HuffmanTable literals, distances;
  };

  BitReader &bits;
  std::vector<char> &out;
  size_t begin; ///< what stands before was unpacked from another stream
  std::unique_ptr<Tables> tables;

  void storedBlock() {
    const unsigned char *header = bits.alignToByte();
    if (bits.left() < 4)
      throw Trouble::CutOff;
    size_t size = header[0] | size_t(header[1]) << 8;
    size_t inverse = header[2] | size_t(header[3]) << 8;
    if ((size ^ inverse) != 0xFFFF)
      throw Trouble::Damaged;
    bits.skip(4);
    if (bits.left() < size)
      throw Trouble::CutOff;
    out.insert(out.end(), header + 4, header + 4 + size);
    bits.skip(size);
  }

  void fixedCodes() {
    uint8_t lengths[288];
    for (int i = 0; i < 288; ++i)
      lengths[i] = i < 144 ? 8 : i < 256 ? 9 : i < 280 ? 7 : 8;
    tables->literals.build(lengths, 288);
    std::fill_n(lengths, 30, uint8_t(5));
    tables->distances.build(lengths, 30);
  }

  void dynamicCodes() {
    static const uint8_t order[19] = {16, 17, 18, 0, 8,  7, 9,  6, 10, 5,
                                      11, 4,  12, 3, 13, 2, 14, 1, 15};
    int literals = int(bits.take(5)) + 257, distances = int(bits.take(5)) + 1;
    int codes = int(bits.take(4)) + 4;
    if (literals > 286 || distances > 30)
      throw Trouble::Damaged;
    uint8_t lengths[320] = {};
    for (int i = 0; i < codes; ++i)
      lengths[order[i]] = uint8_t(bits.take(3));
    HuffmanTable &table = tables->literals; // free until the lengths are known
    table.build(lengths, 19);
    std::fill_n(lengths, 19, uint8_t(0));
    readLengths(table, lengths, literals + distances);
    if (lengths[256] == 0)
      throw Trouble::Damaged; // a block that could not end
    tables->literals.build(lengths, literals);
    tables->distances.build(lengths + literals, distances);
  }

  void readLengths(const HuffmanTable &table, uint8_t *lengths, int total) {
    for (int i = 0; i < total;) {
      int symbol = table.decode(bits);
      if (symbol < 16) {
        lengths[i++] = uint8_t(symbol);
        continue;
      }
      if (symbol == 16 && i == 0)
        throw Trouble::Damaged;
      uint8_t value = symbol == 16 ? lengths[i - 1] : 0;
      int repeat = symbol == 16   ? 3 + int(bits.take(2))
                   : symbol == 17 ? 3 + int(bits.take(3))
                                  : 11 + int(bits.take(7));
      if (i + repeat > total)
        throw Trouble::Damaged;
      std::fill_n(lengths + i, repeat, value);
      i += repeat;
    }
  }

  void codedBlock() {
    static const uint16_t lengthBase[29] = {
        3,  4,  5,  6,  7,  8,  9,  10, 11,  13,  15,  17,  19,  23, 27,
        31, 35, 43, 51, 59, 67, 83, 99, 115, 131, 163, 195, 227, 258};
    static const uint8_t lengthBits[29] = {0, 0, 0, 0, 0, 0, 0, 0, 1, 1,
                                           1, 1, 2, 2, 2, 2, 3, 3, 3, 3,
                                           4, 4, 4, 4, 5, 5, 5, 5, 0};
    static const uint16_t distanceBase[30] = {
        1,    2,    3,    4,    5,    7,    9,    13,    17,    25,
        33,   49,   65,   97,   129,  193,  257,  385,   513,   769,
        1025, 1537, 2049, 3073, 4097, 6145, 8193, 12289, 16385, 24577};
    while (true) {
      int symbol = tables->literals.decode(bits);
      if (symbol < 256) {
        out.push_back(char(symbol));
        continue;
      }
      if (symbol == 256)
        return;
      if (symbol > 285)
        throw Trouble::Damaged;
      size_t length =
          lengthBase[symbol - 257] + bits.take(lengthBits[symbol - 257]);
      int code = tables->distances.decode(bits);
      unsigned extra = code < 4 ? 0 : unsigned(code) / 2 - 1;
      copy(length, distanceBase[code] + bits.take(extra));
    }
  }

  /// Repeats what stands `distance` back; it may overlap what it writes.
  void copy(size_t length, size_t distance) {
    if (distance > out.size() - begin)
      throw Trouble::Damaged;
    size_t from = out.size() - distance, to = out.size();
    out.resize(to + length);
    char *bytes = out.data();
    for (size_t i = 0; i < length; ++i)
      bytes[to + i] = bytes[from + i];
  }
};

uint32_t crc32(const char *data, size_t size) {
  static const std::array<uint32_t, 256> table = [] {
    std::array<uint32_t, 256> t{};
    for (uint32_t i = 0; i < 256; ++i) {
      uint32_t c = i;
      for (int k = 0; k < 8; ++k)
        c = c & 1 ? 0xEDB88320u ^ c >> 1 : c >> 1;
      t[i] = c;
    }
    return t;
  }();
  uint32_t crc = ~0u;
  for (size_t i = 0; i < size; ++i)
    crc = table[(crc ^ (unsigned char)data[i]) & 255] ^ crc >> 8;
  return ~crc;
}

uint32_t word(const unsigned char *at) {
  return at[0] | uint32_t(at[1]) << 8 | uint32_t(at[2]) << 16 |
         uint32_t(at[3]) << 24;
}

/// The bytes of a member's header; its fields are for others.
size_t gzipHeader(const unsigned char *data, size_t size) {
  if (size < 10)
    throw Trouble::CutOff;
  if (data[0] != 0x1F || data[1] != 0x8B || data[2] != 8 || data[3] > 31)
    throw Trouble::Damaged;
  unsigned flags = data[3];
  size_t at = 10;
  if (flags & 4) {
    if (size < 12)
      throw Trouble::CutOff;
    at += 2 + (data[10] | size_t(data[11]) << 8);
  }
  for (unsigned text : {8u, 16u}) // a name, a comment: each ends with 0
    if (flags & text) {
      while (at < size && data[at] != 0)
        ++at;
      ++at;
    }
  at += flags & 2 ? 2 : 0;
  if (at > size)
    throw Trouble::CutOff;
  return at;
}

/// Unpacks one member; returns its packed size.
size_t gunzipMember(const char *data, size_t size, std::vector<char> &out) {
  auto *bytes = reinterpret_cast<const unsigned char *>(data);
  size_t header = gzipHeader(bytes, size), before = out.size();
  BitReader bits(data + header, size - header);
  Inflater(bits, out).run();
  const unsigned char *trailer = bits.alignToByte();
  if (bits.left() < 8)
    throw Trouble::CutOff;
  if (word(trailer) != crc32(out.data() + before, out.size() - before) ||
      word(trailer + 4) != uint32_t(out.size() - before))
    throw Trouble::Damaged;
  return size_t(trailer + 8 - bytes);
}

[[noreturn]] void tell(Trouble trouble, const std::string &name) {
  throw Error(
      join(quote(name), trouble == Trouble::CutOff
                            ? " ends in the middle of its compressed data"
                            : " holds damaged compressed data"));
}

} // namespace

std::vector<char> gunzip(const char *data, size_t size,
                         const std::string &name) {
  std::vector<char> out;
  // The last four bytes of a member are its size, modulo 2^32: a guess that may
  // be wrong, but deflate gets no further than 1032 to 1.
  if (size >= 18) {
    auto *end = reinterpret_cast<const unsigned char *>(data + size);
    out.reserve(std::min<size_t>(word(end - 4), size * 1032));
  }
  try {
    for (size_t at = 0; at < size;)
      at += gunzipMember(data + at, size - at, out);
  } catch (Trouble trouble) {
    tell(trouble, name);
  }
  return out;
}

std::vector<char> inflateRaw(const char *data, size_t size, size_t expected,
                             const std::string &name) {
  std::vector<char> out;
  out.reserve(std::min(expected, size * 1032));
  try {
    BitReader bits(data, size);
    Inflater(bits, out).run();
  } catch (Trouble trouble) {
    tell(trouble, name);
  }
  if (out.size() != expected)
    throw Error(join(quote(name), " unpacks to ", byteSize(int64_t(out.size())),
                     ", but its header says ", byteSize(int64_t(expected))));
  return out;
}

} // namespace runtime
} // namespace lamina
