// SPDX-License-Identifier: Apache-2.0
//
// Texts of a session.

#include "frontend/Source/SourceManager.h"

#include <algorithm>
#include <cassert>
#include <cerrno>
#include <cstring>
#include <fstream>
#include <sys/stat.h>

using namespace lamina;

FileID SourceManager::addText(llvm::StringRef path, std::string text,
                              bool isLibrary, Range importedAt) {
  // 1, so that 0 is no place; then one byte between files, so that the place
  // after the last byte of a file is not the first of the next.
  uint32_t base = 1;
  if (!files.empty())
    base = files.back().base + uint32_t(files.back().text.size()) + 1;

  File file{path.str(), std::move(text), base, isLibrary, importedAt, {0}};
  for (size_t i = 0; i < file.text.size(); ++i)
    if (file.text[i] == '\n')
      file.lineStarts.push_back(uint32_t(i) + 1);
  files.push_back(std::move(file));
  return {uint32_t(files.size()) - 1};
}

FileID SourceManager::readFile(llvm::StringRef path, std::string &why,
                               Range importedAt) {
  std::string name = path.str();
  struct stat status;
  if (stat(name.c_str(), &status) != 0) {
    why = errno == ENOENT ? "there is no such file" : std::strerror(errno);
    return {};
  }
  if (S_ISDIR(status.st_mode)) {
    why = "it is a folder";
    return {};
  }
  // A pipe has no size; what it gives is cut just past the limit.
  std::ifstream in(name, std::ios::binary);
  std::string text;
  if (in) {
    text.resize(maxFileSize + 1);
    in.read(text.data(), std::streamsize(text.size()));
    text.resize(size_t(in.gcount()));
  }
  if (!in.is_open() || in.bad()) {
    why = std::strerror(errno);
    return {};
  }
  return addText(path, std::move(text), /*isLibrary=*/false, importedAt);
}

const SourceManager::File &SourceManager::at(FileID file) const {
  assert(file.index < files.size() && "the file is of this manager");
  return files[file.index];
}

Range SourceManager::getRange(FileID file) const {
  return getRange(file, 0, at(file).text.size());
}

FileID SourceManager::getFileAt(uint32_t place) const {
  auto after = std::upper_bound(
      files.begin(), files.end(), place,
      [](uint32_t place, const File &file) { return place < file.base; });
  assert(after != files.begin() && "the range is known");
  return {uint32_t(after - files.begin()) - 1};
}

FileID SourceManager::getFile(Range range) const {
  return getFileAt(range.begin);
}

size_t SourceManager::getOffset(Range range) const {
  return range.begin - at(getFile(range)).base;
}

llvm::StringRef SourceManager::getText(Range range) const {
  const File &file = at(getFile(range));
  return llvm::StringRef(file.text).slice(range.begin - file.base,
                                          range.end - file.base);
}

/// Number of code points in UTF-8 text; stray bytes count one each.
static unsigned countCharacters(llvm::StringRef text) {
  unsigned count = 0;
  for (char c : text)
    if ((c & 0xC0) != 0x80)
      ++count;
  return count;
}

Position SourceManager::getPosition(uint32_t place) const {
  FileID id = getFileAt(place);
  const File &file = at(id);
  uint32_t offset = place - file.base;
  auto next =
      std::upper_bound(file.lineStarts.begin(), file.lineStarts.end(), offset);
  uint32_t lineStart = *(next - 1);
  llvm::StringRef before = llvm::StringRef(file.text).slice(lineStart, offset);
  return {id, unsigned(next - file.lineStarts.begin()),
          countCharacters(before) + 1};
}

llvm::StringRef SourceManager::getLine(Position position) const {
  const File &file = at(position.file);
  llvm::StringRef rest =
      llvm::StringRef(file.text).drop_front(file.lineStarts[position.line - 1]);
  return rest.take_until([](char c) { return c == '\n'; }).rtrim('\r');
}
