// SPDX-License-Identifier: Apache-2.0
//
// The records of an entry.
//
// docs/tape.md in C++. The same structures serve twice: as read, numbers are
// expressions over sizes (`N` = Expression); resolved at the sizes of a run,
// they are numbers and bases are places in one table (`N` = int64_t).

#ifndef LAMINA_RUNTIME_EXECUTOR_TAPE_H
#define LAMINA_RUNTIME_EXECUTOR_TAPE_H

#include "runtime/Executor/HostOps.h"
#include "runtime/Program/Program.h"
#include "runtime/include/Engine.h"

#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace lamina {
namespace runtime {

enum class BaseKind : uint8_t { Slot, Argument, Result, Constant };

template <typename N>
struct Address {
  BaseKind kind = BaseKind::Slot;
  uint32_t index = 0; ///< resolved: the place in the table of bases
  N offset{};
  std::vector<std::pair<uint32_t, N>> strides; ///< loop and bytes a round
};

enum class OperandKind : uint8_t { Real, Whole, Register, Size, Index };

/// A host value.
template <typename N>
struct Operand {
  OperandKind kind = OperandKind::Whole;
  double real = 0;
  uint32_t index = 0; ///< register or loop
  N whole{};          ///< a whole number or a size
};

/// The operands of one call of a kernel.
template <typename N>
struct LaunchPart {
  std::vector<Address<N>> buffers;
  std::vector<Operand<N>> dims;
  std::vector<Operand<N>> scalars;
};

/// A launch in the tape and what it costs. Costs stay expressions: only who
/// watches asks for them, and they may be larger than any size of a run.
struct TapeSite : LaunchSite {
  Expression flops, bytes;
};

enum class RecordKind : uint8_t {
  Launch,
  Loop,
  If,
  Host,
  Copy,
  Zero,
  Put,
  Moves,
  Check
};

template <typename N>
struct Record {
  RecordKind kind = RecordKind::Launch;
  uint32_t index = 0; ///< kernel, loop or destination register

  // Launch.
  std::vector<LaunchPart<N>> parts;
  std::shared_ptr<const TapeSite> site;

  // Loop, If and Check.
  std::vector<Record<N>> body, otherwise, until;
  N trip{};
  bool reverse = false;
  bool hasUntil = false, hasRounds = false, hasLimit = false;
  Address<N> word, rounds,
      limit;           ///< `word`: of `until`, of an `if`, of a `check`
  bool onWord = false; ///< `if`, `check` on a word rather than on `value`

  // Host and Put.
  HostOp op = HostOp::Add;
  std::vector<Operand<N>> args;
  Operand<N> value;
  Element element = Element::F32;

  // Copy, Zero, Put; Moves are the copies in `body`.
  Address<N> to, from;
  N bytes{};

  std::string text; ///< message of a check
};

struct Slot {
  Expression bytes;
  int64_t first = 0, last = 0;
};

/// Where the value of a result stands when the body is done.
struct ResultPlace {
  bool inRegister = false;
  uint32_t reg = 0;
  Address<Expression> from;
};

struct TapeEntry {
  std::string name;
  std::vector<Type> argumentTypes, resultTypes;
  std::vector<int> argumentRegisters; ///< -1: the host does not read it
  std::vector<ResultPlace> results;
  std::vector<Slot> slots;
  std::vector<RegisterKind> registers;
  std::vector<Record<Expression>> body;
  bool onHost = false; ///< runs on the processor, whatever device there is
  uint32_t loops = 0;  ///< one more than the largest number of a loop

  std::string device;           ///< of a form: what it is for
  std::vector<TapeEntry> forms; ///< other ways to compute it, by device

  /// What `device` plays.
  const TapeEntry &formFor(const std::string &device) const;
};

enum class ScalarKind : uint8_t { F32, F64, I1, I32, I64, Key };

struct Tape {
  std::vector<std::vector<ScalarKind>> kernelScalars; ///< of each kernel
  std::vector<TapeEntry> entries;

  /// Reads the entries of `tape`, whose header is `program`. Throws an `Error`
  /// that begins with "tape: " on whatever does not fit.
  static Tape read(const Json &tape, const Program &program);
};

} // namespace runtime
} // namespace lamina

#endif // LAMINA_RUNTIME_EXECUTOR_TAPE_H
