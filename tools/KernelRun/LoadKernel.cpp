// SPDX-License-Identifier: Apache-2.0
//
// What a backend compiled, ready to run.

#include "tools/KernelRun/LoadKernel.h"

#include "tools/KernelRun/OpenCLKernel.h"

#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/Compression.h"
#include "llvm/Support/raw_ostream.h"

#include <cstdlib>

namespace lamina::tools {

namespace {
/// A device has all of a kernel at once: it is one item.
class OpenCLRun : public KernelRun {
public:
  using KernelRun::KernelRun;

  bool load(const CompiledKernel &compiled);
  int64_t items() const override { return 1; }

private:
  void runItems(int64_t first, int64_t last) override;

  std::unique_ptr<OpenCLKernel> kernel;
};
} // namespace

static void say(llvm::StringRef message) {
  llvm::errs() << "lamina-kernel: " << message << "\n";
}

bool OpenCLRun::load(const CompiledKernel &compiled) {
  link(compiled.object);
  const DeviceCode &code = compiled.device.front();
  llvm::SmallVector<uint8_t, 0> packed;
  llvm::compression::zlib::compress(llvm::arrayRefFromStringRef(code.text),
                                    packed);
  std::string why;
  kernel = OpenCLKernel::load({code.chip.c_str(), /*is_binary=*/0,
                               packed.data(), packed.size(), code.text.size()},
                              find<LaminaCommand>(code.name + "_command"), why);
  if (!kernel)
    say(why);
  return kernel != nullptr;
}

void OpenCLRun::runItems(int64_t first, int64_t last) {
  std::vector<HostBuffer> all;
  for (Buffer &buffer : buffers)
    all.push_back({buffer.bytes.data(), buffer.bytes.size(), buffer.lead});
  std::string why;
  if (first < last && !kernel->run(all, dims, scalars, why)) {
    say(why);
    std::exit(1);
  }
}

std::unique_ptr<KernelRun> loadKernel(kernel::FuncOp kernel,
                                      const CompiledKernel &compiled,
                                      std::vector<int64_t> dims,
                                      const Contents &contents) {
  bool isForOpenCL =
      !compiled.device.empty() &&
      llvm::StringRef(compiled.device.front().chip).starts_with("opencl");
  if (!isForOpenCL) {
    auto run = std::make_unique<KernelRun>(kernel, std::move(dims), contents);
    run->load(compiled.object, compiled.name);
    return run;
  }
  auto run = std::make_unique<OpenCLRun>(kernel, std::move(dims), contents);
  return run->load(compiled) ? std::move(run) : nullptr;
}

} // namespace lamina::tools
