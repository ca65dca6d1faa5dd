// SPDX-License-Identifier: Apache-2.0
//
// What is said to the user.
//
// Every part of the front end reports through one `Diagnostics`. A message is
// the situation with both values, notes say where each value came from, the
// last note is the way out:
//
//   diags.report(Rule::call_c2, arg, "the last dimension of 'x' is 64, and 3 "
//                                    "does not divide it")
//       .note(dim, "64 comes from here");
//
// Messages begin lower case, end without a full stop, and put what is written
// in the program in single quotes.

#ifndef LAMINA_FRONTEND_SOURCE_DIAGNOSTIC_H
#define LAMINA_FRONTEND_SOURCE_DIAGNOSTIC_H

#include "frontend/Source/SourceManager.h"

#include "llvm/ADT/Twine.h"

#include <deque>
#include <string>
#include <vector>

namespace llvm {
class raw_ostream;
} // namespace llvm

namespace lamina {

enum class Severity : uint8_t { Error, Warning };

/// The rules of Rules.def: `Rule::name_c1` is labelled "name.c1".
enum class Rule : uint16_t {
#define RULE(TOPIC, LABEL, SUMMARY) TOPIC##_##LABEL,
#include "frontend/Source/Rules.def"
};

/// "name.c1".
llvm::StringRef getLabel(Rule rule);
/// One line that says what the rule asks for.
llvm::StringRef getSummary(Rule rule);
/// Rules called `c` are errors, rules called `w` warnings.
Severity getSeverity(Rule rule);

struct Note {
  Range range; // unknown: at the place of its diagnostic
  std::string text;
};

/// Replacement of a stretch of text that repairs a mistake for certain.
struct Fix {
  Range range;
  std::string text;
};

struct Diagnostic {
  Rule rule;
  Range range;
  std::string text;
  std::vector<Note> notes;
  std::vector<Fix> fixes;

  Diagnostic &note(Range at, const llvm::Twine &what);
  Diagnostic &note(const llvm::Twine &what) { return note(Range(), what); }
  Diagnostic &fix(Range at, const llvm::Twine &replacement);
  bool isError() const { return getSeverity(rule) == Severity::Error; }
};

enum class DiagnosticFormat { Text, JSON };

class Diagnostics {
public:
  explicit Diagnostics(const SourceManager &sources) : sources(sources) {}

  /// Adds a diagnostic; the reference stays good until the phase ends.
  Diagnostic &report(Rule rule, Range range, const llvm::Twine &text);

  /// Sorts what this phase reported by file and place and drops repetitions.
  /// A later phase's diagnostics come after. Returns true if there was no
  /// error so far.
  bool endPhase();

  bool hasErrors() const { return numErrors != 0; }
  unsigned getNumErrors() const { return numErrors; }
  const std::deque<Diagnostic> &getAll() const { return all; }
  const SourceManager &getSources() const { return sources; }

  /// Ends the phase and prints everything: at most `maxErrors` errors, five
  /// notes each, then "and N more". Labels are shown if `showRules`.
  void print(llvm::raw_ostream &os,
             DiagnosticFormat format = DiagnosticFormat::Text,
             bool showRules = false);
  void clear();

  static constexpr unsigned maxErrors = 20;
  static constexpr unsigned maxNotes = 5;

private:
  void printText(llvm::raw_ostream &os, const Diagnostic &diagnostic,
                 bool showRules) const;
  void printJSON(llvm::raw_ostream &os, const Diagnostic &diagnostic) const;

  const SourceManager &sources;
  std::deque<Diagnostic> all;
  size_t phaseBegin = 0;
  unsigned numErrors = 0;
};

} // namespace lamina

#endif // LAMINA_FRONTEND_SOURCE_DIAGNOSTIC_H
