// SPDX-License-Identifier: Apache-2.0
//
// Tests that run the toy: each in a folder of its own, with a text to learn.

#ifndef LAMINA_TEST_UNIT_RUNTIME_TOYTEST_H
#define LAMINA_TEST_UNIT_RUNTIME_TOYTEST_H

#include "test/unit/Runtime/Testing.h"

/// A text with some structure.
inline std::string someText(size_t size) {
  std::string text;
  for (size_t i = 0; text.size() < size; ++i)
    text += "line " + std::to_string(i * 7919 % 1000) + " of the text\n";
  return text.substr(0, size);
}

class Toy : public ::testing::Test {
protected:
  void SetUp() override {
    folder.write("input.txt", someText(3000));
    ASSERT_EQ(::symlink(LAMINA_TOY, folder.path("toy").c_str()), 0);
  }

  /// Trains and expects that it works.
  void train(const std::string &flags) {
    testing_support::Outcome outcome =
        testing_support::runToy(folder, "train " + flags);
    EXPECT_EQ(outcome.code, 0) << outcome.err;
  }
  /// The message of a command that must end with `code`.
  std::string fails(int code, const std::string &arguments) {
    testing_support::Outcome outcome =
        testing_support::runToy(folder, arguments);
    EXPECT_EQ(outcome.code, code) << arguments;
    return outcome.err;
  }

  std::string weightsOf(const std::string &run) {
    return folder.read(run + "/weights.safetensors");
  }

  testing_support::Folder folder;
};

#endif // LAMINA_TEST_UNIT_RUNTIME_TOYTEST_H
