// SPDX-License-Identifier: Apache-2.0
//
// What is said to the user.

#include "frontend/Source/Diagnostic.h"

#include "llvm/Support/JSON.h"
#include "llvm/Support/raw_ostream.h"

#include <algorithm>
#include <cassert>
#include <tuple>

using namespace lamina;

namespace {
struct RuleText {
  llvm::StringRef label;
  llvm::StringRef summary;
};
} // namespace

static const RuleText &getText(Rule rule) {
  static const RuleText texts[] = {
#define RULE(TOPIC, LABEL, SUMMARY) {#TOPIC "." #LABEL, SUMMARY},
#include "frontend/Source/Rules.def"
  };
  return texts[size_t(rule)];
}

llvm::StringRef lamina::getLabel(Rule rule) { return getText(rule).label; }

llvm::StringRef lamina::getSummary(Rule rule) { return getText(rule).summary; }

Severity lamina::getSeverity(Rule rule) {
  auto [topic, number] = getLabel(rule).split('.');
  return number.starts_with("w") ? Severity::Warning : Severity::Error;
}

Diagnostic &Diagnostic::note(Range at, const llvm::Twine &what) {
  notes.push_back({at, what.str()});
  return *this;
}

Diagnostic &Diagnostic::fix(Range at, const llvm::Twine &replacement) {
  fixes.push_back({at, replacement.str()});
  return *this;
}

Diagnostic &Diagnostics::report(Rule rule, Range range,
                                const llvm::Twine &text) {
  assert(range && "a diagnostic has a place");
  all.push_back({rule, range, text.str(), {}, {}});
  numErrors += all.back().isError();
  return all.back();
}

bool Diagnostics::endPhase() {
  auto key = [](const Diagnostic &d) {
    return std::tie(d.range, d.rule, d.text);
  };
  auto begin = all.begin() + std::ptrdiff_t(phaseBegin);
  std::sort(begin, all.end(), [&](const Diagnostic &a, const Diagnostic &b) {
    return key(a) < key(b);
  });
  all.erase(std::unique(begin, all.end(),
                        [&](const Diagnostic &a, const Diagnostic &b) {
                          return key(a) == key(b);
                        }),
            all.end());
  phaseBegin = all.size();
  numErrors = unsigned(std::count_if(
      all.begin(), all.end(), [](const Diagnostic &d) { return d.isError(); }));
  return numErrors == 0;
}

void Diagnostics::clear() {
  all.clear();
  phaseBegin = 0;
  numErrors = 0;
}

//===----------------------------------------------------------------------===//
// Printing
//===----------------------------------------------------------------------===//

void Diagnostics::print(llvm::raw_ostream &os, DiagnosticFormat format,
                        bool showRules) {
  endPhase();
  if (format == DiagnosticFormat::JSON) {
    for (const Diagnostic &diagnostic : all)
      printJSON(os, diagnostic);
    return;
  }
  unsigned shown = 0;
  for (const Diagnostic &diagnostic : all) {
    if (diagnostic.isError() && ++shown > maxErrors)
      continue;
    printText(os, diagnostic, showRules);
  }
  if (shown > maxErrors)
    os << "and " << shown - maxErrors << " more\n";
}

/// Most characters of a source line that are shown.
static constexpr unsigned maxLine = 160;

/// The characters `first` to `last` (from 1) of a line, with dots for the rest.
static std::string clip(llvm::StringRef line, unsigned first, unsigned last) {
  std::string text;
  unsigned column = 0;
  for (char c : line) {
    column += (c & 0xC0) != 0x80;
    if (column >= first && column <= last)
      text += c;
  }
  return (first > 1 ? "…" : "") + text + (column > last ? "…" : "");
}

/// The source line and, under the part of the range that lies on it, `^~~~`. Of
/// a long line the part around the caret is shown.
static void printSnippet(llvm::raw_ostream &os, const SourceManager &sources,
                         Range range) {
  Position begin = sources.getBegin(range), end = sources.getEnd(range);
  llvm::StringRef line = sources.getLine(begin);
  unsigned length = 0;
  for (char c : line)
    length += (c & 0xC0) != 0x80;
  unsigned last = end.line != begin.line ? length + 1 : end.column;
  unsigned first = 1;
  if (length > maxLine && begin.column > maxLine / 2)
    first = begin.column - maxLine / 2;
  unsigned shownEnd = length > maxLine ? first + maxLine - 1 : length;
  os << clip(line, first, shownEnd) << '\n';

  std::string marks(first > 1 ? 1 : 0, ' ');
  unsigned column = 0;
  for (char c : line) {
    column += (c & 0xC0) != 0x80;
    bool isShown =
        (c & 0xC0) != 0x80 && column >= first && column < begin.column;
    if (isShown)
      marks += c == '\t' ? '\t' : ' ';
  }
  marks += '^';
  for (column = begin.column + 1; column < std::min(last, shownEnd + 1);
       ++column)
    marks += '~';
  os << marks << '\n';
}

static void printPlace(llvm::raw_ostream &os, const SourceManager &sources,
                       Range range) {
  Position position = sources.getBegin(range);
  os << sources.getPath(position.file) << ':' << position.line << ':'
     << position.column << ": ";
}

void Diagnostics::printText(llvm::raw_ostream &os, const Diagnostic &d,
                            bool showRules) const {
  printPlace(os, sources, d.range);
  os << (d.isError() ? "error: " : "warning: ") << d.text;
  if (showRules)
    os << " [" << getLabel(d.rule) << ']';
  os << '\n';
  printSnippet(os, sources, d.range);
  for (size_t i = 0; i < std::min<size_t>(d.notes.size(), maxNotes); ++i) {
    printPlace(os, sources, d.notes[i].range ? d.notes[i].range : d.range);
    os << "note: " << d.notes[i].text << '\n';
  }
}

static llvm::json::Object getPlace(const SourceManager &sources, Range range) {
  Position begin = sources.getBegin(range), end = sources.getEnd(range);
  return llvm::json::Object{{"file", sources.getPath(begin.file)},
                            {"line", begin.line},
                            {"column", begin.column},
                            {"end_line", end.line},
                            {"end_column", end.column}};
}

void Diagnostics::printJSON(llvm::raw_ostream &os, const Diagnostic &d) const {
  llvm::json::Array notes, fixes;
  for (const Note &note : d.notes) {
    llvm::json::Object object =
        getPlace(sources, note.range ? note.range : d.range);
    object["text"] = note.text;
    notes.push_back(std::move(object));
  }
  for (const Fix &fix : d.fixes) {
    llvm::json::Object object = getPlace(sources, fix.range);
    object["replacement"] = fix.text;
    fixes.push_back(std::move(object));
  }
  llvm::json::Object object = getPlace(sources, d.range);
  object["severity"] = d.isError() ? "error" : "warning";
  object["rule"] = getLabel(d.rule);
  object["text"] = d.text;
  object["notes"] = std::move(notes);
  object["fixes"] = std::move(fixes);
  os << llvm::json::Value(std::move(object)) << '\n';
}
