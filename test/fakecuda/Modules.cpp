// SPDX-License-Identifier: Apache-2.0
//
// Modules of the fake driver.
//
// Names and parameters of a module come from its PTX; what a kernel does comes
// from the library of emulated kernels, where the part of the name before the
// underscore, a hash of what the kernel is, is the same. A cubin that is taken
// is one that test/tools/fake_ptxas.py made: PTX under a title.

#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <dlfcn.h>
#include <map>

#include "FakeCuda.h"

namespace fakecuda {

static std::string contentOf(const std::string &name) {
  return name.substr(0, name.find('_'));
}

static bool isFinish(const std::string &name) {
  const std::string end = "_finish";
  return name.size() > end.size() &&
         name.compare(name.size() - end.size(), end.size(), end) == 0;
}

//===----------------------------------------------------------------------===//
// The library of emulated kernels
//===----------------------------------------------------------------------===//

static void *library() {
  static void *const opened = [] {
    const char *path = std::getenv("LAMINA_FAKE_CUDA_KERNELS");
    void *found = path ? ::dlopen(path, RTLD_NOW | RTLD_LOCAL) : nullptr;
    if (!found) {
      std::fprintf(stderr, "fake driver: no library of kernels: %s\n",
                   path ? ::dlerror() : "LAMINA_FAKE_CUDA_KERNELS is not set");
      std::abort();
    }
    return found;
  }();
  return opened;
}

void *libraryFunction(const char *name) { return ::dlsym(library(), name); }

namespace {
struct EmulatedKernel {
  LaminaKernel kernel;
  std::string symbol;
};
} // namespace

/// The emulated kernels by what they are.
static const std::map<std::string, EmulatedKernel> &emulatedKernels() {
  static const std::map<std::string, EmulatedKernel> all = [] {
    std::map<std::string, EmulatedKernel> found;
    auto *image =
        static_cast<const LaminaImage *>(::dlsym(library(), "lamina_image"));
    for (size_t i = 0; i < image->kernel_count; ++i) {
      const LaminaKernel &kernel = image->variants[0].kernels[i];
      Dl_info info{};
      if (::dladdr(reinterpret_cast<void *>(kernel.run), &info) &&
          info.dli_sname)
        found[contentOf(info.dli_sname)] = {kernel, info.dli_sname};
    }
    return found;
  }();
  return all;
}

/// Gives `function` the emulated kernel that it is; false if there is none. One
/// that takes other parameters is another flavour's, in whose place this one is
/// not to be launched.
static bool findKernel(Function &function) {
  auto found = emulatedKernels().find(contentOf(function.name));
  if (found == emulatedKernels().end())
    return false;
  function.kernel = found->second.kernel;
  std::string description = found->second.symbol;
  function.isFinish = isFinish(function.name);
  description += function.isFinish ? "_finish_emulated" : "_emulated";
  auto *grid = static_cast<const LaminaEmulatedKernel *>(
      ::dlsym(library(), description.c_str()));
  if (grid && grid->map_count == int32_t(function.maps) &&
      grid->buffers == int32_t(function.pointers) - 2)
    function.grid = grid;
  return true;
}

//===----------------------------------------------------------------------===//
// Code
//===----------------------------------------------------------------------===//

static size_t occurrences(const std::string &text, const char *word) {
  size_t found = 0;
  for (size_t at = text.find(word); at != std::string::npos;
       at = text.find(word, at + 1))
    ++found;
  return found;
}

namespace {
/// Code as a driver is given it.
struct Code {
  bool isBinary = false;
  std::string chip; ///< "sm_90a"
  int ptx = 0;      ///< version of the text: 78
  std::string text;
};
} // namespace

struct Module {
  std::map<std::string, Function> functions;
};

/// What stands behind `word` in `text`, up to the end of the word.
static std::string wordBehind(const std::string &text, const char *word) {
  size_t at = text.find(word);
  if (at == std::string::npos)
    return "";
  at += std::strlen(word);
  return text.substr(at, text.find_first_of(" ,\n", at) - at);
}

static Code readCode(const char *bytes) {
  Code code;
  code.isBinary = std::memcmp(bytes, "\177ELF", 4) == 0;
  code.text = code.isBinary ? bytes + 4 : bytes;
  code.chip = wordBehind(code.text, code.isBinary ? "made for " : ".target ");
  std::string version = wordBehind(code.text, ".version ");
  if (version.size() == 3)
    code.ptx = 10 * (version[0] - '0') + (version[2] - '0');
  return code;
}

/// Compiled code runs on its own generation, text on all later ones; both for
/// one processor alone if their name ends in a letter.
static Result check(const Code &code) {
  int64_t capability = setting("capability", 80);
  int64_t chip = code.chip.size() > 3 ? std::atoll(code.chip.c_str() + 3) : 0;
  bool isForOne = !code.chip.empty() && code.chip.back() == 'a';
  bool runs = isForOne ? chip == capability : chip <= capability;
  if (code.isBinary)
    return runs && chip / 10 == capability / 10 && !setting("refuse_cubins", 0)
               ? Success
               : NoBinaryForGpu;
  int64_t newest = setting("version", 13000) >= 12000 ? 99 : 78;
  return code.ptx > newest ? UnsupportedPtx : runs ? Success : InvalidPtx;
}

/// Reads ".visible .entry NAME( parameters )" of a module.
static void readEntries(const std::string &ptx, Module &module) {
  const std::string start = ".visible .entry ";
  for (size_t at = ptx.find(start); at != std::string::npos;
       at = ptx.find(start, at + 1)) {
    size_t name = at + start.size(), open = ptx.find('(', name);
    std::string parameters = ptx.substr(open, ptx.find(')', open) - open);
    Function function;
    function.name = ptx.substr(name, open - name);
    function.pointers = occurrences(parameters, ".ptr");
    function.maps = occurrences(parameters, "[128]");
    function.dims =
        occurrences(parameters, ".param") - function.pointers - function.maps;
    module.functions[function.name] = function;
  }
}

static void say(unsigned options, const int *names, void **values,
                const char *text) {
  for (unsigned i = 0; i < options; ++i)
    if (names[i] == 5)
      std::strcpy(static_cast<char *>(values[i]), text);
}

} // namespace fakecuda

using namespace fakecuda;

extern "C" {

Result cuModuleLoadDataEx(fakecuda::Module **module, const void *bytes,
                          unsigned options, int *names, void **values) {
  Code code = readCode(static_cast<const char *>(bytes));
  Result result = check(code);
  if (setting("refuse", 0)) {
    say(options, names, values,
        "ptxas application ptx input, line 9; error   : Unknown modifier "
        "'.v8'\nptxas fatal   : Ptx assembly aborted");
    result = InvalidPtx;
  }
  count(((result ? "refused: " : "loaded: ") +
         std::string(code.isBinary ? "cubin for " : "text for ") + code.chip)
            .c_str());
  if (result)
    return result;
  *module = new fakecuda::Module;
  readEntries(code.text, **module);
  for (auto &entry : (*module)->functions) {
    if (!findKernel(entry.second)) {
      std::fprintf(stderr, "fake driver: no emulated kernel for %s\n",
                   entry.first.c_str());
      return NotFound;
    }
    entry.second.hasFinish =
        (*module)->functions.count(entry.first + "_finish") != 0;
  }
  return Success;
}

Result cuModuleUnload(fakecuda::Module *module) {
  delete module;
  return Success;
}

Result cuModuleGetFunction(Function **function, fakecuda::Module *module,
                           const char *name) {
  auto found = module->functions.find(name);
  if (found == module->functions.end())
    return NotFound;
  *function = &found->second;
  return Success;
}

Result cuFuncSetAttribute(Function *, int, int) { return Success; }

} // extern "C"
