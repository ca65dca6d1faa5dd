// SPDX-License-Identifier: Apache-2.0
//
// The files of a training run.
//
// A folder in, names of its files out.

#include "runtime/Train/RunFolder.h"

#include "runtime/Files/Files.h"

#include <algorithm>
#include <cctype>

namespace lamina {
namespace runtime {

static const std::string prefix = "step-", suffix = ".safetensors";

std::string RunFolder::checkpoint(int64_t step) const {
  return join(path, "/", prefix, step, suffix);
}

/// The N of "step-N.safetensors"; -1 for other names.
static int64_t stepOf(const std::string &name) {
  size_t digits =
      name.size() - std::min(name.size(), prefix.size() + suffix.size());
  if (digits == 0 || digits > 18 ||
      name.compare(0, prefix.size(), prefix) != 0 ||
      name.compare(name.size() - suffix.size(), suffix.size(), suffix) != 0)
    return -1;
  int64_t step = 0;
  for (size_t i = prefix.size(); i < prefix.size() + digits; ++i) {
    if (!std::isdigit((unsigned char)name[i]))
      return -1;
    step = step * 10 + (name[i] - '0');
  }
  return step;
}

std::vector<int64_t> RunFolder::steps() const {
  std::vector<int64_t> found;
  if (!isFolder(path))
    return found;
  for (const std::string &name : listFolder(path))
    if (int64_t step = stepOf(name); step >= 0)
      found.push_back(step);
  std::sort(found.rbegin(), found.rend());
  return found;
}

void RunFolder::prune(size_t kept) const {
  std::vector<int64_t> found = steps();
  for (size_t i = kept; i < found.size(); ++i)
    removeFile(checkpoint(found[i]));
}

std::string freeRunFolder() {
  for (int64_t n = 1;; ++n)
    if (std::string name = join("run", n); !fileExists(name))
      return name;
}

std::string weightsFile(const std::string &flag) {
  if (!isFolder(flag))
    return flag;
  RunFolder folder(flag);
  if (fileExists(folder.weights()))
    return folder.weights();
  Error error(join(quote(flag), " holds no weights"));
  if (std::vector<int64_t> steps = folder.steps(); !steps.empty())
    error.note(join("its run stands at step ", steps[0], "; --weights ",
                    folder.checkpoint(steps[0]),
                    " takes the weights of that step"));
  throw error;
}

} // namespace runtime
} // namespace lamina
