// SPDX-License-Identifier: Apache-2.0
//
// Folders, files and commands for tests.
//
// A folder that goes away with the test, whole messages of errors, and the toy
// program run as a user would.

#ifndef LAMINA_TEST_UNIT_RUNTIME_TESTING_H
#define LAMINA_TEST_UNIT_RUNTIME_TESTING_H

#include "runtime/Files/Files.h"

#include <cstdlib>
#include <gtest/gtest.h>
#include <string>
#include <sys/wait.h>
#include <unistd.h>

namespace testing_support {

/// A new folder; `path("x")` is a file in it.
class Folder {
public:
  Folder() {
    char name[] = "/tmp/lamina-test-XXXXXX";
    root = ::mkdtemp(name);
  }
  ~Folder() {
    (void)!std::system(("chmod -R u+rwx " + root + "; rm -rf " + root).c_str());
  }

  std::string path(const std::string &name) const { return root + "/" + name; }
  std::string write(const std::string &name, const std::string &text) const {
    lamina::runtime::writeFile(path(name), text);
    return path(name);
  }
  std::string read(const std::string &name) const {
    auto file = lamina::runtime::FileBytes::openRaw(path(name));
    return std::string(file.data(), file.size());
  }
  const std::string &name() const { return root; }

private:
  std::string root;
};

/// The message and notes of the error that `function` throws, with the folder
/// written as DIR.
template <typename Function>
std::string messageOf(Function function, const std::string &folder = "") {
  try {
    function();
  } catch (const lamina::runtime::Error &error) {
    std::string text = error.render();
    for (size_t at;
         !folder.empty() && (at = text.find(folder)) != std::string::npos;)
      text.replace(at, folder.size(), "DIR");
    return text;
  }
  return "no error";
}

struct Outcome {
  int code = -1;
  std::string out, err;
};

/// Runs `./toy` in `folder` with `arguments`, and `before` in front (shell
/// syntax).
inline Outcome runToy(const Folder &folder, const std::string &arguments,
                      const std::string &before = "") {
  std::string command = "cd " + folder.name() + " && " + before + " ./toy " +
                        arguments + " >.out 2>.err";
  int status = std::system(command.c_str());
  Outcome outcome;
  outcome.code =
      WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
  outcome.out = folder.read(".out");
  outcome.err = folder.read(".err");
  return outcome;
}

} // namespace testing_support

#endif // LAMINA_TEST_UNIT_RUNTIME_TESTING_H
