// SPDX-License-Identifier: Apache-2.0
//
// Processors by their feature bits.

#include "backends/CPU/Target.h"

#include "llvm/MC/TargetRegistry.h"
#include "llvm/Support/TargetSelect.h"
#include "llvm/Target/TargetMachine.h"
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
  });
}

static std::string hostTriple() {
  Triple triple(sys::getDefaultTargetTriple());
  return triple.isX86_64() ? triple.str() : "x86_64-unknown-linux-gnu";
}

static void setWidth(TargetModel &target, function_ref<bool(StringRef)> has) {
  // Both masks on whole registers and 16-byte operations on parts of them are
  // used, so AVX-512 counts only with DQ and VL (all but the first of its
  // kind).
  if (has("avx512f") && has("avx512dq") && has("avx512vl") && has("avx512bw"))
    target.vectorBits = 512;
  else if (has("avx2") && has("fma"))
    target.vectorBits = 256;
  target.hasFMA = has("fma");
}

static void readCaches(TargetModel &target) {
  if (int64_t bytes = sysconf(_SC_LEVEL1_DCACHE_SIZE); bytes > 0)
    target.l1Bytes = bytes;
  if (int64_t bytes = sysconf(_SC_LEVEL2_CACHE_SIZE); bytes > 0)
    target.l2Bytes = bytes;
  target.cores = std::max(1u, std::thread::hardware_concurrency());
}

static TargetModel makeNativeModel() {
  TargetModel target;
  target.triple = hostTriple();
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
  setWidth(target, [&](StringRef name) {
    auto found = features.find(name.str());
    return found != features.end() && found->second;
  });
  readCaches(target);
  return target;
}

SmallVector<StringRef> knownProcessors() {
  SmallVector<StringRef> names;
  X86::fillValidCPUArchList(names, /*Only64Bit=*/true);
  return names;
}

std::optional<TargetModel> makeTargetModel(StringRef cpu) {
  initializeTargets();
  if (cpu == "native")
    return makeNativeModel();
  StringRef name = cpu.empty() ? "x86-64" : cpu;
  if (!is_contained(knownProcessors(), name))
    return std::nullopt;
  TargetModel target;
  target.triple = hostTriple();
  target.cpu = name.str();
  SmallVector<StringRef> features;
  X86::getFeaturesForCPU(name, features);
  setWidth(target,
           [&](StringRef feature) { return is_contained(features, feature); });
  return target;
}

// LLVM prefers 256-bit registers on some processors with AVX-512, for what its
// own vectorizer makes. Ours are chosen on purpose.
std::unique_ptr<TargetMachine> makeMachine(const TargetModel &target) {
  initializeTargets();
  Triple triple(target.triple);
  std::string error;
  const llvm::Target *found = TargetRegistry::lookupTarget(triple, error);
  if (!found)
    return nullptr;
  std::string features = target.features;
  if (target.vectorBits >= 512)
    features += (features.empty() ? "" : ",") + std::string("-prefer-256-bit");
  TargetOptions options;
  options.AllowFPOpFusion = FPOpFusion::Standard;
  return std::unique_ptr<TargetMachine>(found->createTargetMachine(
      triple, target.cpu, features, options, Reloc::PIC_));
}

} // namespace lamina::cpu
