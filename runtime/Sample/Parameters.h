// SPDX-License-Identifier: Apache-2.0
//
// Values for the parameters of a sample.
//
// Text of a flag, or a `.npy` file, as a tensor of the type that an entry
// takes.

#ifndef LAMINA_RUNTIME_SAMPLE_PARAMETERS_H
#define LAMINA_RUNTIME_SAMPLE_PARAMETERS_H

#include "runtime/Program/Program.h"

#include <string>
#include <vector>

namespace lamina {
namespace runtime {

struct InputTensor {
  std::vector<int64_t> shape;
  std::vector<char> bytes;
};

/// The value of `parameter` as its `type`. Texts of several flags are rows.
/// Throws with the flag's name.
InputTensor parseParameter(const ParameterPlan &parameter, const Type &type,
                           const std::vector<std::string> &texts);

/// Binds the named sizes of `type` to `shape`; throws an error that begins with
/// `name` if they do not fit.
void bindShape(const std::string &name, const Type &type,
               const std::vector<int64_t> &shape, const SizeList &names,
               SizeValues &sizes);

} // namespace runtime
} // namespace lamina

#endif // LAMINA_RUNTIME_SAMPLE_PARAMETERS_H
