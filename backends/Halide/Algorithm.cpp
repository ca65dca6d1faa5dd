// SPDX-License-Identifier: Apache-2.0
//
// A kernel as Halide Funcs.

#include "backends/Halide/Algorithm.h"

#include "backends/CPU/LoopProgram.h"
#include "backends/Halide/ScalarExpr.h"
#include "backends/Halide/StepBuilder.h"

using namespace mlir;

namespace lamina::halide {

std::vector<Halide::VarOrRVar> sumLoops(const Halide::Stage &definition) {
  std::vector<Halide::VarOrRVar> loops;
  for (const auto &variable : llvm::reverse(definition.get_schedule().rvars()))
    loops.emplace_back(variable.var, /*r=*/true);
  return loops;
}

namespace {

/// The inputs that a Func reads, through other Funcs too.
class ReadInputs : public Halide::Internal::IRGraphVisitor {
public:
  using Halide::Internal::IRGraphVisitor::visit;
  void visit(const Halide::Internal::Call *call) override {
    IRGraphVisitor::visit(call);
    if (call->call_type == Halide::Internal::Call::Image)
      names.insert(call->name);
    if (call->call_type == Halide::Internal::Call::Halide &&
        funcs.insert(call->name).second)
      Halide::Internal::Function(call->func).accept(this);
  }
  std::set<std::string> names, funcs;
};

/// The arguments of the kernel, and its steps one after the other.
class Builder {
public:
  Builder(const cpu::KernelBody &body, const TargetModel &target,
          Purpose purpose)
      : body(body), target(target), purpose(purpose),
        form(cpu::ContractForm::match(body)) {
    if (form && !isProduct())
      form.reset();
  }

  bool build();
  Algorithm algorithm;
  std::string why;

private:
  struct Group {
    Operation *writer;
    SmallVector<Value> values;
    SmallVector<unsigned> outs;
  };

  bool isProduct() const;
  bool addArguments();
  std::vector<Group> groupOuts() const;
  bool mayBeOne(unsigned in, unsigned out) const;
  void findReads(Step &step) const;
  bool addStep(const Group &group);
  void chooseGrid(const std::vector<Group> &groups);
  void gridOfProduct(Step &step);
  void gridOfRows(const std::vector<Group> &groups);
  void gridOfElements(Step &step);
  bool isColumnwise() const;
  unsigned countRows(const cpu::LoopProgram &program,
                     const std::vector<Group> &groups) const;
  unsigned addAxis(const GridAxis &axis);

  const cpu::KernelBody &body;
  const TargetModel &target;
  Purpose purpose;
  std::optional<cpu::ContractForm> form;
  llvm::DenseMap<Value, unsigned> stored;
};

// Halide's tiles are of numbers of 32 bits, and have rows and columns.
bool Builder::isProduct() const {
  auto isF32 = [](Value value) {
    return cast<RankedTensorType>(value.getType()).getElementType().isF32();
  };
  return !form->m.empty() && !form->n.empty() && isF32(form->a->get()) &&
         isF32(form->b->get()) && isF32(form->result);
}

bool Builder::addArguments() {
  for (unsigned dim = 0; dim < body.dimCount(); ++dim)
    algorithm.arguments.dims.emplace_back("d" + std::to_string(dim));
  for (auto [number, scalar] : llvm::enumerate(body.func().getScalarArgs())) {
    Halide::Type type = valueType(scalar.getType());
    if (type.is_bool())
      type = Halide::UInt(32);
    if (type.bits() < 32) {
      why = "has no scalars of 16 bits";
      return false;
    }
    algorithm.arguments.scalars.emplace_back(type, /*is_buffer=*/false, 0,
                                             "s" + std::to_string(number));
  }
  return true;
}

/// Outs that one op writes with one map are computed at once, because their
/// memory may be that of what it reads. The groups are in the order of the ops.
std::vector<Builder::Group> Builder::groupOuts() const {
  std::vector<Group> groups;
  kernel::FuncOp func = body.func();
  for (auto [out, value] : llvm::enumerate(func.getReturn().getValues())) {
    if (value == func.getOutArgs()[out])
      continue; // stays as it was
    Operation *writer = value.getDefiningOp();
    auto mapOf = [](Value of) {
      auto op = of.getDefiningOp<linalg::LinalgOp>();
      return op ? op.getMatchingIndexingMap(op.getDpsInitOperand(
                      cast<OpResult>(of).getResultNumber()))
                : AffineMap();
    };
    Group *found = nullptr;
    for (Group &group : groups)
      if (group.writer == writer && mapOf(value) &&
          mapOf(group.values.front()) == mapOf(value))
        found = &group;
    if (!found)
      found = &groups.emplace_back(Group{writer, {}, {}});
    found->values.push_back(value);
    found->outs.push_back(unsigned(out));
  }
  llvm::sort(groups, [](const Group &a, const Group &b) {
    return a.writer == b.writer ? a.outs.front() < b.outs.front()
                                : a.writer->isBeforeInBlock(b.writer);
  });
  return groups;
}

/// Whether an input that stages combine and an out may be one buffer: they are
/// equal in kind and size. Whether they are is not known here; factors of
/// products never are.
bool Builder::mayBeOne(unsigned in, unsigned out) const {
  kernel::FuncOp func = body.func();
  unsigned ins = unsigned(func.getInArgs().size());
  return in < ins && func.getKind() != kernel::Kind::Contract &&
         func.getInArgs()[in].getType() == func.getOutArgs()[out].getType() &&
         func.getShape(in) == func.getShape(ins + out);
}

void Builder::findReads(Step &step) const {
  for (Stage &stage : step.stages) {
    if (!stage.func.has_update_definition())
      continue;
    ReadInputs reads;
    stage.func.function().accept(&reads);
    for (const Input &input : step.inputs)
      stage.readsBeforeOut |= reads.names.count(input.param.name()) &&
                              llvm::any_of(step.outs, [&](unsigned out) {
                                return mayBeOne(input.buffer, out);
                              });
  }
}

bool Builder::addStep(const Group &group) {
  StepBuilder builder(body, algorithm.arguments, target, purpose, stored, form);
  if (!builder.build(group.values, group.outs)) {
    why = builder.why;
    return false;
  }
  builder.step.name = "step" + std::to_string(algorithm.steps.size());
  findReads(builder.step);
  algorithm.steps.push_back(std::move(builder.step));
  for (auto [value, out] : llvm::zip(group.values, group.outs))
    stored[value] = out;
  return true;
}

//===----------------------------------------------------------------------===//
// Items
//===----------------------------------------------------------------------===//

unsigned Builder::addAxis(const GridAxis &axis) {
  unsigned number = unsigned(algorithm.grid.size());
  algorithm.grid.push_back(axis);
  algorithm.arguments.starts.emplace_back("start" + std::to_string(number));
  return number;
}

/// Panels that items take at once, and rows of tiles.
static constexpr int64_t panelsOfItem = 8, tilesOfItem = 8;

// The rows are last: items one after the other then share their panels.
void Builder::gridOfProduct(Step &step) {
  AffineMap out = form->resultMap();
  auto cut = [&](unsigned loop, int64_t part, int64_t multiple) {
    unsigned axis =
        *out.getResultPosition(getAffineDimExpr(loop, out.getContext()));
    addAxis({step.shape[axis], part, multiple});
    step.cuts.push_back({axis, 1});
  };
  for (unsigned loop : form->batch)
    cut(loop, 1, 1);
  cut(form->n.back(), step.tile->columns * panelsOfItem, step.tile->columns);
  if (form->m.size() > 1)
    cut(form->m.front(), 1, 1);
  else
    cut(form->m.front(), step.tile->rows * tilesOfItem, step.tile->rows);
}

/// Whether what is combined keeps all axes of the out, and no element of the
/// out is made of what belongs to another one.
bool Builder::isColumnwise() const {
  for (Operation *op : body.ops()) {
    auto linalgOp = dyn_cast<linalg::LinalgOp>(op);
    if (!linalgOp || isa<linalg::FillOp>(op))
      continue;
    for (OpOperand &operand : op->getOpOperands()) {
      Operation *producer = operand.get().getDefiningOp();
      AffineMap map = linalgOp.getMatchingIndexingMap(&operand);
      bool isResult = linalgOp.isDpsInit(&operand);
      bool isPassed = isa_and_nonnull<linalg::LinalgOp>(producer) &&
                      !isa<linalg::FillOp>(producer);
      if (!isResult && !isPassed)
        continue;
      llvm::SmallVector<unsigned> parallel;
      linalgOp.getParallelDims(parallel);
      if (map.getNumResults() != parallel.size())
        return false;
      for (auto [axis, loop] : llvm::enumerate(parallel))
        if (map.getResult(unsigned(axis)) !=
            getAffineDimExpr(loop, map.getContext()))
          return false;
    }
  }
  return true;
}

void Builder::gridOfElements(Step &step) {
  for (unsigned axis = 0; axis < step.shape.size(); ++axis) {
    addAxis({step.shape[axis], 0, 1});
    step.cuts.push_back({axis, 1});
  }
}

/// The loops around all ops that are the first axes of all outs.
unsigned Builder::countRows(const cpu::LoopProgram &program,
                            const std::vector<Group> &groups) const {
  unsigned rows = program.rowLoops();
  for (const Group &group : groups) {
    auto op = dyn_cast<linalg::LinalgOp>(group.writer);
    if (!op)
      return 0;
    AffineMap map = op.getMatchingIndexingMap(op.getDpsInitOperand(
        cast<OpResult>(group.values.front()).getResultNumber()));
    for (unsigned loop = 0; loop < rows; ++loop) {
      AffineExpr expr =
          loop < map.getNumResults() ? map.getResult(loop) : AffineExpr();
      bool isLoop = expr == getAffineDimExpr(loop, map.getContext());
      bool isPartial =
          expr &&
          expr ==
              getAffineDimExpr(0, map.getContext()).floorDiv(cpu::partialRows);
      if (!isLoop && !isPartial)
        rows = loop;
    }
  }
  return rows;
}

void Builder::gridOfRows(const std::vector<Group> &groups) {
  FailureOr<cpu::LoopProgram> program = cpu::LoopProgram::arrange(body);
  unsigned rows = failed(program) ? 0 : countRows(*program, groups);
  if (!rows)
    return;
  bool hasPartials = program->hasPartials();
  for (unsigned row = 0; row < rows; ++row)
    addAxis({program->rowDomain()[row], 0,
             hasPartials ? cpu::partialRows : int64_t(1)});
  for (const cpu::Group &group : program->groups())
    for (const cpu::Stage &stage : group.stages)
      if (stage.domain.size() >= rows + algorithm.inner.size())
        algorithm.inner.assign(stage.domain.begin() + rows, stage.domain.end());
  for (auto [step, group] : llvm::zip(algorithm.steps, groups)) {
    auto op = cast<linalg::LinalgOp>(group.writer);
    AffineMap map = op.getMatchingIndexingMap(op.getDpsInitOperand(
        cast<OpResult>(group.values.front()).getResultNumber()));
    bool isPartial = hasPartials && !isa<AffineDimExpr>(map.getResult(0));
    for (unsigned row = 0; row < rows; ++row)
      step.cuts.push_back({row, isPartial ? cpu::partialRows : 1});
    step.rowAxes = rows;
  }
}

void Builder::chooseGrid(const std::vector<Group> &groups) {
  bool isSingle = algorithm.steps.size() == 1;
  if (isSingle && algorithm.steps.front().tile)
    return gridOfProduct(algorithm.steps.front());
  if (isSingle && algorithm.steps.front().stages.empty())
    return gridOfElements(algorithm.steps.front());
  gridOfRows(groups);
  if (!algorithm.grid.empty() || !isSingle || !isColumnwise())
    return;
  gridOfElements(algorithm.steps.front());
  for (Operation *op : body.ops())
    if (auto linalgOp = dyn_cast<linalg::LinalgOp>(op))
      if (linalgOp.getNumReductionLoops() && algorithm.inner.empty()) {
        llvm::SmallVector<unsigned> loops;
        linalgOp.getReductionDims(loops);
        FailureOr<SmallVector<cpu::Extent>> domain = body.domain(linalgOp);
        for (unsigned loop : loops)
          algorithm.inner.push_back((*domain)[loop]);
      }
}

bool Builder::build() {
  if (!addArguments())
    return false;
  std::vector<Group> groups = groupOuts();
  for (const Group &group : groups)
    if (!addStep(group))
      return false;
  chooseGrid(groups);
  return true;
}

} // namespace

std::optional<Algorithm> buildAlgorithm(const cpu::KernelBody &body,
                                        const TargetModel &target,
                                        Purpose purpose, std::string &why) {
  Builder builder(body, target, purpose);
  if (!builder.build()) {
    why = builder.why;
    return std::nullopt;
  }
  return std::move(builder.algorithm);
}

} // namespace lamina::halide
