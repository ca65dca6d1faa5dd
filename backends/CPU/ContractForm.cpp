// SPDX-License-Identifier: Apache-2.0
//
// A kernel that is a product of matrices.

#include "backends/CPU/ContractForm.h"

#include "mlir/Dialect/Arith/IR/Arith.h"

using namespace mlir;

namespace lamina::cpu {

unsigned ContractForm::narrowOperands() const {
  return llvm::count_if(std::array{a, b}, [](OpOperand *operand) {
    return cast<RankedTensorType>(operand->get().getType())
        .getElementType()
        .isBF16();
  });
}

AffineMap ContractForm::resultMap() const {
  auto &self = const_cast<linalg::LinalgOp &>(op);
  return self.getMatchingIndexingMap(self.getDpsInitOperand(0));
}

/// The argument of the region that `factor` is, as f32.
static bool isOperand(Value factor) {
  if (auto wide = factor.getDefiningOp<arith::ExtFOp>())
    factor = wide.getIn();
  return isa<BlockArgument>(factor);
}

/// yield acc + x · y: factors of f32 or bf16, sums of f32.
static bool isSumOfProducts(linalg::LinalgOp op) {
  if (op.getNumDpsInputs() != 2 || op.getNumDpsInits() != 1)
    return false;
  Block *block = op.getBlock();
  for (BlockArgument argument : block->getArguments())
    if ((!argument.getType().isF32() && !argument.getType().isBF16()) ||
        !argument.hasOneUse())
      return false;
  if (!block->getArgument(2).getType().isF32())
    return false;
  auto sum =
      block->getTerminator()->getOperand(0).getDefiningOp<arith::AddFOp>();
  if (!sum)
    return false;
  BlockArgument before = block->getArgument(2);
  if (sum.getLhs() != before && sum.getRhs() != before)
    return false;
  Value other = sum.getLhs() == before ? sum.getRhs() : sum.getLhs();
  auto product = other.getDefiningOp<arith::MulFOp>();
  return product && isOperand(product.getLhs()) && isOperand(product.getRhs());
}

static bool isZeroFill(Value value) {
  auto fill = value.getDefiningOp<linalg::FillOp>();
  return fill && matchPattern(fill.getInputs()[0], m_AnyZeroFloat());
}

// Numbers of k that are neighbours in memory are packed as vectors: their loop
// goes inside.
static void moveUnitLast(SmallVector<unsigned> &loops, AffineMap map) {
  if (map.getNumResults() == 0)
    return;
  auto last = dyn_cast<AffineDimExpr>(map.getResults().back());
  unsigned *found = last ? llvm::find(loops, last.getPosition()) : loops.end();
  if (found != loops.end())
    std::rotate(found, found + 1, loops.end());
}

bool ContractForm::readLoops() {
  AffineMap out = resultMap();
  if (!out.isProjectedPermutation() || out.getNumResults() == 0)
    return false;
  // The operand that has the last axis of the result has the columns.
  unsigned last = out.getDimPosition(out.getNumResults() - 1);
  a = op.getDpsInputOperand(0);
  b = op.getDpsInputOperand(1);
  if (!mapOf(b).isFunctionOfDim(last))
    std::swap(a, b);
  if (!mapOf(b).isFunctionOfDim(last) || mapOf(a).isFunctionOfDim(last))
    return false;
  AffineMap ofA = mapOf(a), ofB = mapOf(b);
  for (unsigned loop = 0; loop < out.getNumDims(); ++loop) {
    bool inA = ofA.isFunctionOfDim(loop), inB = ofB.isFunctionOfDim(loop);
    bool inOut = out.isFunctionOfDim(loop);
    if (!inOut && inA && inB)
      k.push_back(loop);
    else if (!inOut || (!inA && !inB))
      return false;
  }
  bool isAtEnd = true;
  for (unsigned axis = out.getNumResults(); axis-- > 0;) {
    unsigned loop = out.getDimPosition(axis);
    bool inA = ofA.isFunctionOfDim(loop), inB = ofB.isFunctionOfDim(loop);
    isAtEnd &= !inA;
    SmallVector<unsigned> &group = isAtEnd ? n : inB ? batch : m;
    group.insert(group.begin(), loop);
  }
  moveUnitLast(k, ofB);
  moveUnitLast(k, ofA);
  return !k.empty();
}

static bool isIdentityOn(linalg::LinalgOp op, OpOperand *operand) {
  return op.getMatchingIndexingMap(operand).isIdentity();
}

bool ContractForm::readEpilogue(const KernelBody &body) {
  SmallPtrSet<Operation *, 4> behind{op};
  unsigned rank = resultMap().getNumResults();
  for (Operation *other : body.ops()) {
    auto linalgOp = dyn_cast<linalg::LinalgOp>(other);
    bool reads = llvm::any_of(other->getOperands(), [&](Value operand) {
      return behind.contains(operand.getDefiningOp());
    });
    bool stores = llvm::any_of(other->getResults(), [&](OpResult result) {
      return body.destination(result) != nullptr;
    });
    if (other == op || isa<linalg::FillOp>(other) || (!reads && !stores))
      continue;
    if (isa<tensor::InsertSliceOp>(other))
      continue;
    if (!linalgOp || !reads || linalgOp.getNumLoops() != rank ||
        linalgOp.getNumReductionLoops() != 0)
      return false;
    for (OpOperand &operand : other->getOpOperands())
      if ((behind.contains(operand.get().getDefiningOp()) ||
           linalgOp.isDpsInit(&operand)) &&
          !isIdentityOn(linalgOp, &operand))
        return false;
    for (OpOperand *input : linalgOp.getDpsInputOperands())
      mayStoreParts &=
          linalgOp.getMatchingIndexingMap(input).getNumResults() < rank ||
          behind.contains(input->get().getDefiningOp());
    behind.insert(other);
    if (stores)
      epilogue.push_back(linalgOp);
  }
  return true;
}

// One or two rows use each number of the columns so rarely that packing them
// costs more than it saves.
bool ContractForm::isVector() const {
  int64_t rows = 1;
  for (unsigned loop : m) {
    if (!domain[loop].isFixed())
      return false;
    rows *= domain[loop].plus;
  }
  return rows <= 2 && epilogue.empty();
}

std::optional<ContractForm> ContractForm::match(const KernelBody &body) {
  ContractForm form;
  for (Operation *op : body.ops()) {
    auto linalgOp = dyn_cast<linalg::LinalgOp>(op);
    if (!linalgOp || linalgOp.getNumReductionLoops() == 0)
      continue;
    if (form.op || !isSumOfProducts(linalgOp))
      return std::nullopt;
    form.op = linalgOp;
  }
  if (!form.op || !form.readLoops())
    return std::nullopt;
  form.result = form.op->getResult(0);
  FailureOr<SmallVector<Extent>> domain = body.domain(form.op);
  if (failed(domain))
    return std::nullopt;
  form.domain = *domain;
  form.startsAtZero = isZeroFill(form.op.getDpsInitOperand(0)->get());
  form.mayStoreParts = body.destination(form.result) != nullptr;
  if (!form.readEpilogue(body) || form.isVector())
    return std::nullopt;
  return form;
}

} // namespace lamina::cpu
