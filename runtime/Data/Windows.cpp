// SPDX-License-Identifier: Apache-2.0
//
// Windows of a text file.
//
// A text file in, overlapping runs of its tokens out. Tokens are bytes, read
// where the file is mapped, or characters of a vocabulary, decoded once.

#include "runtime/Data/Source.h"
#include "runtime/Data/Vocabulary.h"
#include "runtime/Files/Files.h"

namespace lamina {
namespace runtime {

namespace {

class Windows : public Source {
public:
  explicit Windows(SourcePlan given) : Source(std::move(given)) {
    requireFields(plan);
    file = FileBytes::open(plan.file);
    if (!plan.vocabulary.empty()) {
      Vocabulary vocabulary(plan.vocabulary);
      characters = vocabulary.encode(file.data(), file.size(), plan.file);
    }
    if (tokens() < plan.window)
      throw Error(join(
          quote(plan.file), " has ",
          counted(tokens(), plan.vocabulary.empty() ? "byte" : "character"),
          ", but a window takes ", plan.window));
    for (const Column &column : plan.columns) {
      if (column.field() != "window")
        noSuchColumn(plan, column.field(), {"window"});
      requireShape(plan, column, {plan.window});
    }
  }

  int64_t tokens() const override {
    return plan.vocabulary.empty() ? int64_t(file.size())
                                   : int64_t(characters.size());
  }

  int64_t count() const override {
    return (tokens() - plan.window) / plan.step + 1;
  }

  void read(int64_t record, size_t column, char *out) const override {
    int64_t start = record * plan.step;
    const Column &c = plan.columns[column];
    bool bytes = plan.vocabulary.empty();
    if (c.element == Element::I32 &&
        (c.below < 0 || c.below >= (bytes ? 256 : limit()))) {
      auto *to = reinterpret_cast<int32_t *>(out);
      for (int64_t i = 0; i < plan.window; ++i)
        to[i] = tokenAt(start + i, bytes);
      return;
    }
    for (int64_t i = 0; i < plan.window; ++i)
      putInt(record, column, out, i, tokenAt(start + i, bytes));
  }

private:
  int32_t tokenAt(int64_t i, bool bytes) const {
    return bytes ? file.bytes()[i] : int32_t(characters[size_t(i)]);
  }
  int64_t limit() const { return int64_t(plan.vocabulary.size()); }

  FileBytes file;
  std::vector<uint32_t> characters;
};

} // namespace

std::unique_ptr<Source> openWindows(SourcePlan plan) {
  return std::make_unique<Windows>(std::move(plan));
}

} // namespace runtime
} // namespace lamina
