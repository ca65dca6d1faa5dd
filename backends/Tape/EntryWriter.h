// SPDX-License-Identifier: Apache-2.0
//
// The records of one entry.

#ifndef LAMINA_BACKENDS_TAPE_ENTRYWRITER_H
#define LAMINA_BACKENDS_TAPE_ENTRYWRITER_H

#include "dialects/Kernel/Addresses.h"

#include "llvm/ADT/MapVector.h"
#include "llvm/ADT/StringMap.h"
#include "llvm/Support/JSON.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"

#include <string>

namespace lamina {

/// Constants of all entries in one block, each tensor once.
class ConstantBlock {
public:
  /// The offset of a tensor's bytes, a multiple of 64.
  int64_t add(mlir::DenseElementsAttr attr);
  std::string take() { return std::move(bytes); }

private:
  std::string bytes;
  llvm::DenseMap<mlir::Attribute, int64_t> offsets;
};

class EntryWriter {
public:
  EntryWriter(mlir::func::FuncOp entry, const llvm::StringMap<int64_t> &kernels,
              ConstantBlock &constants)
      : entry(entry), kernels(kernels), constants(constants), addresses(entry) {
  }

  /// The entry as JSON; fails with an error at an op without a record.
  mlir::FailureOr<llvm::json::Object> write();

private:
  struct Lifetime {
    int64_t first = -1, last = -1;
    int64_t loop = -1; ///< in whose body the slot is used and nowhere else
    llvm::json::Value bytes = 0;
  };
  struct OpenLoop {
    int64_t number, start;
    std::vector<int64_t> slots; ///< live from its start to its end
  };
  /// A copy of a value to another place.
  struct Move {
    mlir::Value value;
    kernel::Address to;
  };

  mlir::LogicalResult writeBlock(mlir::Block &block, llvm::json::Array &out);
  mlir::LogicalResult writeOp(mlir::Operation &op, llvm::json::Array &out);
  mlir::LogicalResult writeLaunch(kernel::LaunchOp op, llvm::json::Array &out);
  mlir::LogicalResult writeHost(kernel::HostOp op, llvm::json::Array &out);
  mlir::LogicalResult writeLoop(kernel::LoopOp op, llvm::json::Array &out);
  void writeHandover(kernel::LoopOp op, mlir::ValueRange values,
                     mlir::ValueRange rows, llvm::json::Array &out);
  mlir::LogicalResult writeIf(kernel::IfOp op, llvm::json::Array &out);
  mlir::LogicalResult writeUntil(kernel::LoopOp op, llvm::json::Object &record);
  mlir::LogicalResult
  writeHostOp(mlir::Operation &op,
              llvm::DenseMap<mlir::Value, llvm::json::Value> &known,
              llvm::json::Array &out);

  /// Writes what has to be copied, as one: all are read before any is written.
  void writeMoves(llvm::ArrayRef<Move> moves, llvm::json::Array &out);
  /// Sets registers to host values, as one.
  void writeAssignments(llvm::ArrayRef<std::pair<int64_t, mlir::Value>> list,
                        llvm::json::Array &out);
  void add(llvm::json::Object record, llvm::json::Array &out);

  llvm::json::Value getAddress(const kernel::Address &address);
  llvm::json::Value getAddress(mlir::Value value);
  llvm::json::Value getCondition(mlir::Value value);
  /// S of docs/tape.md. Nothing if the value is no host value.
  std::optional<llvm::json::Value> getScalar(mlir::Value value);
  kernel::Address lookup(mlir::Value value);
  int64_t addRegister(mlir::Type type);
  void use(int64_t slot);
  void closeLoop();

  llvm::json::Array writeArguments();
  llvm::json::Array writeResults();

  mlir::func::FuncOp entry;
  const llvm::StringMap<int64_t> &kernels;
  ConstantBlock &constants;
  kernel::Addresses addresses;
  llvm::DenseMap<mlir::Value, int64_t> rounds; // indices of loops
  std::vector<Lifetime> slots;
  std::vector<OpenLoop> open;
  llvm::json::Array registers;
  int64_t position = 0; // of the next record
};

} // namespace lamina

#endif // LAMINA_BACKENDS_TAPE_ENTRYWRITER_H
