// SPDX-License-Identifier: Apache-2.0
//
// Products of matrices, and of windows with weights.
//
// Part of StepBuilder. The columns are packed into panels as wide as a register
// tile; a tile sums over all of k in registers. Rows and columns behind the end
// repeat the last ones, so that every tile has one size, and are not stored.

#include "backends/CPU/Target.h"
#include "backends/Halide/RegionExpr.h"
#include "backends/Halide/StepBuilder.h"

using namespace mlir;
using Halide::Expr;

namespace lamina::halide {

/// Rows and vectors of a register tile that fill `registers`, for so many
/// columns; 0 columns are of a run-time number.
static std::pair<int64_t, int64_t> chooseTile(int64_t columns, int64_t lanes,
                                              int64_t registers) {
  int64_t most = registers >= 32 ? 3 : 2;
  int64_t vectors = most;
  if (columns) {
    int64_t needed = llvm::divideCeil(columns, lanes);
    vectors = llvm::divideCeil(needed, llvm::divideCeil(needed, most));
  }
  int64_t rows = registers >= 32 ? std::min<int64_t>(16, 24 / vectors)
                                 : std::min<int64_t>(10, 12 / vectors);
  return {rows, vectors};
}

/// Rows and columns that a thread of a GPU keeps in registers.
static constexpr int64_t threadRows = 8, threadColumns = 4;

/// Index `at` below `size`; the last one stands for those behind it.
static Expr within(Expr at, Expr size, bool isExact) {
  return isExact ? at : Halide::min(Halide::likely(at), size - 1);
}

/// The two stages of a product.
class ProductBuilder {
public:
  explicit ProductBuilder(StepBuilder &builder)
      : builder(builder), form(*builder.form), step(builder.step) {}

  void chooseTile();
  bool packColumns();
  bool multiply();
  Expr elementAt(const Exprs &index) const;

private:
  using Loops = llvm::SmallVector<unsigned>;
  const cpu::Extent &rowExtent() const { return form.domain[form.m.back()]; }
  const cpu::Extent &columnExtent() const { return form.domain[form.n.back()]; }
  void addVars(const Loops &loops, Vars &vars, std::vector<int64_t> &sizes,
               Exprs &at) const;
  Expr factor(mlir::OpOperand *operand, const Exprs &loops);
  Exprs packedIndex(const Exprs &loops) const;
  void placePadding(size_t firstStage);

  StepBuilder &builder;
  const cpu::ContractForm &form;
  Step &step;
  /// Loops around the panels, and around the tiles, the outermost first.
  Loops ofPanels, around;
  int64_t rows = 0, columns = 0;
  Halide::Func packed, product;
  Halide::Var lane{"lane"}, panel{"panel"}, row{"row"}, block{"block"};
};

void ProductBuilder::chooseTile() {
  int64_t lanes = int64_t(cpu::lanesOf(builder.target));
  auto [mostRows, vectors] = lamina::halide::chooseTile(
      builder.fixedSize(columnExtent()), lanes, builder.target.vectorRegisters);
  bool isForGPU = builder.target.hasThreadGroups;
  rows = isForGPU ? threadRows : mostRows;
  columns = isForGPU ? threadColumns : vectors * lanes;
  if (rowExtent().isFixed())
    rows = std::max<int64_t>(1, std::min(rows, rowExtent().plus));
  AffineMap out = form.resultMap();
  AffineExpr rowLoop = getAffineDimExpr(form.m.back(), out.getContext());
  step.tile = Tile{rows, columns, *out.getResultPosition(rowLoop),
                   out.getNumResults() - 1};
  ofPanels = form.batch;
  ofPanels.append(form.n.begin(), form.n.end() - 1);
  around = ofPanels;
  around.append(form.m.begin(), form.m.end() - 1);
}

void ProductBuilder::addVars(const Loops &loops, Vars &vars,
                             std::vector<int64_t> &sizes, Exprs &at) const {
  for (unsigned loop : loops) {
    Halide::Var var(("i" + Twine(vars.size())).str());
    vars.push_back(var);
    sizes.push_back(builder.fixedSize(form.domain[loop]));
    at[loop] = var;
  }
}

Expr ProductBuilder::factor(OpOperand *operand, const Exprs &loops) {
  Reader reader = builder.read(operand->get());
  Expr element = reader ? reader(evaluate(form.mapOf(operand), loops)) : Expr();
  if (!element.defined())
    builder.refuse("has no form of a factor");
  return element;
}

// packed(…, panel, k…, lane); for a GPU, whose threads have a panel each and
// are at one k, packed(…, k…, panel, lane).
bool ProductBuilder::packColumns() {
  Exprs loops(form.domain.size(), Expr(0)); // the rows play no part
  Vars vars;
  std::vector<int64_t> sizes;
  addVars(ofPanels, vars, sizes, loops);
  bool isForGPU = builder.target.hasThreadGroups;
  auto addPanel = [&](bool isHere) {
    if (isHere) {
      vars.push_back(panel);
      sizes.push_back(0);
    }
  };
  addPanel(!isForGPU);
  Vars ofK = makeVars("k", form.k.size());
  for (auto [number, loop] : llvm::enumerate(form.k)) {
    loops[loop] = ofK[number];
    vars.push_back(ofK[number]);
    sizes.push_back(builder.fixedSize(form.domain[loop]));
  }
  addPanel(isForGPU);
  vars.push_back(lane);
  sizes.push_back(columns);
  const cpu::Extent &n = columnExtent();
  loops[form.n.back()] =
      within(panel * int32_t(columns) + lane, builder.size(n),
             n.isFixed() && n.plus % columns == 0);
  Expr element = factor(form.b, loops);
  if (!element.defined())
    return false;
  packed = Halide::Func(builder.name("packed"));
  builder.define(packed(reversed(vars)), {element});
  builder.addStage(StageKind::Packed, packed, vars, sizes);
  return true;
}

// Padding around one round of the outermost rows is stored for that round.
void ProductBuilder::placePadding(size_t firstStage) {
  AffineMap out = form.resultMap();
  AffineExpr outermost = getAffineDimExpr(form.m.front(), out.getContext());
  if (form.m.size() > 1 && form.mapOf(form.a).getResult(0) == outermost)
    for (Stage &stage : llvm::drop_begin(step.stages, firstStage))
      stage.axis = *out.getResultPosition(outermost);
}

/// Where the packed element of an iteration is, for the lane of a panel.
Exprs ProductBuilder::packedIndex(const Exprs &loops) const {
  Exprs index;
  for (unsigned loop : ofPanels)
    index.push_back(loops[loop]);
  bool isForGPU = builder.target.hasThreadGroups;
  if (!isForGPU)
    index.push_back(panel);
  for (unsigned loop : form.k)
    index.push_back(loops[loop]);
  if (isForGPU)
    index.push_back(panel);
  index.push_back(lane);
  return index;
}

// product(…, block, panel, row, lane)
bool ProductBuilder::multiply() {
  Exprs loops(form.domain.size(), Expr(0));
  Vars vars;
  std::vector<int64_t> sizes;
  addVars(around, vars, sizes, loops);
  for (const Halide::Var &var : {block, panel, row, lane})
    vars.push_back(var);
  for (int64_t known : {int64_t(0), int64_t(0), rows, columns})
    sizes.push_back(known);
  Halide::Region ranges;
  for (unsigned loop : llvm::reverse(form.k))
    ranges.push_back({0, builder.size(form.domain[loop])});
  Halide::RDom k(ranges, builder.name("k"));
  for (size_t number = 0; number < form.k.size(); ++number)
    loops[form.k[number]] = k[int(form.k.size() - 1 - number)];
  const cpu::Extent &m = rowExtent();
  loops[form.m.back()] = within(block * int32_t(rows) + row, builder.size(m),
                                m.isFixed() && m.plus % rows == 0);
  size_t firstStage = step.stages.size();
  Expr element = factor(form.a, loops);
  if (!element.defined())
    return false;
  placePadding(firstStage);
  product = Halide::Func(builder.name("product"));
  builder.define(product(reversed(vars)), {Expr(0.0f)});
  builder.define(product(reversed(vars)),
                 {callElement(product, toExprs(vars), 0) +
                  element * callElement(packed, packedIndex(loops), 0)});
  builder.addStage(StageKind::Product, product, vars, sizes);
  return true;
}

Expr ProductBuilder::elementAt(const Exprs &index) const {
  AffineMap out = form.resultMap();
  Exprs at, positions(out.getNumDims());
  for (unsigned axis = 0; axis < out.getNumResults(); ++axis)
    positions[out.getDimPosition(axis)] = index[axis];
  for (unsigned loop : around)
    at.push_back(positions[loop]);
  Expr i = positions[form.m.back()], j = positions[form.n.back()];
  at.push_back(i / int32_t(rows));
  at.push_back(j / int32_t(columns));
  at.push_back(i % int32_t(rows));
  at.push_back(j % int32_t(columns));
  return callElement(product, at, 0);
}

Reader StepBuilder::makeProduct() {
  auto product = std::make_shared<ProductBuilder>(*this);
  product->chooseTile();
  if (!product->packColumns() || !product->multiply())
    return nullptr;
  linalg::LinalgOp op = form->op;
  Reader start;
  if (!form->startsAtZero && !(start = read(op.getDpsInitOperand(0)->get())))
    return nullptr;
  return [product, start](const Exprs &index) {
    Expr sum = product->elementAt(index);
    return start ? start(index) + sum : sum;
  };
}

} // namespace lamina::halide
