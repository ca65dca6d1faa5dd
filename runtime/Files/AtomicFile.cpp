// SPDX-License-Identifier: Apache-2.0
//
// Files that are there whole or not at all.
//
// Bytes in, a durable file under its final name out.

#include "runtime/Files/Files.h"

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

namespace lamina {
namespace runtime {

/// Where a link leads: it is the file that is replaced, not the link.
static std::string behindLinks(const std::string &path) {
  std::unique_ptr<char, void (*)(void *)> real(
      ::realpath(path.c_str(), nullptr), std::free);
  return real ? real.get() : path;
}

/// A device, a pipe, or a name of an open file such as /dev/stdout is written
/// into; a rename would put a file in its place.
static bool isStream(const std::string &path) {
  struct stat link, info;
  if (::lstat(path.c_str(), &link) != 0 || ::stat(path.c_str(), &info) != 0)
    return false;
  bool namesOpenFile =
      S_ISLNK(link.st_mode) && path.compare(0, 5, "/dev/") == 0;
  return namesOpenFile || !S_ISREG(info.st_mode);
}

// The temporary name is fixed, so that a run that was killed leaves at most one
// such file, which the next one overwrites.
AtomicFile::AtomicFile(std::string given)
    : path(std::move(given)), target(behindLinks(path)),
      temporary(target + ".part") {
  if (isFolder(path)) {
    errno = EISDIR;
    fail("write");
  }
  if (isStream(path))
    temporary.clear();
  descriptor = temporary.empty()
                   ? ::open(path.c_str(), O_WRONLY | O_CLOEXEC)
                   : ::open(temporary.c_str(),
                            O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
  if (descriptor < 0)
    fail("write");
}

AtomicFile::~AtomicFile() {
  if (descriptor < 0)
    return;
  ::close(descriptor);
  if (!temporary.empty())
    ::unlink(temporary.c_str());
}

void AtomicFile::fail(const char *doing) {
  throw Error(
      join("cannot ", doing, " ", quote(path), ": ", systemMessage(errno)));
}

void AtomicFile::write(const void *data, size_t size) {
  const char *bytes = static_cast<const char *>(data);
  while (size > 0) {
    ssize_t n = ::write(descriptor, bytes, std::min<size_t>(size, 1 << 30));
    if (n < 0 && errno == EINTR)
      continue;
    if (n < 0)
      fail("write");
    bytes += n;
    size -= size_t(n);
  }
}

/// Makes the new name in `path`'s folder durable. Some file systems cannot; the
/// rename has happened all the same.
static void syncFolderOf(const std::string &path) {
  size_t slash = path.rfind('/');
  std::string folder =
      slash == std::string::npos ? "." : path.substr(0, slash + 1);
  int descriptor = ::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (descriptor < 0)
    return;
  ::fsync(descriptor);
  ::close(descriptor);
}

void AtomicFile::commit() {
  if (::fsync(descriptor) != 0 && errno != EINVAL)
    fail("write");
  int closing = descriptor;
  descriptor = -1;
  if (::close(closing) != 0 ||
      (!temporary.empty() &&
       ::rename(temporary.c_str(), target.c_str()) != 0)) {
    int code = errno;
    if (!temporary.empty())
      ::unlink(temporary.c_str());
    errno = code;
    fail("write");
  }
  syncFolderOf(target);
}

void writeFile(const std::string &path, const std::string &text) {
  AtomicFile file(path);
  file.write(text);
  file.commit();
}

bool fileExists(const std::string &path) {
  struct stat info;
  return ::stat(path.c_str(), &info) == 0;
}

bool isFolder(const std::string &path) {
  struct stat info;
  return ::stat(path.c_str(), &info) == 0 && S_ISDIR(info.st_mode);
}

void makeFolder(const std::string &path) {
  for (size_t at = 1; at <= path.size(); ++at) {
    if (at != path.size() && path[at] != '/')
      continue;
    std::string part = path.substr(0, at);
    if (::mkdir(part.c_str(), 0777) == 0)
      continue;
    int code = errno;
    if (!isFolder(part))
      throw Error(join("cannot make the folder ", quote(part), ": ",
                       systemMessage(code)));
  }
}

void requireWritableFolder(const std::string &path) {
  std::string there = path;
  while (!fileExists(there)) {
    size_t slash = there.find_last_of('/');
    there = slash == std::string::npos ? "."
            : slash == 0               ? "/"
                                       : there.substr(0, slash);
  }
  const char *doing =
      there == path ? "cannot write to the folder " : "cannot make the folder ";
  if (!isFolder(there))
    throw Error(join(doing, quote(path), ": ", quote(there), " is a file"));
  if (::access(there.c_str(), W_OK | X_OK) != 0)
    throw Error(join(doing, quote(path), ": ", systemMessage(errno)));
}

std::vector<std::string> listFolder(const std::string &path) {
  std::vector<std::string> names;
  DIR *folder = ::opendir(path.c_str());
  if (!folder)
    throw Error(join("cannot read the folder ", quote(path), ": ",
                     systemMessage(errno)));
  while (dirent *entry = ::readdir(folder)) {
    std::string name = entry->d_name;
    if (name != "." && name != "..")
      names.push_back(std::move(name));
  }
  ::closedir(folder);
  std::sort(names.begin(), names.end());
  return names;
}

void removeFile(const std::string &path) { ::unlink(path.c_str()); }

} // namespace runtime
} // namespace lamina
