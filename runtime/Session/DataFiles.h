// SPDX-License-Identifier: Apache-2.0
//
// Which files data is read from.
//
// The files that the sources of a program name, and the flag `--data` that puts
// others in their place.

#ifndef LAMINA_RUNTIME_SESSION_DATAFILES_H
#define LAMINA_RUNTIME_SESSION_DATAFILES_H

#include "runtime/Program/Program.h"

#include <string>
#include <vector>

namespace lamina {
namespace runtime {

struct DataFile {
  std::string name;    ///< "pictures", or "pictures.labels"
  std::string written; ///< the path in the program
  std::string path;    ///< where it is read
  size_t source = 0;
  bool isLabels = false;
};

std::vector<DataFile> dataFiles(const Program &program);

/// "FILE" for the only file (that several sources may read), "NAME=FILE" for
/// one of several, "FOLDER" where all of them stand. Throws.
void replaceFile(std::vector<DataFile> &files, const std::string &flag);

} // namespace runtime
} // namespace lamina

#endif // LAMINA_RUNTIME_SESSION_DATAFILES_H
