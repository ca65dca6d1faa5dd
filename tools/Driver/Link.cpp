// SPDX-License-Identifier: Apache-2.0
//
// Objects to a program.
//
// The system's C++ compiler is asked to link, because it alone knows where the
// C library's start files are. The C++ library is linked into the program: it
// then runs on any machine with the same libc. For another machine it is that
// machine's compiler, and its runtime. A
// module for WebAssembly has no C library, so LLVM's linker does it alone.

#include "tools/Driver/Link.h"

#include "llvm/Support/FileSystem.h"
#include "llvm/Support/FileUtilities.h"
#include "llvm/Support/MemoryBuffer.h"
#include "llvm/Support/Path.h"
#include "llvm/Support/Program.h"
#include "llvm/Support/raw_ostream.h"
#include "llvm/TargetParser/Host.h"
#include "llvm/TargetParser/Triple.h"

using namespace llvm;

namespace lamina::driver {

/// An address in this executable, by which it finds its own folder.
static int anchor;

/// The name of another machine as Debian's cross compilers and folders have it,
/// "aarch64-linux-gnu"; empty for this machine.
static std::string foreignName(const std::string &text) {
  Triple triple(text);
  if (triple.getArch() == Triple(sys::getDefaultTargetTriple()).getArch())
    return "";
  return (triple.getArchName() + "-" + triple.getOSAndEnvironmentName()).str();
}

/// `lib/name` beside the folder of this executable, for another machine
/// `lib/foreign/name`. The error is the path.
static Expected<std::string> findArchive(const std::string &foreign,
                                         const std::string &name) {
  std::string self = sys::fs::getMainExecutable("lamina", &anchor);
  StringRef bin = sys::path::parent_path(self);
  SmallString<128> path(sys::path::parent_path(bin));
  sys::path::append(path, "lib", foreign, name);
  if (sys::fs::exists(path))
    return std::string(path);
  return createStringError("'" + path.str().str() + "'");
}

static Expected<std::string> findRuntime(const std::string &foreign) {
  auto found = findArchive(foreign, "liblamina_runtime.a");
  if (found)
    return found;
  std::string missing =
      "the runtime is not where it should be: " + toString(found.takeError());
  if (!foreign.empty())
    missing += "; it is built where '" + foreign + "-g++' is installed";
  return createStringError(missing);
}

static Expected<std::string> findLinker(const std::string &foreign) {
  if (!foreign.empty()) {
    std::string name = foreign + "-g++";
    if (auto path = sys::findProgramByName(name))
      return *path;
    return createStringError("no compiler to link with: install '" + name +
                             "' (Debian's package is g++-" + foreign + ")");
  }
  for (StringRef name : {"clang++-22", "clang++", "g++", "c++"})
    if (auto path = sys::findProgramByName(name))
      return *path;
  return createStringError("no C++ compiler to link with: install clang-22");
}

/// Writes the objects to temporary files, removed when `removers` goes.
static Expected<std::vector<std::string>>
writeObjects(ArrayRef<ArrayRef<char>> objects,
             std::vector<FileRemover> &removers) {
  std::vector<std::string> files;
  removers.reserve(objects.size());
  for (ArrayRef<char> object : objects) {
    SmallString<128> path;
    int file;
    if (auto error = sys::fs::createTemporaryFile("lamina", "o", file, path))
      return createStringError("no temporary file can be made: " +
                               error.message());
    removers.emplace_back(path);
    raw_fd_ostream out(file, true);
    out.write(object.data(), object.size());
    out.close();
    if (out.has_error()) {
      std::string reason = out.error().message();
      out.clear_error();
      return createStringError("'" + path.str().str() +
                               "' cannot be written: " + reason);
    }
    files.push_back(std::string(path));
  }
  return files;
}

static std::vector<std::string> linkArguments(const std::string &linker,
                                              LinkKind kind,
                                              const std::string &output) {
  bool isClang = sys::path::filename(linker).contains("clang");
  std::vector<std::string> arguments = {linker, "-o", output};
  if (isClang)
    arguments.push_back("-fuse-ld=lld");
  if (kind == LinkKind::Object) {
    arguments.insert(arguments.end(), {"-r", "-nostdlib"});
    return arguments;
  }
  if (kind == LinkKind::SharedLibrary)
    arguments.push_back("-shared");
  if (isClang)
    arguments.push_back("-Wl,--icf=all");
  arguments.insert(arguments.end(),
                   {"-static-libstdc++", "-static-libgcc", "-Wl,--gc-sections",
                    "-Wl,-s", "-pthread"});
  // None, unless the runtime was built with sanitizers.
  SmallVector<StringRef> flags;
  StringRef(LAMINA_RUNTIME_LINK_FLAGS).split(flags, ' ', -1, false);
  for (StringRef flag : flags)
    arguments.push_back(flag.str());
  return arguments;
}

/// The runtime stands behind the objects that need it; a library has all of it.
static std::vector<std::string> runtimeArguments(LinkKind kind,
                                                 const std::string &runtime) {
  switch (kind) {
  case LinkKind::Object:
    return {};
  case LinkKind::SharedLibrary:
    return {"-Wl,--whole-archive", runtime, "-Wl,--no-whole-archive", "-lm"};
  case LinkKind::Program:
    return {runtime, "-lm"};
  }
  llvm_unreachable("all kinds are above");
}

namespace {

/// How a linker is called: objects stand between two parts.
struct LinkLine {
  std::vector<std::string> before, behind;
};

} // namespace

static Expected<LinkLine> lineForProgram(LinkKind kind,
                                         const std::string &output,
                                         const std::string &triple) {
  std::string foreign = foreignName(triple);
  auto linker = findLinker(foreign);
  if (!linker)
    return linker.takeError();
  auto runtime = findRuntime(foreign);
  if (!runtime)
    return runtime.takeError();
  return LinkLine{linkArguments(*linker, kind, output),
                  runtimeArguments(kind, *runtime)};
}

static Expected<std::string> findModuleLinker() {
  for (StringRef name : {"wasm-ld-22", "wasm-ld"})
    if (auto path = sys::findProgramByName(name))
      return *path;
  return createStringError("no linker for wasm32: install 'wasm-ld-22' "
                           "(Debian's package is lld-22)");
}

/// The stack stands first, so that one that is too small is noticed by the
/// engine, not by the weights.
static Expected<LinkLine> lineForModule(LinkKind kind,
                                        const std::string &output) {
  auto linker = findModuleLinker();
  if (!linker)
    return linker.takeError();
  if (kind == LinkKind::Object)
    return LinkLine{{*linker, "-r", "-o", output}, {}};
  auto runtime = findArchive("wasm32", "liblamina_module.a");
  if (!runtime)
    return createStringError(
        "the runtime of modules is not where it should be: " +
        toString(runtime.takeError()));
  LinkLine line{{*linker, "-o", output, "--no-entry", "--stack-first", "-z",
                 "stack-size=1048576", "--gc-sections", "--strip-all"},
                {*runtime}};
  for (StringRef name :
       {"allocate", "release", "describe", "weight", "seed", "call", "error"})
    line.before.push_back(("--export=lamina_module_" + name).str());
  return line;
}

/// What to say where a linker has failed, and has said `text`.
static Error sayFailure(const std::string &output, StringRef text,
                        const std::string &message) {
  constexpr StringRef missing = "undefined symbol: ";
  if (size_t at = text.find(missing); at != StringRef::npos) {
    StringRef name = text.substr(at + missing.size()).take_until([](char c) {
      return isspace(c);
    });
    return createStringError(
        "'" + output + "' calls '" + name +
        "', which no library of modules has; the functions of libm are there "
        "where lamina was built beside wasi-libc: run './dev deps', then build "
        "again");
  }
  errs() << text;
  return createStringError("'" + output + "' could not be linked" +
                           (message.empty() ? "" : ": " + message));
}

/// Runs the linker. Of the one for modules what it says is read first.
static Error runLinker(const std::vector<std::string> &arguments,
                       const std::string &output, bool isForModule) {
  SmallString<128> heard;
  if (auto error = sys::fs::createTemporaryFile("lamina", "log", heard))
    return createStringError("no temporary file can be made: " +
                             error.message());
  FileRemover removeHeard(heard);
  SmallVector<StringRef> views(arguments.begin(), arguments.end());
  std::optional<StringRef> redirects[] = {std::nullopt, std::nullopt,
                                          std::nullopt};
  if (isForModule)
    redirects[2] = heard.str();
  std::string message;
  if (sys::ExecuteAndWait(arguments.front(), views, std::nullopt, redirects, 0,
                          0, &message) == 0)
    return Error::success();
  auto text = MemoryBuffer::getFile(heard);
  return sayFailure(output, text ? (*text)->getBuffer() : "", message);
}

Error link(ArrayRef<ArrayRef<char>> objects, const std::string &output,
           LinkKind kind, const std::string &triple) {
  SmallString<128> temporary;
  if (auto error = sys::fs::createUniqueFile(output + ".%%%%%%", temporary))
    return createStringError("'" + output +
                             "' cannot be written: " + error.message());
  FileRemover removeTemporary(temporary);
  bool isForModule = Triple(triple).isWasm();
  auto line = isForModule
                  ? lineForModule(kind, std::string(temporary))
                  : lineForProgram(kind, std::string(temporary), triple);
  if (!line)
    return line.takeError();

  std::vector<FileRemover> removers;
  auto files = writeObjects(objects, removers);
  if (!files)
    return files.takeError();
  std::vector<std::string> arguments = std::move(line->before);
  arguments.insert(arguments.end(), files->begin(), files->end());
  arguments.insert(arguments.end(), line->behind.begin(), line->behind.end());
  if (Error error = runLinker(arguments, output, isForModule))
    return error;
  if (auto error = sys::fs::rename(temporary, output))
    return createStringError("'" + output +
                             "' cannot be written: " + error.message());
  removeTemporary.releaseFile();
  return Error::success();
}

} // namespace lamina::driver
