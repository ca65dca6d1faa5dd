// SPDX-License-Identifier: Apache-2.0
//
// A pass from outside the compiler.
//
// GRAPH -> GRAPH. Every `math.exp` gets its operand cut at a limit, so that no
// activation overflows. Run it at the hook `before-gradients`, and the gradient
// is the one of the clamped function; at `after-gradients`, only the values
// are clamped.

#include "dialects/Graph/GraphOps.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/IR/BuiltinOps.h"
#include "mlir/Pass/Pass.h"
#include "mlir/Tools/Plugins/PassPlugin.h"

using namespace mlir;

namespace {

struct ClampExponentsPass
    : PassWrapper<ClampExponentsPass, OperationPass<ModuleOp>> {
  MLIR_DEFINE_EXPLICIT_INTERNAL_INLINE_TYPE_ID(ClampExponentsPass)

  ClampExponentsPass() = default;
  ClampExponentsPass(const ClampExponentsPass &other) : PassWrapper(other) {}

  StringRef getArgument() const final { return "clamp-exponents"; }
  StringRef getDescription() const final {
    return "cut the operand of every math.exp on tensors at a limit";
  }

  Option<double> limit{*this, "limit", llvm::cl::desc("largest exponent"),
                       llvm::cl::init(80.0)};

  void runOnOperation() override {
    SmallVector<math::ExpOp> found;
    getOperation().walk([&](math::ExpOp op) {
      if (isa<RankedTensorType>(op.getType()) && !isClamped(op.getOperand()))
        found.push_back(op);
    });
    for (math::ExpOp op : found)
      clamp(op);
  }

  static bool isClamped(Value value) {
    return value.getDefiningOp<arith::MinimumFOp>() != nullptr;
  }

  void clamp(math::ExpOp op) {
    auto type = cast<RankedTensorType>(op.getType());
    OpBuilder builder(op);
    Location loc = op.getLoc();
    auto scalar = RankedTensorType::get({}, type.getElementType());
    auto value = DenseElementsAttr::get(
        scalar, builder.getFloatAttr(type.getElementType(), limit));
    Value number = arith::ConstantOp::create(builder, loc, value);
    // Of a size known at run time there is no constant: the number is repeated.
    Value most = lamina::graph::BroadcastOp::create(builder, loc, type, number,
                                                    ArrayRef<int64_t>{});
    op.setOperand(
        arith::MinimumFOp::create(builder, loc, op.getOperand(), most));
  }
};

} // namespace

extern "C" LLVM_ATTRIBUTE_WEAK PassPluginLibraryInfo mlirGetPassPluginInfo() {
  return {MLIR_PLUGIN_API_VERSION, "ClampExponents", LLVM_VERSION_STRING,
          [] { PassRegistration<ClampExponentsPass>(); }};
}
