// SPDX-License-Identifier: Apache-2.0
//
// Kernels through Halide.
//
// Kernel -> algorithm -> schedule -> a module of each step -> one module with
// the exported functions, which our LLVM finishes like one of the CPU backend.

#include "backends/Halide/HalideBackend.h"

#include "backends/CPU/CompileKernel.h"
#include "backends/CPU/Target.h"
#include "backends/Halide/Algorithm.h"
#include "backends/Halide/CompileStep.h"
#include "backends/Halide/EntryPoints.h"
#include "backends/Halide/FuseProducts.h"
#include "backends/Halide/KernelModule.h"
#include "backends/Halide/PrintAlgorithm.h"
#include "backends/Halide/Schedule.h"
#include "backends/Halide/ScheduleText.h"
#include "backends/Halide/SearchSchedule.h"

#include "llvm/IR/Verifier.h"
#include "mlir/IR/Diagnostics.h"

using namespace mlir;

namespace lamina {

/// Raised whenever the code for equal kernels changes.
static constexpr int codeVersion = 5;

namespace {
class HalideBackend : public Backend {
public:
  HalideBackend(TargetModel model, Halide::Target machine)
      : model(std::move(model)), machine(std::move(machine)) {}

  llvm::StringRef name() const override { return "halide"; }
  const TargetModel &target() const override { return model; }
  std::string fingerprint() const override;
  Verdict canCompile(kernel::FuncOp kernel) const override;
  FailureOr<CompiledKernel> compile(kernel::FuncOp kernel) const override;
  bool hasForm(llvm::StringRef form) const override {
    return form == "llvm" || form == "asm" || form == "halide" ||
           form == "stmt" || form == "stmt-html";
  }
  LogicalResult print(kernel::FuncOp kernel, llvm::StringRef form,
                      llvm::raw_ostream &out) const override;
  bool findsSchedules() const override { return true; }
  llvm::Expected<std::string>
  findSchedule(kernel::FuncOp kernel, llvm::StringRef how,
               llvm::ArrayRef<int64_t> dims) const override;

private:
  LogicalResult printFuncs(kernel::FuncOp kernel, llvm::StringRef form,
                           llvm::raw_ostream &out) const;
  std::unique_ptr<llvm::Module> makeCode(kernel::FuncOp kernel,
                                         llvm::LLVMContext &context) const;

  TargetModel model;
  Halide::Target machine;
};
} // namespace

std::string HalideBackend::fingerprint() const {
  return "halide " + std::to_string(codeVersion) + " " + model.triple + " " +
         model.cpu + " " + model.features + " " + machine.to_string();
}

/// What `kernel` is as Funcs, or why it is none.
static std::optional<halide::Algorithm>
readKernel(const cpu::KernelBody &body, const TargetModel &model,
           std::string &why, halide::Purpose purpose = halide::Purpose::Code) {
  try {
    return halide::buildAlgorithm(body, model, purpose, why);
  } catch (const Halide::Error &error) {
    why = error.what();
    return std::nullopt;
  }
}

Verdict HalideBackend::canCompile(kernel::FuncOp kernel) const {
  return halide::judge(kernel,
                       [&](const cpu::KernelBody &body, std::string &why) {
                         return readKernel(body, model, why).has_value();
                       });
}

/// The schedule that was given for `kernel`, or the written one of each step.
/// Nothing after a diagnostic.
static std::optional<halide::Directives>
scheduleOf(kernel::FuncOp kernel, halide::Algorithm &algorithm,
           const TargetModel &model, halide::ScheduleFault &fault) {
  if (auto text = kernel->getAttrOfType<StringAttr>("kernel.schedule"))
    return halide::parseSchedule(text.getValue(), fault);
  halide::Directives all;
  for (halide::Step &step : algorithm.steps)
    for (halide::Directive &it : halide::chooseSchedule(step, model)) {
      it.step = algorithm.steps.size() > 1 ? step.name : "";
      all.push_back(it);
    }
  return all;
}

static LogicalResult report(kernel::FuncOp kernel,
                            const halide::ScheduleFault &fault) {
  auto file = kernel->getAttrOfType<StringAttr>("kernel.schedule_file");
  Location location = kernel.getLoc();
  if (file && fault.line)
    location = FileLineColLoc::get(file, fault.line, fault.column);
  return emitError(location) << fault.message;
}

/// Whether all steps that the schedule names are there.
static bool hasSteps(const halide::Algorithm &algorithm,
                     const halide::Directives &directives,
                     halide::ScheduleFault &fault) {
  for (const halide::Directive &it : directives) {
    bool isKnown = it.step.empty()
                       ? algorithm.steps.size() == 1
                       : llvm::any_of(algorithm.steps, [&](const auto &step) {
                           return step.name == it.step;
                         });
    if (isKnown)
      continue;
    fault = {it.line, 1,
             "the kernel has " + std::to_string(algorithm.steps.size()) +
                 " steps, so a line begins with 'step0.' or another of them"};
    return false;
  }
  return true;
}

static std::optional<halide::Directives> schedule(kernel::FuncOp kernel,
                                                  halide::Algorithm &algorithm,
                                                  const TargetModel &model) {
  halide::ScheduleFault fault;
  auto directives = scheduleOf(kernel, algorithm, model, fault);
  bool good = directives && hasSteps(algorithm, *directives, fault);
  try {
    for (halide::Step &step : algorithm.steps)
      good = good && halide::applySchedule(step, *directives, fault);
  } catch (const Halide::Error &error) {
    fault = {1, 1,
             std::string("halide does not take the schedule: ") + error.what()};
    good = false;
  }
  if (good)
    return directives;
  (void)report(kernel, fault);
  return std::nullopt;
}

std::unique_ptr<llvm::Module>
HalideBackend::makeCode(kernel::FuncOp kernel,
                        llvm::LLVMContext &context) const {
  FailureOr<cpu::KernelBody> body = cpu::KernelBody::read(kernel);
  if (failed(body))
    return nullptr;
  std::string why;
  auto algorithm = readKernel(*body, model, why);
  if (!algorithm) {
    kernel.emitOpError() << why;
    return nullptr;
  }
  if (!schedule(kernel, *algorithm, model))
    return nullptr;
  auto module = halide::makeModule(kernel, model, context);
  for (halide::Step &step : algorithm->steps) {
    auto part = halide::compileStep(step, *algorithm, machine, kernel, context);
    if (!part)
      return nullptr;
    halide::fuseProducts(*part);
    if (failed(halide::linkStep(*module, std::move(part), kernel)))
      return nullptr;
  }
  halide::addEntryPoints(*module, *body, *algorithm);
  halide::adoptCode(*module, model);
  assert(!llvm::verifyModule(*module, &llvm::errs()) && "module is broken");
  cpu::optimizeModule(*module, model);
  return module;
}

FailureOr<CompiledKernel> HalideBackend::compile(kernel::FuncOp kernel) const {
  llvm::LLVMContext context;
  std::unique_ptr<llvm::Module> code = makeCode(kernel, context);
  if (!code)
    return failure();
  return CompiledKernel{kernel.getSymName().str(),
                        cpu::writeObject(*code, model)};
}

// What an autoscheduler finds may still be nothing that Halide compiles, which
// is seen by doing it.
llvm::Expected<std::string>
HalideBackend::findSchedule(kernel::FuncOp kernel, llvm::StringRef how,
                            llvm::ArrayRef<int64_t> dims) const {
  std::string why, text;
  ScopedDiagnosticHandler listen(kernel.getContext(),
                                 [&](Diagnostic &diagnostic) {
                                   if (why.empty())
                                     why = diagnostic.str();
                                   return success();
                                 });
  FailureOr<cpu::KernelBody> body = cpu::KernelBody::read(kernel);
  std::optional<halide::Algorithm> algorithm;
  if (succeeded(body))
    algorithm = readKernel(*body, model, why, halide::Purpose::Search);
  std::optional<halide::Directives> found;
  if (algorithm)
    found = halide::searchSchedule(*algorithm, machine, how, dims, why);
  if (!found)
    return llvm::createStringError(why);
  llvm::raw_string_ostream stream(text);
  halide::printSchedule(*found, stream);
  kernel::FuncOp copy = kernel.clone();
  OwningOpRef<ModuleOp> alone(ModuleOp::create(kernel.getLoc()));
  alone->push_back(copy);
  copy->setAttr("kernel.schedule", StringAttr::get(copy.getContext(), text));
  llvm::LLVMContext context;
  if (!makeCode(copy, context))
    return llvm::createStringError(why);
  return text;
}

/// The algorithm as comments and the schedule as `--halide-schedule` reads it,
/// or what Halide makes of both.
LogicalResult HalideBackend::printFuncs(kernel::FuncOp kernel,
                                        llvm::StringRef form,
                                        llvm::raw_ostream &out) const {
  FailureOr<cpu::KernelBody> body = cpu::KernelBody::read(kernel);
  if (failed(body))
    return failure();
  std::string why;
  auto algorithm = readKernel(*body, model, why);
  if (!algorithm)
    return kernel.emitOpError() << why;
  auto directives = schedule(kernel, *algorithm, model);
  if (!directives)
    return failure();
  std::string lowered;
  llvm::raw_string_ostream text(lowered);
  for (halide::Step &step : algorithm->steps)
    if (failed(halide::printStep(step, *algorithm, machine, kernel,
                                 form == "stmt-html" ? "html" : "stmt", text)))
      return failure();
  if (form != "halide") {
    out << lowered;
    return success();
  }
  out << "kernel " << kernel.getSymName() << " {\n";
  for (halide::Step &step : algorithm->steps)
    halide::printAlgorithm(step, out);
  halide::printSchedule(*directives, out);
  out << "}\n\n";
  return success();
}

LogicalResult HalideBackend::print(kernel::FuncOp kernel, llvm::StringRef form,
                                   llvm::raw_ostream &out) const {
  if (form != "llvm" && form != "asm")
    return printFuncs(kernel, form, out);
  llvm::LLVMContext context;
  std::unique_ptr<llvm::Module> code = makeCode(kernel, context);
  if (!code)
    return failure();
  if (form == "llvm") {
    out << *code;
  } else {
    auto text = cpu::writeObject(*code, model, cpu::ObjectForm::Assembly);
    out << llvm::StringRef(text.data(), text.size());
  }
  return success();
}

llvm::Expected<std::unique_ptr<Backend>>
createHalideBackend(const TargetModel &host) {
  std::optional<Halide::Target> machine = halide::makeTarget(host);
  if (!machine)
    return llvm::createStringError("--backend: halide has no code for " +
                                   host.triple);
  return std::make_unique<HalideBackend>(host, *machine);
}

} // namespace lamina
