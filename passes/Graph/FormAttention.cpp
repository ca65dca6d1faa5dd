// SPDX-License-Identifier: Apache-2.0
//
// Softmax between two products as attention.
//
// Graph -> Graph, before gradients, so that the adjoint is one op as well. Goes
// backwards from the product with the values: weights, normaliser, mask, score,
// product of queries and keys. An entry that only GPUs have attention for gets
// a form for them beside it.

#include "dialects/Graph/Shape.h"
#include "dialects/Program/EntryForms.h"
#include "passes/Graph/AttentionRegion.h"
#include "passes/Graph/Passes.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/IR/BuiltinOps.h"
#include "mlir/IR/Matchers.h"
#include "mlir/IR/SymbolTable.h"
#include "mlir/IR/TypeUtilities.h"

using namespace mlir;

namespace lamina {
#define GEN_PASS_DEF_FORMATTENTIONPASS
#include "passes/Graph/Passes.h.inc"
} // namespace lamina

namespace lamina::graph {

namespace {

/// select(mask, exp(scores - logsumexp(select(mask, scores, -inf))), 0), or the
/// same without a mask. `kept` are conditions outside of which the weights are
/// made 0 behind that, as IRGen does behind the end of a sample.
struct Softmax {
  Value scores, mask;
  SmallVector<Value> kept;
  int64_t axis;
  SmallVector<Operation *> ops;
};

/// A tensor and the loop of a contraction that each of its axes runs along.
struct Operand {
  Value value;
  SmallVector<unsigned> loops;

  bool has(unsigned loop) const { return llvm::is_contained(loops, loop); }
};

class AttentionFormer {
public:
  AttentionFormer(ContractOp root, int64_t widest)
      : root(root), widest(widest), b(root) {}

  /// Replaces `root`, or leaves everything as it is and returns false.
  bool form();

private:
  bool matchWeights(unsigned number);
  bool matchValues();
  bool matchProduct(ContractOp product);
  bool isPrivate(const AttentionRegions &regions, ContractOp product) const;
  bool isNarrow(Value operand, unsigned loop) const;
  void ungroup();
  Value arrange(Operand operand, ArrayRef<unsigned> order);
  void write(AttentionRegions &regions);

  ContractOp root;
  int64_t widest;
  OpBuilder b;
  Softmax softmax;
  Value weights;
  ScoreAxes axes;
  // Each with the number of a score axis for each of its own, or `inner`.
  Operand q, k, v;
  unsigned inner = ~0u;
};

} // namespace

//===----------------------------------------------------------------------===//
// Matching
//===----------------------------------------------------------------------===//

static bool isSplat(Value value, llvm::function_ref<bool(APFloat)> test) {
  if (auto broadcast = value.getDefiningOp<BroadcastOp>())
    value = broadcast.getX();
  SplatElementsAttr splat;
  return matchPattern(value, m_Constant(&splat)) &&
         isa<FloatType>(splat.getElementType()) &&
         test(splat.getSplatValue<APFloat>());
}

static bool isZero(Value value) {
  return isSplat(value, [](APFloat x) { return x.isZero(); });
}

static bool isLeast(Value value) {
  return isSplat(value,
                 [](APFloat x) { return x.isInfinity() && x.isNegative(); });
}

static std::optional<Softmax> matchSoftmax(Value weights) {
  Softmax found;
  while (auto select = weights.getDefiningOp<arith::SelectOp>()) {
    if (!isZero(select.getFalseValue()))
      return std::nullopt;
    found.kept.push_back(select.getCondition());
    found.ops.push_back(select);
    weights = select.getTrueValue();
  }
  auto exp = weights.getDefiningOp<math::ExpOp>();
  auto shifted =
      exp ? exp.getOperand().getDefiningOp<arith::SubFOp>() : arith::SubFOp();
  auto spread =
      shifted ? shifted.getRhs().getDefiningOp<BroadcastOp>() : BroadcastOp();
  auto sum = spread ? spread.getX().getDefiningOp<ReduceOp>() : ReduceOp();
  if (!sum || sum.getKind() != ReduceKind::LogSumExp ||
      sum.getAxes().size() != 1)
    return std::nullopt;
  found.scores = shifted.getLhs();
  found.axis = sum.getAxes().front();
  found.ops.append({exp, shifted, spread, sum});
  for (auto [number, axis] : llvm::enumerate(spread.getAxes()))
    if (axis != int64_t(number) + (int64_t(number) >= found.axis))
      return std::nullopt;
  Value summed = sum.getX();
  if (summed == found.scores)
    return found;
  auto hide = summed.getDefiningOp<arith::SelectOp>();
  if (!hide || hide.getTrueValue() != found.scores ||
      !isLeast(hide.getFalseValue()) || found.kept.empty() ||
      found.kept.back() != hide.getCondition())
    return std::nullopt;
  found.ops.push_back(hide);
  found.mask = found.kept.pop_back_val();
  return found;
}

/// The operand of a contraction that reads no windows.
static std::optional<Operand> getOperand(ContractOp op, unsigned number) {
  AffineMap map = op.getMap(number);
  if (!map.isProjectedPermutation())
    return std::nullopt;
  Operand operand{op->getOperand(number), {}};
  for (unsigned i = 0; i < map.getNumResults(); ++i)
    operand.loops.push_back(map.getDimPosition(i));
  return operand;
}

bool AttentionFormer::matchWeights(unsigned number) {
  auto found = matchSoftmax(root->getOperand(number));
  auto values = getOperand(root, 1 - number);
  auto factor = getOperand(root, number);
  if (!found || !values || !factor)
    return false;
  softmax = std::move(*found);
  weights = root->getOperand(number);
  // From here on the loops are those of the weights, in their order.
  v.value = values->value;
  v.loops.clear();
  for (unsigned loop : values->loops) {
    auto axis = llvm::find(factor->loops, loop);
    v.loops.push_back(axis == factor->loops.end()
                          ? inner
                          : unsigned(axis - factor->loops.begin()));
  }
  return matchValues();
}

bool AttentionFormer::isNarrow(Value operand, unsigned axis) const {
  std::optional<int64_t> size = getShape(operand)[axis].getConstant();
  return size && *size <= widest;
}

/// The values have the key, which is summed over, all of the batch, and one
/// axis more; the one axis that they lack is the query.
bool AttentionFormer::matchValues() {
  axes = {};
  int64_t rank = cast<RankedTensorType>(softmax.scores.getType()).getRank();
  axes.key = softmax.axis;
  for (int64_t axis = 0; axis < rank; ++axis) {
    if (axis == axes.key)
      continue;
    if (v.has(unsigned(axis)))
      axes.batch.push_back(axis);
    else if (axes.query < 0)
      axes.query = axis;
    else
      return false;
  }
  if (axes.query < 0 || axes.batch.empty() || !v.has(unsigned(axes.key)) ||
      llvm::count(v.loops, inner) != 1 ||
      !isNarrow(v.value,
                unsigned(llvm::find(v.loops, inner) - v.loops.begin())))
    return false;
  // Nothing but the key is summed over.
  return root.getNumLoops() == unsigned(rank) + 1 &&
         root.getType().getRank() == rank;
}

bool AttentionFormer::matchProduct(ContractOp product) {
  std::optional<Operand> sides[] = {getOperand(product, 0),
                                    getOperand(product, 1)};
  AffineMap result = product.getMap(2);
  if (!sides[0] || !sides[1] ||
      product.getNumLoops() != result.getNumResults() + 1)
    return false;
  for (auto &side : sides)
    for (unsigned &loop : side->loops) {
      auto axis = result.getResultPosition(b.getAffineDimExpr(loop));
      loop = axis ? *axis : inner;
    }
  unsigned query = unsigned(axes.query), key = unsigned(axes.key);
  bool isFirst = sides[0]->has(query);
  q = *sides[isFirst ? 0 : 1];
  k = *sides[isFirst ? 1 : 0];
  if (!q.has(query) || q.has(key) || !k.has(key) || k.has(query))
    return false;
  for (const Operand &side : {q, k}) {
    if (llvm::count(side.loops, inner) != 1 ||
        !isNarrow(side.value,
                  unsigned(llvm::find(side.loops, inner) - side.loops.begin())))
      return false;
    for (int64_t axis : axes.batch)
      if (!side.has(unsigned(axis)))
        return false;
  }
  return true;
}

/// Whether nothing but `root` reads what attention would not compute.
bool AttentionFormer::isPrivate(const AttentionRegions &regions,
                                ContractOp product) const {
  SmallVector<Operation *> work = {product};
  llvm::DenseSet<Operation *> seen;
  while (!work.empty())
    for (Operation *user : work.pop_back_val()->getUsers()) {
      if (user == root || !seen.insert(user).second)
        continue;
      if (!regions.hasWritten(user) && !llvm::is_contained(softmax.ops, user))
        return false;
      work.push_back(user);
    }
  return true;
}

//===----------------------------------------------------------------------===//
// Rewriting
//===----------------------------------------------------------------------===//

/// The heads that share a key: n where ids are iota floordiv n.
static std::optional<int64_t> getShare(Value ids) {
  auto division = ids.getDefiningOp();
  if (!isa_and_nonnull<arith::DivSIOp, arith::FloorDivSIOp, arith::DivUIOp>(
          division) ||
      !division->getOperand(0).getDefiningOp<IotaOp>())
    return std::nullopt;
  APInt share;
  SplatElementsAttr splat;
  if (!matchPattern(division->getOperand(1), m_Constant(&splat)))
    return std::nullopt;
  share = splat.getSplatValue<APInt>();
  return share.isStrictlyPositive() ? std::optional(share.getSExtValue())
                                    : std::nullopt;
}

/// The operand before its heads are repeated, if that is what `operand` is.
static Value getGroups(const Operand &operand, int64_t head) {
  auto gather = operand.value.getDefiningOp<GatherOp>();
  if (!gather || gather.getBatch() != 0 || gather.getOutside() ||
      cast<RankedTensorType>(gather.getIds().getType()).getRank() != 1 ||
      operand.loops[gather.getAxis()] != unsigned(head))
    return {};
  std::optional<int64_t> share = getShare(gather.getIds());
  auto groups = getShape(gather.getX())[gather.getAxis()].getConstant();
  auto heads = getShape(gather.getResult())[gather.getAxis()].getConstant();
  bool isRepeated = share && groups && heads && *groups * *share == *heads;
  return isRepeated ? gather.getX() : Value();
}

void AttentionFormer::ungroup() {
  int64_t head = axes.batch.back();
  Value keys = getGroups(k, head), values = getGroups(v, head);
  if (!keys || !values ||
      getShape(keys)[llvm::find(k.loops, unsigned(head)) - k.loops.begin()] !=
          getShape(
              values)[llvm::find(v.loops, unsigned(head)) - v.loops.begin()])
    return;
  k.value = keys;
  v.value = values;
}

/// Erases `op` and what only it has read. All of that stands in front of it.
static void eraseDead(Operation *op) {
  llvm::SetVector<Operation *> work;
  work.insert(op);
  while (!work.empty()) {
    Operation *dead = work.pop_back_val();
    if (!isOpTriviallyDead(dead))
      continue; // asked again when its other readers are gone
    for (Value operand : dead->getOperands())
      if (Operation *made = operand.getDefiningOp())
        work.insert(made);
    dead->erase();
  }
}

/// The operand with its axes in this order.
Value AttentionFormer::arrange(Operand operand, ArrayRef<unsigned> order) {
  SmallVector<int64_t> places;
  Shape from = getShape(operand.value), to;
  for (unsigned loop : order) {
    places.push_back(llvm::find(operand.loops, loop) - operand.loops.begin());
    to.push_back(from[places.back()]);
  }
  if (llvm::is_sorted(places))
    return operand.value;
  Type element =
      cast<RankedTensorType>(operand.value.getType()).getElementType();
  return TransposeOp::create(b, root.getLoc(), getTensorType(to, element),
                             operand.value, places);
}

void AttentionFormer::write(AttentionRegions &regions) {
  ungroup();
  SmallVector<unsigned> batch(axes.batch.begin(), axes.batch.end());
  auto order = [&](int64_t row) {
    SmallVector<unsigned> all = batch;
    all.append({unsigned(row), inner});
    return all;
  };
  Value queries = arrange(q, order(axes.query));
  Value keys = arrange(k, order(axes.key));
  Value values = arrange(v, order(axes.key));
  Shape shape = getShape(queries);
  Type element = root.getType().getElementType();
  Type stats = getTensorType(ArrayRef(shape).drop_back(), element);
  shape.back() = getShape(values).back();
  SmallVector<Location> locations = {root.getLoc(), regions.product().getLoc()};
  for (Operation *op : softmax.ops)
    locations.push_back(op->getLoc());
  auto attend = AttendOp::create(b, b.getFusedLoc(locations),
                                 getTensorType(shape, element), stats,
                                 Normaliser::Softmax, queries, keys, values,
                                 regions.with(), Value(), Attribute());
  regions.moveTo(attend);

  // Where the axes of `attend` stand in the result of `root`.
  AffineMap result = root.getMap(2);
  unsigned number = root->getOperand(0) == weights ? 0 : 1;
  AffineMap loops = root.getMap(number);
  Operand out{attend.getResult(), order(axes.query)};
  SmallVector<unsigned> wanted;
  for (unsigned i = 0; i < result.getNumResults(); ++i) {
    auto axis = loops.getResultPosition(result.getResult(i));
    wanted.push_back(axis ? *axis : inner);
  }
  root.replaceAllUsesWith(arrange(out, wanted));
  eraseDead(root);
}

bool AttentionFormer::form() {
  if (!matchWeights(0) && !matchWeights(1))
    return false;
  Type element = root.getType().getElementType();
  AttentionRegions regions(root.getContext(), axes, element);
  if (!regions.writeScore(softmax.scores) ||
      !regions.writeMask(softmax.mask, softmax.kept))
    return false;
  ContractOp product = regions.product();
  if (!product || !matchProduct(product) || !isPrivate(regions, product))
    return false;
  Value tensors[] = {q.value, k.value, v.value, product, weights};
  bool isOfOneType = llvm::all_of(tensors, [&](Value tensor) {
    return getElementTypeOrSelf(tensor.getType()) == element;
  });
  if (isOfOneType)
    write(regions);
  return isOfOneType;
}

/// Forms what there is of attention inside of `op`; returns how much that was.
static int64_t formAttention(Operation *op, int64_t widest) {
  if (widest == 0)
    return 0;
  SmallVector<ContractOp> products;
  op->walk([&](ContractOp product) {
    if (hasNamedSizes(product.getType()))
      products.push_back(product);
  });
  return llvm::count_if(products, [&](ContractOp product) {
    return AttentionFormer(product, widest).form();
  });
}

namespace {

struct FormAttention : lamina::impl::FormAttentionPassBase<FormAttention> {
  using Base::Base;

  void runOnOperation() override {
    auto module = dyn_cast<ModuleOp>(getOperation());
    if (!module || gpuWidest <= widest) {
      formAttention(getOperation(), widest);
      return;
    }
    SymbolTable symbols(module);
    for (auto entry :
         llvm::make_early_inc_range(module.getOps<func::FuncOp>())) {
      OwningOpRef<func::FuncOp> form = entry.clone();
      int64_t onGPU = formAttention(*form, gpuWidest);
      if (formAttention(entry, widest) < onGPU && isPlayedOnDevices(entry))
        addForm(entry, std::move(form), symbols);
    }
  }

  static bool isPlayedOnDevices(func::FuncOp function) {
    return function->hasAttr("program.entry") && !program::isOfHost(function);
  }

  static void addForm(func::FuncOp entry, OwningOpRef<func::FuncOp> form,
                      SymbolTable &symbols) {
    program::setForm(*form, entry, "gpu");
    form->setSymName((entry.getSymName() + ".gpu").str());
    symbols.insert(form.release(), std::next(entry->getIterator()));
  }
};

} // namespace

} // namespace lamina::graph
