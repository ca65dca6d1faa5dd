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
#include "llvm/Support/Signals.h"
#include "llvm/Support/raw_ostream.h"

#include <cstdlib>
#include <optional>

using namespace llvm;

namespace lamina::driver {

/// Where the header of a module ends that LLVM writes, and that Halide writes.
static StringRef lastOfHeader(StringRef chip) {
  return chip.starts_with("opencl")
             ? "__kernel void _at_least_one_kernel(int x) { }\n"
             : ".address_size 64\n";
}

static std::string joinModules(StringRef chip,
                               const std::vector<std::string> &texts) {
  std::string all;
  StringRef lastOfHeader = driver::lastOfHeader(chip);
  for (StringRef text : texts) {
    size_t end = text.find(lastOfHeader);
    assert(end != StringRef::npos && "a module begins with a header");
    all += all.empty() ? text : text.drop_front(end + lastOfHeader.size());
  }
  return all;
}

static PackedCode pack(StringRef chip, bool isBinary, StringRef bytes) {
  SmallVector<uint8_t, 0> packed;
  compression::zlib::compress(arrayRefFromStringRef(bytes), packed,
                              compression::zlib::DefaultCompression);
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

/// A file that goes with its owner, or with the compiler when that is stopped.
class TemporaryFile {
public:
  explicit TemporaryFile(StringRef suffix) {
    if (sys::fs::createTemporaryFile("lamina", suffix, name))
      return;
    remover.setFile(name);
    sys::RemoveFileOnSignal(name);
  }
  ~TemporaryFile() { sys::DontRemoveFileOnSignal(name); }

  bool isMade() const { return !name.empty(); }
  StringRef path() const { return name; }
  bool write(StringRef text) const {
    std::error_code error;
    raw_fd_ostream out(name, error);
    out << text;
    out.close();
    bool isWritten = !error && !out.has_error();
    out.clear_error();
    return isWritten;
  }

private:
  SmallString<128> name;
  FileRemover remover;
};

} // namespace

/// What `assembler` makes of `text`; empty if it makes nothing, and why then in
/// `message`: the first line of what it says, or how it ended.
static std::string runAssembler(const std::string &assembler, StringRef text,
                                StringRef processor, std::string &message) {
  TemporaryFile source("ptx"), output("cubin"), messages("txt");
  if (!source.isMade() || !output.isMade() || !messages.isMade() ||
      !source.write(text)) {
    message = "a temporary file cannot be written";
    return "";
  }
  std::string arch = ("-arch=" + processor).str(), ended;
  std::optional<StringRef> redirects[] = {StringRef(""), messages.path(),
                                          messages.path()};
  int code = sys::ExecuteAndWait(
      assembler, {assembler, arch, source.path(), "-o", output.path()},
      std::nullopt, redirects, /*SecondsToWait=*/0, /*MemoryLimit=*/0, &ended);
  std::string cubin = code == 0 ? readBytes(output.path().str()) : "";
  if (!cubin.empty())
    return cubin;
  std::string said = readBytes(messages.path().str());
  message = StringRef(said).split('\n').first.str();
  if (message.empty())
    message = ended.empty() ? "it wrote nothing"
              : code == -1  ? "it cannot be run (" + ended + ")"
                            : "it was stopped (" + ended + ")";
  return "";
}

/// The processors that are served by code of `chip`, one of each generation,
/// the one for which `ptxas` takes longest first.
static std::vector<std::string> processorsOf(StringRef chip) {
  if (chip == "sm_80")
    return {"sm_90", "sm_80"};
  return {chip.str()};
}

//===----------------------------------------------------------------------===//
// The image
//===----------------------------------------------------------------------===//

DeviceImage::DeviceImage(std::string chip,
                         const std::vector<std::string> &texts,
                         std::string cacheFolder)
    : chip(std::move(chip)), text(joinModules(this->chip, texts)),
      cacheFolder(std::move(cacheFolder)) {
  if (StringRef(this->chip).starts_with("opencl"))
    return;
  assembler = findAssembler();
  if (!assembler.empty())
    for (const std::string &processor : processorsOf(this->chip))
      cubins.push_back({processor, ""});
}

void DeviceImage::assemble(Cubin &cubin) const {
  std::string file;
  if (!cacheFolder.empty())
    file = cacheFolder + "/" +
           hashOf(text + versionOf(assembler) + cubin.processor) + ".cubin";
  std::string code = readBytes(file);
  if (code.empty()) {
    code = runAssembler(assembler, text, cubin.processor, cubin.message);
    if (code.empty())
      return;
    writeBytes(file, code);
  }
  cubin.code = pack(cubin.processor, true, code);
}

std::vector<std::function<void()>> DeviceImage::longTasks() {
  std::vector<std::function<void()>> runs;
  for (Cubin &cubin : cubins)
    runs.push_back([this, &cubin] { assemble(cubin); });
  return runs;
}

void DeviceImage::packText() { packedText = pack(chip, false, text); }

std::vector<PackedCode> DeviceImage::take() {
  std::vector<PackedCode> codes = {std::move(packedText)};
  for (Cubin &cubin : cubins) {
    if (!cubin.code.packed.empty())
      codes.push_back(std::move(cubin.code));
    else
      errs() << "lamina: '" << assembler << "' gives no code for "
             << cubin.processor
             << ", so the driver will compile it: " << cubin.message << "\n";
  }
  return codes;
}

} // namespace lamina::driver
