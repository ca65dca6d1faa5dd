// SPDX-License-Identifier: Apache-2.0
//
// Objects to a program.
//
// The system's C++ compiler is asked to link, because it alone knows where the
// C library's start files are. The C++ library is linked into the program: it
// then runs on any machine with the same libc. For another machine it is that
// machine's compiler, and its runtime.

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

/// lib/liblamina_runtime.a beside the folder of this executable, and for
/// another machine lib/aarch64-linux-gnu/liblamina_runtime.a.
static Expected<std::string> findRuntime(const std::string &foreign) {
  std::string self = sys::fs::getMainExecutable("lamina", &anchor);
  StringRef bin = sys::path::parent_path(self);
  SmallString<128> path(sys::path::parent_path(bin));
  sys::path::append(path, "lib", foreign, "liblamina_runtime.a");
  if (sys::fs::exists(path))
    return std::string(path);
  std::string missing =
      "the runtime is not where it should be: '" + path.str().str() + "'";
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

Error link(ArrayRef<ArrayRef<char>> objects, const std::string &output,
           LinkKind kind, const std::string &triple) {
  std::string foreign = foreignName(triple);
  auto linker = findLinker(foreign);
  if (!linker)
    return linker.takeError();
  auto runtime = findRuntime(foreign);
  if (!runtime)
    return runtime.takeError();

  std::vector<FileRemover> removers;
  auto files = writeObjects(objects, removers);
  if (!files)
    return files.takeError();

  SmallString<128> temporary;
  if (auto error = sys::fs::createUniqueFile(output + ".%%%%%%", temporary))
    return createStringError("'" + output +
                             "' cannot be written: " + error.message());
  FileRemover removeTemporary(temporary);

  std::vector<std::string> arguments =
      linkArguments(*linker, kind, std::string(temporary));
  arguments.insert(arguments.end(), files->begin(), files->end());
  for (std::string &it : runtimeArguments(kind, *runtime))
    arguments.push_back(std::move(it));

  SmallVector<StringRef> views(arguments.begin(), arguments.end());
  std::string message;
  if (sys::ExecuteAndWait(*linker, views, std::nullopt, {}, 0, 0, &message) !=
      0)
    return createStringError("'" + output + "' could not be linked" +
                             (message.empty() ? "" : ": " + message));
  if (auto error = sys::fs::rename(temporary, output))
    return createStringError("'" + output +
                             "' cannot be written: " + error.message());
  removeTemporary.releaseFile();
  return Error::success();
}

} // namespace lamina::driver
