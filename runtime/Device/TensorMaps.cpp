// SPDX-License-Identifier: Apache-2.0
//
// Tensors as the copy engine of a GPU sees them.

#include "runtime/Device/TensorMaps.h"

#include <algorithm>
#include <cstdint>

namespace lamina {
namespace runtime {

using namespace cuda;

/// The driver's numbers for what all our maps have in common.
static constexpr int typeBF16 = 9, interleaveNone = 0, swizzle128 = 3,
                     promote128 = 2, zerosOutside = 0;

static EncodedMap encode(const Gpu &gpu, const LaminaTensorMap &map,
                         Address tensor) {
  uint64_t sizes[LAMINA_TENSOR_MAP_AXES], strides[LAMINA_TENSOR_MAP_AXES];
  unsigned box[LAMINA_TENSOR_MAP_AXES], ones[LAMINA_TENSOR_MAP_AXES];
  std::copy_n(map.sizes, map.rank, sizes);
  // The stride of the axis of neighbours goes without saying.
  std::copy_n(map.strides + 1, map.rank - 1, strides);
  std::copy_n(map.box, map.rank, box);
  std::fill_n(ones, map.rank, 1u);
  EncodedMap encoded{};
  gpu.check(gpu.driver.encodeTensorMap(
      encoded.bits, typeBF16, unsigned(map.rank), tensor, sizes, strides, box,
      ones, interleaveNone, swizzle128, promote128, zerosOutside));
  return encoded;
}

std::vector<EncodedMap> encodeMaps(const Gpu &gpu, const LaminaLaunch &launch,
                                   const int64_t *dims,
                                   const Address *buffers) {
  if (launch.map_count == 0)
    return {};
  std::vector<LaminaTensorMap> maps(size_t(launch.map_count));
  launch.maps(dims, maps.data());
  std::vector<EncodedMap> encoded;
  for (const LaminaTensorMap &map : maps)
    encoded.push_back(encode(gpu, map, buffers[map.buffer]));
  return encoded;
}

} // namespace runtime
} // namespace lamina
