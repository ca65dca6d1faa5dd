// SPDX-License-Identifier: Apache-2.0
//
// Kernels for OpenCL through Halide.
//
// One `kernel.func` in; out, OpenCL C for the device, and an object of the host
// with the function that commands it. The device's compiler turns the source
// into code when a program starts.

#include "backends/Halide/OpenCLBackend.h"

#include "backends/CPU/CompileKernel.h"
#include "backends/CPU/Target.h"
#include "backends/Halide/Algorithm.h"
#include "backends/Halide/CompileStep.h"
#include "backends/Halide/EntryPoints.h"
#include "backends/Halide/GroupCode.h"
#include "backends/Halide/GroupSchedule.h"
#include "backends/Halide/KernelModule.h"
#include "backends/Halide/PrintGroupCode.h"
#include "backends/Halide/Schedule.h"

#include "llvm/IR/Verifier.h"
#include "mlir/IR/Diagnostics.h"

using namespace mlir;

namespace lamina {

/// Raised whenever the code for equal kernels changes.
static constexpr int codeVersion = 3;

namespace {
class OpenCLBackend : public Backend {
public:
  OpenCLBackend(const TargetModel &host, const Halide::Target &machine)
      : host(host), device(host), machine(machine) {
    device.hasThreadGroups = true;
    device.vectorBits = 512; // 16 threads of 32 bits combine one after another
  }

  llvm::StringRef name() const override { return "opencl"; }
  const TargetModel &target() const override { return host; }
  std::string fingerprint() const override {
    return "opencl " + std::to_string(codeVersion) + " " + host.triple;
  }
  Verdict canCompile(kernel::FuncOp kernel) const override;
  FailureOr<CompiledKernel> compile(kernel::FuncOp kernel) const override;
  bool hasForm(llvm::StringRef form) const override {
    return form == "opencl" || form == "metal" || form == "webgpu" ||
           form == "vulkan";
  }
  LogicalResult print(kernel::FuncOp kernel, llvm::StringRef form,
                      llvm::raw_ostream &out) const override;

private:
  std::unique_ptr<llvm::Module> makeCode(kernel::FuncOp kernel,
                                         const cpu::KernelBody &body,
                                         halide::Algorithm &algorithm,
                                         llvm::LLVMContext &context,
                                         std::string &source) const;

  TargetModel host, device;
  Halide::Target machine;
};
} // namespace

/// What `body` is as Funcs with a schedule for groups, or why it is none.
static std::optional<halide::Algorithm> readKernel(const cpu::KernelBody &body,
                                                   const TargetModel &device,
                                                   std::string &why) {
  try {
    auto algorithm =
        halide::buildAlgorithm(body, device, halide::Purpose::Code, why);
    if (!algorithm)
      return std::nullopt;
    // A device has all of a kernel at once.
    algorithm->grid.clear();
    algorithm->arguments.starts.clear();
    for (halide::Step &step : algorithm->steps) {
      step.cuts.clear();
      halide::ScheduleFault fault;
      if (!halide::applySchedule(step, halide::chooseGroupSchedule(step),
                                 fault)) {
        why = fault.message;
        return std::nullopt;
      }
    }
    return algorithm;
  } catch (const Halide::Error &error) {
    why = error.what();
    return std::nullopt;
  }
}

Verdict OpenCLBackend::canCompile(kernel::FuncOp kernel) const {
  return halide::judge(kernel,
                       [&](const cpu::KernelBody &body, std::string &why) {
                         return readKernel(body, device, why).has_value();
                       });
}

std::unique_ptr<llvm::Module>
OpenCLBackend::makeCode(kernel::FuncOp kernel, const cpu::KernelBody &body,
                        halide::Algorithm &algorithm,
                        llvm::LLVMContext &context, std::string &source) const {
  auto module = halide::makeModule(kernel, host, context);
  std::string prefix = kernel.getSymName().str() + "_";
  llvm::replace(prefix, '.', '_');
  unsigned count = 0;
  for (halide::Step &step : algorithm.steps) {
    auto part = halide::compileStep(step, algorithm, machine, kernel, context);
    if (!part)
      return nullptr;
    std::string why;
    std::string text = halide::takeOpenCL(*part, prefix, count, why);
    if (text.empty()) {
      kernel.emitOpError("has a step that halide puts on the host: it ") << why;
      return nullptr;
    }
    source += text;
    if (failed(halide::linkStep(*module, std::move(part), kernel)))
      return nullptr;
  }
  halide::addCommand(*module, body, algorithm);
  halide::adoptCode(*module, host);
  assert(!llvm::verifyModule(*module, &llvm::errs()) && "module is broken");
  cpu::optimizeModule(*module, host);
  return module;
}

FailureOr<CompiledKernel> OpenCLBackend::compile(kernel::FuncOp kernel) const {
  FailureOr<cpu::KernelBody> body = cpu::KernelBody::read(kernel);
  if (failed(body))
    return failure();
  std::string why, source;
  auto algorithm = readKernel(*body, device, why);
  if (!algorithm)
    return kernel.emitOpError() << why;
  llvm::LLVMContext context;
  std::unique_ptr<llvm::Module> code =
      makeCode(kernel, *body, *algorithm, context, source);
  if (!code)
    return failure();
  std::string name = kernel.getSymName().str();
  CompiledKernel result{name, cpu::writeObject(*code, host)};
  // A device may lack numbers of 64 bits.
  const char *chip =
      llvm::StringRef(source).contains("double ") ? "opencl_f64" : "opencl";
  result.device.push_back({name, chip, std::move(source)});
  return result;
}

// In another language only the device's side is of use.
LogicalResult OpenCLBackend::print(kernel::FuncOp kernel, llvm::StringRef form,
                                   llvm::raw_ostream &out) const {
  if (form == "opencl") {
    FailureOr<CompiledKernel> compiled = compile(kernel);
    if (succeeded(compiled))
      out << compiled->device.front().text << "\n";
    return success(succeeded(compiled));
  }
  FailureOr<cpu::KernelBody> body = cpu::KernelBody::read(kernel);
  if (failed(body))
    return failure();
  std::string why;
  auto algorithm = readKernel(*body, device, why);
  if (!algorithm)
    return kernel.emitOpError() << why;
  // Not every language has all numbers; that is no mistake of the program.
  ScopedDiagnosticHandler told(
      kernel.getContext(), [&](Diagnostic &diagnostic) {
        std::string text = diagnostic.str();
        out << "// " << llvm::StringRef(text).rtrim() << "\n";
        return success();
      });
  for (halide::Step &step : algorithm->steps)
    if (failed(halide::printGroupCode(step, *algorithm, machine, kernel, form,
                                      out)))
      break;
  return success();
}

/// Halide gives a kernel its arguments in the order of their names' letters,
/// and puts numbers behind them that count up in the process. With as many
/// digits in all of them the order is that of the numbers, whatever came first.
static void widenNames() {
  static const bool done = [] {
    constexpr unsigned first = 100000;
    for (char prefix : {'b', 'p', 't', 'v'})
      for (unsigned count = 0; count < first; ++count)
        Halide::Internal::unique_name(prefix);
    return true;
  }();
  (void)done;
}

llvm::Expected<std::unique_ptr<Backend>>
createOpenCLBackend(const TargetModel &host) {
  std::optional<Halide::Target> machine = halide::makeTarget(host);
  if (!machine)
    return llvm::createStringError("--device: halide has no code for " +
                                   host.triple + ", which opencl needs");
  widenNames();
  machine->set_feature(Halide::Target::OpenCL);
  machine->set_feature(Halide::Target::CLDoubles);
  machine->set_feature(Halide::Target::UserContext);
  return std::make_unique<OpenCLBackend>(host, *machine);
}

} // namespace lamina
