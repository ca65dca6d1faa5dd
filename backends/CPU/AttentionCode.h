// SPDX-License-Identifier: Apache-2.0
//
// What the kernels of attention say about elements and blocks.
//
// Where a query and a key stand, which keys a block of queries sees, and the
// user's regions at one element. Nothing here knows of threads.

#ifndef LAMINA_BACKENDS_CPU_ATTENTIONCODE_H
#define LAMINA_BACKENDS_CPU_ATTENTIONCODE_H

#include "backends/CPU/Evaluator.h"
#include "dialects/Graph/GraphOps.h"
#include "dialects/Mask/MaskDialect.h"

namespace lamina::cpu {

/// What `attend` and `attend_grad` have in common.
struct AttentionOp {
  mlir::Operation *op = nullptr;
  mlir::Value q, k, v;
  llvm::SmallVector<mlir::Value> with;
  mlir::Block *mask = nullptr, *score = nullptr; ///< null: absent
  mask::BlocksAttr blocks;

  /// The op of a kernel's body; nothing if that is something else.
  static std::optional<AttentionOp> find(const KernelBody &body);
  /// Numbers in a row of q and k, and of v.
  int64_t depth() const { return lastSize(q); }
  int64_t width() const { return lastSize(v); }
  /// Whether factors of products are bf16. Scores and sums are f32 then, too.
  bool isNarrow() const {
    return mlir::cast<mlir::RankedTensorType>(q.getType())
        .getElementType()
        .isBF16();
  }
  unsigned rank() const {
    return unsigned(mlir::cast<mlir::RankedTensorType>(q.getType()).getRank());
  }

private:
  static int64_t lastSize(mlir::Value tensor) {
    return mlir::cast<mlir::RankedTensorType>(tensor.getType())
        .getShape()
        .back();
  }
};

/// One element of the scores.
struct Element {
  llvm::Value *query, *key;
};

class AttentionCode {
public:
  AttentionCode(Frame &frame, const AttentionOp &op);

  llvm::Value *queries, *keys;
  /// Pairs of a batch and a head, and of a batch and a group of heads.
  llvm::Value *headCount();
  llvm::Value *groupCount();
  int64_t headsOfGroup() const { return share; }
  /// From here on rows are of this head, counted over batches.
  void setHead(llvm::Value *number);
  /// From here on keys are of this group, queries of its `member`-th head.
  void setGroup(llvm::Value *number, llvm::Value *member);

  /// Neighbours that are read or written at once, but for those that a mask
  /// leaves out. One number if there is nothing said.
  struct Lanes {
    unsigned count = 1;
    llvm::Value *mask = nullptr;
  };

  /// Numbers are f32 here; in memory they may be bf16.
  llvm::Value *readQuery(mlir::Value tensor, llvm::Value *i, llvm::Value *c,
                         Lanes lanes);
  llvm::Value *readKey(mlir::Value tensor, llvm::Value *j, llvm::Value *c,
                       Lanes lanes);
  llvm::Value *readQuery(mlir::Value tensor, llvm::Value *i, llvm::Value *c) {
    return readQuery(tensor, i, c, Lanes());
  }
  llvm::Value *readKey(mlir::Value tensor, llvm::Value *j, llvm::Value *c) {
    return readKey(tensor, j, c, Lanes());
  }
  /// Numbers of rows: the last axis is the query.
  llvm::Value *readRow(mlir::Value tensor, llvm::Value *i);
  void writeQuery(const Storage &where, llvm::Value *i, llvm::Value *c,
                  llvm::Value *value, Lanes lanes);
  void writeKey(const Storage &where, llvm::Value *j, llvm::Value *c,
                llvm::Value *value, Lanes lanes);
  void writeQuery(const Storage &where, llvm::Value *i, llvm::Value *c,
                  llvm::Value *value) {
    writeQuery(where, i, c, value, Lanes());
  }
  void writeKey(const Storage &where, llvm::Value *j, llvm::Value *c,
                llvm::Value *value) {
    writeKey(where, j, c, value, Lanes());
  }
  void writeRow(const Storage &where, llvm::Value *i, llvm::Value *value);
  /// Where the n-th result is written.
  Storage result(unsigned n);
  /// Where an operand stands, with the axes that the op sees; nothing if it is
  /// computed.
  std::optional<Storage> memoryOf(mlir::Value tensor) const;
  /// The place of a number of a query or a key.
  llvm::Value *address(const Storage &where, bool ofKeys, llvm::Value *row,
                       llvm::Value *c);

  /// The keys from and before which queries first … last can see.
  std::pair<llvm::Value *, llvm::Value *> visibleKeys(llvm::Value *first,
                                                      llvm::Value *last);
  /// Whether queries first … last see all of the keys from `low` to before
  /// `high`, and there are that many.
  llvm::Value *seesAll(llvm::Value *first, llvm::Value *last, llvm::Value *low,
                       llvm::Value *high);

  /// The mask at an element, which may stand behind the ends; there it is
  /// false.
  llvm::Value *isShown(Element at);
  /// The score of the product s.
  llvm::Value *score(llvm::Value *s, Element at);

  struct Pulled {
    llvm::Value *weight, *product;
  };
  /// The weight of an element and the adjoint of s, from the product s, the
  /// adjoint of the weight, and the numbers of the row.
  Pulled pullBack(mlir::Block &gradient, llvm::Value *s, llvm::Value *pulled,
                  llvm::Value *statistic, llvm::Value *mean,
                  llvm::Value *isShown, Element at);

  /// A weight as it is multiplied with rows of bf16: rounded, but still f32.
  llvm::Value *asFactor(llvm::Value *x);
  /// exp(x), 0 at -inf.
  llvm::Value *power(llvm::Value *x);
  /// The first op of a region that has no form.
  mlir::Operation *failedOp() const { return failure; }

private:
  using Scalars = llvm::DenseMap<mlir::Value, llvm::Value *>;

  Scalars bindArguments(mlir::Block &block, unsigned firstIndex, Element at);
  void emit(mlir::Block &block, Scalars &known);
  llvm::Value *extract(mlir::tensor::ExtractOp op, const Scalars &known);
  Element clamp(Element at);
  llvm::Value *bound(mlir::AffineExpr expression, llvm::Value *row);
  llvm::Value *read(mlir::Value tensor, const Coordinates &at, Lanes lanes);
  llvm::Value *readWide(mlir::Value tensor, const Coordinates &at, Lanes lanes);
  void write(const Storage &where, const Coordinates &at, llvm::Value *value,
             Lanes lanes);
  Coordinates rowOf(const Coordinates &batch, llvm::Value *row,
                    llvm::Value *column, unsigned lanes = 1) const;
  llvm::SmallVector<Extent> headAxes(mlir::Value tensor);

  Frame &frame;
  LoopBuilder &b;
  AttentionOp op;
  Evaluator outer;
  int64_t share;
  Coordinates head, group;
  mlir::Operation *failure = nullptr;
};

} // namespace lamina::cpu

#endif // LAMINA_BACKENDS_CPU_ATTENTIONCODE_H
