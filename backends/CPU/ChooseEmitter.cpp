// SPDX-License-Identifier: Apache-2.0
//
// Which emitter takes a kernel.

#include "backends/CPU/ChooseEmitter.h"

#include "backends/CPU/AttendRows.h"
#include "backends/CPU/ContractEmitter.h"
#include "backends/CPU/LoopEmitter.h"
#include "backends/CPU/StructuredEmitter.h"
#include "backends/CPU/Target.h"

namespace lamina::cpu {

std::unique_ptr<KernelEmitter> chooseEmitter(const KernelBody &body,
                                             const TargetModel &target,
                                             const EmitOptions &options) {
  if (auto attention = createAttendRows(body, lanesOf(target)))
    return attention;
  if (auto structured = createStructuredEmitter(body, lanesOf(target)))
    return structured;
  if (options.fast)
    if (std::optional<ContractForm> form = ContractForm::match(body))
      return std::make_unique<ContractEmitter>(std::move(*form), target);
  mlir::FailureOr<LoopProgram> program = LoopProgram::arrange(body);
  if (mlir::failed(program))
    return nullptr;
  return std::make_unique<LoopEmitter>(body, std::move(*program),
                                       lanesOf(target));
}

} // namespace lamina::cpu
