// SPDX-License-Identifier: Apache-2.0
//
// The register tile of a product.
//
// Sums are carried by the loop over k, so they stay in registers; each step is
// a row of the panel and a broadcast of one number for each row of the tile.

#include "backends/CPU/MicroKernel.h"

#include "backends/CPU/LoopBuilder.h"

using namespace llvm;

namespace lamina::cpu {

namespace {
class MicroKernelEmitter {
public:
  MicroKernelEmitter(Function *function, TileShape tile, RowLayout layout)
      : b(function), tile(tile), layout(layout), a(function->getArg(0)),
        panel(function->getArg(1)), depth(function->getArg(2)),
        c(function->getArg(3)), rowOfC(function->getArg(4)),
        accumulate(function->getArg(5)) {}
  void emit();

private:
  Value *element(Value *base, Value *index) {
    return b.CreateInBoundsGEP(b.getFloatTy(), base, index);
  }
  Value *place(unsigned row, unsigned vector) {
    Value *start = b.CreateMul(rowOfC, b.index(row));
    return element(element(c, start), b.index(int64_t(vector) * tile.lanes));
  }
  Values loadTile();
  Values step(Value *k, ValueRange sums);

  LoopBuilder b;
  TileShape tile;
  RowLayout layout;
  Value *a, *panel, *depth, *c, *rowOfC, *accumulate;
};
} // namespace

Values MicroKernelEmitter::loadTile() {
  Type *vector = FixedVectorType::get(b.getFloatTy(), tile.lanes);
  unsigned count = tile.rows * tile.vectors;
  Values loaded;
  BasicBlock *before = b.GetInsertBlock(), *last = nullptr;
  b.emitIf(accumulate, [&] {
    for (unsigned i = 0; i < count; ++i)
      loaded.push_back(b.CreateAlignedLoad(
          vector, place(i / tile.vectors, i % tile.vectors), Align(4)));
    last = b.GetInsertBlock();
  });
  Values sums;
  for (Value *value : loaded) {
    PHINode *phi = b.CreatePHI(vector, 2);
    phi->addIncoming(Constant::getNullValue(vector), before);
    phi->addIncoming(value, last);
    sums.push_back(phi);
  }
  return sums;
}

Values MicroKernelEmitter::step(Value *k, ValueRange sums) {
  Type *vector = FixedVectorType::get(b.getFloatTy(), tile.lanes);
  Value *row = element(panel, b.CreateNSWMul(k, b.index(tile.columns())));
  Values columns, next;
  for (unsigned v = 0; v < tile.vectors; ++v)
    columns.push_back(b.CreateAlignedLoad(
        vector, element(row, b.index(int64_t(v) * tile.lanes)), Align(4)));
  Value *first = element(a, b.CreateNSWMul(k, b.index(layout.stride)));
  for (unsigned r = 0; r < tile.rows; ++r) {
    Value *number = b.CreateAlignedLoad(
        b.getFloatTy(), element(first, b.index(r * layout.rowStride)),
        Align(4));
    Value *x = b.CreateVectorSplat(tile.lanes, number);
    for (unsigned v = 0; v < tile.vectors; ++v)
      next.push_back(
          b.CreateIntrinsic(Intrinsic::fmuladd, {vector},
                            {x, columns[v], sums[r * tile.vectors + v]}));
  }
  return next;
}

void MicroKernelEmitter::emit() {
  Values sums =
      b.emitFor(b.index(0), depth, b.index(1), loadTile(),
                [&](Value *k, ValueRange sums) { return step(k, sums); });
  for (auto [i, sum] : enumerate(sums))
    b.CreateAlignedStore(
        sum, place(unsigned(i) / tile.vectors, unsigned(i) % tile.vectors),
        Align(4));
  b.CreateRetVoid();
}

Function *getMicroKernel(Module &module, StringRef kernel, TileShape tile,
                         RowLayout layout) {
  std::string name =
      (kernel + "_tile" + Twine(tile.rows) + "x" + Twine(tile.columns()) + "_" +
       Twine(layout.rowStride) + "_" + Twine(layout.stride))
          .str();
  if (Function *known = module.getFunction(name))
    return known;
  LLVMContext &context = module.getContext();
  Type *pointer = PointerType::getUnqual(context);
  Type *i64 = Type::getInt64Ty(context);
  Function *function =
      Function::Create(FunctionType::get(Type::getVoidTy(context),
                                         {pointer, pointer, i64, pointer, i64,
                                          Type::getInt1Ty(context)},
                                         false),
                       Function::InternalLinkage, name, module);
  function->addFnAttr(Attribute::NoInline);
  function->setDoesNotThrow();
  // The panel and the tile are never the same memory; a row of the left operand
  // may be anything that is not written here.
  function->addParamAttr(1, Attribute::NoAlias);
  MicroKernelEmitter(function, tile, layout).emit();
  return function;
}

} // namespace lamina::cpu
