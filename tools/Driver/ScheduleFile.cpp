// SPDX-License-Identifier: Apache-2.0
//
// Schedules of kernels in a file.
//
// A schedule becomes an attribute of its kernel, so that it is a part of what
// the kernel is: of its symbol and of the key of the cache. What is in it only
// the backend knows; it is asked to print the kernel, which applies it.

#include "tools/Driver/ScheduleFile.h"

#include "llvm/ADT/StringMap.h"
#include "llvm/Support/MemoryBuffer.h"

using namespace mlir;

namespace lamina::driver {

namespace {

/// The text of a kernel's schedule, with an empty line for each line of the
/// file before it, so that lines count as in the file.
struct Block {
  std::string kernel, text;
  unsigned line = 0;
};

} // namespace

static LogicalResult readBlocks(llvm::StringRef text, StringAttr path,
                                std::vector<Block> &blocks) {
  unsigned line = 0;
  Block *open = nullptr;
  auto refuse = [&](const llvm::Twine &message) {
    return emitError(FileLineColLoc::get(path, line, 1)) << message;
  };
  while (!text.empty()) {
    auto [first, rest] = text.split('\n');
    text = rest;
    ++line;
    llvm::StringRef code = first.take_until([](char c) { return c == '#'; });
    code = code.trim();
    if (code.consume_front("kernel ")) {
      if (open || !code.consume_back("{"))
        return refuse("a schedule begins with 'kernel NAME {'");
      open = &blocks.emplace_back();
      open->kernel = code.trim().str();
      open->line = line;
      open->text = std::string(line, '\n');
    } else if (code == "}" && open) {
      open = nullptr;
    } else if (open) {
      open->text += (first + "\n").str();
    } else if (!code.empty()) {
      return refuse("a schedule begins with 'kernel NAME {'");
    }
  }
  if (open)
    return refuse("the schedule of '" + open->kernel +
                  "' has no '}' at its end");
  return success();
}

static LogicalResult attach(const Block &block, StringAttr path,
                            kernel::FuncOp kernel,
                            const std::vector<CodeTarget> &targets) {
  MLIRContext *context = path.getContext();
  Location here = FileLineColLoc::get(path, block.line, 1);
  kernel->setAttr("kernel.schedule", StringAttr::get(context, block.text));
  kernel->setAttr("kernel.schedule_file", path);
  for (const CodeTarget &target : targets) {
    const Backend *chosen = nullptr;
    for (const auto &backend : target.backends)
      if (!chosen && backend->canCompile(kernel))
        chosen = backend.get();
    if (!chosen || !chosen->hasForm("halide"))
      return emitError(here) << "kernel '" << block.kernel << "' goes to "
                             << (chosen ? chosen->name() : "no backend")
                             << ", and a schedule is for halide";
    OwningOpRef<ModuleOp> alone(ModuleOp::create(kernel.getLoc()));
    auto copy = cast<kernel::FuncOp>(kernel->clone());
    alone->push_back(copy);
    if (failed(chosen->print(copy, "halide", llvm::nulls())))
      return failure();
  }
  return success();
}

LogicalResult attachSchedules(ModuleOp module, llvm::StringRef path,
                              const std::vector<CodeTarget> &targets) {
  auto file = StringAttr::get(module.getContext(), path);
  auto buffer = llvm::MemoryBuffer::getFile(path, /*IsText=*/true);
  if (!buffer) {
    llvm::errs() << "lamina: --halide-schedule: '" << path
                 << "' cannot be read: " << buffer.getError().message() << "\n";
    return failure();
  }
  std::vector<Block> blocks;
  if (failed(readBlocks((*buffer)->getBuffer(), file, blocks)))
    return failure();
  llvm::StringMap<unsigned> lines;
  for (const Block &block : blocks) {
    if (auto [first, isNew] = lines.try_emplace(block.kernel, block.line);
        !isNew)
      return emitError(FileLineColLoc::get(file, block.line, 1))
             << "kernel '" << block.kernel << "' has a schedule already, in "
             << "line " << first->second;
    auto kernel = module.lookupSymbol<kernel::FuncOp>(block.kernel);
    if (!kernel)
      return emitError(FileLineColLoc::get(file, block.line, 1))
             << "the program has no kernel '" << block.kernel
             << "'; --emit=halide prints all with their schedules";
    if (failed(attach(block, file, kernel, targets)))
      return failure();
  }
  return success();
}

} // namespace lamina::driver
