// SPDX-License-Identifier: Apache-2.0
//
// Unpacking gzip and deflate.
//
// Packed bytes of any origin in, the bytes or an `Error` out, by zlib, which
// checks every length, distance and checksum.

#include "runtime/Files/Files.h"

#include <algorithm>
#include <new>
#include <zlib.h>

namespace lamina {
namespace runtime {

namespace {

/// Thrown inside; told with the name of the file.
enum class Trouble { CutOff, Damaged };

/// What zlib calls the wrapping of a stream.
constexpr int gzipWindow = MAX_WBITS + 16, rawWindow = -MAX_WBITS,
              zlibWindow = MAX_WBITS;

class Unpacker {
public:
  explicit Unpacker(int window) {
    if (inflateInit2(&stream, window) != Z_OK)
      throw std::bad_alloc();
  }
  ~Unpacker() { inflateEnd(&stream); }
  Unpacker(const Unpacker &) = delete;
  Unpacker &operator=(const Unpacker &) = delete;

  /// Appends what one stream unpacks to; returns its packed size.
  size_t run(const char *data, size_t size, std::vector<char> &out) {
    inflateReset(&stream);
    stream.avail_in = 0;
    size_t given = 0;
    for (int status = Z_OK; status != Z_STREAM_END;) {
      if (stream.avail_in == 0) {
        // zlib counts in 32 bits.
        stream.next_in =
            reinterpret_cast<Bytef *>(const_cast<char *>(data + given));
        stream.avail_in = uInt(std::min<size_t>(size - given, 1u << 30));
        given += stream.avail_in;
      }
      Bytef block[1 << 15];
      stream.next_out = block;
      stream.avail_out = sizeof block;
      status = inflate(&stream, Z_NO_FLUSH);
      if (status == Z_MEM_ERROR)
        throw std::bad_alloc();
      if (status == Z_BUF_ERROR) // nothing to read, and more was promised
        throw Trouble::CutOff;
      if (status != Z_OK && status != Z_STREAM_END)
        throw Trouble::Damaged;
      out.insert(out.end(), block, block + (sizeof block - stream.avail_out));
    }
    return given - stream.avail_in;
  }

private:
  z_stream stream{};
};

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
  try {
    Unpacker unpacker(gzipWindow);
    for (size_t at = 0; at < size;)
      at += unpacker.run(data + at, size - at, out);
  } catch (Trouble trouble) {
    tell(trouble, name);
  }
  return out;
}

static std::vector<char> inflateTo(const char *data, size_t size, int window,
                                   size_t expected, const std::string &name) {
  std::vector<char> out;
  // A header may promise anything; deflate gets no further than 1032 to 1.
  out.reserve(std::min(expected, size * 1032));
  try {
    Unpacker(window).run(data, size, out);
  } catch (Trouble trouble) {
    tell(trouble, name);
  }
  if (out.size() != expected)
    throw Error(join(quote(name), " unpacks to ", byteSize(int64_t(out.size())),
                     ", but its header says ", byteSize(int64_t(expected))));
  return out;
}

std::vector<char> inflateRaw(const char *data, size_t size, size_t expected,
                             const std::string &name) {
  return inflateTo(data, size, rawWindow, expected, name);
}

std::vector<char> inflateZlib(const char *data, size_t size, size_t expected,
                              const std::string &name) {
  return inflateTo(data, size, zlibWindow, expected, name);
}

} // namespace runtime
} // namespace lamina
