// SPDX-License-Identifier: Apache-2.0
//
// One file on its way to a program.

#include "tools/Driver/Compilation.h"

#include "backends/Tape/WriteTape.h"
#include "dialects/Program/ProgramOps.h"
#include "dialects/RegisterAll.h"
#include "passes/Graph/WeightPattern.h"
#include "passes/Pipelines/Pipelines.h"
#include "passes/Plugin.h"
#include "passes/RegisterAll.h"
#include "tools/Driver/Autoschedule.h"
#include "tools/Driver/Image.h"
#include "tools/Driver/KernelCache.h"
#include "tools/Driver/Link.h"
#include "tools/Driver/PrintCode.h"
#include "tools/Driver/ScheduleFile.h"
#include "tools/Driver/TapeView.h"
#include "tools/Wasm/BuildModule.h"

#include "llvm/Support/FileSystem.h"
#include "llvm/Support/FormatVariadic.h"
#include "llvm/Support/Path.h"
#include "llvm/Support/ToolOutputFile.h"
#include "llvm/TargetParser/Triple.h"
#include "mlir/IR/Verifier.h"
#include "mlir/Pass/PassManager.h"
#include "mlir/Pass/PassRegistry.h"
#include "mlir/Transforms/Passes.h"

#include <cstdlib>
#include <thread>

using namespace mlir;

namespace lamina::driver {

static DialectRegistry allDialects() {
  DialectRegistry registry;
  registerAllDialects(registry);
  return registry;
}

static void registerPassesOnce() {
  static const bool done = [] {
    registerAllPasses();
    registerTransformsPasses();
    return true;
  }();
  (void)done;
}

void say(const llvm::Twine &message) {
  llvm::errs() << "lamina: " << message << "\n";
}

Compilation::Compilation(const Options &options)
    : options(options),
      context(allDialects(), MLIRContext::Threading::DISABLED),
      last(std::chrono::steady_clock::now()) {
  registerPassesOnce();
  context.printOpOnDiagnostic(false); // users read no IR
  diagnostics = std::make_unique<SourceMgrDiagnosticHandler>(sources, &context,
                                                             llvm::errs());
}

Compilation::~Compilation() = default;

std::string Compilation::stem() const {
  return llvm::sys::path::stem(options.input).str();
}

void Compilation::record(const char *what) {
  auto now = std::chrono::steady_clock::now();
  times.emplace_back(what, std::chrono::duration<double>(now - last).count());
  last = now;
}

void Compilation::printTiming() const {
  double total = 0;
  for (const auto &[what, seconds] : times) {
    llvm::errs() << llvm::formatv("{0,-10} {1,8:f1} ms\n", what, seconds * 1e3);
    total += seconds;
  }
  llvm::errs() << llvm::formatv("{0,-10} {1,8:f1} ms\n", "total", total * 1e3);
}

LogicalResult Compilation::loadPlugins() {
  for (const std::string &path : options.plugins)
    if (auto error = loadPassPlugin(path)) {
      say(llvm::toString(std::move(error)));
      return failure();
    }
  return success();
}

/// The stage on whose way a hook stands.
static Stage stageOf(llvm::StringRef hook) {
  for (const StageInfo &it : stages())
    for (const PipelineStep &step : pipelineOf(it.name))
      if (step.isHook && hook == step.text)
        return it.stage;
  llvm_unreachable("every hook is a step of a stage");
}

/// Each hook of `--at` is there, and on the way that `--from` and `--emit`
/// leave.
LogicalResult Compilation::checkHooks() {
  for (const auto &[hook, passes] : options.hooks) {
    if (!llvm::is_contained(hookNames(), llvm::StringRef(hook))) {
      say("--at: there is no hook '" + hook + "'; the hooks are " +
          llvm::join(hookNames(), ", "));
      return failure();
    }
    Stage stage = stageOf(hook);
    std::string place =
        "--at: the hook '" + hook + "' is on the way to " + info(stage).name;
    if (options.from && stage <= *options.from) {
      say(place + ", and the file is of " + info(*options.from).name);
      return failure();
    }
    if (!options.emit.empty() &&
        *std::max_element(options.emit.begin(), options.emit.end()) < stage) {
      say(place + ", which --emit=" +
          info(*std::max_element(options.emit.begin(), options.emit.end()))
              .name +
          " does not go; ask for --emit=" + info(stage).name);
      return failure();
    }
  }
  return success();
}

LogicalResult Compilation::prepare() {
  if (failed(checkHooks()))
    return failure();
  if (options.keepGradients && options.from && *options.from > Stage::Model) {
    say(llvm::Twine("--keep-gradients: in ") + info(*options.from).name +
        " the optimizer has taken the gradients; continue from model");
    return failure();
  }
  if (options.precision != "float32" && options.from &&
      (options.precision == "float64" || *options.from > Stage::Model)) {
    say("--precision " + options.precision + ": the IR of " +
        info(*options.from).name + " has its types; continue from " +
        (options.precision == "float64" ? "the source" : "model"));
    return failure();
  }
  auto chosen = chooseBackends(options);
  if (!chosen) {
    say(llvm::toString(chosen.takeError()));
    return failure();
  }
  codeTargets = std::move(*chosen);
  if (failed(checkModuleFlags()))
    return failure();
  auto others = chooseDevices(options, codeTargets.front().host);
  if (!others) {
    say(llvm::toString(others.takeError()));
    return failure();
  }
  devices = std::move(*others);
  return loadPlugins();
}

/// What is asked for and is no part of a module.
LogicalResult Compilation::checkModuleFlags() {
  if (!isForWasm())
    return success();
  std::string why;
  if (options.withGPU || options.withOpenCL)
    why = "--device: a module for wasm32 runs on the cpu alone";
  else if (options.keepGradients)
    why = "--keep-gradients: a module for wasm32 does not train";
  else if (llvm::is_contained(options.emit, Stage::Library))
    why = "--emit: a module for wasm32 is no shared library; leave --emit out, "
          "or take obj to link it with other objects";
  if (why.empty())
    return success();
  say(why);
  return failure();
}

LogicalResult Compilation::readInput(Stage upTo) {
  if (options.from)
    return readIR();
  auto result = runFrontend(options, context, upTo);
  if (failed(result))
    return failure();
  astText = std::move(result->ast);
  coreText = std::move(result->core);
  ir = std::move(result->module);
  at = std::min(upTo, Stage::Model);
  return success();
}

/// Each pattern of `--keep-float32` names a weight.
LogicalResult Compilation::checkKeptWeights() {
  for (const std::string &pattern : options.keepFloat32) {
    std::vector<std::pair<unsigned, std::string>> near;
    bool isFound = false;
    for (auto variable : ir->getOps<program::VariableOp>()) {
      if (variable.getRole() != "param")
        continue;
      isFound |= matchesWeight(pattern, variable);
      llvm::StringRef name = getDottedName(variable);
      near.push_back({name.edit_distance(pattern), name.str()});
    }
    if (isFound)
      continue;
    llvm::sort(near);
    std::string list;
    for (size_t i = 0; i < std::min<size_t>(3, near.size()); ++i)
      list += (i ? ", " : "") + near[i].second;
    if (near.size() > 3)
      list += ", …";
    say(llvm::formatv("--keep-float32: no weight or layer has a name like "
                      "'{0}'; weights are {1}",
                      pattern, list));
    return failure();
  }
  return success();
}

static int64_t widestAttention(const CodeTarget &target) {
  int64_t widest = 0;
  for (const auto &backend : target.backends)
    widest = std::max(widest, backend->widestAttention());
  return widest;
}

/// What some backend of every processor wants.
static int64_t widestAttention(const std::vector<CodeTarget> &targets) {
  std::optional<int64_t> narrowest;
  for (const CodeTarget &target : targets) {
    int64_t widest = widestAttention(target);
    narrowest = std::min(narrowest.value_or(widest), widest);
  }
  return narrowest.value_or(0);
}

LogicalResult Compilation::runPasses(Stage stage) {
  PassManager passes(&context, ModuleOp::getOperationName());
  PipelineOptions told{options.hooks, widestAttention(codeTargets)};
  for (const CodeTarget &device : devices)
    told.widestOnGPU = std::max(told.widestOnGPU, widestAttention(device));
  if (options.keepGradients)
    told.hooks.emplace_back("before-gradients", "graph-keep-gradients");
  if (isForWasm())
    told.hooks.emplace_back("before-gradients", "graph-drop-training");
  if (options.precision == "bfloat16") {
    if (stage == Stage::Graph && failed(checkKeptWeights()))
      return failure();
    std::string kept = llvm::join(options.keepFloat32, ",");
    told.hooks.emplace_back(
        "after-gradients",
        // In front, so that the products of an adjoint in parts are rounded.
        "graph-decompose-attention{only-adjoints=true widest=" +
            std::to_string(told.widestAttention) + " gpu-widest=" +
            std::to_string(told.widestOnGPU) + "},graph-apply-precision" +
            (kept.empty() ? "" : "{keep-float32=" + kept + "}") +
            ",graph-prune-scan");
  }
  if (failed(populatePipeline(passes, info(stage).name, told, llvm::errs())))
    return failure();
  // Behind each pass it takes as long as all passes. A user's may be wrong, and
  // tests ask for it.
  passes.enableVerifier(!options.plugins.empty() ||
                        std::getenv("LAMINA_VERIFY_PASSES"));
  if (failed(passes.run(*ir)) || failed(verify(*ir)))
    return failure();
  at = stage;
  return success();
}

LogicalResult Compilation::dump(Stage stage) {
  if (options.dumpFolder.empty())
    return success();
  if (auto error = llvm::sys::fs::create_directories(options.dumpFolder)) {
    say("'" + options.dumpFolder + "' cannot be made: " + error.message());
    return failure();
  }
  llvm::SmallString<128> path(options.dumpFolder);
  llvm::sys::path::append(path, fileName(stem(), stage));
  std::error_code error;
  llvm::ToolOutputFile file(path, error, llvm::sys::fs::OF_Text);
  if (error) {
    say("'" + path.str() + "' cannot be written: " + error.message());
    return failure();
  }
  if (failed(printStage(stage, file.os())))
    return failure();
  file.keep();
  return success();
}

LogicalResult Compilation::lowerTo(Stage stage) {
  if (!ir) {
    if (failed(readInput(stage)))
      return failure();
    record(options.from ? "read" : "frontend");
    if (*at == Stage::Model && failed(runPasses(Stage::Model)))
      return failure();
    for (Stage text : {Stage::AST, Stage::Core, Stage::Model})
      if (!options.from && text <= *at && failed(dump(text)))
        return failure();
  }
  for (Stage next : {Stage::Graph, Stage::Kernel, Stage::Planned}) {
    if (next <= *at || next > stage)
      continue;
    if (failed(runPasses(next)))
      return failure();
    record(info(next).name);
    if (failed(dump(next)))
      return failure();
  }
  return success();
}

LogicalResult Compilation::writeTape() {
  if (!tape.empty())
    return success();
  // A program keeps its name when a compilation goes on from a dump.
  std::string name = stem();
  for (auto provenance : ir->getOps<program::ProvenanceOp>())
    if (auto file = provenance->getAttrOfType<StringAttr>("file"))
      name = llvm::sys::path::stem(file.getValue()).str();
  bool withOpLines = llvm::any_of(codeTargets, [](const CodeTarget &target) {
    return llvm::any_of(target.backends, [](const auto &backend) {
      return backend->speaksOfOps();
    });
  });
  auto written = lamina::writeTape(*ir, name, withOpLines);
  if (failed(written))
    return failure();
  tape = std::move(written->json);
  constants = std::move(written->constants);
  record("tape");
  return dump(Stage::Tape);
}

LogicalResult Compilation::printStage(Stage stage, llvm::raw_ostream &out) {
  switch (stage) {
  case Stage::AST:
    out << astText;
    return success();
  case Stage::Core:
    out << coreText;
    return success();
  case Stage::Tape:
    if (failed(writeTape()))
      return failure();
    out << tape << "\n";
    return success();
  case Stage::LLVM:
  case Stage::Assembly:
  case Stage::NVVM:
  case Stage::PTX:
  case Stage::OpenCL:
  case Stage::Metal:
  case Stage::WebGPU:
  case Stage::Vulkan:
  case Stage::Halide:
  case Stage::HalideStmt:
  case Stage::HalideStmtHtml:
    if (failed(attachSchedules()))
      return failure();
    return printCode(*ir, codeTargets,
                     {info(stage).name, options.kernel, notes}, out);
  default:
    // Files keep the source lines, so that a compilation continued from them
    // speaks of the same places; a terminal shows the IR alone.
    ir->print(out, OpPrintingFlags()
                       .enableDebugInfo(&out != &llvm::outs())
                       .useLocalScope(&out == &llvm::outs()));
    out << "\n";
    return success();
  }
}

bool Compilation::isForWasm() const {
  return llvm::Triple(codeTargets.front().host.triple).isWasm();
}

LogicalResult Compilation::attachSchedules() {
  if (hasSchedules)
    return success();
  hasSchedules = true;
  if (!options.halideSchedule.empty() &&
      failed(driver::attachSchedules(*ir, options.halideSchedule, codeTargets)))
    return failure();
  if (options.autoschedule.empty())
    return success();
  if (failed(writeTape()))
    return failure();
  auto said = autoschedule(*ir, codeTargets, TapeView(tape), options);
  if (failed(said))
    return failure();
  notes = std::move(*said);
  record("schedules");
  return success();
}

/// The object that ties the kernels together: a program or a module.
llvm::Expected<llvm::SmallVector<char, 0>>
Compilation::buildFrame(const LinkableKernels &kernels, Stage stage) {
  const TargetModel &host = codeTargets.front().host;
  if (isForWasm())
    return wasm::buildModule(tape, constants, kernels.symbols.front(), host);
  Image image{tape, constants, kernels, {}, stage == Stage::Library};
  for (const CodeTarget &target : codeTargets)
    image.levels.push_back(target.host.level);
  return buildImage(image, host);
}

LogicalResult Compilation::linkTo(const std::string &output, Stage stage) {
  if (failed(writeTape()) || failed(attachSchedules()))
    return failure();
  int threads = options.threads
                    ? options.threads
                    : std::max(1u, std::thread::hardware_concurrency());
  const TargetModel &host = codeTargets.front().host;
  std::string cache = options.cache ? defaultCacheFolder() : "";
  auto kernels = compileKernels(*ir, codeTargets, devices, {cache, threads});
  if (failed(kernels))
    return failure();
  record("kernels");

  auto object = buildFrame(*kernels, stage);
  if (!object) {
    say(llvm::toString(object.takeError()));
    return failure();
  }
  std::vector<llvm::ArrayRef<char>> objects = {*object};
  objects.insert(objects.end(), kernels->objects.begin(),
                 kernels->objects.end());
  LinkKind kind = stage == Stage::Library  ? LinkKind::SharedLibrary
                  : stage == Stage::Object ? LinkKind::Object
                                           : LinkKind::Program;
  if (auto error = link(objects, output, kind, host.triple)) {
    say(llvm::toString(std::move(error)));
    return failure();
  }
  record("link");
  if (options.verbose)
    say(llvm::Twine(kernels->fromCache) + " of " +
        llvm::Twine(kernels->objects.size()) + " kernels from the cache");
  return success();
}

} // namespace lamina::driver
