// SPDX-License-Identifier: Apache-2.0
//
// Sums over leading loops, several threads a column and blocks a sum.
//
// Neighbouring threads of a block have neighbouring columns; threads of one
// column sum every so many rows each and combine what they have in a fixed
// tree. Where there may be more rows than a block should have, blocks take
// parts of them and leave their sums in scratch, which a second grid combines.
// One long row is one column.

#ifndef LAMINA_BACKENDS_GPU_COLUMNSEMITTER_H
#define LAMINA_BACKENDS_GPU_COLUMNSEMITTER_H

#include "backends/GPU/DeviceEmitter.h"
#include "backends/GPU/StageWalk.h"

namespace lamina::gpu {

class ColumnsEmitter : public DeviceEmitter {
public:
  /// Whether `program` is one group of sums over leading loops, or over all, in
  /// any order, and perhaps ops on the sums behind it.
  static bool takes(const LoopProgram &program);

  explicit ColumnsEmitter(LoopProgram program);

  unsigned threads() const override { return 256; }
  DeviceEmitter *secondGrid() override { return splits() ? &second : nullptr; }
  llvm::Value *emitBlocks(Frame &frame) override;
  llvm::Value *emitScratch(Frame &frame) override;
  mlir::LogicalResult emitThread(Frame &frame, llvm::Value *scratch) override;

private:
  /// Combines the sums of all parts of a column.
  class Finish : public DeviceEmitter {
  public:
    explicit Finish(ColumnsEmitter &first) : first(first) {}
    unsigned threads() const override { return first.threads(); }
    llvm::Value *emitBlocks(Frame &frame) override {
      return first.tiles(frame);
    }
    llvm::Value *emitScratch(Frame &frame) override { return frame.b.index(0); }
    mlir::LogicalResult emitThread(Frame &frame,
                                   llvm::Value *scratch) override {
      return first.emitFinish(frame, scratch);
    }

  private:
    ColumnsEmitter &first;
  };

  /// Where a thread stands: its columns' loops, its number among those of the
  /// column, and whether there is such a column.
  struct Place {
    llvm::Value *lane, *member, *isInside;
    Coordinates at;
  };

  unsigned members() const { return threads() / columns; }
  int64_t rowsOfPart() const { return members() * chainLength; }
  bool splits() const;
  llvm::SmallVector<Extent> extents(bool ofColumns) const;
  llvm::Value *tiles(Frame &frame);
  llvm::Value *parts(Frame &frame);
  Place findPlace(Frame &frame, llvm::Value *tile);
  /// `at` with the loops of columns, or the others, at element `number`.
  Coordinates setLoops(Frame &frame, Coordinates at, bool ofColumns,
                       llvm::Value *number);
  Values sumRows(Frame &frame, StageWalk &walk, const Place &place,
                 llvm::Value *part, Evaluator &evaluator);
  Values combineMembers(Frame &frame, StageWalk &walk, ValueRange sums,
                        const Place &place);
  Values combineSums(Frame &frame, llvm::ArrayRef<Sum> which, ValueRange mine,
                     llvm::Value *memory, const Place &place);
  llvm::Value *slotOf(Frame &frame, const Place &place, llvm::Value *scratch,
                      size_t sum);
  mlir::LogicalResult store(Frame &frame, StageWalk &walk, const Place &place,
                            ValueRange totals, Evaluator &evaluator);
  mlir::LogicalResult emitFinish(Frame &frame, llvm::Value *scratch);

  LoopProgram program;
  llvm::SmallBitVector reduced; ///< loops that are summed over
  unsigned columns;             ///< of a block, a power of two
  unsigned sums = 0;            ///< of a column
  Finish second{*this};
};

} // namespace lamina::gpu

#endif // LAMINA_BACKENDS_GPU_COLUMNSEMITTER_H
