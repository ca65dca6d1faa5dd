// SPDX-License-Identifier: Apache-2.0
//
// What a test asks of a fake library, and what it learns of its calls.

#ifndef LAMINA_TEST_FAKES_REQUESTS_H
#define LAMINA_TEST_FAKES_REQUESTS_H

#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <map>
#include <string>

namespace lamina::fakes {

/// The number of `name` in an environment variable such as `a=1,b=2`.
inline int64_t numberIn(const char *variable, const char *name,
                        int64_t otherwise) {
  const char *all = std::getenv(variable);
  std::string text = all ? "," + std::string(all) : "";
  std::string key = "," + std::string(name) + "=";
  size_t at = text.find(key);
  return at == std::string::npos ? otherwise
                                 : std::atoll(text.c_str() + at + key.size());
}

/// Counts, written at the end to the file that an environment variable names.
struct Counts {
  const char *variable;
  std::map<std::string, int64_t> all = {};

  ~Counts() {
    const char *path = std::getenv(variable);
    std::FILE *file = path ? std::fopen(path, "w") : nullptr;
    if (!file)
      return;
    for (const auto &one : all)
      std::fprintf(file, "%s: %lld\n", one.first.c_str(),
                   static_cast<long long>(one.second));
    std::fclose(file);
  }
};

} // namespace lamina::fakes

#endif // LAMINA_TEST_FAKES_REQUESTS_H
