// SPDX-License-Identifier: Apache-2.0
//
// Objects to a program.
//
// The system's C++ compiler is asked to link, because it alone knows where the
// C library's start files are. The C++ library is linked into the program: it
// then runs on any machine with the same libc.

#include "tools/Driver/Link.h"

#include "llvm/Support/FileSystem.h"
#include "llvm/Support/FileUtilities.h"
#include "llvm/Support/MemoryBuffer.h"
#include "llvm/Support/Path.h"
#include "llvm/Support/Program.h"
#include "llvm/Support/raw_ostream.h"

using namespace llvm;

namespace lamina::driver {

/// An address in this executable, by which it finds its own folder.
static int anchor;

static Expected<std::string> findRuntime() {
  std::string self = sys::fs::getMainExecutable("lamina", &anchor);
  StringRef bin = sys::path::parent_path(self);
  SmallString<128> path(sys::path::parent_path(bin));
  sys::path::append(path, "lib", "liblamina_runtime.a");
  if (!sys::fs::exists(path))
    return createStringError("the runtime is not where it should be: '" +
                             path.str().str() + "'");
  return std::string(path);
}

static Expected<std::string> findLinker() {
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
                                              const std::string &runtime,
                                              const std::string &output) {
  std::vector<std::string> arguments = {linker, "-o", output};
  if (StringRef(linker).contains("clang"))
    arguments.push_back("-fuse-ld=lld");
  if (kind == LinkKind::SharedLibrary)
    arguments.push_back("-shared");
  for (const char *flag :
       {"-static-libstdc++", "-static-libgcc", "-Wl,--gc-sections",
        "-Wl,--icf=all", "-Wl,-s", "-pthread"})
    if (StringRef(flag) != "-Wl,--icf=all" ||
        StringRef(linker).contains("clang"))
      arguments.push_back(flag);
  if (kind == LinkKind::SharedLibrary)
    arguments.insert(arguments.end(), {"-Wl,--whole-archive", runtime,
                                       "-Wl,--no-whole-archive"});
  return arguments;
}

Error link(ArrayRef<ArrayRef<char>> objects, const std::string &output,
           LinkKind kind) {
  auto linker = findLinker();
  if (!linker)
    return linker.takeError();
  auto runtime = findRuntime();
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

  std::vector<std::string> arguments;
  if (kind == LinkKind::Object)
    arguments = {*linker,     "-fuse-ld=lld", "-r",
                 "-nostdlib", "-o",           std::string(temporary)};
  else
    arguments = linkArguments(*linker, kind, *runtime, std::string(temporary));
  arguments.insert(arguments.end(), files->begin(), files->end());
  if (kind == LinkKind::Program)
    arguments.push_back(*runtime);
  if (kind != LinkKind::Object)
    arguments.push_back("-lm");

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
