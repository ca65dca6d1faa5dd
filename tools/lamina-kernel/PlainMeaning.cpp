// SPDX-License-Identifier: Apache-2.0
//
// What a kernel should compute, and whether it did.

#include "tools/lamina-kernel/PlainMeaning.h"

#include "backends/Reference/Interpreter.h"

#include "llvm/Support/raw_ostream.h"

#include <cmath>

namespace lamina::tools {

using reference::Tensor;

std::optional<Tensors> evaluatePlainly(kernel::FuncOp kernel,
                                       const KernelRun &run) {
  reference::Interpreter interpreter(reference::Rounding::Short);
  interpreter.kernelDims.assign(run.sizes().begin(), run.sizes().end());
  Tensors results;
  if (failed(
          interpreter.runBlock(*kernel.getBlock(), run.arguments(), results)))
    return std::nullopt;
  return results;
}

/// The error of one element as a share of what it may be measured by.
static double errorOf(const Tensor &got, const Tensor &expected, int64_t i,
                      double least) {
  if (!got.isFloat())
    return got[i].i == expected[i].i ? 0 : INFINITY;
  double x = got[i].f, y = expected[i].f;
  if (x == y || (std::isnan(x) && std::isnan(y)))
    return 0;
  return std::fabs(x - y) / (least + std::fabs(y));
}

static bool isClose(const Tensor &got, const Tensor &expected, unsigned number,
                    Tolerance tolerance, llvm::raw_ostream &messages) {
  double squares = 0, worst = 0;
  for (int64_t i = 0; i < got.size(); ++i)
    if (got.isFloat() && std::isfinite(expected[i].f))
      squares += expected[i].f * expected[i].f;
  double rms = std::sqrt(squares / double(std::max<int64_t>(1, got.size())));
  // Below this, float has fewer digits.
  constexpr double smallest = 1e-37;
  double least = tolerance.ofElement ? smallest : std::max(rms, smallest);
  int64_t at = -1;
  for (int64_t i = 0; i < got.size(); ++i) {
    double error = errorOf(got, expected, i, least);
    if (error <= worst)
      continue;
    worst = error;
    at = i;
  }
  if (worst <= tolerance.share)
    return true;
  messages << "out " << number << ", element " << at << " of " << got.size()
           << ": ";
  if (got.isFloat())
    messages << got[at].f << ", expected " << expected[at].f << "\n";
  else
    messages << got[at].i << ", expected " << expected[at].i << "\n";
  return false;
}

bool isRight(KernelRun &run, const Tensors &expected, Tolerance tolerance,
             llvm::raw_ostream &messages) {
  run.run(0, run.items());
  std::vector<Tensor> got = run.outs();
  bool good = true;
  for (unsigned i = 0; i < got.size(); ++i)
    good &= isClose(got[i], expected[i], i, tolerance, messages);
  return good;
}

bool isSteady(KernelRun &run, llvm::raw_ostream &messages) {
  std::vector<std::vector<char>> whole = run.outBytes();
  run.reset();
  for (int64_t item = run.items(); item-- > 0;)
    run.run(item, item + 1);
  if (run.outBytes() == whole)
    return true;
  messages << "items one by one give other bits\n";
  return false;
}

bool isSteadyElsewhere(KernelRun &run, llvm::raw_ostream &messages) {
  std::vector<std::vector<char>> whole = run.outBytes();
  run.moveBuffers();
  run.run(0, run.items());
  if (run.outBytes() == whole)
    return true;
  messages << "buffers that begin an element later give other bits\n";
  return false;
}

} // namespace lamina::tools
