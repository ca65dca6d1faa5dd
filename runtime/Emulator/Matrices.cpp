// SPDX-License-Identifier: Apache-2.0
//
// What a warp does with matrices.

#include "runtime/Emulator/Matrices.h"

#include <cstring>

namespace lamina::emulator {

float fromBF16(uint16_t bits) {
  uint32_t word = uint32_t(bits) << 16;
  float number;
  std::memcpy(&number, &word, sizeof number);
  return number;
}

static float low(uint32_t word) { return fromBF16(uint16_t(word)); }
static float high(uint32_t word) { return fromBF16(uint16_t(word >> 16)); }

void loadMatrices(const MatrixLoad *const *lanes) {
  for (int j = 0; j < lanes[0]->count; ++j) {
    uint16_t matrix[8][8];
    for (int i = 0; i < 8; ++i)
      std::memcpy(matrix[i], lanes[8 * j + i]->row, sizeof matrix[i]);
    for (int lane = 0; lane < warpThreads; ++lane) {
      int row = lane / 4, column = 2 * (lane % 4);
      bool turned = lanes[0]->isTransposed;
      uint16_t first = turned ? matrix[column][row] : matrix[row][column];
      uint16_t second =
          turned ? matrix[column + 1][row] : matrix[row][column + 1];
      lanes[lane]->words[j] = first | uint32_t(second) << 16;
    }
  }
}

void multiply(const Product *const *lanes) {
  float a[16][16], b[16][8];
  for (int lane = 0; lane < warpThreads; ++lane) {
    int group = lane / 4, pair = 2 * (lane % 4);
    for (int word = 0; word < 4; ++word) {
      float *to = &a[group + 8 * (word % 2)][pair + 8 * (word / 2)];
      to[0] = low(lanes[lane]->a[word]);
      to[1] = high(lanes[lane]->a[word]);
    }
    for (int word = 0; word < 2; ++word) {
      b[pair + 8 * word][group] = low(lanes[lane]->b[word]);
      b[pair + 8 * word + 1][group] = high(lanes[lane]->b[word]);
    }
  }
  for (int lane = 0; lane < warpThreads; ++lane)
    for (int i = 0; i < 4; ++i) {
      int row = lane / 4 + 8 * (i / 2), column = 2 * (lane % 4) + i % 2;
      float sum = lanes[lane]->c[i];
      for (int k = 0; k < 16; ++k)
        sum += a[row][k] * b[k][column];
      lanes[lane]->sums[i] = sum;
    }
}

} // namespace lamina::emulator
