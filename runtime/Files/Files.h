// SPDX-License-Identifier: Apache-2.0
//
// Reading and writing whole files.
//
// Files come in as read-only bytes, mapped when they stand plain on disk and
// unpacked when they are gzip. Files go out atomically: written beside their
// target and renamed, so that a kill at any moment leaves the old or the new
// file, never half of one.

#ifndef LAMINA_RUNTIME_FILES_FILES_H
#define LAMINA_RUNTIME_FILES_FILES_H

#include "runtime/include/Error.h"

#include <cstddef>
#include <memory>
#include <string>
#include <vector>

namespace lamina {
namespace runtime {

/// Read-only bytes of a file, alive as long as any copy of it is.
class FileBytes {
public:
  FileBytes() = default;

  /// Maps `path`; a gzip file (by its first two bytes) is unpacked. Throws.
  static FileBytes open(const std::string &path);
  /// Maps `path` as it stands. Throws.
  static FileBytes openRaw(const std::string &path);
  /// The bytes of a text that is already in memory.
  static FileBytes own(std::vector<char> bytes);

  const char *data() const { return data_; }
  size_t size() const { return size_; }
  const unsigned char *bytes() const {
    return reinterpret_cast<const unsigned char *>(data_);
  }

private:
  const char *data_ = nullptr;
  size_t size_ = 0;
  std::shared_ptr<void> owner_;
};

/// Unpacks gzip (one member or several). `name` is for the message.
std::vector<char> gunzip(const char *data, size_t size,
                         const std::string &name);

/// Unpacks a raw deflate stream, as it stands in zip files.
std::vector<char> inflateRaw(const char *data, size_t size, size_t expected,
                             const std::string &name);
/// The same in zlib's wrapping.
std::vector<char> inflateZlib(const char *data, size_t size, size_t expected,
                              const std::string &name);

/// Collects the bytes of a file beside its target. `commit` makes them durable
/// and renames; without it nothing is left behind. What is no file, such as
/// /dev/stdout, is written into at once.
class AtomicFile {
public:
  explicit AtomicFile(std::string path);
  ~AtomicFile();
  AtomicFile(const AtomicFile &) = delete;
  AtomicFile &operator=(const AtomicFile &) = delete;

  void write(const void *data, size_t size);
  void write(const std::string &text) { write(text.data(), text.size()); }
  void commit();

private:
  [[noreturn]] void fail(const char *doing);

  std::string path, target, temporary;
  int descriptor = -1;
};

void writeFile(const std::string &path, const std::string &text);
bool fileExists(const std::string &path);
bool isFolder(const std::string &path);
void makeFolder(const std::string &path); ///< with its parents; may exist
/// Throws unless `path` is a folder that can be written to, or can be made.
void requireWritableFolder(const std::string &path);
std::vector<std::string> listFolder(const std::string &path); ///< sorted names
void removeFile(const std::string &path); ///< may be missing

/// "no such file or directory" and the like, in lower case.
std::string systemMessage(int code);

} // namespace runtime
} // namespace lamina

#endif // LAMINA_RUNTIME_FILES_FILES_H
