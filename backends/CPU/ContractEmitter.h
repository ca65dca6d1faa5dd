// SPDX-License-Identifier: Apache-2.0
//
// Products of matrices by blocks.
//
// The blocked nest: columns of the right operand are packed in panels, once for
// all rows of an item; rows of the left operand are read in place or packed
// eight at a time; tiles stay in registers over k; what follows on the result
// is computed on the tile.

#ifndef LAMINA_BACKENDS_CPU_CONTRACTEMITTER_H
#define LAMINA_BACKENDS_CPU_CONTRACTEMITTER_H

#include "backends/Backend.h"
#include "backends/CPU/ContractForm.h"
#include "backends/CPU/Evaluator.h"
#include "backends/CPU/KernelEmitter.h"
#include "backends/CPU/MicroKernel.h"

namespace lamina::cpu {

class ContractEmitter : public KernelEmitter {
public:
  ContractEmitter(ContractForm form, const TargetModel &target)
      : form(std::move(form)), target(target) {}

  llvm::Value *emitItems(Frame &frame) override;
  llvm::Value *emitScratch(Frame &frame) override;
  mlir::LogicalResult emitRun(Frame &frame, const RunArguments &run) override;

private:
  ContractForm form;
  const TargetModel &target;
};

} // namespace lamina::cpu

#endif // LAMINA_BACKENDS_CPU_CONTRACTEMITTER_H
