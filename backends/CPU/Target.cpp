// SPDX-License-Identifier: Apache-2.0
//
// Processors by their feature bits.

#include "backends/CPU/Target.h"

#include "llvm/MC/TargetRegistry.h"
#include "llvm/Support/TargetSelect.h"
#include "llvm/Target/TargetMachine.h"
#include "llvm/TargetParser/AArch64TargetParser.h"
#include "llvm/TargetParser/Host.h"
#include "llvm/TargetParser/X86TargetParser.h"

#include <mutex>
#include <thread>
#include <unistd.h>

using namespace llvm;

namespace lamina::cpu {

static void initializeTargets() {
  static std::once_flag once;
  std::call_once(once, [] {
    LLVMInitializeX86TargetInfo();
    LLVMInitializeX86Target();
    LLVMInitializeX86TargetMC();
    LLVMInitializeX86AsmPrinter();
    LLVMInitializeX86AsmParser();
    LLVMInitializeAArch64TargetInfo();
    LLVMInitializeAArch64Target();
    LLVMInitializeAArch64TargetMC();
    LLVMInitializeAArch64AsmPrinter();
    LLVMInitializeAArch64AsmParser();
    LLVMInitializeWebAssemblyTargetInfo();
    LLVMInitializeWebAssemblyTarget();
    LLVMInitializeWebAssemblyTargetMC();
    LLVMInitializeWebAssemblyAsmPrinter();
    LLVMInitializeWebAssemblyAsmParser();
  });
}

Triple tripleOf(StringRef text) {
  Triple triple(Triple::normalize(text.empty() ? sys::getDefaultTargetTriple()
                                               : text.str()));
  // "aarch64-linux-gnu" leaves the vendor out.
  if (triple.getVendor() == Triple::UnknownVendor)
    triple.setVendorName("unknown");
  // As "wasm32" leaves the system.
  if (triple.isWasm() && triple.getOSName().empty())
    triple.setOSName("unknown");
  return triple;
}

bool isHost(const Triple &triple) {
  return triple.getArch() == tripleOf("").getArch();
}

using HasFeature = function_ref<bool(StringRef)>;

/// The levels of the x86-64 psABI, from the best; what LLVM may use for each.
static std::string x86Level(HasFeature has) {
  struct Level {
    const char *name;
    std::vector<const char *> bits;
  };
  static const Level levels[] = {
      {"x86-64-v4",
       {"avx512f", "avx512bw", "avx512cd", "avx512dq", "avx512vl"}},
      {"x86-64-v3", {"avx2", "bmi", "bmi2", "f16c", "fma", "lzcnt", "movbe"}},
      {"x86-64-v2", {"cx16", "popcnt", "sahf", "sse4.2", "ssse3"}}};
  for (const Level &level : levels)
    if (all_of(level.bits, has))
      return level.name;
  return "x86-64";
}

static void setX86Width(TargetModel &target, HasFeature has) {
  // Both masks on whole registers and 16-byte operations on parts of them are
  // used, so AVX-512 counts only with DQ and VL (all but the first of its
  // kind).
  if (has("avx512f") && has("avx512dq") && has("avx512vl") && has("avx512bw")) {
    target.vectorBits = 512;
    target.vectorRegisters = 32;
  } else if (has("avx2") && has("fma")) {
    target.vectorBits = 256;
  }
  target.hasFMA = has("fma");
  target.level = x86Level(has);
}

// SVE has no fixed width; what is emitted has, and is NEON.
static void setAArch64Width(TargetModel &target) {
  target.vectorBits = 128;
  target.vectorRegisters = 32;
  target.hasFMA = true;
  target.level = "aarch64";
}

// Every browser of the last years has these: vectors, copies and conversions as
// instructions. An engine has about sixteen vector registers for us, because
// most processors below it do.
static TargetModel makeWasmModel(const Triple &triple) {
  TargetModel target;
  target.triple = triple.str();
  target.cpu = "generic";
  target.features = "+simd128,+bulk-memory,+bulk-memory-opt,+mutable-globals,"
                    "+nontrapping-fptoint,+sign-ext";
  target.level = "wasm32";
  return target;
}

static void readCaches(TargetModel &target) {
  if (int64_t bytes = sysconf(_SC_LEVEL1_DCACHE_SIZE); bytes > 0)
    target.l1Bytes = bytes;
  if (int64_t bytes = sysconf(_SC_LEVEL2_CACHE_SIZE); bytes > 0)
    target.l2Bytes = bytes;
  target.cores = std::max(1u, std::thread::hardware_concurrency());
}

static TargetModel makeNativeModel(const Triple &triple) {
  TargetModel target;
  target.triple = triple.str();
  target.cpu = sys::getHostCPUName().str();
  // Ordered, because the feature string is part of the key of the cache.
  std::map<std::string, bool> features;
  for (const auto &feature : sys::getHostCPUFeatures())
    features[feature.first().str()] = feature.second;
  // Hypervisors report names that do not fit their bits (`rocketlake` for a
  // machine with AMX), so the bits are given in full, also those that are off.
  for (const auto &[name, on] : features)
    target.features += (target.features.empty() ? "" : ",") +
                       std::string(on ? "+" : "-") + name;
  if (triple.isAArch64())
    setAArch64Width(target);
  else
    setX86Width(target, [&](StringRef name) {
      auto found = features.find(name.str());
      return found != features.end() && found->second;
    });
  readCaches(target);
  return target;
}

static SmallVector<StringRef> processorsOf(const Triple &triple) {
  SmallVector<StringRef> names;
  if (triple.isAArch64())
    AArch64::fillValidCPUArchList(names);
  else
    X86::fillValidCPUArchList(names, /*Only64Bit=*/true);
  return names;
}

static StringRef plainProcessor(const Triple &triple) {
  return triple.isAArch64() ? "generic" : "x86-64";
}

std::vector<std::string> portableProcessors(const Triple &triple) {
  if (triple.isAArch64())
    return {"generic"};
  return {"x86-64-v2", "x86-64-v3", "x86-64-v4"};
}

static Expected<TargetModel> refuse(const Twine &sentence) {
  return createStringError(sentence);
}

/// A processor that LLVM knows by name.
static TargetModel makeNamedModel(const Triple &triple, StringRef name) {
  TargetModel model;
  model.triple = triple.str();
  model.cpu = name.str();
  if (triple.isAArch64()) {
    setAArch64Width(model);
    return model;
  }
  SmallVector<StringRef> listed;
  X86::getFeaturesForCPU(name, listed);
  // LLVM lists AVX512BW and leaves out AVX512F, which it implies.
  StringMap<bool> features;
  for (StringRef feature : listed) {
    features[feature] = true;
    X86::updateImpliedFeatures(feature, true, features);
  }
  setX86Width(model,
              [&](StringRef feature) { return features.lookup(feature); });
  return model;
}

Expected<TargetModel> makeTargetModel(StringRef processor, StringRef target) {
  initializeTargets();
  Triple triple = tripleOf(target);
  bool isWasm = triple.getArch() == Triple::wasm32;
  bool isLinux =
      (triple.isX86_64() || triple.isAArch64(64)) && triple.isOSLinux();
  if (!isWasm && !isLinux)
    return refuse(
        "--target: there is no code generator for '" + target +
        "'; there are x86-64-linux-gnu, aarch64-linux-gnu and wasm32");
  if (isWasm && !processor.empty())
    return refuse("--mcpu: '" + processor +
                  "' is no processor of wasm32, which has one kind of them; "
                  "leave --mcpu out");
  if (isWasm)
    return makeWasmModel(triple);
  if (processor == "native") {
    if (isHost(triple))
      return makeNativeModel(triple);
    return refuse(
        "--mcpu: 'native' is this machine's processor, which is no '" + target +
        "'; name a processor, or leave --mcpu out");
  }
  StringRef name = processor.empty() ? plainProcessor(triple) : processor;
  if (name != plainProcessor(triple) &&
      !is_contained(processorsOf(triple), name))
    return refuse("--mcpu: there is no processor '" + processor + "' for " +
                  triple.getArchName() +
                  "; 'native' is this machine's, 'portable' any");
  return makeNamedModel(triple, name);
}

// LLVM prefers 256-bit registers on some processors with AVX-512, for what its
// own vectorizer makes. Ours are chosen on purpose.
static std::unique_ptr<TargetMachine> makeMachine(const TargetModel &target,
                                                  const std::string &features,
                                                  CodeGenOptLevel level) {
  initializeTargets();
  Triple triple(target.triple);
  std::string error;
  const llvm::Target *found = TargetRegistry::lookupTarget(triple, error);
  if (!found)
    return nullptr;
  TargetOptions options;
  options.AllowFPOpFusion = FPOpFusion::Standard;
  return std::unique_ptr<TargetMachine>(found->createTargetMachine(
      triple, target.cpu, features, options, Reloc::PIC_, /*CM=*/{}, level));
}

TargetMachine *findMachine(const TargetModel &target, CodeGenOptLevel level) {
  thread_local StringMap<std::unique_ptr<TargetMachine>> machines;
  std::string features = target.features;
  if (target.vectorBits >= 512)
    features += (features.empty() ? "" : ",") + std::string("-prefer-256-bit");
  auto [machine, isNew] =
      machines.try_emplace(target.triple + " " + target.cpu + " " + features +
                           " " + std::to_string(int(level)));
  if (isNew)
    machine->second = makeMachine(target, features, level);
  return machine->second.get();
}

} // namespace lamina::cpu
