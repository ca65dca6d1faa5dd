// SPDX-License-Identifier: Apache-2.0
//
// Linalg ops arranged into row loops.
//
// The order of ops is kept. A parallel op whose result nobody stores is
// computed where it is read, unless that is costly and it has several readers.

#include "backends/CPU/LoopProgram.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Math/IR/Math.h"

using namespace mlir;

namespace lamina::cpu {

AffineMap Stage::resultMap(unsigned result) const {
  auto &linalgOp = const_cast<linalg::LinalgOp &>(op);
  return linalgOp.getMatchingIndexingMap(linalgOp.getDpsInitOperand(result));
}

//===----------------------------------------------------------------------===//
// Stages
//===----------------------------------------------------------------------===//

static bool isCostly(linalg::LinalgOp op) {
  unsigned count = 0;
  for (Operation &inner : op.getBlock()->without_terminator()) {
    bool isFunction = inner.getName().getDialectNamespace() == "math" &&
                      !isa<math::AbsFOp, math::FmaOp>(inner);
    count += isFunction ? 8 : 1;
  }
  return count > 6;
}

static bool isStored(const KernelBody &body, Operation *op) {
  return llvm::any_of(op->getResults(), [&](OpResult result) {
    return body.destination(result) != nullptr;
  });
}

/// The last op that reads the results of `op`, also through ops in between.
Operation *LoopProgram::lastReader(Operation *op) const {
  Operation *last = op;
  for (Operation *user : op->getUsers()) {
    Operation *top = op->getBlock()->findAncestorOpInBlock(*user);
    bool isView = !isa<linalg::LinalgOp>(top);
    Operation *reader = isView || !isStored(body, top) ? lastReader(top) : top;
    if (last->isBeforeInBlock(reader))
      last = reader;
  }
  return last;
}

// An out may stand in the buffer of an operand that is read no later than it is
// written. So an op must not be computed behind one that stores.
bool LoopProgram::isOvertaken(Operation *op) const {
  Operation *last = lastReader(op);
  for (Operation *next = op->getNextNode(); next && next != last;
       next = next->getNextNode())
    if (last != op && isStored(body, next))
      return true;
  return false;
}

bool LoopProgram::isStage(linalg::LinalgOp op) const {
  if (isStored(body, op))
    return true;
  if (isa<linalg::FillOp>(op))
    return false;
  if (op.getNumReductionLoops() != 0)
    return true;
  for (OpResult result : op->getResults())
    if (!op.getMatchingIndexingMap(
               op.getDpsInitOperand(result.getResultNumber()))
             .isPermutation())
      return true;
  SmallPtrSet<Operation *, 4> readers;
  for (OpResult result : op->getResults())
    readers.insert(result.user_begin(), result.user_end());
  return (readers.size() > 1 && isCostly(op)) || isOvertaken(op);
}

// A combination may be done in any order if the accumulator goes into exactly
// one op, of this list, and that op's result is yielded.
static Operation *findCombiner(linalg::LinalgOp op, unsigned result) {
  Operation *end = op.getBlock()->getTerminator();
  Operation *combiner = end->getOperand(result).getDefiningOp();
  BlockArgument before =
      op.getBlock()->getArgument(unsigned(op.getNumDpsInputs()) + result);
  if (!combiner || combiner->getNumOperands() != 2 || !before.hasOneUse() ||
      *before.user_begin() != combiner)
    return nullptr;
  bool isKnown =
      isa<arith::AddFOp, arith::MulFOp, arith::MaximumFOp, arith::MinimumFOp,
          arith::MaxNumFOp, arith::MinNumFOp, arith::AddIOp, arith::MulIOp,
          arith::AndIOp, arith::OrIOp, arith::XOrIOp, arith::MaxSIOp,
          arith::MinSIOp, arith::MaxUIOp, arith::MinUIOp>(combiner);
  return isKnown ? combiner : nullptr;
}

FailureOr<Stage> LoopProgram::analyse(linalg::LinalgOp op) {
  FailureOr<SmallVector<Extent>> domain = body.domain(op);
  if (failed(domain))
    return failure();
  Stage stage{op, *domain, {}, {}, llvm::SmallBitVector(op.getNumLoops())};
  for (unsigned result = 0; result < op->getNumResults(); ++result) {
    llvm::SmallBitVector seen(op.getNumLoops());
    bool isPartial = false;
    for (AffineExpr index : stage.resultMap(result).getResults()) {
      auto dim = dyn_cast<AffineDimExpr>(index);
      isPartial |= !dim && index.isFunctionOfDim(0);
      if (dim)
        seen.set(dim.getPosition());
    }
    if (isPartial)
      seen.set(0);
    Role role = isPartial    ? Role::Partial
                : seen.all() ? Role::Elementwise
                             : Role::Reduced;
    stage.roles.push_back(role);
    stage.combiners.push_back(
        role == Role::Elementwise ? nullptr : findCombiner(op, result));
    if (role == Role::Reduced)
      stage.reduced |= seen.flip();
  }
  return stage;
}

/// The operands whose elements `op` really reads.
static SmallVector<OpOperand *> readsOf(linalg::LinalgOp op) {
  SmallVector<OpOperand *> reads;
  for (OpOperand &operand : op->getOpOperands())
    if (isa<RankedTensorType>(operand.get().getType()) &&
        op.payloadUsesValueFromOperand(&operand))
      reads.push_back(&operand);
  return reads;
}

static SmallVector<Value> extractedBy(Operation *op) {
  SmallVector<Value> tensors;
  op->walk([&](tensor::ExtractOp extract) {
    tensors.push_back(extract.getTensor());
  });
  return tensors;
}

bool LoopProgram::readsDependent(linalg::LinalgOp op) const {
  auto isDependent = [&](Value value) { return dependent.contains(value); };
  return llvm::any_of(
             readsOf(op),
             [&](OpOperand *read) { return isDependent(read->get()); }) ||
         llvm::any_of(extractedBy(op), isDependent);
}

void LoopProgram::markDependent(Operation *op) {
  auto linalgOp = dyn_cast<linalg::LinalgOp>(op);
  bool is = linalgOp ? isStage(linalgOp) || readsDependent(linalgOp)
                     : llvm::any_of(op->getOperands(), [&](Value operand) {
                         return dependent.contains(operand);
                       });
  if (is)
    dependent.insert(op->result_begin(), op->result_end());
}

LogicalResult LoopProgram::collect() {
  for (Operation *op : body.ops()) {
    if (op->getName().getDialectNamespace() == "graph")
      return op->emitOpError("is not a loop of linalg");
    markDependent(op);
    auto linalgOp = dyn_cast<linalg::LinalgOp>(op);
    if (!linalgOp || op->use_empty())
      continue;
    FailureOr<Stage> stage = analyse(linalgOp);
    if (failed(stage))
      return failure();
    (isStage(linalgOp) ? stages : inlined).push_back(*stage);
  }
  return success();
}

//===----------------------------------------------------------------------===//
// Rows
//===----------------------------------------------------------------------===//

static bool startsWithRow(AffineMap map, unsigned count) {
  if (map.getNumResults() < count)
    return false;
  for (unsigned loop = 0; loop < count; ++loop)
    if (map.getResult(loop) != getAffineDimExpr(loop, map.getContext()))
      return false;
  return true;
}

// A part of an out that another op writes as a whole, as a pad over its fill,
// is written behind it in each round only if both are at the same place of the
// out: loops of the part are axes of the out.
bool LoopProgram::isWrittenInStep(const Stage &stage, unsigned count) const {
  auto isWhole = [&](unsigned out) {
    return llvm::any_of(stages, [&](const Stage &other) {
      return llvm::any_of(
          linalg::LinalgOp(other.op)->getResults(), [&](OpResult result) {
            const Destination *where = body.destination(result);
            return where && where->out == out && where->offsets.empty();
          });
    });
  };
  for (OpResult result : linalg::LinalgOp(stage.op)->getResults()) {
    const Destination *part = body.destination(result);
    if (!part || part->offsets.empty() || !isWhole(part->out))
      continue;
    for (unsigned axis = 0; axis < count; ++axis)
      if (axis >= part->dropped.size() || part->dropped[axis] ||
          (!part->digits.empty() && part->digits[axis].size() > 1))
        return false;
  }
  return true;
}

bool LoopProgram::sharesRows(const Stage &stage, unsigned count) const {
  linalg::LinalgOp op = stage.op;
  bool isInlined = !isStage(op);
  if (isInlined && !readsDependent(op))
    return true;
  if (stage.domain.size() < count)
    return false;
  for (unsigned loop = 0; loop < count; ++loop)
    if (stage.domain[loop] != stages.front().domain[loop] ||
        stage.reduced[loop])
      return false;
  if (llvm::is_contained(stage.roles, Role::Partial) && count != 1)
    return false;
  if (!isWrittenInStep(stage, count))
    return false;
  // What a row reads of another op must be of the same row.
  for (OpOperand *read : readsOf(op))
    if (dependent.contains(read->get()) &&
        (!read->get().getDefiningOp<linalg::LinalgOp>() ||
         !startsWithRow(op.getMatchingIndexingMap(read), count)))
      return false;
  for (Value tensor : extractedBy(op))
    if (dependent.contains(tensor))
      return false;
  for (auto [result, role] : llvm::enumerate(stage.roles))
    if (role != Role::Partial && !body.destination(op->getResult(result)) &&
        !startsWithRow(stage.resultMap(unsigned(result)), count))
      return false;
  return true;
}

bool LoopProgram::hasPairs() const {
  if (stages.size() != 1 || stages.front().domain.size() < 2)
    return false;
  const Stage &stage = stages.front();
  return stage.domain.back() == Extent::fixed(2) &&
         llvm::all_of(stage.roles,
                      [](Role role) { return role == Role::Elementwise; });
}

// As many as possible, but the longest stage keeps one loop for the lanes: the
// last parallel one if it sums over the end. Pairs keep the loop around them.
void LoopProgram::chooseRows() {
  size_t most = 0;
  for (const Stage &stage : stages)
    most = std::max(most, stage.domain.size());
  rows = unsigned(most ? most - 1 : 0);
  if (hasPairs())
    --rows;
  for (Stage &stage : stages)
    partials |= llvm::is_contained(stage.roles, Role::Partial);
  if (partials)
    rows = std::min(rows, 1u);
  auto fits = [&](const Stage &stage) { return sharesRows(stage, rows); };
  while (rows && !(llvm::all_of(stages, fits) && llvm::all_of(inlined, fits)))
    --rows;
  // A product of matrices has lanes over its columns, not over what it sums.
  auto lacksLanes = [&](const Stage &stage) {
    return isColumns(stage) && stage.reduced.find_first() == int(rows) &&
           stage.reduced.count() == stage.reduced.size() - rows;
  };
  while (rows && llvm::any_of(stages, lacksLanes))
    --rows;
  if (!stages.empty())
    rowExtents.assign(stages[0].domain.begin(),
                      stages[0].domain.begin() + rows);
}

//===----------------------------------------------------------------------===//
// Groups
//===----------------------------------------------------------------------===//

/// How the elements that `operand` reads are apart along `loop`: 0, 1, or
/// anything else as 2.
static int64_t distanceAlong(AffineMap map, unsigned loop) {
  int64_t distance = 0;
  for (auto [axis, index] : llvm::enumerate(map.getResults())) {
    if (!index.isFunctionOfDim(loop))
      continue;
    bool isLast = axis + 1 == map.getNumResults();
    distance = isLast && isa<AffineDimExpr>(index) ? 1 : 2;
  }
  return distance;
}

// Lanes along the reduced loops if those are the last ones and all operands are
// read there element by element; else along the last parallel loop.
bool LoopProgram::isColumns(const Stage &stage) const {
  int first = stage.reduced.find_first();
  if (first < 0)
    return false;
  unsigned loops = stage.reduced.size();
  bool isSuffix = stage.reduced.count() == loops - unsigned(first);
  if (!isSuffix)
    return true;
  if (unsigned(first) == 0 ||
      llvm::is_contained(stage.roles, Role::Elementwise))
    return false;
  auto op = stage.op;
  auto worst = [&](unsigned loop) {
    int64_t worst = 0;
    for (OpOperand &operand : op->getOpOperands())
      if (isa<RankedTensorType>(operand.get().getType()))
        worst = std::max(
            worst, distanceAlong(op.getMatchingIndexingMap(&operand), loop));
    return worst;
  };
  return worst(loops - 1) > 1 && worst(unsigned(first) - 1) <= 1;
}

bool LoopProgram::readsInStep(const Group &group, linalg::LinalgOp op,
                              AffineMap iteration) const {
  for (OpOperand *operand : readsOf(op)) {
    if (!dependent.contains(operand->get()))
      continue;
    auto producer = operand->get().getDefiningOp<linalg::LinalgOp>();
    if (!producer)
      return false;
    AffineMap read = op.getMatchingIndexingMap(operand).compose(iteration);
    unsigned result = cast<OpResult>(operand->get()).getResultNumber();
    for (const Stage &stage : group.stages)
      if (const_cast<Stage &>(stage).op == producer &&
          (stage.roles[result] != Role::Elementwise ||
           stage.resultMap(result) != read))
        return false;
    if (isStage(producer))
      continue;
    AffineMap made =
        producer.getMatchingIndexingMap(producer.getDpsInitOperand(result));
    if (!made.isIdentity() || !readsInStep(group, producer, read))
      return false;
  }
  return llvm::none_of(extractedBy(op), [&](Value tensor) {
    return dependent.contains(tensor);
  });
}

bool LoopProgram::canJoin(const Group &group, const Stage &stage) const {
  const Stage &first = group.stages.front();
  if (group.columns || group.sequential || isColumns(stage) ||
      first.domain != stage.domain ||
      !isWrittenInStep(stage, unsigned(stage.domain.size())))
    return false;
  for (const Stage &other : group.stages)
    if (other.hasReduction() && stage.hasReduction() &&
        other.reduced != stage.reduced)
      return false;
  for (auto [role, combiner] : llvm::zip(stage.roles, stage.combiners))
    if (role != Role::Elementwise && !combiner)
      return false;
  AffineMap identity = AffineMap::getMultiDimIdentityMap(
      unsigned(stage.domain.size()), stage.op->getContext());
  bool isRowOnly = stage.domain.size() == rows;
  return isRowOnly || readsInStep(group, stage.op, identity);
}

void LoopProgram::formGroups() {
  for (Stage &stage : stages) {
    if (!all.empty() && canJoin(all.back(), stage)) {
      all.back().stages.push_back(stage);
      continue;
    }
    Group group;
    group.columns = isColumns(stage);
    for (auto [role, combiner] : llvm::zip(stage.roles, stage.combiners))
      group.sequential |= role != Role::Elementwise && !combiner;
    group.stages.push_back(stage);
    all.push_back(std::move(group));
  }
}

// What an inlined op reads is read by the groups that read its result.
static void collectReads(Operation *op,
                         const SmallPtrSetImpl<Operation *> &made,
                         SmallPtrSetImpl<Operation *> &seen,
                         SetVector<Value> &reads) {
  if (!op || !seen.insert(op).second)
    return;
  auto visit = [&](Value value) {
    if (!isa<RankedTensorType>(value.getType()))
      return;
    Operation *producer = value.getDefiningOp();
    if (producer && made.contains(producer))
      reads.insert(value);
    else
      collectReads(producer, made, seen, reads);
  };
  for (Value operand : op->getOperands())
    visit(operand);
  op->walk([&](tensor::ExtractOp extract) { visit(extract.getTensor()); });
}

void LoopProgram::findTemporaries() {
  SmallPtrSet<Operation *, 8> made;
  for (const Stage &stage : stages)
    made.insert(stage.op);
  SetVector<Value> needed;
  for (const Group &group : all) {
    SmallPtrSet<Operation *, 8> inside, seen;
    SetVector<Value> reads;
    for (const Stage &stage : group.stages)
      inside.insert(stage.op);
    for (const Stage &stage : group.stages)
      collectReads(stage.op, made, seen, reads);
    for (Value value : reads) {
      bool isRowNumber =
          rows == unsigned(cast<RankedTensorType>(value.getType()).getRank());
      if (!inside.contains(value.getDefiningOp()) && !isRowNumber &&
          !body.destination(value))
        needed.insert(value);
    }
  }
  stored.assign(needed.begin(), needed.end());
}

SmallVector<Extent> LoopProgram::rowShape(Value temporary) const {
  SmallVector<Extent> shape;
  auto type = cast<RankedTensorType>(temporary.getType());
  for (unsigned axis = rows; axis < unsigned(type.getRank()); ++axis)
    shape.push_back(body.extent(temporary, axis));
  return shape;
}

FailureOr<LoopProgram> LoopProgram::arrange(const KernelBody &body) {
  LoopProgram program(body);
  if (failed(program.collect()))
    return failure();
  program.chooseRows();
  program.formGroups();
  program.findTemporaries();
  return program;
}

} // namespace lamina::cpu
