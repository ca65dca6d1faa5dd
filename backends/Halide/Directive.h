// SPDX-License-Identifier: Apache-2.0
//
// One word of a schedule.

#ifndef LAMINA_BACKENDS_HALIDE_DIRECTIVE_H
#define LAMINA_BACKENDS_HALIDE_DIRECTIVE_H

#include <string>
#include <vector>

namespace lamina::halide {

/// `packed: vectorize(lane, 16)`, of the pure definition of a Func or of one of
/// its updates.
struct Directive {
  std::string step; ///< empty: the only one
  std::string func;
  int update = -1; ///< the number of the update; -1: the pure definition
  std::string name;
  std::vector<std::string> arguments;
  /// Where the word stands in a text, from 1; 0 if we wrote it.
  unsigned line = 0, column = 0;
};

using Directives = std::vector<Directive>;

/// What is wrong with a schedule, and where.
struct ScheduleFault {
  unsigned line = 0, column = 0;
  std::string message;
};

} // namespace lamina::halide

#endif // LAMINA_BACKENDS_HALIDE_DIRECTIVE_H
