// SPDX-License-Identifier: Apache-2.0
//
// Kernels as LLVM IR or assembly, for the program's processors or for GPUs.

#include "tools/Driver/PrintCode.h"

#include "backends/GPU/EmulatorBackend.h"
#include "backends/Registry.h"
#include "dialects/Kernel/KernelCost.h"

#include "llvm/ADT/StringExtras.h"

using namespace mlir;

namespace lamina::driver {

static bool isForGPU(llvm::StringRef form) {
  return form == "nvvm" || form == "ptx";
}

/// The languages of GPUs that Halide writes.
static bool isForOpenCL(llvm::StringRef form) {
  return form == "opencl" || form == "metal" || form == "webgpu" ||
         form == "vulkan";
}

static const char *commentOf(llvm::StringRef form) {
  if (form == "ptx" || isForOpenCL(form))
    return "// ";
  if (form == "stmt-html")
    return "<!-- ";
  return form == "asm" || form == "halide" || form == "stmt" ? "# " : "; ";
}

/// Whether the kernel that is asked for is there; says which ones are like it.
static LogicalResult checkKernel(ModuleOp module, llvm::StringRef name) {
  if (name.empty() || module.lookupSymbol<kernel::FuncOp>(name))
    return success();
  llvm::errs() << "lamina: --kernel: the program has no kernel '" << name
               << "'";
  llvm::StringRef nearest;
  unsigned best = ~0u;
  for (auto kernel : module.getOps<kernel::FuncOp>()) {
    unsigned distance = name.edit_distance(kernel.getSymName());
    if (distance < best) {
      best = distance;
      nearest = kernel.getSymName();
    }
  }
  if (!nearest.empty())
    llvm::errs() << "; the most like it is '" << nearest << "'";
  llvm::errs() << "; 'lamina explain --kernels' lists them\n";
  return failure();
}

static LogicalResult printKernel(const Placement &placement,
                                 const TargetModel &host,
                                 const CodeRequest &request,
                                 llvm::raw_ostream &out) {
  llvm::StringRef form = request.form;
  kernel::FuncOp kernel = placement.kernel;
  const Backend &backend = *placement.backend;
  out << commentOf(form) << kernel.getSymName() << ", ";
  if (isForOpenCL(form))
    out << form << ": ";
  else
    out << (isForGPU(form) ? "gpu" : backend.name()) << ", " << host.level
        << ": ";
  out << llvm::join(kernel::getLines(kernel.getLoc()), " ");
  const char *end = form == "stmt-html" ? " -->\n" : "\n";
  if (!backend.hasForm(form)) {
    out << ", of which " << backend.name() << " prints no " << form << end;
    return success();
  }
  out << end;
  auto note = request.notes.find(kernel.getSymName().str());
  if (note != request.notes.end())
    for (llvm::StringRef line : llvm::split(note->second, '\n'))
      out << commentOf(form) << line << end;
  OwningOpRef<ModuleOp> alone(ModuleOp::create(kernel.getLoc()));
  auto copy = cast<kernel::FuncOp>(kernel->clone());
  alone->push_back(copy);
  return backend.print(copy, form, out);
}

/// Kernels that have no code for a GPU are named, with the reason.
static LogicalResult printForGPU(ModuleOp module, const TargetModel &host,
                                 const CodeRequest &request,
                                 llvm::raw_ostream &out) {
  CodeTarget target;
  target.host = host;
  target.host.level = "sm_80";
  if (isForGPU(request.form)) {
    target.backends.push_back(createEmulatorBackend(host));
  } else {
    auto backend = loadOpenCLBackend(host, "--emit");
    if (!backend) {
      llvm::errs() << "lamina: " << llvm::toString(backend.takeError()) << "\n";
      return failure();
    }
    target.backends.push_back(std::move(*backend));
  }
  llvm::StringSet<> all;
  for (auto kernel : module.getOps<kernel::FuncOp>())
    all.insert(kernel.getSymName());
  for (const Placement &placement : placeKernels(module, target, all)) {
    if (!request.takes(placement.kernel))
      continue;
    if (placement.backend) {
      if (failed(printKernel(placement, target.host, request, out)))
        return failure();
      continue;
    }
    kernel::FuncOp kernel = placement.kernel;
    out << commentOf(request.form) << kernel.getSymName() << ": "
        << llvm::join(placement.reasons, "; ") << "\n";
  }
  return success();
}

LogicalResult printCode(ModuleOp module, const std::vector<CodeTarget> &targets,
                        const CodeRequest &request, llvm::raw_ostream &out) {
  if (failed(checkKernel(module, request.kernel)))
    return failure();
  if (isForGPU(request.form) || isForOpenCL(request.form))
    return printForGPU(module, targets.front().host, request, out);
  for (const CodeTarget &target : targets) {
    std::vector<Placement> placements =
        placeKernels(module, target, kernelsOn("cpu", module));
    if (failed(reportPlacements(placements)))
      return failure();
    for (const Placement &placement : placements)
      if (placement.isWanted() && request.takes(placement.kernel) &&
          failed(printKernel(placement, target.host, request, out)))
        return failure();
  }
  return success();
}

} // namespace lamina::driver
