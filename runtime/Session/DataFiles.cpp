// SPDX-License-Identifier: Apache-2.0
//
// Which files data is read from.
//
// A flag in, paths of data files out.

#include "runtime/Session/DataFiles.h"

#include "runtime/Files/Files.h"

namespace lamina {
namespace runtime {

std::vector<DataFile> dataFiles(const Program &program) {
  std::vector<DataFile> files;
  for (size_t i = 0; i < program.sources.size(); ++i) {
    const SourcePlan &plan = program.sources[i];
    if (!plan.file.empty())
      files.push_back({plan.name, plan.file, plan.file, i, false});
    if (!plan.labels.empty())
      files.push_back(
          {plan.name + ".labels", plan.labels, plan.labels, i, true});
  }
  return files;
}

/// Sources that read one file go on reading one file.
static void replaceWritten(std::vector<DataFile> &files,
                           const std::string &written,
                           const std::string &path) {
  for (DataFile &file : files)
    if (file.written == written)
      file.path = path;
}

static bool isOneFile(const std::vector<DataFile> &files) {
  for (const DataFile &file : files)
    if (file.written != files[0].written)
      return false;
  return !files.empty();
}

void replaceFile(std::vector<DataFile> &files, const std::string &flag) {
  if (files.empty())
    throw Error("'--data' is given, but this program reads no file",
                ExitMisuse);
  size_t equals = flag.find('=');
  if (equals != std::string::npos)
    for (const DataFile &file : files)
      if (flag.compare(0, equals, file.name) == 0)
        return replaceWritten(files, std::string(file.written),
                              flag.substr(equals + 1));
  if (isFolder(flag)) {
    for (DataFile &file : files)
      file.path = flag + "/" + file.written.substr(file.written.rfind('/') + 1);
    return;
  }
  bool isName = equals != std::string::npos &&
                flag.find_first_of("/.") > equals && !fileExists(flag);
  if (isOneFile(files) && !isName)
    return replaceWritten(files, std::string(files[0].written), flag);
  std::string list;
  for (const DataFile &file : files)
    list += (list.empty() ? "" : ", ") + quote(file.name);
  throw Error(
      isName ? join("'--data ", flag, "': this program reads no data ",
                    quote(flag.substr(0, equals)))
             : join("'--data ", flag, "' does not say which data it is for"),
      ExitMisuse)
      .note(join("this program reads ", list, "; write --data ", files[0].name,
                 "=FILE, or --data FOLDER for all"));
}

} // namespace runtime
} // namespace lamina
