// SPDX-License-Identifier: Apache-2.0
//
// Where tokens lie.
//
// ANTLR counts code points; everything else in the compiler counts bytes.

#include "frontend/Grammar/Lines.h"

#include "llvm/ADT/STLExtras.h"

using namespace lamina;
using namespace lamina::grammar;
using antlr4::Token;

Places::Places(FileID file, const SourceManager &sources)
    : file(file), sources(sources) {
  llvm::StringRef text = sources.getText(file);
  if (text.starts_with("\xEF\xBB\xBF"))
    skipped = 3;
  text = text.drop_front(skipped);
  bool isASCII = llvm::all_of(text, [](char c) { return (c & 0x80) == 0; });
  if (isASCII)
    return;
  for (size_t i = 0; i < text.size(); ++i)
    if ((text[i] & 0xC0) != 0x80)
      byteAt.push_back(uint32_t(i));
  byteAt.push_back(uint32_t(text.size()));
}

std::string Places::getText() const {
  return sources.getText(file).drop_front(skipped).str();
}

Range Places::getRange(size_t begin, size_t end) const {
  if (!byteAt.empty()) {
    begin = byteAt[std::min(begin, byteAt.size() - 1)];
    end = byteAt[std::min(end, byteAt.size() - 1)];
  }
  return sources.getRange(file, begin + skipped, end + skipped);
}

Range Places::getRange(const Token *token) const {
  return getRange(token->getStartIndex(), token->getStopIndex() + 1);
}

Range Places::getRange(const antlr4::ParserRuleContext *context) const {
  // An empty rule stops before it starts.
  Range start = getRange(context->start);
  if (!context->stop)
    return start;
  Range stop = getRange(context->stop);
  return {start.begin, std::max(start.begin, stop.end)};
}
