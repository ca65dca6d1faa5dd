// SPDX-License-Identifier: Apache-2.0
//
// Which backend compiles which kernel.
//
// Names on the command line -> backends for each processor -> a backend for
// each kernel. Only the backends themselves know what they take.

#include "tools/Driver/ChooseBackends.h"

#include "backends/CPU/Target.h"
#include "backends/GPU/GPUBackend.h"
#include "backends/Plugin.h"
#include "dialects/Program/EntryForms.h"

#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/StringExtras.h"
#include "mlir/IR/Diagnostics.h"

using namespace mlir;

namespace lamina::driver {

/// The processors that `--target` and `--mcpu` ask for.
static llvm::Expected<std::vector<TargetModel>>
processorsOf(const Options &options) {
  if (options.target == "opencl" || options.target == "gpu")
    return llvm::createStringError(
        "--target: '" + options.target +
        "' is a device beside a processor; write --device=cpu," +
        options.target);
  llvm::Triple triple = cpu::tripleOf(options.target);
  std::vector<std::string> names = {options.mcpu};
  if (options.mcpu.empty())
    names = {cpu::isHost(triple) ? "native" : ""};
  else if (options.mcpu == "portable" && !triple.isWasm())
    names = cpu::portableProcessors(triple);
  std::vector<TargetModel> models;
  for (const std::string &name : names) {
    auto model = cpu::makeTargetModel(name, options.target);
    if (!model)
      return model.takeError();
    models.push_back(std::move(*model));
  }
  return models;
}

static llvm::Error checkNames(const Options &options,
                              const BackendRegistry &registry) {
  for (const std::string &name : options.backends)
    if (!registry.has(name))
      return llvm::createStringError(
          "--backend: there is no backend '" + name + "'; there are " +
          llvm::join(registry.names(), ", ") +
          ", and for 'run' reference, reference-typed and "
          "reference-kernels");
  return llvm::Error::success();
}

llvm::Expected<std::vector<CodeTarget>> chooseBackends(const Options &options) {
  BackendRegistry registry;
  registerAllBackends(registry);
  for (const std::string &path : options.backendPlugins)
    if (auto error = loadBackendPlugin(path, registry))
      return error;
  if (auto error = checkNames(options, registry))
    return error;
  auto models = processorsOf(options);
  if (!models)
    return models.takeError();
  std::vector<CodeTarget> targets;
  for (TargetModel &model : *models) {
    CodeTarget target;
    for (const std::string &name : options.backends) {
      auto backend = registry.create(name, model);
      if (!backend)
        return backend.takeError();
      target.backends.push_back(std::move(*backend));
    }
    target.host = std::move(model);
    targets.push_back(std::move(target));
  }
  return targets;
}

llvm::Expected<std::vector<CodeTarget>> chooseDevices(const Options &options,
                                                      const TargetModel &host) {
  std::vector<CodeTarget> devices;
  if (options.withGPU) {
    devices.emplace_back().host = host;
    devices.back().host.level = "gpu";
    devices.back().backends.push_back(createGPUBackend(host));
  }
  if (options.withOpenCL) {
    auto backend = loadOpenCLBackend(host, "--device");
    if (!backend)
      return backend.takeError();
    devices.emplace_back().host = host;
    devices.back().host.level = "opencl";
    devices.back().backends.push_back(std::move(*backend));
  }
  return devices;
}

/// Whether `device` plays this form of an entry.
static bool isPlayedOn(llvm::StringRef device, func::FuncOp form,
                       const llvm::StringSet<> &entriesWithForm) {
  if (auto of = program::getDevice(form))
    return *of == device;
  return device == "cpu" || (!program::isOfHost(form) &&
                             !entriesWithForm.contains(form.getSymName()));
}

llvm::StringSet<> kernelsOn(llvm::StringRef device, ModuleOp module) {
  llvm::StringSet<> entriesWithForm, launched, found;
  for (auto form : module.getOps<func::FuncOp>())
    if (program::getDevice(form) == device)
      entriesWithForm.insert(program::getEntryName(form));
  for (auto form : module.getOps<func::FuncOp>()) {
    bool isPlayed = isPlayedOn(device, form, entriesWithForm);
    form.walk([&](kernel::LaunchOp launch) {
      launched.insert(launch.getKernel());
      if (isPlayed)
        found.insert(launch.getKernel());
    });
  }
  for (auto kernel : module.getOps<kernel::FuncOp>())
    if (!launched.contains(kernel.getSymName()))
      found.insert(kernel.getSymName());
  return found;
}

std::vector<Placement> placeKernels(ModuleOp module, const CodeTarget &target,
                                    const llvm::StringSet<> &wanted) {
  std::vector<Placement> placements;
  for (auto kernel : module.getOps<kernel::FuncOp>()) {
    Placement placement;
    placement.kernel = kernel;
    for (const auto &backend : target.backends) {
      if (!wanted.contains(kernel.getSymName()))
        break;
      Verdict verdict = backend->canCompile(kernel);
      if (verdict) {
        placement.backend = backend.get();
        break;
      }
      placement.reasons.push_back(verdict.reason());
    }
    placements.push_back(std::move(placement));
  }
  return placements;
}

LogicalResult reportPlacements(const std::vector<Placement> &placements) {
  bool good = true;
  for (const Placement &it : placements) {
    if (it.reasons.empty())
      continue;
    std::string why = llvm::join(it.reasons, "; ");
    kernel::FuncOp kernel = it.kernel;
    if (it.backend) {
      emitRemark(kernel.getLoc())
          << "kernel '" << kernel.getSymName() << "' goes to "
          << it.backend->name() << ": " << why;
      continue;
    }
    emitError(kernel.getLoc()) << "no backend compiles kernel '"
                               << kernel.getSymName() << "': " << why;
    good = false;
  }
  return success(good);
}

} // namespace lamina::driver
