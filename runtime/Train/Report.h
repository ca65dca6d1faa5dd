// SPDX-License-Identifier: Apache-2.0
//
// A value over a whole split.
//
// Reports of training and of `eval`.

#ifndef LAMINA_RUNTIME_TRAIN_REPORT_H
#define LAMINA_RUNTIME_TRAIN_REPORT_H

#include "runtime/Session/Session.h"

namespace lamina {
namespace runtime {

/// The value of `report` over its whole split. `useFinal`: derived variables
/// hold final values, which stand in for the weights.
double evaluateReport(Session &session, const ReportPlan &report,
                      bool useFinal);

} // namespace runtime
} // namespace lamina

#endif // LAMINA_RUNTIME_TRAIN_REPORT_H
