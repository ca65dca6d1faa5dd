// SPDX-License-Identifier: Apache-2.0
//
// From scheduled Funcs to a module of LLVM.
//
// Halide's LLVM is inside of libHalide and an older one than ours, so a module
// goes from one to the other as bitcode, which newer versions read. Errors of
// Halide are exceptions; they end here.

#include "backends/Halide/CompileStep.h"

#include "llvm/Bitcode/BitcodeReader.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/FileUtilities.h"
#include "llvm/Support/MemoryBuffer.h"
#include "llvm/TargetParser/Triple.h"

using namespace mlir;
using Halide::Target;

namespace lamina::halide {

std::optional<Target> makeTarget(const TargetModel &model) {
  llvm::Triple triple(model.triple);
  std::vector<Target::Feature> features{
      Target::NoRuntime, Target::NoAsserts, Target::NoBoundsQuery,
      Target::StrictFloat, Target::LargeBuffers};
  if (triple.getArch() == llvm::Triple::aarch64)
    return Target(Target::Linux, Target::ARM, 64, features);
  if (triple.getArch() == llvm::Triple::wasm32)
    return Target(Target::WebAssemblyRuntime, Target::WebAssembly, 32,
                  {Target::NoRuntime, Target::NoAsserts, Target::NoBoundsQuery,
                   Target::StrictFloat, Target::WasmSimd128,
                   Target::WasmBulkMemory});
  if (triple.getArch() != llvm::Triple::x86_64)
    return std::nullopt;
  if (model.vectorBits >= 256)
    features.insert(features.end(), {Target::SSE41, Target::AVX, Target::AVX2,
                                     Target::FMA, Target::F16C});
  if (model.vectorBits >= 512)
    features.insert(features.end(), {Target::AVX512, Target::AVX512_Skylake});
  return Target(Target::Linux, Target::X86, 64, features);
}

void describeOut(Step &step, const Algorithm &algorithm) {
  auto sizeOf = [&](const cpu::Extent &extent) {
    Halide::Expr fixed = int32_t(extent.plus);
    if (extent.isFixed())
      return fixed;
    Halide::Expr dim = algorithm.arguments.dims[size_t(extent.dim)];
    return dim * int32_t(extent.scale) + fixed;
  };
  for (Halide::OutputImageParam out : step.out.output_buffers()) {
    Halide::Expr stride = 1;
    size_t rank = step.shape.size();
    for (size_t axis = rank; axis-- > 0;) {
      auto dim = out.dim(int(rank - 1 - axis));
      dim.set_stride(stride);
      stride = Halide::Internal::simplify(stride * sizeOf(step.shape[axis]));
      Halide::Expr start = 0;
      bool isCut = false;
      for (auto [number, cut] : llvm::enumerate(step.cuts)) {
        if (cut.first != axis)
          continue;
        isCut = true;
        start = algorithm.arguments.starts[number];
        int32_t multiple = int32_t(algorithm.grid[number].multiple);
        if (cut.second != 1)
          start = start / int32_t(cut.second);
        else if (multiple != 1)
          start = start / multiple * multiple;
      }
      // Outs after the first are where the first one is.
      if (out.name() != step.out.output_buffers().front().name())
        continue;
      dim.set_min(start);
      if (!isCut)
        dim.set_extent(sizeOf(step.shape[axis]));
    }
  }
}

static std::vector<Halide::Argument> argumentsOf(const Step &step,
                                                 const Algorithm &algorithm) {
  std::vector<Halide::Argument> all;
  for (const Input &input : step.inputs)
    all.push_back(input.param);
  for (const auto &dim : algorithm.arguments.dims)
    all.push_back(dim);
  for (const auto &scalar : algorithm.arguments.scalars)
    all.emplace_back(scalar.name(), Halide::Argument::InputScalar,
                     scalar.type(), 0, Halide::ArgumentEstimates{});
  for (const auto &start : algorithm.arguments.starts)
    all.push_back(start);
  all.push_back(algorithm.arguments.never);
  return all;
}

// What a schedule makes of a kernel only Halide knows, and it says what would
// do; a kernel with a written schedule is compiled.
static LogicalResult reportError(kernel::FuncOp kernel, StringRef said) {
  auto text = kernel->getAttrOfType<StringAttr>("kernel.schedule");
  auto file = kernel->getAttrOfType<StringAttr>("kernel.schedule_file");
  if (!text || !file)
    return kernel.emitOpError("is not compiled by halide: ") << said;
  size_t line =
      text.getValue().take_while([](char c) { return c == '\n'; }).size();
  return emitError(FileLineColLoc::get(file, unsigned(line), 1))
         << "halide does not take this schedule: " << said.rtrim();
}

static LogicalResult lower(Step &step, const Algorithm &algorithm,
                           const Target &target, kernel::FuncOp kernel,
                           Halide::OutputFileType type,
                           const std::string &path) {
  try {
    describeOut(step, algorithm);
    Halide::Pipeline(step.out).compile_to(
        {{type, path}}, argumentsOf(step, algorithm), step.name, target);
  } catch (const Halide::Error &error) {
    return reportError(kernel, error.what());
  }
  return success();
}

/// Lowers into a file, and returns what it has.
static std::unique_ptr<llvm::MemoryBuffer>
lowerToMemory(Step &step, const Algorithm &algorithm, const Target &target,
              kernel::FuncOp kernel, Halide::OutputFileType type,
              StringRef suffix) {
  SmallString<128> path;
  if (std::error_code error =
          llvm::sys::fs::createTemporaryFile("lamina-halide", suffix, path)) {
    kernel.emitOpError("has no room for a temporary file: ") << error.message();
    return nullptr;
  }
  llvm::FileRemover remover(path);
  if (failed(lower(step, algorithm, target, kernel, type, path.str().str())))
    return nullptr;
  auto buffer = llvm::MemoryBuffer::getFile(path);
  if (buffer)
    return std::move(*buffer);
  kernel.emitOpError("has no code in '") << path << "'";
  return nullptr;
}

std::unique_ptr<llvm::Module>
compileStep(Step &step, const Algorithm &algorithm, const Target &target,
            kernel::FuncOp kernel, llvm::LLVMContext &context) {
  auto buffer = lowerToMemory(step, algorithm, target, kernel,
                              Halide::OutputFileType::bitcode, "bc");
  if (!buffer)
    return nullptr;
  auto module = llvm::parseBitcodeFile(*buffer, context);
  if (module)
    return std::move(*module);
  kernel.emitOpError("has bitcode that this LLVM does not read: ")
      << llvm::toString(module.takeError());
  return nullptr;
}

std::unique_ptr<llvm::MemoryBuffer> compileForDevice(Step &step,
                                                     const Algorithm &algorithm,
                                                     const Target &target,
                                                     kernel::FuncOp kernel) {
  return lowerToMemory(step, algorithm, target, kernel,
                       Halide::OutputFileType::device_code, "code");
}

LogicalResult printStep(Step &step, const Algorithm &algorithm,
                        const Target &target, kernel::FuncOp kernel,
                        StringRef kind, llvm::raw_ostream &out) {
  bool isHtml = kind == "html";
  auto buffer = lowerToMemory(step, algorithm, target, kernel,
                              isHtml ? Halide::OutputFileType::stmt_html
                                     : Halide::OutputFileType::stmt,
                              isHtml ? "html" : "stmt");
  if (!buffer)
    return failure();
  out << buffer->getBuffer();
  return success();
}

} // namespace lamina::halide
