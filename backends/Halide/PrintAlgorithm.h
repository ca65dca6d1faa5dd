// SPDX-License-Identifier: Apache-2.0
//
// The algorithm of a step, to be read beside its schedule.

#ifndef LAMINA_BACKENDS_HALIDE_PRINTALGORITHM_H
#define LAMINA_BACKENDS_HALIDE_PRINTALGORITHM_H

#include "backends/Halide/Algorithm.h"

#include "llvm/Support/raw_ostream.h"

namespace lamina::halide {

/// Prints each Func of `step`, with its updates, as comments of a schedule.
void printAlgorithm(const Step &step, llvm::raw_ostream &out);

} // namespace lamina::halide

#endif // LAMINA_BACKENDS_HALIDE_PRINTALGORITHM_H
