// SPDX-License-Identifier: Apache-2.0
//
// Characters as numbers.
//
// The characters or words of a text and the numbers that stand for them, in
// data and in the prompts and results of samples. Without a list, tokens are
// bytes.

#ifndef LAMINA_RUNTIME_DATA_VOCABULARY_H
#define LAMINA_RUNTIME_DATA_VOCABULARY_H

#include <cstdint>
#include <map>
#include <string>
#include <vector>

namespace lamina {
namespace runtime {

class Vocabulary {
public:
  /// Tokens are bytes.
  Vocabulary() = default;
  /// Token i is the text `words[i]`.
  explicit Vocabulary(std::vector<std::string> words);

  bool isBytes() const { return words.empty(); }
  int64_t size() const { return isBytes() ? 256 : int64_t(words.size()); }

  /// The tokens of a text, the longest match first. Throws at the first
  /// character that is not in the list; `name` says of what text.
  std::vector<uint32_t> encode(const char *text, size_t length,
                               const std::string &name) const;
  /// As `encode` for bytes and for a list of single characters; else the words
  /// between spaces, an unknown one as "[UNK]" or "<unk>" if the list has it.
  std::vector<uint32_t> encodeWords(const std::string &text,
                                    const std::string &name) const;
  std::string decode(const std::vector<int64_t> &tokens) const;

private:
  std::vector<std::string> words;
  std::map<std::string, uint32_t> numbers;
  size_t longest = 1;
  bool isCharacters = true; ///< no word is longer than a character
};

} // namespace runtime
} // namespace lamina

#endif // LAMINA_RUNTIME_DATA_VOCABULARY_H
