// SPDX-License-Identifier: Apache-2.0
//
// Mistakes of the user, as exceptions.
//
// Whatever a user can cause (a missing file, a broken checkpoint, a wrong flag)
// is thrown as `Error` and printed in one place, `lamina_main`, which turns it
// into an exit code. What only we can cause is an assert.

#ifndef LAMINA_RUNTIME_INCLUDE_ERROR_H
#define LAMINA_RUNTIME_INCLUDE_ERROR_H

#include <cstdint>
#include <exception>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

namespace lamina {
namespace runtime {

/// The exit codes of a built program.
enum ExitCode {
  ExitOk = 0,
  ExitBadInput = 1,
  ExitMisuse = 2,
  ExitInterrupted = 130
};

/// A sentence in lower case without a full stop, and notes that say where the
/// values in it came from and what to do.
class Error : public std::exception {
public:
  explicit Error(std::string message, int exitCode = ExitBadInput)
      : message(std::move(message)), exitCode(exitCode) {}

  Error &note(std::string text) {
    notes.push_back(std::move(text));
    return *this;
  }
  const char *what() const noexcept override { return message.c_str(); }

  /// "error: …" and a line "note: …" for each note, as they are printed.
  std::string render() const;

  std::string message;
  std::vector<std::string> notes;
  int exitCode;
};

namespace detail {
std::string toText(double value);
std::string toText(float value);
inline void append(std::string &out, const std::string &part) { out += part; }
inline void append(std::string &out, const char *part) { out += part; }
inline void append(std::string &out, char part) { out += part; }
inline void append(std::string &out, bool part) {
  out += part ? "true" : "false";
}
template <typename T>
std::enable_if_t<std::is_arithmetic<T>::value> append(std::string &out,
                                                      T part) {
  if constexpr (std::is_floating_point<T>::value)
    out += toText(part);
  else
    out += std::to_string(part);
}
} // namespace detail

/// Joins texts and numbers: `join("step ", 3)`.
template <typename... Parts>
std::string join(const Parts &...parts) {
  std::string out;
  (detail::append(out, parts), ...);
  return out;
}

/// `'text'`, with control characters and bytes that are no UTF-8 written as
/// escapes and a long text cut, so that a message stays one readable line.
std::string quote(const std::string &text);

/// "1 record", "2 records".
std::string counted(int64_t n, const char *noun);

/// A number of bytes for people: "12.5 MiB".
std::string byteSize(int64_t bytes);

/// The names of `known` that are one or two letters away from `name`, best
/// first, as a note: "did you mean 'steps'?"; empty if there is none.
std::string nearestName(const std::string &name,
                        const std::vector<std::string> &known);

} // namespace runtime
} // namespace lamina

#endif // LAMINA_RUNTIME_INCLUDE_ERROR_H
