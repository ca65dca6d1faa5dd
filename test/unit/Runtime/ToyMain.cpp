// SPDX-License-Identifier: Apache-2.0
//
// The toy as a built program.
//
// What the driver links: `main` around `lamina_main`. `LAMINA_TOY_TAPE` names a
// file to play instead of the toy's own tape, for tests of broken ones.

#include "runtime/Files/Files.h"

#include <cstdlib>

#include "test/unit/Runtime/Toy.h"

int main(int argc, char **argv) {
  std::string tape = toy::tape();
  if (const char *path = std::getenv("LAMINA_TOY_TAPE")) {
    auto file = lamina::runtime::FileBytes::open(path);
    tape.assign(file.data(), file.size());
  }
  LaminaImage image = toy::image(tape);
  return lamina_main(argc, argv, &image);
}
