// SPDX-License-Identifier: Apache-2.0
//
// Flags of a subcommand.
//
// What a subcommand takes and what was given. Mistakes name the flag, what it
// takes and, for a misspelt one, what may have been meant; they exit with 2.

#ifndef LAMINA_RUNTIME_COMMANDLINE_FLAGS_H
#define LAMINA_RUNTIME_COMMANDLINE_FLAGS_H

#include "runtime/include/Error.h"

#include <map>
#include <string>
#include <vector>

namespace lamina {
namespace runtime {

struct FlagSpec {
  std::string name; ///< without dashes
  /// What it takes, for the help: "FILE"; empty: a switch; "[=FILE]": a switch
  /// that may have a value.
  std::string value;
  std::string help;
  bool repeats = false;
  bool hidden = false; ///< known, so that its misuse is explained; not in help
};

class Flags {
public:
  /// Parses what follows the subcommand `command`. `--help` is always known.
  /// One word without dashes is taken if `operand` names it.
  Flags(const std::string &command, std::vector<FlagSpec> specs,
        const std::vector<std::string> &arguments,
        const std::string &operand = "");

  bool has(const std::string &name) const { return values.count(name) != 0; }
  std::string text(const std::string &name,
                   const std::string &fallback = "") const;
  const std::vector<std::string> &all(const std::string &name) const;
  /// A whole number of at least `low`.
  int64_t number(const std::string &name, int64_t fallback, int64_t low) const;
  const std::string &operand() const { return word; }

  bool helpWanted() const { return has("help"); }
  /// "  --data FILE    …", a line a flag.
  std::string help() const;

private:
  const FlagSpec &specOf(const std::string &name) const;
  void takeOperand(const std::string &argument, const std::string &operand);

  std::string command;
  std::vector<FlagSpec> specs;
  std::map<std::string, std::vector<std::string>> values;
  std::string word;
};

/// `text` as a number; false if it is none.
bool parseReal(const std::string &text, double &value);
bool parseInt(const std::string &text, int64_t &value);

} // namespace runtime
} // namespace lamina

#endif // LAMINA_RUNTIME_COMMANDLINE_FLAGS_H
