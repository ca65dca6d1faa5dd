// SPDX-License-Identifier: Apache-2.0
//
// What a linalg op combines over loops.
//
// Part of StepBuilder. Where the last loop is one of them and its elements are
// neighbours, partial results run in lanes: lane l has the elements l, l + w,
// l + 2w, …, and the lanes are combined by a fixed tree. Else one element comes
// after the other. Either order depends on sizes alone.

#include "backends/CPU/Target.h"
#include "backends/Halide/RegionExpr.h"
#include "backends/Halide/ScalarExpr.h"
#include "backends/Halide/StepBuilder.h"

#include <limits>

using namespace mlir;
using Halide::Expr;

namespace lamina::halide {

/// Vectors of partial results.
static constexpr int64_t vectorsOfLanes = 4;

struct StepBuilder::Reduction {
  linalg::LinalgOp op;
  /// The results that are combined together, all by `map`.
  std::vector<unsigned> results;
  AffineMap map;
  Vars vars;
  std::vector<int64_t> known;
  Extents domain;
  std::vector<unsigned> reduced; ///< loops, the outermost first
  /// The rows of a partial sum: `p floordiv 64`.
  unsigned partialLoop = ~0u;
  int64_t partialRows = 0;
  /// For each result, what combines, and what is combined in an iteration.
  std::vector<Operation *> combiners;
  std::vector<Value> combined;
  /// Of what is combined, if it is long.
  Halide::Func elements;
  Exprs starts;

  /// Loops of parallel axes; the combined ones are still undefined.
  Exprs iteration() const;
  Exprs yielded(StepBuilder &builder, const Exprs &iteration,
                const Exprs &before) const;
  Exprs partialAt(const Halide::Func &func, Expr position) const;
};

Exprs StepBuilder::Reduction::iteration() const {
  Exprs loops(domain.size());
  for (auto [axis, expr] : llvm::enumerate(map.getResults()))
    if (auto dim = dyn_cast<AffineDimExpr>(expr))
      loops[dim.getPosition()] = vars[axis];
  return loops;
}

/// Ops of a region from which on what is combined is a Func of its own.
static constexpr size_t opsOfElement = 24;

// Halide walks through updates by paths, of which long expressions with shared
// parts have no end; definitions that are no updates it folds first.
bool StepBuilder::nameElements(Reduction &reduction) {
  Block *block = reduction.op.getBlock();
  if (llvm::is_contained(reduction.combiners, nullptr) ||
      block->getOperations().size() < opsOfElement)
    return true;
  Vars loops = makeVars("l", reduction.domain.size());
  RegionExpr region(*this, reduction.op, toExprs(loops));
  Exprs values;
  for (Value combined : reduction.combined) {
    values.push_back(region.value(combined));
    if (!values.back().defined())
      return false;
  }
  reduction.elements = Halide::Func(name("element"));
  define(reduction.elements(reversed(loops)), values);
  addStage(StageKind::Named, reduction.elements, loops,
           std::vector<int64_t>(loops.size()));
  return true;
}

Exprs StepBuilder::elementsAt(const Reduction &reduction, const Exprs &loops) {
  Exprs values;
  RegionExpr region(*this, reduction.op, loops);
  for (unsigned i = 0; i < reduction.results.size(); ++i)
    values.push_back(reduction.elements.defined()
                         ? callElement(reduction.elements, loops, i)
                         : region.value(reduction.combined[i]));
  return values;
}

Exprs StepBuilder::Reduction::yielded(StepBuilder &builder,
                                      const Exprs &iteration,
                                      const Exprs &before) const {
  Exprs all(op->getNumResults());
  for (auto [i, result] : llvm::enumerate(results))
    all[result] = before[i];
  RegionExpr region(builder, op, iteration, all);
  Exprs values;
  for (unsigned result : results)
    values.push_back(region.yielded(result));
  return values;
}

static bool isAnyOrder(Operation *op) {
  static const llvm::StringLiteral names[] = {
      "addf",    "mulf",  "maximumf", "minimumf", "maxnumf",
      "minnumf", "addi",  "muli",     "andi",     "ori",
      "xori",    "maxsi", "minsi",    "maxui",    "minui"};
  return op && op->getName().getDialectNamespace() == "arith" &&
         llvm::is_contained(names, op->getName().stripDialect());
}

/// combine(before, value) with a known op: the op and the value.
static std::pair<Operation *, Value> findCombiner(linalg::LinalgOp op,
                                                  unsigned result) {
  BlockArgument before =
      op.getBlock()->getArgument(unsigned(op.getNumDpsInputs()) + result);
  Operation *last =
      op.getBlock()->getTerminator()->getOperand(result).getDefiningOp();
  if (!isAnyOrder(last) || !before.hasOneUse() || *before.user_begin() != last)
    return {};
  Value x = last->getOperand(0), y = last->getOperand(1);
  return {last, x == before ? y : x};
}

/// What changes nothing when it is combined with a number.
static Expr neutralNumber(Operation *combiner) {
  StringRef name = combiner->getName().stripDialect();
  Halide::Type type = valueType(combiner->getResult(0).getType());
  if (type.is_float() || combiner->getResult(0).getType().isBF16()) {
    double value = name.starts_with("max")
                       ? -std::numeric_limits<double>::infinity()
                       : std::numeric_limits<double>::infinity();
    // -0 + x is x for every x.
    if (name == "addf")
      value = -0.0;
    if (name == "mulf")
      value = 1;
    if (type.is_float())
      return type.bits() == 32 ? Expr(float(value)) : Expr(value);
    return Expr(uint16_t(
        llvm::APFloat(float(value)).bitcastToAPInt().getZExtValue() >> 16));
  }
  if (name == "muli")
    return Halide::Internal::make_one(type);
  if (name == "andi" || name == "minui")
    return type.max();
  Expr highest = Halide::Internal::make_one(type)
                 << Halide::Internal::make_const(type, type.bits() - 1);
  if (name == "maxsi")
    return type.is_bool() ? Halide::Internal::const_true() : highest;
  if (name == "minsi")
    return type.is_bool() ? Halide::Internal::const_false() : ~highest;
  return Halide::Internal::make_zero(type);
}

static AffineMap mapOfResult(linalg::LinalgOp op, unsigned result) {
  return op.getMatchingIndexingMap(op.getDpsInitOperand(result));
}

// An axis of the results is a loop, or rows of one that have a sum each.
bool StepBuilder::findLoops(Reduction &reduction, unsigned result) {
  linalg::LinalgOp op = reduction.op;
  FailureOr<SmallVector<cpu::Extent>> domain = body.domain(op);
  if (failed(domain))
    return refuse("has a loop whose size is not known");
  reduction.domain = *domain;
  reduction.vars = makeVars("i", reduction.map.getNumResults());
  llvm::SmallBitVector isKept(unsigned(domain->size()));
  for (auto [axis, expr] : llvm::enumerate(reduction.map.getResults())) {
    reduction.known.push_back(
        fixedSize(body.extent(op->getResult(result), unsigned(axis))));
    if (auto dim = dyn_cast<AffineDimExpr>(expr)) {
      isKept.set(dim.getPosition());
      continue;
    }
    auto quotient = dyn_cast<AffineBinaryOpExpr>(expr);
    if (!quotient || quotient.getKind() != AffineExprKind::FloorDiv || axis ||
        !isa<AffineDimExpr>(quotient.getLHS()))
      return refuse("has no results at computed places");
    reduction.partialLoop =
        cast<AffineDimExpr>(quotient.getLHS()).getPosition();
    reduction.partialRows =
        cast<AffineConstantExpr>(quotient.getRHS()).getValue();
  }
  for (unsigned loop = 0; loop < domain->size(); ++loop)
    if (!isKept[loop])
      reduction.reduced.push_back(loop);
  return true;
}

bool StepBuilder::findCombined(Reduction &reduction) {
  linalg::LinalgOp op = reduction.op;
  for (unsigned number : reduction.results) {
    auto [combiner, combined] = findCombiner(op, number);
    reduction.combiners.push_back(combiner);
    reduction.combined.push_back(combined);
    Reader start = read(op.getDpsInitOperand(number)->get());
    if (!start)
      return false;
    reduction.starts.push_back(start(toExprs(reduction.vars)));
  }
  return true;
}

bool StepBuilder::startReduction(linalg::LinalgOp op, unsigned result,
                                 Reduction &reduction) {
  reduction.op = op;
  reduction.map = mapOfResult(op, result);
  for (unsigned other = 0; other < op->getNumResults(); ++other)
    if (mapOfResult(op, other) == reduction.map)
      reduction.results.push_back(other);
  if (!findLoops(reduction, result) || !findCombined(reduction))
    return false;
  // What the op stores of each element it need not compute again.
  if (isShared(op))
    for (OpResult other : op->getResults())
      if (mapOfResult(op, other.getResultNumber()).isPermutation() &&
          !read(other))
        return false;
  return nameElements(reduction);
}

/// The elements of the last loop stand side by side in what the op reads.
static bool isAlongMemory(linalg::LinalgOp op) {
  unsigned last = op.getNumLoops() - 1;
  bool any = false;
  for (OpOperand *input : op.getDpsInputOperands()) {
    AffineMap map = op.getMatchingIndexingMap(input);
    for (auto [axis, expr] : llvm::enumerate(map.getResults()))
      if (expr.isFunctionOfDim(last)) {
        if (axis + 1 != map.getNumResults() || !isa<AffineDimExpr>(expr))
          return false;
        any = true;
      }
  }
  return any;
}

Reader StepBuilder::makeReduction(linalg::LinalgOp op, unsigned result) {
  Reduction reduction;
  if (!startReduction(op, result, reduction))
    return nullptr;
  if (reduction.reduced.empty())
    return refuseRead("has no results that lack no loop but are not in order");
  const cpu::Extent &last = reduction.domain.back();
  bool hasLanes =
      reduction.reduced.back() + 1 == reduction.domain.size() &&
      !reduction.partialRows &&
      !llvm::is_contained(reduction.combiners, nullptr) &&
      (!last.isFixed() || last.plus >= 2 * int64_t(cpu::lanesOf(target))) &&
      isAlongMemory(op);
  Halide::Func func =
      hasLanes ? combineLanes(reduction) : combineSerially(reduction);
  if (!func.defined())
    return nullptr;
  Reader wanted;
  for (auto [i, number] : llvm::enumerate(reduction.results)) {
    Reader reader = [func, i = unsigned(i)](const Exprs &index) {
      return callElement(func, index, i);
    };
    readers[op->getResult(number)] = reader;
    if (number == result)
      wanted = reader;
  }
  return wanted;
}

static bool allDefined(const Exprs &values) {
  return llvm::all_of(values, [](const Expr &it) { return it.defined(); });
}

//===----------------------------------------------------------------------===//
// One after the other
//===----------------------------------------------------------------------===//

Halide::Func StepBuilder::combineSerially(Reduction &reduction) {
  Halide::Func func(name("sum"));
  define(func(reversed(reduction.vars)), reduction.starts);
  // Halide's first loop is the innermost.
  Halide::Region ranges;
  for (size_t i = reduction.reduced.size(); i-- > 0;) {
    unsigned loop = reduction.reduced[i];
    bool isPartial = loop == reduction.partialLoop;
    ranges.push_back({0, isPartial ? Expr(int32_t(reduction.partialRows))
                                   : size(reduction.domain[loop])});
  }
  Halide::RDom domain(ranges, name("r"));
  Exprs loops = reduction.iteration();
  for (size_t i = 0; i < reduction.reduced.size(); ++i) {
    unsigned loop = reduction.reduced[i];
    Halide::RVar var = domain[int(reduction.reduced.size() - 1 - i)];
    loops[loop] = var;
    if (loop != reduction.partialLoop)
      continue;
    loops[loop] = reduction.vars[0] * int32_t(reduction.partialRows) + var;
    domain.where(loops[loop] < size(reduction.domain[loop]));
  }
  Exprs before;
  for (unsigned i = 0; i < reduction.results.size(); ++i)
    before.push_back(callElement(func, toExprs(reduction.vars), i));
  Exprs values = reduction.elements.defined()
                     ? combine(reduction, before, elementsAt(reduction, loops))
                     : reduction.yielded(*this, loops, before);
  if (!allDefined(values))
    return {};
  define(func(reversed(reduction.vars)), values);
  addStage(StageKind::Serial, func, reduction.vars, reduction.known);
  return func;
}

//===----------------------------------------------------------------------===//
// In lanes
//===----------------------------------------------------------------------===//

/// Which elements of the last loop are combined first.
struct StepBuilder::Lanes {
  int64_t count;   ///< of a vector
  int64_t vectors; ///< of partial results
  Halide::Var lane{"lane"};

  int64_t width() const { return count * vectors; }
  /// The axes of the results, and the lane.
  Vars varsOf(const Reduction &reduction) const {
    Vars vars = reduction.vars;
    vars.push_back(lane);
    return vars;
  }
};

Exprs StepBuilder::combine(const Reduction &reduction, const Exprs &x,
                           const Exprs &y) {
  Exprs results;
  for (size_t i = 0; i < reduction.combiners.size(); ++i)
    results.push_back(makeExprs(reduction.combiners[i], {x[i], y[i]},
                                arguments.never, target.hasThreadGroups)
                          .front());
  return results;
}

// Adds to each lane the elements first + lane + width · j for the j of the
// domain's innermost loop; the other loops of the domain are the op's own.
void StepBuilder::addPartialResults(Reduction &reduction, Halide::Func &partial,
                                    const Lanes &lanes, Expr first,
                                    Halide::RDom domain) {
  Vars vars = lanes.varsOf(reduction);
  Exprs loops = reduction.iteration();
  size_t count = reduction.reduced.size();
  for (size_t i = 0; i + 1 < count; ++i)
    loops[reduction.reduced[i]] = domain[int(count - 1 - i)];
  loops.back() = first + domain[0] * int32_t(lanes.width()) + lanes.lane;
  Exprs before, added = elementsAt(reduction, loops);
  for (unsigned i = 0; i < reduction.results.size(); ++i) {
    before.push_back(callElement(partial, toExprs(vars), i));
    if (!added[i].defined())
      return;
  }
  define(partial(reversed(vars)), combine(reduction, before, added));
}

// Rounds of all lanes, and what is left of the last loop behind them.
Halide::Func StepBuilder::makePartialResults(Reduction &reduction,
                                             const Lanes &lanes) {
  const cpu::Extent &last = reduction.domain.back();
  Vars vars = lanes.varsOf(reduction);
  Halide::Func partial(name("lanes"));
  Exprs neutral;
  for (Operation *combiner : reduction.combiners)
    neutral.push_back(neutralNumber(combiner));
  define(partial(reversed(vars)), neutral);

  Halide::Region ranges{{0, size(last) / int32_t(lanes.width())}};
  for (size_t i = reduction.reduced.size() - 1; i-- > 0;)
    ranges.push_back({0, size(reduction.domain[reduction.reduced[i]])});
  Halide::RDom rounds(ranges, name("r"));
  addPartialResults(reduction, partial, lanes, 0, rounds);
  if (!last.isFixed() || last.plus % lanes.width()) {
    Expr first = size(last) / int32_t(lanes.width()) * int32_t(lanes.width());
    ranges.front() = {0, 1};
    Halide::RDom rest(ranges, name("q"));
    rest.where(first + lanes.lane < size(last));
    addPartialResults(reduction, partial, lanes, first, rest);
  }
  if (!why.empty())
    return {};
  std::vector<int64_t> known = reduction.known;
  known.push_back(lanes.width());
  addStage(StageKind::Lanes, partial, vars, known);
  return partial;
}

// A tree whose nodes mention their operands several times is too long to be
// written out, which autoschedulers try unless there is an update.
void StepBuilder::fold(const Halide::Func &func, const Vars &vars,
                       const Exprs &values) {
  Halide::Func folded = func;
  define(folded(reversed(vars)), values);
  if (purpose != Purpose::Search)
    return;
  Exprs same;
  for (unsigned i = 0; i < values.size(); ++i)
    same.push_back(callElement(folded, toExprs(vars), i));
  define(folded(reversed(vars)), same);
}

/// The partial results of the lane at `position`.
Exprs StepBuilder::Reduction::partialAt(const Halide::Func &func,
                                        Expr position) const {
  Exprs index = toExprs(vars), values;
  index.push_back(position);
  for (unsigned i = 0; i < results.size(); ++i)
    values.push_back(callElement(func, index, i));
  return values;
}

/// One vector of the partial results.
Halide::Func StepBuilder::foldVectors(Reduction &reduction, const Lanes &lanes,
                                      const Halide::Func &partial) {
  if (lanes.vectors == 1)
    return partial;
  Halide::Func folded(name("folded"));
  Exprs values = reduction.partialAt(partial, lanes.lane);
  for (int64_t i = 1; i < lanes.vectors; ++i)
    values = combine(
        reduction, values,
        reduction.partialAt(partial, lanes.lane + int32_t(i * lanes.count)));
  fold(folded, lanes.varsOf(reduction), values);
  std::vector<int64_t> known = reduction.known;
  known.push_back(lanes.count);
  addStage(StageKind::Folded, folded, lanes.varsOf(reduction), known);
  return folded;
}

/// The lanes of one vector, by halves, and what the op starts from.
Halide::Func StepBuilder::foldLanes(Reduction &reduction, const Lanes &lanes,
                                    const Halide::Func &folded) {
  std::vector<Exprs> tree;
  for (int64_t i = 0; i < lanes.count; ++i)
    tree.push_back(reduction.partialAt(folded, Expr(int32_t(i))));
  for (size_t half = tree.size() / 2; half; half /= 2)
    for (size_t i = 0; i < half; ++i)
      tree[i] = combine(reduction, tree[i], tree[i + half]);
  Halide::Func result(name("sum"));
  fold(result, reduction.vars,
       combine(reduction, reduction.starts, tree.front()));
  addStage(StageKind::Folded, result, reduction.vars, reduction.known);
  return result;
}

Halide::Func StepBuilder::combineLanes(Reduction &reduction) {
  int64_t count = int64_t(cpu::lanesOf(target));
  const cpu::Extent &last = reduction.domain.back();
  Lanes lanes{count, last.isFixed()
                         ? std::min(vectorsOfLanes, last.plus / count)
                         : vectorsOfLanes};
  Halide::Func partial = makePartialResults(reduction, lanes);
  if (!partial.defined())
    return {};
  return foldLanes(reduction, lanes, foldVectors(reduction, lanes, partial));
}

} // namespace lamina::halide
