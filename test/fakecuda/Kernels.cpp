// SPDX-License-Identifier: Apache-2.0
//
// Launches of the fake driver.
//
// A launch with the parameters of a kernel in, the work of the emulated kernel
// out. Tensor maps are what the driver encoded: the emulator copies by them.

#include <cstring>

#include "FakeCuda.h"

namespace fakecuda {

namespace {
/// What the fake driver encodes of a tensor map, in 128 bytes.
struct EncodedMap {
  static constexpr uint64_t mark = 0x70616d726f736e74;
  uint64_t is, address, bytes;
  uint64_t strides[LAMINA_TENSOR_MAP_AXES];
  uint32_t sizes[LAMINA_TENSOR_MAP_AXES];
  uint16_t box[LAMINA_TENSOR_MAP_AXES];
  uint8_t rank;
};
static_assert(sizeof(EncodedMap) <= 128, "maps have 128 bytes");

struct Launch {
  const Function *function;
  std::vector<uint64_t> values; ///< parameters of 8 bytes
  std::vector<EncodedMap> maps;
  unsigned blocks;
};
} // namespace

/// Lets the emulator copy by the launch's maps until it is told others.
static Result giveMaps(const std::vector<EncodedMap> &encoded) {
  static const auto give =
      reinterpret_cast<decltype(&lamina_emulator_give_maps)>(
          libraryFunction("lamina_emulator_give_maps"));
  std::vector<LaminaTensorMap> maps;
  std::vector<const void *> tensors;
  for (const EncodedMap &each : encoded) {
    LaminaTensorMap map{};
    for (int axis = 0; axis < each.rank; ++axis) {
      map.sizes[axis] = each.sizes[axis];
      map.strides[axis] = int64_t(each.strides[axis]);
      map.box[axis] = each.box[axis];
    }
    map.rank = each.rank;
    maps.push_back(map);
    tensors.push_back(hostAddress(each.address, each.bytes));
    if (!tensors.back())
      return IllegalAddress;
  }
  give(maps.data(), tensors.data(), int32_t(maps.size()));
  return Success;
}

/// Runs the blocks one after another, each with its part of the scratch. A
/// kernel of two grids is one item in the emulator: it runs when the second one
/// is launched.
static Result run(const Launch &launch) {
  const Function &function = *launch.function;
  const std::vector<uint64_t> &values = launch.values;
  size_t count = function.pointers - 2;
  std::vector<void *> buffers;
  for (size_t i = 0; i < count; ++i)
    buffers.push_back(hostAddress(values[i], 0));
  const auto *dims = reinterpret_cast<const int64_t *>(values.data() + count);
  int64_t scratchBytes = function.kernel.scratch(dims);
  bool isOneItem = function.hasFinish || function.isFinish;
  char *scalars = hostAddress(values[count + function.dims], 0);
  char *scratch =
      hostAddress(values[count + function.dims + 1],
                  uint64_t(scratchBytes) * (isOneItem ? 1 : launch.blocks));
  for (void *buffer : buffers)
    if (!buffer)
      return IllegalAddress;
  if (!scalars || (!scratch && scratchBytes > 0))
    return IllegalAddress;
  if (function.hasFinish)
    return Success;
  int64_t blocks = isOneItem ? 1 : int64_t(launch.blocks);
  if (blocks != function.kernel.items(dims))
    return InvalidValue;
  if (Result result = giveMaps(launch.maps))
    return result;
  for (int64_t block = 0; block < blocks; ++block)
    function.kernel.run(buffers.data(), dims, scalars, block, block + 1,
                        scratch + block * scratchBytes);
  return Success;
}

/// Whether this launch is the one at which the device is to be lost.
static bool isLost() {
  static int64_t launches = 0;
  return ++launches == setting("lost", -1);
}

} // namespace fakecuda

using namespace fakecuda;

extern "C" {

// Refuses what the driver refuses of our maps: bf16, boxes of 128 bytes.
Result cuTensorMapEncodeTiled(void *encoded, int type, unsigned rank,
                              uint64_t address, const uint64_t *sizes,
                              const uint64_t *strides, const unsigned *box,
                              const unsigned *elementStrides, int interleave,
                              int swizzle, int, int) {
  bool isGood = type == 9 && rank >= 2 && rank <= 5 && address % 16 == 0 &&
                interleave == 0 && swizzle == 3 && box[0] == 64 &&
                reinterpret_cast<uintptr_t>(encoded) % 64 == 0;
  if (!isGood)
    return InvalidValue;
  EncodedMap map{};
  map.is = EncodedMap::mark;
  map.address = address;
  map.rank = uint8_t(rank);
  for (unsigned axis = 0; axis < rank; ++axis) {
    map.sizes[axis] = uint32_t(sizes[axis]);
    map.strides[axis] = axis ? strides[axis - 1] : 2;
    map.box[axis] = uint16_t(box[axis]);
    map.bytes += (sizes[axis] - 1) * map.strides[axis];
    isGood &= sizes[axis] >= 1 && sizes[axis] <= UINT32_MAX && box[axis] >= 1 &&
              box[axis] <= 256 && elementStrides[axis] == 1 &&
              (axis == 0 || map.strides[axis] % 16 == 0);
  }
  map.bytes += 2;
  if (!isGood)
    return InvalidValue;
  std::memcpy(encoded, &map, sizeof map);
  count("tensor maps");
  return Success;
}

Result cuLaunchKernel(Function *function, unsigned gridX, unsigned, unsigned,
                      unsigned blockX, unsigned, unsigned, unsigned sharedBytes,
                      Stream *stream, void **parameters, void **) {
  if (gridX == 0 || !function->grid ||
      int32_t(blockX) != function->grid->threads ||
      int32_t(sharedBytes) > function->grid->shared_bytes)
    return InvalidValue;
  Launch launch{function, {}, {}, gridX};
  size_t words = function->pointers + function->dims;
  for (size_t i = 0; i < words; ++i)
    launch.values.push_back(*static_cast<uint64_t *>(parameters[i]));
  for (size_t i = 0; i < function->maps; ++i) {
    EncodedMap map;
    std::memcpy(&map, parameters[words + i], sizeof map);
    if (map.is != EncodedMap::mark)
      return InvalidValue;
    launch.maps.push_back(map);
  }
  return enqueue(stream, [launch]() -> Result {
    count("kernels run");
    return isLost() ? Result(LaunchFailed) : run(launch);
  });
}

} // extern "C"
