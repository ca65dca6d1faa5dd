// SPDX-License-Identifier: Apache-2.0
//
// Run GRAPH files on the interpreter.
//
// Calls every public function without arguments and prints its results, or
// checks the derivatives or the batch law of every public function. For tests
// and experiments.

#include "backends/Reference/Interpreter.h"
#include "dialects/Graph/Differentiable.h"
#include "dialects/Graph/GraphDialect.h"
#include "dialects/RegisterAll.h"
#include "passes/Graph/Passes.h"
#include "tools/lamina-reference/CheckGradients.h"

#include "llvm/Support/CommandLine.h"
#include "llvm/Support/Format.h"
#include "llvm/Support/InitLLVM.h"
#include "llvm/Support/SourceMgr.h"
#include "llvm/Support/raw_ostream.h"
#include "mlir/Parser/Parser.h"
#include "mlir/Support/FileUtilities.h"
#include "mlir/Transforms/Passes.h"

#include <map>

using namespace mlir;
using namespace lamina;
using namespace lamina::reference;
namespace cl = llvm::cl;

static cl::opt<std::string> inputFile(cl::Positional, cl::desc("<file.mlir>"),
                                      cl::init("-"));
static cl::opt<bool> onlyCheck(
    "check-gradients",
    cl::desc("compare derivatives of all public functions with differences"));
static cl::opt<bool> onlyBatchLaw(
    "check-batch-law",
    cl::desc("compare all public functions on stacks with those on rows"));
static cl::opt<bool> listDifferentiable(
    "list-differentiable",
    cl::desc("print the ops that a derivative flows through"));
static cl::opt<bool> listCovered(
    "list-covered",
    cl::desc("print the ops that --check-gradients checks here, with the order "
             "of the derivative"));
static cl::opt<bool> typed(
    "typed",
    cl::desc("round every result to its type instead of computing in float64"));
static cl::list<std::string>
    sizeOptions("size", cl::desc("value of a named size, for example b=4"));
static cl::opt<std::string> passes(
    "then",
    cl::desc(
        "passes to run behind the expansion of gradients, by their flags"));
static cl::opt<uint64_t> seed("seed", cl::desc("seed of drawn inputs"),
                              cl::init(1));

static void print(const Tensor &tensor) {
  bool isList = tensor.getRank() > 0;
  llvm::outs() << (isList ? "[" : "");
  for (auto [i, element] : llvm::enumerate(tensor)) {
    if (i)
      llvm::outs() << ", ";
    if (tensor.isFloat())
      llvm::outs() << llvm::format("%.6g", element.f);
    else
      llvm::outs() << element.i;
  }
  llvm::outs() << (isList ? "]" : "");
}

static LogicalResult runAll(ModuleOp module, const CheckOptions &options) {
  if (failed(expand(module, options)))
    return failure();
  for (func::FuncOp function : module.getOps<func::FuncOp>()) {
    if (!function.isPublic() || function.isDeclaration() ||
        function.getNumArguments())
      continue;
    Interpreter interpreter(typed ? Rounding::Typed : Rounding::Float64);
    for (const auto &size : options.sizes)
      interpreter.sizes[size.first()] = size.second;
    SmallVector<Tensor> results;
    if (failed(interpreter.call(function, {}, results)))
      return failure();
    for (const Tensor &result : results) {
      llvm::outs() << "@" << function.getName() << ": ";
      print(result);
      llvm::outs() << "\n";
    }
  }
  return success();
}

/// Sizes of the options; every other name of the file is 3.
static LogicalResult readSizes(ModuleOp module, CheckOptions &options) {
  for (StringRef option : sizeOptions) {
    auto [name, text] = option.split('=');
    int64_t value;
    if (text.getAsInteger(10, value) || value < 0) {
      llvm::errs() << "--size wants name=number, not '" << option << "'\n";
      return failure();
    }
    options.sizes[name] = value;
  }
  AttrTypeWalker walker;
  walker.addWalk([&](graph::DimsAttr dims) {
    for (const graph::SizeExpr &size : dims.getSizes())
      size.forEachName(
          [&](StringRef name) { options.sizes.try_emplace(name, 3); });
  });
  module->walk([&](Operation *op) {
    walker.walk(op->getAttrDictionary());
    for (Type type : op->getResultTypes())
      walker.walk(type);
    for (Region &region : op->getRegions())
      for (Block &block : region)
        for (Type type : block.getArgumentTypes())
          walker.walk(type);
  });
  return success();
}

/// Ops whose derivative is zero everywhere have a rule too, but no operand
/// that it flows to.
static void printDifferentiable(MLIRContext &context) {
  for (RegisteredOperationName name : context.getRegisteredOperations()) {
    if (!name.hasInterface<graph::DifferentiableOpInterface>())
      continue;
    OperationState state(UnknownLoc::get(&context), name);
    Operation *op = Operation::create(state);
    if (cast<graph::DifferentiableOpInterface>(op).isActiveOperand(0))
      llvm::outs() << name.getStringRef() << "\n";
    op->destroy();
  }
}

static void printCovered(ModuleOp module) {
  std::map<std::string, int64_t> orders;
  for (func::FuncOp function : module.getOps<func::FuncOp>()) {
    if (!function.isPublic() || function.isDeclaration())
      continue;
    int64_t order = orderOf(function);
    function.walk([&](graph::DifferentiableOpInterface op) {
      int64_t &known = orders[op->getName().getStringRef().str()];
      known = std::max(known, order);
    });
  }
  for (const auto &[name, order] : orders)
    llvm::outs() << order << " " << name << "\n";
}

/// What the flags ask for; the exit status.
static int run(ModuleOp module) {
  CheckOptions options;
  options.seed = seed;
  options.passes = passes;
  if (failed(readSizes(module, options)))
    return 1;
  if (listCovered) {
    printCovered(module);
    return 0;
  }
  if (onlyBatchLaw)
    return failed(checkBatchLaw(module, options));
  return failed(onlyCheck ? checkGradients(module, options)
                          : runAll(module, options));
}

int main(int argc, char **argv) {
  llvm::InitLLVM init(argc, argv);
  cl::ParseCommandLineOptions(argc, argv, "Lamina's reference interpreter\n");
  registerGraphPasses();
  registerTransformsPasses();
  DialectRegistry registry;
  registerAllDialects(registry);
  MLIRContext context(registry, MLIRContext::Threading::DISABLED);
  // Attributes `test.*` say how inputs are drawn.
  context.allowUnregisteredDialects();
  context.loadAllAvailableDialects();

  if (listDifferentiable) {
    printDifferentiable(context);
    return 0;
  }
  std::string message;
  auto buffer = openInputFile(inputFile, &message);
  if (!buffer) {
    llvm::errs() << message << "\n";
    return 1;
  }
  llvm::SourceMgr sources;
  sources.AddNewSourceBuffer(std::move(buffer), llvm::SMLoc());
  SourceMgrDiagnosticHandler handler(sources, &context);
  OwningOpRef<ModuleOp> module = parseSourceFile<ModuleOp>(sources, &context);
  context.printOpOnDiagnostic(false);
  // That a second derivative is zero is no news here.
  ScopedDiagnosticHandler quiet(&context, [](Diagnostic &diagnostic) {
    return success(diagnostic.getSeverity() == DiagnosticSeverity::Remark);
  });
  return module ? run(*module) : 1;
}
