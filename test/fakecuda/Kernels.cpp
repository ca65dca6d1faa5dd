// SPDX-License-Identifier: Apache-2.0
//
// Modules and kernels of the fake driver.
//
// The names and parameters of a module come from its PTX; what a kernel does
// comes from the library of emulated kernels, where the part of the name before
// the underscore, a hash of what the kernel is, is the same.

#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <deque>
#include <dlfcn.h>
#include <map>

#include "FakeCuda.h"

namespace fakecuda {

static std::string contentOf(const std::string &name) {
  return name.substr(0, name.find('_'));
}

/// The emulated kernels by what they are.
static const std::map<std::string, LaminaKernel> &emulatedKernels() {
  static const std::map<std::string, LaminaKernel> all = [] {
    std::map<std::string, LaminaKernel> found;
    const char *path = std::getenv("LAMINA_FAKE_CUDA_KERNELS");
    void *library = path ? ::dlopen(path, RTLD_NOW | RTLD_LOCAL) : nullptr;
    auto *image = static_cast<const LaminaImage *>(
        library ? ::dlsym(library, "lamina_image") : nullptr);
    if (!image) {
      std::fprintf(stderr, "fake driver: no library of kernels: %s\n",
                   path ? ::dlerror() : "LAMINA_FAKE_CUDA_KERNELS is not set");
      std::abort();
    }
    for (size_t i = 0; i < image->kernel_count; ++i) {
      const LaminaKernel &kernel = image->variants[0].kernels[i];
      Dl_info info{};
      if (::dladdr(reinterpret_cast<void *>(kernel.run), &info) &&
          info.dli_sname)
        found[contentOf(info.dli_sname)] = kernel;
    }
    return found;
  }();
  return all;
}

static size_t occurrences(const std::string &text, const char *word) {
  size_t found = 0;
  for (size_t at = text.find(word); at != std::string::npos;
       at = text.find(word, at + 1))
    ++found;
  return found;
}

struct Module {
  std::map<std::string, Function> functions;
};

/// Reads ".visible .entry NAME( parameters )" of a module.
static void readEntries(const std::string &ptx, Module &module) {
  const std::string start = ".visible .entry ";
  for (size_t at = ptx.find(start); at != std::string::npos;
       at = ptx.find(start, at + 1)) {
    size_t name = at + start.size(), open = ptx.find('(', name);
    std::string parameters = ptx.substr(open, ptx.find(')', open) - open);
    Function function;
    function.name = ptx.substr(name, open - name);
    size_t pointers = occurrences(parameters, ".ptr");
    function.buffers = pointers - 2; // the last are scalars and scratch
    function.maps = occurrences(parameters, "[128]");
    function.dims =
        occurrences(parameters, ".param") - pointers - function.maps;
    module.functions[function.name] = function;
  }
}

namespace {
/// What the fake driver encodes of a tensor map: where the tensor begins, and
/// how many bytes of it there are.
struct TensorMap {
  static constexpr uint64_t mark = 0x70616d726f736e74;
  uint64_t is, address, bytes;
};
} // namespace

/// Whether a kernel's parameter is a map of device memory.
static bool isMap(const void *parameter) {
  TensorMap map;
  std::memcpy(&map, parameter, sizeof map);
  return map.is == TensorMap::mark && hostAddress(map.address, map.bytes);
}

static bool isFinish(const std::string &name) {
  const std::string end = "_finish";
  return name.size() > end.size() &&
         name.compare(name.size() - end.size(), end.size(), end) == 0;
}

/// Runs the blocks one after another, each with its part of the scratch. A
/// kernel that takes maps is emulated in its plain flavour, which has other
/// blocks. A kernel of two grids is one item in the emulator: it runs when the
/// second one is launched.
Result runKernel(const Function &function, std::vector<uint64_t> values,
                 unsigned blocks) {
  size_t pointers = function.buffers + 2;
  std::vector<void *> buffers;
  for (size_t i = 0; i < function.buffers; ++i)
    buffers.push_back(hostAddress(values[i], 0));
  const auto *dims =
      reinterpret_cast<const int64_t *>(values.data() + function.buffers);
  int64_t scratchBytes = function.kernel.scratch(dims);
  size_t behind = function.buffers + function.dims;
  char *scalars = hostAddress(values[behind], 0);
  bool isOneItem = function.hasFinish || isFinish(function.name);
  char *scratch = hostAddress(values[behind + 1], uint64_t(scratchBytes) *
                                                      (isOneItem ? 1 : blocks));
  for (void *buffer : buffers)
    if (!buffer)
      return IllegalAddress;
  if (!scalars || (!scratch && scratchBytes > 0) ||
      values.size() != pointers + function.dims)
    return IllegalAddress;
  if (function.maps)
    blocks = unsigned(function.kernel.items(dims));
  if (function.hasFinish)
    return Success;
  if (isFinish(function.name)) {
    function.kernel.run(buffers.data(), dims, scalars, 0, 1, scratch);
    return Success;
  }
  if (int64_t(blocks) != function.kernel.items(dims))
    return InvalidValue;
  for (int64_t block = 0; block < int64_t(blocks); ++block)
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

Result cuModuleLoadDataEx(fakecuda::Module **module, const void *code,
                          unsigned options, int *names, void **values) {
  const char *text = static_cast<const char *>(code);
  if (std::memcmp(text, "\177ELF", 4) == 0)
    return NoBinaryForGpu;
  if (setting("refuse", 0)) {
    for (unsigned i = 0; i < options; ++i)
      if (names[i] == 5)
        std::strcpy(static_cast<char *>(values[i]),
                    "ptxas application ptx input, line 9; error   : Unknown "
                    "modifier '.v8'\nptxas fatal   : Ptx assembly aborted");
    return InvalidPtx;
  }
  *module = new fakecuda::Module;
  readEntries(text, **module);
  for (auto &entry : (*module)->functions) {
    auto found = emulatedKernels().find(contentOf(entry.first));
    if (found == emulatedKernels().end()) {
      std::fprintf(stderr, "fake driver: no emulated kernel for %s\n",
                   entry.first.c_str());
      return NotFound;
    }
    entry.second.kernel = found->second;
    entry.second.hasFinish =
        (*module)->functions.count(entry.first + "_finish") != 0;
  }
  return Success;
}

Result cuModuleUnload(fakecuda::Module *module) {
  delete module;
  return Success;
}

Result cuModuleGetFunction(Function **function, fakecuda::Module *module,
                           const char *name) {
  auto found = module->functions.find(name);
  if (found == module->functions.end())
    return NotFound;
  *function = &found->second;
  return Success;
}

Result cuFuncSetAttribute(Function *, int, int) { return Success; }

// Refuses what the driver refuses of our maps: bf16, boxes of 128 bytes.
Result cuTensorMapEncodeTiled(void *encoded, int type, unsigned rank,
                              uint64_t address, const uint64_t *sizes,
                              const uint64_t *strides, const unsigned *box,
                              const unsigned *elementStrides, int interleave,
                              int swizzle, int, int) {
  bool isGood = type == 9 && rank >= 2 && rank <= 5 && address % 16 == 0 &&
                interleave == 0 && swizzle == 3 && box[0] == 64 &&
                reinterpret_cast<uintptr_t>(encoded) % 64 == 0;
  uint64_t bytes = 2 * sizes[0];
  for (unsigned axis = 0; axis < rank; ++axis) {
    isGood &= sizes[axis] >= 1 && box[axis] >= 1 && box[axis] <= 256 &&
              elementStrides[axis] == 1;
    if (axis == 0)
      continue;
    isGood &= strides[axis - 1] % 16 == 0;
    bytes += (sizes[axis] - 1) * strides[axis - 1];
  }
  if (!isGood)
    return InvalidValue;
  TensorMap map{TensorMap::mark, address, bytes};
  std::memcpy(encoded, &map, sizeof map);
  count("tensor maps");
  return Success;
}

Result cuLaunchKernel(Function *function, unsigned gridX, unsigned, unsigned,
                      unsigned, unsigned, unsigned, unsigned, Stream *stream,
                      void **parameters, void **) {
  if (gridX == 0)
    return InvalidValue;
  std::vector<uint64_t> values;
  for (size_t i = 0; i < function->buffers + function->dims + 2; ++i)
    values.push_back(*static_cast<uint64_t *>(parameters[i]));
  for (size_t i = 0; i < function->maps; ++i)
    if (!isMap(parameters[values.size() + i]))
      return InvalidValue;
  return enqueue(stream, [=]() -> Result {
    count("kernels run");
    return isLost() ? Result(LaunchFailed)
                    : runKernel(*function, values, gridX);
  });
}

} // extern "C"
