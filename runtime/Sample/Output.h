// SPDX-License-Identifier: Apache-2.0
//
// Results of a sample, printed or written.
//
// A tensor as text for people, as text of a vocabulary, or as an NPY file.

#ifndef LAMINA_RUNTIME_SAMPLE_OUTPUT_H
#define LAMINA_RUNTIME_SAMPLE_OUTPUT_H

#include "runtime/Session/Session.h"

#include <string>
#include <vector>

namespace lamina {
namespace runtime {

struct OutputTensor {
  Element element = Element::F32;
  std::vector<int64_t> shape;
  std::vector<char> bytes;
  std::vector<int64_t>
      rowLengths; ///< of a ragged last axis; empty if it is not
};

/// Result `index` of a call, cut to the lengths that came with it.
OutputTensor outputOf(const Entry &entry, size_t index, const Results &results,
                      const SizeList &names, const SizeValues &sizes);

/// The first `length` places of `axis`, closed up.
void cutAxis(OutputTensor &tensor, size_t axis, int64_t length);

/// Rows of a text decoded, one below the other.
std::string textOf(const OutputTensor &tensor, const OutputPlan &plan);

/// Nested brackets, as numbers; a large tensor only says its shape.
std::string numbersOf(const OutputTensor &tensor);

} // namespace runtime
} // namespace lamina

#endif // LAMINA_RUNTIME_SAMPLE_OUTPUT_H
