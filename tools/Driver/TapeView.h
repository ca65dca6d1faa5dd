// SPDX-License-Identifier: Apache-2.0
//
// A tape read for people.
//
// The compiler's own look at the JSON of docs/tape.md: sizes at their usual
// values, cost of kernels, slots of entries.

#ifndef LAMINA_TOOLS_DRIVER_TAPEVIEW_H
#define LAMINA_TOOLS_DRIVER_TAPEVIEW_H

#include "llvm/ADT/StringMap.h"
#include "llvm/ADT/StringRef.h"
#include "llvm/Support/JSON.h"

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

namespace lamina::driver {

struct TapeVariable {
  std::string name, role, element;
  std::vector<int64_t> shape;
  int64_t elements() const;
  int64_t bytes() const;
};

/// One kernel of an entry, with all its launches of one run of the entry.
struct KernelUse {
  std::string name, kind;
  std::vector<std::string> lines;
  int64_t launches = 0;
  double flops = 0, bytes = 0;
};

class TapeView {
public:
  /// `text` is a tape that the compiler wrote itself.
  explicit TapeView(llvm::StringRef text);

  std::vector<TapeVariable> variables() const;
  /// Titles of all entries, and of their forms: "train.step on gpu".
  std::vector<std::string> entries() const;
  std::vector<std::string> sizeNames() const;
  /// The kernels of entry `index`, dearest first.
  std::vector<KernelUse> kernelsOf(size_t index) const;
  /// Run-time sizes of kernel `name` in the largest of its launches.
  std::vector<int64_t> usualDims(llvm::StringRef name) const;
  /// Bytes of the arena of entry `index`.
  int64_t arenaOf(size_t index) const;
  /// "batch = 12, length = 200".
  std::string usualSizes() const;

private:
  struct Entry {
    std::string title;
    const llvm::json::Object *json;
  };
  int64_t evaluate(const llvm::json::Value &expression) const;
  void visitLaunches(const llvm::json::Array &body, int64_t times,
                     const std::function<void(const llvm::json::Object &,
                                              int64_t)> &visit) const;

  llvm::json::Value tape;
  std::vector<Entry> forms; ///< of all entries
  llvm::StringMap<int64_t> sizes;
};

} // namespace lamina::driver

#endif // LAMINA_TOOLS_DRIVER_TAPEVIEW_H
