// SPDX-License-Identifier: Apache-2.0
//
// Mapped and unpacked files.
//
// A path in, read-only bytes out.

#include "runtime/Files/Files.h"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

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

} // namespace runtime
} // namespace lamina
