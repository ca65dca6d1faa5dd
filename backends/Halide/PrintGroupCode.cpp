// SPDX-License-Identifier: Apache-2.0
//
// A step in the languages of GPUs that programs do not carry.
//
// Metal's and WebGPU's are text. Vulkan's is SPIR-V, which Halide hands over
// inside of tables for its own run time; it is printed as the numbers that a C
// program includes.

#include "backends/Halide/PrintGroupCode.h"

#include "backends/Halide/CompileStep.h"

#include "llvm/Support/Endian.h"
#include "llvm/Support/Format.h"

using namespace mlir;
using Halide::Target;

namespace lamina::halide {

static Target machineOf(const Target &host, llvm::StringRef form) {
  Target machine = host;
  // Numbers of 64 bits, and indices of that width, are OpenCL's alone.
  for (Target::Feature feature :
       {Target::OpenCL, Target::CLDoubles, Target::LargeBuffers})
    machine.set_feature(feature, false);
  if (form == "metal")
    return machine.with_feature(Target::Metal);
  if (form == "webgpu")
    return machine.with_feature(Target::WebGPU);
  for (Target::Feature feature :
       {Target::Vulkan, Target::VulkanV13, Target::VulkanInt8,
        Target::VulkanInt16, Target::VulkanInt64})
    machine.set_feature(feature);
  return machine;
}

/// What a module of SPIR-V begins with.
static constexpr uint32_t spirvMagic = 0x07230203;
static constexpr size_t numbersOfLine = 6;

// The tables: the number of modules; of each the bytes of its part, the words
// of its name, and the name; then the parts, each of which ends with a module.
static void printSPIRV(llvm::StringRef bytes, llvm::raw_ostream &out) {
  std::vector<uint32_t> words;
  for (size_t at = 0; at + 4 <= bytes.size(); at += 4)
    words.push_back(llvm::support::endian::read32le(bytes.data() + at));
  size_t next = 1;
  std::vector<size_t> lengths;
  for (uint32_t i = 0; i < words.front(); ++i) {
    lengths.push_back(words[next] / 4);
    next += 2 + words[next + 1];
  }
  for (size_t length : lengths) {
    auto end = words.begin() + int64_t(next + length);
    auto start = std::find(words.begin() + int64_t(next), end, spirvMagic);
    out << "// " << end - start << " words\n";
    for (size_t i = 0; start + int64_t(i) < end; ++i)
      out << llvm::format_hex(start[int64_t(i)], 10)
          << ((i + 1) % numbersOfLine && start + int64_t(i + 1) < end ? ", "
                                                                      : ",\n");
    next += length;
  }
}

LogicalResult printGroupCode(Step &step, const Algorithm &algorithm,
                             const Target &host, kernel::FuncOp kernel,
                             llvm::StringRef form, llvm::raw_ostream &out) {
  auto code = compileForDevice(step, algorithm, machineOf(host, form), kernel);
  if (!code)
    return failure();
  if (form == "vulkan")
    printSPIRV(code->getBuffer(), out);
  else
    out << code->getBuffer().rtrim('\0') << "\n";
  return success();
}

} // namespace lamina::halide
