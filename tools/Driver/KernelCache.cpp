// SPDX-License-Identifier: Apache-2.0
//
// Compiled kernels on disk.
//
// A file is a line for each part, with its length, an empty line, and the
// parts:
//
//     object 5120
//     code 8011 k3f2a_77 sm_80

#include "tools/Driver/KernelCache.h"

#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/Format.h"
#include "llvm/Support/MemoryBuffer.h"
#include "llvm/Support/Path.h"
#include "llvm/Support/SHA256.h"
#include "llvm/Support/raw_ostream.h"

#include <array>
#include <cstdlib>

namespace lamina::driver {

std::string defaultCacheFolder() {
  if (const char *folder = std::getenv("LAMINA_CACHE"))
    return folder;
  llvm::SmallString<128> path;
  if (!llvm::sys::path::cache_directory(path))
    return "";
  llvm::sys::path::append(path, "lamina");
  return std::string(path);
}

std::string hashOf(llvm::StringRef text) {
  llvm::SHA256 hash;
  hash.update(text);
  std::array<uint8_t, 32> digest = hash.final();
  std::string hex;
  llvm::raw_string_ostream out(hex);
  for (uint8_t byte : llvm::ArrayRef(digest).take_front(10))
    out << llvm::format_hex_no_prefix(byte, 2);
  return hex;
}

std::string readBytes(const std::string &path) {
  if (path.empty())
    return "";
  auto buffer = llvm::MemoryBuffer::getFile(path, false, false);
  return buffer ? (*buffer)->getBuffer().str() : "";
}

void writeBytes(const std::string &path, llvm::StringRef bytes) {
  llvm::SmallString<128> temporary;
  int file;
  if (path.empty() ||
      llvm::sys::fs::createUniqueFile(path + ".%%%%%%", file, temporary))
    return;
  llvm::raw_fd_ostream out(file, /*shouldClose=*/true);
  out << bytes;
  out.close();
  if (out.has_error() || llvm::sys::fs::rename(temporary, path)) {
    out.clear_error();
    llvm::sys::fs::remove(temporary);
  }
}

bool readKernel(const std::string &path, CompiledKernel &kernel) {
  std::string bytes = readBytes(path);
  auto [head, parts] = llvm::StringRef(bytes).split("\n\n");
  if (head.empty())
    return false;
  for (llvm::StringRef line : llvm::split(head, '\n')) {
    llvm::SmallVector<llvm::StringRef, 4> words;
    line.split(words, ' ');
    size_t size;
    if (words.size() < 2 || words[1].getAsInteger(10, size) ||
        size > parts.size())
      return false;
    llvm::StringRef part = parts.take_front(size);
    parts = parts.drop_front(size);
    if (words[0] == "object")
      kernel.object.assign(part.begin(), part.end());
    else if (words.size() == 4)
      kernel.device.push_back({words[2].str(), words[3].str(), part.str()});
  }
  return true;
}

void writeKernel(const std::string &path, const CompiledKernel &kernel) {
  std::string bytes;
  llvm::raw_string_ostream out(bytes);
  out << "object " << kernel.object.size() << "\n";
  for (const DeviceCode &code : kernel.device)
    out << "code " << code.text.size() << " " << code.name << " " << code.chip
        << "\n";
  out << "\n" << llvm::StringRef(kernel.object.data(), kernel.object.size());
  for (const DeviceCode &code : kernel.device)
    out << code.text;
  writeBytes(path, bytes);
}

} // namespace lamina::driver
