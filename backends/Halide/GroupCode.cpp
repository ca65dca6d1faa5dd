// SPDX-License-Identifier: Apache-2.0
//
// What Halide makes of a step for a GPU.
//
// The host's code in LLVM IR, with the device's in a string, in; both apart,
// out. OpenCL 1.2 gives a kernel whole buffers, and programs keep all tensors
// in a few: so each pointer gets a number beside it, the bytes before what it
// means. `restrict` goes: an out may stand in the memory of an input. So do
// words that ask for numbers of 64 bits: where there are some, nobody need ask.

#include "backends/Halide/GroupCode.h"

#include "llvm/ADT/StringExtras.h"
#include "llvm/IR/Constants.h"
#include "llvm/IR/IRBuilder.h"
#include "llvm/IR/PatternMatch.h"
#include "llvm/Support/FormatVariadic.h"
#include "llvm/Support/Regex.h"

#include <map>

using namespace llvm;
using namespace llvm::PatternMatch;

namespace lamina::halide {

namespace {

/// Rewrites one module of OpenCL C, line by line.
class Rewriter {
public:
  Rewriter(const std::string &prefix, unsigned &count)
      : prefix(prefix), count(count) {}
  void add(StringRef line);

  std::string text;
  std::map<std::string, std::string> names; ///< of kernels, old and new

private:
  void addParameter(StringRef line);
  void defineSpace(StringRef line);
  std::string nameSpaces(StringRef line) const;

  const std::string &prefix;
  unsigned &count;
  std::map<std::string, std::string> spaces; ///< of memory, by Halide's word
  bool inParameters = false;
  std::string pointers; ///< definitions that the kernel's body begins with
};

} // namespace

static constexpr StringRef
    kernelStart = "__kernel void _kernel_",
    beforeName = "*restrict ",
    lastOfHeader = "__kernel void _at_least_one_kernel(int x) { }\n";

void Rewriter::addParameter(StringRef line) {
  inParameters = !line.ends_with(")");
  auto [type, rest] = line.split(beforeName);
  if (rest.empty()) {
    text += (line + "\n").str();
    return;
  }
  StringRef name = rest.take_while(
      [](char c) { return isAlnum(c) || c == '_' || c == '$'; });
  std::string pointer = (type.trim() + " *").str();
  text += formatv(" {0}{1}_base, const ulong {1}_offset{2}\n", pointer, name,
                  rest.drop_front(name.size()));
  pointers += formatv(
      " {0}{1} = ({0})((__global const char *){1}_base + {1}_offset);\n",
      pointer, name);
}

void Rewriter::defineSpace(StringRef line) {
  auto [name, space] = line.ltrim().drop_front(strlen("#define ")).split(' ');
  spaces[name.str()] = space.str();
}

/// `line` with the words for spaces of memory that are defined now.
std::string Rewriter::nameSpaces(StringRef line) const {
  static const Regex word("__address_space_[A-Za-z0-9_]+");
  std::string result;
  SmallVector<StringRef> found;
  while (word.match(line, &found)) {
    auto [before, after] = line.split(found[0]);
    result += before;
    result += spaces.at(found[0].str());
    line = after;
  }
  return result + line.str();
}

void Rewriter::add(StringRef raw) {
  if (raw.ltrim().consume_front("#define __address_space_"))
    return defineSpace(raw);
  if (raw.ltrim().starts_with("#undef __address_space_") ||
      raw.starts_with("#pragma OPENCL EXTENSION") ||
      raw.starts_with("/*OpenCL C") || raw.ltrim().starts_with("// "))
    return;
  std::string line = nameSpaces(raw);
  if (StringRef(line).starts_with(kernelStart)) {
    StringRef name = StringRef(line).drop_front(kernelStart.size() - 8);
    name = name.take_until([](char c) { return c == '('; });
    std::string renamed = prefix + utostr(count++);
    names[name.str()] = renamed;
    text += "__kernel void " + renamed + "(\n";
    inParameters = true;
    pointers.clear();
    return;
  }
  if (inParameters)
    return addParameter(line);
  text += StringRef(line).split(" // ").first.str() + "\n";
  if (line == "{" && !pointers.empty())
    text += std::exchange(pointers, "");
}

namespace {

/// Numbers in names, which count up in the process: with the words numbered in
/// the order in which they come, equal kernels have equal code.
class Renumbering {
public:
  std::string run(StringRef text);

private:
  std::string number(StringRef word);

  std::map<std::string, size_t> ranks;
};

} // namespace

/// Of `_12`, `_t12`, `_out__12_s0_i1` and `_out_s0_i__1_v12_block_id_y`, what
/// is left without each 12 and each 1 behind two lines, and a number of ours.
std::string Renumbering::number(StringRef word) {
  static const Regex counted("__[0-9]+|_v[0-9]+"), atStart("^_[a-z]?[0-9]+");
  size_t next = ranks.size();
  size_t rank = ranks.try_emplace(word.str(), next).first->second;
  std::string stem;
  SmallVector<StringRef> found;
  StringRef rest = word;
  while ((rest.data() == word.data() && atStart.match(rest, &found)) ||
         counted.match(rest, &found)) {
    auto [before, after] = rest.split(found[0]);
    stem += before.str() + found[0].rtrim("0123456789_").str();
    rest = after;
  }
  return stem + rest.str() + "_" + utostr(rank);
}

std::string Renumbering::run(StringRef text) {
  std::string result;
  auto isOfWord = [](char c) { return isAlnum(c) || c == '_'; };
  while (!text.empty()) {
    StringRef word = text.take_while(isOfWord);
    text = text.drop_front(word.size());
    bool isLocal = word.starts_with("_") && !word.starts_with("__");
    result += isLocal ? number(word) : word.str();
    StringRef between = text.take_until(isOfWord);
    text = text.drop_front(between.size());
    result += between;
  }
  return result;
}

/// The text of a constant that ends with a zero.
static std::optional<StringRef> textOf(const GlobalVariable &global) {
  if (!global.hasInitializer())
    return std::nullopt;
  auto *data = dyn_cast<ConstantDataArray>(global.getInitializer());
  if (!data || !data->isString())
    return std::nullopt;
  return data->getAsString().rtrim('\0');
}

/// Kernels of a program are one module, so their names are not Halide's.
static void rename(Module &module,
                   const std::map<std::string, std::string> &names) {
  for (GlobalVariable &global : make_early_inc_range(module.globals())) {
    std::optional<StringRef> text = textOf(global);
    auto found = text ? names.find(text->str()) : names.end();
    if (found == names.end())
      continue;
    Constant *renamed =
        ConstantDataArray::getString(module.getContext(), found->second);
    auto *made =
        new GlobalVariable(module, renamed->getType(), true,
                           GlobalValue::PrivateLinkage, renamed, "entry");
    global.replaceAllUsesWith(made);
    global.eraseFromParent();
  }
}

/// A function of Halide's run time that has nothing to do here.
static void empty(Module &module, StringRef name) {
  Function *function = module.getFunction(name);
  if (!function)
    return;
  IRBuilder<> b(BasicBlock::Create(module.getContext(), "", function));
  Type *result = function->getReturnType();
  if (result->isVoidTy())
    b.CreateRetVoid();
  else
    b.CreateRet(Constant::getNullValue(result));
  function->setLinkage(GlobalValue::InternalLinkage);
}

/// Halide asks for the host's side of a stage, too, which has no bytes where
/// the device alone has the stage.
static bool takesHostMemory(Module &module) {
  Function *allocate = module.getFunction("halide_malloc");
  return allocate && any_of(allocate->users(), [](const User *user) {
           auto *call = dyn_cast<CallInst>(user);
           return !call || !match(call->getArgOperand(1), m_Zero());
         });
}

/// What else of Halide's run time is called.
static std::vector<std::string> callQueue(Module &module) {
  for (StringRef name :
       {"halide_opencl_initialize_kernels", "halide_opencl_finalize_kernels",
        "halide_opencl_device_interface", "halide_copy_to_device"})
    empty(module, name);
  if (!takesHostMemory(module))
    for (StringRef name : {"halide_malloc", "halide_free"})
      empty(module, name);
  const std::pair<StringRef, StringRef> callbacks[] = {
      {"halide_opencl_run", "lamina_queue_run"},
      {"halide_device_malloc", "lamina_queue_allocate"},
      {"halide_device_free", "lamina_queue_free"},
      {"halide_device_free_as_destructor", "lamina_queue_drop"}};
  for (auto [name, ours] : callbacks)
    if (Function *function = module.getFunction(name))
      function->setName(ours);
  std::vector<std::string> rest;
  for (const Function &function : module)
    if (function.isDeclaration() && !function.use_empty() &&
        function.getName().starts_with("halide_"))
      rest.push_back(function.getName().str());
  return rest;
}

std::string takeOpenCL(Module &module, const std::string &prefix,
                       unsigned &count, std::string &why) {
  Rewriter rewriter(prefix, count);
  for (GlobalVariable &global : make_early_inc_range(module.globals())) {
    std::optional<StringRef> text = textOf(global);
    if (!text || !text->contains("__kernel void "))
      continue;
    // Steps of a kernel have one header.
    StringRef code = count ? text->split(lastOfHeader).second : *text;
    for (StringRef line : split(code.rtrim('\n'), '\n'))
      rewriter.add(line);
    global.replaceAllUsesWith(Constant::getNullValue(global.getType()));
    global.eraseFromParent();
    break;
  }
  rename(module, rewriter.names);
  std::vector<std::string> rest = callQueue(module);
  if (rest.empty()) {
    auto [header, kernels] = StringRef(rewriter.text).split(lastOfHeader);
    if (kernels.empty())
      return Renumbering().run(header);
    return (header + lastOfHeader + Renumbering().run(kernels)).str();
  }
  why = "calls '" + join(rest, "', '") + "'";
  return "";
}

} // namespace lamina::halide
