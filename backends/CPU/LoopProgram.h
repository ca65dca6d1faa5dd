// SPDX-License-Identifier: Apache-2.0
//
// Linalg ops arranged into row loops.
//
// From the linalg ops of a body, in any number, to loops: which leading loops
// all ops share (a row), which ops run together in one pass over a row, and
// which results need memory of their own.

#ifndef LAMINA_BACKENDS_CPU_LOOPPROGRAM_H
#define LAMINA_BACKENDS_CPU_LOOPPROGRAM_H

#include "backends/CPU/KernelBody.h"

namespace lamina::cpu {

enum class Role {
  Elementwise, ///< one element an iteration
  Reduced,     ///< combined over loops that the result lacks
  Partial,     ///< combined over the rows of an item: `p floordiv 64`
};

/// Rows that one partial sum combines.
constexpr int64_t partialRows = 64;

struct Stage {
  mlir::linalg::LinalgOp op;
  llvm::SmallVector<Extent> domain;
  llvm::SmallVector<Role> roles;
  /// For each result, the op that combines, if it may be done in any order.
  llvm::SmallVector<mlir::Operation *> combiners;
  /// The loops that some result is combined over, as a bit for each.
  llvm::SmallBitVector reduced;

  bool hasReduction() const { return reduced.any(); }
  mlir::AffineMap resultMap(unsigned result) const;
};

struct Group {
  llvm::SmallVector<Stage> stages;
  /// The lanes run over the last parallel loop, and the reduced loops inside.
  bool columns = false;
  /// One element at a time, because a combination has a fixed order.
  bool sequential = false;
};

class LoopProgram {
public:
  /// Fails, with a diagnostic, if an op is not of linalg.
  static mlir::FailureOr<LoopProgram> arrange(const KernelBody &body);

  unsigned rowLoops() const { return rows; }
  llvm::ArrayRef<Extent> rowDomain() const { return rowExtents; }
  llvm::ArrayRef<Group> groups() const { return all; }
  /// Results that are read by a later group.
  llvm::ArrayRef<mlir::Value> temporaries() const { return stored; }
  /// The sizes of one row of a temporary.
  llvm::SmallVector<Extent> rowShape(mlir::Value temporary) const;
  bool hasPartials() const { return partials; }
  /// One op on pairs: its last loop has two rounds, which no vector fills, so
  /// lanes run over it and the loop around it.
  bool hasPairs() const;

private:
  explicit LoopProgram(const KernelBody &body) : body(body) {}
  mlir::LogicalResult collect();
  void markDependent(mlir::Operation *op);
  bool readsDependent(mlir::linalg::LinalgOp op) const;
  mlir::FailureOr<Stage> analyse(mlir::linalg::LinalgOp op);
  bool isStage(mlir::linalg::LinalgOp op) const;
  bool isOvertaken(mlir::Operation *op) const;
  mlir::Operation *lastReader(mlir::Operation *op) const;
  bool isWrittenInStep(const Stage &stage, unsigned count) const;
  bool sharesRows(const Stage &stage, unsigned count) const;
  void chooseRows();
  void formGroups();
  bool canJoin(const Group &group, const Stage &stage) const;
  bool readsInStep(const Group &group, mlir::linalg::LinalgOp op,
                   mlir::AffineMap iteration) const;
  bool isColumns(const Stage &stage) const;
  void findTemporaries();

  const KernelBody &body;
  unsigned rows = 0;
  bool partials = false;
  llvm::SmallVector<Extent> rowExtents;
  llvm::SmallVector<Stage> stages;
  llvm::SmallVector<Stage> inlined;
  /// Results of stages, and what is computed from them.
  llvm::DenseSet<mlir::Value> dependent;
  llvm::SmallVector<Group> all;
  llvm::SmallVector<mlir::Value> stored;
};

} // namespace lamina::cpu

#endif // LAMINA_BACKENDS_CPU_LOOPPROGRAM_H
