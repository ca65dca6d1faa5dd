// SPDX-License-Identifier: Apache-2.0
//
// All passes of Lamina.

#include "passes/RegisterAll.h"

#if __has_include("passes/Model/Passes.h")
#include "passes/Model/Passes.h"
#define LAMINA_HAS_MODEL
#endif
#if __has_include("passes/Graph/Passes.h")
#include "passes/Graph/Passes.h"
#define LAMINA_HAS_GRAPH
#endif
#if __has_include("passes/Kernel/Passes.h")
#include "passes/Kernel/Passes.h"
#define LAMINA_HAS_KERNEL
#endif

void lamina::registerAllPasses() {
#ifdef LAMINA_HAS_MODEL
  registerModelPasses();
#endif
#ifdef LAMINA_HAS_GRAPH
  registerGraphPasses();
#endif
#ifdef LAMINA_HAS_KERNEL
  registerKernelPasses();
#endif
}
