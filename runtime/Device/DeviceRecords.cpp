// SPDX-License-Identifier: Apache-2.0
//
// What the walk over an entry asks of a device.

#include "runtime/Device/DevicePlayer.h"
#include "runtime/Device/TensorMaps.h"
#include "runtime/include/Error.h"

#include <algorithm>
#include <cstring>

namespace lamina {
namespace runtime {

/// A grid has one dimension.
static constexpr int64_t mostBlocks = INT32_MAX;

static cuda::Address address(const char *pointer) {
  return deviceAddress(pointer);
}

/// The next words of those that were planned, or sent just now.
cuda::Address DevicePlayer::scalarsFor(const std::vector<uint64_t> &values) {
  switch (mode) {
  case Mode::Plan:
    words.insert(words.end(), values.begin(), values.end());
    return 0;
  case Mode::Issue:
    return scalars->take(values.size());
  case Mode::Direct:
    return loose.sendNow(values);
  }
  return 0;
}

void DevicePlayer::launch(const Record<N> &record) {
  bool timed = watcher && mode != Mode::Plan;
  if (timed)
    clock.before(*record.site);
  for (const LaunchPart<N> &part : record.parts)
    launchPart(record, part);
  if (timed)
    clock.after();
}

/// The sizes of a launch. Those that the host computed are part of the pattern.
std::vector<int64_t> DevicePlayer::sizesOf(const LaunchPart<N> &part) {
  std::vector<N> dims;
  for (const Operand<N> &dim : part.dims) {
    dims.push_back(read(dim).asWhole());
    if (mode == Mode::Plan && dim.kind == OperandKind::Register)
      key.push_back(dims.back());
  }
  return dims;
}

void DevicePlayer::launchPart(const Record<N> &record,
                              const LaunchPart<N> &part) {
  const DeviceKernels::Kernel &kernel = kernels[record.index];
  std::vector<N> dims = sizesOf(part);
  writeScalars(part, tape.kernelScalars[record.index], launchWords);
  cuda::Address scalarAddress = scalarsFor(launchWords);
  N blocks = kernel.code->blocks(dims.data());
  N bytes = blocks * kernel.code->scratch(dims.data());
  if (blocks > mostBlocks)
    throw Error(join("a kernel of this run would take ", blocks,
                     " blocks, and a gpu takes ", mostBlocks));
  if (mode == Mode::Plan)
    scratchBytes = std::max(scratchBytes, bytes);
  if (mode == Mode::Plan || (blocks <= 0 && !kernel.finish))
    return;
  if (mode == Mode::Direct)
    reserve(scratch, bytes);
  std::vector<cuda::Address> arguments;
  for (const Address<N> &buffer : part.buffers)
    arguments.push_back(address(at(buffer)));
  arguments.insert(arguments.end(), dims.begin(), dims.end());
  arguments.push_back(scalarAddress);
  arguments.push_back(scratch.address());
  launchGrids(kernel, blocks, dims, arguments);
}

/// The grid of a kernel, and the one behind it if it has two. Both take the
/// same arguments, and maps of the tensors among them.
void DevicePlayer::launchGrids(const DeviceKernels::Kernel &kernel, N blocks,
                               const std::vector<N> &dims,
                               std::vector<cuda::Address> &arguments) {
  std::vector<void *> parameters;
  for (cuda::Address &argument : arguments)
    parameters.push_back(&argument);
  const LaminaLaunch &shape = *kernel.code->launch;
  std::vector<EncodedMap> maps =
      encodeMaps(gpu, shape, dims.data(), arguments.data());
  for (EncodedMap &map : maps)
    parameters.push_back(&map);
  auto launchGrid = [&](cuda::Function function, N count, int32_t shared) {
    if (count > 0)
      gpu.check(gpu.driver.launch(
          function, unsigned(count), 1, 1, unsigned(shape.threads), 1, 1,
          unsigned(shared), gpu.stream, parameters.data(), nullptr));
  };
  launchGrid(kernel.function, blocks, shape.shared_bytes);
  if (kernel.finish)
    launchGrid(kernel.finish, shape.finish(dims.data()), 0);
}

//===----------------------------------------------------------------------===//
// Memory
//===----------------------------------------------------------------------===//

void DevicePlayer::move(const std::vector<Move> &all) {
  std::vector<Move> moves;
  N total = 0;
  bool clash = plan(all, moves, total);
  if (clash && mode == Mode::Plan)
    movedBytes = std::max(movedBytes, total);
  if (mode == Mode::Plan)
    return;
  if (clash && mode == Mode::Direct)
    reserve(moved, total);
  auto send = [&](cuda::Address to, cuda::Address from, N bytes) {
    gpu.check(gpu.driver.copyOnDevice(to, from, size_t(bytes), gpu.stream));
  };
  cuda::Address kept = moved.address();
  for (Move &each : moves) {
    if (!clash) {
      send(address(each.to), address(each.from), each.bytes);
      continue;
    }
    send(kept, address(each.from), each.bytes);
    each.from = reinterpret_cast<const char *>(kept);
    kept += uint64_t(paddedBytes(each.bytes));
  }
  for (const Move &each : moves)
    if (clash)
      send(address(each.to), address(each.from), each.bytes);
}

void DevicePlayer::copy(const Move &one) { move({one}); }

void DevicePlayer::zero(char *to, N bytes) {
  if (mode != Mode::Plan && bytes > 0)
    gpu.check(gpu.driver.setBytes(address(to), 0, size_t(bytes), gpu.stream));
}

/// A value of the host travels with the scalars.
void DevicePlayer::put(Element element, char *to, const HostValue &value) {
  std::vector<uint64_t> words(2, 0);
  size_t bytes = size_t(bytesOf(element));
  storeValue(element, reinterpret_cast<char *>(words.data()), value);
  if (value.kind == RegisterKind::Key)
    bytes *= 2;
  cuda::Address from = scalarsFor(words);
  if (mode != Mode::Plan)
    gpu.check(gpu.driver.copyOnDevice(address(to), from, bytes, gpu.stream));
}

bool DevicePlayer::isSet(const char *word) {
  char value = 0;
  gpu.check(gpu.driver.copyToHost(&value, address(word), 1, gpu.stream));
  gpu.wait();
  return value != 0;
}

int64_t DevicePlayer::numberAt(const char *number) {
  N value = 0;
  gpu.check(
      gpu.driver.copyToHost(&value, address(number), sizeof value, gpu.stream));
  gpu.wait();
  return value;
}

} // namespace runtime
} // namespace lamina
