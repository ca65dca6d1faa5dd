// SPDX-License-Identifier: Apache-2.0
//
// A tape as what a module is made of.
//
// The records of entries as the runtime reads them, and what its command line
// would do with parameters: defaults, names of weights in files. This side of
// the interface has no LLVM in it, because the runtime's readers throw.

#ifndef LAMINA_TOOLS_WASM_READPROGRAM_H
#define LAMINA_TOOLS_WASM_READPROGRAM_H

#include "runtime/Executor/Tape.h"
#include "runtime/Session/FileParts.h"

#include <optional>
#include <string>
#include <vector>

namespace lamina::wasm {

/// The value of a parameter that is not given.
struct DefaultValue {
  bool isThere = false;
  std::vector<int64_t> shape;
  std::vector<char> bytes;
};

/// A tensor of the checkpoint.
struct ModuleWeight {
  runtime::FilePart part;
  size_t variable;
};

/// The length of an axis: `scale` times a named size, and `plus`.
struct AxisLength {
  int64_t scale = 0, plus = 0;
  size_t size = runtime::none; ///< if there is one
};

/// Nothing for a length that is no such form.
std::optional<AxisLength> axisOf(const runtime::Expression &length);

/// What the host calls.
struct PublicEntry {
  size_t entry;
  std::string name;
  const runtime::SamplePlan *sample = nullptr; ///< null: a function
  std::vector<DefaultValue> defaults;          ///< of the entry's arguments
};

struct ModuleProgram {
  runtime::Program program;
  runtime::Tape tape;
  std::vector<PublicEntry> entries;
  std::vector<ModuleWeight> weights;
  std::vector<int64_t> variableBytes;
};

/// Reads a tape that the compiler wrote. False with a sentence for what the
/// file says and a module cannot do.
bool readProgram(const std::string &tape, ModuleProgram &result,
                 std::string &why);

} // namespace lamina::wasm

#endif // LAMINA_TOOLS_WASM_READPROGRAM_H
