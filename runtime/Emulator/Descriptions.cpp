// SPDX-License-Identifier: Apache-2.0
//
// What messages call emulated kernels.

#include "runtime/Emulator/Descriptions.h"

#include <map>
#include <mutex>
#include <vector>

namespace {

struct Description {
  std::string title;
  std::vector<std::string> lines;
};

/// Several programs of one process describe their kernels on their own threads.
struct Descriptions {
  std::mutex mutex;
  std::map<const void *, Description> byKernel;
};

} // namespace

static Descriptions &descriptions() {
  static Descriptions all;
  return all;
}

extern "C" void lamina_emulator_describe(const void *run, const char *title,
                                         const char *const *lines,
                                         int32_t count) {
  Descriptions &all = descriptions();
  std::lock_guard<std::mutex> lock(all.mutex);
  all.byKernel[run] = {title, {lines, lines + count}};
}

namespace lamina::emulator {

std::string describe(const LaminaEmulatedKernel &kernel, int op) {
  Descriptions &all = descriptions();
  std::lock_guard<std::mutex> lock(all.mutex);
  auto found = all.byKernel.find(kernel.run);
  if (found == all.byKernel.end())
    return std::string("kernel '") + kernel.name + "'";
  const Description &known = found->second;
  std::string line;
  for (int number : {op, 0})
    if (line.empty() && number >= 0 && size_t(number) < known.lines.size())
      line = known.lines[size_t(number)];
  return line + (line.empty() ? "" : ": ") + "kernel '" + known.title + "'";
}

} // namespace lamina::emulator
