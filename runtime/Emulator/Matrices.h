// SPDX-License-Identifier: Apache-2.0
//
// What a warp does with matrices.
//
// Which lane holds which number, as PTX lays fragments out. A word holds two
// bf16, the one with the smaller index in its low half.

#ifndef LAMINA_RUNTIME_EMULATOR_MATRICES_H
#define LAMINA_RUNTIME_EMULATOR_MATRICES_H

#include <cstdint>

namespace lamina::emulator {

constexpr int warpThreads = 32;

float fromBF16(uint16_t bits);

/// ldmatrix: `count` matrices of 8 × 8, of which lane 8 · j + i knows row i of
/// matrix j.
struct MatrixLoad {
  const void *row;
  uint32_t *words; ///< one a matrix
  int count;
  bool isTransposed;
  int op;
};
void loadMatrices(const MatrixLoad *const *lanes);

/// mma.m16n8k16 of bf16 with sums of f32.
struct Product {
  const uint32_t *a; ///< 4 words
  const uint32_t *b; ///< 2
  const float *c;    ///< 4
  float *sums;       ///< 4
};
void multiply(const Product *const *lanes);

} // namespace lamina::emulator

#endif // LAMINA_RUNTIME_EMULATOR_MATRICES_H
