// SPDX-License-Identifier: Apache-2.0
//
// Texts of a session.
//
// Owns the text of every file that a session reads, the user's and the
// library's, and answers where a Range lies. Texts are never moved or changed,
// so a StringRef into one lives as long as the manager.

#ifndef LAMINA_FRONTEND_SOURCE_SOURCEMANAGER_H
#define LAMINA_FRONTEND_SOURCE_SOURCEMANAGER_H

#include "frontend/Source/Range.h"

#include "llvm/ADT/StringRef.h"

#include <deque>
#include <string>
#include <vector>

namespace lamina {

/// Number of a file in its SourceManager.
struct FileID {
  uint32_t index = ~0u;

  bool isKnown() const { return index != ~0u; }
  friend bool operator==(FileID a, FileID b) { return a.index == b.index; }
  friend bool operator!=(FileID a, FileID b) { return !(a == b); }
  friend bool operator<(FileID a, FileID b) { return a.index < b.index; }
};

/// A place as a reader counts it: lines and columns from 1, columns in
/// characters (code points), not bytes.
struct Position {
  FileID file;
  unsigned line = 0;
  unsigned column = 0;
};

class SourceManager {
public:
  /// A file larger than this is refused (parse.c6).
  static constexpr size_t maxFileSize = 16u << 20;

  /// Takes over a text. `path` is what messages show; `importedAt` is the
  /// import that asked for the file, if one did.
  FileID addText(llvm::StringRef path, std::string text, bool isLibrary = false,
                 Range importedAt = {});

  /// Reads a file. On failure returns an unknown id and sets `why` to a clause
  /// such as "no such file" (the caller knows who asked for it).
  FileID readFile(llvm::StringRef path, std::string &why,
                  Range importedAt = {});

  size_t getNumFiles() const { return files.size(); }
  llvm::StringRef getPath(FileID file) const { return at(file).path; }
  llvm::StringRef getText(FileID file) const { return at(file).text; }
  /// True for a file of the compiler's own library.
  bool isLibrary(FileID file) const { return at(file).isLibrary; }
  Range getImportedAt(FileID file) const { return at(file).importedAt; }
  /// The whole file.
  Range getRange(FileID file) const;
  /// Range of the bytes `begin` to `end` of one file.
  Range getRange(FileID file, size_t begin, size_t end) const {
    uint32_t base = at(file).base;
    return {base + uint32_t(begin), base + uint32_t(end)};
  }

  /// The file that a known range lies in.
  FileID getFile(Range range) const;
  /// Offset of the range's beginning in its file.
  size_t getOffset(Range range) const;
  llvm::StringRef getText(Range range) const;
  Position getBegin(Range range) const { return getPosition(range.begin); }
  Position getEnd(Range range) const { return getPosition(range.end); }
  /// The line (without its end) that a position lies on.
  llvm::StringRef getLine(Position position) const;

private:
  struct File {
    std::string path;
    std::string text;
    uint32_t base;
    bool isLibrary;
    Range importedAt;
    std::vector<uint32_t> lineStarts; // offsets in `text`
  };

  const File &at(FileID file) const;
  FileID getFileAt(uint32_t place) const;
  Position getPosition(uint32_t place) const;

  std::deque<File> files; // a deque, so that texts stay where they are
};

} // namespace lamina

#endif // LAMINA_FRONTEND_SOURCE_SOURCEMANAGER_H
