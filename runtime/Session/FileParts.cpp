// SPDX-License-Identifier: Apache-2.0
//
// Names of a variable in files.

#include "runtime/Session/FileParts.h"

namespace lamina {
namespace runtime {

std::vector<FilePart> partsInFiles(const Variable &v,
                                   std::vector<int64_t> rest) {
  if (v.stack.empty())
    return {{v.file, rest, 0}};
  std::vector<std::string> names = {v.stack};
  // Stars from left to right are leading axes from left to right.
  while (names[0].find('*') != std::string::npos) {
    std::vector<std::string> next;
    for (const std::string &name : names)
      for (int64_t copy = 0; copy < rest[0]; ++copy) {
        std::string numbered = name;
        numbered.replace(numbered.find('*'), 1, std::to_string(copy));
        next.push_back(std::move(numbered));
      }
    rest.erase(rest.begin());
    if (next.empty())
      return {};
    names = std::move(next);
  }
  std::vector<FilePart> parts;
  int64_t bytes = checkedMul(elementCount(rest), bytesOf(v.type.element));
  for (size_t i = 0; i < names.size(); ++i)
    parts.push_back({names[i], rest, int64_t(i) * bytes});
  return parts;
}

} // namespace runtime
} // namespace lamina
