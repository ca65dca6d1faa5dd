// SPDX-License-Identifier: Apache-2.0
//
// Characters as numbers.
//
// Text in, tokens out, and back.

#include "runtime/Data/Vocabulary.h"

#include "runtime/include/Error.h"

#include <algorithm>

namespace lamina {
namespace runtime {

/// UTF-8 characters: all bytes but those that continue one.
static size_t characterCount(const std::string &text) {
  size_t count = 0;
  for (char c : text)
    count += (c & 0xC0) != 0x80;
  return count;
}

Vocabulary::Vocabulary(std::vector<std::string> list) : words(std::move(list)) {
  for (size_t i = 0; i < words.size(); ++i) {
    numbers.emplace(words[i], uint32_t(i));
    longest = std::max(longest, words[i].size());
    isCharacters = isCharacters && characterCount(words[i]) == 1;
  }
}

/// The character that begins at `text`, whole if it is UTF-8.
static std::string characterAt(const char *text, size_t left) {
  size_t length = 1;
  while (length < left && length < 4 && (text[length] & 0xC0) == 0x80)
    ++length;
  return std::string(text, length);
}

std::vector<uint32_t> Vocabulary::encode(const char *text, size_t length,
                                         const std::string &name) const {
  std::vector<uint32_t> tokens;
  tokens.reserve(length);
  for (size_t at = 0; at < length;) {
    if (isBytes()) {
      tokens.push_back((unsigned char)text[at++]);
      continue;
    }
    size_t taken = std::min(longest, length - at);
    auto it = numbers.end();
    for (; taken > 0; --taken)
      if (it = numbers.find(std::string(text + at, taken)); it != numbers.end())
        break;
    if (taken == 0)
      throw Error(join("byte ", int64_t(at), " of ", quote(name),
                       ": the character ",
                       quote(characterAt(text + at, length - at)),
                       " is not in the vocabulary of this program"))
          .note(join("it has ", counted(size(), "character"),
                     ", read when the program was compiled"));
    tokens.push_back(it->second);
    at += taken;
  }
  return tokens;
}

std::vector<uint32_t> Vocabulary::encodeWords(const std::string &text,
                                              const std::string &name) const {
  if (isBytes() || isCharacters)
    return encode(text.data(), text.size(), name);
  std::vector<uint32_t> tokens;
  for (size_t at = 0; at < text.size();) {
    size_t first = text.find_first_not_of(" \t\r\n", at);
    if (first == std::string::npos)
      break;
    at = std::min(text.find_first_of(" \t\r\n", first), text.size());
    auto it = numbers.find(text.substr(first, at - first));
    for (const char *unknown : {"[UNK]", "<unk>"})
      if (it == numbers.end())
        it = numbers.find(unknown);
    if (it == numbers.end())
      throw Error(join(quote(name), " holds ",
                       quote(text.substr(first, at - first)),
                       ", which is not in the vocabulary of this program"))
          .note("a word '[UNK]' in the vocabulary would stand for it");
    tokens.push_back(it->second);
  }
  return tokens;
}

std::string Vocabulary::decode(const std::vector<int64_t> &tokens) const {
  std::string text;
  for (int64_t token : tokens) {
    if (token < 0 || token >= size())
      text += "\xEF\xBF\xBD";
    else if (isBytes())
      text += char(token);
    else
      text += (isCharacters || text.empty() ? "" : " ") + words[size_t(token)];
  }
  return text;
}

} // namespace runtime
} // namespace lamina
