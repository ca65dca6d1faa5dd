// SPDX-License-Identifier: Apache-2.0
//
// Build, check and run.

#include "dialects/Program/ProgramOps.h"
#include "tools/Driver/Compilation.h"

#include "llvm/Support/FileSystem.h"
#include "llvm/Support/Path.h"
#include "llvm/Support/Program.h"
#include "llvm/Support/ToolOutputFile.h"

#include <csignal>

using namespace mlir;

namespace lamina::driver {

/// The stage that the module must reach for `stage` to be written.
static Stage loweredFor(Stage stage) { return std::min(stage, Stage::Planned); }

static bool isText(Stage stage) { return stage < Stage::Object; }

static LogicalResult writeText(Compilation &compilation, Stage stage,
                               const std::string &path) {
  if (path == "-")
    return compilation.printStage(stage, llvm::outs());
  std::error_code error;
  llvm::ToolOutputFile file(path, error, llvm::sys::fs::OF_Text);
  if (error) {
    say("'" + path + "' cannot be written: " + error.message());
    return failure();
  }
  if (failed(compilation.printStage(stage, file.os())))
    return failure();
  file.keep();
  return success();
}

/// One stage asked for: text goes to standard output unless a file is named.
static LogicalResult emitStage(Compilation &compilation, const Options &options,
                               Stage stage, bool single) {
  if (failed(compilation.lowerTo(loweredFor(stage))))
    return failure();
  std::string path = single ? options.output : "";
  if (path.empty())
    path = single && isText(stage) ? "-" : fileName(compilation.stem(), stage);
  if (options.output.empty() && stage == Stage::Program &&
      compilation.isForWasm())
    path += ".wasm";
  return isText(stage) ? writeText(compilation, stage, path)
                       : compilation.linkTo(path, stage);
}

/// Said before the work, which may take minutes.
static LogicalResult checkFolder(llvm::StringRef output) {
  llvm::StringRef folder = llvm::sys::path::parent_path(output);
  if (folder.empty() || llvm::sys::fs::is_directory(folder))
    return success();
  say("--output: '" + output + "' cannot be written: there is no folder '" +
      folder + "'");
  return failure();
}

int build(const Options &options) {
  if (failed(checkFolder(options.output)))
    return 2;
  Compilation compilation(options);
  if (failed(compilation.prepare()))
    return 2;
  std::vector<Stage> wanted = options.emit;
  if (wanted.empty())
    wanted = {Stage::Program};
  llvm::sort(wanted); // the module only moves forward
  for (Stage stage : wanted)
    if (failed(emitStage(compilation, options, stage, wanted.size() == 1)))
      return 1;
  if (options.timing)
    compilation.printTiming();
  return 0;
}

int check(const Options &options) {
  Compilation compilation(options);
  if (failed(compilation.prepare()))
    return 2;
  int result = succeeded(compilation.lowerTo(Stage::Graph)) ? 0 : 1;
  if (options.timing)
    compilation.printTiming();
  return result;
}

/// Waits for the program, whatever is sent to both: Ctrl-C asks a training to
/// save what it has, and the folder that it lies in is to be removed.
static int execute(llvm::StringRef program,
                   const std::vector<std::string> &arguments) {
  llvm::SmallVector<llvm::StringRef> views = {program};
  views.append(arguments.begin(), arguments.end());
  std::string message;
  auto *before = std::signal(SIGINT, [](int) {});
  int result = llvm::sys::ExecuteAndWait(program, views, std::nullopt, {}, 0, 0,
                                         &message);
  std::signal(SIGINT, before);
  if (result < 0)
    say("the program ended early: " + message);
  return result;
}

static LogicalResult checkTests(Compilation &compilation,
                                const Options &options) {
  if (failed(compilation.lowerTo(Stage::Graph)))
    return failure();
  if (!compilation.module().getOps<program::TestOp>().empty())
    return success();
  say("'" + options.input +
      "' has no tests; 'test \"what has to hold\" { assert … }' is one");
  return failure();
}

int run(const Options &options, const std::vector<std::string> &arguments,
        std::optional<Oracle> oracle) {
  Compilation compilation(options);
  if (failed(compilation.prepare()))
    return 2;
  if (options.withTests && failed(checkTests(compilation, options)))
    return 1;
  if (oracle)
    return runOnReference(compilation, arguments, *oracle);
  if (compilation.isForWasm()) {
    say("--target: a module for wasm32 is called by a web page or another "
        "host; 'lamina build' makes it");
    return 2;
  }
  if (failed(compilation.lowerTo(Stage::Planned)))
    return 1;
  llvm::SmallString<128> folder;
  if (auto error = llvm::sys::fs::createUniqueDirectory("lamina", folder)) {
    say("no temporary folder can be made: " + error.message());
    return 1;
  }
  llvm::SmallString<128> program(folder);
  llvm::sys::path::append(program, compilation.stem());
  int result = 1;
  if (succeeded(compilation.linkTo(std::string(program), Stage::Program))) {
    if (options.timing)
      compilation.printTiming();
    result = execute(program, arguments);
  }
  llvm::sys::fs::remove_directories(folder);
  return result < 0 ? 1 : result;
}

} // namespace lamina::driver
