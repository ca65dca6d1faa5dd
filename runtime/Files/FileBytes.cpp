//===- FileBytes.cpp - Mapped and unpacked files --------------------------===//
//
// SPDX-License-Identifier: Apache-2.0
//
// A path in, read-only bytes out.
//
//===----------------------------------------------------------------------===//

#include "runtime/Files/Files.h"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>

namespace lamina {
namespace runtime {

std::string systemMessage(int code) {
  std::string text = std::strerror(code);
  if (text.size() > 1 && !(text[1] >= 'A' && text[1] <= 'Z'))
    text[0] = char(text[0] | 0x20);
  return text;
}

[[noreturn]] static void cannotRead(const std::string &path, int code) {
  throw Error(join("cannot read ", quote(path), ": ", systemMessage(code)));
}

/// Pipes and the like have no size: they are read to their end.
static FileBytes readStream(int descriptor, const std::string &path) {
  std::vector<char> bytes;
  char block[1 << 16];
  while (ssize_t n = ::read(descriptor, block, sizeof block)) {
    if (n < 0 && errno == EINTR)
      continue;
    if (n < 0)
      cannotRead(path, errno);
    bytes.insert(bytes.end(), block, block + n);
  }
  return FileBytes::own(std::move(bytes));
}

FileBytes FileBytes::own(std::vector<char> bytes) {
  FileBytes file;
  auto owner = std::make_shared<std::vector<char>>(std::move(bytes));
  file.data_ = owner->data();
  file.size_ = owner->size();
  file.owner_ = owner;
  return file;
}

FileBytes FileBytes::openRaw(const std::string &path) {
  int descriptor = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (descriptor < 0)
    cannotRead(path, errno);
  std::unique_ptr<int, void (*)(int *)> closer(&descriptor,
                                               [](int *d) { ::close(*d); });
  struct stat info;
  if (::fstat(descriptor, &info) != 0)
    cannotRead(path, errno);
  if (S_ISDIR(info.st_mode))
    cannotRead(path, EISDIR);
  if (!S_ISREG(info.st_mode))
    return readStream(descriptor, path);

  FileBytes file;
  size_t size = size_t(info.st_size);
  if (size == 0)
    return file;
  void *address = ::mmap(nullptr, size, PROT_READ, MAP_PRIVATE, descriptor, 0);
  if (address == MAP_FAILED)
    cannotRead(path, errno);
  file.data_ = static_cast<const char *>(address);
  file.size_ = size;
  file.owner_ =
      std::shared_ptr<void>(address, [size](void *p) { ::munmap(p, size); });
  return file;
}

FileBytes FileBytes::open(const std::string &path) {
  FileBytes file = openRaw(path);
  if (file.size() >= 2 && file.bytes()[0] == 0x1F && file.bytes()[1] == 0x8B)
    return own(gunzip(file.data(), file.size(), path));
  return file;
}

/// Feeds `data` through zlib until its streams end; they make about `expected`
/// bytes.
static std::vector<char> inflateAll(const char *data, size_t size,
                                    int windowBits, size_t expected,
                                    const std::string &name) {
  bool members = windowBits > 15; // gzip, not raw deflate
  z_stream stream{};
  if (inflateInit2(&stream, windowBits) != Z_OK)
    throw Error(join("not enough memory to unpack ", quote(name)));
  std::unique_ptr<z_stream, void (*)(z_stream *)> closer(
      &stream, [](z_stream *s) { inflateEnd(s); });

  std::vector<char> out;
  // A header may lie: deflate gets no further than 1032 to 1.
  out.reserve(std::min(expected, size * 1032));
  size_t read = 0;
  char block[1 << 16];
  while (true) {
    if (stream.avail_in == 0 && read < size) {
      size_t chunk = std::min<size_t>(size - read, 1 << 30);
      stream.next_in =
          reinterpret_cast<Bytef *>(const_cast<char *>(data + read));
      stream.avail_in = uInt(chunk);
      read += chunk;
    }
    stream.next_out = reinterpret_cast<Bytef *>(block);
    stream.avail_out = sizeof block;
    int status = inflate(&stream, Z_NO_FLUSH);
    out.insert(out.end(), block, block + (sizeof block - stream.avail_out));
    if (status == Z_STREAM_END) {
      if (!members || (stream.avail_in == 0 && read == size))
        return out;
      inflateReset(&stream);
    } else if (status == Z_BUF_ERROR && stream.avail_in == 0 && read == size) {
      throw Error(
          join(quote(name), " ends in the middle of its compressed data"));
    } else if (status != Z_OK && status != Z_BUF_ERROR) {
      throw Error(join(quote(name), " holds damaged compressed data"));
    }
  }
}

std::vector<char> gunzip(const char *data, size_t size,
                         const std::string &name) {
  // The last four bytes of a member are its size, modulo 2^32: enough for a
  // guess.
  size_t expected = 0;
  for (size_t i = 0; i < 4 && size >= 18; ++i)
    expected |= size_t((unsigned char)data[size - 4 + i]) << (8 * i);
  return inflateAll(data, size, 15 + 16, expected, name);
}

std::vector<char> inflateRaw(const char *data, size_t size, size_t expected,
                             const std::string &name) {
  std::vector<char> out = inflateAll(data, size, -15, expected, name);
  if (out.size() != expected)
    throw Error(join(quote(name), " unpacks to ", byteSize(int64_t(out.size())),
                     ", but its header says ", byteSize(int64_t(expected))));
  return out;
}

} // namespace runtime
} // namespace lamina
