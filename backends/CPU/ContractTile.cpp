// SPDX-License-Identifier: Apache-2.0
//
// What happens to a tile of sums.
//
// A whole tile without anything behind it goes from registers to the out. Every
// other one goes through a buffer in the first cache, where rows and lanes
// behind the ends are left out, and the epilogue is computed on vectors.

#include "backends/CPU/ContractNest.h"

#include <functional>

using namespace llvm;

namespace lamina::cpu {

// Which widths can occur is known where n is.
void ContractNest::callTile(const Rows &part, Value *panel, Value *vectors,
                            Value *depth, Value *c, Value *rowOfC,
                            Value *accumulate) {
  Module &module = *b.function()->getParent();
  std::optional<int64_t> all = constantIndex(columns);
  std::optional<int64_t> count = constantIndex(rows);
  auto call = [&](unsigned width, bool packed) {
    RowLayout layout = packed ? RowLayout{1, packedRow} : *inPlace;
    Function *function = getMicroKernel(module, frame.body.name(),
                                        {tile.rows, width, tile.lanes}, layout);
    b.CreateCall(function, {packed ? part.packed : part.inPlace, panel, depth,
                            c, rowOfC, accumulate});
  };
  auto ofWidth = [&](unsigned width) {
    bool isSure = !inPlace || (count && *count >= int64_t(tile.rows));
    if (isSure)
      return call(width, !inPlace);
    b.emitIf(
        part.isPacked, [&] { call(width, true); }, [&] { call(width, false); });
  };
  int64_t rest = (lastColumns + tile.lanes - 1) / tile.lanes;
  std::function<void(unsigned)> choose = [&](unsigned width) {
    bool isPossible = !all || rest == int64_t(width) ||
                      (width == tile.vectors && blockColumns >= tile.columns());
    if (!isPossible)
      return width > 1 ? choose(width - 1) : void();
    bool isLast = width == 1;
    if (all)
      isLast |=
          rest == 0 || rest >= int64_t(width) || blockColumns < tile.columns();
    if (isLast)
      return ofWidth(width);
    b.emitIf(
        b.CreateICmpEQ(vectors, b.index(width)), [&] { ofWidth(width); },
        [&] { choose(width - 1); });
  };
  choose(tile.vectors);
}

Coordinates ContractNest::outOf(CoordinateRange iteration,
                                Evaluator &evaluator) {
  return evaluator.map(form.resultMap(), iteration);
}

void ContractNest::forTile(const Block &block, const Rows &part, Value *column,
                           Value *vectors, Lanes lanes) {
  std::optional<int64_t> all = constantIndex(columns);
  bool isMasked = !all || *all % tile.lanes != 0;
  b.emitFor(part.skip, part.count, b.index(1), [&](Value *r) {
    Coordinates at = iteration(block, b.add(part.row, r));
    Evaluator level(frame, tile.lanes);
    level.setAnchor();
    b.emitFor(b.index(0), vectors, b.index(1), [&](Value *v) {
      Value *offset = b.multiply(v, b.index(tile.lanes));
      Value *first = b.add(column, offset);
      Value *mask = isMasked
                        ? b.activeLanes(b.CreateSub(columns, first), tile.lanes)
                        : nullptr;
      Evaluator lane(frame, tile.lanes, mask, &level);
      Coordinates here = at;
      setLinear(here, form.n, {first, 1}, lane, tile.lanes);
      Value *place = b.add(b.multiply(r, b.index(tile.columns())), offset);
      Value *line = b.CreateSub(b.add(part.row, r), block.firstRow);
      Value *inLine = b.add(b.CreateSub(column, block.column), offset);
      Value *waiting = b.add(b.multiply(line, b.index(blockColumns)), inLine);
      lanes({outOf(here, lane), element(tileBuffer, place),
             element(sums, waiting)},
            lane);
      noteFailure(lane);
    });
    noteFailure(level);
  });
}

// All is computed before anything is stored: an out may stand in the buffer of
// an operand of the epilogue.
void ContractNest::finishLanes(CoordinateRange out, Value *sums,
                               Evaluator &lane) {
  lane.remember(form.result, out, sums);
  const Destination *own = frame.body.destination(form.result);
  SmallVector<std::pair<const Destination *, Value *>> stores;
  bool isShared = false;
  for (mlir::linalg::LinalgOp op : form.epilogue) {
    Values results = lane.evaluate(op, out);
    for (auto [number, result] : enumerate(results)) {
      mlir::Value value = op->getResult(unsigned(number));
      lane.remember(value, out, result);
      const Destination *where = frame.body.destination(value);
      if (!where)
        continue;
      isShared |= own && own->out == where->out;
      stores.push_back({where, result});
    }
  }
  if (own && !isShared)
    stores.push_back({own, sums});
  for (auto [where, value] : stores)
    lane.write(frame.part(*where), out, value);
}

// Sums over a part of k come from where they wait, and go back there.
void ContractNest::emitParts(const Block &block, const Rows &part,
                             Value *column, Value *vectors, bool isLoad) {
  Type *vector = FixedVectorType::get(b.getFloatTy(), tile.lanes);
  const Destination *own = frame.body.destination(form.result);
  forTile(block, part, column, vectors,
          [&](const TileLanes &at, Evaluator &lane) {
            Value *from = isLoad ? at.waiting : at.buffer;
            Value *to = isLoad ? at.buffer : at.waiting;
            Value *numbers = hasSums || !isLoad
                                 ? b.CreateAlignedLoad(vector, from, Align(4))
                                 : lane.load(frame.part(*own), at.out);
            if (hasSums || isLoad)
              b.CreateAlignedStore(numbers, to, Align(4));
            else
              lane.write(frame.part(*own), at.out, numbers);
          });
}

void ContractNest::emitBufferedTile(const Block &block, const Rows &part,
                                    Value *column, Value *panel,
                                    Value *vectors) {
  Type *vector = FixedVectorType::get(b.getFloatTy(), tile.lanes);
  auto loadFirst = [&] {
    forTile(block, part, column, vectors,
            [&](const TileLanes &at, Evaluator &lane) {
              mlir::linalg::LinalgOp op = form.op;
              Value *before = lane.read(op.getDpsInitOperand(0)->get(), at.out);
              b.CreateAlignedStore(b.splat(before, tile.lanes), at.buffer,
                                   Align(4));
            });
  };
  if (!form.startsAtZero)
    b.emitIf(block.isFirst, loadFirst);
  if (!hasOneBlock)
    b.emitIf(b.CreateNot(block.isFirst),
             [&] { emitParts(block, part, column, vectors, true); });
  Value *accumulate =
      form.startsAtZero ? b.CreateNot(block.isFirst) : b.getTrue();
  callTile(part, panel, vectors, block.depth, tileBuffer,
           b.index(tile.columns()), accumulate);
  auto finish = [&] {
    forTile(block, part, column, vectors,
            [&](const TileLanes &at, Evaluator &lane) {
              finishLanes(at.out,
                          b.CreateAlignedLoad(vector, at.buffer, Align(4)),
                          lane);
            });
  };
  if (hasOneBlock)
    return finish();
  b.emitIf(block.isLast, finish,
           [&] { emitParts(block, part, column, vectors, false); });
}

void ContractNest::emitDirectTile(const Block &block, const Rows &part,
                                  Value *column, Value *panel, Value *vectors) {
  Storage where = frame.part(*frame.body.destination(form.result));
  Evaluator numbers(frame, 1);
  Coordinates at = iteration(block, part.row);
  setLinear(at, form.n, {column, 0}, numbers);
  Coordinates next = at;
  if (!form.m.empty())
    next[form.m[0]].base = b.add(at[form.m[0]].base, b.index(1));
  Value *first = numbers.offset(where, outOf(at, numbers)).base;
  Value *second = numbers.offset(where, outOf(next, numbers)).base;
  Value *accumulate =
      form.startsAtZero ? b.CreateNot(block.isFirst) : b.getTrue();
  callTile(part, panel, vectors, block.depth, element(where.base, first),
           b.CreateSub(second, first), accumulate);
}

void ContractNest::emitTile(const Block &block, const Rows &part, Value *column,
                            Value *panel, Value *vectors) {
  const Destination *own = frame.body.destination(form.result);
  mlir::linalg::LinalgOp op = form.op;
  bool startsInPlace = form.startsAtZero ||
                       isa<mlir::BlockArgument>(op.getDpsInitOperand(0)->get());
  // The last axis of the out must be n itself, without steps.
  bool isDense = own && constantIndex(frame.part(*own).strides.back()) == 1;
  if (!form.epilogue.empty() || !isDense || form.m.size() > 1 || !startsInPlace)
    return emitBufferedTile(block, part, column, panel, vectors);
  Value *width = b.multiply(vectors, b.index(tile.lanes));
  Value *isWide = b.CreateICmpSLE(b.add(column, width), columns);
  Value *isTall = b.CreateAnd(b.CreateICmpEQ(part.skip, b.index(0)),
                              b.CreateICmpEQ(part.count, b.index(tile.rows)));
  b.emitIf(
      b.CreateAnd(isWide, isTall),
      [&] { emitDirectTile(block, part, column, panel, vectors); },
      [&] { emitBufferedTile(block, part, column, panel, vectors); });
}

} // namespace lamina::cpu
