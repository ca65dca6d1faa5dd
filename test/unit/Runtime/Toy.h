// SPDX-License-Identifier: Apache-2.0
//
// A program written by hand.
//
// A model small enough to write its tape and kernels by hand: a table of 256
// numbers learns to predict the next byte of a text. With momentum, a random
// draw in each step, a report on a held-out split and two samples, it uses
// every part of the runtime. Shared by the unit tests and by `lamina-toy`.

#ifndef LAMINA_TEST_UNIT_RUNTIME_TOY_H
#define LAMINA_TEST_UNIT_RUNTIME_TOY_H

#include "runtime/ABI/Kernel.h"

#include <string>
#include <vector>

namespace toy {

const std::string &tape();
const std::vector<LaminaKernel> &kernels();

/// The toy with this tape, which outlives the image.
LaminaImage image(const std::string &tape);

} // namespace toy

#endif // LAMINA_TEST_UNIT_RUNTIME_TOY_H
