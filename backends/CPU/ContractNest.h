// SPDX-License-Identifier: Apache-2.0
//
// The nest of one product.
//
// The values of one emitted function of a product: its sizes and blocks, and,
// in the function that runs, its memory. The parts of the nest are methods, in
// ContractEmitter.cpp (loops), ContractPacking.cpp and ContractTile.cpp.

#ifndef LAMINA_BACKENDS_CPU_CONTRACTNEST_H
#define LAMINA_BACKENDS_CPU_CONTRACTNEST_H

#include "backends/CPU/ContractEmitter.h"

namespace lamina::cpu {

class ContractNest {
public:
  ContractNest(Frame &frame, const ContractForm &form,
               const TargetModel &target);

  llvm::Value *items();
  llvm::Value *scratchBytes();
  mlir::LogicalResult run(const RunArguments &arguments);

private:
  /// A block of the loops over columns and k.
  struct Block {
    Coordinates batch; ///< of the batch loops
    llvm::Value *column, *columnEnd;
    llvm::Value *k, *kEnd; ///< of the outermost loop of k
    llvm::Value *depth;    ///< numbers of k, over all of its loops
    llvm::Value *isFirst, *isLast;
    llvm::Value *firstRow; ///< of the items that run together
  };
  /// Rows [row + skip, row + count) of the tile are new.
  struct Rows {
    llvm::Value *row, *skip, *count;
    llvm::Value *isPacked;
    llvm::Value *inPlace; ///< address of the first row, if not packed
    llvm::Value *packed;  ///< address of the rows, if packed
  };

  void chooseBlocks(const TargetModel &target);
  void balanceBlocks();
  void chooseLayout();

  Block blockOf(llvm::Value *group);
  void emitDepth(Block &block, llvm::Value *lastRow);
  void emitBlock(const Block &block, llvm::Value *lastRow);
  void emitRowTile(const Block &block, llvm::Value *row);
  void emitRowTiles(const Block &block, llvm::Value *row, llvm::Value *lastRow);
  void emitPanels(const Block &block, const Rows &rows);

  // Packing.
  llvm::Value *readFactor(mlir::OpOperand *operand, CoordinateRange at,
                          Evaluator &evaluator);
  using KStep =
      llvm::function_ref<void(Coordinates, llvm::Value *linear, Evaluator &)>;
  void nestK(const Block &block, bool keepsLast, KStep step);
  void nestK(const Block &block, unsigned depth, unsigned levels,
             Coordinates at, llvm::Value *linear, Evaluator &level, KStep step);
  void packColumns(const Block &block);
  void packPanel(const Block &block, llvm::Value *column, llvm::Value *panel);
  void packPanelAcross(const Block &block, llvm::Value *column,
                       llvm::Value *vectors, llvm::Value *panel);
  void packRows(const Block &block, llvm::Value *row);
  void packRowTiles(const Block &block, llvm::Value *row);
  llvm::Value *packedTile(llvm::Value *tile);
  void packRowsAcross(const Block &block, llvm::Value *row);
  void packRowsPart(Coordinates at, llvm::Value *row, unsigned part,
                    llvm::Value *line, llvm::Value *mask, Evaluator &level);
  Values transposed(Values rows);
  bool isUnitAlong(mlir::OpOperand *operand, unsigned loop) const;

  // Tiles.
  void callTile(const Rows &rows, llvm::Value *panel, llvm::Value *vectors,
                llvm::Value *depth, llvm::Value *c, llvm::Value *rowOfC,
                llvm::Value *accumulate);
  void emitTile(const Block &block, const Rows &rows, llvm::Value *column,
                llvm::Value *panel, llvm::Value *vectors);
  void emitDirectTile(const Block &block, const Rows &rows, llvm::Value *column,
                      llvm::Value *panel, llvm::Value *vectors);
  void emitBufferedTile(const Block &block, const Rows &rows,
                        llvm::Value *column, llvm::Value *panel,
                        llvm::Value *vectors);
  /// Lanes of a tile: their index in the result, and where the tile's buffer
  /// and the sums that wait in scratch have them.
  struct TileLanes {
    Coordinates out;
    llvm::Value *buffer, *waiting;
  };
  using Lanes = llvm::function_ref<void(const TileLanes &, Evaluator &lane)>;
  void forTile(const Block &block, const Rows &rows, llvm::Value *column,
               llvm::Value *vectors, Lanes lanes);
  void emitParts(const Block &block, const Rows &rows, llvm::Value *column,
                 llvm::Value *vectors, bool isLoad);
  void finishLanes(CoordinateRange out, llvm::Value *sums, Evaluator &lane);

  Coordinates iteration(const Block &block, llvm::Value *row);
  void setLinear(Coordinates &at, llvm::ArrayRef<unsigned> loops,
                 Coordinate linear, Evaluator &evaluator,
                 unsigned multiple = 0);
  Coordinates outOf(CoordinateRange iteration, Evaluator &evaluator);
  llvm::Value *element(llvm::Value *base, llvm::Value *index);
  llvm::SmallVector<Extent> extentsOf(llvm::ArrayRef<unsigned> loops) const;
  void noteFailure(const Evaluator &evaluator);

  Frame &frame;
  LoopBuilder &b;
  const ContractForm &form;
  TileShape tile;
  /// Rows of a packed part of the left operand are this many numbers apart.
  unsigned packedRow = 8;
  /// Tiles whose rows are packed at a time: two where rows are neighbours in
  /// memory and fill a line of the cache together.
  unsigned packedTiles = 1;
  int64_t itemRows, blockColumns;
  /// Columns in the last panel of a block if that is not full; 0 also where
  /// they are known at run time only.
  int64_t lastColumns = 0;
  llvm::Value *rows, *columns;  ///< m and n, over all their loops
  llvm::Value *outerK, *innerK; ///< the outermost loop of k, the others
  llvm::Value *blockK;          ///< of the outermost loop
  llvm::Value *blockDepth;      ///< most numbers of k in a block
  bool hasOneBlock = false;     ///< k is not cut
  bool hasSums = false;         ///< sums over a part of k wait in scratch
  llvm::Value *rowItems, *columnItems, *batches;
  bool packsAcross = false; ///< the right operand is read along k
  /// The left operand read where it is, if that can be.
  std::optional<RowLayout> inPlace;
  llvm::Value *panels = nullptr, *packedA = nullptr, *tileBuffer = nullptr,
              *sums = nullptr;
  mlir::Operation *failure = nullptr;
};

} // namespace lamina::cpu

#endif // LAMINA_BACKENDS_CPU_CONTRACTNEST_H
