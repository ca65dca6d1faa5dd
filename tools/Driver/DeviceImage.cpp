// SPDX-License-Identifier: Apache-2.0
//
// The code for devices that a program carries.
//
// Text of single kernels -> one module -> packed; PTX also as cubins. One
// module packs to two thirds of many, and is one run of `ptxas` a processor.

#include "tools/Driver/DeviceImage.h"

#include "tools/Driver/KernelCache.h"

#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/Compression.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/FileUtilities.h"
#include "llvm/Support/Path.h"
#include "llvm/Support/Program.h"
#include "llvm/Support/raw_ostream.h"

#include <cstdlib>
#include <list>
#include <optional>

using namespace llvm;

namespace lamina::driver {

/// Where the header of a module ends that LLVM writes, and that Halide writes.
static StringRef lastOfHeader(StringRef chip) {
  return chip.starts_with("opencl")
             ? "__kernel void _at_least_one_kernel(int x) { }\n"
             : ".address_size 64\n";
}

static std::string joinModules(const DeviceKernels &kernels) {
  std::string all;
  StringRef lastOfHeader = driver::lastOfHeader(kernels.chip);
  for (StringRef text : kernels.texts) {
    size_t end = text.find(lastOfHeader);
    assert(end != StringRef::npos && "a module begins with a header");
    all += all.empty() ? text : text.drop_front(end + lastOfHeader.size());
  }
  return all;
}

static PackedCode pack(StringRef chip, bool isBinary, StringRef bytes) {
  SmallVector<uint8_t, 0> packed;
  compression::zlib::compress(arrayRefFromStringRef(bytes), packed,
                              compression::zlib::BestSizeCompression);
  return {chip.str(), isBinary, toStringRef(packed).str(), bytes.size()};
}

//===----------------------------------------------------------------------===//
// ptxas
//===----------------------------------------------------------------------===//

static std::string findAssembler() {
  if (const char *given = std::getenv("LAMINA_PTXAS"))
    return given;
  if (auto found = sys::findProgramByName("ptxas"))
    return *found;
  for (const char *variable : {"CUDA_HOME", "CUDA_PATH"})
    if (const char *home = std::getenv(variable))
      if (auto found =
              sys::findProgramByName("ptxas", {std::string(home) + "/bin"}))
        return *found;
  if (auto found = sys::findProgramByName("ptxas", {"/usr/local/cuda/bin"}))
    return *found;
  return "";
}

/// What tells one `ptxas` from another.
static std::string versionOf(const std::string &assembler) {
  sys::fs::file_status status;
  if (sys::fs::status(assembler, status))
    return assembler;
  return assembler + " " + utostr(status.getSize()) + " " +
         itostr(sys::toTimeT(status.getLastModificationTime()));
}

namespace {

/// One run of `ptxas`, beside others.
struct Assembly {
  std::string chip, cacheFile;
  std::string output, messages;
  sys::ProcessInfo process;
  FileRemover removeOutput, removeMessages;
};

} // namespace

static bool start(Assembly &run, const std::string &assembler,
                  StringRef source) {
  SmallString<128> output, messages;
  if (sys::fs::createTemporaryFile("lamina", "cubin", output) ||
      sys::fs::createTemporaryFile("lamina", "txt", messages))
    return false;
  run.output = std::string(output);
  run.messages = std::string(messages);
  run.removeOutput.setFile(run.output);
  run.removeMessages.setFile(run.messages);
  std::string chip = "-arch=" + run.chip;
  std::optional<StringRef> redirects[] = {StringRef(""), run.messages,
                                          run.messages};
  run.process =
      sys::ExecuteNoWait(assembler, {assembler, chip, source, "-o", run.output},
                         std::nullopt, redirects);
  return run.process.Pid != sys::ProcessInfo::InvalidPid;
}

/// The cubin; empty, after a line, if there is none.
static std::string finish(Assembly &run, const std::string &assembler) {
  sys::ProcessInfo ended = sys::Wait(run.process, std::nullopt);
  std::string cubin = ended.ReturnCode == 0 ? readBytes(run.output) : "";
  if (cubin.empty()) {
    std::string said = readBytes(run.messages);
    errs() << "lamina: '" << assembler << "' gives no code for " << run.chip
           << ", so the driver will compile it: "
           << StringRef(said).split('\n').first << "\n";
  }
  return cubin;
}

/// The processors that are served by code of `chip`: one of each generation.
static std::vector<std::string> processorsOf(StringRef chip) {
  if (chip == "sm_80")
    return {"sm_80", "sm_90"};
  return {chip.str()};
}

static void assemble(const std::string &text, StringRef chip,
                     const std::string &cacheFolder,
                     std::vector<PackedCode> &codes) {
  std::string assembler = findAssembler();
  SmallString<128> source;
  int file;
  if (assembler.empty() ||
      sys::fs::createTemporaryFile("lamina", "ptx", file, source))
    return;
  FileRemover removeSource(source);
  raw_fd_ostream(file, /*shouldClose=*/true) << text;
  std::string version = versionOf(assembler);
  std::list<Assembly> runs; // a FileRemover must stay where it is
  for (const std::string &processor : processorsOf(chip)) {
    Assembly &run = runs.emplace_back();
    run.chip = processor;
    if (!cacheFolder.empty())
      run.cacheFile =
          cacheFolder + "/" + hashOf(text + version + processor) + ".cubin";
    std::string cubin = readBytes(run.cacheFile);
    if (!cubin.empty())
      codes.push_back(pack(processor, true, cubin));
    if (!cubin.empty() || !start(run, assembler, source))
      runs.pop_back();
  }
  for (Assembly &run : runs) {
    std::string cubin = finish(run, assembler);
    if (cubin.empty())
      continue;
    writeBytes(run.cacheFile, cubin);
    codes.push_back(pack(run.chip, true, cubin));
  }
}

std::vector<PackedCode> packDeviceCode(const DeviceKernels &kernels,
                                       const std::string &cacheFolder) {
  std::string text = joinModules(kernels);
  std::vector<PackedCode> codes = {pack(kernels.chip, false, text)};
  if (!StringRef(kernels.chip).starts_with("opencl"))
    assemble(text, kernels.chip, cacheFolder, codes);
  return codes;
}

} // namespace lamina::driver
